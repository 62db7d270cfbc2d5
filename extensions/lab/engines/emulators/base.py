# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of an emulator: a function that changes a machine and answers as one script does."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from ...windows import cim, layout, programs
from ...windows.cluster import Cluster
from ...windows.errors import MachineError
from ...windows.event_logs import VMM_LOG, read
from ...windows.filesystem import File, parent_of
from ...windows.machine import Machine
from ...windows.state import FULL_LANGUAGE
from ...windows.vmm import Vmm
from ..results import error_record

_TAIL = 40
#: Run in PowerShell 7: text and id of the error.
CONSTRAINED: Final = error_record(
    "Cannot invoke method. Method invocation is supported only on core types in this language mode.",
    error_id="MethodInvocationNotSupportedInConstrainedLanguage",
    category="InvalidOperation",
    category_id=7,
)
_CONSOLE_PORT = 8100
_NO_ANSWER: Final = "VMM does not answer: "
_NOTHING_THERE = 2
#: Scripts that read the language mode before their first call of .NET.
_READ_LANGUAGE: Final = ("observe", "read_symptoms")


@dataclass(frozen=True, slots=True)
class EmulatorResult:
    """The values that the script sets in $Ansible, and the messages of the errors that ended it."""

    result: Any
    changed: bool
    failed: bool = False
    errors: list[Any] = field(default_factory=list)


class ScriptFailed(Exception):
    """The script throws this message."""


class ParameterRefused(ScriptFailed):
    """PowerShell rejects a parameter: the script has not begun, and $Ansible.Changed still has its default, true."""


