# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider and agent on a machine of the lab: which scripts run, and what is left (S3, P1, P3, H1 to H4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    NotConverged,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import ManagedResource
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import mars_agent, provider
from lab.windows import layout
from lab.windows.installers import catalogue, package
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
from tests.unit.plugins.plugin_utils.bench import Bench, Build
from tests.unit.plugins.plugin_utils.conftest import MakeBench

PROVIDER, AGENT = catalogue({})["provider"], catalogue({})["agent"]
INSTALL = [
    "observe",
    "inspect_file",
    "fetch_file",
    "start_background_task",
    "poll_background_task",
    "end_background_task",
    "remove_file",
    "observe",
]
PROVIDER_EXE, AGENT_EXE = STAGING + r"\AzureSiteRecoveryProvider.exe", STAGING + r"\MARSAgentInstaller.exe"


class Installed:
    """What tells the two apart, so that one table proves both."""

    def __init__(
        self,
        name: str,
        package: Any,
        build: Callable[..., ManagedResource[MachineFacts, Any]],
        older: str,
        more: dict[str, Any],
    ) -> None:
        self.name = name
        self.script = f"install_{name}"
        self.staged = f"{STAGING}\\{package.url.rsplit('/', 1)[-1]}"
        self.program = package.url.rsplit("/", 1)[-1]
        self.package = package
        self.older = older
        self._build = build
        self._more = more

    def noun(self, **changed: Any) -> Build[MachineFacts]:
        options = {
            "source": self.package.url,
            "checksum": self.package.sha256,
            "version": self.package.version,
            "staging_dir": STAGING,
            "wait_timeout": 60,
            "install_path": None,
            **self._more,
            **changed,
        }
        return lambda session: self._build(options, session)

    def entry(self, version: str | None = None, **more: Any) -> dict[str, Any]:
        has = {self.name: {"version": version or self.package.version}} if version != "none" else {}
        return (vmm_server if self.name == "provider" else hyperv_host)(**has, **more)

    @property
    def service(self) -> str:
        return layout.VMM_SERVICE if self.name == "provider" else layout.AGENT_SERVICE

    def scripts(self) -> list[str]:
        return list(INSTALL)


BOTH = [
    Installed("provider", PROVIDER, provider.build, "5.1.7882.0", {"microsoft_update": None}),
    Installed("agent", AGENT, mars_agent.build, "1.0.0.0", {"cache_path": None, "minimum_cache_gb": 5}),
]
ONE, OTHER = BOTH


@pytest.fixture(params=BOTH, ids=["provider", "agent"])
def what(request: pytest.FixtureRequest) -> Installed:
    found: Installed = request.param
    return found


# ---- what runs ----


@pytest.mark.parametrize("version", [None, "9.9.9.9"])
def test_nothing_to_do_is_one_look(bench: MakeBench, what: Installed, version: str | None) -> None:
    found = bench(what.entry(version))
    before = found.machine.snapshot()
    outcome = found.run(what.noun())
    assert (found.scripts, outcome.changed, found.session.changed) == (["observe"], False, False)
    assert found.machine.snapshot() == before
    assert {entry.done for entry in outcome.evidence} == {"nothing to do"}


