# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the machines of a lab from its document.

machines: a list of
  name, fqdn, kind (vmm_server | hyperv_host), os {version, caption, language (en-US | de-DE | ja-JP)},
  egress (proxy | any), volumes [{drive, size_gb, free_gb}], domain_role, administrator, pending_restart [sources],
  pending_files [paths: their renames are pending], dotnet_release, language_mode (FullLanguage | ConstrainedLanguage),
  execution_policy (a Group Policy), batch_logon (false: a policy denies it to the account),
  logon_policy {right: [accounts]}, missing_roots [thumbprints], root_updates (false: a policy turns them off),
  system_proxy {server, bypass}, switches [names], hyperv_running, clock_skew_seconds, hotfixes [ids],
  antivirus {exclusions [paths]}, latency_seconds (before each command over WinRM),
  tls {enabled, disabled_by_default, strong_crypto, system_default, strong_crypto_32},
  vms [as the module guests describes them],
  cluster {name, nodes [names or {name, state}], drain_ends, drain_seconds} of a Hyper-V host,
  vmm {version, ha_name, cluster {nodes [names or {name, state}], owner, resource, state, running},
       service_account, running_jobs (a number, or [{name, command, owner, progress, minutes, seconds}]: the job ends
       after the seconds), refresher, flag_supported, flag_shown, running, vmm_id,
       hosts [of the group All Hosts itself],
       host_groups [{name, hosts [fqdn or {fqdn, platform, cluster, state, communication_state, maintenance,
       agent_version, operating_system, vms}], children}],
       clouds [{name, host_groups [name or path], published, paired, capability_profiles [names], id}],
       networks [{name, logical_network, id, subnets [{name, range}]}]},
  Machines with the same ha_name and a cluster are its nodes: they share what the first of them describes.
  registration {vault, management_uri}: only the values in the registry,
  provider {version} and agent {version, install_path, cache_path, backup_vault}: installed before the lab starts.
Everything but the name has a default.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal

from ..context import LabContext
from . import languages, layout
from .cluster import COMPLETED, Cluster
from .event_logs import described_events
from .filesystem import File
from .guests import NAMES, described_guest
from .installers import MICROSOFT, catalogue
from .machine import Machine
from .programs import mars_installer, setupdr
from .roots import ROOTS
from .services import Service
from .state import MachineIdentity, MachineKind, Volume
from .vmm import HostGroup, VmHost, Vmm, VmmCloud, VmNetwork
from .vmm_jobs import described_job, refresher

Document = Mapping[str, Any]

_GIB: Final = 1024**3
_DOMAIN: Final = "corp.lab.test"
# Windows Server 2019 with .NET 4.8.
_OS: Final = {"version": "10.0.17763", "caption": "Microsoft Windows Server 2019 Standard"}
_DOTNET: Final = 528049
_VISUAL_CPP: Final = "v14.38.33135.00"
_SERVICE_SID: Final = "S-1-5-21-1004336348-1177238915-682003330-1109"


def build_machines(context: LabContext, document: Document) -> dict[str, Machine]:
    """Build every machine of the document, by name. The journal does not record it."""
    packages = catalogue(document)
    machines: dict[str, Machine] = {}
    for entry in document.get("machines") or []:
        machine = build_machine(context, entry)
        machine.web = {package.url: package for package in packages.values()}
        join(machine, machines)
        machines[machine.name] = machine
    _join_host_clusters(machines)
    _connect_hosts(machines)
    context.journal.clear()
    return machines


def _connect_hosts(machines: Mapping[str, Machine]) -> None:
    """Let VMM find the machines behind its hosts."""
    by_name = {machine.fqdn.lower(): machine for machine in machines.values() if machine.kind == "hyperv_host"}
    for vmm in (machine.vmm for machine in machines.values() if machine.vmm is not None):
        for host in vmm.hosts():
            host.machine = by_name.get(host.fqdn.lower())