@dataclass(slots=True)
class Run:
    """One run of a script."""

    machine: Machine
    parameters: Mapping[str, Any]
    check_mode: bool
    changed: bool = False
    #: The result of the only connection of this run: VMM itself, or the message of the failure.
    vmm: Vmm | str | None = None
    #: Readings of an observation that failed without ending it: name and reason.
    unread: list[dict[str, str]] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Return a string parameter; a missing one is empty, as in PowerShell."""
        value = self.parameters.get(name)
        return "" if value is None else str(value)

    def need(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise ParameterRefused(f"Cannot bind argument to parameter '{name}' because it is an empty string.")
        return value

    def number(self, name: str, default: int = 0) -> int:
        return int(self.parameters.get(name, default))

    def switch(self, name: str, *, default: bool) -> bool:
        return bool(self.parameters.get(name, default))

    def texts(self, name: str) -> list[str]:
        value = self.parameters.get(name)
        if value is None:
            return []
        return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]

    def credential(self, name: str) -> tuple[str, str] | None:
        value = self.parameters.get(name)
        return None if value is None else (str(value[0]), str(value[1]))


Emulator: TypeAlias = Callable[[Machine, dict[str, Any], bool], EmulatorResult]


def emulator(body: Callable[[Run], Any]) -> Emulator:
    """Return an emulator that turns failures of the machine or the script into errors; defects stay exceptions."""

    @functools.wraps(body)
    def run(machine: Machine, parameters: dict[str, Any], check_mode: bool) -> EmulatorResult:
        machine.settle()
        state = Run(machine, parameters, check_mode)
        # The first call of .NET ends every other script.
        if machine.language_mode != FULL_LANGUAGE and body.__name__ not in _READ_LANGUAGE:
            return EmulatorResult({}, False, True, [CONSTRAINED])
        try:
            result = body(state)
        except (MachineError, ScriptFailed) as exc:
            return EmulatorResult({}, state.changed or isinstance(exc, ParameterRefused), True, [str(exc)])
        return EmulatorResult(result, state.changed)

    return run


# ---- steps that several scripts share ----


def service_status(machine: Machine, name: str) -> str | None:
    service = machine.service(name)
    return None if service is None else service.status


def node_name(machine: Machine) -> str:
    """Return Win32_ComputerSystem.Name."""
    return str(cim.instances(machine, "Win32_ComputerSystem", "root/cimv2", None)[0]["Name"])


def clustered(run: Run) -> Cluster | None:
    """Return the cluster when the script has the name of its resource."""
    name = run.text("ClusterResource")
    if not name:
        return None
    cluster = run.machine.need_cluster()
    cluster.need_resource(name)
    return cluster


def confirm_cluster_owner(run: Run) -> None:
    cluster = clustered(run)
    if cluster is not None and cluster.owner.lower() != node_name(run.machine).lower():
        raise ScriptFailed(
            f"The cluster's resource '{run.text('ClusterResource')}' has moved from this node to '{cluster.owner}', "
            "and nothing was touched: run again."
        )


def stop_vmm(run: Run) -> None:
    cluster = clustered(run)
    if cluster is None:
        run.machine.stop_service(layout.VMM_SERVICE)
    else:
        cluster.stop(run.machine)


def start_vmm(run: Run) -> None:
    cluster = clustered(run)
    if cluster is None:
        run.machine.start_service(layout.VMM_SERVICE)
    else:
        cluster.start(run.machine)


def need_vmm_service(machine: Machine) -> None:
    if not machine.is_running(layout.VMM_SERVICE):
        raise ScriptFailed("The VMM service (SCVMMService) does not run on this machine: start it, then run again.")


def connect_vmm(machine: Machine, seconds: int = 0) -> Vmm:
    """Return VMM through its own module: by the local name, then by that of its role, until the seconds have passed."""
    key = layout.VMM_SETUP_KEY
    folder = machine.registry.get(key, "InstallPath")
    if folder is None:
        code = 2 if machine.registry.find(key) is None else 1
        name = key.removeprefix("HKLM\\")
        raise ScriptFailed(f"The install folder of VMM cannot be read from '{name}' (error {code}).")
    machine.import_module(str(folder).rstrip("\\") + "\\" + layout.VMM_MODULE)
    port = machine.registry.get(layout.VMM_CONSOLE_KEY, "IndigoTcpPort")
    names = 2 if machine.registry.text(layout.VMM_SETUP_KEY, "HAVMMName") else 1
    waited = 0
    while True:
        failure = ""
        for _name in range(names):
            try:
                return machine.connect_vmm(port if isinstance(port, int) else _CONSOLE_PORT)
            except MachineError as exc:
                failure = failure or str(exc)
        if waited >= seconds or re.search(r"\b1604\b", failure):
            raise ScriptFailed(f"{_NO_ANSWER}{failure}")
        machine.sleep(5)
        waited += 5


def interrupted_jobs(run: Run) -> list[dict[str, Any]]:
    """Return the jobs that a stop of VMM would interrupt, without those that the caller calls quiet."""
    if not run.machine.is_running(layout.VMM_SERVICE):
        return []
    quiet = {name.lower() for name in run.texts("QuietJobs")}
    jobs = connect_vmm(run.machine, 300).jobs
    found = [job for job in jobs if job.name.lower() not in quiet and job.command.lower() not in quiet]
    return [job.to_facts(run.machine.now()) for job in found]


def vmm_connection(run: Run) -> Vmm | None:
    """Return VMM while its service runs and answers. One run connects only once."""
    if not run.machine.is_running(layout.VMM_SERVICE):
        return None
    if run.vmm is None:
        try:
            run.vmm = connect_vmm(run.machine)
        except ScriptFailed as exc:
            if not str(exc).startswith(_NO_ANSWER):
                raise
            run.vmm = str(exc)
    return None if isinstance(run.vmm, str) else run.vmm


def import_agent_module(machine: Machine) -> None:
    """Import the agent's own module from its install folder."""
    key = layout.AGENT_KEY + r"\Setup"
    folder = machine.registry.text(key, "InstallPath")
    if folder is None:
        code = 2 if machine.registry.find(key) is None else 1
        name = key.removeprefix("HKLM\\")
        raise ScriptFailed(
            f"The install folder of the Recovery Services agent cannot be read from '{name}' (error {code})."
        )
    machine.import_module(folder.rstrip("\\") + "\\" + layout.AGENT_MODULE)


def folder_of(path: str) -> str:
    return path[: path.rindex("\\")] if "\\" in path else parent_of(path)


def quoted(value: str) -> str:
    """Quote one argument of a command line for the C runtime."""
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', value)
    return '"' + re.sub(r"(\\+)\Z", r"\1\1", escaped) + '"'


def remove_present(machine: Machine, path: str) -> None:
    """Remove a file unless something else has removed it."""
    if machine.exists(path):
        machine.remove_file(path)


def lines_of(file: File | None, secret: str = "") -> list[str]:
    if file is None:
        return []
    lines = (file.content or b"").decode().splitlines()[-_TAIL:]
    if not secret:
        return lines
    return [line.replace(quoted(secret)[1:-1], "********").replace(secret, "********") for line in lines]


def setup_log(machine: Machine, secret: str = "") -> list[str]:
    """Return the last lines of the newest log of setup and registration."""
    if machine.files.find(layout.SETUP_LOGS) is None:
        return []
    logs = machine.files.listing(layout.SETUP_LOGS, "DRASetupWizard*.log", files_only=True)
    return lines_of(max(logs, key=lambda log: (log.modified, log.name.lower()), default=None), secret)


