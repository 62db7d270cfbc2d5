# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: requirements on a Hyper-V host: Hyper-V, its virtual machines and the Recovery Services agent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..common.check import Check
from . import agent_builds
from . import proxy as proxies
from .agent_facts import HyperVFacts, VirtualMachine
from .expectation import ADVISED_CACHE_GB, DEFAULT_FOLDER
from .host_facts import RUNNING
from .operations import agent_setup
from .requirement_context import Context
from .vmm_requirements import login_check, unsupported_upgrade

#: Windows Server 2012 R2 requires it ("Prerequisites for Hyper-V to Azure", 2017).
_HOTFIX = "KB2961977"
#: The free space in GB that the programs of the agent need.
_PROGRAM_GB = 1
_VM_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_MOST_DISKS = 16
#: The largest disk of the operating system by generation, in GB.
_LARGEST_OS_DISK_GB = {1: 2048, 2: 4095}


def hyperv(context: Context) -> Check | None:
    """Check that the Hyper-V service runs."""
    facts = context.machine.hyperv
    if facts is None:
        return None
    if facts.service == RUNNING:
        return Check.passed("hyperv", "H1", "the Hyper-V service is running")
    return Check.failed(
        "hyperv",
        "H1",
        f"the Hyper-V service (vmms) is {facts.service or 'missing'}",
        "install or start Hyper-V, or remove the host from the inventory group",
    )


def failover_cluster(context: Context) -> Check | None:
    """Check that the name of a node's failover cluster is known. The waves never have two nodes of one cluster."""
    cluster = context.machine.host.failover_cluster if context.machine.host else None
    if cluster is None:
        return None
    if cluster.name:
        return Check.passed("failover-cluster", "H1", f"the host is a node of the failover cluster {cluster.name}")
    return Check.unknown(
        "failover-cluster",
        "H1",
        "the name of the host's failover cluster cannot be read, so a wave has at most one host like it",
        "grant the connecting user full access to the cluster",
    )


def _why(facts: HyperVFacts) -> str:
    """Return why WMI does not show Hyper-V. The check `unread` has the reason of a class that fails."""
    return "" if facts.service == RUNNING else " while the Hyper-V service does not run"


def switch_names(context: Context) -> Check | None:
    """Check the names of virtual switches: replication fails with a `#`."""
    facts = context.machine.hyperv
    if facts is None:
        return None
    if facts.switch_names is None:
        return Check.unknown("switch-names", "H2", f"names of virtual switches cannot be read{_why(facts)}")
    bad = [name for name in facts.switch_names if "#" in name]
    if bad:
        return Check.failed(
            "switch-names",
            "H2",
            f"replication fails with a '#' in the names of virtual switches: {', '.join(bad)}",
            "rename them",
        )
    return Check.passed("switch-names", "H2", "no name of a virtual switch contains '#'")


def virtual_machines(context: Context) -> Check | None:
    """Check virtual machines against the support matrix."""
    facts = context.machine.hyperv
    if facts is None:
        return None
    if facts.virtual_machines is None:
        return Check.unknown("vms", "H2", f"virtual machines cannot be read{_why(facts)}")
    reasons: dict[str, list[str]] = {}
    for machine in facts.virtual_machines:
        for reason in _unsupported(machine):
            reasons.setdefault(reason, []).append(machine.name)
    renamed = [machine.name for machine in facts.virtual_machines if not _VM_NAME.fullmatch(machine.name)]
    if not reasons and not renamed:
        return Check.passed("vms", "H2", _describe_supported(len(facts.virtual_machines)))
    listed = "; ".join(f"{reason}: {', '.join(names)}" for reason, names in reasons.items())
    lines = [f"virtual machines that cannot be protected as they are: {listed}"] if reasons else []
    if renamed:
        # The rule is one of Azure, and the name in Azure is chosen at the protection.
        lines.append(
            "virtual machines that need another name in Azure, 1 to 63 letters, digits and hyphens: "
            + ", ".join(renamed)
        )
    return Check.warning("vms", "H2", "; ".join(lines))


def _describe_supported(number: int) -> str:
    if number == 0:
        return "the host has no virtual machines"
    return f"the support matrix covers {'the virtual machine' if number == 1 else f'all {number} virtual machines'}"


def _unsupported(machine: VirtualMachine) -> Iterator[str]:
    """Yield the properties of a virtual machine that the support matrix excludes."""
    if machine.generation == 2 and machine.secure_boot:
        yield "secure boot is enabled"
    if machine.disks > _MOST_DISKS:
        yield f"more than {_MOST_DISKS} disks"
    if machine.shared_disks:
        yield "a shared disk"
    if machine.pass_through_disks:
        yield "a pass-through disk"
    limit = _LARGEST_OS_DISK_GB.get(machine.generation)
    if limit is not None and machine.first_disk_bytes is not None and machine.first_disk_bytes > limit * 2**30:
        yield f"the first disk is larger than {limit} GB"


