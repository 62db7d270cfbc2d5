# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognizes what Ansible sends as a command and its input, without executing any of it.

Two formats are known. Until ansible-core 2.18 the input is the text of an exec wrapper, four NUL characters and one
JSON manifest (format A). From 2.19 on it is a JSON bootstrap, a line of four NUL characters, a JSON manifest of
actions, and after another such line the input of the last action (format B). Sources: ansible/ansible
lib/ansible/executor/powershell/module_manifest.py and lib/ansible/plugins/shell/powershell.py of those releases.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any, cast

from .base import CommandRequest

_SEPARATOR = b"\0\0\0\0"
_BASE64 = r"[A-Za-z0-9+/=]+"
# A whole line that only starts PowerShell with an encoded command; a script that mentions one must not match.
_ENCODED_LINE = re.compile(
    r"""^\s*(?:&\s*)?["']?(?P<executable>[^"'\s]*?(?:powershell|pwsh)(?:\.exe)?)["']?"""
    r"""(?:\s+-(?!EncodedCommand\b)[A-Za-z]+(?:\s+(?!-)\S+)?)*"""
    rf"""\s+-EncodedCommand\s+(?P<command>{_BASE64})"""
    rf"""(?:\s+-EncodedArguments\s+(?P<arguments>{_BASE64}))?\s*$""",
    re.IGNORECASE,
)


class UnknownPayload(Exception):
    """The command is not of a known form. The user sees the text of the error, so it must not contain the payload."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The innermost encoded command: the script, and its arguments as encoded CLIXML."""

    executable: str
    script: str = field(repr=False)
    encoded: str = field(repr=False)
    encoded_arguments: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ModuleCall:
    """A module with its arguments, as the exec wrapper would run it."""

    name: str
    args: dict[str, Any] = field(repr=False)
    environment: dict[str, str] = field(default_factory=dict)
    wrappers: tuple[str, ...] = ()

    @property
    def check_mode(self) -> bool:
        return bool(self.args.get("_ansible_check_mode", False))

    @property
    def options(self) -> dict[str, Any]:
        """Return the task's own options, without those that Ansible adds."""
        return {key: value for key, value in self.args.items() if not key.startswith("_ansible_")}

    def is_a(self, *names: str) -> bool:
        """Tell whether the module is one of these, with any collection prefix."""
        return self.name.rsplit(".", 1)[-1] in names


@dataclass(frozen=True, slots=True)
class HouseKeeping:
    """A script of Ansible's own (put_file, fetch_file, mkdtemp, remove): its name, parameters and input."""

    name: str
    params: dict[str, Any]
    input: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class RawScript:
    """An encoded command without a payload."""

    text: str = field(repr=False)


Payload = ModuleCall | HouseKeeping | RawScript


def peel(request: CommandRequest) -> Encoded | None:
    """Return the innermost `-EncodedCommand` of a command line, or None when the line has none."""
    found = None
    match = _ENCODED_LINE.match(request.line)
    while match is not None:
        script = _decoded(match["command"])
        found = Encoded(match["executable"], script, match["command"], match["arguments"])
        match = _ENCODED_LINE.match(script)
    return found


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise UnknownPayload("the encoded command is not base64 of UTF-16 text") from exc


def recognize(request: CommandRequest) -> Payload:
    """Recognize a command.

    Raises:
        UnknownPayload: the command line or the input is not of a known form.
    """
    encoded = peel(request)
    if encoded is None:
        raise UnknownPayload("the command line does not start PowerShell with an encoded command")
    head, separator, tail = request.stdin.partition(_SEPARATOR)
    if not separator:
        return _script_before_2_19(encoded.script, request.stdin)
    if head.lstrip().startswith(b"{"):
        manifest, _separator, rest = tail.partition(_SEPARATOR)
        return _format_b(_json(manifest), rest.lstrip(b"\r\n"))
    return _format_a(_json(tail))


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, UnicodeDecodeError) as exc:
        raise UnknownPayload("the manifest after the separator is not JSON") from exc
    if not isinstance(value, dict):
        raise UnknownPayload("the manifest after the separator is not a JSON object")
    return cast("dict[str, Any]", value)


