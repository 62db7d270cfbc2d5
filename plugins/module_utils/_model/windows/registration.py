# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration of a VMM server in a vault."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.key_file import KeyCertificate, NotAKey, RegistrationKey, certificate_of, needed, parse
from ..common.names import ResourceId, is_guid, same_name
from ..common.plan import Change, Plan
from ..common.resource import Applied
from . import proxy as proxies
from .facts import RUNNING, MachineFacts, RegistrationFacts, VmmFacts, told_system_proxy
from .provider import counted_jobs, require_cluster, require_owner, vmm_of
from .proxy import CUSTOM, DIRECT, SYSTEM, Proxy

SECTIONS = ("host", "vmm", "provider", "registration")
#: The step that stands for each way to the Internet.
MODE_STEPS = {DIRECT: "P6a", SYSTEM: "P6b", CUSTOM: "P6c"}
RUN_AS_ACCOUNT = "DRAProxyAccount"
#: When the VMM service is restarted after a change of the proxy, which it reads at its start.
WHEN_IDLE, ALWAYS, NEVER = "when_idle", "always", "never"
#: As long as a registration may take, in seconds: DRConfigurator is ended then.
SHORTEST_TIMEOUT, LONGEST_TIMEOUT, DEFAULT_TIMEOUT = 60, 86400, 1800
_REGISTER = "registered"
_LEFTOVERS = "key_leftovers"
_STALE = "stale"
_RESTART = "restart_due"
_LONGEST_NAME = 256
# Control characters, and what separates lines and paragraphs.
_UNSEEN = frozenset(("Cc", "Zl", "Zp"))


def vault_of(vault_id: str) -> ResourceId:
    """Raises InvalidInput for anything but the id of a vault."""
    try:
        vault = ResourceId.parse(vault_id)
    except ValueError:
        raise InvalidInput("vault_id", "is not a resource id", "give the id that the module vault returns") from None
    if vault.provider_type.casefold() != "microsoft.recoveryservices/vaults":
        raise InvalidInput("vault_id", f"names a {vault.provider_type}", "give the id of a Recovery Services vault")
    return vault


def checked_tenant(tenant_id: str | None) -> str | None:
    """Keys name tenants by their ids, so a domain would fit none. Raises InvalidInput."""
    if tenant_id is not None and not is_guid(tenant_id):
        raise InvalidInput("tenant_id", f"'{tenant_id}' is not the id of a tenant", "give the id, not its domain")
    return tenant_id


def checked_name(name: str | None) -> str | None:
    """The server's name in the vault. Raises InvalidInput.

    No rule is published. What Azure or a command line would not give back as it was written is refused.
    """
    if name is None:
        return None
    if not name.strip() or name != name.strip():
        raise InvalidInput("name", f"'{name}' is empty, or has spaces around it", "write it without, or leave it out")
    if '"' in name or any(unicodedata.category(letter) in _UNSEEN for letter in name):
        raise InvalidInput(
            "name", "has a quotation mark, a line break or another control character", "write it without"
        )
    if len(name) > _LONGEST_NAME:
        raise InvalidInput("name", f"has {len(name)} characters, more than {_LONGEST_NAME}", "give a shorter one")
    return name


