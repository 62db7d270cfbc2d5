# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the removal of what a registration left on a VMM server that its vault no longer shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput
from ..common.names import ResourceId, parse_vault_id, same_login, same_name
from ..common.plan import Change, Plan
from .azure_registration import checked_azure_registration, confirms
from .background_task import CONFIGURATION, REGISTRATION, is_active
from .expectation import VMM_SERVER, Expectation
from .facts import MachineFacts
from .host_facts import RUNNING
from .registration import RUN_AS_ACCOUNT
from .removal import CLEANUP_SCRIPT, refuse
from .requirements import require_for
from .stale_registration import StaleRegistration, find_stale
from .vmm_facts import UNREGISTERED, RegistrationFacts
from .vmm_jobs import RunningJobs
from .vmm_requirements import why_keys_return

SECTIONS = ("host", "vmm", "provider", "registration", "background_tasks")
REGISTRY, CERTIFICATES, ACCOUNT = "registry", "certificates", "run_as_account"
#: The parts of a registration. Each one that a task names is the consent to its removal.
PARTS = (REGISTRY, CERTIFICATES, ACCOUNT)
KEYS = "registry_keys"
_READ_VAULT = "set azure_registration to the server's entry of siterecovery.hyperv.vmm_server_info"


@dataclass(frozen=True, slots=True)
class DesiredRemoval:
    """The parts to remove, and what proves that nothing uses them."""

    vault_id: str
    vault: ResourceId
    parts: frozenset[str]
    azure: Mapping[str, Any] | None
    running_jobs: RunningJobs

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredRemoval:
        """Build the desired removal from the task's options and validate it offline. Raises InvalidInput."""
        if not options["parts"]:
            raise InvalidInput("parts", "must name at least one part", f"name the parts to remove: {', '.join(PARTS)}")
        return cls(
            options["vault_id"],
            parse_vault_id("vault_id", options["vault_id"]),
            frozenset(options["parts"]),
            checked_azure_registration(options["azure_registration"]),
            RunningJobs.from_options(options),
        )


def plan_registration_removal(machine: MachineFacts, desired: DesiredRemoval) -> Plan:
    """Plan to remove the requested parts. Raises Refused while anything may use them.

    On a node that does not own the cluster role, nothing is planned: the registration belongs to the owner.
    """
    require_for(VMM_SERVER, machine, Expectation(), frozenset(("remove",)))
    if machine.vmm is None or not machine.active:
        return Plan()
    facts = machine.registration or UNREGISTERED
    _require_quiet(machine)
    stale = _unused(machine, facts, desired)
    changes = [*_key_changes(machine, facts, stale, desired), *_certificate_changes(stale, desired)]
    if changes:
        expected = Expectation(running_jobs=desired.running_jobs.choice)
        require_for(VMM_SERVER, machine, expected, frozenset(("interrupt_jobs",)))
    return Plan((*changes, *_account_changes(machine, facts, desired)))


def _require_quiet(machine: MachineFacts) -> None:
    for task in (REGISTRATION, CONFIGURATION):
        if is_active(machine.background_tasks, task):
            raise refuse(f"{task.what} is running on the server", "wait for its end, then run again")


def _unused(machine: MachineFacts, facts: RegistrationFacts, desired: DesiredRemoval) -> StaleRegistration:
    """Return the parts of a registration that nothing uses. Raises Refused for parts that something may use."""
    for place in facts.places:
        if place.vault_name is not None and not same_name(place.vault_name, desired.vault.name):
            raise refuse(
                f"{place.key} names vault {place.vault_name}, not {desired.vault.name}",
                "set vault_id to the vault of this server",
            )
    stale = find_stale(facts, machine.vmm, desired.vault, desired.vault_id, desired.azure)
    if facts.vault_name is None:
        return stale
    if desired.azure is None:
        raise refuse(f"whether vault {desired.vault.name} shows the server is unknown", _READ_VAULT)
    if confirms(desired.azure):
        raise refuse(
            f"vault {desired.vault.name} shows the server as registered",
            "remove the server from the vault first, with siterecovery.hyperv.vmm_server",
        )
    if stale.unproven is not None:
        raise refuse("the absence of the server in the vault is not proven", stale.unproven)
    return stale


