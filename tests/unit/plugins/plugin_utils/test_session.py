# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One script on one machine: its arguments, its result, and its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    RemoteFailure,
    SiteRecoveryError,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import Session, source
from lab.engines.scripts import assembled

GOOD: dict[str, Any] = {"changed": False, "failed": False, "result": {"status": "Running"}}


def session(answer: Mapping[str, Any], sent: list[dict[str, Any]] | None = None) -> Session:
    def execute(arguments: dict[str, Any]) -> Mapping[str, Any]:
        if sent is not None:
            sent.append(arguments)
        return answer

    return Session(execute)


def test_the_arguments() -> None:
    sent: list[dict[str, Any]] = []
    found = session(GOOD, sent).run(
        "start_service",
        {"Name": "x", "Left": None, "Empty": []},
        {"Password": "p", "Credential": ("u", "q"), "None": None},
    )
    assert found == {"status": "Running"}
    assert sent == [
        {
            "script": source("start_service"),
            "parameters": {"Name": "x", "Empty": []},
            "depth": 6,
            "error_action": "stop",
            "sensitive_parameters": [
                {"name": "Password", "value": "p"},
                {"name": "Credential", "username": "u", "password": "q"},
            ],
        }
    ]


def test_no_argument_for_missing_secrets() -> None:
    sent: list[dict[str, Any]] = []
    session(GOOD, sent).run("start_service", {"Name": "x"}, {"Password": None})
    assert "sensitive_parameters" not in sent[0]


def test_a_script_is_sent_with_the_files_that_it_includes(collection_root: Path) -> None:
    folder = collection_root / "plugins" / "plugin_utils" / "_windows" / "scripts"
    names = [path.stem for path in folder.glob("*.ps1")]
    assert {name: source(name) for name in names} == {name: assembled(folder, name) for name in names}
    assert source("poll_background_task") == (folder / "poll_background_task.ps1").read_text()
    sent = source("start_service")
    assert sent.startswith("# siterecovery.hyperv script: start_service\n")
    assert "\n\nfunction Get-ServiceStatus {\n" in sent
    assert "siterecovery.hyperv functions:" not in sent
    observed = source("observe")
    assert "\n\nfunction Get-HostSection {\n" in observed
    assert "siterecovery.hyperv sections:" not in observed


AMSI = "This script contains malicious content and has been blocked by your antivirus software."
POLICY = "File C:\\p.ps1 cannot be loaded because running scripts is disabled on this system."
#: The message of Ansible for output that is not JSON.
NO_JSON = "Module result deserialization failed: No start of json char found"


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            {
                "failed": True,
                "error": [{"exception": {"message": "first"}}, {"exception": {"message": "It\r\nbroke."}}],
            },
            "script x failed: It broke.",
        ),
        ({"failed": True, "error": [{"exception": None, "output": "words\n"}]}, "script x failed: words"),
        ({"failed": True, "error": [{}], "msg": "other"}, "script x failed: no message"),
        ({"failed": True, "error": [], "msg": "no such module"}, "script x failed: no such module"),
        ({"failed": True, "module_stderr": "boom"}, "script x failed: boom"),
        *(
            ({"failed": True, "msg": NO_JSON, **written}, f"script x failed: {line}")
            for written, line in (
                ({"module_stderr": "\r\nboom\r\nAt line:4"}, "boom"),
                ({"module_stdout": "Access denied"}, "Access denied"),
                ({"module_stderr": " ", "module_stdout": ""}, NO_JSON),
                (
                    {"module_stderr": AMSI},
                    f"the antivirus program of the machine blocked Ansible's script; exclude it there ({AMSI})",
                ),
                (
                    {"module_stderr": POLICY},
                    f"the execution policy of the machine stops scripts; allow them for the connecting user ({POLICY})",
                ),
            )
        ),
        ({"failed": True}, "script x failed: no message"),
    ],
)
def test_a_script_that_fails(answer: dict[str, Any], line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{Session.__module__}.source", lambda _script: "")
    with pytest.raises(RemoteFailure) as failed:
        session(answer).run("x")
    assert failed.value.to_result() == {"msg": line, "error": {"kind": "remote_failure", "script": "x"}}


@pytest.mark.parametrize(
    "answer",
    [
        {"changed": True, "msg": "skipped, running in check mode", "result": {}},
        {"changed": True, "msg": "any other words", "result": {}},
        {"changed": False, "failed": False, "result": None},
        {"changed": False, "failed": False},
    ],
)
def test_an_answer_without_an_object_is_a_bug(answer: dict[str, Any]) -> None:
    with pytest.raises(
        SiteRecoveryError, match=r"^script start_service did not run and returned an empty object; report this as a bug"
    ):
        session(answer).run("start_service")


def test_a_change_is_kept_after_a_failure() -> None:
    kept = session({"failed": True, "changed": True})
    assert kept.changed is False
    with pytest.raises(RemoteFailure):
        kept.run("start_service")
    assert kept.changed is True
    fresh = session(GOOD)
    fresh.run("start_service")
    assert fresh.changed is False


def test_secrets_are_known_in_their_one_line_form_too() -> None:
    sender = session(GOOD)
    sender.run("start_service", {"Name": "x"}, {"A": "two\n  lines", "B": ("user", "p  w"), "C": "", "D": ("u", "")})
    assert sender.secrets >= {"two\n  lines", "two lines", "p  w", "p w"}
