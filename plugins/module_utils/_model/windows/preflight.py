# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what one observation says about a machine's readiness: a verdict per check, each with its step.

The limits are those of Microsoft's support matrix for Hyper-V disaster recovery to Azure and of its setup programs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..common.errors import Refused
from ..common.names import ResourceId, same_name
from ..common.provider_support import by_table
from ..common.resource import Evidence
from ..common.versions import numbers
from . import agent_builds, endpoints
from .agent import ADVISED_CACHE_GB, DEFAULT_FOLDER
from .facts import (
    OLDEST_OS,
    RUNNING,
    AgentFacts,
    Cloud,
    Defender,
    Guest,
    HostFacts,
    HyperVFacts,
    MachineFacts,
    ProviderFacts,
    ReachFacts,
    RegistrationFacts,
    VmmFacts,
    told_system_proxy,
)
from .provider import counted_jobs, require_cluster
from .proxy import Proxy
from .registration import vault_of
from .requirements import DOTNET_NEEDED

VMM_SERVER, HYPERV_HOST = "vmm_server", "hyperv_host"
KINDS = (VMM_SERVER, HYPERV_HOST)
SECTIONS = {
    VMM_SERVER: ("host", "vmm", "provider", "registration"),
    HYPERV_HOST: ("host", "agent", "hyperv"),
}
PASS, WARN, FAIL = "pass", "warn", "fail"
_VERIFIED = {PASS: "ready", WARN: "ready, with a warning", FAIL: "not ready"}

_OLDEST_VMM = (3, 2, 7510)
#: Releases of VMM by the first numbers of its version; anything else is too new to be known here.
_VMM_RELEASES: dict[tuple[int, ...], str] = {
    (3, 2): "2012 R2",
    (4, 0): "2016",
    (10, 19): "2019",
    (10, 22): "2022",
    (10, 25): "2025",
}
#: `Release` of .NET Framework 4.8 in the registry.
_DOTNET_ADVISED = 528040
_MOST_SKEW_SECONDS = 300
_HYPERV_PROFILE = "hyper-v"
#: Windows Server 2012 R2 wants it ("Prerequisites for Hyper-V to Azure", 2017).
_HOTFIX = "KB2961977"
_PROGRAM_GB = 1
#: KB3186955; the agent's own folders join them.
_LOG_FOLDER = r"C:\ProgramData\ASRLogs"
_VM_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_MOST_DISKS = 16
#: The disk of the operating system by generation, in GB.
_MOST_OS_DISK_GB = {1: 2048, 2: 4095}
_DOMAIN_CONTROLLERS = (4, 5)


@dataclass(frozen=True, slots=True)
class Check:
    """A verdict in one line. `id` is stable, `step` is the walkthrough's."""

    id: str
    step: str
    verdict: str
    message: str

    def to_result(self) -> dict[str, str]:
        return {"id": self.id, "step": self.step, "verdict": self.verdict, "message": self.message}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the machine is judged against."""

    kind: str
    vault: ResourceId | None
    proxy: Proxy | None
    minimum_cache_gb: int
    cache_path: str | None
    now: datetime
    #: Names of the clouds that are to be synchronized; `all` for every one.
    clouds: tuple[str, ...] = ()


def parse_vault_id(text: str | None) -> ResourceId | None:
    """Raises InvalidInput."""
    return vault_of(text) if text else None


def checks(machine: MachineFacts, wanted: Expectation) -> tuple[Check, ...]:
    """Every check of the machine's kind, in the order of the walkthrough."""
    judged = _vmm_server(machine, wanted) if wanted.kind == VMM_SERVER else _hyperv_host(machine, wanted)
    return tuple(judged)


def evidence(judged: Iterable[Check]) -> tuple[Evidence, ...]:
    """One line per step: what is wrong in full, what is well in short."""
    steps: dict[str, list[Check]] = {}
    for check in judged:
        steps.setdefault(check.step, []).append(check)
    return tuple(_line(step, found) for step, found in steps.items())