@dataclass(frozen=True, slots=True)
class DesiredRegistration:
    """The registration as the playbook wants it."""

    vault_id: str
    vault: ResourceId
    name: str | None = None
    key_path: str | None = None
    azure_registration: Mapping[str, Any] | None = None
    proxy: Proxy | None = None
    always_password: bool = False
    restart_vmm: str = WHEN_IDLE
    registration_timeout: int = DEFAULT_TIMEOUT
    remove_stale_registration: bool = False
    tenant_id: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredRegistration:
        """Checked offline. Raises InvalidInput."""
        if not SHORTEST_TIMEOUT <= options["registration_timeout"] <= LONGEST_TIMEOUT:
            raise InvalidInput(
                "registration_timeout",
                f"{options['registration_timeout']} is not from {SHORTEST_TIMEOUT} to {LONGEST_TIMEOUT} seconds",
                "give another number",
            )
        return cls(
            vault_id=options["vault_id"],
            vault=vault_of(options["vault_id"]),
            name=checked_name(options["name"]),
            key_path=options["key_path"],
            azure_registration=options["azure_registration"],
            proxy=Proxy.from_options(options["proxy"]),
            always_password=options["update_password"] == "always",
            restart_vmm=options["restart_vmm"],
            registration_timeout=options["registration_timeout"],
            remove_stale_registration=options["remove_stale_registration"],
            tenant_id=checked_tenant(options["tenant_id"]),
        )

    @property
    def mode(self) -> str:
        """The way to the Internet that was asked for; without one the Provider goes directly."""
        return self.proxy.mode if self.proxy else DIRECT

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of the walkthrough that this registration answers for."""
        login = ("P6e",) if self.proxy and self.proxy.username else ()
        return ("P4", "P5", MODE_STEPS[self.mode], *login, "P8")

    def server_name(self, machine: MachineFacts) -> str:
        """The name in the vault: asked for, or the cluster role's of a highly available VMM, or the machine's."""
        ha_name = machine.vmm.ha_name if machine.vmm else None
        fqdn = machine.host.fqdn if machine.host else ""
        return self.name or ha_name or fqdn


@dataclass(frozen=True, slots=True)
class AppliedRegistration(Applied):
    """What this run did to the registration.

    `registered`: it registered the server, so what Azure showed before is outdated. `restart_deferred`: it left the
    restart of VMM to the next run. `leftovers_removed`: it removed a key file from a node without the cluster role.
    `exports` are the paths of the exported registry keys.
    """

    registered: bool = False
    restart_deferred: bool = False
    leftovers_removed: bool = False
    exports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistrationKeyContent:
    """The content of a checked key file."""

    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stale:
    """What a registration that is gone left on the server; `whole`: the server itself believes in it."""

    keys: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    whole: bool = False
    why: str = ""

    def __bool__(self) -> bool:
        return bool(self.keys or self.certificates)

    def describe(self) -> str:
        found = [f"registry key {key}" for key in self.keys]
        found += [f"certificate {thumbprint}" for thumbprint in self.certificates]
        return f"{self.why}: {', '.join(found)}"


def stale_of(facts: RegistrationFacts, desired: DesiredRegistration, *, fresh: bool = False) -> Stale:
    """Leftovers, as far as the server and Azure's view can tell them. `fresh`: registered after Azure was asked.

    What another vault may still use is no leftover.
    """
    seen = None if fresh or desired.azure_registration is None else bool(desired.azure_registration.get("registered"))
    own = [place for place in facts.places if place.vault_name and same_name(place.vault_name, desired.vault.name)]
    preview = [place for place in facts.places if place.vault_name is None]
    if facts.vault_name is None:
        if fresh:
            return Stale()
        return Stale(
            tuple(place.key for place in preview),
            facts.thumbprints,
            why="the server is not registered, but has parts of a registration that is gone",
        )
    if seen is False and len(own) + len(preview) == len(facts.places):
        return Stale(
            tuple(place.key for place in facts.places),
            facts.thumbprints,
            whole=True,
            why=f"the server says that it is registered in vault {facts.vault_name}, but Azure shows no server of its"
            " name there",
        )
    if seen:
        return Stale(
            tuple(place.key for place in facts.places if place.key != facts.hive),
            why="Azure confirms the registration, and an older one was left beside it",
        )
    return Stale()


def plan_registration(
    machine: MachineFacts,
    desired: DesiredRegistration,
    *,
    check_mode: bool = False,
    applied: AppliedRegistration | None = None,
) -> Plan:
    """Register, mend the proxy, remove leftovers. Raises Refused for a server of another vault.

    In check mode a Provider that is not installed yet counts as planned.
    """
    vmm, facts, done = vmm_of(machine), _facts(machine), applied or AppliedRegistration()
    if vmm.elsewhere is not None and (facts.key_leftovers or done.leftovers_removed):
        # A key does not wait there for the role to come back.
        return Plan(tuple(_leftover_changes(facts)))
    require_owner(vmm, "registration")
    require_own(facts, desired)
    installed = machine.provider is not None and machine.provider.complete
    if not installed and not check_mode:
        raise Refused(
            "the Site Recovery Provider is not installed on this server;"
            " install it first (siterecovery.hyperv.provider)"
        )
    changes = _leftover_changes(facts)
    stale = stale_of(facts, desired, fresh=done.registered) if desired.remove_stale_registration else Stale()
    if stale:
        changes += _cleaning_changes(stale, vmm)
    if facts.vault_name is None or stale.whole:
        changes += _registration_changes(machine, facts, desired)
    elif desired.proxy is not None:
        mended = _proxy_changes(facts, desired)
        if mended:
            require_cluster(vmm, "a change of the Provider's proxy")
            _require_idle(vmm, desired)
        changes += mended
    if vmm.restart_due and not changes and not done.restart_deferred:
        changes += _restart_changes(vmm, desired)
    if facts.encryption and changes:
        raise Refused(
            "the registration of this server says that data encryption is set up (EncryptionEnabled), which ended on"
            " 2022-04-30 (P7), and a change could take away what encrypted machines need; nothing was touched: end"
            " their protection, use a policy without encryption, unregister the server, then run again"
        )
    return Plan(tuple(changes))


def registers(plan: Plan) -> bool:
    """Whether the server is registered, for the first time or after a clean-up."""
    return plan.touches(_REGISTER)


def registers_again(plan: Plan) -> bool:
    """Whether a registered server is registered anew, because only that takes its proxy away."""
    return not registers(plan) and any(
        change.path == "proxy.mode" and change.after != CUSTOM for change in plan.changes
    )


def restarts_only(plan: Plan) -> bool:
    """Whether an earlier run changed the proxy, and was cut off before the service could read it."""
    return plan.touches(_RESTART)


def needs_key(plan: Plan) -> bool:
    return registers(plan) or registers_again(plan)


def removes_leftovers(plan: Plan) -> bool:
    return plan.touches(_LEFTOVERS)


def cleans(plan: Plan) -> bool:
    return plan.touches(_STALE)


def changes_password_only(plan: Plan) -> bool:
    proxy = plan.only("proxy").changes
    return not needs_key(plan) and bool(proxy) and all(change.secret for change in proxy)


def sent_bypass(plan: Plan, proxy: Proxy | None) -> list[str] | None:
    """The list for the command line; an empty one only where it has to empty another."""
    if proxy is None or not proxy.custom or proxy.bypass is None:
        return None
    return list(proxy.bypass) if proxy.bypass or plan.touches("proxy.bypass") else None


def warnings(
    machine: MachineFacts, desired: DesiredRegistration, applied: AppliedRegistration | None = None
) -> tuple[str, ...]:
    """What a plain run can't or must not mend, one line each."""
    facts, told, done = _facts(machine), [], applied or AppliedRegistration()
    stale = stale_of(facts, desired, fresh=done.registered)
    if stale and not desired.remove_stale_registration:
        late = "; it can take 30 minutes to show up, and another name in the vault would look the same" * stale.whole
        told.append(f"{stale.describe()}{late}; remove_stale_registration removes this after an export")
    if facts.encryption:
        told.append(
            "the registration of this server says that data encryption is set up (EncryptionEnabled), which ended on"
            " 2022-04-30 (P7): encrypted machines can't fail over any more; nothing was touched"
        )
    ha_name = machine.vmm.ha_name if machine.vmm else None
    if ha_name and desired.name and not same_name(ha_name, desired.name):
        told.append(
            f"name: {desired.name} is not the name of the cluster role {ha_name}, by which a highly available VMM is"
            " registered as a rule"
        )
    if _lost_login(machine, facts, desired):
        told.append(
            f"VMM has no Run As account {RUN_AS_ACCOUNT} with the proxy's login; update_password: always makes it anew"
        )
    if machine.vmm is not None and machine.vmm.restart_due and desired.restart_vmm == NEVER:
        told.append(
            "the VMM service has not read its proxy since that was changed (restart_vmm is never); restart SCVMMService"
        )
    return tuple(told)


