# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one Windows machine of the lab, with its clock, its faults, its journal and its background effects."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from ..context import Fault, LabContext
from .agent import Agent
from .cluster import Cluster
from .errors import MachineRestarted
from .events import Event
from .filesystem import FileSystem
from .guests import Guest
from .languages import speaking
from .layout import VMM_SERVICE
from .mirror import Mirror
from .registry import Registry
from .services import Services
from .tasks import ScheduledTask
from .vmm import Vmm

MachineKind = Literal["vmm_server", "hyperv_host"]
Effect: TypeAlias = Callable[[], None]
# A hang ends by itself after this time (real seconds), so that no thread outlives the lab for long.
HANG_SECONDS: Final = 30.0
FULL_LANGUAGE: Final = "FullLanguage"
# The start count of the machine when the process began that the current thread stands for.
_process = threading.local()


@dataclass(slots=True)
class Volume:
    """A fixed drive; `free_bytes` is what was free when the machine was built."""

    drive: str
    size_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class StoreCertificate:
    """A certificate in the store LocalMachine\\My."""

    thumbprint: str
    subject: str
    friendly_name: str
    not_after: datetime

    @property
    def raw(self) -> bytes:
        """Return bytes that stand for the encoded certificate."""
        return f"certificate {self.thumbprint}".encode()


@dataclass(frozen=True, slots=True)
class Package:
    """An installer that the lab's web servers offer; `program` names the program that runs when it is started."""

    url: str
    content: bytes = field(repr=False)
    sha256: str
    version: str
    signer: str
    program: str
    signature: str = "Valid"


@dataclass(frozen=True, slots=True)
class MachineIdentity:
    """The properties of a machine that never change while the lab runs."""

    name: str
    fqdn: str
    kind: MachineKind
    os_version: str
    os_caption: str
    domain_role: int
    account_domain: str
    account_user: str
    egress: Literal["proxy", "any"]
    language: str = "en-US"


class MachineState:
    """All that a machine has. The classes built on it change it and keep the journal."""

    def __init__(self, context: LabContext, identity: MachineIdentity, volumes: list[Volume]) -> None:
        self.context = context
        self.identity = identity
        self.volumes = volumes
        self.clock_skew = timedelta(0)
        self.administrator = True
        #: Whether the account has the right "Log on as a batch job", and whether tasks may store its password.
        self.batch_logon = True
        #: The accounts in a policy of Group Policy, by right. A right that no policy sets is not in it.
        self.logon_policy: dict[str, list[str]] = {}
        self.stores_passwords = True
        #: Whether VMM's database is on another server, on which setup logs on as the account that runs it.
        self.remote_database = False
        #: The language mode of every session (documented: about_Language_Modes). An application control policy, such as
        #: App Control for Business or AppLocker, makes it ConstrainedLanguage.
        self.language_mode = FULL_LANGUAGE
        #: Whether a method of the registry provider leaves out an empty output instead of setting it to null. Public
        #: readers of such answers test for both.
        self.leaves_out_empty = False
        self.registry = Registry()
        self.files = FileSystem([volume.drive for volume in volumes], context.clock.now())
        self.services = Services()
        self.certificates: list[StoreCertificate] = []
        #: Thumbprints in the store LocalMachine\Root.
        self.roots: list[str] = []
        self.vmm: Vmm | None = None
        #: The moment (lab clock) from which VMM answers after the latest start of its service.
        self.vmm_ready_at: float | None = None
        #: The failover cluster of a highly available VMM, or of Hyper-V hosts.
        self.cluster: Cluster | None = None
        self.agent: Agent | None = None
        self.switches: list[str] = []
        #: Whether Windows Update also installs updates for other Microsoft products.
        self.microsoft_update = False
        self.guests: list[Guest] = []
        #: The clouds for whose replication to Azure the host is configured, by id.
        self.replicated_clouds: set[str] = set()
        self.hotfixes: list[str] = []
        #: The entries of the event logs.
        self.events: list[Event] = []
        self.web: dict[str, Package] = {}
        self.tasks: dict[str, ScheduledTask] = {}
        #: Called when the machine restarts: they end what runs outside of this process.
        self.at_restart: list[Callable[[], None]] = []
        self.mirror = Mirror()
        #: Shares that the account may not read, in lower case.
        self.closed_shares: set[str] = set()
        #: Installations that continue after their program. They end while a caller waits, or when a service starts.
        self.unfinished: list[Effect] = []
        self._starts = 0
        self._effects: list[tuple[float, Effect]] = []
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        return self.identity.name

    @property
    def fqdn(self) -> str:
        return self.identity.fqdn

    @property
    def kind(self) -> MachineKind:
        return self.identity.kind

    # ---- time ----

    def now(self) -> datetime:
        """Return the time on the machine's own clock."""
        return self.context.clock.now() + self.clock_skew

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of the lab's time."""
        time.sleep(max(0.0, seconds) * self.context.clock.scale)
        self.check_process()
        self.end_installations()

    def end_installations(self) -> None:
        while self.unfinished:
            self.unfinished.pop(0)()

    def later(self, seconds: float, effect: Effect) -> None:
        """Run `effect` in the background after `seconds` of the lab's time."""
        with self._lock:
            self._effects.append((self.context.clock.after(seconds), effect))

    def settle(self) -> None:
        """Apply every background effect that is due by now."""
        self.check_process()
        with self._lock:
            due = [effect for moment, effect in self._effects if self.context.clock.reached(moment)]
            self._effects = [item for item in self._effects if item[1] not in due]
            for effect in due:
                effect()
            for service in self.services.all():
                if service.ready_at is not None and self.context.clock.reached(service.ready_at):
                    service.status, service.ready_at = "Running", None
                    service.process_id = self.services.new_process()
                    if service.name == VMM_SERVICE:
                        self.vmm_ready_at = self.context.clock.after(self.context.delays.vmm_answers)

    # ---- faults and journal ----

    def fault_at(self, point: str, patience: float = HANG_SECONDS) -> Fault | None:
        """Return the planned fault that makes `point` fail now, if there is one.

        A delay is waited for here and is not a failure. A hang ends as a failure, after `patience` real seconds at
        the latest.
        """
        fault = self.context.faults.hit(f"windows:{self.name}:{point}")
        if fault is None:
            return None
        if fault.action == "delay":
            time.sleep(float(fault.detail.get("seconds", 1.0)))
            return None
        if fault.action == "hang":
            time.sleep(min(patience, float(fault.detail.get("seconds", HANG_SECONDS))))
        return fault

    def note(self, verb: str, **detail: Any) -> None:
        """Write a change to the journal."""
        self.check_process()
        self.context.journal.write("windows", self.name, verb, **detail)

    # ---- processes ----

    @contextlib.contextmanager
    def process(self) -> Iterator[None]:
        """Treat this thread as a process of the machine, which a restart ends."""
        before = getattr(_process, "start", None)
        _process.start = self._starts
        try:
            with speaking(self.identity.language):
                yield
        finally:
            _process.start = before

    def check_process(self) -> None:
        """Raise MachineRestarted when the machine restarted after this thread's process began."""
        start = getattr(_process, "start", None)
        if start is not None and start != self._starts:
            raise MachineRestarted(self.name)
