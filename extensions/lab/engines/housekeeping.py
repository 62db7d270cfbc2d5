# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers what Ansible itself does on a machine: files over the connection, temporary directories, ping, facts.

These steps touch a machine's own files, so both engines answer them from the machine's state.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import ntpath
import re
from collections.abc import Callable
from typing import Any

from ..windows.filesystem import File
from ..windows.machine import Machine
from .base import CommandOutput
from .payload import HouseKeeping, ModuleCall
from .results import module_answer, module_failure

_DIRECTORY_MARK = "[DIR]"
_FILE_MARK = "[FILE]"


def answer_module(machine: Machine, call: ModuleCall) -> CommandOutput:
    """Answer win_ping, facts and file facts; any other module is an error that names it."""
    if call.is_a("ping", "win_ping"):
        return _ping(call)
    if call.is_a("setup"):
        return module_answer({"changed": False, "ansible_facts": _facts(machine)})
    if call.is_a("stat", "win_stat"):
        return _stat(machine, call)
    return module_failure(f"The lab does not know the module {call.name}.")


def answer_step(machine: Machine, step: HouseKeeping) -> CommandOutput:
    """Answer one of Ansible's own scripts; an unknown one is an error that names it."""
    answer = _STEPS.get(step.name)
    return _error(f"The lab does not know Ansible's step {step.name}.") if answer is None else answer(machine, step)


def expand(machine: Machine, path: str) -> str:
    """Expand %VARIABLES% in a path as for the account of the connection."""
    profile = _profile(machine)
    variables = {
        "temp": rf"{profile}\AppData\Local\Temp",
        "tmp": rf"{profile}\AppData\Local\Temp",
        "userprofile": profile,
        "appdata": rf"{profile}\AppData\Roaming",
        "localappdata": rf"{profile}\AppData\Local",
        "programdata": r"C:\ProgramData",
        "systemdrive": "C:",
        "systemroot": r"C:\Windows",
        "windir": r"C:\Windows",
    }
    return re.sub("%([^%]+)%", lambda match: variables.get(match[1].lower(), match[0]), path)


def _profile(machine: Machine) -> str:
    return rf"C:\Users\{machine.identity.account_user}"


def _ping(call: ModuleCall) -> CommandOutput:
    data = call.options.get("data", "pong")
    if data == "crash":
        failure = {"failed": True, "msg": "Unhandled exception while executing module: boom"}
        return module_answer(failure, exit_code=1)
    return module_answer({"changed": False, "ping": data})


def _facts(machine: Machine) -> dict[str, Any]:
    """Return the facts that Windows plays usually read, as far as the machine's state knows them."""
    identity = machine.identity
    return {
        "ansible_architecture": "64-bit",
        "ansible_distribution": identity.os_caption,
        "ansible_distribution_version": identity.os_version,
        "ansible_domain": identity.fqdn.partition(".")[2],
        "ansible_fqdn": identity.fqdn,
        "ansible_hostname": identity.name.upper(),
        "ansible_os_family": "Windows",
        "ansible_os_name": identity.os_caption,
        "ansible_reboot_pending": bool(machine.pending_restart()),
        "ansible_system": "Win32NT",
        "ansible_user_id": identity.account_user,
    }


def _stat(machine: Machine, call: ModuleCall) -> CommandOutput:
    path = expand(machine, str(call.options.get("path", "")))
    found = machine.files.find(path)
    if found is None:
        return module_answer({"changed": False, "stat": {"exists": False}})
    stat: dict[str, Any] = {
        "exists": True,
        "isdir": found.is_folder,
        "isreg": not found.is_folder,
        "islnk": False,
        "filename": found.name,
        "path": found.path,
        "size": found.size,
        "lastwritetime": found.modified.timestamp(),
    }
    if not found.is_folder and call.options.get("get_checksum", True):
        algorithm = str(call.options.get("checksum_algorithm", "sha1"))
        stat["checksum"] = hashlib.new(algorithm, found.content or b"").hexdigest()
    return module_answer({"changed": False, "stat": stat})


def _make_directory(machine: Machine, step: HouseKeeping) -> CommandOutput:
    path = ntpath.join(expand(machine, str(step.params["Directory"])), str(step.params["Name"]))
    return _text(machine.make_folder(path).path)


def _expand_user(machine: Machine, step: HouseKeeping) -> CommandOutput:
    path = str(step.params["Path"])
    return _text(_profile(machine) + path[1:] if path == "~" or path.startswith("~\\") else path)


def _remove(machine: Machine, step: HouseKeeping) -> CommandOutput:
    path = expand(machine, str(step.params["Path"]))
    if machine.files.find(path) is None:
        return _error(f"Cannot find path '{path}' because it does not exist.")
    machine.remove_file(path, recurse=bool(step.params.get("Recurse")))
    return CommandOutput()


def _put(machine: Machine, step: HouseKeeping) -> CommandOutput:
    """Write lines of base64 as a file, and answer with the hash of the content."""
    try:
        content = b"".join(base64.b64decode(line, validate=True) for line in step.input.split())
    except binascii.Error:
        return _error("The input is not a valid Base-64 string.")
    path = expand(machine, str(step.params["Path"]))
    if machine.files.find(ntpath.dirname(path)) is None:
        return _error(f"Could not find a part of the path '{path}'.")
    machine.write_file(path, content)
    return _text(json.dumps({"sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest()}))


def _fetch(machine: Machine, step: HouseKeeping) -> CommandOutput:
    path = expand(machine, str(step.params["Path"]))
    found: File | None = machine.files.find(path)
    if found is None:
        return _error(f"{path} does not exist")
    if found.is_folder:
        return _text(_DIRECTORY_MARK)
    offset = int(step.params["Offset"])
    piece = (found.content or b"")[offset : offset + int(step.params["BufferSize"])]
    return _text(base64.b64encode(piece).decode()) if piece else CommandOutput()


def _fetch_whole(machine: Machine, step: HouseKeeping) -> CommandOutput:
    """Send a whole file, one line of base64 for each piece."""
    path = expand(machine, str(step.params["Path"]))
    found: File | None = machine.files.find(path)
    if found is None:
        return _error(f"{path} does not exist")
    if found.is_folder:
        return _text(_DIRECTORY_MARK)
    content, size = found.content or b"", int(step.params["BufferSize"])
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    return _text("\r\n".join([_FILE_MARK, *(base64.b64encode(piece).decode() for piece in pieces)]))


_STEPS: dict[str, Callable[[Machine, HouseKeeping], CommandOutput]] = {
    "powershell_mkdtemp": _make_directory,
    "powershell_expand_user": _expand_user,
    "remove": _remove,
    "winrm_put_file": _put,
    "winrm_fetch_file": _fetch,
    "psrp_put_file": _put,
    "psrp_fetch_file": _fetch_whole,
}


def _text(line: str) -> CommandOutput:
    return CommandOutput((line + "\r\n").encode())


def _error(line: str) -> CommandOutput:
    return CommandOutput(stderr=(line + "\r\n").encode(), exit_code=1)
