# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""reg.exe: `reg export <key> <file> /y`, as the reference of Windows commands has it, and nothing else of it."""

from __future__ import annotations

from ..errors import MachineError
from ..machine import Machine
from ..registry import Key, Value
from .commandline import Invocation

_HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS"}
# The types that a file names by number, with UTF-16 text inside.
_TEXTS = {"REG_EXPAND_SZ": 2, "REG_MULTI_SZ": 7}
_SUCCESS, _FAILED = 0, 1


def run(machine: Machine, invocation: Invocation) -> int:
    words = invocation.arguments
    if len(words) != 4 or words[0].lower() != "export" or words[3].lower() != "/y":
        return _FAILED
    _verb, path, target, _overwrite = words
    lower = path.lower()
    keys = [key for key in machine.registry if key.path.lower() == lower or key.path.lower().startswith(lower + "\\")]
    if not keys:
        return _FAILED
    text = "\r\n".join(
        ["Windows Registry Editor Version 5.00", "", *(line for key in keys for line in _lines(key)), ""]
    )
    try:
        machine.write_file(target, text.encode("utf-16"))
    except MachineError:
        return _FAILED
    return _SUCCESS


def _lines(key: Key) -> list[str]:
    hive, _backslash, rest = key.path.partition("\\")
    values = [f'"{_escaped(value.name)}"={_data(value)}' for value in key.values.values()]
    return [f"[{_HIVES.get(hive, hive)}\\{rest}]", *values, ""]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _data(value: Value) -> str:
    if value.kind == "REG_DWORD":
        return f"dword:{int(str(value.data)):08x}"
    if value.kind == "REG_QWORD":
        return "hex(b):" + _bytes(int(str(value.data)).to_bytes(8, "little"))
    if value.kind in _TEXTS:
        parts = value.data if isinstance(value.data, list) else [str(value.data)]
        body = "".join(part + "\0" for part in parts) + ("\0" if value.kind == "REG_MULTI_SZ" else "")
        return f"hex({_TEXTS[value.kind]}):" + _bytes(body.encode("utf-16-le"))
    if value.kind == "REG_BINARY":
        return "hex:" + _bytes(str(value.data).encode())
    return f'"{_escaped(str(value.data))}"'


def _bytes(data: bytes) -> str:
    return ",".join(f"{byte:02x}" for byte in data)