def mark_restart(machine: Machine, name: str) -> None:
    """Record the process id of the service, which has not read what the script is about to set."""
    service = machine.service(name)
    if service is None or service.process_id == 0:
        return
    registry(machine, "CreateKey", layout.RESTART_KEY)
    registry(machine, "SetDWORDValue", layout.RESTART_KEY, name, service.process_id)


def remove_restart_mark(machine: Machine, name: str) -> None:
    code = registry(machine, "DeleteValue", layout.RESTART_KEY, name)
    if code not in (0, _NOTHING_THERE):
        raise ScriptFailed(f"The registry value '{layout.RESTART_KEY}\\{name}' cannot be removed (error {code}).")


def registry(machine: Machine, method: str, key: str, name: str = "", data: int = 0) -> int:
    """Call a method of the registry provider below HKLM, and return its result code."""
    arguments = {"hDefKey": 2147483650, "sSubKeyName": key, "sValueName": name, "uValue": data}
    code = int(cim.method(machine, "StdRegProv", method, arguments)["ReturnValue"])
    if code and method == "CreateKey":
        raise ScriptFailed(f"The registry key '{key}' cannot be made (error {code}).")
    if code and method == "SetDWORDValue":
        raise ScriptFailed(f"The registry value '{key}\\{name}' cannot be set (error {code}).")
    return code


def restored(run: Run, before: str | None) -> bool:
    """Start the VMM service if it ran before the program. Return whether it was started."""
    machine = run.machine
    if before != "Running" or service_status(machine, layout.VMM_SERVICE) == "Running":
        return False
    cluster = clustered(run)
    if cluster is None:
        machine.start_service(layout.VMM_SERVICE)
    elif cluster.state != "Online":
        cluster.start(machine)
    remove_restart_mark(machine, layout.VMM_SERVICE)
    return True


def run_configurator(run: Run, path: str, arguments: str, result: dict[str, Any]) -> None:
    """Run DRConfigurator no longer than the timeout, and store its exit code in the result."""
    run.changed = True
    if not run.machine.exists(path):
        raise ScriptFailed(f"The program '{path}' does not exist: install the Provider again.")
    code = programs.run_for(run.machine, path, arguments, run.number("TimeoutSeconds", 1800))
    if code is None:
        programs.end(run.machine, path)
    result["exit_code"] = code


def configured(run: Run, secret: str, result: dict[str, Any], began: datetime) -> None:
    """Add to the result what both scripts read after DRConfigurator has ended."""
    result["events"] = vmm_events(run.machine, result["exit_code"], began)
    result["log_tail"] = setup_log(run.machine, secret)
    result["service"] = service_status(run.machine, layout.VMM_SERVICE)


def new_result() -> dict[str, Any]:
    return {
        "exit_code": None,
        "log_tail": [],
        "events": [],
        "service": None,
        "started": False,
        "running_jobs": None,
    }


def vmm_events(machine: Machine, code: int | None, since: datetime) -> list[str]:
    """Return the last errors and warnings in the log of VMM after a program has failed."""
    if code in (0, 3010):
        return []
    try:
        found = read(machine, VMM_LOG, [1, 2, 3], since, 5)
    except MachineError:
        return []
    return [f"{event.id}: {event.message}" for event in found]


def file_version(file: File | None) -> str | None:
    return None if file is None else file.version


def file_facts(machine: Machine, path: str) -> dict[str, Any]:
    file = machine.files.find(path)
    if file is None or file.is_folder:
        return {"path": path, "size": None, "sha256": None, "signature_status": None, "signer": None, "version": None}
    return {
        "path": path,
        "size": file.size,
        "sha256": file.sha256,
        "signature_status": file.signature,
        "signer": file.signer,
        "version": file.version,
    }


def proxy_arguments(run: Run, *, empties: bool = False) -> tuple[str, str]:
    """Return the part of DRConfigurator's command line that names the proxy, and the secret in it."""
    arguments, secret = "", ""
    address = run.text("ProxyAddress")
    if address:
        arguments += f" /proxyAddress {quoted(address)} /proxyport {run.number('ProxyPort')}"
        credential = run.credential("ProxyCredential")
        if credential is not None:
            secret = credential[1]
            arguments += f" /proxyUsername {quoted(credential[0])} /proxyPassword {quoted(secret)}"
    bypass = run.texts("BypassUrls")
    if bypass or (empties and run.parameters.get("BypassUrls") is not None):
        arguments += f" /AddBypassUrls {quoted(';'.join(bypass))}"
    return arguments, secret