def build_machine(context: LabContext, entry: Document) -> Machine:
    name = str(entry["name"])
    kind: MachineKind = "vmm_server" if entry.get("kind", "hyperv_host") == "vmm_server" else "hyperv_host"
    machine = Machine(context, _identity(context, name, kind, entry), _volumes(entry))
    machine.administrator = bool(entry.get("administrator", True))
    machine.batch_logon = bool(entry.get("batch_logon", True))
    machine.stores_passwords = bool(entry.get("stores_passwords", True))
    machine.remote_database = bool((entry.get("vmm") or {}).get("remote_database", False))
    machine.clock_skew = timedelta(seconds=float(entry.get("clock_skew_seconds", 0)))
    machine.hotfixes = [str(each) for each in entry.get("hotfixes") or []]
    _windows(machine, entry)
    _policies(machine, entry)
    if kind == "vmm_server":
        _vmm(machine, entry.get("vmm") or {})
    else:
        _hyperv(machine, entry)
        if entry.get("cluster") is not None:
            _host_cluster(machine, entry["cluster"])
    if entry.get("system_proxy"):
        _system_proxy(machine, entry["system_proxy"])
    if entry.get("provider") is not None and machine.vmm is not None:
        setupdr.lay_down(machine, machine.vmm.folder, _installed(machine, entry["provider"], "5.1.8095.0"))
    if entry.get("registration") is not None:
        machine.registry.set(layout.REGISTRATION_KEY, "ResourceName", str(entry["registration"]["vault"]))
        uri = entry["registration"].get("management_uri")
        if uri is not None:
            machine.registry.set(layout.REGISTRATION_KEY, "SRSUri", str(uri))
    if entry.get("agent") is not None:
        _agent(machine, entry["agent"])
    machine.events = described_events(machine, entry.get("events") or [])
    for log in entry.get("logs") or []:
        path, lines = str(log["path"]), [str(line) for line in log["lines"]]
        machine.files.folder(path.rpartition("\\")[0], machine.now())
        machine.files.write(path, "\r\n".join([*lines, ""]).encode(), machine.now())
    machine.count_disks()
    return machine


def _identity(context: LabContext, name: str, kind: MachineKind, entry: Document) -> MachineIdentity:
    os = {**_OS, **(entry.get("os") or {})}
    user = context.login.windows_user or "CORP\\asr-admin"
    domain, slash, account = user.rpartition("\\")
    egress: Literal["proxy", "any"] = "proxy" if entry.get("egress", "any") == "proxy" else "any"
    language = str(os.get("language", languages.ENGLISH))
    if language not in languages.LANGUAGES:
        raise ValueError(f"{name}: os.language is {language}, and the lab knows {', '.join(languages.LANGUAGES)}")
    return MachineIdentity(
        name=name,
        fqdn=str(entry.get("fqdn", f"{name}.{_DOMAIN}")),
        kind=kind,
        os_version=str(os["version"]),
        os_caption=str(os["caption"]),
        domain_role=int(entry.get("domain_role", 3)),
        account_domain=domain if slash else name.upper(),
        account_user=account.split("@", 1)[0],
        egress=egress,
        language=language,
    )


def _shown(machine: Machine, name: str) -> str:
    """Return a service's display name in the language of the machine."""
    return languages.spoken(name, machine.identity.language)


def _volumes(entry: Document) -> list[Volume]:
    described = entry.get("volumes") or [{"drive": "C", "size_gb": 127, "free_gb": 80}]
    found = []
    for volume in described:
        size = int(float(volume.get("size_gb", 127)) * _GIB)
        free = int(float(volume.get("free_gb", volume.get("size_gb", 127))) * _GIB)
        found.append(Volume(str(volume["drive"]).rstrip(":\\").upper(), size, free))
    return found


