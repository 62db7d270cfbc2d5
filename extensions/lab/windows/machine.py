# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Windows machine of the lab: its whole state, and every way to read or change it.

Both engines work on this state: twins call the methods, imitated cmdlets come in through `bridge`. Building a machine
writes its parts directly; everything that happens to it afterwards goes through the methods, which keep the journal.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from ..world import CloudFacts, Fault, World, digest
from . import layout
from .agent import Agent, AgentProxy, AgentThrottle
from .cluster import Cluster
from .errors import MachineError, MachineRestarted
from .filesystem import File, FileSystem, tidy
from .languages import speaking
from .mirror import Mirror
from .registry import Data, Kind, Registry
from .services import Service, Services
from .tasks import ENDED_BY_SHUTDOWN, IS_RUNNING, READY, RUNNING, Runner, ScheduledTask
from .vmm import Cloud, RunAsAccount, Vmm

MachineKind = Literal["vmm_server", "hyperv_host"]
_POLL = 0.005
_CIM_ERROR = "Microsoft.Management.Infrastructure.CimException"
# A hang ends by itself after this time (real seconds), so that no thread outlives the lab for long.
_HANG_SECONDS = 30.0


@dataclass(slots=True)
class Volume:
    drive: str
    size_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Guest:
    """A virtual machine of a Hyper-V host; `first_disk_bytes` is None where its file cannot be read."""

    id: str
    name: str
    generation: int = 2
    secure_boot: bool = False
    disks: int = 1
    first_disk_bytes: int | None = 127 * 1024**3
    shared_disks: int = 0
    pass_through_disks: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """One in LocalMachine\\My."""

    thumbprint: str
    subject: str
    friendly_name: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Package:
    """An installer as the web serves it: `program` is what runs when it is started."""

    url: str
    content: bytes = field(repr=False)
    sha256: str
    version: str
    signer: str
    program: str
    signature: str = "Valid"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who and what a machine is; nothing of it changes while the lab runs."""

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


Effect: TypeAlias = Callable[[], None]
# Since which start of its machine the process that a thread stands for has been running.
_process = threading.local()


class Machine:
    def __init__(self, world: World, identity: Identity, volumes: list[Volume]) -> None:
        self.world = world
        self.identity = identity
        self.volumes = volumes
        self.clock_skew = timedelta(0)
        self.administrator = True
        self.registry = Registry()
        self.files = FileSystem([volume.drive for volume in volumes], world.clock.now())
        self.services = Services()
        self.certificates: list[Certificate] = []
        self.vmm: Vmm | None = None
        #: Of a highly available VMM.
        self.cluster: Cluster | None = None
        self.agent: Agent | None = None
        self.switches: list[str] = []
        #: Whether automatic updates get updates for all of Microsoft's products.
        self.microsoft_update = False
        self.guests: list[Guest] = []
        self.hotfixes: list[str] = []
        self.web: dict[str, Package] = {}
        self.tasks: dict[str, ScheduledTask] = {}
        #: Runs the actions of tasks; without one a started task runs for ever.
        self.runner: Runner | None = None
        #: Whether a start returns before its task ends. Otherwise it is as if nobody looked before.
        self.in_background = True
        #: Called when the machine restarts: ends what runs outside of this process.
        self.at_restart: list[Callable[[], None]] = []
        self._starts = 0
        self.mirror = Mirror()
        #: Shares that the account may not read, in lower case.
        self.closed_shares: set[str] = set()
        self._laid: dict[str, int] | None = None
        self._effects: list[tuple[float, Effect]] = []
        self._logs = 0
        self._lock = threading.RLock()

    # ---- who it is ----

    @property
    def name(self) -> str:
        return self.identity.name

    @property
    def fqdn(self) -> str:
        return self.identity.fqdn

    @property
    def kind(self) -> MachineKind:
        return self.identity.kind

    # ---- time, mishaps, journal ----

    def now(self) -> datetime:
        """What the machine's own clock shows."""
        return self.world.clock.now() + self.clock_skew

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of the lab's time go by."""
        time.sleep(max(0.0, seconds) * self.world.clock.scale)
        self._go_on()

    def later(self, seconds: float, effect: Effect) -> None:
        """Something that goes on in the background and is done after `seconds` of the lab's time."""
        with self._lock:
            self._effects.append((self.world.clock.after(seconds), effect))

    def settle(self) -> None:
        """Whatever is due by now has happened."""
        self._go_on()
        with self._lock:
            due = [effect for moment, effect in self._effects if self.world.clock.reached(moment)]
            self._effects = [item for item in self._effects if item[1] not in due]
            for effect in due:
                effect()
            for service in self.services.all():
                if service.ready_at is not None and self.world.clock.reached(service.ready_at):
                    service.status, service.ready_at = "Running", None
                    service.process_id = self.services.new_process()

    def misfortune(self, point: str, patience: float = _HANG_SECONDS) -> Fault | None:
        """A planned fault that makes `point` fail; delays are served here, a hang ends as a failure.

        Nobody waits longer than `patience` (real seconds) for what hangs.
        """
        fault = self.world.faults.hit(f"windows:{self.name}:{point}")
        if fault is None:
            return None
        if fault.action == "delay":
            time.sleep(float(fault.detail.get("seconds", 1.0)))
            return None
        if fault.action == "hang":
            time.sleep(min(patience, float(fault.detail.get("seconds", _HANG_SECONDS))))
        return fault

    def note(self, verb: str, **detail: Any) -> None:
        self._go_on()
        self.world.journal.write("windows", self.name, verb, **detail)

    # ---- restarts ----

    @contextlib.contextmanager
    def process(self) -> Iterator[None]:
        """What this thread does from here on is done by a process of the machine, which no restart survives."""
        before = getattr(_process, "start", None)
        _process.start = self._starts
        try:
            with speaking(self.identity.language):
                yield
        finally:
            _process.start = before

    def _go_on(self) -> None:
        start = getattr(_process, "start", None)
        if start is not None and start != self._starts:
            raise MachineRestarted(self.name)

    def restart(self) -> None:
        """Whatever runs is gone, what starts by itself runs again, and nothing waits for a restart any more."""
        self.note("machine.restart")
        with self._lock:
            self._starts += 1
            self._effects.clear()
            for task in self.tasks.values():
                if task.state == RUNNING:
                    task.state, task.last_result = READY, ENDED_BY_SHUTDOWN
            for service in self.services.all():
                runs = service.start_mode == "Auto"
                service.status, service.ready_at = "Running" if runs else "Stopped", None
                service.process_id = self.services.new_process() if runs else 0
            self.registry.unset(layout.SESSION_KEY, layout.RENAMES)
            for key in (layout.SERVICING_KEY, layout.UPDATE_KEY):
                self.registry.remove(key)
        if self.cluster is not None:
            # The others take over at once, and the machine is a node again when it is back.
            self.cluster.node_down(self)
            self.cluster.node_up(self)
        for end in self.at_restart:
            end()

    # ---- scheduled tasks ----

    def need_task(self, name: str) -> ScheduledTask:
        self.settle()
        found = self.tasks.get(name.lower())
        if found is None:
            raise MachineError("The system cannot find the file specified.", _CIM_ERROR)
        return found

    def register_task(self, task: ScheduledTask) -> None:
        if task.name.lower() in self.tasks:
            raise MachineError("Cannot create a file when that file already exists.", _CIM_ERROR)
        self.tasks[task.name.lower()] = task
        self.note(
            "task.register",
            task=task.name,
            user=task.user,
            logon_type=task.logon_type,
            run_level=task.run_level,
            program=task.program,
            arguments=task.arguments,
        )

    def start_task(self, name: str) -> None:
        """Returns at once; one that runs is not started a second time."""
        task = self.need_task(name)
        if task.state == RUNNING:
            return
        if self.misfortune(f"start task {task.name}") is not None:
            raise MachineError("The Task Scheduler service is not available.", _CIM_ERROR)
        self.note("task.start", task=task.name)
        task.state, task.last_result = RUNNING, IS_RUNNING
        if self.runner is None:
            return
        if self.in_background:
            threading.Thread(target=self._run_task, args=(task, self.runner), name=task.name, daemon=True).start()
        else:
            self._run_task(task, self.runner)

    def _run_task(self, task: ScheduledTask, runner: Runner) -> None:
        # Whoever started it is gone sooner or later; only a restart ends it.
        with contextlib.suppress(MachineRestarted), self.process():
            fault = self.misfortune(f"task {task.name}")
            code = runner(self, task) if fault is None else int(fault.detail.get("exit_code", 1))
            self._go_on()
            task.state, task.last_result = READY, code

    def unregister_task(self, name: str) -> None:
        """What runs of it goes on."""
        task = self.need_task(name)
        del self.tasks[task.name.lower()]
        self.note("task.unregister", task=task.name)

    # ---- disks ----

    def count_disks(self) -> None:
        """From now on what is written takes room; what is there already is in the volumes' own figures."""
        self._laid = {volume.drive: self.files.used(volume.drive) for volume in self.volumes}

    def free_bytes(self, volume: Volume) -> int:
        laid = self.files.used(volume.drive) if self._laid is None else self._laid.get(volume.drive, 0)
        return max(0, volume.free_bytes + laid - self.files.used(volume.drive))

    def need_room(self, path: str, size: int) -> None:
        """Raises MachineError when the drive of `path` has no room for `size` more bytes."""
        volume = next((each for each in self.volumes if tidy(path).lower().startswith(f"{each.drive.lower()}:")), None)
        if self._laid is not None and volume is not None and self.free_bytes(volume) < size:
            raise MachineError("There is not enough space on the disk.", "System.IO.IOException")

    # ---- registry ----

    def set_value(self, path: str, name: str, data: Data, kind: Kind | None = None) -> None:
        self.registry.set(path, name, data, kind)
        self.note("registry.set", key=path, name=name)

    def unset_value(self, path: str, name: str) -> bool:
        """Whether it was there."""
        found = self.registry.get(path, name) is not None
        if found:
            self.registry.unset(path, name)
            self.note("registry.unset", key=path, name=name)
        return found

    def ensure_key(self, path: str) -> None:
        if self.registry.find(path) is None:
            self.registry.ensure(path)
            self.note("registry.key", key=path)

    def remove_key(self, path: str) -> None:
        if self.registry.find(path) is not None:
            self.registry.remove(path)
            self.note("registry.remove", key=path)

    # ---- services ----

    def service(self, name: str) -> Service | None:
        self.settle()
        return self.services.find(name)

    def need_service(self, name: str) -> Service:
        found = self.service(name)
        if found is None:
            raise MachineError(
                f"Cannot find any service with service name '{name}'.",
                "Microsoft.PowerShell.Commands.ServiceCommandException",
            )
        return found

    def is_running(self, name: str) -> bool:
        found = self.service(name)
        return found is not None and found.status == "Running"

    def start_service(self, name: str) -> None:
        """Start it and wait until it runs, as Start-Service does."""
        if self._clustered(name) is not None and self.cluster is not None and not self.cluster.owns(self):
            # Inferred: VMM's service ends at once on a node that does not own its role.
            raise self._cannot("started", "start", self.need_service(name))
        self.bring_up(name)

    def bring_up(self, name: str) -> None:
        found = self.need_service(name)
        if found.status == "Running":
            return
        fault = self.misfortune(f"start {found.name}")
        if fault is not None or found.start_mode == "Disabled":
            raise self._cannot("started", "start", found)
        self.note("service.start", service=found.name)
        found.status, found.ready_at = "Start Pending", self.world.clock.after(found.start_seconds)
        # It may have come up and ended again before anybody looks.
        while self.need_service(name).status == "Start Pending":
            time.sleep(_POLL)

    def stop_service(self, name: str) -> None:
        """The cluster of a highly available VMM takes it for a failure."""
        before = self.need_service(name).status
        self.take_down(name)
        cluster = self._clustered(name)
        if cluster is not None and before != "Stopped":
            cluster.service_ended(self)

    def take_down(self, name: str) -> None:
        found = self.need_service(name)
        if found.status == "Stopped":
            return
        fault = self.misfortune(f"stop {found.name}")
        if fault is not None:
            raise self._cannot("stopped", "stop", found)
        self.note("service.stop", service=found.name)
        found.status, found.ready_at, found.process_id = "Stopped", None, 0

    def _clustered(self, name: str) -> Cluster | None:
        return self.cluster if name.lower() == layout.VMM_SERVICE.lower() else None

    @staticmethod
    def _cannot(done: str, verb: str, service: Service) -> MachineError:
        return MachineError(
            f"Service '{service.display_name} ({service.name})' cannot be {done} due to the following error: "
            f"Cannot {verb} service '{service.name}' on computer '.'.",
            "Microsoft.PowerShell.Commands.ServiceCommandException",
        )

    def need_cluster(self) -> Cluster:
        """The cluster as its cmdlets reach it: only where this machine's cluster service runs."""
        if self.cluster is None or not self.is_running(layout.CLUSTER_SERVICE):
            raise MachineError(
                "The cluster service is not running. Make sure that the service is running on all nodes in the "
                "cluster.",
                "Microsoft.FailoverClusters.PowerShell.ClusterCmdletException",
            )
        return self.cluster

    def restart_service(self, name: str) -> None:
        self.stop_service(name)
        self.start_service(name)

    # ---- files ----

    def exists(self, path: str) -> bool:
        self.settle()
        return self.files.find(path) is not None

    def make_folder(self, path: str) -> File:
        known = self.files.find(path)
        if known is not None:
            return known
        made = self.files.folder(path, self.now())
        self.note("folder.create", path=made.path)
        return made

    def write_file(self, path: str, content: bytes, *, like: File | None = None) -> File:
        self.need_room(path, len(content))
        written = self.files.write(path, content, self.now(), like=like)
        self.note("file.write", path=written.path, size=len(content))
        return written

    def append_file(self, path: str, content: bytes) -> File:
        """More bytes at the end. Version and signature are in the bytes: known as soon as all are there."""
        self.need_room(path, len(content))
        before = self.files.need(path).content or b""
        written = self.files.write(path, before + content, self.now())
        self.note("file.append", path=written.path, size=len(content))
        self._recognise(written)
        return written

    def _recognise(self, file: File) -> None:
        package = next((each for each in self.web.values() if each.content == file.content), None)
        if package is not None:
            file.version, file.signer = package.version, package.signer
            file.signature, file.program = package.signature, package.program
            return
        same = (each for each in self.files if each is not file and each.version and each.content == file.content)
        like = next(same, None)
        if like is not None:
            file.version, file.signer = like.version, like.signer
            file.signature, file.program = like.signature, like.program

    def open_file(self, path: str) -> bytes:
        """What a stream for reading gives."""
        clean = tidy(path)
        fault = self.misfortune(f"read {clean}")
        if fault is not None:
            raise MachineError(
                str(fault.detail.get("message", "The network path was not found.")), "System.IO.IOException"
            )
        if any(clean.lower().startswith(share) for share in self.closed_shares):
            raise MachineError(f"Access to the path '{clean}' is denied.", "System.UnauthorizedAccessException")
        found = self.files.find(clean)
        if found is None or found.is_folder:
            raise MachineError(f"Could not find file '{clean}'.", "System.IO.FileNotFoundException")
        return found.content or b""

    def create_file(self, path: str) -> File:
        """A new and empty file; one that exists is an error, as New-Item has it without -Force."""
        if self.files.find(path) is not None:
            raise MachineError(f"The file '{tidy(path)}' already exists.", "System.IO.IOException")
        return self.write_file(path, b"")

    def remove_file(self, path: str, *, recurse: bool = False) -> None:
        gone = self.files.remove(path, recurse=recurse)
        self.note("file.remove", path=tidy(path), count=len(gone))

    def copy_file(self, source: str, target: str) -> File:
        found = self.files.need(source)
        return self.write_file(target, found.content or b"", like=found)

    def move_file(self, source: str, target: str) -> File:
        moved = self.files.move(source, target, self.now())
        self.note("file.move", path=moved.path, source=tidy(source))
        return moved

    def set_access(self, path: str, sddl: str) -> None:
        self.files.need(path).sddl = sddl
        self.note("file.access", path=tidy(path), sddl=sddl)

    def download(self, url: str, target: str) -> File:
        """What Invoke-WebRequest -OutFile leaves: nothing of a download that breaks."""
        from .web import NoAnswer, ask

        web_error = "System.Net.WebException"
        try:
            answer = ask(self, url)
        except NoAnswer as exc:
            raise MachineError(str(exc), web_error) from exc
        if answer.error is not None:
            raise MachineError(answer.error, web_error)
        if "Location" in answer.headers:
            return self.download(answer.headers["Location"], target)
        written = self.write_file(target, answer.content)
        self._recognise(written)
        return written

    def log_lines(self, folder: str, prefix: str, lines: list[str]) -> None:
        """One more log of a setup, newest by time and by name."""
        self._logs += 1
        self.files.folder(folder, self.now())
        name = f"{prefix}_{self.now():%Y%m%d%H%M%S}{self._logs:04d}.log"
        self.files.write(f"{folder}\\{name}", "\r\n".join([*lines, ""]).encode(), self.now())

    def import_module(self, path: str) -> None:
        """Import-Module by path: the module's file has to be there."""
        if self.files.find(path) is None:
            raise MachineError(
                f"The specified module '{path}' was not loaded because no valid module file was found in any module "
                "directory.",
                "System.IO.FileNotFoundException",
            )

    # ---- programs ----

    def need_program(self, path: str) -> File:
        """The file that a process is started from."""
        found = self.files.find(path)
        if found is None or found.program is None:
            raise MachineError(
                "This command cannot be run due to the error: The system cannot find the file specified.",
                "System.InvalidOperationException",
            )
        return found

    def run_process(self, path: str, arguments: str) -> int:
        """Start a program, wait for its end, give its exit code."""
        code = self.run_for(path, arguments, None)
        return 1 if code is None else code

    def run_for(self, path: str, arguments: str, seconds: float | None) -> int | None:
        """The same with a timeout in the lab's time: None when the program still runs then."""
        from .programs import PROGRAMS
        from .programs.commandline import Invocation, masked, split

        self.settle()
        found = self.need_program(path)
        assert found.program is not None
        words = split(arguments)
        self.note("process.start", program=found.path, arguments=masked(words))
        patience = _HANG_SECONDS if seconds is None else seconds * self.world.clock.scale
        fault = self.misfortune(found.program, patience)
        if fault is not None and fault.action == "hang" and seconds is not None:
            return None
        if fault is not None:
            message = str(fault.detail.get("message", "The operation failed."))
            self.log_lines(layout.SETUP_LOGS, "DRASetupWizard", [f"{found.program}: {message}"])
            return int(fault.detail.get("exit_code", 1))
        return PROGRAMS[found.program](self, Invocation(found, words))

    def end_process(self, path: str) -> None:
        """End a program that hangs."""
        self.note("process.kill", program=path)

    # ---- certificates ----

    def remove_certificate(self, thumbprint: str) -> None:
        """One in LocalMachine\\My."""
        kept = [each for each in self.certificates if each.thumbprint.lower() != thumbprint.lower()]
        if len(kept) < len(self.certificates):
            self.certificates = kept
            self.note("certificate.remove", store="LocalMachine\\My", thumbprint=thumbprint)

    # ---- VMM ----

    def need_vmm(self) -> Vmm:
        """VMM as its cmdlets reach it: only while the service runs."""
        if self.vmm is None or not self.is_running(layout.VMM_SERVICE):
            raise MachineError(
                "Unable to connect to the VMM management server localhost. The Virtual Machine Manager service on that "
                "server did not respond. (Error ID: 1602)",
                "Microsoft.VirtualManager.Utils.CarmineException",
            )
        return self.vmm

    def publish_cloud(self, cloud_id: str, published: bool) -> Cloud:
        """Set-SCCloud -DisasterRecoverySupported: VMM then sends the cloud to the vault that it is registered with."""
        vmm = self.need_vmm()
        cloud = vmm.cloud(cloud_id)
        if cloud is None:
            raise MachineError(
                f"VMM cannot find the cloud {cloud_id}.", "Microsoft.VirtualManager.Utils.CarmineException"
            )
        if not published and cloud.paired:
            # Documented: it cannot be switched off while the cloud is paired; inferred: the text.
            raise MachineError(
                f"The cloud {cloud.name} is configured for protection. Remove its pairing first.",
                "Microsoft.VirtualManager.Utils.CarmineException",
            )
        cloud.published = published
        self.note("vmm.cloud", cloud=cloud.name, disaster_recovery_supported=published)
        if vmm.registration is not None:
            tell = self.world.azure.publish_clouds if published else self.world.azure.withdraw_clouds
            tell(vmm.vmm_id, [CloudFacts(cloud.id, cloud.name)])
        return cloud

    def set_run_as(self, name: str, username: str, password: str) -> RunAsAccount:
        """Set-SCRunAsAccount -Credential on an account that exists."""
        account = self.need_vmm().run_as_account(name)
        if account is None:
            raise MachineError(
                f"VMM cannot find the Run As account {name}.", "Microsoft.VirtualManager.Utils.CarmineException"
            )
        account.username, account.password_digest = username, digest(password)
        self.note("vmm.run_as", account=account.name, username=username, password=account.password_digest)
        return account

    # ---- agent ----

    def need_agent(self) -> Agent:
        if self.agent is None or not self.is_running(layout.AGENT_SERVICE):
            raise MachineError(
                "The Microsoft Azure Recovery Services Agent service does not run on this machine.",
                "Microsoft.Internal.CloudBackup.Common.CBException",
            )
        return self.agent

    def set_agent_proxy(self, proxy: AgentProxy) -> None:
        """Set-OBMachineSetting: takes effect when the service starts anew."""
        agent = self.need_agent()
        if proxy.bypass is not None and not agent.bypass_supported:
            raise MachineError("A parameter cannot be found that matches parameter name 'BypassUrls'.")
        agent.proxy = proxy
        self.note("agent.proxy", **dataclasses.asdict(proxy))

    def set_agent_throttle(self, throttle: AgentThrottle) -> None:
        """Set-OBMachineSetting with hours and rates, or with -NoThrottle. Inferred: it takes effect at once."""
        self.need_agent().throttle = throttle
        self.note("agent.throttle", **dataclasses.asdict(throttle))

    # ---- settings of Windows that several parts ask for ----

    def service_owner_sid(self) -> str:
        """The account whose Internet settings count: the VMM service's, else the system's."""
        service = self.service(layout.VMM_SERVICE)
        return service.owner_sid if service is not None else layout.SYSTEM_SID

    def system_proxy_enabled(self) -> bool:
        key = f"{layout.HKU}\\{self.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
        return self.registry.get(key, "ProxyEnable") == 1

    def opt_in(self, wanted: bool) -> None:
        """Windows Update's own interface: AddService2 with registration for automatic updates, and RemoveService."""
        fault = self.misfortune("microsoft update")
        if fault is not None:
            raise MachineError("Exception from HRESULT: 0x80240438", "System.Runtime.InteropServices.COMException")
        self.microsoft_update = wanted
        self.note("updates.microsoft", opted_in=wanted)

    def pending_restart(self) -> list[str]:
        found = []
        if self.registry.get(layout.SESSION_KEY, layout.RENAMES):
            found.append("pending_file_rename")
        if self.registry.find(layout.SERVICING_KEY) is not None:
            found.append("component_servicing")
        if self.registry.find(layout.UPDATE_KEY) is not None:
            found.append("windows_update")
        return found

    # ---- the two ways in and out ----

    def bridge(self, call: str, args: Mapping[str, Any]) -> Any:
        """One call of an imitated cmdlet; values are what JSON can carry."""
        from .cmdlets import answer

        self.settle()
        return answer(self, call, args)

    def snapshot(self) -> dict[str, Any]:
        """The state without what differs between two runs that did the same: times, process ids, keys, logs."""
        from .snapshot import snapshot

        self.settle()
        return snapshot(self)
