# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers the calls of the imitated cmdlets (engines/pwsh_modules/Lab): name and arguments to a value for JSON."""

from __future__ import annotations

import base64
import dataclasses
import fnmatch
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ..context import digest
from . import cim, event_logs, layout, programs, protection, vmm_cmdlets
from .agent import AgentProxy, AgentThrottle
from .cluster import CHECKPOINTS, NOT_INITIATED
from .errors import MachineError
from .filesystem import File
from .machine import Machine
from .programs.internet import head, proxy_at
from .services import Service
from .tasks import ScheduledTask
from .web import RequestFailed, ask, download, egress_of_mode

Args = Mapping[str, Any]


def answer(machine: Machine, call: str, args: Args) -> Any:
    """Answer one call. Raises MachineError when the call fails as it would on Windows."""
    machine.settle()
    found = _CALLS.get(call)
    if found is None:
        raise MachineError(f"The lab has no call '{call}'.")
    return found(machine, args)


# ---- WMI, services and events ----


def _events(machine: Machine, args: Args) -> Any:
    since = datetime.fromisoformat(args["since"])
    try:
        found = event_logs.read(machine, args["log"], args["levels"], since, args["most"])
    except event_logs.EventsMissing as exc:
        return {"missing": exc.id}
    return {"missing": None, "events": [{**dataclasses.asdict(each), "time": each.time.isoformat()} for each in found]}


def _instances(machine: Machine, args: Args) -> Any:
    return cim.instances(machine, args["class"], args.get("namespace") or "root/cimv2", args.get("filter"))


def _method(machine: Machine, args: Args) -> Any:
    return cim.method(machine, args["class"], args["method"], args.get("arguments") or {}, args.get("key"))


def _service_row(service: Service) -> dict[str, Any]:
    return {"Name": service.name, "DisplayName": service.display_name, "Status": service.status.replace(" ", "")}


def _service(machine: Machine, args: Args) -> Any:
    return _service_row(machine.need_service(args["name"]))


def _start(machine: Machine, args: Args) -> Any:
    machine.start_service(args["name"])


def _stop(machine: Machine, args: Args) -> Any:
    machine.stop_service(args["name"])


def _restart(machine: Machine, args: Args) -> Any:
    machine.restart_service(args["name"])


# ---- failover cluster ----


def _cluster_nodes(machine: Machine, _args: Args) -> Any:
    cluster = machine.need_cluster()
    return [
        {"Name": name, "State": state, "DrainStatus": cluster.drains.get(name, NOT_INITIATED)}
        for name, state in cluster.nodes.items()
    ]


def _cluster_pause(machine: Machine, args: Args) -> Any:
    machine.need_cluster().pause(machine, str(args["name"]))


def _cluster_resume(machine: Machine, args: Args) -> Any:
    machine.need_cluster().resume(machine, str(args["name"]))


def _cluster_resources(machine: Machine, args: Args) -> Any:
    """List the resources of the role: the VMM service, and its network name, which every role has."""
    cluster = machine.need_cluster()
    rows = [
        {"Name": cluster.role, "State": "Online", "ResourceType": "Network Name", "Parameters": {"Name": cluster.role}},
        {
            "Name": cluster.resource,
            "State": cluster.state,
            "ResourceType": "Generic Service",
            "Parameters": {"ServiceName": layout.VMM_SERVICE},
        },
    ]
    wanted = args.get("name")
    if wanted:
        cluster.need_resource(str(wanted))
        rows = rows[1:]
    return [{**row, "OwnerGroup": cluster.role, "OwnerNode": cluster.owner} for row in rows]


def _cluster_checkpoints(machine: Machine, args: Args) -> Any:
    machine.need_cluster().need_resource(str(args["name"]))
    return [key.removeprefix("HKLM\\") for key in CHECKPOINTS]


def _cluster_groups(machine: Machine, args: Args) -> Any:
    cluster = machine.need_cluster()
    if args.get("name"):
        cluster.need_role(str(args["name"]))
    return [{"Name": cluster.role, "State": cluster.state, "OwnerNode": cluster.owner}]


def _cluster_stop(machine: Machine, args: Args) -> Any:
    machine.need_cluster().need_resource(str(args["name"]))
    machine.need_cluster().stop(machine)


def _cluster_start(machine: Machine, args: Args) -> Any:
    machine.need_cluster().need_resource(str(args["name"]))
    machine.need_cluster().start(machine)


def _cluster_move(machine: Machine, args: Args) -> Any:
    machine.need_cluster().need_role(str(args["name"]))
    machine.need_cluster().move(machine, str(args["node"]))


# ---- scheduled tasks ----


def _tasks(machine: Machine, args: Args) -> Any:
    """List tasks by name or pattern; a pattern without a match is not an error."""
    machine.settle()
    pattern = str(args["name"])
    if "*" not in pattern:
        found = [machine.need_task(pattern)]
    else:
        found = [task for name, task in machine.tasks.items() if fnmatch.fnmatchcase(name, pattern.lower())]
    return [{"TaskName": task.name, "State": task.state, "LastTaskResult": task.last_result} for task in found]


