# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Windows machine of the lab: its whole state, and every way to read or change it.

Both engines work on this state: the Python emulators call the methods, the imitated cmdlets come in through
`cmdlets.answer`. The builder of a machine writes its parts directly. Everything that happens to it afterwards goes
through the methods, which keep the journal.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from ..context import CloudFacts, RegistrationRefused, digest
from . import layout, snapshot
from .agent import Agent, AgentProxy, AgentThrottle
from .errors import MachineError, MachineRestarted
from .file_operations import FileOperations
from .registry import Data, Kind
from .service_operations import ServiceOperations
from .tasks import (
    ENDED_BY_SHUTDOWN,
    IS_RUNNING,
    NO_BATCH_LOGON,
    NO_STORED_PASSWORDS,
    PASSWORD,
    READY,
    RUNNING,
    WRONG_PASSWORD,
    ScheduledTask,
)
from .vmm import RunAsAccount, Vmm, VmmCloud
from .vmm_jobs import VmmJob

_CIM_ERROR = "Microsoft.Management.Infrastructure.CimException"
_VMM_ERROR = "Microsoft.VirtualManager.Utils.CarmineException"
_NO_ANSWER = (
    "Unable to connect to the VMM management server localhost. The Virtual Machine Manager service on that server "
    "did not respond. (Error ID: 1602)"
)
#: Runs the action of a task on a machine, waits for its end and returns the exit code. The engine provides it.
Runner: TypeAlias = Callable[["Machine", ScheduledTask], int]


