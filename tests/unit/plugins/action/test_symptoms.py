# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of the table of symptoms is found on a machine of the lab that shows it, and repairs can be undone."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.symptom_table import REPAIRS, SYMPTOMS
from lab.windows import layout
from lab.windows.event_logs import HYPERV_LOG
from lab.windows.machine import Machine
from lab.windows.states import (
    STAGING,
    Prepare,
    all_of,
    cluster_node,
    disabled,
    fault,
    hyperv_host,
    registered,
    stopped,
    value,
    vmm_server,
)
from lab.windows.tasks import ScheduledTask
from tests.unit.plugins.action.conftest import Runner

MakeRunner = Callable[..., Runner]
CLOUDS: dict[str, Any] = {
    "host_groups": [{"name": "Berlin", "hosts": ["hv01.x.test"]}],
    "clouds": [{"name": "Gold", "host_groups": ["Berlin"]}],
}
VMM = vmm_server(vmm=CLOUDS, provider={})
HOST = hyperv_host(agent={"version": "2.0.9938.0"})
SETUP_LOG = layout.SETUP_LOGS + r"\DRASetupWizard_1.log"
AGENT_LOG = layout.AGENT_FOLDER + r"\Temp\CBEngineCurr.errlog"


@dataclass(frozen=True)
class Shown:
    """A machine that shows a symptom."""

    machine: dict[str, Any]
    prepare: Prepare | None = None


def logged(machine: dict[str, Any], path: str, line: str) -> Shown:
    return Shown({**machine, "logs": [{"path": path, "lines": ["12:00 begin", line, "12:01 end"]}]})


def setup(key: str) -> Shown:
    """Return a server on which DRConfigurator failed, with the text of its resource in the log."""
    return logged(VMM, SETUP_LOG, f"DRConfigurator.exe: {key}: It failed.")


def event(text: str) -> Shown:
    return Shown({**HOST, "events": [{"log": HYPERV_LOG, "id": 32315, "message": f"Cannot replicate 'web'. ({text})"}]})


def ended_task(code: int) -> Shown:
    """Return a host on which a setup task ended before its script began."""

    def prepare(machine: Machine) -> None:
        machine.make_folder(STAGING + r"\work\agent")
        task = ScheduledTask("siterecovery.hyperv-agent", "CORP\\x", "S4U", "Highest", "powershell.exe", "")
        task.last_result = code
        machine.register_task(task)

    return Shown(HOST, prepare)