def hotfix(context: Context) -> Check | None:
    """Check the hotfix that Windows Server 2012 R2 requires."""
    hotfixes = context.machine.host.hotfixes if context.machine.host else None
    if hotfixes is None:
        return None
    if _HOTFIX in (each.upper() for each in hotfixes):
        return Check.passed("hotfix", "H2", f"{_HOTFIX} is installed")
    return Check.warning(
        "hotfix", "H2", f"{_HOTFIX} is not among the installed hotfixes", "install it or a later update rollup"
    )


def backup(context: Context) -> Check:
    """Check that the agent is not registered for Azure Backup."""
    agent = context.machine.agent
    if agent is None or not agent.backup_registered:
        return Check.passed("backup", "H1", "the host is not registered for Azure Backup")
    return Check.failed(
        "backup",
        "H1",
        "the agent of this host is registered for Azure Backup, and Site Recovery does not support both on one host",
        "unregister it from Azure Backup first, or leave this host out",
    )


def own_registration(context: Context) -> Check | None:
    """Check that the host is not registered by itself, as hosts without VMM and Azure Migrate do.

    A VMM server that is also a Hyper-V host stores the registration of VMM in the same place.
    """
    facts, provider = context.machine.registration, context.machine.provider
    if facts is None:
        return None
    if facts.vault_name is None:
        return Check.passed("own-registration", "H1", "the host itself is not registered in a vault")
    if provider is not None and provider.adapter_present:
        return Check.passed("own-registration", "H1", f"vault {facts.vault_name} has the registration of VMM")
    return Check.warning(
        "own-registration",
        "H1",
        f"the host itself is registered in vault {facts.vault_name}, as a host without VMM or of Azure Migrate; a host"
        " that VMM manages is protected through VMM only",
        "disable the replication of its virtual machines there, unregister the host and remove its Provider",
    )


def agent(context: Context) -> Check:
    """Check the installed agent. An earlier step of a run may still install it."""
    facts = context.machine.agent
    if facts is None:
        message = "the Recovery Services agent is not installed"
        if context.expected.planned:
            return Check.passed("agent", "H4", message)
        return Check.failed("agent", "H4", message, "install it first (siterecovery.hyperv.mars_agent)")
    limitation = agent_builds.limitation(facts.version)
    if limitation is None:
        return Check.passed("agent", "H4", f"agent {facts.version or 'of unknown version'}")
    return Check.warning("agent", "H4", limitation, f"upgrade it to {agent_builds.ADVISED} or newer")


def agent_service(context: Context) -> Check | None:
    """Check that the agent's service can be started."""
    facts = context.machine.agent
    if facts is None:
        return None
    if facts.service == RUNNING:
        return Check.passed("agent-service", "H4", "the agent's service (obengine) is running")
    if facts.service is None:
        return Check.failed(
            "agent-service",
            "H4",
            "the agent is installed, but its service (obengine) is missing",
            "remove the agent (MARSAgentInstaller.exe /q /d) or repair it, then run again",
        )
    if facts.disabled:
        return Check.failed(
            "agent-service",
            "H4",
            "the agent's service (obengine) is disabled",
            "set its startup type to automatic, then run again",
        )
    return Check.warning("agent-service", "H4", f"the agent's service (obengine) is {facts.service}", "start it")


def agent_upgrade(context: Context) -> Check | None:
    """Check that an upgrade is supported: Microsoft supports upgrades over four builds (N-4)."""
    facts, version = context.machine.agent, context.expected.version
    if facts is None or facts.version is None or version is None:
        return None
    step = agent_builds.intermediate_build(facts.version, version) if agent_setup(facts, version) else None
    if step is None:
        direct = f"can be upgraded directly to {version}" if agent_setup(facts, version) else "needs no upgrade"
        return Check.passed("agent-upgrade", "H1", f"agent {facts.version} {direct}")
    return unsupported_upgrade(
        Check.failed(
            "agent-upgrade",
            "H1",
            f"version {version} is more than {agent_builds.SPAN} builds newer than the installed {facts.version}, which"
            f" is not a supported upgrade (N-{agent_builds.SPAN})",
            f"upgrade to {step.version} (update rollup {step.rollup}) first",
        ),
        context,
    )


def agent_folder(context: Context) -> Check | None:
    """Check requested folders of an installed agent, which is never moved."""
    facts, expected = context.machine.agent, context.expected
    if facts is None:
        return None
    for option, actual, requested in (
        ("install_path", facts.install_path, expected.install_path),
        ("cache_path", facts.cache_path, expected.cache_path),
    ):
        if requested is not None and actual is not None and requested.casefold() != actual.rstrip("\\").casefold():
            return Check.failed(
                "agent-folder",
                "H3",
                f"O({option}) is {requested}, but the installed agent uses {actual} and is never moved",
                f"remove O({option}), or remove the agent first",
            )
    return Check.passed("agent-folder", "H3", f"the agent is in {facts.install_path}")


