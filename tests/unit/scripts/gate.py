# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for scripts of the collection, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from tests.unit.scripts.powershell import commands, functions, tokens

MARKER: Final = "# siterecovery.hyperv script: {name}"

# The commands that scripts may use, with the parameters that they use: Windows PowerShell 5.1 has all of them.
ALLOWED: Final[dict[str, frozenset[str]]] = {
    name: frozenset(parameters.split())
    for name, parameters in {
        "ConvertFrom-Json": "InputObject",
        "ConvertTo-Json": "InputObject Depth Compress",
        "Copy-Item": "LiteralPath Destination Force",
        "ForEach-Object": "",
        "Get-Acl": "LiteralPath",
        "Get-AuthenticodeSignature": "LiteralPath",
        "Get-ChildItem": "LiteralPath Filter File Force",
        "Get-CimInstance": "ClassName Namespace Filter",
        "Get-ClusterCheckpoint": "ResourceName",
        "Get-ClusterNode": "",
        "Get-ClusterParameter": "InputObject",
        "Get-ClusterResource": "Name",
        "Get-Command": "Name ErrorAction",
        "Get-Content": "LiteralPath Tail Raw Encoding",
        "Get-ExecutionPolicy": "List",
        "Get-FileHash": "LiteralPath Algorithm",
        "Get-Item": "LiteralPath Force",
        "Get-OBMachineSetting": "",
        "Get-SCCloud": "VMMServer ID",
        "Get-SCJob": "VMMServer Running",
        "Get-SCRunAsAccount": "VMMServer",
        "Get-SCVMHost": "VMMServer",
        "Get-SCVMHostCluster": "VMMServer",
        "Get-SCVMHostGroup": "VMMServer",
        "Get-SCVMNetwork": "VMMServer",
        "Get-SCVMMServer": "ComputerName TCPPort",
        "Get-SCVirtualMachine": "VMMServer All",
        "Get-ScheduledTask": "TaskName",
        "Get-ScheduledTaskInfo": "TaskName",
        "Get-WinEvent": "FilterHashtable MaxEvents",
        "Import-Module": "Name",
        "Invoke-CimMethod": "Namespace ClassName InputObject MethodName Arguments WhatIf",
        "Invoke-WebRequest": "Uri OutFile UseBasicParsing",
        "Move-Item": "LiteralPath Destination Force",
        "New-Item": "ItemType Path Force",
        "New-Object": "TypeName ArgumentList ComObject",
        "New-ScheduledTaskAction": "Execute Argument",
        "New-ScheduledTaskPrincipal": "UserId LogonType RunLevel",
        "New-ScheduledTaskSettingsSet": "AllowStartIfOnBatteries DontStopIfGoingOnBatteries Priority",
        "Out-Null": "",
        "Register-ScheduledTask": "TaskName Action Principal Settings Description",
        "Remove-Item": "LiteralPath Recurse Force",
        "Remove-SCRunAsAccount": "RunAsAccount",
        "Resume-ClusterNode": "Name Failback",
        "Restart-Service": "Name Force",
        "Select-Object": "First",
        "Set-Acl": "LiteralPath AclObject",
        "Set-Content": "LiteralPath Value Encoding NoNewline",
        "Set-OBMachineSetting": "NoProxy NoThrottle Confirm",
        "Set-SCCloud": "Cloud DisasterRecoverySupported",
        "Set-SCRunAsAccount": "RunAsAccount Credential NoValidation",
        "Set-StrictMode": "Version",
        "Sort-Object": "Property",
        "Start-ClusterResource": "Name",
        "Start-Process": "FilePath ArgumentList Wait PassThru",
        "Start-ScheduledTask": "TaskName",
        "Start-Service": "Name",
        "Start-Sleep": "Seconds",
        "Stop-ClusterResource": "Name",
        "Stop-Service": "Name Force",
        "Suspend-ClusterNode": "Name Drain",
        "Test-Path": "LiteralPath PathType",
        "Unregister-ScheduledTask": "TaskName Confirm",
        "Where-Object": "",
    }.items()
}
# The first command of a script that PowerShell does not provide on every system.
FIRST: Final = "Get-CimInstance"
# A scheduled task runs this script. It has no $Ansible, and executes a text.
RUNNER: Final = "run_background_task"
# Operators that Windows PowerShell 5.1 does not have, and the question mark, which is an alias there.
_FOREIGN_OPERATORS = frozenset(("??", "??=", "?.", "?[", "&&", "||", "?"))
_FOREIGN_TEXTS = {
    r"\bWin32_Product\b": "Win32_Product repairs every installed package while it is read",
    r"Microsoft\.Win32\.Registry": "the registry is read through WMI, which names its view",
    r"-Parallel\b": "only PowerShell 7 has ForEach-Object -Parallel",
    r"\bConvertTo-SecureString\b": "secrets arrive as SecureString",
    r"Write-(Host|Output|Verbose|Debug|Information|Warning)\b": "a script answers through $Ansible.Result alone",
    r"\$(IsWindows|IsLinux|IsMacOS|IsCoreCLR|PSStyle)\b": "only PowerShell 7 has the variable",
    r"\[semver\]|System\.Text\.Json|-AsHashtable\b": "Windows PowerShell 5.1 has no such type or parameter",
    r"AsByteStream|'Byte'": "module logging records the bytes of Set-Content, so a file stream writes them",
    r"HKLM:|HKCU:": "the registry is read through WMI, which names its view",
}