CASES: dict[str, Shown] = {
    "language-mode": Shown({**HOST, "language_mode": "ConstrainedLanguage"}),
    "vmm-id": Shown(VMM, value(layout.VMM_SETUP_KEY, "VmmID", "")),
    "vmm-service": Shown(VMM, stopped(layout.VMM_SERVICE)),
    "data-encryption": Shown(VMM, all_of(registered(), value(layout.REGISTRATION_KEY, "EncryptionEnabled", "True"))),
    "cloud-hosts": Shown(vmm_server(vmm={"clouds": [{"name": "Empty"}]}, provider={})),
    "capability": Shown(vmm_server(vmm={**CLOUDS, "clouds": [{**CLOUDS["clouds"][0], "capability_profiles": []}]})),
    "restart": Shown({**VMM, "pending_restart": ["pending_file_rename"]}),
    "tls": Shown({**HOST, "tls": {"enabled": 0}}),
    "switch-names": Shown({**HOST, "switches": ["Team #1"]}),
    "hyperv": Shown({**HOST, "hyperv_running": False}),
    "agent": Shown(hyperv_host()),
    "agent-service": Shown(HOST, disabled(layout.AGENT_SERVICE)),
    "backup": Shown({**HOST, "agent": {"version": "2.0.9938.0", "backup_vault": "vault-backup"}}),
    "own-registration": Shown({**HOST, "registration": {"vault": "vault-migrate"}}),
    "registered-elsewhere": setup("ReRegistrationError"),
    "registration-without-id": setup("DraIdEmptyError"),
    "key-expired": setup("CredentialFileExpired"),
    "clock-wrong": setup("ACS50008"),
    "key-damaged": setup("SettingsFileCorrupt"),
    "key-needs-newer-provider": setup("DraVersionNotSupported"),
    "key-of-other-kind": setup("WrongSettingsFileForSMB"),
    "key-of-several-vaults": setup("MultipleVaultsPerCertificate"),
    "proxy-login-refused": setup("The remote server returned an error: (407)"),
    "proxy-name-unknown": setup("ProxyNameResolutionFailure"),
    "proxy-blocks": setup("RequestProhibitedByProxy"),
    "proxy-unusable": setup("InvalidProxySettings"),
    "name-unresolved": setup("NameResolutionFailure"),
    "tls-handshake-failed": setup("SocketException 10054"),
    "azure-unreachable": setup("NotConnectedToInternet"),
    "passive-node": setup("ScvmmNoRegistrationOnSecondaryNode"),
    "vmm-not-stopped": setup("FailedToStopVmmService"),
    "vmm-not-started": setup("FailedToStartVmmService"),
    "no-vmm-server": setup("NoCompatibleAdapterFoundVmm"),
    "setup-needs-restart": setup("PendingRestart"),
    "provider-older": setup("HigherVersionInstalled"),
    "certificate-not-stored": setup("SrsAuthCertCreationFailure"),
    "encryption-retired": setup("KekOperationsFailed"),
    "setup-registry-unreadable": setup("MissingRegistryEntry"),
    "setup-runs-twice": setup("ProcessAlreadyLaunched"),
    "setup-command-line": setup("InvalidCommandLine"),
    "backup-credentials-old": logged(HOST, AGENT_LOG, "Invalid vault credentials. ID: 34513"),
    "backup-vault-wrong": logged(HOST, AGENT_LOG, "Wrong vault. ID: 100110"),
    "agent-proxy-login-refused": logged(HOST, AGENT_LOG, "Proxy login. ID: 100050"),
    "agent-package-gone": logged(HOST, layout.AGENT_LOG, "MainEngineThread is returning 1612"),
    "guest-dynamic-disks": event("0x800700EA"),
    "guest-integration-services": event("0x80070032"),
    "task-batch-logon": ended_task(0x80070569),
    "task-login-wrong": ended_task(0x8007052E),
    "task-access-denied": ended_task(0x80070005),
    "task-account-locked": ended_task(0x80070775),
    "task-password-forbidden": ended_task(0x80070520),
    "task-command-blocked": ended_task(0xFFFD0000),
}


def look(runner: Runner, **more: Any) -> dict[str, Any]:
    return runner.run("symptom_info", kind=runner.machine.machine.kind, **more)


def ids(result: dict[str, Any]) -> list[str]:
    return [each["id"] for each in result["symptoms"]]


def test_every_row_has_a_case() -> None:
    assert set(CASES) == {row.id for row in SYMPTOMS}


@pytest.mark.parametrize("symptom", CASES)
def test_a_machine_that_shows_a_symptom(runner: MakeRunner, symptom: str) -> None:
    shown = CASES[symptom]
    found = runner(shown.machine, shown.prepare)
    before = found.machine.machine.snapshot()
    result = look(found)
    assert ids(result) == [symptom]
    assert result["unread"] == [] or symptom == "language-mode"
    (row,) = result["symptoms"]
    assert all(row[name] for name in ("sign", "seen", "cause", "fix", "source", "step"))
    assert found.scripts == ["read_symptoms"], "one execution"
    assert (found.machine.machine.snapshot(), result["changed"]) == (before, False)


@pytest.mark.parametrize("machine", [VMM, HOST, cluster_node()], ids=["vmm_server", "hyperv_host", "cluster"])
def test_a_healthy_machine_shows_nothing(runner: MakeRunner, machine: dict[str, Any]) -> None:
    result = look(runner(machine))
    assert (set(ids(result)) - {"cloud-hosts", "capability"}, result["unread"]) == (set(), [])


def test_a_look_is_the_same_in_check_mode(runner: MakeRunner) -> None:
    found = runner(CASES["key-expired"].machine)
    assert look(found, check=True)["symptoms"] == look(found)["symptoms"]


@pytest.mark.parametrize("text", ["ID: 1000501", "x1000500", "0x80070032F"])
def test_a_longer_number_is_no_sign(runner: MakeRunner, text: str) -> None:
    logs = [{"path": AGENT_LOG, "lines": [text]}]
    result = look(runner({**HOST, "logs": logs, "events": [{"log": HYPERV_LOG, "id": 1, "message": text}]}))
    assert ids(result) == []


