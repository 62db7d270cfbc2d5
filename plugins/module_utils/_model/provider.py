# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the Site Recovery Provider on a VMM server."""

from __future__ import annotations

from typing import Any

from .errors import Refused
from .installer import Installer, numbers, older
from .machine import OLDEST_OS, RUNNING, HostFacts, Machine, ProviderFacts, VmmFacts
from .plan import UNKNOWN, Change, Plan

SECTIONS = ("host", "vmm", "provider")

# From the setup framework in Microsoft's public configuration-server setup source; no table is published for VMM.
SETUP_CODES = {
    1: "setup failed; the log says at which step",
    2: "setup did not understand its command line; report this as a bug",
    4: "a prerequisite is missing; the log names it",
}


def vmm_of(machine: Machine) -> VmmFacts:
    """Raises Refused on a machine without a VMM server."""
    if machine.vmm is None:
        raise Refused("this machine runs no VMM server; put the VMM server into the group, not a console or a host")
    return machine.vmm


def plan_provider(machine: Machine, installer: Installer) -> Plan:
    """Install, upgrade or start the VMM service; never a downgrade. Raises Refused before anything starts."""
    vmm = vmm_of(machine)
    provider = machine.provider
    action = _action(provider, installer)
    if action:
        _require_ready(machine.host, vmm)
        return Plan(tuple(_installation(provider, vmm, action, installer)))
    if vmm.service != RUNNING:
        return Plan((Change("vmm_service", vmm.service, RUNNING, "start the VMM service"),))
    return Plan()


def counted_jobs(number: int) -> str:
    return f"{number} job" if number == 1 else f"{number} jobs"


def installs(plan: Plan) -> bool:
    """Whether setup runs; otherwise only the service is started."""
    return plan.touches("version") or plan.touches("installed")


def told(step: str, machine: Machine, installer: Installer) -> str:
    """What the server says about one step of the walkthrough."""
    provider = machine.provider
    if step == "S3":
        return f"installer {installer.file_name}, {'pinned by SHA-256' if installer.checksum else 'not pinned'}"
    if provider is None:
        return "no Provider"
    if step == "P3":
        return f"in {provider.configurator_path}" if provider.configurator_path else "DRConfigurator.exe is missing"
    whole = "" if provider.complete else ", incomplete"
    service = machine.vmm.service if machine.vmm else None
    return f"Provider {provider.version or 'of unknown version'}{whole}, VMM service {service or 'missing'}"


def part(step: str, plan: Plan, installer: Installer) -> Plan:
    """The changes that belong to one step; that the installer is brought is no change of its own."""
    if step == "S3":
        name = installer.file_name
        return Plan((Change("installer", None, name, f"bring {name} to the server and check it"),) * installs(plan))
    if step == "P3":
        return plan.only("configurator_path")
    return plan.only("installed", "version", "adapter_present", "vmm_service")


def project_provider(machine: Machine) -> dict[str, Any]:
    provider = machine.provider
    return {
        "installed": bool(provider and provider.complete),
        "version": provider.version if provider else None,
        "adapter_present": bool(provider and provider.adapter_present),
        "configurator_path": provider.configurator_path if provider else None,
        "vmm_service": machine.vmm.service if machine.vmm else None,
    }


def _action(provider: ProviderFacts | None, installer: Installer) -> str | None:
    if provider is None:
        return f"install the Provider{' ' + installer.version if installer.version else ''}"
    if not provider.complete:
        return "install the Provider again: an earlier setup did not end"
    if older(provider.version, installer.version):
        return f"upgrade the Provider from {provider.version} to {installer.version}"
    return None


def _installation(provider: ProviderFacts | None, vmm: VmmFacts, action: str, installer: Installer) -> list[Change]:
    reason = f"{action}; the VMM service is stopped meanwhile"
    before = provider or ProviderFacts(None, False, None)
    changes = [
        Change("installed", before.complete, True, reason),
        Change("version", before.version, _version_after(before, installer), reason),
        Change("adapter_present", before.adapter_present, True, reason),
        Change(
            "configurator_path",
            before.configurator_path,
            before.configurator_path or UNKNOWN,
            "install where setup puts it, beside VMM",
        ),
        Change("vmm_service", vmm.service, RUNNING, reason),
    ]
    return [change for change in changes if change.before != change.after]


def _version_after(before: ProviderFacts, installer: Installer) -> str | None:
    """What setup leaves: where a newer version lies in pieces, setup mends it and goes no way back."""
    if installer.version is None:
        return UNKNOWN
    return installer.version if older(before.version, installer.version) else before.version


def require_one_node(vmm: VmmFacts, what: str) -> None:
    """Raises Refused for a highly available VMM: its service belongs to a cluster role, which would fail over."""
    if vmm.ha_name:
        raise Refused(
            f"this VMM is highly available (cluster role {vmm.ha_name}), and {what} stops its service, which the"
            " cluster would answer with a failover; this release does that on single servers only: do it by hand, on"
            " every node"
        )


def _require_ready(host: HostFacts | None, vmm: VmmFacts) -> None:
    require_one_node(vmm, "setup of the Provider")
    if host is None:
        return
    if not host.is_administrator:
        raise Refused(
            f"{host.account} is no elevated administrator on {host.name}; connect as a local administrator who is VMM"
            " administrator too"
        )
    if numbers(host.os_version)[:2] < OLDEST_OS:
        raise Refused(
            f"{host.os_caption} is older than Windows Server 2012 R2, which the Provider needs; move VMM to a"
            " supported system"
        )
    if host.pending_restart:
        raise Refused(
            f"{host.name} waits for a restart ({', '.join(host.pending_restart)}), and setup refuses then; restart"
            " it, then run again"
        )
    if vmm.running_jobs:
        raise Refused(
            f"VMM runs {counted_jobs(vmm.running_jobs)}, which a stop of its service would hurt; wait for the end, then"
            " run again"
        )