def _windows(machine: Machine, entry: Document) -> None:
    registry, tls = machine.registry, entry.get("tls") or {}
    for key in (layout.UNINSTALL_KEY, layout.UNINSTALL_KEY_32, layout.SESSION_KEY):
        registry.ensure(key)
    registry.set(layout.FRAMEWORK_KEY, "Release", int(entry.get("dotnet_release", _DOTNET)))
    registry.set(layout.SHELL_KEY, "PowerShellVersion", f"5.1.{machine.identity.os_version.rsplit('.', 1)[-1]}.1")
    if entry.get("visual_cpp", _VISUAL_CPP):
        registry.set(layout.RUNTIME_KEY, "Installed", 1)
        registry.set(layout.RUNTIME_KEY, "Version", str(entry.get("visual_cpp", _VISUAL_CPP)))
    machine.microsoft_update = bool(entry.get("microsoft_update", False))
    if "enabled" in tls:
        registry.set(layout.SCHANNEL_KEY, "Enabled", int(tls["enabled"]))
    if "disabled_by_default" in tls:
        registry.set(layout.SCHANNEL_KEY, "DisabledByDefault", int(tls["disabled_by_default"]))
    registry.set(layout.DOTNET_KEY, "SchUseStrongCrypto", int(tls.get("strong_crypto", 1)))
    registry.set(layout.DOTNET_KEY, "SystemDefaultTlsVersions", int(tls.get("system_default", 1)))
    if "strong_crypto_32" in tls:
        registry.set(layout.DOTNET_KEY_32, "SchUseStrongCrypto", int(tls["strong_crypto_32"]))
    # Many servers have another product, so Defender exists only when the document describes it.
    if entry.get("antivirus") is not None:
        machine.services.add(Service(layout.DEFENDER_SERVICE, _shown(machine, "Microsoft Defender Antivirus Service")))
        for path in entry["antivirus"].get("exclusions") or []:
            registry.set(layout.EXCLUSION_KEYS[0], str(path), 0)
    registry.ensure(f"{layout.HKU}\\{layout.SYSTEM_SID}\\{layout.INTERNET_SETTINGS}")
    pending = set(entry.get("pending_restart") or [])
    files = entry.get("pending_files") or ([r"C:\Windows\Temp\old.dll"] if "pending_file_rename" in pending else [])
    if files:
        registry.set(layout.SESSION_KEY, layout.RENAMES, [part for file in files for part in (rf"\??\{file}", "")])
    if "component_servicing" in pending:
        registry.ensure(layout.SERVICING_KEY)
    if "windows_update" in pending:
        registry.ensure(layout.UPDATE_KEY)
    for folder in (r"C:\Windows\Temp", r"C:\ProgramData", r"C:\Program Files"):
        machine.files.folder(folder, machine.now())
    machine.files.folder(layout.REG.rsplit("\\", 1)[0], machine.now())
    for path in (layout.REG, layout.MSIEXEC):
        name = path.rsplit("\\", 1)[1]
        program = File("", None, "", machine.now(), machine.identity.os_version, MICROSOFT, "Valid", program=name)
        machine.files.write(path, name.encode(), machine.now(), like=program)


def _policies(machine: Machine, entry: Document) -> None:
    """Set the language mode, the execution policy and the trusted roots of a machine."""
    machine.language_mode = str(entry.get("language_mode", machine.language_mode))
    policy = entry.get("execution_policy")
    if policy is not None:
        machine.registry.set(layout.SHELL_POLICY_KEY, "EnableScripts", int(policy != "Restricted"))
        machine.registry.set(layout.SHELL_POLICY_KEY, "ExecutionPolicy", str(policy))
    denied = [] if machine.batch_logon else [f"{machine.identity.account_domain}\\{machine.identity.account_user}"]
    rights = {"SeDenyBatchLogonRight": denied} if denied else {}
    machine.logon_policy = {**rights, **(entry.get("logon_policy") or {})}
    missing = {str(each).lower() for each in entry.get("missing_roots") or []}
    machine.roots = [each for each in ROOTS if each.lower() not in missing]
    if not entry.get("root_updates", True):
        machine.registry.set(layout.ROOT_POLICY_KEY, "DisableRootAutoUpdate", 1)


def _system_proxy(machine: Machine, proxy: Document) -> None:
    for sid in sorted({layout.SYSTEM_SID, machine.service_owner_sid()}):
        key = f"{layout.HKU}\\{sid}\\{layout.INTERNET_SETTINGS}"
        machine.registry.set(key, "ProxyEnable", 1)
        machine.registry.set(key, "ProxyServer", str(proxy["server"]))
        machine.registry.set(key, "ProxyOverride", ";".join(proxy.get("bypass") or []))


def _hyperv(machine: Machine, entry: Document) -> None:
    running = bool(entry.get("hyperv_running", True))
    machine.services.add(
        Service(
            layout.HYPERV_SERVICE,
            _shown(machine, "Hyper-V Virtual Machine Management"),
            status="Running" if running else "Stopped",
        )
    )
    machine.switches = [str(name) for name in entry.get("switches") or ["Converged"]]
    machine.guests = [described_guest(each) for each in entry.get("vms") or []]


def _jobs(machine: Machine, vmm: Vmm, described: Document) -> None:
    """Start VMM's refresher and the described jobs. Those with `seconds` end by themselves."""
    if described.get("refresher", True):
        vmm.jobs.append(refresher(machine.now()))
    jobs = described.get("running_jobs", 0)
    for entry in [{}] * jobs if isinstance(jobs, int) else jobs:
        machine.start_job(described_job(machine.now(), entry), entry.get("seconds"))


