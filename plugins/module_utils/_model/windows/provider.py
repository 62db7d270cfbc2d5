# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the Site Recovery Provider on a VMM server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.plan import UNKNOWN, Change, Plan, compare
from ..common.provider_releases import MOST_ROLLUPS, next_step, too_far
from ..common.versions import numbers, older
from .background_task import Job, found
from .facts import OLDEST_OS, ONLINE, RUNNING, HostFacts, MachineFacts, ProviderFacts, VmmFacts
from .installer import Installer, is_windows_path
from .requirements import advice, require_prerequisites

SECTIONS = ("host", "vmm", "provider", "work")
#: Asked for only where somebody wants it one way or the other.
UPDATES = "updates"
SETUP = Job("provider", "install_provider", "setup of the Provider", "P1")
OPT_IN = Job("updates", "set_microsoft_update", "the opt-in to Microsoft Update", "P2")
#: What Microsoft's short link leads to.
PACKAGE = "AzureSiteRecoveryProvider.exe"

# From the setup framework in Microsoft's public configuration-server setup source; no table is published for VMM.
SETUP_CODES = {
    1: "setup failed; the log says at which step",
    2: "setup did not understand its command line; report this as a bug",
    4: "a prerequisite is missing; the log names it",
}


@dataclass(frozen=True, slots=True)
class DesiredProvider:
    """The Provider as the playbook wants it. What is None is left alone."""

    installer: Installer
    install_path: str | None = None
    microsoft_update: bool | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredProvider:
        """Checked offline. Raises InvalidInput."""
        path = options["install_path"]
        if path is not None and not is_windows_path(path):
            raise InvalidInput("install_path", f"'{path}' is not a full Windows path", "correct it, or leave it out")
        return cls(
            Installer.from_options(options, PACKAGE), path.rstrip("\\") if path else None, options["microsoft_update"]
        )

    @property
    def sections(self) -> tuple[str, ...]:
        return SECTIONS if self.microsoft_update is None else (*SECTIONS, UPDATES)


def vmm_of(machine: MachineFacts) -> VmmFacts:
    """Raises Refused on a machine without a VMM server."""
    if machine.vmm is None:
        raise Refused("this machine runs no VMM server; put the VMM server into the group, not a console or a host")
    return machine.vmm


def plan_provider(machine: MachineFacts, desired: DesiredProvider) -> Plan:
    """Install, upgrade or start the VMM service; never a downgrade. Raises Refused before anything starts."""
    vmm = vmm_of(machine)
    provider = machine.provider
    _require_place(provider, vmm, desired.install_path)
    opt_in = compare(
        "microsoft_update",
        machine.microsoft_update,
        desired.microsoft_update,
        f"{'opt in to' if desired.microsoft_update else 'opt out of'} Microsoft Update",
    )
    setup = found(machine.work, SETUP.name)
    if setup is not None and setup.goes_on:
        # Only check mode sees this: every other run waits for the end first.
        before = bool(provider and provider.complete)
        reason = "wait for the end of the setup that an earlier run began, which goes on"
        return Plan.of([Change("installed", before, UNKNOWN, reason), opt_in])
    action = _action(provider, desired.installer)
    if action:
        _require_ready(machine.host, vmm)
        _require_span(provider, desired.installer)
        return Plan.of([*_installation(provider, vmm, action, desired.installer), opt_in])
    service = None
    if vmm.service != RUNNING and vmm.elsewhere is None:
        require_cluster(vmm, "a start of the VMM service")
        service = Change("vmm_service", vmm.service, RUNNING, "start the VMM service")
    return Plan.of([service, opt_in])


def counted_jobs(number: int) -> str:
    return f"{number} job" if number == 1 else f"{number} jobs"


def installs(plan: Plan) -> bool:
    """Whether setup runs; otherwise only the service is started."""
    return plan.touches("version") or any(
        change.path == "installed" and change.after is True for change in plan.changes
    )