def _lost_login(machine: MachineFacts, facts: RegistrationFacts, desired: DesiredRegistration) -> bool:
    """Whether the proxy's login is stored, but not the account that holds its password. Only a running VMM can tell."""
    wanted = desired.proxy is not None and desired.proxy.username is not None
    stored = facts.vault_name is not None and facts.proxy is not None and facts.proxy.username is not None
    running = machine.vmm is not None and machine.vmm.service == RUNNING
    return wanted and stored and running and facts.run_as_account is None


def require_own(facts: RegistrationFacts, desired: DesiredRegistration) -> None:
    """Raises Refused when the server belongs to another vault: it is never touched."""
    if facts.vault_name is not None and not same_name(facts.vault_name, desired.vault.name):
        raise Refused(
            f"this server is registered in vault {facts.vault_name}, asked for was {desired.vault.name}; a VMM server"
            " belongs to one vault:"
            f" unregister it from {facts.vault_name} first, or give that vault",
            registered=facts.vault_name,
            wanted=desired.vault.name,
        )


def require_usable_key(
    content: bytes, path: str, desired: DesiredRegistration, now: datetime, server_now: datetime | None = None
) -> RegistrationKeyContent:
    """Tell expired, foreign and damaged keys apart before anything is sent. Raises Refused.

    The key is judged by both clocks: setup on the server goes by its own.
    """
    try:
        key = parse(content)
    except NotAKey as error:
        raise Refused(
            f"key_path: {path} is damaged or no Site Recovery key ({error}); make a new one"
            " (siterecovery.hyperv.vault_registration_key)"
        ) from None
    certificate = certificate_of(key)
    if certificate is None:
        raise Refused(
            f"key_path: the key in {path} is damaged: it holds no certificate with a private key; make a new one"
        )
    if certificate.not_after <= now:
        raise Refused(
            f"key_path: the key in {path} expired at {certificate.not_after:%Y-%m-%d %H:%M} UTC; make a new one"
            " (siterecovery.hyperv.vault_registration_key)"
        )
    if certificate.not_before > now:
        raise Refused(
            f"key_path: the key in {path} is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC; check this"
            " machine's clock"
        )
    _require_key_of(key, path, desired)
    _require_whole(key, path)
    if server_now is not None:
        _require_clock(certificate, path, server_now)
    return RegistrationKeyContent(content.decode("utf-8"))