Rule = Callable[[str, str], list[str]]


def marker(name: str, text: str) -> list[str]:
    wanted = MARKER.format(name=name)
    return [] if text.split("\n", 1)[0] == wanted else [f"the first line is not '{wanted}'"]


def plain_text(_name: str, text: str) -> list[str]:
    """Require ASCII, because Windows PowerShell reads a file without byte order mark in the code page of the system."""
    found = []
    if not text.isascii():
        found.append("a character beyond ASCII")
    if "\r" in text or "\t" in text or not text.endswith("\n"):
        found.append("CR, a tab, or no line end at the end")
    return found


def parameters_block(_name: str, text: str) -> list[str]:
    """Require the declaration without which win_powershell skips a script in check mode."""
    code = [line for line in text.splitlines() if line and not line.startswith("#")]
    if len(code) < 2 or code[0] != "[CmdletBinding(SupportsShouldProcess)]" or not code[1].startswith("param("):
        return ["the code does not begin with [CmdletBinding(SupportsShouldProcess)] and param("]
    return []


def strictness(name: str, text: str) -> list[str]:
    wanted = ["Set-StrictMode -Version 2.0", "$ErrorActionPreference = 'Stop'", "$Ansible.Changed = $false"]
    wanted = wanted[:2] if name == RUNNER else wanted
    lines = text.splitlines()
    if wanted[0] not in lines:
        return ["no Set-StrictMode -Version 2.0"]
    start = lines.index(wanted[0])
    return [] if lines[start : start + len(wanted)] == wanted else [f"strict mode is not followed by {wanted[1:]}"]


def first_command(_name: str, text: str) -> list[str]:
    """Require a first command that loads the module of the emulated commands outside of Windows."""
    used = [command.name for command in commands(text) if command.name != "Set-StrictMode"]
    return [] if used[:1] == [FIRST] else [f"the first command is not {FIRST}"]


def known_commands(_name: str, text: str) -> list[str]:
    own = functions(text)
    found = [
        f"line {after.line}: the alias {after.text}"
        for before, after in pairwise(tokens(text))
        if before.text == "|" and after.text in {"%", "?"}
    ]
    for command in commands(text):
        if command.name in own:
            continue
        if command.name not in ALLOWED:
            found.append(f"line {command.line}: {command.name} is an alias or not on the list of commands")
            continue
        for parameter in command.parameters:
            if parameter not in ALLOWED[command.name]:
                found.append(f"line {command.line}: {command.name} -{parameter} is not on the list")
    return found


def windows_powershell(_name: str, text: str) -> list[str]:
    found = [
        f"line {token.line}: '{token.text}' is not in Windows PowerShell 5.1"
        for token in tokens(text)
        if token.kind == "operator" and token.text in _FOREIGN_OPERATORS
    ]
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found += [reason for pattern, reason in _FOREIGN_TEXTS.items() if re.search(pattern, code, re.IGNORECASE)]
    return found


def no_execution_of_text(name: str, text: str) -> list[str]:
    if name == RUNNER:
        return []
    found = [
        f"line {token.line}: the call operator"
        for token in tokens(text)
        if token.kind == "operator" and token.text == "&"
    ]
    words = {token.text.lower() for token in tokens(text) if token.kind in {"word", "type"}}
    found += [
        f"{each} runs text" for each in re.findall(r"InvokeScript|NewScriptBlock|ExpandString", text, re.IGNORECASE)
    ]
    found += [
        f"{word} runs text" for word in ("invoke-expression", "iex", "[scriptblock]", "add-type") if word in words
    ]
    return found


def one_answer(name: str, text: str) -> list[str]:
    count = len(re.findall(r"^\$Ansible\.Result = ", text, re.MULTILINE))
    return [] if count == (name != RUNNER) else [f"$Ansible.Result is set {count} times"]


