# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration of a VMM server in a vault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import proxy as proxies
from .errors import InvalidInput, Refused
from .machine import Machine, RegistrationFacts, told_system_proxy
from .names import ResourceId, same_name
from .plan import Change, Plan
from .provider import require_one_node, vmm_of
from .proxy import CUSTOM, DIRECT, SYSTEM, Proxy
from .vault_key import NotAKey, VaultKey, certificate_of, parse

SECTIONS = ("host", "vmm", "provider", "registration")
#: The step that stands for each way to the Internet.
MODE_STEPS = {DIRECT: "P6a", SYSTEM: "P6b", CUSTOM: "P6c"}
RUN_AS_ACCOUNT = "DRAProxyAccount"
_REGISTER = "registered"
_LEFTOVERS = "key_leftovers"

# Exit codes of DRConfigurator, from Microsoft's public configuration-server setup source; none are published for VMM.
CODES = {
    1: "registration failed; the log says at which step",
    2: "the command line was not understood; report this as a bug",
    4: "a prerequisite is missing; the log names it",
    10: "the server is already registered in another vault; unregister it there first",
}


def vault_of(vault_id: str) -> ResourceId:
    """Raises InvalidInput for anything but the id of a vault."""
    try:
        vault = ResourceId.parse(vault_id)
    except ValueError:
        raise InvalidInput("vault_id", "is not a resource id", "give the id that the module vault returns") from None
    if vault.provider_type.casefold() != "microsoft.recoveryservices/vaults":
        raise InvalidInput("vault_id", f"names a {vault.provider_type}", "give the id of a Recovery Services vault")
    return vault