def warnings(machine: MachineFacts, desired: DesiredProvider) -> tuple[str, ...]:
    """What a person should know before setup runs."""
    installed = machine.provider.version if machine.provider else None
    wanted = desired.installer.version
    told = [*advice(machine.host), *_missing_nodes(machine.vmm)]
    upgrade = installed is not None and wanted is not None and older(installed, wanted)
    if upgrade and too_far(str(installed), str(wanted)) is None:
        told.append(
            f"the published versions do not say whether {wanted} is at most {MOST_ROLLUPS} update rollups after"
            f" {installed}; longer steps are not supported"
        )
    return tuple(told)


def _missing_nodes(vmm: VmmFacts | None) -> list[str]:
    down = vmm.cluster.down if vmm is not None and vmm.cluster is not None else ()
    if not down:
        return []
    return [
        f"of the cluster of {vmm.ha_name if vmm else ''}, {', '.join(down)} {'is' if len(down) == 1 else 'are'} down:"
        " install the same Provider there before the role moves there"
    ]


def summary(step: str, machine: MachineFacts, desired: DesiredProvider) -> str:
    """What the server says about one step of the walkthrough."""
    provider, installer = machine.provider, desired.installer
    if step == "S3":
        return f"installer {installer.file_name}, {'pinned by SHA-256' if installer.checksum else 'not pinned'}"
    if step == "P2":
        return _told_updates(machine, desired)
    if provider is None:
        return "no Provider"
    if step == "P3":
        return f"in {provider.configurator_path}" if provider.configurator_path else "DRConfigurator.exe is missing"
    whole = "" if provider.complete else ", incomplete"
    service = machine.vmm.service if machine.vmm else None
    if machine.vmm is not None and machine.vmm.elsewhere is not None:
        service = f"on node {machine.vmm.elsewhere}"
    return f"Provider {provider.version or 'of unknown version'}{whole}, VMM service {service or 'missing'}"


def _told_updates(machine: MachineFacts, desired: DesiredProvider) -> str:
    if desired.microsoft_update is None:
        return "Microsoft Update left as it is"
    return "opted in to Microsoft Update" if machine.microsoft_update else "not opted in to Microsoft Update"


def changes_for_step(step: str, plan: Plan, desired: DesiredProvider) -> Plan:
    """The changes that belong to one step; that the installer is brought is no change of its own."""
    if step == "S3":
        name = desired.installer.file_name
        return Plan((Change("installer", None, name, f"bring {name} to the server and check it"),) * installs(plan))
    if step == "P2":
        return plan.only("microsoft_update")
    if step == "P3":
        return plan.only("configurator_path")
    return plan.only("installed", "version", "adapter_present", "vmm_service")


def provider_result(machine: MachineFacts, desired: DesiredProvider) -> dict[str, Any]:
    provider = machine.provider
    updates = {} if desired.microsoft_update is None else {"microsoft_update": machine.microsoft_update}
    return {
        "installed": bool(provider and provider.complete),
        "version": provider.version if provider else None,
        "adapter_present": bool(provider and provider.adapter_present),
        "configurator_path": provider.configurator_path if provider else None,
        "vmm_service": machine.vmm.service if machine.vmm else None,
        **updates,
        **_cluster_result(machine.vmm),
    }


def _cluster_result(vmm: VmmFacts | None) -> dict[str, Any]:
    if vmm is None or vmm.cluster is None:
        return {}
    cluster = vmm.cluster
    return {"cluster": {"role": vmm.ha_name, "node": cluster.node, "owner_node": cluster.owner_node}}


def _action(provider: ProviderFacts | None, installer: Installer) -> str | None:
    if provider is None:
        return f"install the Provider{' ' + installer.version if installer.version else ''}"
    if not provider.complete:
        return "install the Provider again: an earlier setup did not end"
    if older(provider.version, installer.version):
        return f"upgrade the Provider from {provider.version} to {installer.version}"
    return None


