# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the Site Recovery Provider on a VMM server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput
from ..common.plan import UNKNOWN, Change, Plan, compare
from ..common.provider_releases import MOST_ROLLUPS, too_far
from ..common.versions import older
from .background_task import BackgroundTask
from .expectation import VMM_SERVER, Expectation
from .facts import MachineFacts
from .host_facts import RUNNING
from .host_requirements import visual_cpp
from .installer import Installer, is_windows_path
from .operations import Setup, provider_operations, provider_setup
from .requirement_context import Context
from .requirements import require_for
from .setup import installs, setup_in_progress
from .vmm_facts import ONLINE, ProviderFacts, VmmFacts
from .vmm_jobs import DEFAULT_REACTION, RunningJobs
from .vmm_requirements import cluster, provider_upgrade

SECTIONS = ("host", "vmm", "provider", "background_tasks")
#: Read only if the task sets microsoft_update.
UPDATES = "updates"
SETUP = BackgroundTask("provider", "install_provider", "the Provider's setup", "P1")
OPT_IN = BackgroundTask("updates", "set_microsoft_update", "the opt-in to Microsoft Update", "P2")
#: The file behind Microsoft's short link.
PACKAGE = "AzureSiteRecoveryProvider.exe"

# From the setup framework in Microsoft's public configuration-server setup source; no table is published for VMM.
SETUP_CODES = {
    1: "setup failed; the log names the step",
    2: "setup did not understand its command line; report this as a bug",
    4: "a prerequisite is missing; the log names it",
}


@dataclass(frozen=True, slots=True)
class DesiredProvider:
    """The desired Provider. An option that is None is not set and never changed."""

    installer: Installer
    install_path: str | None = None
    microsoft_update: bool | None = None
    running_jobs: RunningJobs = DEFAULT_REACTION
    unsupported_upgrade: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredProvider:
        """Build the desired Provider from the task's options and validate it offline. Raises InvalidInput."""
        return cls(
            Installer.from_options(options, PACKAGE),
            checked_provider_folder(options["install_path"]),
            options["microsoft_update"],
            RunningJobs.from_options(options),
            bool(options.get("allow_unsupported_upgrade")),
        )

    @property
    def expectation(self) -> Expectation:
        """Return the options that requirements depend on."""
        return Expectation(
            version=self.installer.version,
            install_path=self.install_path,
            running_jobs=self.running_jobs.choice,
            unsupported_upgrade=self.unsupported_upgrade,
        )

    @property
    def sections(self) -> tuple[str, ...]:
        """Return the sections to observe."""
        return SECTIONS if self.microsoft_update is None else (*SECTIONS, UPDATES)


def checked_provider_folder(path: str | None) -> str | None:
    """Return the folder of the Provider without a final backslash. Raises InvalidInput."""
    if path is None:
        return None
    if not is_windows_path(path):
        raise InvalidInput(
            "install_path", f"must be a full Windows path, not '{path}'", "correct it, or remove the option"
        )
    return path.rstrip("\\")


def plan_provider(machine: MachineFacts, desired: DesiredProvider) -> Plan:
    """Plan to install or upgrade the Provider, or to start VMM. Never downgrade. Raises Refused beforehand."""
    expected, provider = desired.expectation, machine.provider
    require_for(VMM_SERVER, machine, expected, frozenset(("manage_provider",)))
    opt_in = compare(
        "microsoft_update",
        machine.microsoft_update,
        desired.microsoft_update,
        f"{'opt in to' if desired.microsoft_update else 'opt out of'} Microsoft Update",
    )
    waiting = setup_in_progress(machine, SETUP, installed=bool(provider and provider.complete))
    if waiting is not None:
        return Plan.of([waiting, opt_in])
    due = provider_operations(machine, expected)
    require_for(VMM_SERVER, machine, expected, due)
    setup, vmm = provider_setup(provider, desired.installer.version), machine.vmm
    if setup is not None and vmm is not None:
        return Plan.of([*_installation(provider, vmm, setup, desired.installer), opt_in])
    before = vmm.service if vmm else None
    start = Change("vmm_service", before, RUNNING, "start the VMM service") if "start_service" in due else None
    return Plan.of([start, opt_in])


def warnings(machine: MachineFacts, desired: DesiredProvider) -> tuple[str, ...]:
    """Return one line for a planned upgrade that Microsoft does not support."""
    check = provider_upgrade(Context(VMM_SERVER, machine, desired.expectation, frozenset()))
    return () if check is None or check.overall != "warning" else (check.describe(),)