def _line(step: str, found: list[Check]) -> Evidence:
    bad = [check for check in found if check.verdict != PASS]
    passed = len(found) - len(bad)
    words = [check.message for check in (bad or found[:1])]
    if bad and passed:
        words.append(f"{passed} checks passed" if passed > 1 else "1 check passed")
    elif passed > 1:
        words = [f"{passed} checks passed"]
    verdict = FAIL if any(check.verdict == FAIL for check in bad) else WARN if bad else PASS
    return Evidence(step, "; ".join(words), "nothing to do", _VERIFIED[verdict])


def _vmm_server(machine: MachineFacts, wanted: Expectation) -> Iterator[Check]:
    if machine.vmm is None:
        yield Check("vmm", "S1", FAIL, "this machine runs no VMM server; a console alone is not enough")
    else:
        yield _vmm_version(machine.vmm)
        yield _vmm_id(machine.vmm)
        yield _vmm_service(machine.vmm)
        yield _vmm_jobs(machine)
        yield _provider(machine.provider)
        if machine.vmm.ha_name:
            yield _cluster(machine.vmm)
    if machine.host is not None:
        yield from _host(machine, machine.host, wanted, step="S2")
    if machine.registration is not None:
        yield _vault(machine.registration, wanted.vault)
        yield _way_out(machine, wanted)
    yield from _reach(machine.reach or (), "P6d")
    if machine.vmm is not None and machine.vmm.clouds is not None:
        yield _cloud_flag(machine.vmm)
        yield _cloud_hosts(machine.vmm.clouds, wanted.clouds)
        yield _profiles(machine.vmm.clouds, wanted.clouds)
    if machine.vmm is not None and machine.vmm.networks is not None:
        yield _networks(machine.vmm.networks)


def _hyperv_host(machine: MachineFacts, wanted: Expectation) -> Iterator[Check]:
    if machine.hyperv is not None:
        yield _hyperv_service(machine.hyperv)
        yield _switch_names(machine.hyperv)
        yield _guests(machine.hyperv)
    if machine.host is not None:
        yield from _host(machine, machine.host, wanted, step="H2")
        yield _cache(machine.host, machine.agent, wanted)
        yield _space(machine.host, machine.agent)
        if machine.host.hotfixes is not None:
            yield _hotfix(machine.host.hotfixes)
    yield _backup(machine.agent)
    if machine.agent is not None:
        yield _agent(machine.agent)
    yield from _reach(machine.reach or (), "H6")


# ---- the VMM server ----


def _vmm_version(vmm: VmmFacts) -> Check:
    if not vmm.product_version:
        return Check("vmm", "S1", FAIL, "VMM's version is not in the registry; its installation is incomplete")
    version = numbers(vmm.product_version)
    if version < _OLDEST_VMM:
        return Check("vmm", "S1", FAIL, f"VMM {vmm.product_version} is older than 2012 R2, which the Provider needs")
    release = _VMM_RELEASES.get(version[:2])
    if release is None:
        return Check(
            "vmm", "S1", WARN, f"VMM {vmm.product_version} is a release that is not known here; read the support matrix"
        )
    return Check("vmm", "S1", PASS, f"VMM {release} ({vmm.product_version})")


def _vmm_id(vmm: VmmFacts) -> Check:
    if vmm.vmm_id:
        return Check("vmm-id", "S1", PASS, f"VMM's id is {vmm.vmm_id}")
    return Check(
        "vmm-id", "S1", FAIL, "VmmID is blank in VMM's registry key, and registration fails then; see KB3139299"
    )


def _vmm_service(vmm: VmmFacts) -> Check:
    if vmm.service == RUNNING:
        return Check("vmm-service", "S1", PASS, "the VMM service runs")
    if vmm.elsewhere is not None:
        return Check("vmm-service", "S1", PASS, f"the VMM service is that of node {vmm.elsewhere} now")
    return Check(
        "vmm-service", "S1", WARN, f"the VMM service is {vmm.service or 'missing'}: clouds and jobs can't be checked"
    )