def _installation(provider: ProviderFacts | None, vmm: VmmFacts, action: str, installer: Installer) -> list[Change]:
    meanwhile = f"runs on node {vmm.elsewhere}" if vmm.elsewhere else "is stopped"
    reason = f"{action}; the VMM service {meanwhile} meanwhile"
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
        Change("vmm_service", vmm.service, vmm.service if vmm.elsewhere else RUNNING, reason),
    ]
    return [change for change in changes if change.before != change.after]


def _version_after(before: ProviderFacts, installer: Installer) -> str | None:
    """What setup leaves: where a newer version lies in pieces, setup mends it and goes no way back."""
    if installer.version is None:
        return UNKNOWN
    return installer.version if older(before.version, installer.version) else before.version


def require_cluster(vmm: VmmFacts, what: str) -> None:
    """Raises Refused where the service of a highly available VMM can't be stopped and started through its cluster."""
    if not vmm.ha_name or (vmm.cluster is not None and vmm.cluster.resource is not None):
        return
    if vmm.cluster is None:
        lacking = "this machine has no cluster service; is it one of its nodes?"
    elif vmm.cluster.service != RUNNING:
        lacking = f"the cluster service of this node is {vmm.cluster.service}; start ClusSvc, then run again"
    elif vmm.cluster.nodes is None:
        lacking = "its commands are not here; add the Windows feature RSAT-Clustering-PowerShell, then run again"
    else:
        lacking = "no resource of it, or more than one, runs SCVMMService; look at its roles in the cluster's manager"
    raise Refused(
        f"this VMM is highly available (cluster role {vmm.ha_name}), and {what} stops its service through the cluster:"
        f" {lacking}"
    )


def cluster_resource(vmm: VmmFacts | None) -> str | None:
    """What a script stops and starts instead of the service, which the cluster would start again, or fail over."""
    return vmm.cluster.resource if vmm is not None and vmm.cluster is not None else None


def left_stopped(vmm: VmmFacts | None, answer: Mapping[str, Any]) -> str | None:
    """The state in which setup left the VMM service, when it should run."""
    if vmm is None or vmm.cluster is None:
        service = answer["service_after"]
        return None if service == RUNNING else service or "missing"
    # A node that does not own the role has no service to start; after a move it runs on another one.
    resource = answer["resource_after"]
    return None if resource in (None, ONLINE) else f"{resource} in the cluster"


def require_owner(vmm: VmmFacts, what: str) -> None:
    """Raises Refused on the node that does not own the role of a highly available VMM."""
    if vmm.elsewhere is not None and vmm.cluster is not None:
        raise Refused(
            f"{what} of a highly available VMM is done on the node that owns its cluster role {vmm.ha_name}, which is"
            f" {vmm.elsewhere} and not {vmm.cluster.node}; run there, or move the role here first (Move-ClusterGroup)"
        )


def _require_place(provider: ProviderFacts | None, vmm: VmmFacts, wanted: str | None) -> None:
    """Setup has no switch for a folder: it goes beside VMM."""
    if wanted is None:
        return
    if provider is not None and provider.configurator_path is not None:
        actual = provider.configurator_path.rpartition("\\")[0]
    elif vmm.install_path is not None:
        actual = vmm.install_path.rstrip("\\") + "\\bin"
    else:
        return
    if actual.casefold() != wanted.casefold():
        raise Refused(
            f"install_path: setup of the Provider takes no folder, it goes beside VMM, into {actual}; asked for was"
            f" {wanted}: leave the option out, or name that folder"
        )


def _require_span(provider: ProviderFacts | None, installer: Installer) -> None:
    """The N-4 rule: Microsoft supports upgrades over four update rollups at most."""
    installed = provider.version if provider else None
    if installed is None or installer.version is None or not older(installed, installer.version):
        return
    if too_far(installed, installer.version):
        raise Refused(
            f"version: {installer.version} is more than {MOST_ROLLUPS} update rollups after the installed"
            f" {installed}, which is no supported upgrade; upgrade to {next_step(installed)} first"
        )


def _require_ready(host: HostFacts | None, vmm: VmmFacts) -> None:
    require_cluster(vmm, "setup of the Provider")
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
    require_prerequisites(host, "setup of the Provider")
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