def _volumes_unknown(id: str) -> Check:
    return Check.unknown(id, "H3", "the drives of the host cannot be read, so their space is unknown")


def install_drive(context: Context) -> Check | None:
    """Check that the drive of a new agent exists."""
    host, folder = context.machine.host, context.expected.install_path
    if host is None or folder is None or context.machine.agent is not None:
        return None
    if host.volumes is None:
        return _volumes_unknown("install-drive")
    if host.free_gb(folder) is not None:
        return Check.passed("install-drive", "H3", f"{host.name} has the drive {folder[:2]}")
    return Check.failed(
        "install-drive",
        "H3",
        f"{host.name} has no fixed drive {folder[:2]}",
        "set O(install_path) to a folder on another drive",
    )


def cache(context: Context) -> Check | None:
    """Check the drive of the agent's cache. Its free space blocks a new agent only."""
    host, facts, expected = context.machine.host, context.machine.agent, context.expected
    if host is None:
        return None
    if host.volumes is None:
        return _volumes_unknown("cache")
    folder = (facts.cache_path or facts.install_path) if facts else expected.cache_folder
    free = host.free_gb(folder)
    if free is None:
        message = f"{host.name} has no fixed drive {folder[:2]} for the cache"
        if facts is not None:
            return Check.warning("cache", "H3", message)
        return Check.failed("cache", "H3", message, "set O(cache_path) to a folder on another drive")
    space = f"{free:.1f} GB are free on {folder[:2]}" if free < 10 else f"{free:.0f} GB are free on {folder[:2]}"
    if free < expected.minimum_cache_gb:
        message = f"{space}, but the cache requires {expected.minimum_cache_gb} GB"
        fix = "free up space, use another drive, or lower O(minimum_cache_gb)"
        failure = Check.failed if facts is None else Check.warning
        return failure("cache", "H3", message, fix)
    note = f" (the setup guide recommends {ADVISED_CACHE_GB} GB for the cache)" if free < ADVISED_CACHE_GB else ""
    return Check.passed("cache", "H3", f"{space}{note}")


def space(context: Context) -> Check | None:
    """Check the space for the programs of the agent."""
    host, facts = context.machine.host, context.machine.agent
    if host is None:
        return None
    if host.volumes is None:
        return _volumes_unknown("space")
    folder = facts.install_path if facts else context.expected.install_path or DEFAULT_FOLDER
    free = host.free_gb(folder)
    if free is None or free >= _PROGRAM_GB:
        return Check.passed("space", "H3", f"{folder[:2]} has space for the programs of the agent")
    return Check.failed(
        "space",
        "H3",
        f"{free:.1f} GB are free on {folder[:2]}, but the programs of the agent require {_PROGRAM_GB} GB",
        "free up space",
    )


def agent_proxy(context: Context) -> Check | None:
    """Check that the agent's proxy can be read."""
    facts, desired = context.machine.agent, context.expected.proxy
    if facts is None or desired is None:
        return None
    if facts.proxy_known:
        return Check.passed("agent-proxy", "H5", proxies.describe(facts.proxy, desired.mode))
    message = f"the agent's proxy cannot be read while its service (obengine) is {facts.service or 'missing'}"
    if facts.setting_error is not None:
        message = f"the agent's proxy cannot be read although its service (obengine) runs: {facts.setting_error}"
        if "install" in context.operations:
            return Check.unknown("agent-proxy", "H5", f"{message}; whether the new version shows it is not known")
        return Check.failed("agent-proxy", "H5", message, "check Get-OBMachineSetting on the host, then run again")
    if context.expected.planned:
        return Check.unknown("agent-proxy", "H5", message)
    return Check.failed("agent-proxy", "H5", message, "start the service, then run again")


def proxy_bypass(context: Context) -> Check | None:
    """Check that the build of the agent supports a bypass list. An upgrade that is due may bring it."""
    facts, desired = context.machine.agent, context.expected.proxy
    if facts is None or not facts.proxy_known or desired is None or not desired.bypass:
        return None
    if facts.bypass_supported:
        return Check.passed("proxy-bypass", "H5", "the agent supports a proxy bypass list")
    message = f"agent {facts.version or 'of unknown version'} does not support a proxy bypass list"
    if "install" in context.operations:
        return Check.unknown("proxy-bypass", "H5", f"{message}; whether the new version does is not known")
    return Check.failed("proxy-bypass", "H5", message, "upgrade the agent, or remove O(proxy.bypass)")


def agent_proxy_login(context: Context) -> Check | None:
    """Check that a change keeps the stored login of the agent's proxy."""
    facts, desired = context.machine.agent, context.expected.proxy
    if facts is None or desired is None or facts.proxy is None:
        return None
    stored = facts.comparable_proxy(desired.username)
    return login_check(stored, desired, "H5")
