# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration of a VMM server in a vault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..common.errors import InvalidInput
from ..common.names import ResourceId, is_guid, parse_vault_id
from ..common.plan import UNKNOWN, Change, Plan
from ..common.resource import Applied
from ..common.shown_text import has_controls
from . import proxy as proxies
from .azure_registration import checked_azure_registration, name_in_azure
from .background_task import CONFIGURATION, REGISTRATION, is_active
from .expectation import VMM_SERVER, Expectation
from .facts import MachineFacts
from .operations import consented_stale, registration_operations
from .proxy import CUSTOM, DIRECT, Proxy
from .requirements import require_for
from .setup_logon import checked_logon
from .stale_registration import StaleRegistration
from .vmm_facts import UNREGISTERED, RegistrationFacts
from .vmm_jobs import DEFAULT_REACTION, RunningJobs
from .vmm_requirements import MODE_STEPS

SECTIONS = ("host", "vmm", "provider", "registration", "background_tasks")
RUN_AS_ACCOUNT = "DRAProxyAccount"
#: The time limit of DRConfigurator in seconds. It is stopped afterwards.
SHORTEST_TIMEOUT, LONGEST_TIMEOUT, DEFAULT_TIMEOUT = 60, 86400, 1800
REGISTERED, LEFTOVERS, STALE, RESTART = "registered", "orphaned_key_files", "stale", "restart_due"
_LONGEST_NAME = 256


def checked_tenant(tenant_id: str | None) -> str | None:
    """Return a valid tenant id. A domain matches no key, because keys name tenants by id. Raises InvalidInput."""
    if tenant_id is not None and not is_guid(tenant_id):
        raise InvalidInput("tenant_id", f"must be a GUID, not '{tenant_id}'", "use the tenant's id, not its domain")
    return tenant_id


def checked_name(name: str | None) -> str | None:
    """Return a valid name of the server in the vault. Raises InvalidInput.

    No rule is published. A name that Azure or a command line would change is rejected.
    """
    if name is None:
        return None
    if not name.strip() or name != name.strip():
        raise InvalidInput(
            "name",
            f"must not be empty, and must not start or end with a blank: '{name}'",
            "correct it, or remove the option",
        )
    if '"' in name or has_controls(name):
        raise InvalidInput(
            "name", "must not contain a quotation mark, a line break or another control character", "remove it"
        )
    if len(name) > _LONGEST_NAME:
        raise InvalidInput(
            "name", f"must have at most {_LONGEST_NAME} characters, not {len(name)}", "use a shorter name"
        )
    return name