def _require_whole(key: RegistrationKey, path: str) -> None:
    lacking = [name for name, value in needed(key).items() if not value]
    if lacking:
        raise Refused(
            f"key_path: the key in {path} is damaged: it lacks {', '.join(lacking)}, or has it where the Provider's"
            " setup does not look; make a new one"
        )


def _require_clock(certificate: KeyCertificate, path: str, server_now: datetime) -> None:
    if not certificate.not_before <= server_now < certificate.not_after:
        raise Refused(
            f"the server's clock shows {server_now:%Y-%m-%d %H:%M} UTC, and the key in {path} is valid from"
            f" {certificate.not_before:%Y-%m-%d %H:%M} to {certificate.not_after:%Y-%m-%d %H:%M} UTC; correct the"
            " server's time and time zone, then run again"
        )


def summary(step: str, machine: MachineFacts, desired: DesiredRegistration) -> str:
    """What the server itself says about one step of the walkthrough."""
    facts = _facts(machine)
    if step == "P5":
        return f"vault {facts.vault_name}" if facts.vault_name else "no vault"
    if step == "P8":
        return (
            f"name {desired.server_name(machine)}, {azure_note(desired)}" if facts.vault_name else "no name in a vault"
        )
    if step in MODE_STEPS.values():
        return _told_proxy(facts, machine, desired.mode)
    if step == "P6e":
        return (
            f"Run As account {facts.run_as_account}" if facts.run_as_account else f"no Run As account {RUN_AS_ACCOUNT}"
        )
    if facts.vault_name:
        return f"registered, {azure_note(desired)}"
    known = desired.azure_registration is not None and desired.azure_registration.get("registered")
    return "not registered, but Azure shows a server of its name" if known else "not registered"