def _vmm_jobs(machine: MachineFacts) -> Check:
    jobs = machine.vmm.running_jobs if machine.vmm else None
    if machine.vmm is not None and machine.vmm.elsewhere is not None:
        return Check("vmm-jobs", "P1", PASS, "no VMM job runs on a node that does not own the cluster role")
    if jobs is None:
        return Check("vmm-jobs", "P1", WARN, "running jobs can't be counted while the VMM service does not run")
    if jobs == 0:
        return Check("vmm-jobs", "P1", PASS, "no VMM job runs")
    installed = machine.provider is not None and machine.provider.complete
    told = f"VMM runs {counted_jobs(jobs)}"
    if installed:
        return Check("vmm-jobs", "P1", PASS, f"{told}, and the Provider is installed")
    return Check("vmm-jobs", "P1", FAIL, f"{told}, and setup of the Provider stops its service; wait for the end")


def _provider(provider: ProviderFacts | None) -> Check:
    """What is new enough for the installer that is going to run is the business of the module provider."""
    if provider is None:
        return Check("provider", "P1", PASS, "no Provider yet")
    if not provider.complete:
        return Check("provider", "P1", WARN, "the Provider is installed in part; module provider sets it up again")
    verdict, reason = by_table(provider.version)
    told = f"Provider {provider.version}"
    if verdict in ("supported", "unknown"):
        return Check("provider", "P1", PASS, told)
    return Check("provider", "P1", WARN, f"{told} should be upgraded: {reason}")


def _cluster(vmm: VmmFacts) -> Check:
    try:
        require_cluster(vmm, "setup of the Provider")
    except Refused as refused:
        return Check("cluster", "P1", FAIL, str(refused))
    told, cluster = f"VMM is highly available (cluster role {vmm.ha_name})", vmm.cluster
    if cluster is not None and cluster.down:
        verb = "is" if len(cluster.down) == 1 else "are"
        return Check(
            "cluster",
            "P1",
            WARN,
            f"{told}, and {', '.join(cluster.down)} {verb} down: install the Provider there later",
        )
    owner = f", owned by {cluster.owner_node}" if cluster is not None else ""
    return Check("cluster", "P1", PASS, f"{told}{owner}")


def _vault(registration: RegistrationFacts, vault: ResourceId | None) -> Check:
    if registration.vault_name is None:
        return Check("vault", "P5", PASS, "the server is in no vault yet")
    if vault is None or same_name(registration.vault_name, vault.name):
        return Check("vault", "P5", PASS, f"the server is registered in vault {registration.vault_name}")
    return Check(
        "vault",
        "P5",
        FAIL,
        f"the server is registered in vault {registration.vault_name}, asked for was {vault.name}:"
        " unregister it there first, or give that vault",
    )


def _way_out(machine: MachineFacts, wanted: Expectation) -> Check:
    mode = wanted.proxy.mode if wanted.proxy else "direct"
    seen = machine.host.system_proxy if machine.host else None
    system = told_system_proxy(seen)
    if mode == "custom":
        return Check(
            "proxy", "P6c", PASS, f"custom proxy {wanted.proxy.address}:{wanted.proxy.port}" if wanted.proxy else ""
        )
    if mode == "system":
        return Check(
            "proxy", "P6b", PASS if seen and seen.enabled else WARN, f"{system} (not verified on a real server)"
        )
    return Check("proxy", "P6a", WARN if seen and seen.enabled else PASS, f"direct; {system}")


def _cloud_flag(vmm: VmmFacts) -> Check:
    clouds = vmm.clouds or ()
    if not vmm.flag_supported or any(cloud.published is None for cloud in clouds):
        return Check(
            "cloud-flag", "P9", FAIL, "this VMM has no switch DisasterRecoverySupported on its clouds; set it by hand"
        )
    return Check("cloud-flag", "P9", PASS, f"clouds: {', '.join(cloud.name for cloud in clouds) or 'none'}")


def _chosen(clouds: tuple[Cloud, ...], names: tuple[str, ...]) -> tuple[Cloud, ...]:
    """All of them where nobody chose."""
    wanted = {name.casefold() for name in names}
    everything = not wanted or "all" in wanted
    return tuple(cloud for cloud in clouds if everything or cloud.name.casefold() in wanted)