def test_logs_and_events_that_are_old_are_history(runner: MakeRunner) -> None:
    def age(machine: Machine) -> None:
        machine.clock_skew = timedelta(days=40)

    machine = {**HOST, "events": [{"log": HYPERV_LOG, "id": 1, "message": "0x800700EA", "hours": 20 * 24}]}
    logs = [{"path": AGENT_LOG, "lines": ["ID: 34513"]}]
    assert ids(look(runner(machine), days=19)) == []
    assert ids(look(runner(machine), days=21)) == ["guest-dynamic-disks"]
    assert ids(look(runner({**HOST, "logs": logs}, age), days=39)) == []
    assert ids(look(runner({**HOST, "logs": logs}, age), days=41)) == ["backup-credentials-old"]


@pytest.mark.parametrize(
    ("machine", "prepare", "named"),
    [
        (CASES["key-expired"].machine, fault(f"read {SETUP_LOG}"), "log of the setup and registration"),
        (HOST, fault(f"read log {HYPERV_LOG}"), f"event log {HYPERV_LOG}"),
        ({**HOST, "language_mode": "ConstrainedLanguage"}, None, "everything but the language mode"),
    ],
    ids=["log", "event log", "language mode"],
)
def test_what_cannot_be_read_is_named(
    runner: MakeRunner, machine: dict[str, Any], prepare: Prepare | None, named: str
) -> None:
    (line,) = look(runner(machine, prepare))["unread"]
    assert line.startswith(named)


def test_no_line_of_a_log_is_in_the_result(runner: MakeRunner) -> None:
    shown = setup("CredentialFileExpired /proxyPassword canary-secret")
    result = look(runner(shown.machine))
    assert ids(result) == ["key-expired"]
    assert "canary-secret" not in json.dumps(result)


def test_the_name_of_the_server_is_for_azure(runner: MakeRunner) -> None:
    assert look(runner(VMM))["vmm_server"] == {"name": "vmm01.corp.lab.test", "registered": False}
    assert look(runner(VMM, registered()))["vmm_server"] == {"name": "vmm01.corp.lab.test", "registered": True}
    assert look(runner(HOST))["vmm_server"] is None


def test_a_wrong_number_of_days_is_refused(runner: MakeRunner) -> None:
    found = runner(HOST)
    assert "days must be at least 1" in look(found, days=0)["msg"]
    assert found.scripts == []


# ---- repairs ----

REPAIRABLE = {
    "agent-service": (layout.AGENT_SERVICE, CASES["agent-service"]),
    "hyperv": (layout.HYPERV_SERVICE, Shown(HOST, stopped(layout.HYPERV_SERVICE))),
    "vmm-service": (layout.VMM_SERVICE, CASES["vmm-service"]),
}


def repair(runner: Runner, file: Path, *symptoms: str, **more: Any) -> dict[str, Any]:
    kind = runner.machine.machine.kind
    return runner.run("symptom_repair", kind=kind, symptoms=list(symptoms), undo_file=str(file), **more)


def undo(runner: Runner, file: Path, **more: Any) -> dict[str, Any]:
    kind = runner.machine.machine.kind
    return runner.run("symptom_repair", kind=kind, undo=True, undo_file=str(file), **more)


def test_every_repair_has_a_case() -> None:
    assert set(REPAIRABLE) == {id for repairs in REPAIRS.values() for id in repairs}


