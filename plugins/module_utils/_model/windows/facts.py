# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what one observation tells about a Windows machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from ..common.names import same_name
from .background_task import WorkFacts

Raw = Mapping[str, Any]
STAGING_DIR = r"C:\ProgramData\siterecovery.hyperv"
RUNNING = "Running"
#: States of a resource and of a node of a cluster.
ONLINE, NODE_DOWN = "Online", "Down"
#: Windows Server 2012 R2, the oldest system of the support matrix.
OLDEST_OS = (6, 3)


@dataclass(frozen=True, slots=True)
class Volume:
    """A fixed volume; sizes in bytes."""

    drive: str
    free_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SystemProxy:
    """The proxy that the account of the service sees."""

    enabled: bool
    server: str | None
    bypass: tuple[str, ...]


def told_system_proxy(seen: SystemProxy | None) -> str:
    """In a few words. None where it can't be read, such as from a stopped service's account."""
    if seen is None:
        return "which proxy the service's account sees is not known"
    return f"the service's account sees {f'the proxy {seen.server}' if seen.enabled else 'no proxy'}"


@dataclass(frozen=True, slots=True)
class Defender:
    """Microsoft Defender's service and the folders that it leaves out."""

    status: str
    exclusions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The machine itself. What the registry does not say is None."""

    name: str
    fqdn: str
    domain_role: int
    os_version: str
    os_caption: str
    account: str
    is_administrator: bool
    dotnet_release: int | None
    powershell_version: str | None
    visual_cpp: str | None
    pending_restart: tuple[str, ...]
    utc_now: datetime
    volumes: tuple[Volume, ...]
    tls: Mapping[str, int | None]
    system_proxy: SystemProxy | None
    #: Only of Windows Server 2012 R2.
    hotfixes: tuple[str, ...] | None
    defender: Defender | None

    @classmethod
    def from_observation(cls, raw: Raw) -> HostFacts:
        proxy, hotfixes, defender = raw["system_proxy"], raw["hotfixes"], raw["antivirus"]
        return cls(
            name=raw["name"],
            fqdn=raw["fqdn"],
            domain_role=raw["domain_role"],
            os_version=raw["os_version"],
            os_caption=raw["os_caption"],
            account=raw["account"],
            is_administrator=raw["is_administrator"],
            dotnet_release=raw["dotnet_release"],
            powershell_version=raw["powershell_version"],
            visual_cpp=raw["visual_cpp"],
            pending_restart=tuple(raw["pending_restart"]),
            utc_now=_need_moment(raw["utc_now"]),
            volumes=tuple(Volume(item["drive"], item["free_bytes"], item["size_bytes"]) for item in raw["volumes"]),
            tls=dict(raw["tls"]),
            system_proxy=SystemProxy(proxy["enabled"], proxy["server"], tuple(proxy["bypass"])) if proxy else None,
            hotfixes=None if hotfixes is None else tuple(hotfixes),
            defender=Defender(defender["status"], tuple(defender["exclusions"])) if defender else None,
        )

    def free_gb(self, path: str) -> float | None:
        """Free space of the volume of a path in GiB; None when the machine has no such volume."""
        drive = path[:2].casefold()
        return next((volume.free_bytes / 2**30 for volume in self.volumes if volume.drive.casefold() == drive), None)


@dataclass(frozen=True, slots=True)
class CloudHost:
    """A host that serves a cloud."""

    id: str
    fqdn: str
    platform: str


@dataclass(frozen=True, slots=True)
class Cloud:
    """A VMM cloud; `published` means that VMM sends its metadata to Site Recovery, None that it does not say."""

    id: str
    name: str
    published: bool | None
    hosts: tuple[CloudHost, ...] = ()
    #: Names; None where VMM does not show them.
    capability_profiles: tuple[str, ...] | None = None

    @classmethod
    def from_observation(cls, raw: Raw) -> Cloud:
        hosts = (CloudHost(host["id"], host["fqdn"], host["platform"]) for host in raw.get("hosts") or [])
        profiles = raw.get("capability_profiles")
        return cls(
            raw["id"], raw["name"], raw["published"], tuple(hosts), None if profiles is None else tuple(profiles)
        )

    def to_result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "synchronized": self.published,
            "hosts": [host.fqdn for host in self.hosts],
        }


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The cluster of a highly available VMM as one node sees it; None is what its cluster service does not say."""

    service: str
    node: str
    #: Every node by name, with its state.
    nodes: Mapping[str, str] | None
    resource: str | None
    resource_state: str | None
    owner_node: str | None

    @classmethod
    def from_observation(cls, raw: Raw) -> ClusterFacts:
        nodes = raw["nodes"]
        return cls(
            raw["service"],
            raw["node"],
            None if nodes is None else {node["name"]: node["state"] for node in nodes},
            raw["resource"],
            raw["resource_state"],
            raw["owner_node"],
        )

    @property
    def owned(self) -> bool:
        """Whether VMM is this node's to run."""
        return self.owner_node is not None and same_name(self.owner_node, self.node)

    @property
    def down(self) -> tuple[str, ...]:
        return tuple(name for name, state in (self.nodes or {}).items() if state == NODE_DOWN)