class Machine(FileOperations, ServiceOperations):
    """A machine with its registry, scheduled tasks, VMM and agent."""

    #: Without a runner a started task never ends.
    runner: Runner | None = None
    #: Whether a start returns before its task ends; if not, the task has ended when the next command arrives.
    in_background = True

    def snapshot(self) -> dict[str, Any]:
        """Return the state without what differs between two equal runs: times, process ids, keys, logs."""
        self.settle()
        return snapshot.of(self)

    # ---- restarts ----

    def restart(self) -> None:
        """End all that runs, start what starts by itself, and forget every reason for a pending restart."""
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
                if runs and service.name == layout.VMM_SERVICE:
                    self.vmm_ready_at = self.context.clock.after(self.context.delays.vmm_answers)
            self.registry.unset(layout.SESSION_KEY, layout.RENAMES)
            for key in (layout.SERVICING_KEY, layout.UPDATE_KEY):
                self.registry.remove(key)
        if self.cluster is not None:
            # The other nodes take over at once; the machine joins the cluster again when it is back.
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
        """Start a task and return at once; a running task is not started a second time."""
        task = self.need_task(name)
        if task.state == RUNNING:
            return
        if self.fault_at(f"start task {task.name}") is not None:
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
        # The task outlives the command that started it; only a restart of the machine ends it.
        with contextlib.suppress(MachineRestarted), self.process():
            fault = self.fault_at(f"task {task.name}")
            if fault is not None:
                code = int(fault.detail.get("exit_code", 1))
            else:
                code = runner(self, task) if self.batch_logon else NO_BATCH_LOGON
            self.check_process()
            task.state, task.last_result = READY, code

    def set_task_password(self, name: str, user: str, password: str) -> int:
        """Let a task log on with the password of its user. Return the code with which Task Scheduler refuses, or 0.

        Documented: the scheduler checks the password when the task is registered, and the policy "Do not allow storage
        of passwords and credentials for network authentication" makes it refuse every password.
        """
        task = self.need_task(name)
        if not self.stores_passwords:
            return NO_STORED_PASSWORDS
        domain, account = self.identity.account_domain, self.identity.account_user
        if user.lower() != f"{domain}\\{account}".lower() or password != self.context.login.windows_password:
            return WRONG_PASSWORD
        task.logon_type = PASSWORD
        self.note("task.password", task=task.name, user=user)
        return 0

    @property
    def has_network_credentials(self) -> bool:
        """Tell whether the programs that run now can log on to other machines, which only a password permits."""
        return any(task.state == RUNNING and task.logon_type == PASSWORD for task in self.tasks.values())

    def unregister_task(self, name: str) -> None:
        """Remove a task; a run that has begun goes on."""
        task = self.need_task(name)
        del self.tasks[task.name.lower()]
        self.note("task.unregister", task=task.name)

    # ---- registry ----

    def set_value(self, path: str, name: str, data: Data, kind: Kind | None = None) -> None:
        self.registry.set(path, name, data, kind)
        self.note("registry.set", key=path, name=name)

    def unset_value(self, path: str, name: str) -> bool:
        """Remove a value, and tell whether it existed."""
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

    # ---- certificates ----

    def remove_certificate(self, thumbprint: str) -> None:
        """Remove a certificate from LocalMachine\\My."""
        kept = [each for each in self.certificates if each.thumbprint.lower() != thumbprint.lower()]
        if len(kept) < len(self.certificates):
            self.certificates = kept
            self.note("certificate.remove", store="LocalMachine\\My", thumbprint=thumbprint)

    # ---- VMM ----

    def need_vmm(self) -> Vmm:
        """Return VMM as its cmdlets reach it: only while the service runs."""
        if self.vmm is None or not self.is_running(layout.VMM_SERVICE):
            raise MachineError(_NO_ANSWER, _VMM_ERROR)
        return self.vmm

    def connect_vmm(self, port: int) -> Vmm:
        """Return VMM to a new connection.

        Recorded in the field: for about 30 seconds after a start, the service runs and VMM does not answer. Documented:
        VMM's setup lets the user choose the port of the console.
        """
        vmm = self.need_vmm()
        fault = self.fault_at("connect to VMM")
        if fault is not None:
            raise MachineError(str(fault.detail.get("message", _NO_ANSWER)), _VMM_ERROR)
        ready = self.vmm_ready_at is None or self.context.clock.reached(self.vmm_ready_at)
        if not ready or port != vmm.console_port:
            raise MachineError(_NO_ANSWER, _VMM_ERROR)
        return vmm

    def read_vmm(self, what: str) -> Vmm:
        """Return VMM to an open connection.

        A fault restarts VMM while it is read. Inferred: its cmdlets then fail as a new connection does.
        """
        vmm = self.need_vmm()
        if self.fault_at(f"read {what} of VMM") is not None:
            self.vmm_ready_at = self.context.clock.after(self.context.delays.vmm_answers)
            raise MachineError(_NO_ANSWER, _VMM_ERROR)
        return vmm

    def start_job(self, job: VmmJob, seconds: float | None = None) -> None:
        """Start a job of VMM, which ends after `seconds` of the lab's time, or runs until VMM stops."""
        vmm = self.vmm
        if vmm is None:
            return
        vmm.jobs.append(job)
        if seconds is not None:
            self.later(float(seconds), lambda: self._end_job(job))

    def _end_job(self, job: VmmJob) -> None:
        if self.vmm is not None and job in self.vmm.jobs:
            self.vmm.jobs.remove(job)

    def publish_cloud(self, cloud_id: str, published: bool) -> VmmCloud:
        """Set the flag as Set-SCCloud -DisasterRecoverySupported does; VMM then sends the cloud to its vault."""
        vmm = self.need_vmm()
        cloud = vmm.cloud(cloud_id)
        if cloud is None:
            raise MachineError(f"VMM cannot find the cloud {cloud_id}.", _VMM_ERROR)
        if not published and cloud.paired:
            # Documented: the flag cannot be switched off while the cloud is paired; inferred: the text.
            raise MachineError(
                f"The cloud {cloud.name} is configured for protection. Remove its pairing first.",
                _VMM_ERROR,
            )
        cloud.published = published
        self.note("vmm.cloud", cloud=cloud.name, disaster_recovery_supported=published)
        if vmm.registration is not None:
            send = self.context.azure.publish_clouds if published else self.context.azure.withdraw_clouds
            # A vault outside of the lab receives them. VMM sends them later, so the cmdlet does not fail.
            with contextlib.suppress(RegistrationRefused):
                send(vmm.vmm_id, [CloudFacts(cloud.id, cloud.name)])
        return cloud

    def set_run_as(self, name: str, username: str, password: str) -> RunAsAccount:
        """Change an existing account as Set-SCRunAsAccount -Credential does."""
        account = self.need_vmm().run_as_account(name)
        if account is None:
            raise MachineError(f"VMM cannot find the Run As account {name}.", _VMM_ERROR)
        account.username, account.password_digest = username, digest(password)
        self.note("vmm.run_as", account=account.name, username=username, password=account.password_digest)
        return account

    def remove_run_as(self, name: str) -> None:
        """Remove an account as Remove-SCRunAsAccount does.

        Documented ("How to Delete a Run As Account in VMM"): VMM blocks the deletion of an account that is in use;
        inferred: the text.
        """
        vmm = self.need_vmm()
        account = vmm.run_as_account(name)
        if account is None:
            raise MachineError(f"VMM cannot find the Run As account {name}.", _VMM_ERROR)
        if account.used_by:
            raise MachineError(f"The Run As account {name} is in use by {', '.join(account.used_by)}.", _VMM_ERROR)
        vmm.run_as.remove(account)
        self.note("vmm.run_as_removed", account=account.name)

    # ---- agent ----

    def need_agent(self) -> Agent:
        if self.agent is None or not self.is_running(layout.AGENT_SERVICE):
            raise MachineError(
                "The Microsoft Azure Recovery Services Agent service does not run on this machine.",
                "Microsoft.Internal.CloudBackup.Common.CBException",
            )
        return self.agent

    def read_agent(self) -> Agent:
        """Return the settings as Get-OBMachineSetting does, which can fail although the service runs."""
        agent = self.need_agent()
        if self.fault_at("read agent settings") is not None:
            raise MachineError(
                "The agent's settings are not available.", "Microsoft.Internal.CloudBackup.Common.CBException"
            )
        return agent

    def set_agent_proxy(self, proxy: AgentProxy) -> None:
        """Set the proxy as Set-OBMachineSetting does; the service reads it when it starts again."""
        agent = self.need_agent()
        if proxy.bypass is not None and not agent.bypass_supported:
            raise MachineError("A parameter cannot be found that matches parameter name 'BypassUrls'.")
        agent.proxy = proxy
        self.note("agent.proxy", **dataclasses.asdict(proxy))

    def set_agent_throttle(self, throttle: AgentThrottle) -> None:
        """Set hours and rates as Set-OBMachineSetting does, or none (-NoThrottle).

        Inferred: they take effect at once.
        """
        self.need_agent().throttle = throttle
        self.note("agent.throttle", **dataclasses.asdict(throttle))

    # ---- Windows Update, proxy and restart settings ----

    def system_proxy_enabled(self) -> bool:
        key = f"{layout.HKU}\\{self.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
        return self.registry.get(key, "ProxyEnable") == 1

    def opt_in(self, wanted: bool) -> None:
        """Register for Microsoft Update, or end that, as Windows Update's AddService2 and RemoveService do."""
        fault = self.fault_at("microsoft update")
        if fault is not None:
            raise MachineError("Exception from HRESULT: 0x80240438", "System.Runtime.InteropServices.COMException")
        self.microsoft_update = wanted
        self.note("updates.microsoft", opted_in=wanted)

    def script_policies(self) -> dict[str, str]:
        """Return the execution policies of Group Policy by scope (documented: "Turn on Script Execution")."""
        sid = self.service_owner_sid()
        user_key = layout.SHELL_POLICY_KEY.replace(layout.HKLM, f"{layout.HKU}\\{sid}")
        return {
            "MachinePolicy": self._script_policy(layout.SHELL_POLICY_KEY),
            "UserPolicy": self._script_policy(user_key),
        }

    def _script_policy(self, key: str) -> str:
        enabled = self.registry.get(key, "EnableScripts")
        if enabled is None:
            return "Undefined"
        return "Restricted" if enabled == 0 else str(self.registry.get(key, "ExecutionPolicy"))

    def pending_renames(self) -> list[str]:
        """Return the files that the next start moves or deletes: every first one of a pair."""
        stored = self.registry.get(layout.SESSION_KEY, layout.RENAMES)
        pairs = stored if isinstance(stored, list) else []
        return [re.sub(r"^\*?[0-9]?\\\?\?\\", "", each) for each in pairs[::2] if each]

    def pending_restart(self) -> list[str]:
        found = []
        if self.registry.get(layout.SESSION_KEY, layout.RENAMES):
            found.append("pending_file_rename")
        if self.registry.find(layout.SERVICING_KEY) is not None:
            found.append("component_servicing")
        if self.registry.find(layout.UPDATE_KEY) is not None:
            found.append("windows_update")
        return found