def _register_task(machine: Machine, args: Args) -> Any:
    machine.register_task(
        ScheduledTask(
            str(args["name"]),
            str(args["user"]),
            str(args["logon_type"]),
            str(args["run_level"]),
            str(args["program"]),
            str(args["arguments"]),
        )
    )


def _start_task(machine: Machine, args: Args) -> Any:
    machine.start_task(args["name"])


def _unregister_task(machine: Machine, args: Args) -> Any:
    machine.unregister_task(args["name"])


def _task_password(machine: Machine, args: Args) -> Any:
    """Return the result code, because imitated methods throw errors with one."""
    return machine.set_task_password(str(args["name"]), str(args["user"]), str(args["password"]))


# ---- data protection ----


def _protect(machine: Machine, args: Args) -> Any:
    return base64.b64encode(protection.protect(machine.name, base64.b64decode(args["data"]))).decode()


def _unprotect(machine: Machine, args: Args) -> Any:
    return base64.b64encode(protection.unprotect(machine.name, base64.b64decode(args["data"]))).decode()


# ---- Windows Update ----


def _updates(machine: Machine, _args: Args) -> Any:
    return machine.microsoft_update


def _opt_in(machine: Machine, args: Args) -> Any:
    machine.opt_in(bool(args["value"]))


# ---- files ----


def _file_row(file: File) -> dict[str, Any]:
    return {
        "FullName": file.path,
        "Name": file.name,
        "Length": file.size,
        "PSIsContainer": file.is_folder,
        "LastWriteTimeUtc": file.modified.isoformat(),
        "Version": file.version,
        "Link": file.link,
    }


def _exists(machine: Machine, args: Args) -> Any:
    return machine.exists(args["path"])


def _item(machine: Machine, args: Args) -> Any:
    return _file_row(machine.files.need(args["path"]))


def _list(machine: Machine, args: Args) -> Any:
    found = machine.files.listing(args["path"], args.get("filter") or "*", files_only=bool(args.get("files_only")))
    return [_file_row(file) for file in found]


def _certificates(machine: Machine, args: Args) -> Any:
    if args.get("store") == "Root":
        fault = machine.fault_at("read trusted roots")
        if fault is not None:
            raise MachineError("The system cannot find the path specified.")
        return [{"Thumbprint": each, "Subject": "", "FriendlyName": "", "RawData": ""} for each in machine.roots]
    return [
        {
            "Thumbprint": each.thumbprint,
            "Subject": each.subject,
            "FriendlyName": each.friendly_name,
            "RawData": base64.b64encode(each.raw).decode(),
        }
        for each in machine.certificates
    ]


def _policies(machine: Machine, _args: Args) -> Any:
    """List the execution policies that Group Policy sets (documented: Get-ExecutionPolicy -List, in order of scope)."""
    return [{"Scope": scope, "ExecutionPolicy": policy} for scope, policy in machine.script_policies().items()]


def _remove_certificate(machine: Machine, args: Args) -> Any:
    machine.remove_certificate(args["thumbprint"])


def _read(machine: Machine, args: Args) -> Any:
    return base64.b64encode(machine.content_of(args["path"])).decode()


def _write(machine: Machine, args: Args) -> Any:
    machine.write_file(args["path"], base64.b64decode(args["content"]))


def _new_folder(machine: Machine, args: Args) -> Any:
    """Create a folder as DirectoryInfo.Create does, which leaves an existing one unchanged."""
    machine.make_folder(args["path"], str(args["sddl"]))


def _new(machine: Machine, args: Args) -> Any:
    if args["type"] == "Directory":
        if machine.files.find(args["path"]) is not None and not args.get("force"):
            raise MachineError(
                f"An item with the specified name {args['path']} already exists.", "System.IO.IOException"
            )
        return _file_row(machine.make_folder(args["path"]))
    return _file_row(machine.create_file(args["path"]))


def _remove(machine: Machine, args: Args) -> Any:
    machine.remove_file(args["path"], recurse=bool(args.get("recurse")))


def _copy(machine: Machine, args: Args) -> Any:
    machine.copy_file(args["source"], args["target"])


def _move(machine: Machine, args: Args) -> Any:
    machine.move_file(args["source"], args["target"])


def _append(machine: Machine, args: Args) -> Any:
    machine.append_file(args["path"], base64.b64decode(args["content"]))


def _open(machine: Machine, args: Args) -> Any:
    return base64.b64encode(machine.open_file(args["path"])).decode()


def _ask(machine: Machine, args: Args) -> Any:
    username, password = args.get("username"), args.get("password")
    egress = egress_of_mode(args["mode"], args.get("proxy"), None if username is None else (username, str(password)))
    try:
        answer = ask(machine, args["url"], int(args["offset"]), args["validator"], egress)
    except RequestFailed as exc:
        return {"reason": exc.reason, "error": str(exc)}
    return {
        "reason": None,
        "error": answer.error,
        "status": answer.status,
        "headers": dict(answer.headers),
        "content": base64.b64encode(answer.content).decode(),
        "breaks": answer.breaks,
    }