def clear_text_only_at_the_end(_name: str, text: str) -> list[str]:
    """Require secrets to be a SecureString or a PSCredential until the program needs them."""
    found = []
    for token in tokens(text):
        if token.kind == "string" and re.search(r"\$(plain|secret)\b", token.text, re.IGNORECASE):
            found.append(f"line {token.line}: a secret inside of a string")
    for name in re.findall(
        r"\[(?:string|object)(?:\[\])?\] \$(\w*(?:Password|Secret|KeyContent|Credential|Token)\w*)",
        text.split("Set-StrictMode", 1)[0],
        re.IGNORECASE,
    ):
        found.append(f"the parameter {name} is clear text")
    return found


# The only program that accepts passwords only on its command line, and the scripts that start it.
_PASSWORD_SWITCHES = {"register_vmm_server": "/proxyPassword", "configure_provider": "/proxyPassword"}


def no_password_on_a_command_line(name: str, text: str) -> list[str]:
    """Reject passwords on command lines, because every user who can list processes can read them."""
    return [
        f"line {token.line}: the switch {switch} carries a secret"
        for token in tokens(text)
        if token.kind == "string"
        for switch in re.findall(
            r"(?<!\S)[/-]{1,2}\w*(?:(?<!by)pass|pwd|pw|secret)\w*", token.text.strip("'\""), re.IGNORECASE
        )
        if switch != _PASSWORD_SWITCHES.get(name)
    ]


_SECRET = re.compile(r"\$(?:secret|plain)\b", re.IGNORECASE)
_SECRET_OR_COMMAND_LINE = re.compile(r"\$(?:secret|plain|arguments)\b", re.IGNORECASE)


def no_secret_for_a_cmdlet(name: str, text: str) -> list[str]:
    """Reject secrets as arguments of cmdlets, because module logging (event 4103) records these.

    It does not record the arguments of functions that belong to no module, and of the key file only the first bytes.
    """
    secret = _SECRET_OR_COMMAND_LINE if name in _PASSWORD_SWITCHES else _SECRET
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        code = re.sub(r"^\s*\$\w+ \+?= ", "", line)
        if code.lstrip().startswith(("#", "function ", "param(")) or not secret.search(code):
            continue
        cmdlets = {command.name for command in commands(code + "\n")} - functions(text) - {"Set-Content"}
        found += [f"line {number}: {cmdlet} receives a secret" for cmdlet in sorted(cmdlets)]
    return found


def no_localised_text(_name: str, text: str) -> list[str]:
    """Reject comparisons with messages of Windows, because they are in the language of the system."""
    words = r"\.(Message|DisplayName|Caption|Description|StatusDescription|StatusMessage)\b[^|;\n]*"
    operators = r"\s-[ci]?(not)?(match|like|eq|ne|replace|split|contains|in)\b"
    return [
        f"line {number}: {found[1]} is a text in the language of the system"
        for number, line in enumerate(text.splitlines(), 1)
        if not line.lstrip().startswith("#") and (found := re.search(words + operators, line, re.IGNORECASE))
    ]


def outputs_through_one_function(_name: str, text: str) -> list[str]:
    """Reject an output of a method that is read as a property, because strict mode stops at one that is absent."""
    outputs = r"\.(sValue|uValue|sNames|Types|Sid|bGranted|SettingData|Domain|User)\b(?!\s*=)"
    return [
        f"line {number}: {found[1]} is read without Get-Output"
        for number, line in enumerate(text.splitlines(), 1)
        if not line.lstrip().startswith("#")
        and (found := re.search(r"\$(?:answer|known|shown|owner|access)" + outputs, line))
    ]


# Each execution sends the entire script.
_LARGEST = {
    "observe": 62 * 1024,
    "probe_assumptions": 24 * 1024,
    # It reads what observe reads, and logs.
    "read_symptoms": 60 * 1024,
    # They also check the folder that they write to, and register_vmm_server looks for running jobs.
    "fetch_file": 20 * 1024,
    "register_vmm_server": 20 * 1024,
    "clean_registration": 20 * 1024,
    "install_provider": 20 * 1024,
}
_LARGE = 16 * 1024


def size(name: str, text: str) -> list[str]:
    """Limit the length of scripts. A script with one purpose is short."""
    largest = _LARGEST.get(name, _LARGE)
    return [] if len(text) <= largest else [f"{len(text)} bytes are more than {largest}"]


RULES: Final[tuple[Rule, ...]] = (
    marker,
    plain_text,
    parameters_block,
    strictness,
    first_command,
    known_commands,
    windows_powershell,
    no_execution_of_text,
    one_answer,
    clear_text_only_at_the_end,
    no_password_on_a_command_line,
    no_secret_for_a_cmdlet,
    no_localised_text,
    outputs_through_one_function,
    size,
)
