# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines and input in both formats of Ansible are recognized."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lab.engines.base import CommandRequest
from lab.engines.payload import HouseKeeping, ModuleCall, RawScript, UnknownPayload, peel, recognize

BOOTSTRAP = "$input | Invoke-Something"


def encode(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode()


def line(script: str, executable: str = "PowerShell") -> str:
    return f"{executable} -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {encode(script)}"


def request(script: str = BOOTSTRAP, stdin: bytes = b"") -> CommandRequest:
    return CommandRequest(line(script), (), stdin)


def format_a(args: Any, actions: tuple[str, ...] = ("module_powershell_wrapper",), **more: Any) -> bytes:
    manifest = {"module_args": args, "actions": list(actions), "environment": {"A": "1"}, **more}
    return b"begin { } # an exec wrapper\n" + b"\0\0\0\0" + json.dumps(manifest).encode()


def format_b(*actions: dict[str, Any], lines: bytes | None = None) -> bytes:
    bootstrap = json.dumps({"name": "exec_wrapper", "script": "# `0`0`0`0", "params": {}}).encode()
    manifest = json.dumps({"scripts": {}, "actions": list(actions), "signed_hashlist": []}).encode()
    tail = b"" if lines is None else b"\n\0\0\0\0\n" + lines
    return bootstrap + b"\n\0\0\0\0\n" + manifest + tail


def module_action(name: str, args: Any, **params: Any) -> dict[str, Any]:
    variables = [{"Name": "complex_args", "Value": args, "Scope": "Global"}]
    script = f"ansible_collections.{name.rsplit('.', 1)[0]}.plugins.modules.{name.rsplit('.', 1)[1]}.ps1"
    values = {"Script": script, "Environment": {"A": "1"}, "ForModule": True, "Variables": variables, **params}
    return {"name": "module_wrapper.ps1", "params": values, "secure_params": {}}


ARGS = {"script": "1", "_ansible_check_mode": True, "_ansible_module_name": "ansible.windows.win_powershell"}


@pytest.mark.parametrize(
    "text",
    [
        line("inner"),
        line("inner", "powershell"),
        line("inner", "pwsh"),
        line("inner", r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"),
        line(line("inner")),
        line(line(line("inner", "pwsh.exe"), "POWERSHELL")),
        f"powershell -NoProfile -InputFormat None -EncodedCommand {encode('inner')}",
    ],
)
def test_every_layer_is_peeled(text: str) -> None:
    found = peel(CommandRequest(text))
    assert found is not None
    assert found.script == "inner"


def test_command_and_arguments_are_one_line() -> None:
    found = peel(CommandRequest("PowerShell", (f"-NoProfile -EncodedCommand {encode('inner')}",)))
    assert found is not None
    assert found.encoded == encode("inner")


def test_encoded_arguments_are_kept() -> None:
    found = peel(CommandRequest(f"powershell -EncodedCommand {encode('inner')} -EncodedArguments {encode('<Objs/>')}"))
    assert found is not None
    assert found.encoded_arguments == encode("<Objs/>")


def test_a_script_that_only_mentions_an_encoded_command_is_the_innermost() -> None:
    script = f"Write-Output 'x'\npowershell -EncodedCommand {encode('never')}\n"
    found = peel(request(script))
    assert found is not None
    assert found.script == script


@pytest.mark.parametrize("text", ["cmd /c dir", "powershell -Command 1", "python -EncodedCommand QQA="])
def test_a_line_without_an_encoded_command_is_unknown(text: str) -> None:
    with pytest.raises(UnknownPayload, match="does not start PowerShell"):
        recognize(CommandRequest(text))


def test_an_encoded_command_that_is_no_text_is_unknown() -> None:
    with pytest.raises(UnknownPayload, match="base64"):
        recognize(CommandRequest("powershell -EncodedCommand QQA=A"))


@pytest.mark.parametrize(
    "stdin",
    [format_a(ARGS), format_b(module_action("ansible.windows.win_powershell", ARGS))],
    ids=["format A", "format B"],
)
def test_a_module_is_told_with_its_arguments_in_both_formats(stdin: bytes) -> None:
    found = recognize(request(stdin=stdin))
    assert isinstance(found, ModuleCall)
    assert found.name == "ansible.windows.win_powershell"
    assert found.options == {"script": "1"}
    assert found.check_mode
    assert found.environment == {"A": "1"}
    assert found.wrappers == ()


@pytest.mark.parametrize(
    "stdin",
    [
        format_a(ARGS, ("become_wrapper", "module_powershell_wrapper")),
        format_b({"name": "become_wrapper", "params": {}}, module_action("ansible.windows.win_powershell", ARGS)),
    ],
)
def test_wrappers_in_front_are_named(stdin: bytes) -> None:
    found = recognize(request(stdin=stdin))
    assert isinstance(found, ModuleCall)
    assert found.wrappers == ("become_wrapper",)


@pytest.mark.parametrize("name", ["win_ping", "ansible.windows.win_ping", "ansible.legacy.win_ping"])
def test_a_modules_short_name_is_enough(name: str) -> None:
    assert ModuleCall(name, {}).is_a("win_ping")
    assert not ModuleCall(name, {}).is_a("ping")


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        (b"head\0\0\0\0not json", "not JSON"),
        (b"head\0\0\0\0[]", "not a JSON object"),
        (format_a(ARGS, ()), "lacks actions"),
        (format_a(None), "lacks actions or module_args"),
        (format_a({}), "name is missing"),
        (format_a(ARGS, ("module_script_wrapper",)), "module_script_wrapper is not a PowerShell module"),
        (format_b(), "has no actions"),
        (format_b({"name": 1}), "no name"),
        (format_b(module_action("ansible.windows.win_ping", {}, ForModule=False)), "runs a script"),
        (format_b(module_action("ansible.windows.win_ping", {}, Variables=None)), "complex_args"),
    ],
)
def test_a_payload_of_another_form_is_unknown_and_named_without_its_content(stdin: bytes, words: str) -> None:
    with pytest.raises(UnknownPayload, match=words):
        recognize(request(stdin=stdin))


def test_a_step_of_ansible_comes_with_its_input() -> None:
    stdin = format_b({"name": "winrm_put_file.ps1", "params": {"Path": "C:\\x"}}, lines=b"QQ==\r\nQg==\r\n")
    assert recognize(request(stdin=stdin)) == HouseKeeping("winrm_put_file", {"Path": "C:\\x"}, b"QQ==\r\nQg==\r\n")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            "Set-StrictMode -Version Latest\nRemove-Item 'C:\\it''s here' -Force -Recurse;\nIf (-not $?) { exit 1 }",
            HouseKeeping("remove", {"Path": "C:\\it's here", "Recurse": True}),
        ),
        ("Remove-Item C:\\temp\\x.ps1 -Force", HouseKeeping("remove", {"Path": "C:\\temp\\x.ps1", "Recurse": False})),
        ("Remove-Item 'C:\\a' -Force; Get-Date", RawScript("Remove-Item 'C:\\a' -Force; Get-Date")),
        ("Get-Date", RawScript("Get-Date")),
    ],
)
def test_plain_scripts_are_told_apart(script: str, expected: HouseKeeping | RawScript) -> None:
    assert recognize(request(script)) == expected
