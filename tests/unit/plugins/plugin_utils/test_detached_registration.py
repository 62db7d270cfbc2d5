# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registration that runs without its connection: outcome, key file, service and secrets (X2, P4)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import RemoteFailure
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import background_task as runner
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import ConnectionLost
from lab.windows import layout, protection
from lab.windows.errors import MachineError
from lab.windows.machine import Machine
from lab.windows.states import STAGING, Prepare, all_of, registered, stopped, vmm_server
from lab.windows.tasks import ENDED_BY_SHUTDOWN, READY
from tests.lab.emulators.cases.background_tasks import background_task
from tests.lab.emulators.internet import PROXY_PASSWORD
from tests.unit.plugins.plugin_utils.clock import Time
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import ScriptHarness, at
from tests.unit.plugins.plugin_utils.registration_resource import ANSWER, KEY_PATH, SERVER, login, registration

_SECRETS_FILE = STAGING + r"\work\registration\secrets.txt"
_WORK = STAGING + r"\work"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(runner, "time", made)
    return made


def _key_file(machine: Machine) -> None:
    machine.write_file(KEY_PATH, b"key")


def earlier(answer: dict[str, Any] | None, **more: Any) -> Prepare:
    """Return a registration that an earlier run started, and that ended with this object of its script."""
    text = None if answer is None else json.dumps({"failed": False, "error": None, "changed": True, "result": answer})
    state = {"state": READY, "code": 0 if answer is not None else ENDED_BY_SHUTDOWN, **more}
    return background_task("registration", script="register_vmm_server", parameters={}, answer=text, **state)


def gone(found: ScriptHarness) -> bool:
    """Tell whether nothing is left of the task and of the key."""
    return not found.machine.tasks and not found.exists(_WORK) and not found.exists(KEY_PATH)


def watched(found: ScriptHarness, look: Callable[[], None]) -> None:
    """Call `look` after each change of a file."""
    really = found.machine.note

    def note(verb: str, **detail: Any) -> None:
        really(verb, **detail)
        if verb.startswith("file."):
            look()

    found.machine.note = note  # type: ignore[method-assign]


# ---- the connection ----


@pytest.mark.parametrize("script", ["start_background_task", "poll_background_task"])
def test_a_lost_connection_does_not_lose_the_outcome(harness: MakeHarness, key: str, script: str) -> None:
    found = harness(SERVER)
    really = found.execute
    lost = [ConnectionLost("gone")]

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = really(arguments, check_mode=check_mode)
        if f"script: {script}" in arguments["script"] and lost:
            # The script ran, and its answer was lost.
            raise lost.pop()
        return answer

    found.execute = execute  # type: ignore[method-assign]
    outcome = found.run(registration(key_path=key))
    assert (outcome.after["registered"], gone(found)) == (True, True)
    assert [call[2].friendly_name for call in found.lab.azure.calls] == ["vmm01.corp.lab.test"]
    assert found.machine.is_running(layout.VMM_SERVICE)


def test_the_next_run_reads_the_outcome(harness: MakeHarness) -> None:
    """The server is registered, so no key is needed although Azure did not show the server when it was asked."""
    found = harness(SERVER, all_of(registered(), earlier(ANSWER)))
    outcome = found.run(registration(azure_registration={"registered": False}, remove_stale_registration=True))
    assert found.scripts == ["observe", "poll_background_task", "end_background_task", "observe"]
    assert (outcome.changed, gone(found)) == (False, True)
    assert outcome.warnings == ("the registration of the VMM server, which an earlier run started, succeeded",)


def test_the_next_run_reports_a_failure_and_registers(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, earlier({**ANSWER, "exit_code": 1, "log_tail": ["ReRegistrationError"]}))
    outcome = found.run(registration(key_path=key))
    assert (outcome.after["registered"], gone(found)) == (True, True)
    assert "which an earlier run started, failed: " in outcome.warnings[0]
    assert "already registered in another vault" in outcome.warnings[0]