@dataclass(frozen=True, slots=True)
class DesiredRegistration:
    """The registration as the playbook wants it."""

    vault_id: str
    vault: ResourceId
    name: str | None = None
    key_path: str | None = None
    azure_view: Mapping[str, Any] | None = None
    proxy: Proxy | None = None
    always_password: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredRegistration:
        """Checked offline. Raises InvalidInput."""
        return cls(
            vault_id=options["vault_id"],
            vault=vault_of(options["vault_id"]),
            name=options["name"],
            key_path=options["key_path"],
            azure_view=options["azure_view"],
            proxy=Proxy.from_options(options["proxy"]),
            always_password=options["update_password"] == "always",
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

    def server_name(self, machine: Machine) -> str:
        """The name in the vault: asked for, or the cluster role's of a highly available VMM, or the machine's."""
        ha_name = machine.vmm.ha_name if machine.vmm else None
        fqdn = machine.host.fqdn if machine.host else ""
        return self.name or ha_name or fqdn


@dataclass(frozen=True, slots=True)
class Key:
    """The content of a checked key file."""

    content: str = field(repr=False)


def plan_registration(machine: Machine, desired: DesiredRegistration, *, check_mode: bool = False) -> Plan:
    """Register, mend the proxy, remove leftovers. Raises Refused for a server of another vault.

    In check mode a Provider that is not there yet counts as planned.
    """
    vmm = vmm_of(machine)
    facts = _facts(machine)
    require_own(facts, desired)
    installed = machine.provider is not None and machine.provider.complete
    if not installed and not check_mode:
        raise Refused(
            "the Site Recovery Provider is not installed on this server;"
            " install it first (siterecovery.hyperv.provider)"
        )
    changes = _leftover_changes(facts)
    if facts.vault_name is None:
        changes += _registration_changes(machine, facts, desired)
    elif desired.proxy is not None:
        mended = _proxy_changes(facts, desired.proxy, always_password=desired.always_password)
        if mended:
            require_one_node(vmm, "a change of the Provider's proxy")
        changes += mended
    return Plan(tuple(changes))


def registers(plan: Plan) -> bool:
    return plan.touches(_REGISTER)


def removes_leftovers(plan: Plan) -> bool:
    return plan.touches(_LEFTOVERS)


def changes_password_only(plan: Plan) -> bool:
    proxy = plan.only("proxy").changes
    return not registers(plan) and bool(proxy) and all(change.secret for change in proxy)


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


def require_usable_key(content: bytes, path: str, desired: DesiredRegistration, now: datetime) -> Key:
    """Tell expired, foreign and damaged keys apart before anything is sent. Raises Refused."""
    try:
        key = parse(content)
    except NotAKey as error:
        raise Refused(
            f"key_path: {path} is damaged or no Site Recovery key ({error}); make a new one"
            " (siterecovery.hyperv.vault_key)"
        ) from None
    certificate = certificate_of(key)
    if certificate is None:
        raise Refused(
            f"key_path: the key in {path} is damaged: it holds no certificate with a private key; make a new one"
        )
    if certificate.not_after <= now:
        raise Refused(
            f"key_path: the key in {path} expired at {certificate.not_after:%Y-%m-%d %H:%M} UTC; make a new one"
            " (siterecovery.hyperv.vault_key)"
        )
    if certificate.not_before > now:
        raise Refused(
            f"key_path: the key in {path} is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC; check this"
            " machine's clock"
        )
    _require_key_of(key, path, desired)
    return Key(content.decode("utf-8"))


def told(step: str, machine: Machine, desired: DesiredRegistration) -> str:
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
    known = desired.azure_view is not None and desired.azure_view.get("registered")
    return "not registered, but Azure shows a server of its name" if known else "not registered"


def part(step: str, plan: Plan) -> Plan:
    """The changes that belong to one step."""
    if step == "P5":
        return plan.only("vault_name")
    if step == "P8":
        return plan.only("name")
    if step in MODE_STEPS.values():
        return plan.only("proxy")
    if step == "P6e":
        return plan.only("proxy.password")
    return plan.only(_REGISTER, _LEFTOVERS)


def _told_proxy(facts: RegistrationFacts, machine: Machine, mode: str) -> str:
    if facts.proxy is not None or mode == CUSTOM:
        return proxies.describe(facts.proxy)
    if mode == SYSTEM:
        seen = machine.host.system_proxy if machine.host else None
        return f"no proxy of its own; {told_system_proxy(seen)} (not verified on a real server)"
    return "no proxy of its own"


def project_registration(machine: Machine, desired: DesiredRegistration) -> dict[str, Any]:
    facts = _facts(machine)
    registered = facts.vault_name is not None
    return {
        "registered": registered,
        "vault_name": facts.vault_name,
        "name": desired.server_name(machine) if registered else None,
        "proxy": proxies.project(facts.proxy, desired.proxy.mode if desired.proxy and registered else None),
        "key_leftovers": list(facts.key_leftovers),
    }


def azure_note(desired: DesiredRegistration) -> str:
    """What Azure's view adds to the server's own."""
    if desired.azure_view is None:
        return "not confirmed in Azure"
    return "confirmed in Azure" if desired.azure_view.get("registered") else "Azure does not show it yet"


def _facts(machine: Machine) -> RegistrationFacts:
    return machine.registration or RegistrationFacts(None, None, None, None, 0, ())


def _leftover_changes(facts: RegistrationFacts) -> list[Change]:
    if not facts.key_leftovers:
        return []
    return [
        Change(
            _LEFTOVERS, list(facts.key_leftovers), [], "remove a key file that an interrupted run left on the server"
        )
    ]


def _registration_changes(machine: Machine, facts: RegistrationFacts, desired: DesiredRegistration) -> list[Change]:
    name, vault = desired.server_name(machine), desired.vault.name
    changes = [
        Change(_REGISTER, False, True, f"register the server as {name} in vault {vault}"),
        Change("vault_name", None, vault, f"use vault {vault}"),
        Change("name", None, name, f"name the server {name}"),
    ]
    # Registration sets the way to the Internet: without a proxy on its command line the Provider goes directly.
    proxy = desired.proxy or Proxy(DIRECT)
    before, after = proxies.project(facts.proxy), proxy.project()
    reason = f"use {proxies.describe(proxy.facts, proxy.mode)}"
    changes += [
        Change(f"proxy.{part}", before[part], after[part], reason)
        for part in after
        if before[part] != after[part] and not (part == "bypass" and proxy.custom and proxy.bypass is None)
    ]
    if proxy.password:
        changes.append(Change("proxy.password", None, None, f"keep the login in {RUN_AS_ACCOUNT}", secret=True))
    return changes


def _proxy_changes(facts: RegistrationFacts, wanted: Proxy, *, always_password: bool) -> list[Change]:
    if facts.proxy is not None and facts.proxy.bypass and wanted.custom and wanted.bypass == ():
        raise Refused(
            f"proxy.bypass: the Provider has the list {', '.join(facts.proxy.bypass)}, and its program has no"
            " documented switch that empties it; leave the option out, or unregister the server and register it again"
        )
    reason = "change the Provider's proxy; the VMM service is restarted"
    changes = proxies.drift(facts.proxy, wanted, "proxy.", always_password=always_password, update_reason=reason)
    if changes and not wanted.custom:
        raise Refused(
            f"proxy.mode: the Provider uses {proxies.describe(facts.proxy)}, and its program has no documented switch"
            f" back to {wanted.mode};"
            " unregister the server and register it again, or keep the custom proxy"
        )
    return changes


def _require_key_of(key: VaultKey, path: str, desired: DesiredRegistration) -> None:
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
    if key.site_id:
        raise Refused(
            f"key_path: the key in {path} is one for the Hyper-V site {key.site_name}, which VMM refuses; make one"
            " without a site"
        )
