# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own scripts inside `ansible.windows.win_powershell`: by their marker line and the hash of their text."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..world import World
from .base import Answer, ConnectionDropped
from .payload import ModuleCall
from .results import error_record, module_answer, script_result

if TYPE_CHECKING:
    from ..windows.machine import Machine

BINDINGS = Path(__file__).with_name("emulators") / "bindings.json"
#: Of the checkout or the installed collection that this package lies in.
SCRIPTS = Path(__file__).resolve().parents[3] / "plugins" / "plugin_utils" / "_windows" / "scripts"
_MARKER = re.compile(r"^# siterecovery\.hyperv script: (?P<name>[a-z0-9_]+)\s*$")
_INCLUDES = re.compile(r"^# siterecovery\.hyperv (?P<folder>functions|sections): (?P<names>.+)$", re.MULTILINE)
# A planned hang lasts until the client gives up; this is only the end of one that nobody waits for.
_HANG = 3600.0


def assembled(folder: Path, name: str) -> str:
    """Return a script of the collection as its users send it: a line that names files stands for their content."""

    def content(kind: str, name: str) -> str:
        _header, _blank, body = (folder / kind / f"{name}.ps1").read_text(encoding="utf-8").partition("\n\n")
        return body.rstrip("\n")

    text = (folder / f"{name}.ps1").read_text(encoding="utf-8")
    return _INCLUDES.sub(
        lambda match: "\n\n".join(content(match["folder"], each) for each in match["names"].split(", ")), text
    )


class UnknownScript(Exception):
    """A script that has no twin, or whose text is not the one that its twin was compared with."""


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """One of our scripts as it arrived."""

    name: str
    sha256: str


def normalised(text: str) -> str:
    """The text without what the ways of sending it change: `path` keeps CRLF, a lookup drops trailing newlines."""
    return text.replace("\r\n", "\n").rstrip("\n")


def digest(text: str) -> str:
    return hashlib.sha256(normalised(text).encode()).hexdigest()


def identify(text: str) -> ScriptCall | None:
    """The script by its first line, or None when it carries no marker."""
    match = _MARKER.match(normalised(text).split("\n", 1)[0])
    return ScriptCall(match["name"], digest(text)) if match else None


def load_bindings(path: Path = BINDINGS) -> dict[str, str]:
    """Which text each twin answers for: {script: sha256}."""
    values = json.loads(path.read_text(encoding="utf-8"))
    return {str(name): str(value) for name, value in values.items()}


def bound(text: str, bindings: Mapping[str, str]) -> ScriptCall:
    """The script, if exactly this text is bound.

    Raises:
        UnknownScript: no marker, no binding, or another text; the message names the script.
    """
    call = identify(text)
    if call is None:
        raise UnknownScript(
            "The lab's twin engine only answers scripts of siterecovery.hyperv, and this one has no marker line. "
            "Run the lab with --engine pwsh to execute any script."
        )
    expected = bindings.get(call.name)
    if expected is None:
        raise UnknownScript(f"The lab's twin engine has no twin for the script {call.name}.")
    if expected != call.sha256:
        raise UnknownScript(
            f"The script {call.name} is not the text that its twin is bound to (sha256 {call.sha256[:12]} arrived, "
            f"{expected[:12]} is bound). Compare both in the pwsh engine and bind it again."
        )
    return call


def bound_parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """A call's parameters with the sensitive ones among them: text for a value, (user, password) for a credential.

    A sensitive parameter with neither is left out, as ansible.windows does since 3.6.0.
    """
    parameters = dict(options.get("parameters") or {})
    for item in options.get("sensitive_parameters") or []:
        if item.get("username"):
            parameters[item["name"]] = (item["username"], item.get("password") or "")
        elif item.get("value") is not None:
            parameters[item["name"]] = item["value"]
    return parameters


async def misfortune(world: World, machine: Machine, call: ModuleCall) -> Answer | None:
    """What a planned fault at `windows:<machine>:<script>` does to a call; None lets the script run."""
    script = identify(str(call.options.get("script") or ""))
    if script is None:
        return None
    world.journal.count(f"script:{script.name}")
    fault = world.faults.hit(f"windows:{machine.name}:{script.name}")
    if fault is None:
        return None
    if fault.action == "delay":
        await asyncio.sleep(float(fault.detail.get("seconds", 1.0)))
        return None
    if fault.action == "hang":
        await asyncio.sleep(float(fault.detail.get("seconds", _HANG)))
    if fault.action in {"hang", "drop"}:
        raise ConnectionDropped(machine.name)
    message = str(fault.detail.get("message", f"planned fault in {script.name}"))
    return module_answer(script_result(result={}, changed=True, failed=True, errors=[error_record(message)]))