def _vmm(machine: Machine, described: Document) -> None:
    version = str(described.get("version", "10.19.2445.0"))
    folder = layout.vmm_folder(version)
    vmm_id = str(described.get("vmm_id", _id(machine, "vmm")))
    root = HostGroup(_id(machine, "group", "All Hosts"), "All Hosts", "All Hosts")
    root.hosts = [_host(host, version) for host in described.get("hosts") or []]
    root.children = [_group(machine, group, root.path, version) for group in described.get("host_groups") or []]
    vmm = Vmm(version, vmm_id, folder, root)
    vmm.clouds = [_cloud(machine, vmm, cloud) for cloud in described.get("clouds") or []]
    machine.vmm = vmm
    vmm.console_port = int(described.get("console_port", vmm.console_port))
    _jobs(machine, vmm, described)
    networks = described.get("networks", [{"name": "VM Network", "logical_network": "LAN"}])
    vmm.networks = [_network(machine, each) for each in networks]
    vmm.flag_supported = bool(described.get("flag_supported", True))
    vmm.flag_shown = bool(described.get("flag_shown", vmm.flag_supported))
    registry = machine.registry
    registry.set(layout.VMM_SETUP_KEY, "ProductVersion", version)
    registry.set(layout.VMM_SETUP_KEY, "InstallPath", folder + "\\")
    registry.set(layout.VMM_SETUP_KEY, "VmmID", vmm_id)
    if "console_port" in described:
        registry.set(layout.VMM_CONSOLE_KEY, "IndigoTcpPort", vmm.console_port)
    if described.get("ha_name"):
        registry.set(layout.VMM_SETUP_KEY, "HAVMMName", str(described["ha_name"]))
    module = f"{folder}\\{layout.VMM_MODULE}"
    machine.files.folder(module.rsplit("\\", 1)[0], machine.now())
    machine.files.write(module, b"# VMM", machine.now())
    account = str(described.get("service_account", f"{machine.identity.account_domain}\\svc-vmm"))
    sid = layout.SYSTEM_SID if account == "LocalSystem" else _SERVICE_SID
    service = machine.services.add(
        Service(
            layout.VMM_SERVICE,
            "System Center Virtual Machine Manager",
            status="Running" if described.get("running", True) else "Stopped",
            account=account,
            owner_sid=sid,
            start_seconds=machine.context.delays.service_start,
        )
    )
    registry.ensure(f"{layout.HKU}\\{service.owner_sid}\\{layout.INTERNET_SETTINGS}")
    if described.get("ha_name") and described.get("cluster") is not None:
        _cluster(machine, service, str(described["ha_name"]), described["cluster"])


def _cluster(machine: Machine, service: Service, role: str, described: Document) -> None:
    # Only the cluster starts the service.
    service.start_mode = "Manual"
    nodes = _nodes(machine, described)
    machine.cluster = Cluster(
        role,
        str(described.get("resource", f"VMM Service {role}")),
        nodes,
        str(described.get("owner", next(iter(nodes)))),
        described.get("state", "Online"),
    )
    machine.cluster.members[machine.name.lower()] = machine
    runs = bool(described.get("running", True))
    machine.services.add(Service(layout.CLUSTER_SERVICE, "Cluster Service", status="Running" if runs else "Stopped"))
    if not runs or not machine.cluster.owns(machine) or machine.cluster.state != "Online":
        service.status, service.process_id = "Stopped", 0


def _nodes(machine: Machine, described: Document) -> dict[str, str]:
    """Return the states of the nodes by name."""
    nodes: dict[str, str] = {}
    for node in described.get("nodes") or [machine.name]:
        entry: Document = {"name": node} if isinstance(node, str) else node
        nodes[str(entry["name"])] = str(entry.get("state", "Up"))
    return nodes


def _host_cluster(machine: Machine, described: Document) -> None:
    """Make a Hyper-V host a node of a cluster, whose roles are its virtual machines."""
    machine.cluster = Cluster(str(described.get("name", "HVCLUSTER")), "", _nodes(machine, described), "")
    machine.cluster.drain_ends = str(described.get("drain_ends", COMPLETED))
    machine.cluster.drain_seconds = float(described.get("drain_seconds", 0))
    machine.cluster.members[machine.name.lower()] = machine
    machine.services.add(Service(layout.CLUSTER_SERVICE, "Cluster Service"))