@dataclass(frozen=True, slots=True)
class DesiredRegistration:
    """The desired registration."""

    vault_id: str
    vault: ResourceId
    name: str | None = None
    key_path: str | None = None
    azure_registration: Mapping[str, Any] | None = None
    proxy: Proxy | None = None
    always_password: bool = False
    restart_vmm: bool = True
    running_jobs: RunningJobs = DEFAULT_REACTION
    registration_timeout: int = DEFAULT_TIMEOUT
    remove_stale_registration: bool = False
    tenant_id: str | None = None
    #: The password with which background tasks log on; None for S4U.
    logon_password: str | None = field(default=None, repr=False)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredRegistration:
        """Build the desired registration from the task's options and validate it offline. Raises InvalidInput."""
        if not SHORTEST_TIMEOUT <= options["registration_timeout"] <= LONGEST_TIMEOUT:
            raise InvalidInput(
                "registration_timeout",
                f"must be from {SHORTEST_TIMEOUT} to {LONGEST_TIMEOUT} seconds, not {options['registration_timeout']}",
                "correct the number",
            )
        return cls(
            vault_id=options["vault_id"],
            vault=parse_vault_id("vault_id", options["vault_id"]),
            name=checked_name(options["name"]),
            key_path=options["key_path"],
            azure_registration=checked_azure_registration(options["azure_registration"]),
            proxy=Proxy.from_options(options["proxy"]),
            always_password=options["update_password"] == "always",
            restart_vmm=options["restart_vmm"],
            running_jobs=RunningJobs.from_options(options),
            registration_timeout=options["registration_timeout"],
            remove_stale_registration=options["remove_stale_registration"],
            tenant_id=checked_tenant(options["tenant_id"]),
            logon_password=checked_logon(options),
        )

    def expectation(self, *, check_mode: bool = False) -> Expectation:
        """Return the options that requirements depend on. In check mode a missing Provider counts as planned."""
        return Expectation(
            vault=self.vault,
            vault_id=self.vault_id,
            proxy=self.proxy,
            always_password=self.always_password,
            restart_vmm=self.restart_vmm,
            running_jobs=self.running_jobs.choice,
            remove_stale=self.remove_stale_registration,
            azure=self.azure_registration,
            planned=check_mode,
        )

    @property
    def mode(self) -> str:
        """Return how the Provider connects. Without a proxy option it connects directly."""
        return self.proxy.mode if self.proxy else DIRECT

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the steps of the setup guide that this registration covers."""
        login = ("P6e",) if self.proxy and self.proxy.username else ()
        return ("P4", "P5", MODE_STEPS[self.mode], *login, "P8")

    def server_name(self, machine: MachineFacts) -> str:
        """Return the name of the server in the vault. The name of an existing registration is kept."""
        return name_in_azure(self.azure_registration, machine.vmm) or machine.server_name(self.name)


@dataclass(frozen=True, slots=True)
class AppliedRegistration(Applied):
    """The changes of this run.

    `registered`: it registered the server, so the registration that Azure showed before is outdated.
    `restart_deferred`: it left the restart of VMM to the next run. `leftovers_removed`: it removed a key file from a
    node that does not own the cluster role. `exports` are the paths of the exported registry keys.
    """

    registered: bool = False
    restart_deferred: bool = False
    leftovers_removed: bool = False
    exports: tuple[str, ...] = ()


def plan_registration(
    machine: MachineFacts,
    desired: DesiredRegistration,
    *,
    check_mode: bool = False,
    applied: AppliedRegistration | None = None,
) -> Plan:
    """Plan to register the server, to change its proxy and to remove stale parts. Raises Refused."""
    done = applied or AppliedRegistration()
    facts = machine.registration or UNREGISTERED
    if not machine.active and (facts.orphaned_key_files or done.leftovers_removed):
        # The key file must not stay on this node until it owns the role again.
        return Plan(tuple(_leftover_changes(facts)))
    for task in (REGISTRATION, CONFIGURATION):
        if is_active(machine.background_tasks, task):
            # Only check mode observes it: every other run first waits until it ends.
            registered = facts.vault_name is not None
            return Plan(
                (Change(REGISTERED, registered, UNKNOWN, f"wait for {task.what}, which an earlier run started"),)
            )
    expected = desired.expectation(check_mode=check_mode)
    due = registration_operations(
        machine, expected, just_registered=done.registered, restart_deferred=done.restart_deferred
    )
    require_for(VMM_SERVER, machine, expected, due)
    changes = _leftover_changes(facts)
    changes += _cleanup_changes(consented_stale(machine, expected, just_registered=done.registered))
    if "register" in due:
        changes += _registration_changes(machine, facts, desired)
    elif "change_proxy" in due:
        changes += _proxy_changes(facts, desired)
    elif "restart_service" in due:
        reason = "restart the VMM service, which has not read the changed proxy yet"
        changes.append(Change(RESTART, True, False, reason))
    return Plan(tuple(changes))


def registers(plan: Plan) -> bool:
    """Tell whether the server is registered, for the first time or after a cleanup."""
    return plan.touches(REGISTERED)


def registers_again(plan: Plan) -> bool:
    """Tell whether a registered server is registered again, which is the only way to remove its proxy."""
    return not registers(plan) and any(
        change.path == "proxy.mode" and change.after != CUSTOM for change in plan.changes
    )


def restarts_only(plan: Plan) -> bool:
    """Tell whether an earlier run changed the proxy, but ended before it restarted the service."""
    return plan.touches(RESTART)


def needs_key(plan: Plan) -> bool:
    """Tell whether the plan needs a registration key."""
    return registers(plan) or registers_again(plan)


def removes_leftovers(plan: Plan) -> bool:
    """Tell whether the plan removes a key file that an earlier run left."""
    return plan.touches(LEFTOVERS)


def cleans_up(plan: Plan) -> bool:
    """Tell whether the plan removes a stale registration."""
    return plan.touches(STALE)


def changes_password_only(plan: Plan) -> bool:
    """Tell whether the plan sets the password of the proxy and nothing else of it."""
    proxy = plan.only("proxy").changes
    return not needs_key(plan) and bool(proxy) and all(change.secret for change in proxy)


def bypass_argument(plan: Plan, proxy: Proxy | None) -> list[str] | None:
    """Return the bypass list for the command line. An empty list is sent only to empty the stored one."""
    if proxy is None or not proxy.custom or proxy.bypass is None:
        return None
    return list(proxy.bypass) if proxy.bypass or plan.touches("proxy.bypass") else None


def _leftover_changes(facts: RegistrationFacts) -> list[Change]:
    if not facts.orphaned_key_files:
        return []
    return [
        Change(
            LEFTOVERS,
            list(facts.orphaned_key_files),
            [],
            "remove a key file that an interrupted run left on the server",
        )
    ]


def _registration_changes(
    machine: MachineFacts, facts: RegistrationFacts, desired: DesiredRegistration
) -> list[Change]:
    name, vault = desired.server_name(machine), desired.vault.name
    again = facts.vault_name is not None
    changes = [Change(REGISTERED, again, True, f"register the server {'again ' * again}as {name} in vault {vault}")]
    if not again:
        changes.append(Change("vault_name", None, vault, f"use vault {vault}"))
        changes.append(Change("name", None, name, f"name the server {name}"))
    # Registration also sets the proxy: without one on its command line the Provider connects directly.
    proxy = desired.proxy or Proxy(DIRECT)
    before, after = proxies.to_result(facts.proxy), proxy.to_result()
    reason = f"use {proxies.describe(proxy.facts, proxy.mode)}"
    changes += [
        Change(f"proxy.{part}", before[part], after[part], reason)
        for part in after
        if before[part] != after[part] and not (part == "bypass" and proxy.custom and proxy.bypass is None)
    ]
    if proxy.password:
        changes.append(Change("proxy.password", None, None, f"store the login in {RUN_AS_ACCOUNT}", secret=True))
    return changes


def _cleanup_changes(stale: StaleRegistration) -> list[Change]:
    reason = f"export and remove stale parts: {stale.describe()}"
    parts = (("keys", stale.keys), ("certificates", stale.certificates))
    return [Change(f"{STALE}.{name}", list(values), [], reason) for name, values in parts if values]


def _proxy_changes(facts: RegistrationFacts, desired: DesiredRegistration) -> list[Change]:
    if desired.proxy is None:
        return []
    after = f"{'' if desired.restart_vmm else 'do not '}restart the VMM service"
    if desired.proxy.custom:
        reason = f"change the Provider's proxy; {after}"
    else:
        reason = f"register the server again without a proxy, the only way to return to {desired.mode}; {after}"
    return proxies.diff(
        facts.proxy, desired.proxy, "proxy.", always_password=desired.always_password, update_reason=reason
    )