def _cloud_hosts(clouds: tuple[Cloud, ...], names: tuple[str, ...]) -> Check:
    empty = [
        cloud.name
        for cloud in _chosen(clouds, names)
        if not any(host.platform.casefold() == "hyperv" for host in cloud.hosts)
    ]
    if not empty:
        return Check("cloud-hosts", "P9", PASS, "every cloud has Hyper-V hosts")
    return Check(
        "cloud-hosts",
        "P9",
        WARN,
        f"without a Hyper-V host in their host groups, nothing can be protected in clouds: {', '.join(empty)}",
    )


def _profiles(clouds: tuple[Cloud, ...], names: tuple[str, ...]) -> Check:
    lacking = [
        cloud.name
        for cloud in _chosen(clouds, names)
        if cloud.capability_profiles is not None
        and _HYPERV_PROFILE not in (profile.casefold() for profile in cloud.capability_profiles)
    ]
    if not lacking:
        return Check("capability", "P9", PASS, "every cloud has the capability profile Hyper-V")
    return Check(
        "capability",
        "P9",
        WARN,
        f"clouds without the capability profile Hyper-V: {', '.join(lacking)}; add it in their properties",
    )


def _networks(networks: Mapping[str, str | None]) -> Check:
    linked = [name for name, logical in networks.items() if logical]
    if linked:
        return Check("vm-networks", "S2", PASS, f"VM networks on a logical network: {', '.join(linked)}")
    return Check(
        "vm-networks",
        "S2",
        WARN,
        "no VM network is bound to a logical network, and only such networks can be mapped; make one",
    )


# ---- the Hyper-V host ----


def _guests(hyperv: HyperVFacts) -> Check:
    if hyperv.guests is None:
        return Check("vms", "H2", WARN, "virtual machines can't be read while the Hyper-V service does not run")
    reasons: dict[str, list[str]] = {}
    for guest in hyperv.guests:
        for reason in _beyond(guest):
            reasons.setdefault(reason, []).append(guest.name)
    if not reasons:
        return Check("vms", "H2", PASS, f"{len(hyperv.guests)} virtual machines are within the support matrix")
    told = "; ".join(f"{reason}: {', '.join(names)}" for reason, names in reasons.items())
    return Check("vms", "H2", WARN, f"virtual machines that can't be protected as they are: {told}")


def _beyond(guest: Guest) -> Iterator[str]:
    """What of a virtual machine is outside of the support matrix."""
    if not _VM_NAME.fullmatch(guest.name):
        yield "the name is not 1 to 63 letters, digits and hyphens"
    if guest.generation == 2 and guest.secure_boot:
        yield "secure boot is on"
    if guest.disks > _MOST_DISKS:
        yield f"more than {_MOST_DISKS} disks"
    if guest.shared_disks:
        yield "a shared disk"
    if guest.pass_through_disks:
        yield "a pass-through disk"
    limit = _MOST_OS_DISK_GB.get(guest.generation)
    if limit is not None and guest.first_disk_bytes is not None and guest.first_disk_bytes > limit * 2**30:
        yield f"the first disk is larger than {limit} GB"


def _space(host: HostFacts, agent: AgentFacts | None) -> Check:
    folder = agent.install_path if agent else DEFAULT_FOLDER
    free = host.free_gb(folder)
    if free is None or free >= _PROGRAM_GB:
        return Check("space", "H3", PASS, f"{folder[:2]} has room for the agent's programs")
    return Check("space", "H3", FAIL, f"{free:.1f} GB free on {folder[:2]}, {_PROGRAM_GB} GB are needed for programs")


def _hotfix(hotfixes: tuple[str, ...]) -> Check:
    if _HOTFIX in (each.upper() for each in hotfixes):
        return Check("hotfix", "H2", PASS, f"{_HOTFIX} is installed")
    return Check(
        "hotfix", "H2", WARN, f"Windows Server 2012 R2 wants {_HOTFIX} or a later update rollup, which is not listed"
    )