def changes_for_step(step: str, plan: Plan) -> Plan:
    """The changes that belong to one step."""
    if step == "P5":
        return plan.only("vault_name")
    if step == "P8":
        return plan.only("name")
    if step in MODE_STEPS.values():
        return plan.only("proxy", _RESTART)
    if step == "P6e":
        return plan.only("proxy.password")
    return plan.only(_REGISTER, _LEFTOVERS, _STALE)


def _told_proxy(facts: RegistrationFacts, machine: MachineFacts, mode: str) -> str:
    if facts.proxy is not None or mode == CUSTOM:
        return proxies.describe(facts.proxy)
    if mode == SYSTEM:
        seen = machine.host.system_proxy if machine.host else None
        return f"no proxy of its own; {told_system_proxy(seen)} (not verified on a real server)"
    return "no proxy of its own"


def registration_result(
    machine: MachineFacts, desired: DesiredRegistration, applied: AppliedRegistration | None = None
) -> dict[str, Any]:
    facts, done = _facts(machine), applied or AppliedRegistration()
    stale = stale_of(facts, desired, fresh=done.registered)
    registered = facts.vault_name is not None
    return {
        "registered": registered,
        "vault_name": facts.vault_name,
        "name": desired.server_name(machine) if registered else None,
        "proxy": proxies.to_result(facts.proxy, desired.proxy.mode if desired.proxy and registered else None),
        "restart_due": machine.vmm is not None and machine.vmm.restart_due,
        "key_leftovers": list(facts.key_leftovers),
        "stale": {"keys": list(stale.keys), "certificates": list(stale.certificates)},
    }


def azure_note(desired: DesiredRegistration) -> str:
    """What Azure's view adds to the server's own."""
    if desired.azure_registration is None:
        return "not confirmed in Azure"
    return "confirmed in Azure" if desired.azure_registration.get("registered") else "Azure does not show it yet"


def _facts(machine: MachineFacts) -> RegistrationFacts:
    return machine.registration or RegistrationFacts(None, None, None, None, 0, ())


def _leftover_changes(facts: RegistrationFacts) -> list[Change]:
    if not facts.key_leftovers:
        return []
    return [
        Change(
            _LEFTOVERS, list(facts.key_leftovers), [], "remove a key file that an interrupted run left on the server"
        )
    ]


def _registration_changes(
    machine: MachineFacts, facts: RegistrationFacts, desired: DesiredRegistration
) -> list[Change]:
    name, vault = desired.server_name(machine), desired.vault.name
    again = facts.vault_name is not None
    changes = [Change(_REGISTER, again, True, f"register the server {'again ' * again}as {name} in vault {vault}")]
    if not again:
        changes.append(Change("vault_name", None, vault, f"use vault {vault}"))
        changes.append(Change("name", None, name, f"name the server {name}"))
    # Registration sets the way to the Internet: without a proxy on its command line the Provider goes directly.
    proxy = desired.proxy or Proxy(DIRECT)
    before, after = proxies.to_result(facts.proxy), proxy.to_result()
    reason = f"use {proxies.describe(proxy.facts, proxy.mode)}"
    changes += [
        Change(f"proxy.{part}", before[part], after[part], reason)
        for part in after
        if before[part] != after[part] and not (part == "bypass" and proxy.custom and proxy.bypass is None)
    ]
    if proxy.password:
        changes.append(Change("proxy.password", None, None, f"keep the login in {RUN_AS_ACCOUNT}", secret=True))
    return changes


