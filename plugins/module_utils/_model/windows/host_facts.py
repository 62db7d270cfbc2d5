# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: facts about a Windows machine that do not depend on its role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..common.shown_text import foreign, shown_address

Raw = Mapping[str, Any]
#: The folder for installers, keys and exports on the machine, if the task names no other.
STAGING_DIR = r"C:\ProgramData\siterecovery.hyperv"
#: Begins the name of every key file that a registration writes. Other key files in the folder are not ours.
KEY_PREFIX = "siterecovery.hyperv-"
#: The state of a service that runs.
RUNNING = "Running"
#: The length of the numbers before the proxy in WinHttpSettings.
_WINHTTP_HEAD = 16


@dataclass(frozen=True, slots=True)
class Volume:
    """A fixed volume."""

    drive: str
    free_bytes: int

    @classmethod
    def from_observation(cls, raw: Raw) -> Volume:
        """Build the facts from one entry of key `volumes`."""
        return cls(raw["drive"], raw["free_bytes"])


@dataclass(frozen=True, slots=True)
class SystemProxy:
    """The proxy in the Internet settings of the service's account."""

    enabled: bool
    server: str | None
    bypass: tuple[str, ...]
    #: True if a policy makes the settings of the machine those of every account.
    of_machine: bool = False
    #: The address of an automatic configuration script, which chooses a proxy by address.
    script_url: str | None = None
    #: The proxy of `netsh winhttp`.
    winhttp: str | None = None

    @classmethod
    def from_observation(cls, raw: Raw) -> SystemProxy:
        """Build the facts from key `system_proxy` of section `host`."""
        return cls(
            raw["enabled"],
            raw["server"],
            tuple(raw["bypass"]),
            bool(raw.get("of_machine")),
            raw.get("script_url"),
            winhttp_proxy(raw.get("winhttp")),
        )

    @property
    def used(self) -> bool:
        """Tell whether a connection may go through a proxy."""
        return self.enabled or self.script_url is not None


@dataclass(frozen=True, slots=True)
class RootFacts:
    """The thumbprints of trusted roots that the machine has, and whether Windows fetches missing ones itself."""

    present: tuple[str, ...]
    fetched: bool


