# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: facts about a Windows machine that do not depend on its role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..common.shown_text import shown_address

Raw = Mapping[str, Any]
#: The folder for installers, keys and exports on the machine, if the task names no other.
STAGING_DIR = r"C:\ProgramData\siterecovery.hyperv"
#: Begins the name of every key file that a registration writes. Other key files in the folder are not ours.
KEY_PREFIX = "siterecovery.hyperv-"
#: The state of a service that runs.
RUNNING = "Running"


@dataclass(frozen=True, slots=True)
class Volume:
    """A fixed volume. Sizes are in bytes."""

    drive: str
    free_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SystemProxy:
    """The proxy in the Internet settings of the service's account."""

    enabled: bool
    server: str | None
    bypass: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Defender:
    """The state of Microsoft Defender's service, and its excluded folders."""

    status: str
    exclusions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailoverCluster:
    """The failover cluster of a running node. `name` is None if it could not be read."""

    name: str | None


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Facts about Windows itself. A value that the registry does not have is None."""

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
    #: Read on Windows Server 2012 R2 only.
    hotfixes: tuple[str, ...] | None
    defender: Defender | None
    #: None: the machine is not a running node of a failover cluster.
    failover_cluster: FailoverCluster | None = None

    @classmethod
    def from_observation(cls, raw: Raw) -> HostFacts:
        """Build the facts from section `host` of an observation."""
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
            utc_now=parse_moment(raw["utc_now"]),
            volumes=tuple(Volume(item["drive"], item["free_bytes"], item["size_bytes"]) for item in raw["volumes"]),
            tls=dict(raw["tls"]),
            system_proxy=SystemProxy(proxy["enabled"], proxy["server"], tuple(proxy["bypass"])) if proxy else None,
            hotfixes=None if hotfixes is None else tuple(hotfixes),
            defender=Defender(defender["status"], tuple(defender["exclusions"])) if defender else None,
            failover_cluster=FailoverCluster(raw["cluster"]["name"]) if raw["cluster"] else None,
        )

    def free_gb(self, path: str) -> float | None:
        """Return the free space in GiB of the volume that holds a path, or None if there is no such volume."""
        drive = path[:2].casefold()
        return next((volume.free_bytes / 2**30 for volume in self.volumes if volume.drive.casefold() == drive), None)


def describe_system_proxy(proxy: SystemProxy | None) -> str:
    """Describe the proxy of the service's account. None means that its settings cannot be read now."""
    if proxy is None:
        return "the proxy settings of the service account are unknown"
    return f"the service account uses {_shown_proxy(proxy) if proxy.enabled else 'no proxy'}"


def _shown_proxy(proxy: SystemProxy) -> str:
    return f"the proxy {shown_address(proxy.server or '')}"


def service_status(service: Raw | None) -> str | None:
    """Return the state of an observed service, or None if it does not exist."""
    return service["status"] if service else None


def parse_moment(text: str) -> datetime:
    """Parse a point in time as the scripts write it."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
