# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of the lab shares: time, the journal of writes, planned faults, and the two sides of the world."""

from __future__ import annotations

import fnmatch
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal, Protocol

Resolver = Callable[[str], "tuple[str, int] | None"]
Side = Literal["azure", "windows"]
FaultAction = Literal["fail", "delay", "throttle", "drop", "hang"]


class RegistrationRefused(Exception):
    """The vault's service does not take a server: the reason as a code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def digest(secret: str) -> str:
    """Stands for a secret in the journal: enough to tell two apart, useless for anything else."""
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()[:12]


@dataclass
class Clock:
    """The lab's time. Delays are real seconds multiplied by `scale`; `offset` moves the calendar."""

    scale: float = 1.0
    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.offset

    def after(self, seconds: float) -> float:
        """The monotonic moment at which something that takes `seconds` in a real lab is done here."""
        return time.monotonic() + seconds * self.scale

    @staticmethod
    def reached(moment: float) -> bool:
        return time.monotonic() >= moment


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds as a real subscription and real servers take them (the clock scales them down)."""

    vault_create: float = 20.0
    storage_create: float = 17.0
    network_create: float = 10.0
    retry_after: float = 15.0
    # A registered server "can take 15 to 30 minutes to show up" (Hyper-V to Azure tutorial).
    fabric_appears: float = 900.0
    cloud_appears: float = 120.0
    provider_install: float = 120.0
    provider_register: float = 60.0
    agent_install: float = 180.0
    service_start: float = 30.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One write: what changed the world, when and by what."""

    at: str
    side: Side
    target: str
    verb: str
    detail: dict[str, Any]


@dataclass
class Journal:
    """Every write on either side in order; reads, tokens and shells are only counted."""

    entries: list[Entry] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def write(self, side: Side, target: str, verb: str, **detail: Any) -> None:
        entry = Entry(datetime.now(timezone.utc).isoformat(timespec="milliseconds"), side, target, verb, detail)
        with self._lock:
            self.entries.append(entry)

    def count(self, kind: str) -> None:
        with self._lock:
            self.counts[kind] += 1

    def clear(self) -> None:
        with self._lock:
            self.entries.clear()
            self.counts.clear()


@dataclass
class Fault:
    """One planned mishap: the point it happens at (a glob), what happens, how often it is left."""

    point: str
    action: FaultAction
    times: int = 1
    after: int = 0
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass
class Faults:
    """Planned mishaps.

    Points are named `arm:<METHOD>:<path>`, `winrm:<machine>:<operation>`, `windows:<machine>:<program>`.
    """

    planned: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def plan(self, point: str, action: FaultAction, *, times: int = 1, after: int = 0, **detail: Any) -> Fault:
        """Let the next `times` hits of `point` go wrong, skipping the first `after` ones."""
        fault = Fault(point.lower(), action, times, after, detail)
        with self._lock:
            self.planned.append(fault)
        return fault

    def hit(self, point: str) -> Fault | None:
        """Ask at a point whether it goes wrong now; a used fault is counted down."""
        name = point.lower()
        with self._lock:
            for fault in self.planned:
                if fault.times <= 0 or not fnmatch.fnmatchcase(name, fault.point):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self.planned.clear()


@dataclass(frozen=True, slots=True)
class Login:
    """The service principal and the Windows account that the lab knows."""

    tenant: str
    subscription_id: str
    client_id: str
    secret: str = field(repr=False)
    windows_user: str = ""
    windows_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ProxyAccount:
    """The lab's HTTP proxy: the name that machines use for it, and the one login that it takes."""

    name: str
    port: int
    username: str
    password: str = field(repr=False)
    #: Globs of names that it lets nobody reach.
    refuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CloudFacts:
    """What VMM sends about a cloud when it is published."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class VmNetworkFacts:
    """What VMM sends about a VM network; `subnets` are pairs of name and address range."""

    id: str
    name: str
    kind: str = "NoIsolation"
    subnets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class VmmServerFacts:
    """What a VMM server tells the vault about itself when it registers."""

    vmm_id: str
    fqdn: str
    friendly_name: str
    provider_version: str
    server_version: str
    clouds: tuple[CloudFacts, ...] = ()
    networks: tuple[VmNetworkFacts, ...] = ()


class VaultService(Protocol):
    """The vault's service as a VMM server calls it. Every call may raise RegistrationRefused."""

    def register_vmm_server(self, thumbprint: str, vault_number: str, server: VmmServerFacts) -> None: ...

    def publish_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None: ...

    def withdraw_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None: ...


def nobody(_host: str) -> None:
    """Knows no public name."""


class World:
    """What the two sides of the lab, Azure and the Windows machines, share: time, journal, faults, logins and names."""

    #: The one thing of Azure that the Windows side calls.
    azure: VaultService
    # Where a public name really listens; None for a name that nobody knows.
    resolve: Resolver

    def __init__(self, *, login: Login, proxy: ProxyAccount, scale: float = 1.0, delays: Delays | None = None) -> None:
        self.clock = Clock(scale)
        self.delays = delays or Delays()
        self.journal = Journal()
        self.faults = Faults()
        self.login = login
        self.proxy = proxy
        self.resolve = nobody
        #: Where every exchange with Azure is written down, without secrets; None: nowhere.
        self.traffic_file: Path | None = None