def _key_changes(
    machine: MachineFacts, facts: RegistrationFacts, stale: StaleRegistration, desired: DesiredRemoval
) -> list[Change]:
    keys = [*stale.keys, *facts.proxy_keys]
    if REGISTRY not in desired.parts or not keys:
        return []
    returns = why_keys_return(machine.vmm)
    if returns is not None:
        raise refuse(returns, f"use {CLEANUP_SCRIPT} on the owner node, and remove {REGISTRY} from parts")
    reason = f"export and remove the registry keys {', '.join(keys)}"
    changes = [Change(KEYS, keys, [], reason)]
    if facts.vault_name is not None:
        changes.append(Change("vault_name", facts.vault_name, None, reason))
    return changes


def _certificate_changes(stale: StaleRegistration, desired: DesiredRemoval) -> list[Change]:
    if CERTIFICATES not in desired.parts or not stale.certificates:
        return []
    shown = ", ".join(stale.certificates)
    return [Change(CERTIFICATES, list(stale.certificates), [], f"export and remove the certificates {shown}")]


def _account_changes(machine: MachineFacts, facts: RegistrationFacts, desired: DesiredRemoval) -> list[Change]:
    if ACCOUNT not in desired.parts:
        return []
    if machine.vmm is None or machine.vmm.service != RUNNING or machine.vmm.connection_error is not None:
        raise refuse(
            "the Run As accounts of VMM cannot be read, because VMM does not answer",
            "start the VMM service, then run again",
        )
    if facts.run_as_account is None:
        return []
    login = facts.proxy.username if facts.proxy is not None else None
    if login and REGISTRY not in desired.parts:
        raise refuse(f"the Provider's proxy uses the Run As account {facts.run_as_account}", f"add {REGISTRY} to parts")
    if login and not same_login(facts.run_as_user or "", login):
        raise refuse(
            f"the Run As account {facts.run_as_account} has the login {facts.run_as_user}, which is not that of the"
            " Provider's proxy, so it may belong to another program",
            f"rename it in VMM, or remove {ACCOUNT} from parts",
        )
    return [Change(ACCOUNT, facts.run_as_account, None, f"remove the Run As account {RUN_AS_ACCOUNT} from VMM")]


def registry_keys(facts: RegistrationFacts) -> list[str]:
    """Return the registry keys that a registration has written."""
    return [*(place.key for place in facts.places), *facts.proxy_keys]


def removal_result(machine: MachineFacts) -> dict[str, Any]:
    """Return the rest of a registration as results show it."""
    facts = machine.registration or UNREGISTERED
    return {
        "vault_name": facts.vault_name,
        KEYS: registry_keys(facts),
        CERTIFICATES: list(facts.thumbprints),
        ACCOUNT: facts.run_as_account,
        "synchronized_clouds": marked_clouds(machine),
    }


def marked_clouds(machine: MachineFacts) -> list[str]:
    """Return the clouds that VMM still marks for Site Recovery, as far as VMM shows it."""
    clouds = machine.vmm.clouds if machine.vmm else None
    return [cloud.name for cloud in clouds or () if cloud.published]


def describe(machine: MachineFacts) -> str:
    """Describe what is left of a registration."""
    facts = machine.registration or UNREGISTERED
    parts = [f"registry key {key}" for key in registry_keys(facts)]
    parts += [f"certificate {thumbprint}" for thumbprint in facts.thumbprints]
    parts += [f"Run As account {facts.run_as_account}"] if facts.run_as_account else []
    return ", ".join(parts) or "nothing of a registration"


def warnings(machine: MachineFacts) -> tuple[str, ...]:
    """Return one line for each rest that the collection does not remove."""
    if machine.vmm is not None and not machine.active:
        return (f"the registration is managed on node {machine.vmm.elsewhere}, which owns the cluster role",)
    marked = marked_clouds(machine)
    if machine.registration is None or machine.registration.vault_name is not None or not marked:
        return ()
    return (
        f"VMM's database still marks the clouds {', '.join(marked)} for Site Recovery, and can mark virtual machines as"
        f" well, although the server is not registered; only {CLEANUP_SCRIPT} removes such marks",
    )