@dataclass(frozen=True, slots=True)
class VmmFacts:
    """The VMM server. `clouds` and `running_jobs` are None while its service does not run."""

    product_version: str | None
    vmm_id: str | None
    ha_name: str | None
    service: str | None
    running_jobs: int | None
    flag_supported: bool | None
    clouds: tuple[Cloud, ...] | None
    #: VM networks by name, with the logical network that each is bound to.
    networks: Mapping[str, str | None] | None
    install_path: str | None = None
    cluster: ClusterFacts | None = None
    #: A setting was changed that the service, which runs since before, has not read.
    restart_due: bool = False

    @property
    def elsewhere(self) -> str | None:
        """The node that runs a highly available VMM, when it is not this one."""
        return self.cluster.owner_node if self.cluster is not None and not self.cluster.owned else None

    @classmethod
    def from_observation(cls, raw: Raw) -> VmmFacts:
        clouds, cluster = raw["clouds"], raw.get("cluster")
        return cls(
            product_version=raw["product_version"],
            vmm_id=raw["vmm_id"],
            ha_name=raw["ha_name"],
            service=_status(raw["service"]),
            running_jobs=raw["running_jobs"],
            flag_supported=raw["flag_supported"],
            clouds=None if clouds is None else tuple(Cloud.from_observation(cloud) for cloud in clouds),
            networks=None
            if raw["networks"] is None
            else {network["name"]: network["logical_network"] for network in raw["networks"]},
            install_path=raw.get("install_path"),
            cluster=None if cluster is None else ClusterFacts.from_observation(cluster),
            restart_due=raw["restart_due"],
        )


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What is there of the Provider."""

    version: str | None
    adapter_present: bool
    configurator_path: str | None

    @classmethod
    def from_observation(cls, raw: Raw) -> ProviderFacts:
        return cls(raw["version"], raw["adapter_present"], raw["configurator_path"])

    @property
    def complete(self) -> bool:
        """Setup can return before everything is in place: all three signs count."""
        return self.version is not None and self.adapter_present and self.configurator_path is not None


@dataclass(frozen=True, slots=True)
class ProxyFacts:
    """A proxy as a program has stored it. Passwords can't be read back; without `login_shown` neither can the user."""

    address: str
    port: int | None
    username: str | None
    bypass: tuple[str, ...]
    login_shown: bool = True


@dataclass(frozen=True, slots=True)
class RegistrationPlace:
    """A registry key that holds a registration; the one of the preview names no vault."""

    key: str
    vault_name: str | None


@dataclass(frozen=True, slots=True)
class RegistrationFacts:
    """The server's own view of its registration."""

    vault_name: str | None
    hive: str | None
    proxy: ProxyFacts | None
    run_as_account: str | None
    certificates: int
    key_leftovers: tuple[str, ...]
    thumbprints: tuple[str, ...] = ()
    places: tuple[RegistrationPlace, ...] = ()
    encryption: bool = False

    @classmethod
    def from_observation(cls, raw: Raw) -> RegistrationFacts:
        proxy = raw["proxy"]
        return cls(
            vault_name=raw["vault_name"],
            hive=raw["hive"],
            proxy=ProxyFacts(proxy["address"], proxy["port"], proxy["username"], tuple(proxy["bypass"]))
            if proxy
            else None,
            run_as_account=raw["run_as_account"],
            certificates=raw["certificates"],
            key_leftovers=tuple(raw["key_leftovers"]),
            thumbprints=tuple(raw["thumbprints"]),
            places=tuple(RegistrationPlace(place["key"], place["vault_name"]) for place in raw["places"]),
            encryption=raw["encryption"],
        )


@dataclass(frozen=True, slots=True)
class ThrottleFacts:
    """Throttling that is on, as the agent counts: days from 0 (Sunday), times as hh:mm:ss, rates as they were set."""

    days: tuple[int, ...]
    start: str
    end: str
    work: int
    other: int

    @classmethod
    def from_observation(cls, raw: Raw | None) -> ThrottleFacts | None:
        """None: there is no throttling, or it can't be known."""
        if raw is None or not raw["enabled"]:
            return None
        return cls(
            tuple(sorted(raw["work_days"])), raw["start"], raw["end"], raw["work_bandwidth"], raw["non_work_bandwidth"]
        )


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """The Recovery Services agent. `proxy_known` is false while its service does not run.

    Then neither throttling nor the build's abilities are known. Threads that nobody has set are None.
    """

    version: str | None
    install_path: str
    cache_path: str | None
    service: str | None
    backup_registered: bool
    proxy: ProxyFacts | None
    proxy_known: bool
    disabled: bool = False
    bypass_supported: bool | None = None
    throttle: ThrottleFacts | None = None
    throttle_shown: bool = False
    upload_threads: int | None = None
    download_threads: int | None = None
    #: A setting was changed that the service, which runs since before, has not read.
    restart_due: bool = False

    @classmethod
    def from_observation(cls, raw: Raw) -> AgentFacts:
        proxy = raw["proxy"]
        return cls(
            version=raw["version"],
            install_path=raw["install_path"],
            cache_path=raw["cache_path"],
            service=_status(raw["service"]),
            backup_registered=raw["backup_registered"],
            proxy=ProxyFacts(
                proxy["server"] or "", proxy["port"], proxy["username"], tuple(proxy["bypass"]), proxy["login_shown"]
            )
            if proxy and proxy["enabled"]
            else None,
            proxy_known=proxy is not None,
            disabled=raw["service"] is not None and raw["service"]["start_mode"] == "Disabled",
            bypass_supported=raw["bypass_supported"],
            throttle=ThrottleFacts.from_observation(raw["throttle"]),
            throttle_shown=raw["throttle"] is not None,
            upload_threads=raw["upload_threads"],
            download_threads=raw["download_threads"],
            restart_due=raw["restart_due"],
        )