def _cleaning_changes(stale: Stale, vmm: VmmFacts) -> list[Change]:
    if vmm.ha_name:
        raise Refused(
            f"remove_stale_registration: this VMM is highly available (cluster role {vmm.ha_name}), whose checkpoints of the registry"
            " would bring the keys back; use Microsoft's clean-up script (https://aka.ms/asr-cleanup-script-vmm)"
        )
    reason = f"remove, after an export, what is left: {stale.describe()}"
    parts = (("keys", stale.keys), ("certificates", stale.certificates))
    return [Change(f"{_STALE}.{name}", list(found), [], reason) for name, found in parts if found]


def _require_idle(vmm: VmmFacts, desired: DesiredRegistration) -> None:
    if desired.restart_vmm == WHEN_IDLE and vmm.running_jobs:
        raise Refused(
            f"VMM runs {counted_jobs(vmm.running_jobs)}, which the restart of its service after a change of the proxy"
            " would hurt; wait for the end, then run again, or set restart_vmm to always or never"
        )


def _proxy_changes(facts: RegistrationFacts, desired: DesiredRegistration) -> list[Change]:
    wanted = desired.proxy
    if wanted is None:
        return []
    after = {
        WHEN_IDLE: "the VMM service is restarted, unless jobs run",
        ALWAYS: "the VMM service is restarted",
        NEVER: "the VMM service is not restarted",
    }[desired.restart_vmm]
    if wanted.custom:
        reason = f"change the Provider's proxy; {after}"
        return proxies.drift(
            facts.proxy, wanted, "proxy.", always_password=desired.always_password, update_reason=reason
        )
    reason = f"register the server again without a proxy, the one way back to {wanted.mode}; {after}"
    changes = proxies.drift(facts.proxy, wanted, "proxy.", update_reason=reason)
    if changes and not (desired.azure_registration and desired.azure_registration.get("registered")):
        raise Refused(
            f"proxy.mode: the Provider uses {proxies.describe(facts.proxy)}, and goes back to {wanted.mode} only when"
            " the server is registered again under its name, which Azure must confirm first; give azure_registration with that"
            " name, or keep the custom proxy"
        )
    return changes


def _restart_changes(vmm: VmmFacts, desired: DesiredRegistration) -> list[Change]:
    if desired.restart_vmm == NEVER:
        return []
    require_cluster(vmm, "a restart of VMM's service")
    _require_idle(vmm, desired)
    reason = "restart the VMM service, which has not read the proxy since it was changed"
    return [Change(_RESTART, True, False, reason)]


def _require_key_of(key: RegistrationKey, path: str, desired: DesiredRegistration) -> None:
    vault = desired.vault
    if not (
        same_name(key.subscription_id, vault.subscription_id)
        and same_name(key.resource_group, vault.resource_group)
        and same_name(key.vault_name, vault.name)
    ):
        raise Refused(
            f"key_path: the key in {path} belongs to {key.vault_id}, asked for was {desired.vault_id}; make a key of"
            " the right vault"
        )
    if desired.tenant_id and not same_name(key.aad_tenant_id, desired.tenant_id):
        raise Refused(
            f"key_path: the key in {path} is one of the tenant {key.aad_tenant_id}, the vault belongs to"
            f" {desired.tenant_id} now; make a new one"
        )
    if key.site_id:
        raise Refused(
            f"key_path: the key in {path} is one for the Hyper-V site {key.site_name}, which VMM refuses; make one"
            " without a site"
        )