@pytest.mark.parametrize("symptom", REPAIRABLE)
def test_a_repair_is_planned_made_repeated_and_undone(runner: MakeRunner, tmp_path: Path, symptom: str) -> None:
    service, shown = REPAIRABLE[symptom]
    found, file = runner(shown.machine, shown.prepare), tmp_path / "undo.json"
    machine = found.machine.machine
    before = machine.snapshot()["services"]
    planned = repair(found, file, symptom, check=True, diff=True)
    assert (planned["changed"], machine.snapshot()["services"], file.exists()) == (True, before, False)
    done = repair(found, file, symptom, diff=True)
    assert (done["plan"], done["diff"]) == (planned["plan"], planned["diff"])
    assert done["services"][service] == {"status": "Running", "start_mode": "Auto"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ids(look(found)) == []
    written = file.read_bytes()
    assert (repair(found, file, symptom)["changed"], file.read_bytes()) == (False, written)
    assert undo(found, file, check=True)["changed"]
    undone = undo(found, file)
    assert [each["path"] for each in undone["plan"]] == [each["path"] for each in reversed(done["plan"])]
    assert machine.snapshot()["services"] == before
    assert (undo(found, file)["changed"], file.read_bytes()) == (False, written)


def test_without_consent_nothing_is_repaired(runner: MakeRunner, tmp_path: Path) -> None:
    found, file = runner(REPAIRABLE["agent-service"][1].machine, disabled(layout.AGENT_SERVICE)), tmp_path / "undo.json"
    result = repair(found, file, "hyperv", "vmm-service")
    assert (result["changed"], file.exists()) == (False, False)


def test_an_undo_leaves_what_others_changed_since(runner: MakeRunner, tmp_path: Path) -> None:
    found, file = runner(HOST, disabled(layout.AGENT_SERVICE)), tmp_path / "undo.json"
    assert repair(found, file, "agent-service")["changed"]
    found.machine.machine.need_service(layout.AGENT_SERVICE).start_mode = "Manual"
    result = undo(found, file)
    assert result["services"]["obengine"] == {"status": "Stopped", "start_mode": "Manual"}
    assert result["warnings"] == ["start_mode of obengine is Manual, not Auto as after the repair; it stays as it is"]


def test_an_interrupted_repair_has_its_record(runner: MakeRunner, tmp_path: Path) -> None:
    found, file = runner(HOST, disabled(layout.AGENT_SERVICE)), tmp_path / "undo.json"
    found.machine.fail("start obengine")
    assert repair(found, file, "agent-service")["failed"]
    assert undo(found, file)["services"]["obengine"] == {"status": "Stopped", "start_mode": "Disabled"}


@pytest.mark.parametrize(
    ("machine", "prepare", "given", "words"),
    [
        (HOST, None, {"symptoms": ["key-expired"]}, "symptoms: 'key-expired' must be a symptom with a repair"),
        (HOST, None, {}, "symptoms must be set unless undo is set"),
        (HOST, None, {"undo": True}, "undo_file must exist for an undo"),
        (
            HOST,
            None,
            {"undo": True, "symptoms": ["hyperv"]},
            "symptoms must be set unless undo is set, and not with it",
        ),
        (
            cluster_node(state="Offline"),
            None,
            {"symptoms": ["vmm-service"]},
            "the VMM service belongs to a cluster",
        ),
    ],
    ids=["no repair", "no consent", "no file", "both", "cluster"],
)
def test_a_refused_repair_changes_nothing(
    runner: MakeRunner,
    tmp_path: Path,
    machine: dict[str, Any],
    prepare: Prepare | None,
    given: dict[str, Any],
    words: str,
) -> None:
    found = runner(machine, prepare)
    before = found.machine.machine.snapshot()
    file = tmp_path / "undo.json"
    result = found.run("symptom_repair", kind=machine["kind"], undo_file=str(file), **given)
    assert words in result["msg"]
    assert (found.machine.machine.snapshot(), file.exists()) == (before, False)


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        '{"version": 1}',
        '{"version": 2, "changes": []}',
        '{"version": 1, "changes": [{"machine": "", "service": "Spooler", "setting": "status", "before": "Stopped",'
        ' "after": "Running"}]}',
        '{"version": 1, "changes": [{"machine": "", "service": "vmms", "setting": "account", "before": "a",'
        ' "after": "b"}]}',
    ],
)
def test_an_undo_file_of_others_is_refused(runner: MakeRunner, tmp_path: Path, content: str) -> None:
    found, file = runner(HOST), tmp_path / "undo.json"
    file.write_text(content)
    assert undo(found, file)["msg"].startswith("undo_file must ")
    assert found.scripts == []


def test_an_undo_that_would_interrupt_jobs_is_refused(runner: MakeRunner, tmp_path: Path) -> None:
    busy = vmm_server(vmm={**CLOUDS, "running_jobs": [{"name": "Move virtual machine"}]}, provider={})
    found, file = runner(busy), tmp_path / "undo.json"
    document = {"machine": "", "service": "SCVMMService", "setting": "status", "before": "Stopped", "after": "Running"}
    file.write_text(json.dumps({"version": 1, "changes": [document]}))
    assert "1 VMM job is running" in undo(found, file)["msg"]
    assert found.machine.machine.is_running(layout.VMM_SERVICE)


def test_records_of_other_machines_stay(runner: MakeRunner, tmp_path: Path) -> None:
    found, file = runner(HOST), tmp_path / "undo.json"
    document = {"machine": "hv99", "service": "obengine", "setting": "status", "before": "Stopped", "after": "Running"}
    file.write_text(json.dumps({"version": 1, "changes": [document]}))
    assert not undo(found, file)["changed"]