def _agent(agent: AgentFacts) -> Check:
    if agent.service != RUNNING:
        return Check("agent", "H4", WARN, f"the agent's service (obengine) is {agent.service or 'missing'}")
    if numbers(agent.version or "0") < numbers(agent_builds.ADVISED):
        return Check("agent", "H4", WARN, f"agent {agent.version} is older than {agent_builds.ADVISED}; upgrade it")
    return Check("agent", "H4", PASS, f"agent {agent.version} runs")


def _hyperv_service(hyperv: HyperVFacts) -> Check:
    if hyperv.service == RUNNING:
        return Check("hyperv", "H1", PASS, "the Hyper-V service runs")
    return Check(
        "hyperv",
        "H1",
        FAIL,
        f"the Hyper-V service (vmms) is {hyperv.service or 'missing'}: this is no working Hyper-V host",
    )


def _switch_names(hyperv: HyperVFacts) -> Check:
    if hyperv.switch_names is None:
        return Check(
            "switch-names", "H2", WARN, "names of virtual switches can't be read while the Hyper-V service does not run"
        )
    bad = [name for name in hyperv.switch_names if "#" in name]
    if bad:
        return Check(
            "switch-names",
            "H2",
            FAIL,
            f"virtual switches with '#' in their names stop replication: {', '.join(bad)}; rename them",
        )
    return Check("switch-names", "H2", PASS, "no virtual switch has '#' in its name")


def _cache(host: HostFacts, agent: AgentFacts | None, wanted: Expectation) -> Check:
    minimum_gb = wanted.minimum_cache_gb
    folder = (agent.cache_path or agent.install_path) if agent else wanted.cache_path or DEFAULT_FOLDER
    free = host.free_gb(folder)
    if free is None:
        return Check("cache", "H3", WARN, f"free space of {folder[:2]} is unknown")
    told = f"{free:.0f} GB free on {folder[:2]}"
    if free < minimum_gb and agent is None:
        return Check("cache", "H3", FAIL, f"{told}, {minimum_gb} GB are needed for the cache")
    if free < ADVISED_CACHE_GB:
        return Check("cache", "H3", WARN, f"{told}, {ADVISED_CACHE_GB} GB are advised for the cache")
    return Check("cache", "H3", PASS, told)


def _backup(agent: AgentFacts | None) -> Check:
    if agent is not None and agent.backup_registered:
        return Check(
            "backup",
            "H1",
            FAIL,
            "the agent is registered for Azure Backup, and Site Recovery does not support both on one host",
        )
    return Check("backup", "H1", PASS, f"agent {agent.version or 'of unknown version'}" if agent else "no agent yet")


# ---- both ----


def _host(machine: MachineFacts, host: HostFacts, wanted: Expectation, step: str) -> Iterator[Check]:
    if host.is_administrator:
        yield Check("elevated", step, PASS, f"{host.account} is an elevated administrator")
    else:
        yield Check("elevated", step, FAIL, f"{host.account} is no elevated administrator; connect as one")
    if numbers(host.os_version)[:2] < OLDEST_OS:
        yield Check("os", step, FAIL, f"{host.os_caption} is older than Windows Server 2012 R2")
    else:
        yield Check("os", step, PASS, host.os_caption)
    if host.domain_role in _DOMAIN_CONTROLLERS:
        yield Check(
            "domain-controller",
            step,
            WARN,
            "the machine is a domain controller; setup of the Provider for hosts without VMM refuses that",
        )
    if host.defender is not None:
        yield _antivirus(host.defender, machine.agent, step)
    if host.pending_restart:
        yield Check(
            "restart",
            step,
            FAIL,
            f"a restart is pending ({', '.join(host.pending_restart)}), and setup refuses then; restart first",
        )
    else:
        yield Check("restart", step, PASS, "no restart is pending")
    yield _dotnet(host, step)
    yield _tls(host, step)
    yield _clock(machine, wanted.now, step)