def _format_a(manifest: dict[str, Any]) -> ModuleCall:
    actions = manifest.get("actions")
    args = manifest.get("module_args")
    if not isinstance(actions, list) or not actions or not isinstance(args, dict):
        raise UnknownPayload("the manifest lacks actions or module_args")
    if actions[-1] != "module_powershell_wrapper":
        raise UnknownPayload(f"the manifest's last action {actions[-1]} is not a PowerShell module")
    name = args.get("_ansible_module_name")
    if not isinstance(name, str):
        raise UnknownPayload("the module's name is missing")
    return ModuleCall(name, args, dict(manifest.get("environment") or {}), tuple(actions[:-1]))


def _format_b(manifest: dict[str, Any], rest: bytes) -> ModuleCall | HouseKeeping:
    actions = manifest.get("actions")
    if not isinstance(actions, list) or not actions:
        raise UnknownPayload("the manifest has no actions")
    last = actions[-1]
    name, params = last.get("name"), last.get("params")
    if not isinstance(name, str) or not isinstance(params, dict):
        raise UnknownPayload("the manifest's last action has no name or no params")
    if name != "module_wrapper.ps1":
        return HouseKeeping(name.removesuffix(".ps1"), params, rest)
    if not params.get("ForModule"):
        raise UnknownPayload("the manifest runs a script and not a module")
    values = [item.get("Value") for item in params.get("Variables") or [] if item.get("Name") == "complex_args"]
    if not values or not isinstance(values[0], dict):
        raise UnknownPayload("the module's complex_args are missing")
    module = str(params.get("Script", "")).removesuffix(".ps1").replace(".plugins.modules.", ".")
    return ModuleCall(
        module.removeprefix("ansible_collections."),
        values[0],
        dict(params.get("Environment") or {}),
        tuple(str(action.get("name")) for action in actions[:-1]),
    )


# Until 2.18 Ansible writes its own steps as scripts with single-quoted literals.
_LITERAL = r"'((?:[^']|'')*)'"
_PATH = re.compile(rf"\$path\s*=\s*{_LITERAL}", re.IGNORECASE)
_OFFSET = re.compile(r"\$offset\s*=\s*(\d+)|\.Seek\((\d+)\s*,", re.IGNORECASE)
_BUFFER = re.compile(r"\$bufferSize\s*=\s*(\d+)|New-Object\s+-TypeName\s+byte\[\]\s+(\d+)", re.IGNORECASE)
_MAKE_DIRECTORY = re.compile(
    rf"ExpandEnvironmentVariables\({_LITERAL}\).*New-Item\s+-Type\s+Directory\s+-Path\s+\$tmp_path\s+-Name\s+{_LITERAL}",
    re.IGNORECASE | re.DOTALL,
)
_REMOVE = re.compile(
    rf"^\s*Remove-Item\s+(?:{_LITERAL}|(\S+))\s+-Force(\s+-Recurse)?;?\s*(?:$|\r?\n|If\b)", re.IGNORECASE
)


def _script_before_2_19(script: str, stdin: bytes) -> HouseKeeping | RawScript:
    """Recognize those steps of Ansible that are plain scripts: until 2.18 all, in every release removing a folder."""
    if match := _REMOVE.search(_without_preamble(script)):
        path = match[1] if match[1] is not None else match[2]
        return HouseKeeping("remove", {"Path": _unquoted(path), "Recurse": bool(match[3])})
    if match := _MAKE_DIRECTORY.search(script):
        return HouseKeeping("powershell_mkdtemp", {"Directory": _unquoted(match[1]), "Name": _unquoted(match[2])})
    path_match = _PATH.search(script)
    if path_match and "FromBase64String" in script and "sha1" in script:
        return HouseKeeping("winrm_put_file", {"Path": _unquoted(path_match[1])}, stdin)
    offset = _OFFSET.search(script)
    if path_match and offset and "ToBase64String" in script:
        size = _BUFFER.search(script)
        return HouseKeeping(
            "winrm_fetch_file",
            {
                "Path": _unquoted(path_match[1]),
                "Offset": int(offset[1] or offset[2]),
                "BufferSize": int(size[1] or size[2]) if size else 2**19,
            },
        )
    return RawScript(script)


def _without_preamble(script: str) -> str:
    """Return the script without the lines that Ansible puts in front of every encoded script."""
    kept = [
        line
        for line in script.splitlines()
        if line.strip() and not re.match(r"\s*(Set-StrictMode|\$ErrorActionPreference|begin\s*\{|&chcp)", line)
    ]
    return "\n".join(kept)


def _unquoted(literal: str) -> str:
    """Return the text of a single-quoted literal. PowerShell accepts five such quotes (PowerShell's CharTraits.cs)."""
    return re.sub("(['\u2018\u2019\u201a\u201b])\\1", r"\1", literal)