@dataclass(frozen=True, slots=True)
class BatchLogon:
    """The accounts to which Group Policy grants and denies the logon as a batch job. None: no policy sets the right."""

    granted: tuple[str, ...] | None
    denied: tuple[str, ...] | None

    @classmethod
    def from_observation(cls, raw: Raw) -> BatchLogon:
        """Build the facts from key `batch_logon`."""
        granted, denied = (
            None if raw[name] is None else tuple(map(foreign, raw[name])) for name in ("granted", "denied")
        )
        return cls(granted, denied)


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
    #: None if they could not be read.
    volumes: tuple[Volume, ...] | None
    tls: Mapping[str, int | None]
    system_proxy: SystemProxy | None
    #: Read on Windows Server 2012 R2 only.
    hotfixes: tuple[str, ...] | None
    defender: Defender | None
    #: None: the machine is not a running node of a failover cluster.
    failover_cluster: FailoverCluster | None = None
    #: The first files that Windows moves or deletes at its next start, and the number of all.
    pending_files: tuple[str, ...] = ()
    pending_file_count: int = 0
    #: Execution policies that Group Policy sets.
    machine_policy: str | None = None
    user_policy: str | None = None
    #: None if the store was not or cannot be read.
    roots: RootFacts | None = None
    #: None if the log of Group Policy shows no right.
    batch_logon: BatchLogon | None = None

    @classmethod
    def from_observation(cls, raw: Raw) -> HostFacts:
        """Build the facts from section `host` of an observation."""
        proxy, hotfixes, defender = raw["system_proxy"], raw["hotfixes"], raw["antivirus"]
        policy, roots = raw.get("execution_policy") or {}, raw.get("roots")
        return cls(
            name=raw["name"],
            fqdn=raw["fqdn"],
            domain_role=raw["domain_role"],
            os_version=raw["os_version"],
            os_caption=raw["os_caption"],
            account=raw["account"] or "the connecting user",
            is_administrator=raw["is_administrator"],
            dotnet_release=raw["dotnet_release"],
            powershell_version=raw["powershell_version"],
            visual_cpp=raw["visual_cpp"],
            pending_restart=tuple(raw["pending_restart"]),
            utc_now=parse_moment(raw["utc_now"]),
            volumes=None if raw["volumes"] is None else tuple(map(Volume.from_observation, raw["volumes"])),
            tls=dict(raw["tls"]),
            system_proxy=SystemProxy.from_observation(proxy) if proxy else None,
            hotfixes=None if hotfixes is None else tuple(hotfixes),
            defender=Defender(defender["status"], tuple(defender["exclusions"])) if defender else None,
            failover_cluster=FailoverCluster(raw["cluster"]["name"]) if raw["cluster"] else None,
            pending_files=tuple(foreign(name) for name in raw.get("pending_files") or ()),
            pending_file_count=raw.get("pending_file_count") or 0,
            machine_policy=policy.get("machine"),
            user_policy=policy.get("user"),
            batch_logon=BatchLogon.from_observation(raw["batch_logon"]) if raw.get("batch_logon") else None,
            roots=RootFacts(tuple(roots["present"]), roots["fetched"]) if roots else None,
        )

    @property
    def restart_sources(self) -> str:
        """Describe why a restart is pending, with the first files of a pending rename."""
        return ", ".join(self._source(name) for name in self.pending_restart)

    def _source(self, name: str) -> str:
        if name != "pending_file_rename" or not self.pending_files:
            return name
        more = self.pending_file_count - len(self.pending_files)
        return f"{name}: {', '.join(self.pending_files)}{f' and {more} more' if more > 0 else ''}"

    def free_gb(self, path: str) -> float | None:
        """Return the free space in GiB of the volume that holds a path, or None if there is no such volume."""
        drive = path[:2].casefold()
        return next((each.free_bytes / 2**30 for each in self.volumes or () if each.drive.casefold() == drive), None)


def describe_system_proxy(proxy: SystemProxy | None) -> str:
    """Describe the proxy of the service's account. None means that its settings cannot be read now."""
    if proxy is None:
        return "the proxy settings of the service account are unknown"
    used = [f"the proxy {shown_address(proxy.server or '')}"] if proxy.enabled else []
    if proxy.script_url is not None:
        used.append(f"the automatic configuration script {shown_address(proxy.script_url)}")
    described = f"the service account uses {' and '.join(used) or 'no proxy'}"
    if proxy.of_machine:
        described += " (Internet settings of the machine, by policy)"
    return described + (f"; WinHTTP uses the proxy {shown_address(proxy.winhttp)}" if proxy.winhttp else "")


def winhttp_proxy(stored: str | None) -> str | None:
    """Return the proxy in the bytes of WinHttpSettings, which begin with `hex:`. None if there is none.

    Inferred, from public dumps of the value: size, counter, flags (2 means a proxy), length of the proxy, proxy.
    """
    if not stored or not stored.startswith("hex:"):
        return None
    data = bytes.fromhex(stored[4:]) if re.fullmatch("(?:[0-9A-Fa-f]{2})*", stored[4:]) else b""
    if len(data) < _WINHTTP_HEAD or not int.from_bytes(data[8:12], "little") & 2:
        return None
    length = int.from_bytes(data[12:16], "little")
    return data[_WINHTTP_HEAD : _WINHTTP_HEAD + length].decode("ascii", "replace") or None


def service_status(service: Raw | None) -> str | None:
    """Return the state of an observed service, or None if it does not exist."""
    return service["status"] if service else None


def parse_moment(text: str) -> datetime:
    """Parse a point in time as the scripts write it."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