def test_the_next_run_reports_a_program_that_was_stopped(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, earlier({**ANSWER, "exit_code": None}))
    outcome = found.run(registration(key_path=key))
    assert (outcome.after["registered"], gone(found)) == (True, True)
    assert "it was stopped" in outcome.warnings[0]


def test_an_interrupted_registration_leaves_nothing_and_vmm_runs(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, all_of(earlier(None), _key_file, stopped(layout.VMM_SERVICE)))
    found.machine.write_file(_SECRETS_FILE, b"encrypted")
    outcome = found.run(registration(key_path=key))
    assert (outcome.after["registered"], gone(found)) == (True, True)
    assert found.machine.is_running(layout.VMM_SERVICE)
    assert "was interrupted" in outcome.warnings[0]
    assert outcome.warnings[1] == "the VMM service was started, because an interrupted run had left it stopped"


def test_a_running_registration_is_waited_for(harness: MakeHarness) -> None:
    found = harness(SERVER, all_of(background_task("registration", script="register_vmm_server"), _key_file))
    planned = found.run(registration(), check=True)
    assert (found.scripts, [change.path for change in planned.plan.changes]) == (["observe"], ["registered"])
    assert planned.after["orphaned_key_files"] == []

    def ends() -> None:
        registered()(found.machine)
        found.machine.remove_file(KEY_PATH)
        earlier(ANSWER)(found.machine)

    at(found, "poll_background_task", None, ends)
    outcome = found.run(registration())
    assert (outcome.changed, gone(found), found.scripts.count("poll_background_task")) == (False, True, 2)


def test_two_runs_register_once(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        if "script: start_background_task" in arguments["script"]:
            # Another run was faster.
            really(arguments)
        return really(arguments, check_mode=check_mode)

    found.execute = execute  # type: ignore[method-assign]
    assert found.run(registration(key_path=key)).after["registered"]
    assert (len(found.lab.azure.calls), gone(found)) == (1, True)
    assert any("was started by another run at the same time" in line for line in found.shown)


@pytest.mark.parametrize("point", ["DRConfigurator.exe", "task siterecovery.hyperv-registration"])
def test_nothing_is_left_of_a_failure(harness: MakeHarness, key: str, point: str) -> None:
    found = harness(SERVER)
    found.fail(point, exit_code=1, message="m")
    with pytest.raises(RemoteFailure):
        found.run(registration(key_path=key, proxy=login(found)))
    assert (gone(found), found.machine.is_running(layout.VMM_SERVICE)) == (True, True)


# ---- secrets ----


def test_no_secret_is_stored_in_the_clear(harness: MakeHarness, key: str) -> None:
    """Only the key file itself contains the key, and no file, task or journal the password."""
    found = harness(vmm_server(provider={}, egress="proxy"))
    with open(key, encoding="utf-8") as file:
        secret_key = file.read()
    seen: list[str] = []
    forms = {form for text in (PROXY_PASSWORD, secret_key) for form in (text, base64.b64encode(text.encode()).decode())}

    def look() -> None:
        for each in found.machine.files:
            if each.path != KEY_PATH and any(form.encode() in (each.content or b"") for form in forms):
                seen.append(each.path)

    watched(found, look)
    found.run(registration(key_path=key, proxy=login(found)))
    entries = found.lab.context.journal.entries
    stored = [entry.verb for entry in entries if entry.detail.get("path") == _SECRETS_FILE]
    assert (seen, stored) == ([], ["file.write", "file.remove"])
    verbs = [(entry.verb, entry.detail.get("path")) for entry in entries]
    started = next(place for place, (verb, _path) in enumerate(verbs) if verb == "process.start")
    assert verbs.index(("file.remove", _SECRETS_FILE)) < started
    tasks = json.dumps([entry.detail for entry in entries if entry.verb.startswith("task.")])
    assert not any(form in tasks for form in forms)
    assert not any(form in found.plain for form in forms)


def test_another_machine_cannot_read_the_stored_secrets() -> None:
    stored = protection.protect("vmm01", b"secret")
    assert (protection.unprotect("vmm01", stored), b"secret" in stored) == (b"secret", False)
    with pytest.raises(MachineError):
        protection.unprotect("vmm02", stored)