def _join_host_clusters(machines: Mapping[str, Machine]) -> None:
    """Make each Hyper-V host a node of the cluster that VMM shows for it, unless its own description has a cluster."""
    shown = {host.fqdn.lower(): host for each in machines.values() if each.vmm is not None for host in each.vmm.hosts()}
    for machine in machines.values():
        own = shown.get(machine.fqdn.lower())
        if machine.vmm is not None or machine.cluster is not None or own is None or own.cluster is None:
            continue
        members = [host for host in shown.values() if (host.cluster or "").lower() == own.cluster.lower()]
        # Documented: VMM shows the full name of a cluster, and maintenance mode pauses a node.
        nodes = [
            {"name": host.fqdn.partition(".")[0], "state": "Paused" if host.maintenance else "Up"} for host in members
        ]
        _host_cluster(machine, {"name": own.cluster.partition(".")[0], "nodes": nodes})
        join(machine, {name: other for name, other in machines.items() if other is not machine})


def join(machine: Machine, machines: Mapping[str, Machine]) -> None:
    """Connect another node of a cluster with the cluster and the database of the first one."""
    own = machine.cluster
    if own is None:
        return
    for other in machines.values():
        if other.cluster is None or other.cluster.role.lower() != own.role.lower():
            continue
        if machine.vmm is None and other.vmm is None:
            other.cluster.members[machine.name.lower()] = machine
            machine.cluster = other.cluster
            return
        if other.vmm is not None:
            other.cluster.members[machine.name.lower()] = machine
            machine.cluster, machine.vmm = other.cluster, other.vmm
            machine.registry.set(layout.VMM_SETUP_KEY, "VmmID", other.vmm.vmm_id)
            return


def _id(machine: Machine, *parts: str) -> str:
    """Return the same id for the same name in every run."""
    return str(uuid.uuid5(NAMES, "/".join((machine.fqdn.lower(), *parts))))


def _group(machine: Machine, described: Document | str, above: str, version: str) -> HostGroup:
    entry: Document = {"name": described} if isinstance(described, str) else described
    name = str(entry["name"])
    path = f"{above}\\{name}"
    group = HostGroup(_id(machine, "group", path), name, path)
    group.hosts = [_host(host, version) for host in entry.get("hosts") or []]
    group.children = [_group(machine, child, path, version) for child in entry.get("children") or []]
    return group


def _network(machine: Machine, described: Document) -> VmNetwork:
    name = str(described["name"])
    subnets = tuple((str(each["name"]), str(each["range"])) for each in described.get("subnets") or [])
    identifier = str(described.get("id") or _id(machine, "network", name))
    return VmNetwork(name, described.get("logical_network"), identifier, subnets)


def _host(described: Document | str, version: str) -> VmHost:
    entry: Document = {"fqdn": described} if isinstance(described, str) else described
    fqdn, platform = str(entry["fqdn"]), str(entry.get("platform", "HyperV"))
    host = VmHost(str(uuid.uuid5(NAMES, fqdn.lower())), fqdn, platform)
    # An agent is as old as the VMM server that installed it.
    host.agent_version = entry.get("agent_version", version if platform == "HyperV" else None)
    host.cluster = entry.get("cluster")
    host.state = str(entry.get("state", host.state))
    host.communication_state = str(entry.get("communication_state", host.communication_state))
    host.maintenance = bool(entry.get("maintenance", False))
    host.operating_system = entry.get("operating_system", host.operating_system)
    host.own_guests = [described_guest(each) for each in entry.get("vms") or []]
    return host


def _cloud(machine: Machine, vmm: Vmm, described: Document) -> VmmCloud:
    name = str(described["name"])
    wanted: Sequence[str] = described.get("host_groups") or []
    groups = [
        group for want in wanted for group in vmm.groups() if want.lower() in {group.name.lower(), group.path.lower()}
    ]
    if len(groups) < len(wanted):
        raise ValueError(f"cloud {name} of {machine.name} names a host group that VMM does not have: {wanted}")
    return VmmCloud(
        str(described.get("id") or _id(machine, "cloud", name)),
        name,
        groups,
        bool(described.get("published", False)),
        bool(described.get("paired", False)),
        [str(profile) for profile in described.get("capability_profiles", ["Hyper-V"])],
    )


def _installed(machine: Machine, entry: Document, version: str) -> File:
    return File("", b"", "", machine.now(), str(entry.get("version", version)), MICROSOFT, "Valid")


def _agent(machine: Machine, entry: Document) -> None:
    folder = str(entry.get("install_path", layout.AGENT_FOLDER))
    cache = str(entry.get("cache_path", f"{folder}\\Scratch"))
    mars_installer.lay_down(machine, _installed(machine, entry, "2.0.9260.0"), folder, cache)
    if entry.get("backup_vault"):
        machine.registry.set(layout.AGENT_KEY + r"\Config", "ServiceResourceName", str(entry["backup_vault"]))