@dataclass(frozen=True, slots=True)
class Guest:
    """A virtual machine. What the host does not say is None."""

    name: str
    generation: int
    secure_boot: bool | None
    disks: int
    first_disk_bytes: int | None
    shared_disks: int
    pass_through_disks: int

    @classmethod
    def from_observation(cls, raw: Raw) -> Guest:
        names = ("name", "generation", "secure_boot", "disks", "first_disk_bytes", "shared_disks", "pass_through_disks")
        return cls(*(raw[name] for name in names))


@dataclass(frozen=True, slots=True)
class HyperVFacts:
    """The host's own service; switch names and virtual machines are None while it does not run."""

    service: str | None
    switch_names: tuple[str, ...] | None
    guests: tuple[Guest, ...] | None

    @classmethod
    def from_observation(cls, raw: Raw) -> HyperVFacts:
        names, guests = raw["switch_names"], raw["vms"]
        return cls(
            _status(raw["service"]),
            None if names is None else tuple(names),
            None if guests is None else tuple(Guest.from_observation(guest) for guest in guests),
        )


@dataclass(frozen=True, slots=True)
class ReachFacts:
    """How far the call of one address came.

    `failure` is a name of .NET's own, `date` the far end's clock and `clock` the machine's when the answer came.
    """

    url: str
    registered: bool
    via: str
    status: int | None
    from_proxy: bool
    failure: str | None
    date: datetime | None
    clock: datetime | None

    @classmethod
    def from_observation(cls, raw: Raw) -> ReachFacts:
        return cls(
            url=raw["url"],
            registered=raw["registered"],
            via=raw["via"],
            status=raw["status"],
            from_proxy=raw["from_proxy"],
            failure=raw["failure"],
            date=_header_date(raw["date"]),
            clock=_moment(raw["clock"]),
        )

    @property
    def reachable(self) -> bool:
        """Whatever the far end answers through TLS is a way out."""
        return self.status is not None and not self.from_proxy

    @property
    def skew(self) -> float | None:
        """Seconds that the machine's clock is ahead of the far end's."""
        if not self.reachable or self.date is None or self.clock is None:
            return None
        return (self.clock - self.date).total_seconds()


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """One observation; a section that was not asked for, or that the machine does not have, is None."""

    host: HostFacts | None = None
    vmm: VmmFacts | None = None
    provider: ProviderFacts | None = None
    registration: RegistrationFacts | None = None
    agent: AgentFacts | None = None
    hyperv: HyperVFacts | None = None
    reach: tuple[ReachFacts, ...] | None = None
    work: tuple[WorkFacts, ...] = ()
    #: Whether Windows Update gets updates for all of Microsoft's products; None where nobody asked.
    microsoft_update: bool | None = None

    @classmethod
    def from_observation(cls, raw: Raw) -> MachineFacts:
        """Raises KeyError when the script and this file do not fit together."""
        return cls(
            host=HostFacts.from_observation(raw["host"]) if raw["host"] else None,
            vmm=VmmFacts.from_observation(raw["vmm"]) if raw["vmm"] else None,
            provider=ProviderFacts.from_observation(raw["provider"]) if raw["provider"] else None,
            registration=RegistrationFacts.from_observation(raw["registration"]) if raw["registration"] else None,
            agent=AgentFacts.from_observation(raw["agent"]) if raw["agent"] else None,
            hyperv=HyperVFacts.from_observation(raw["hyperv"]) if raw["hyperv"] else None,
            reach=None
            if raw.get("reach") is None
            else tuple(ReachFacts.from_observation(item) for item in raw["reach"]),
            work=tuple(WorkFacts.from_observation(work) for work in raw.get("work") or []),
            microsoft_update=raw["updates"]["microsoft_update"] if raw.get("updates") else None,
        )


def _status(service: Raw | None) -> str | None:
    return service["status"] if service else None


def _need_moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def _moment(text: str | None) -> datetime | None:
    return _need_moment(text) if text else None


def _header_date(text: str | None) -> datetime | None:
    """The header Date of an answer; None for one that is no date, which whoever answers may send."""
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=timezone.utc)
