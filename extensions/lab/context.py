# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts that both sides of the lab share: time, the journal of writes, planned faults, logins and names."""

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
    """The vault's service rejects a server, with a code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def digest(secret: str) -> str:
    """Return a digest that replaces a secret in the journal: it only distinguishes two secrets."""
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()[:12]


@dataclass
class Clock:
    """The lab's time. Delays are real seconds multiplied by `scale`; `offset` moves the calendar."""

    scale: float = 1.0
    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.offset

    def after(self, seconds: float) -> float:
        """Return the monotonic time at which an operation of `seconds` in the lab's time ends."""
        return time.monotonic() + seconds * self.scale

    @staticmethod
    def reached(moment: float) -> bool:
        return time.monotonic() >= moment


@dataclass(frozen=True, slots=True)
class Delays:
    """Durations in seconds on a real subscription and real servers (the clock scales them down)."""

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
    # From a field note on Restart-Service scvmmservice: "it will take 30 seconds for it to come back".
    vmm_answers: float = 30.0


@dataclass(frozen=True, slots=True)
class Lag:
    """How long Azure shows the state from before a write: for a number of reads, and for seconds of the lab's time.

    `uses` is the number of writes below a new resource, or in a new registration, that do not know it yet.
    """

    reads: int = 2
    uses: int = 1
    seconds: float = 0.0


#: Every write is visible at once.
NO_LAG = Lag(reads=0, uses=0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One write: its time, its side, its target and its details."""

    at: str
    side: Side
    target: str
    verb: str
    detail: dict[str, Any]


@dataclass
class Journal:
    """All writes of both sides in order; reads, tokens and shells are only counted."""

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
    """One planned fault: its point (a glob), its action, and how many times it still happens."""

    point: str
    action: FaultAction
    times: int = 1
    after: int = 0
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass
class Faults:
    """The planned faults.

    Points have the form `arm:<METHOD>:<path>`, `winrm:<machine>:<operation>`, `windows:<machine>:<program>`.
    """

    planned: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def plan(self, point: str, action: FaultAction, *, times: int = 1, after: int = 0, **detail: Any) -> Fault:
        """Make the next `times` hits of `point` fail, after skipping `after` hits."""
        fault = Fault(point.lower(), action, times, after, detail)
        with self._lock:
            self.planned.append(fault)
        return fault

    def hit(self, point: str) -> Fault | None:
        """Return the fault that happens at a point now, and count it down."""
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
    """The service principal and the Windows account of the lab."""

    tenant: str
    subscription_id: str
    client_id: str
    secret: str = field(repr=False)
    windows_user: str = ""
    windows_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ProxyAccount:
    """The lab's HTTP proxy: its name on the machines, and the one login that it accepts."""

    name: str
    port: int
    username: str
    password: str = field(repr=False)
    #: Globs of names that it never connects to.
    refuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CloudFacts:
    """The data that VMM sends about a cloud when it publishes it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class VmNetworkFacts:
    """The data that VMM sends about a VM network; `subnets` are pairs of name and address range."""

    id: str
    name: str
    kind: str = "NoIsolation"
    subnets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """A virtual disk of a virtual machine. The service never learns which one holds the operating system (recorded)."""

    id: str
    name: str
    size_mb: int
    #: The place on the controllers, as the protected item spells it: `<controller>_<number>_<unit>` (recorded).
    place: str = "0_0_0"


@dataclass(frozen=True, slots=True)
class AdapterFacts:
    """A network adapter of a virtual machine; `network_id` is None where it is not connected."""

    id: str
    name: str
    network_id: str | None = None
    subnet: str | None = None
    addresses: tuple[str, ...] = ()


Presence = Literal["Present", "NotPresent", "Unknown"]


@dataclass(frozen=True, slots=True)
class VirtualMachineFacts:
    """The data that VMM sends about a virtual machine of a cloud. `id` is that of VMM, `hyperv_id` that of the host."""

    id: str
    hyperv_id: str
    name: str
    cloud_id: str
    host_id: str
    host_fqdn: str
    generation: int = 2
    operating_system: str = ""
    processors: int = 1
    memory_mb: int = 1024
    disks: tuple[DiskFacts, ...] = ()
    adapters: tuple[AdapterFacts, ...] = ()
    physical_disk: Presence = "NotPresent"
    fibre_channel: Presence = "NotPresent"
    shared_disk: Presence = "NotPresent"
    running: bool = True


class ReplicationRefused(Exception):
    """A VMM server or a host refuses what the vault's service asks for: codes of the service and of the Provider."""

    def __init__(self, code: str, provider_code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.provider_code = provider_code
        self.message = message


@dataclass(frozen=True, slots=True)
class VmmServerFacts:
    """The data that a VMM server sends to the vault when it registers."""

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


class FabricService(Protocol):
    """The VMM servers as the vault's service reaches them through their Providers.

    Every call may raise ReplicationRefused: the server is not connected, a host lacks the agent, Hyper-V refuses.
    """

    def virtual_machines(self, vmm_id: str) -> tuple[VirtualMachineFacts, ...]:
        """Return the virtual machines of all published clouds, as VMM knows them now."""

    def prepare_cloud(self, vmm_id: str, cloud_id: str) -> list[tuple[str, ReplicationRefused]]:
        """Configure all hosts of a cloud for replication, and return those that refuse: name and reason."""

    def release_cloud(self, vmm_id: str, cloud_id: str) -> None:
        """Undo `prepare_cloud`."""

    def enable_replication(self, vmm_id: str, vm_id: str, vault_number: str) -> None:
        """Make the owner host replicate a virtual machine to a vault."""

    def disable_replication(self, vmm_id: str, vm_id: str) -> None:
        """Remove the relationship from the owner host, and the mark of disaster recovery from VMM."""

    def set_running(self, vmm_id: str, vm_id: str, running: bool) -> None:
        """Start or shut down a virtual machine."""

    def knows_machine(self, vmm_id: str, vm_id: str) -> bool:
        """Tell whether VMM has a virtual machine, in any cloud or none."""

    def create_machine(self, vmm_id: str, machine: VirtualMachineFacts) -> None:
        """Create a virtual machine as it was when it was protected, shut down, on a host of its cloud."""

    def unregister(self, vmm_id: str) -> None:
        """Remove the registration from the VMM server (documented: what the removal of a server cleans)."""


def resolve_nothing(_host: str) -> None:
    """Resolve no name, as long as the lab has no listeners."""


class LabContext:
    """The context that Azure and the Windows machines share. The lab and both of its sides hold it."""

    #: The part of Azure that the Windows side calls.
    azure: VaultService
    #: The part of the Windows side that Azure calls.
    fabric: FabricService
    #: Returns the address behind a public name; None for an unknown name.
    resolve: Resolver

    def __init__(
        self,
        *,
        login: Login,
        proxy: ProxyAccount,
        scale: float = 1.0,
        delays: Delays | None = None,
        lag: Lag | None = None,
        location: str = "westeurope",
    ) -> None:
        self.clock = Clock(scale)
        self.delays = delays or Delays()
        self.lag = lag or Lag()
        self.journal = Journal()
        self.faults = Faults()
        self.login = login
        #: The region of the target, which decides the cloud: a region of a national cloud is in no other.
        self.location = location
        self.proxy = proxy
        self.resolve = resolve_nothing
        #: The file that records every exchange with Azure without secrets; None: no file.
        self.traffic_file: Path | None = None
