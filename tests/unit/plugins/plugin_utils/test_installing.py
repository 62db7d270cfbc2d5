# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider and agent on a machine of the lab: the scripts that run, and their effects (S3, P1, P3, H1 to H4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import resource
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    NotConverged,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.vmm_jobs import REFRESHERS
from lab.windows import layout
from lab.windows.installers import package
from lab.windows.machine import Machine
from lab.windows.states import (
    STAGING,
    Prepare,
    all_of,
    fetched,
    hyperv_host,
    open_folder,
    stopped,
    vmm_server,
)
from tests.unit.plugins.plugin_utils.clock import Time
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import ScriptHarness
from tests.unit.plugins.plugin_utils.setups import AGENT_EXE, BOTH, ONE, OTHER, PROVIDER_EXE, Installed


@pytest.fixture(params=BOTH, ids=["provider", "agent"])
def what(request: pytest.FixtureRequest) -> Installed:
    found: Installed = request.param
    return found


# ---- scripts ----


@pytest.mark.parametrize("version", [None, "9.9.9.9"])
def test_nothing_to_do_is_one_execution(harness: MakeHarness, what: Installed, version: str | None) -> None:
    found = harness(what.entry(version))
    before = found.machine.snapshot()
    outcome = found.run(what.resource())
    assert (found.scripts, outcome.changed, found.session.changed) == (["observe"], False, False)
    assert found.machine.snapshot() == before
    assert {entry.done for entry in outcome.evidence} == {"nothing to do"}