def test_a_new_one(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    outcome = found.run(what.noun())
    assert found.scripts == what.scripts()
    assert (outcome.changed, outcome.after["installed"], outcome.after["version"]) == (True, True, what.package.version)
    assert not found.exists(what.staged)
    assert found.machine.is_running(what.service)
    assert {entry.step: entry.verified for entry in outcome.evidence} == {
        entry.step: entry.found for entry in found.run(what.noun()).evidence
    }
    assert found.scripts == ["observe"]


def test_an_upgrade(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry(what.older))
    outcome = found.run(what.noun())
    assert found.scripts == what.scripts()
    assert (outcome.before["version"], outcome.after["version"]) == (what.older, what.package.version)


def test_a_stopped_service_is_started(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry(), stopped(what.service))
    outcome = found.run(what.noun())
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
def test_check_mode_only_looks(bench: MakeBench, what: Installed, state: int) -> None:
    entry, prepare = _states(what)[state]
    found = bench(entry, prepare)
    before = found.machine.snapshot()
    planned = found.run(what.noun(), check=True)
    assert (found.scripts, found.session.changed) == (["observe"], False)
    assert (found.machine.snapshot(), found.stage.world.journal.entries) == (before, [])
    done = found.run(what.noun())
    assert planned.plan == done.plan
    assert {**planned.after, "configurator_path": 0} == {**done.after, "configurator_path": 0}


def test_without_a_pin_nothing_is_inspected(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    found.run(what.noun(checksum=None, version=None))
    assert found.scripts == [name for name in what.scripts() if name != "inspect_file"]


# ---- the staged installer ----


def test_one_that_an_earlier_run_left_is_not_downloaded_again(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"), fetched(what.program, what.staged, what.package.version))
    found.fail("download *", times=9)
    found.run(what.noun())
    assert found.scripts == what.scripts()
    assert found.sent("fetch_file")["parameters"]["Source"] == what.staged
    assert not found.exists(what.staged)


def test_another_one_in_its_place_is_replaced(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"), fetched(what.program, what.staged, "0.0.0.1"))
    found.run(what.noun())
    assert found.sent("fetch_file")["parameters"]["Source"] == what.package.url


def test_one_that_waits_in_an_open_folder_is_not_run(bench: MakeBench, what: Installed) -> None:
    """Who may write there could swap it between check and start."""

    def planted(machine: Machine) -> None:
        fetched(what.program, what.staged, what.package.version)(machine)
        machine.set_access(STAGING, "O:BUG:BUD:AI(A;OICI;FA;;;BU)")

    found = bench(what.entry("none"), planted)
    with pytest.raises(RemoteFailure, match="is open to others than administrators"):
        found.run(what.noun())
    assert "start_background_task" not in found.scripts


def test_an_open_folder_is_refused(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"), open_folder)
    with pytest.raises(RemoteFailure, match="is open to others than administrators"):
        found.run(what.noun())
    assert ("start_background_task" not in found.scripts, found.session.changed) == (True, False)


def test_the_users_own_copy_stays(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"), fetched(what.program, what.staged, what.package.version))
    found.run(what.noun(source=what.staged))
    assert found.scripts == [name for name in what.scripts() if name != "remove_file"]
    assert found.exists(what.staged)


def test_it_stays_when_the_program_fails(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    found.fail("setupdr.exe" if what is ONE else what.program, exit_code=1, message="Step 7 failed.")
    with pytest.raises(RemoteFailure) as failed:
        found.run(what.noun())
    assert found.scripts == [*what.scripts()[:6], "observe"]
    assert (found.exists(what.staged), found.session.changed) == (True, True)
    assert failed.value.details["exit_code"] == 1
    found.fail("download *", times=9)
    found.run(what.noun())
    assert found.scripts == what.scripts()


@pytest.mark.parametrize(
    ("changed", "option"),
    [
        ({"version": "1.0.0.0"}, "version"),
        ({"signer": "CN=Contoso, O=Contoso"}, "source"),
        ({"signature": "NotSigned"}, "source"),
    ],
)
def test_what_is_not_genuine_is_not_run(
    bench: MakeBench, what: Installed, changed: dict[str, str], option: str
) -> None:
    found = bench(what.entry("none"))
    version = changed.get("version", what.package.version)
    rest: dict[str, Any] = {name: value for name, value in changed.items() if name != "version"}
    made = package(what.program, what.package.url, version, **rest)
    found.machine.web[what.package.url] = made
    with pytest.raises(Refused, match=f"^{option}: "):
        found.run(what.noun(checksum=made.sha256))
    # It does not stay either.
    assert found.scripts == [*what.scripts()[:3], "remove_file"]
    with pytest.raises(Refused, match=r"^checksum: "):
        found.run(what.noun(checksum="0" * 64))


def test_a_missing_file_is_told(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    with pytest.raises(
        RemoteFailure,
        match=r"^source: https://mirror\.lab\.test/\w+2\.exe is not there \(404\); correct the address$",
    ):
        found.run(what.noun(source=what.package.url.replace(".exe", "2.exe")))
    assert not found.session.changed


# ---- what goes wrong ----


@pytest.mark.parametrize(
    ("what", "program", "code", "line"),
    [
        (ONE, "AzureSiteRecoveryProvider.exe", 2, "the Provider's package ended with 2: no meaning of this code"),
        (
            ONE,
            "setupdr.exe",
            1,
            "setupdr.exe ended with 1: setup failed; the log says at which step; log: setupdr.exe: m",
        ),
        (ONE, "setupdr.exe", 4, "setupdr.exe ended with 4: a prerequisite is missing; the log names it; log: setupdr"),
        (ONE, "setupdr.exe", 77, "setupdr.exe ended with 77: no meaning of this code is published; read the log"),
        (OTHER, "MARSAgentInstaller.exe", -1, "MARSAgentInstaller.exe ended with -1: the installer could not be run"),
        (OTHER, "MARSAgentInstaller.exe", 1612, "MARSAgentInstaller.exe ended with 1612: the cached package of the"),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_exit_codes(bench: MakeBench, what: Installed, program: str, code: int, line: str) -> None:
    found = bench(what.entry("none"))
    found.fail(program, exit_code=code, message="m")
    with pytest.raises(RemoteFailure) as failed:
        found.run(what.noun())
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


def lie(found: Bench, result: dict[str, Any]) -> None:
    """The work says this and did nothing."""
    answer = json.dumps({"failed": False, "error": None, "changed": True, "result": result})
    found.lies["start_background_task"] = {"task": "t", "folder": "f"}
    found.lies["poll_background_task"] = {
        "task": "Ready",
        "task_result": 0,
        "folder": True,
        "answer": answer,
        "log": None,
    }


def test_a_lie_is_seen(bench: MakeBench, what: Installed) -> None:
    """The program says that it did its work, and the machine is as before."""
    found = bench(what.entry("none"))
    lie(found, DONE[what.name])
    with pytest.raises(NotConverged) as open_end:
        found.run(what.noun())
    assert {change["path"] for change in open_end.value.details["plan"]} >= {"installed", "version"}
    assert found.session.changed


@pytest.mark.parametrize("status", ["Stopped", None])
def test_a_service_that_does_not_come_back_is_told(bench: MakeBench, what: Installed, status: str | None) -> None:
    found = bench(what.entry("none"))
    key = "service_after" if what is ONE else "service"
    lie(found, {**DONE[what.name], key: status})
    with pytest.raises(RemoteFailure, match=f"succeeded, but service {what.service} is {status or 'missing'};"):
        found.run(what.noun())


def test_a_wish_for_a_restart_is_a_warning(bench: MakeBench, what: Installed) -> None:
    found = bench(what.entry("none"))
    key = "setup_exit" if what is ONE else "exit_code"
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = dict(really(arguments, check_mode=check_mode))
        if "answer" in answer["result"]:
            text = answer["result"]["answer"].replace(f'"{key}":0', f'"{key}":3010')
            answer["result"] = {**answer["result"], "answer": text}
        return answer

    found.execute = execute  # type: ignore[method-assign]
    outcome = found.run(what.noun())
    assert (len(outcome.warnings), outcome.changed) == (1, True)
    assert "3010" in outcome.warnings[0]
    assert found.run(what.noun()).warnings == ()


@pytest.mark.parametrize(
    "name", ["inspect_file", "fetch_file", "start_background_task", "end_background_task", "remove_file"]
)
def test_a_script_that_fails_stops_the_run(bench: MakeBench, what: Installed, name: str) -> None:
    found = bench(what.entry("none"))
    found.fail(name, message="It is broken.")
    with pytest.raises(RemoteFailure, match=rf"^script {name} failed: It is broken\.$"):
        found.run(what.noun())
    # After setup has failed, what no run needs any more is taken away.
    assert set(found.scripts[found.scripts.index(name) + 1 :]) <= {"observe", "remove_file"}
    assert found.session.changed


@pytest.mark.parametrize(
    "changed", [{"source": "http://x/a.exe"}, {"checksum": "x"}, {"version": "x"}, {"staging_dir": "x"}]
)
def test_wrong_options_send_nothing(bench: MakeBench, what: Installed, changed: dict[str, str]) -> None:
    found = bench(what.entry("none"))
    with pytest.raises(InvalidInput):
        found.run(what.noun(**changed))
    assert found.executions == []


@pytest.mark.parametrize(
    "more", [{"administrator": False}, {"os": {"version": "6.2.9200"}}, {"pending_restart": ["windows_update"]}]
)
def test_a_machine_that_is_not_ready_is_only_looked_at(bench: MakeBench, what: Installed, more: dict[str, Any]) -> None:
    found = bench(what.entry("none", **more))
    for check in (True, False):
        with pytest.raises(Refused):
            found.run(what.noun(), check=check)
        assert (found.scripts, found.session.changed) == (["observe"], False)


def test_setup_never_meets_a_busy_vmm(bench: MakeBench) -> None:
    found = bench(vmm_server(vmm={"running_jobs": 1}))
    with pytest.raises(Refused, match="VMM runs 1 job, "):
        found.run(ONE.noun())
    assert found.scripts == ["observe"]


def test_an_interrupted_setup_is_mended(bench: MakeBench) -> None:
    found = bench(ONE.entry(), lambda machine: machine.registry.remove(layout.ADAPTER_KEY))
    outcome = found.run(ONE.noun())
    assert (outcome.before["installed"], outcome.after["installed"]) == (False, True)
    assert found.scripts == ONE.scripts()


# ---- what is sent and told ----


def parameters(found: Bench) -> dict[str, Any]:
    """What the script of the work was given."""
    sent: dict[str, Any] = json.loads(found.sent("start_background_task")["parameters"]["Parameters"])
    return sent


def test_the_provider_is_unpacked_in_the_closed_folder(bench: MakeBench) -> None:
    found = bench(ONE.entry("none"))
    outcome = found.run(ONE.noun())
    sent = parameters(found)
    folder = STAGING + r"\work\provider\package"
    assert sent == {"InstallerPath": PROVIDER_EXE, "ExtractDir": folder, "RemoveInstaller": True}
    assert not found.exists(STAGING + r"\work")
    assert [(entry.step, entry.done) for entry in outcome.evidence] == [
        ("S3", "bring AzureSiteRecoveryProvider.exe to the server and check it"),
        ("P1", "install the Provider 5.1.8095.0; the VMM service is stopped meanwhile"),
        ("P2", "nothing to do"),
        ("P3", "install where setup puts it, beside VMM"),
    ]


@pytest.mark.parametrize(
    ("changed", "sent"),
    [
        ({}, {}),
        ({"install_path": "C:\\MARS\\"}, {"InstallPath": r"C:\MARS"}),
        ({"cache_path": r"C:\Cache"}, {"CachePath": r"C:\Cache"}),
    ],
)
def test_folders_of_a_new_agent(bench: MakeBench, changed: dict[str, str], sent: dict[str, str]) -> None:
    found = bench(OTHER.entry("none"))
    outcome = found.run(OTHER.noun(**changed))
    assert parameters(found) == {"InstallerPath": AGENT_EXE, "RemoveInstaller": True, **sent}
    assert outcome.after["cache_path"] == changed.get("cache_path", outcome.after["install_path"] + r"\Scratch")
    assert found.run(OTHER.noun(**changed)).changed is False


def test_an_upgrade_names_no_folder(bench: MakeBench) -> None:
    found = bench(hyperv_host(agent={"version": "1.0.0.0", "cache_path": r"C:\Cache"}))
    outcome = found.run(OTHER.noun(install_path=layout.AGENT_FOLDER, cache_path=r"C:\Cache"))
    assert parameters(found) == {"InstallerPath": AGENT_EXE, "RemoveInstaller": True}
    assert outcome.after["cache_path"] == r"C:\Cache"


def test_an_agent_of_backup_is_only_looked_at(bench: MakeBench) -> None:
    found = bench(hyperv_host(agent={"version": "1.0.0.0", "backup_vault": "backup"}))
    with pytest.raises(Refused, match="registered for Azure Backup"):
        found.run(OTHER.noun())
    assert found.scripts == ["observe"]


def test_a_small_cache_is_warned_of(bench: MakeBench) -> None:
    found = bench(hyperv_host(volumes=[{"drive": "C", "free_gb": 2}]))
    with pytest.raises(Refused, match="5 GB are needed"):
        found.run(OTHER.noun())
    assert found.run(OTHER.noun(minimum_cache_gb=1)).warnings == (
        "minimum_cache_gb is below the 5 GB that the walkthrough asks for",
    )


@pytest.mark.parametrize("what", BOTH, ids=["provider", "agent"])
def test_the_wrong_machine(bench: MakeBench, what: Installed) -> None:
    found = bench(hyperv_host() if what is ONE else vmm_server())
    if what is ONE:
        with pytest.raises(Refused, match="runs no VMM server"):
            found.run(what.noun())
    else:
        assert found.run(what.noun(), check=True).changed
    assert found.scripts == ["observe"]


def test_an_old_leftover_does_not_hurt(bench: MakeBench) -> None:
    found = bench(ONE.entry("none"), all_of(fetched(ONE.program, ONE.staged, "0.0.0.1"), stopped(layout.VMM_SERVICE)))
    assert found.run(ONE.noun()).after["vmm_service"] == "Running"
    assert found.scripts == ONE.scripts()