def setup_notes(machine: MachineFacts, desired: DesiredProvider) -> tuple[str, ...]:
    """Return one line for each condition that the user should know about when setup runs."""
    installed = machine.provider.version if machine.provider else None
    version = desired.installer.version
    context = Context(VMM_SERVER, machine, desired.expectation, frozenset())
    checks = [
        check for check in (visual_cpp(context), cluster(context), provider_upgrade(context)) if check is not None
    ]
    found = [check.describe() for check in checks if check.status != "pass" and not check.blocks]
    upgrade = installed is not None and version is not None and older(installed, version)
    if upgrade and too_far(str(installed), str(version)) is None:
        found.append(
            f"the published versions do not show whether {version} is at most {MOST_ROLLUPS} update rollups newer than"
            f" {installed}; larger upgrades are not supported"
        )
    return tuple(found)


def summary(step: str, machine: MachineFacts, desired: DesiredProvider) -> str:
    """Describe the server's state for one step of the setup guide."""
    provider, installer = machine.provider, desired.installer
    if step == "S3":
        return f"installer {installer.file_name}, {'pinned by SHA-256' if installer.checksum else 'not pinned'}"
    if step == "P2":
        return _describe_updates(machine, desired)
    if provider is None:
        return "no Provider"
    if step == "P3":
        return f"in {provider.configurator_path}" if provider.configurator_path else "DRConfigurator.exe is missing"
    incomplete = "" if provider.complete else ", incomplete"
    service = machine.vmm.service if machine.vmm else None
    if machine.vmm is not None and not machine.vmm.active:
        service = f"on node {machine.vmm.elsewhere}"
    return f"Provider {provider.version or 'of unknown version'}{incomplete}, VMM service {service or 'missing'}"


def _describe_updates(machine: MachineFacts, desired: DesiredProvider) -> str:
    if desired.microsoft_update is None:
        return "Microsoft Update not managed"
    return "opted in to Microsoft Update" if machine.microsoft_update else "not opted in to Microsoft Update"


def changes_for_step(step: str, plan: Plan, desired: DesiredProvider) -> Plan:
    """Return the changes that belong to one step. The plan itself has no change for the transfer of the installer."""
    if step == "S3":
        name = desired.installer.file_name
        transfer = Change("installer", None, name, f"transfer {name} to the server and verify it")
        return Plan((transfer,) if installs(plan) else ())
    if step == "P2":
        return plan.only("microsoft_update")
    if step == "P3":
        return plan.only("configurator_path")
    return plan.only("installed", "version", "adapter_present", "vmm_service")


def provider_result(machine: MachineFacts, desired: DesiredProvider) -> dict[str, Any]:
    """Return the Provider as results show it."""
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
    return {
        "cluster": {
            "role": vmm.ha_name,
            "node": cluster.node,
            "owner_node": cluster.owner_node,
            "active": vmm.active,
        }
    }


def _installation(provider: ProviderFacts | None, vmm: VmmFacts, setup: Setup, installer: Installer) -> list[Change]:
    before = provider or ProviderFacts(None, False, None)
    action = {
        "install": f"install the Provider{' ' + installer.version if installer.version else ''}",
        "repair": "install the Provider again, because an earlier setup was incomplete",
        "upgrade": f"upgrade the Provider from {before.version} to {installer.version}",
    }[setup]
    meanwhile = "is stopped meanwhile" if vmm.active else f"continues to run on node {vmm.elsewhere}"
    reason = f"{action}; the VMM service {meanwhile}"
    changes = [
        Change("installed", before.complete, True, reason),
        Change("version", before.version, _version_after(before, installer), reason),
        Change("adapter_present", before.adapter_present, True, reason),
        Change(
            "configurator_path",
            before.configurator_path,
            before.configurator_path or UNKNOWN,
            "setup chooses the folder, next to VMM",
        ),
        Change("vmm_service", vmm.service, RUNNING if vmm.active else vmm.service, reason),
    ]
    return [change for change in changes if change.before != change.after]


def _version_after(before: ProviderFacts, installer: Installer) -> str | None:
    """Return the version after setup. Setup repairs a newer version, if that is incomplete, and never downgrades it."""
    if installer.version is None:
        return UNKNOWN
    return installer.version if older(before.version, installer.version) else before.version


def earlier_version(provider: ProviderFacts | None, desired: DesiredProvider) -> str | None:
    """Return the version that an upgrade replaces. A repair may keep its version."""
    upgrades = provider_setup(provider, desired.installer.version) == "upgrade"
    return provider.version if provider is not None and upgrades else None


def cluster_resource(vmm: VmmFacts | None) -> str | None:
    """Return the cluster resource that scripts stop and start instead of the service.

    The cluster would restart a stopped service, or fail over.
    """
    return vmm.cluster.resource if vmm is not None and vmm.cluster is not None else None


def left_stopped(vmm: VmmFacts | None, answer: Mapping[str, Any]) -> str | None:
    """Return the state in which setup left the VMM service, or None if it runs as it should."""
    if vmm is None or vmm.cluster is None:
        service = answer["service_after"]
        return None if service == RUNNING else service or "missing"
    # A node that does not own the role has no service to start, and after a move it runs on another node.
    resource = answer["resource_after"]
    return None if resource in (None, ONLINE) else f"{resource} in the cluster"
