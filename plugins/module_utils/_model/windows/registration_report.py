# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the results, evidence and warnings about the registration of a VMM server."""

from __future__ import annotations

from typing import Any

from ..common.names import same_name
from ..common.plan import Plan
from . import proxy as proxies
from .azure_registration import confirms, name_in_azure
from .expectation import VMM_SERVER
from .facts import MachineFacts
from .host_facts import RUNNING, describe_system_proxy
from .proxy import CUSTOM, SYSTEM
from .registration import (
    LEFTOVERS,
    REGISTERED,
    RESTART,
    RUN_AS_ACCOUNT,
    STALE,
    AppliedRegistration,
    DesiredRegistration,
)
from .requirement_context import Context
from .stale_registration import StaleRegistration, find_stale
from .vmm_facts import UNREGISTERED, RegistrationFacts
from .vmm_requirements import MODE_STEPS, data_encryption


def warnings(
    machine: MachineFacts, desired: DesiredRegistration, applied: AppliedRegistration | None = None
) -> tuple[str, ...]:
    """Return one line for each condition that this run does not change."""
    facts, found, done = machine.registration or UNREGISTERED, [], applied or AppliedRegistration()
    stale = _stale(machine, desired, done)
    if stale.unproven:
        found.append(
            f"{stale.reason}; a new registration can take 30 minutes to appear; nothing is removed: {stale.unproven}"
        )
    elif stale and not desired.remove_stale_registration:
        late = "; a new registration can take 30 minutes to appear in Azure"
        found.append(
            f"{stale.describe()}{late * stale.is_primary}; set remove_stale_registration to export and remove them"
        )
    adopted = name_in_azure(desired.azure_registration, machine.vmm)
    if adopted and not same_name(adopted, machine.server_name(desired.name)):
        found.append(
            f"the vault knows this server as {adopted}, not as {machine.server_name(desired.name)}; the name of a"
            f" registration is kept, so set name to {adopted}"
        )
    encryption = data_encryption(Context(VMM_SERVER, machine, desired.expectation(), frozenset()))
    if encryption is not None and encryption.status == "fail":
        found.append(encryption.describe())
    role = machine.vmm.ha_name if machine.vmm else None
    if role and desired.name and not same_name(role, desired.name):
        found.append(
            f"name {desired.name} is not the name of the cluster role {role}, under which a highly available VMM is"
            " usually registered"
        )
    if _lost_login(machine, facts, desired):
        found.append(
            f"VMM has no Run As account {RUN_AS_ACCOUNT} for the login of the proxy; set update_password to always to"
            " create it again"
        )
    if machine.vmm is not None and machine.vmm.restart_due and not desired.restart_vmm:
        found.append(
            "the VMM service has not read the changed proxy yet, and restart_vmm is false; restart SCVMMService"
        )
    return tuple(found)


def _lost_login(machine: MachineFacts, facts: RegistrationFacts, desired: DesiredRegistration) -> bool:
    """Tell whether the proxy's user name is stored without the account that holds its password.

    Only a running VMM shows its accounts.
    """
    requested = desired.proxy is not None and desired.proxy.username is not None
    stored = facts.vault_name is not None and facts.proxy is not None and facts.proxy.username is not None
    running = machine.vmm is not None and machine.vmm.service == RUNNING
    return requested and stored and running and facts.run_as_account is None


def summary(step: str, machine: MachineFacts, desired: DesiredRegistration) -> str:
    """Describe the server's own state for one step of the setup guide."""
    facts = machine.registration or UNREGISTERED
    if step == "P5":
        return f"vault {facts.vault_name}" if facts.vault_name else "no vault"
    if step == "P8":
        return (
            f"name {desired.server_name(machine)}, {azure_note(desired)}" if facts.vault_name else "no name in a vault"
        )
    if step in MODE_STEPS.values():
        return _describe_proxy(facts, machine, desired.mode)
    if step == "P6e":
        return (
            f"Run As account {facts.run_as_account}{_login(facts)}"
            if facts.run_as_account
            else f"no Run As account {RUN_AS_ACCOUNT}"
        )
    if facts.vault_name:
        return f"registered, {azure_note(desired)}"
    return "not registered, but Azure shows a server with its name" if _confirmed(desired) else "not registered"


def _login(facts: RegistrationFacts) -> str:
    return f" with the login {facts.run_as_user}" if facts.run_as_user else ""


def changes_for_step(step: str, plan: Plan) -> Plan:
    """Return the changes that belong to one step."""
    if step == "P5":
        return plan.only("vault_name")
    if step == "P8":
        return plan.only("name")
    if step in MODE_STEPS.values():
        return plan.only("proxy", RESTART)
    if step == "P6e":
        return plan.only("proxy.password")
    return plan.only(REGISTERED, LEFTOVERS, STALE)


def registration_result(
    machine: MachineFacts, desired: DesiredRegistration, applied: AppliedRegistration | None = None
) -> dict[str, Any]:
    """Return the registration as results show it."""
    facts, done = machine.registration or UNREGISTERED, applied or AppliedRegistration()
    stale = _stale(machine, desired, done)
    registered = facts.vault_name is not None
    return {
        "registered": registered,
        "vault_name": facts.vault_name,
        "name": desired.server_name(machine) if registered else None,
        "proxy": proxies.to_result(facts.proxy, desired.proxy.mode if desired.proxy and registered else None),
        "restart_due": machine.vmm is not None and machine.vmm.restart_due,
        "orphaned_key_files": list(facts.orphaned_key_files),
        "stale": {"keys": list(stale.keys), "certificates": list(stale.certificates)},
    }


def _stale(machine: MachineFacts, desired: DesiredRegistration, done: AppliedRegistration) -> StaleRegistration:
    return find_stale(
        machine.registration or UNREGISTERED,
        machine.vmm,
        desired.vault,
        desired.vault_id,
        desired.azure_registration,
        just_registered=done.registered,
    )


def azure_note(desired: DesiredRegistration) -> str:
    """Describe whether Azure confirms the registration."""
    if desired.azure_registration is None:
        return "not confirmed in Azure"
    return "confirmed in Azure" if _confirmed(desired) else "not visible in Azure yet"


def _confirmed(desired: DesiredRegistration) -> bool:
    return confirms(desired.azure_registration)


def _describe_proxy(facts: RegistrationFacts, machine: MachineFacts, mode: str) -> str:
    if facts.proxy is not None or mode == CUSTOM:
        return proxies.describe(facts.proxy)
    if mode == SYSTEM:
        observed = machine.host.system_proxy if machine.host else None
        return f"no custom proxy; {describe_system_proxy(observed)} (not verified on a live system)"
    return "no custom proxy"