def _download(machine: Machine, args: Args) -> Any:
    download(machine, args["url"], args["target"])


def _head(machine: Machine, args: Args) -> Any:
    proxy = args.get("proxy")
    settings = proxy_at(proxy, args.get("username"), args.get("password")) if proxy else None
    answer = head(machine, args["url"], settings)
    return {
        "status": answer.status,
        "method": answer.method,
        "error": answer.error,
        "failure": answer.failure,
        "date": answer.date,
    }


def _hash(machine: Machine, args: Args) -> Any:
    return machine.files.need(args["path"]).sha256.upper()


def _signature(machine: Machine, args: Args) -> Any:
    file = machine.files.need(args["path"])
    return {"Status": file.signature, "Subject": file.signer}


def _access(machine: Machine, args: Args) -> Any:
    return machine.files.need(args["path"]).sddl


def _set_access(machine: Machine, args: Args) -> Any:
    machine.set_access(args["path"], args["sddl"])


# ---- processes and time ----


def _process(machine: Machine, args: Args) -> Any:
    return programs.run(machine, args["path"], args.get("arguments") or "")


def _need_program(machine: Machine, args: Args) -> Any:
    machine.need_program(args["path"])


def _run_for(machine: Machine, args: Args) -> Any:
    return programs.run_for(machine, args["path"], args.get("arguments") or "", float(args["seconds"]))


def _kill(machine: Machine, args: Args) -> Any:
    programs.end(machine, args["path"])


def _sleep(machine: Machine, args: Args) -> Any:
    machine.sleep(float(args["seconds"]))


# ---- agent ----


def _agent_setting(machine: Machine, _args: Args) -> Any:
    agent = machine.read_agent()
    row: dict[str, Any] = {
        "Enabled": agent.proxy.enabled,
        "ProxyServer": agent.proxy.server,
        "ProxyPort": agent.proxy.port,
    }
    if agent.bypass_supported:
        row |= {"ProxyUsername": agent.proxy.username, "BypassUrls": agent.proxy.bypass}
    if agent.throttle_shown:
        row["Throttle"] = dataclasses.asdict(agent.throttle)
    return row


def _set_throttle(machine: Machine, args: Args) -> Any:
    if args.get("none"):
        machine.set_agent_throttle(AgentThrottle())
        return
    machine.set_agent_throttle(
        AgentThrottle(True, list(args["days"]), args["start"], args["end"], int(args["work"]), int(args["other"]))
    )


def _set_agent(machine: Machine, args: Args) -> Any:
    if args.get("none"):
        machine.set_agent_proxy(AgentProxy())
        return
    password = args.get("password")
    machine.set_agent_proxy(
        AgentProxy(
            True,
            args["server"],
            int(args["port"]),
            args.get("username"),
            None if password is None else digest(password),
            args.get("bypass"),
        )
    )


def _bypass_supported(machine: Machine, _args: Args) -> Any:
    return machine.agent is not None and machine.agent.bypass_supported


def _module(machine: Machine, args: Args) -> Any:
    machine.import_module(args["path"])


_CALLS: dict[str, Callable[[Machine, Args], Any]] = {
    "cim.instances": _instances,
    "cim.method": _method,
    "service.get": _service,
    "service.start": _start,
    "service.stop": _stop,
    "service.restart": _restart,
    "events.read": _events,
    "cluster.nodes": _cluster_nodes,
    "cluster.pause": _cluster_pause,
    "cluster.resume": _cluster_resume,
    "cluster.resources": _cluster_resources,
    "cluster.checkpoints": _cluster_checkpoints,
    "cluster.groups": _cluster_groups,
    "cluster.stop": _cluster_stop,
    "cluster.start": _cluster_start,
    "cluster.move": _cluster_move,
    "task.get": _tasks,
    "task.register": _register_task,
    "task.start": _start_task,
    "task.unregister": _unregister_task,
    "task.password": _task_password,
    "data.protect": _protect,
    "data.unprotect": _unprotect,
    "updates.microsoft": _updates,
    "updates.opt_in": _opt_in,
    "file.exists": _exists,
    "file.item": _item,
    "file.list": _list,
    "file.read": _read,
    "file.write": _write,
    "file.new": _new,
    "file.new_folder": _new_folder,
    "file.remove": _remove,
    "file.copy": _copy,
    "file.move": _move,
    "file.append": _append,
    "file.open": _open,
    "file.hash": _hash,
    "file.signature": _signature,
    "file.access": _access,
    "file.set_access": _set_access,
    "certificate.list": _certificates,
    "policy.list": _policies,
    "web.ask": _ask,
    "certificate.remove": _remove_certificate,
    "web.download": _download,
    "web.head": _head,
    "process.start": _process,
    "process.need": _need_program,
    "process.run_for": _run_for,
    "process.kill": _kill,
    "time.sleep": _sleep,
    "module.import": _module,
    **vmm_cmdlets.CALLS,
    "agent.setting": _agent_setting,
    "agent.set": _set_agent,
    "agent.throttle": _set_throttle,
    "agent.bypass_supported": _bypass_supported,
}