def test_an_installation(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    outcome = found.run(what.resource())
    assert found.scripts == what.scripts()
    assert (outcome.changed, outcome.after["installed"], outcome.after["version"]) == (True, True, what.package.version)
    assert not found.exists(what.staged)
    assert found.machine.is_running(what.service)
    assert {entry.step: entry.verified for entry in outcome.evidence} == {
        entry.step: entry.found for entry in found.run(what.resource()).evidence
    }
    assert found.scripts == ["observe"]


def test_an_upgrade(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry(what.older))
    outcome = found.run(what.resource())
    assert found.scripts == what.scripts()
    assert (outcome.before["version"], outcome.after["version"]) == (what.older, what.package.version)


def test_an_upgrade_that_continues_in_the_background_is_awaited(
    harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old service runs all the time, so only the version shows the end of the upgrade."""
    _provider, agent = BOTH
    found, pending = harness(agent.entry(agent.older)), list[Callable[[], None]]()

    class Later(Time):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            while pending:
                pending.pop()()

    monkeypatch.setattr(Machine, "later", lambda _machine, _seconds, effect: pending.append(effect))
    monkeypatch.setattr(resource, "time", Later())
    outcome = found.run(agent.resource())
    assert outcome.after["version"] == agent.package.version
    assert found.scripts == [*agent.scripts(), "observe"]


def test_a_stopped_service_is_started(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry(), stopped(what.service))
    outcome = found.run(what.resource())
    assert found.scripts == ["observe", "start_service", "observe"]
    assert outcome.changed
    assert found.machine.is_running(what.service)


def _states(what: Installed) -> list[tuple[dict[str, Any], Prepare | None]]:
    return [
        (what.entry("none"), None),
        (what.entry(what.older), None),
        (what.entry(), None),
        (what.entry(), stopped(what.service)),
    ]


@pytest.mark.parametrize("state", range(4), ids=["none", "older", "there", "stopped"])
def test_check_mode_only_observes(harness: MakeHarness, what: Installed, state: int) -> None:
    entry, prepare = _states(what)[state]
    found = harness(entry, prepare)
    before = found.machine.snapshot()
    planned = found.run(what.resource(), check=True)
    assert (found.scripts, found.session.changed) == (["observe"], False)
    assert (found.machine.snapshot(), found.lab.context.journal.entries) == (before, [])
    done = found.run(what.resource())
    assert planned.plan == done.plan
    assert {**planned.after, "configurator_path": 0} == {**done.after, "configurator_path": 0}


def test_without_a_pin_nothing_is_inspected(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    found.run(what.resource(checksum=None, version=None))
    assert found.scripts == [name for name in what.scripts() if name != "inspect_file"]


# ---- the staged installer ----


def test_an_installer_of_an_earlier_run_is_not_downloaded_again(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"), fetched(what.program, what.staged, what.package.version))
    found.fail("download *", times=9)
    found.run(what.resource())
    assert found.scripts == what.scripts()
    assert found.sent("fetch_file")["parameters"]["Source"] == what.staged
    assert not found.exists(what.staged)


def test_another_file_in_its_place_is_replaced(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"), fetched(what.program, what.staged, "0.0.0.1"))
    found.run(what.resource())
    assert found.sent("fetch_file")["parameters"]["Source"] == what.package.url


def test_an_installer_in_an_open_folder_is_not_run(harness: MakeHarness, what: Installed) -> None:
    """Other users could replace it between the check and the start."""

    def planted(machine: Machine) -> None:
        fetched(what.program, what.staged, what.package.version)(machine)
        machine.set_access(STAGING, "O:BUG:BUD:AI(A;OICI;FA;;;BU)")

    found = harness(what.entry("none"), planted)
    with pytest.raises(RemoteFailure, match="is open to others than administrators"):
        found.run(what.resource())
    assert "start_background_task" not in found.scripts


def test_an_open_folder_is_refused(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"), open_folder)
    with pytest.raises(RemoteFailure, match="is open to others than administrators"):
        found.run(what.resource())
    assert ("start_background_task" not in found.scripts, found.session.changed) == (True, False)


def test_the_users_own_copy_is_kept(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"), fetched(what.program, what.staged, what.package.version))
    found.run(what.resource(source=what.staged))
    assert found.scripts == [name for name in what.scripts() if name != "remove_file"]
    assert found.exists(what.staged)


def test_the_installer_stays_when_the_program_fails(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    found.fail("setupdr.exe" if what is ONE else what.program, exit_code=1, message="Step 7 failed.")
    with pytest.raises(RemoteFailure) as failed:
        found.run(what.resource())
    assert found.scripts == [*what.scripts()[:6], "observe"]
    assert (found.exists(what.staged), found.session.changed) == (True, True)
    assert failed.value.details["exit_code"] == 1
    found.fail("download *", times=9)
    found.run(what.resource())
    assert found.scripts == what.scripts()


@pytest.mark.parametrize("before", ["none", "older"])
def test_vmm_starts_only_after_the_product_is_installed(harness: MakeHarness, before: str) -> None:
    """Setup can end before the Windows Installer does, which needs a stopped service until its end."""
    found = harness(ONE.entry("none" if before == "none" else ONE.older))
    found.fail("setup ends early")
    assert found.run(ONE.resource()).changed is True
    assert found.machine.is_running(layout.VMM_SERVICE)
    assert found.run(ONE.resource()).changed is False


@pytest.mark.parametrize(
    ("changed", "option"),
    [
        ({"version": "1.0.0.0"}, "version"),
        ({"signer": "CN=Contoso, O=Contoso"}, "source"),
        ({"signature": "NotSigned"}, "source"),
    ],
)
def test_a_file_that_is_not_genuine_is_not_run(
    harness: MakeHarness, what: Installed, changed: dict[str, str], option: str
) -> None:
    found = harness(what.entry("none"))
    version = changed.get("version", what.package.version)
    rest: dict[str, Any] = {name: value for name, value in changed.items() if name != "version"}
    made = package(what.program, what.package.url, version, **rest)
    found.machine.web[what.package.url] = made
    with pytest.raises(Refused, match=f"^{option}: "):
        found.run(what.resource(checksum=made.sha256))
    # It is removed too.
    assert found.scripts == [*what.scripts()[:3], "remove_file"]
    with pytest.raises(Refused, match=r"^checksum: "):
        found.run(what.resource(checksum="0" * 64))


def test_a_missing_file(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    with pytest.raises(
        RemoteFailure,
        match=r"^source: https://mirror\.lab\.test/\w+2\.exe does not exist \(404\); correct the address$",
    ):
        found.run(what.resource(source=what.package.url.replace(".exe", "2.exe")))
    assert not found.session.changed


# ---- failures ----


@pytest.mark.parametrize(
    ("what", "program", "code", "line"),
    [
        (
            ONE,
            "AzureSiteRecoveryProvider.exe",
            2,
            "the Provider's package ended with exit code 2: the meaning of this code",
        ),
        (
            ONE,
            "setupdr.exe",
            1,
            "setupdr.exe ended with exit code 1: setup failed; the log names the step; log: setupdr.exe: m",
        ),
        (
            ONE,
            "setupdr.exe",
            4,
            "setupdr.exe ended with exit code 4: a prerequisite is missing; the log names it; log: setupdr",
        ),
        (
            ONE,
            "setupdr.exe",
            77,
            "setupdr.exe ended with exit code 77: the meaning of this code is not published; read the log",
        ),
        (
            OTHER,
            "MARSAgentInstaller.exe",
            -1,
            "MARSAgentInstaller.exe ended with exit code -1: the installer did not start",
        ),
        (
            OTHER,
            "MARSAgentInstaller.exe",
            1612,
            "MARSAgentInstaller.exe ended with exit code 1612: the cached package of the",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_exit_codes(harness: MakeHarness, what: Installed, program: str, code: int, line: str) -> None:
    found = harness(what.entry("none"))
    found.fail(program, exit_code=code, message="m")
    with pytest.raises(RemoteFailure) as failed:
        found.run(what.resource())
    assert failed.value.message.startswith(line)
    assert (failed.value.details["exit_code"], found.session.changed) == (code, True)


DONE = {
    "provider": {
        "extract_exit": 0,
        "setup_exit": 0,
        "service_before": "Running",
        "service_after": "Running",
        "log_tail": [],
    },
    "agent": {"exit_code": 0, "service": "Running", "log_tail": []},
}


def lie(found: ScriptHarness, result: dict[str, Any]) -> None:
    """Make the task return this object and do nothing."""
    answer = json.dumps({"failed": False, "error": None, "changed": True, "result": result})
    found.lies["start_background_task"] = {"task": "t", "folder": "f", "started": True}
    found.lies["poll_background_task"] = {
        "task": "Ready",
        "task_result": 0,
        "folder": True,
        "answer": answer,
        "log": None,
    }


def test_a_lie_is_detected(harness: MakeHarness, what: Installed) -> None:
    """The program reports success, but the machine is unchanged."""
    found = harness(what.entry("none"))
    lie(found, DONE[what.name])
    with pytest.raises(NotConverged) as open_end:
        found.run(what.resource())
    assert {change["path"] for change in open_end.value.details["plan"]} >= {"installed", "version"}
    assert found.session.changed


@pytest.mark.parametrize("status", ["Stopped", None])
def test_a_service_that_does_not_start_again(harness: MakeHarness, what: Installed, status: str | None) -> None:
    found = harness(what.entry("none"))
    key = "service_after" if what is ONE else "service"
    lie(found, {**DONE[what.name], key: status})
    with pytest.raises(RemoteFailure, match=f"succeeded, but service {what.service} is {status or 'missing'};"):
        found.run(what.resource())


def test_a_requested_restart_is_a_warning(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    key = "setup_exit" if what is ONE else "exit_code"
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = dict(really(arguments, check_mode=check_mode))
        if "answer" in answer["result"]:
            text = answer["result"]["answer"].replace(f'"{key}":0', f'"{key}":3010')
            answer["result"] = {**answer["result"], "answer": text}
        return answer

    found.execute = execute  # type: ignore[method-assign]
    outcome = found.run(what.resource())
    assert (len(outcome.warnings), outcome.changed) == (1, True)
    assert "3010" in outcome.warnings[0]
    assert found.run(what.resource()).warnings == ()


@pytest.mark.parametrize(
    "name", ["inspect_file", "fetch_file", "start_background_task", "end_background_task", "remove_file"]
)
def test_a_script_that_fails_stops_the_run(harness: MakeHarness, what: Installed, name: str) -> None:
    found = harness(what.entry("none"))
    found.fail(name, message="It is broken.")
    with pytest.raises(RemoteFailure, match=rf"^script {name} failed: It is broken\.$"):
        found.run(what.resource())
    # After a failed setup, files that no run needs are removed.
    assert set(found.scripts[found.scripts.index(name) + 1 :]) <= {"observe", "remove_file"}
    assert found.session.changed


@pytest.mark.parametrize(
    "changed", [{"source": "http://x/a.exe"}, {"checksum": "x"}, {"version": "x"}, {"staging_dir": "x"}]
)
def test_invalid_options_send_nothing(harness: MakeHarness, what: Installed, changed: dict[str, str]) -> None:
    found = harness(what.entry("none"))
    with pytest.raises(InvalidInput):
        found.run(what.resource(**changed))
    assert found.executions == []


@pytest.mark.parametrize(
    "more", [{"administrator": False}, {"os": {"version": "6.2.9200"}}, {"pending_restart": ["windows_update"]}]
)
def test_a_machine_that_is_not_ready_is_only_observed(
    harness: MakeHarness, what: Installed, more: dict[str, Any]
) -> None:
    found = harness(what.entry("none", **more))
    for check in (True, False):
        with pytest.raises(Refused):
            found.run(what.resource(), check=check)
        assert (found.scripts, found.session.changed) == (["observe"], False)


def test_setup_never_interrupts_a_job(harness: MakeHarness) -> None:
    found = harness(vmm_server(vmm={"running_jobs": 1}))
    with pytest.raises(Refused, match="1 VMM job is running: 'Create virtual machine'"):
        found.run(ONE.resource(running_jobs="refuse"))
    assert found.scripts == ["observe"]


def test_an_interrupted_setup_is_repaired(harness: MakeHarness) -> None:
    found = harness(ONE.entry(), lambda machine: machine.registry.remove(layout.ADAPTER_KEY))
    outcome = found.run(ONE.resource())
    assert (outcome.before["installed"], outcome.after["installed"]) == (False, True)
    assert found.scripts == ONE.scripts()


# ---- parameters and evidence ----


VERIFIED_AGENT = {"InstallerPath": AGENT_EXE, "InstallerSha256": OTHER.package.sha256}


def parameters(found: ScriptHarness) -> dict[str, Any]:
    """Return the parameters of the task's script."""
    sent: dict[str, Any] = json.loads(found.sent("start_background_task")["parameters"]["Parameters"])
    return sent


def test_the_provider_is_unpacked_in_the_protected_folder(harness: MakeHarness) -> None:
    found = harness(ONE.entry("none"))
    outcome = found.run(ONE.resource())
    sent = parameters(found)
    folder = STAGING + r"\work\provider\package"
    verified = {"InstallerPath": PROVIDER_EXE, "InstallerSha256": ONE.package.sha256}
    quiet = {"WhenIdle": True, "QuietJobs": list(REFRESHERS)}
    assert sent == {**verified, **quiet, "ExtractDir": folder, "RemoveInstaller": True}
    assert not found.exists(STAGING + r"\work")
    assert [(entry.step, entry.done) for entry in outcome.evidence] == [
        ("S3", "transfer AzureSiteRecoveryProvider.exe to the server and verify it"),
        ("P1", "install the Provider 5.1.8095.0; the VMM service is stopped meanwhile"),
        ("P2", "nothing to do"),
        ("P3", "setup chooses the folder, next to VMM"),
    ]


@pytest.mark.parametrize(
    ("changed", "sent"),
    [
        ({}, {}),
        ({"install_path": "C:\\MARS\\"}, {"InstallPath": r"C:\MARS"}),
        ({"cache_path": r"C:\Cache"}, {"CachePath": r"C:\Cache"}),
    ],
)
def test_folders_of_a_new_agent(harness: MakeHarness, changed: dict[str, str], sent: dict[str, str]) -> None:
    found = harness(OTHER.entry("none"))
    outcome = found.run(OTHER.resource(**changed))
    assert parameters(found) == {**VERIFIED_AGENT, "RemoveInstaller": True, **sent}
    assert outcome.after["cache_path"] == changed.get("cache_path", outcome.after["install_path"] + r"\Scratch")
    assert found.run(OTHER.resource(**changed)).changed is False


def test_an_upgrade_passes_no_folder(harness: MakeHarness) -> None:
    found = harness(hyperv_host(agent={"version": "1.0.0.0", "cache_path": r"C:\Cache"}))
    outcome = found.run(OTHER.resource(install_path=layout.AGENT_FOLDER, cache_path=r"C:\Cache"))
    assert parameters(found) == {**VERIFIED_AGENT, "RemoveInstaller": True}
    assert outcome.after["cache_path"] == r"C:\Cache"


def test_an_agent_of_azure_backup_is_only_observed(harness: MakeHarness) -> None:
    found = harness(hyperv_host(agent={"version": "1.0.0.0", "backup_vault": "backup"}))
    with pytest.raises(Refused, match="registered for Azure Backup"):
        found.run(OTHER.resource())
    assert found.scripts == ["observe"]


def test_a_small_cache_is_warned_of(harness: MakeHarness) -> None:
    found = harness(hyperv_host(volumes=[{"drive": "C", "free_gb": 2}]))
    with pytest.raises(Refused, match="the cache requires 5 GB"):
        found.run(OTHER.resource())
    assert found.run(OTHER.resource(minimum_cache_gb=1)).warnings == (
        "minimum_cache_gb is less than the 5 GB that the setup guide requires",
    )


@pytest.mark.parametrize("what", BOTH, ids=["provider", "agent"])
def test_the_wrong_machine(harness: MakeHarness, what: Installed) -> None:
    found = harness(hyperv_host() if what is ONE else vmm_server())
    if what is ONE:
        with pytest.raises(Refused, match="is not a VMM server"):
            found.run(what.resource())
    else:
        assert found.run(what.resource(), check=True).changed
    assert found.scripts == ["observe"]


def test_an_outdated_installer_is_ignored(harness: MakeHarness) -> None:
    found = harness(ONE.entry("none"), all_of(fetched(ONE.program, ONE.staged, "0.0.0.1"), stopped(layout.VMM_SERVICE)))
    assert found.run(ONE.resource()).after["vmm_service"] == "Running"
    assert found.scripts == ONE.scripts()
