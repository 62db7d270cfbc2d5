# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the removal of the Site Recovery Provider from a VMM server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..common.plan import Change, Plan
from .azure_registration import confirms
from .background_task import BackgroundTask
from .expectation import VMM_SERVER, Expectation
from .facts import MachineFacts
from .removal import STEP, refuse, removal_in_progress
from .requirements import require_for
from .vmm_facts import ProviderFacts
from .vmm_jobs import RunningJobs

SECTIONS = ("host", "vmm", "provider", "registration", "background_tasks")
REMOVAL = BackgroundTask("provider_removal", "remove_provider", "the removal of the Provider", STEP)
# Other names of entries in "Programs and Features" belong to no package of Windows Installer.
_PRODUCT_CODE = re.compile(r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
_NONE = ProviderFacts(None, False, None)


def plan_provider_removal(
    machine: MachineFacts, running_jobs: RunningJobs, azure: Mapping[str, Any] | None = None
) -> Plan:
    """Plan to remove the Provider. Raises Refused while the server is registered."""
    require_for(VMM_SERVER, machine, Expectation(), frozenset(("remove",)))
    waiting = removal_in_progress(machine, REMOVAL)
    if waiting is not None:
        return waiting
    provider = machine.provider or _NONE
    if not provider.installed:
        return Plan()
    _require_unregistered(machine, azure)
    product_code(provider)
    if machine.vmm is not None and machine.active:
        require_for(VMM_SERVER, machine, Expectation(running_jobs=running_jobs.choice), frozenset(("interrupt_jobs",)))
    return Plan(tuple(_changes(machine, provider)))


def product_code(provider: ProviderFacts) -> str:
    """Return the code by which Windows Installer removes the Provider. Raises Refused."""
    code = provider.product_code
    if code is None:
        raise refuse(
            "the Provider has no entry in Programs and Features",
            "install the same version again, which writes the entry, then run again",
        )
    if not _PRODUCT_CODE.fullmatch(code):
        raise refuse(
            f"the entry of the Provider in Programs and Features, {code}, is not a product code",
            "remove the Provider in Programs and Features",
        )
    return code


def _require_unregistered(machine: MachineFacts, azure: Mapping[str, Any] | None) -> None:
    if confirms(azure):
        raise refuse(
            "the vault shows the server as registered",
            "remove the server from the vault first, with siterecovery.hyperv.vmm_server",
        )
    vault = machine.registration.vault_name if machine.registration else None
    # A node that does not own the cluster role keeps the keys of an earlier time.
    if vault is not None and machine.active:
        raise refuse(
            f"the server is still registered in vault {vault}",
            "remove it from the vault first, or remove the rest of the registration with"
            " siterecovery.hyperv.registration_removal",
        )


def _changes(machine: MachineFacts, provider: ProviderFacts) -> list[Change]:
    meanwhile = "is stopped meanwhile"
    if machine.vmm is None or machine.vmm.service != "Running":
        meanwhile = "stays stopped"
    if machine.vmm is not None and not machine.active:
        meanwhile = f"continues to run on node {machine.vmm.elsewhere}"
    reason = f"remove the Provider {provider.version or 'of unknown version'}; the VMM service {meanwhile}"
    after = removal_result(MachineFacts())
    before = removal_result(machine)
    return [Change(name, before[name], after[name], reason) for name in _PARTS if before[name] != after[name]]


_PARTS = ("installed", "version", "configurator_path", "product_code")


def removal_result(machine: MachineFacts) -> dict[str, Any]:
    """Return the Provider as results show it."""
    provider = machine.provider or _NONE
    return {
        "installed": provider.installed,
        "version": provider.version,
        "configurator_path": provider.configurator_path,
        "product_code": provider.product_code,
        "vmm_service": machine.vmm.service if machine.vmm else None,
    }


def describe(machine: MachineFacts) -> str:
    """Describe the Provider and the VMM service."""
    provider = machine.provider or _NONE
    service = machine.vmm.service if machine.vmm else None
    if machine.vmm is not None and not machine.vmm.active:
        service = f"on node {machine.vmm.elsewhere}"
    found = f"Provider {provider.version or 'of unknown version'}" if provider.installed else "no Provider"
    return f"{found}, VMM service {service or 'missing'}"