def _antivirus(defender: Defender, agent: AgentFacts | None, step: str) -> Check:
    if defender.status != RUNNING:
        return Check("antivirus", step, PASS, "Microsoft Defender does not run")
    wanted = [_LOG_FOLDER, *((rf"{agent.install_path}\Scratch", rf"{agent.install_path}\Temp") if agent else ())]
    excluded = [path.casefold().rstrip("\\") for path in defender.exclusions]
    missing = [path for path in wanted if not any(f"{path.casefold()}\\".startswith(f"{each}\\") for each in excluded)]
    if missing:
        return Check(
            "antivirus", step, WARN, f"Microsoft Defender scans {', '.join(missing)}; exclude them, see KB3186955"
        )
    return Check("antivirus", step, PASS, "Microsoft Defender leaves out the folders of Site Recovery")


def _dotnet(host: HostFacts, step: str) -> Check:
    release = host.dotnet_release or 0
    if release < DOTNET_NEEDED:
        return Check(
            "dotnet", step, FAIL, f".NET Framework is older than 4.6.2 (release {release or 'unknown'}); install 4.8"
        )
    if release < _DOTNET_ADVISED:
        return Check(
            "dotnet", step, WARN, f".NET Framework is older than 4.8 (release {release}), which current agents want"
        )
    return Check("dotnet", step, PASS, f".NET Framework 4.8 or newer (release {release})")


def _tls(host: HostFacts, step: str) -> Check:
    tls = host.tls
    if tls["schannel_client_enabled"] == 0 or tls["schannel_client_disabled_by_default"] == 1:
        return Check("tls", step, FAIL, "TLS 1.2 is switched off for clients in SCHANNEL; switch it on and restart")
    if 0 in (tls[name] for name in ("strong_crypto", "system_default", "strong_crypto_32", "system_default_32")):
        return Check(
            "tls",
            step,
            WARN,
            ".NET is told not to use the system's TLS versions (SchUseStrongCrypto, SystemDefaultTlsVersions)",
        )
    return Check("tls", step, PASS, "TLS 1.2 is not switched off")


def _clock(machine: MachineFacts, now: datetime, step: str) -> Check:
    """Against the far end's clock, which is the one that counts; the controller's where nothing answered."""
    host = machine.host
    skews = [(endpoints.host_of(seen.url), seen.skew) for seen in machine.reach or () if seen.skew is not None]
    if skews:
        whose, skew = skews[0]
    else:
        whose, skew = "the controller", (host.utc_now - now).total_seconds() if host else 0.0
    if abs(skew) > _MOST_SKEW_SECONDS:
        return Check(
            "clock",
            step,
            FAIL,
            f"the clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} {whose}'s,"
            f" {_MOST_SKEW_SECONDS} s are allowed; synchronize it",
        )
    return Check("clock", step, PASS, f"the clock is less than {_MOST_SKEW_SECONDS} s off {whose}'s")


def _reach(reach: tuple[ReachFacts, ...], step: str) -> Iterator[Check]:
    """A check for each purpose; what is wrong with several addresses at once is said once."""
    found: dict[str, list[ReachFacts]] = {}
    for seen in reach:
        found.setdefault(endpoints.purpose_of(endpoints.host_of(seen.url)), []).append(seen)
    for purpose, group in found.items():
        bad = [seen for seen in group if not seen.reachable]
        lines = dict.fromkeys(endpoints.summary(seen) for seen in bad or group)
        verdict = PASS if not bad else _reach_verdict(purpose, group, bad)
        if verdict == WARN and purpose == endpoints.STORAGE:
            lines = dict.fromkeys([f"{line} (an account that does not exist yet has no name)" for line in lines])
        yield Check(f"reach-{purpose}", step, verdict, "; ".join(lines))


def _reach_verdict(purpose: str, group: list[ReachFacts], bad: list[ReachFacts]) -> str:
    if purpose == endpoints.SIGN_IN and len(bad) < len(group):
        # One of the names of a cloud that has two is enough.
        return WARN
    # The name of an account begins to exist with it, and so does what a proxy can say about it.
    unknown = ("dns", "proxy")
    if purpose == endpoints.STORAGE and all(endpoints.stage_of(seen) in unknown for seen in bad):
        return WARN
    return FAIL
