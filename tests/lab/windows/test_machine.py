# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A complete machine: journal, planned faults, time, snapshot, building."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from lab.context import LabContext
from lab.engines.emulators import EMULATORS
from lab.engines.task_runners import Command
from lab.windows import cmdlets, layout, programs
from lab.windows.build import build_machine, build_machines
from lab.windows.errors import MachineError
from lab.windows.installers import catalogue, content
from lab.windows.machine import Machine
from lab.windows.states import STAGING
from lab.windows.tasks import ScheduledTask
from lab.windows.web import download
from tests.lab.conftest import Build
from tests.lab.emulators.cases.calls import SECTIONS

OBSERVE = {"Sections": SECTIONS, "StagingDir": STAGING}


def test_reading_writes_nothing(build: Build, context: LabContext) -> None:
    machine = build(kind="vmm_server", provider={})
    before = machine.snapshot()
    assert not EMULATORS["observe"](machine, OBSERVE, False).failed
    assert context.journal.entries == []
    assert machine.snapshot() == before


def test_building_leaves_an_empty_journal(context: LabContext) -> None:
    document = {"machines": [{"name": "a", "agent": {}}, {"name": "b", "kind": "vmm_server", "provider": {}}]}
    assert sorted(build_machines(context, document)) == ["a", "b"]
    assert context.journal.entries == []


def test_the_same_document_builds_the_same_machine(build: Build) -> None:
    entry = {"kind": "vmm_server", "vmm": {"clouds": [{"name": "Gold"}]}}
    first, second = build(**entry), build(**entry)
    assert first.snapshot() == second.snapshot()
    assert (
        EMULATORS["observe"](first, OBSERVE, False).result["vmm"]
        == EMULATORS["observe"](second, OBSERVE, False).result["vmm"]
    )


def test_a_cloud_on_an_unknown_group_is_a_mistake_of_the_document(build: Build) -> None:
    with pytest.raises(ValueError, match="Gold"):
        build(kind="vmm_server", vmm={"clouds": [{"name": "Gold", "host_groups": ["none"]}]})


def test_a_service_takes_its_time_to_start(build: Build, context: LabContext) -> None:
    machine = build(kind="vmm_server")
    machine.stop_service(layout.VMM_SERVICE)
    context.clock.scale = 0.002
    started = time.monotonic()
    machine.start_service(layout.VMM_SERVICE)
    assert time.monotonic() - started >= context.delays.service_start * 0.002
    assert machine.is_running(layout.VMM_SERVICE)


def start_again(machine: Machine) -> None:
    machine.stop_service(layout.VMM_SERVICE)
    machine.start_service(layout.VMM_SERVICE)


@pytest.mark.parametrize("start", [start_again, Machine.restart], ids=["the service", "the machine"])
def test_vmm_refuses_for_a_while_after_each_start(
    build: Build, context: LabContext, start: Callable[[Machine], None]
) -> None:
    machine = build(kind="vmm_server")
    port = machine.connect_vmm(8100).console_port
    context.clock.scale = 0.01
    start(machine)
    assert machine.is_running(layout.VMM_SERVICE)
    with pytest.raises(MachineError, match="1602"):
        machine.connect_vmm(port)
    machine.sleep(context.delays.vmm_answers)
    assert machine.connect_vmm(port) is machine.vmm


def test_vmm_does_not_answer_while_its_service_is_stopped(build: Build) -> None:
    machine = build(kind="vmm_server")
    machine.stop_service(layout.VMM_SERVICE)
    with pytest.raises(MachineError, match="1602"):
        cmdlets.answer(machine, "vmm.clouds", {})


def test_a_stopped_vmm_is_unknown_and_not_without_clouds(build: Build) -> None:
    machine = build(kind="vmm_server")
    machine.stop_service(layout.VMM_SERVICE)
    seen = EMULATORS["observe"](machine, OBSERVE, False).result["vmm"]
    assert seen["clouds"] is None
    assert seen["service"]["status"] == "Stopped"


def test_a_planned_fault_of_a_program_is_its_exit_code(build: Build, context: LabContext) -> None:
    machine = build()
    download(machine, "https://mirror.lab.test/MARSAgentInstaller.exe", r"C:\Windows\Temp\a.exe")
    context.faults.plan("windows:m1:MARSAgentInstaller.exe", "fail", exit_code=1603)
    assert programs.run(machine, r"C:\Windows\Temp\a.exe", "/q") == 1603
    assert programs.run(machine, r"C:\Windows\Temp\a.exe", "/q") == 0


def test_a_hang_ends_as_a_failure(build: Build, context: LabContext) -> None:
    machine = build()
    download(machine, "https://mirror.lab.test/MARSAgentInstaller.exe", r"C:\Windows\Temp\a.exe")
    context.faults.plan("windows:m1:*.exe", "hang", seconds=0.01)
    assert programs.run(machine, r"C:\Windows\Temp\a.exe", "/q") == 1


def test_a_delay_is_only_that(build: Build, context: LabContext) -> None:
    machine = build(kind="vmm_server")
    machine.stop_service(layout.VMM_SERVICE)
    context.faults.plan("windows:m1:start SCVMMService", "delay", seconds=0.01)
    machine.start_service(layout.VMM_SERVICE)
    assert machine.is_running(layout.VMM_SERVICE)


def test_a_file_that_is_no_program_does_not_start(build: Build) -> None:
    machine = build()
    machine.write_file(r"C:\Windows\Temp\a.exe", b"x")
    with pytest.raises(MachineError, match="cannot find the file"):
        programs.run(machine, r"C:\Windows\Temp\a.exe", "/q")


def test_a_key_on_the_disk_is_closed_before_it_has_content(build: Build, context: LabContext) -> None:
    machine = build(kind="vmm_server", provider={}, egress="proxy")
    assert machine.vmm is not None
    parameters = {
        "ConfiguratorPath": machine.vmm.folder + r"\bin\DRConfigurator.exe",
        "FriendlyName": "a",
        "KeyPath": STAGING + r"\k.VaultCredentials",
        "KeyContent": "<key/>",
    }
    assert not EMULATORS["register_vmm_server"](machine, parameters, False).failed
    verbs = [
        (entry.verb, entry.detail.get("size"))
        for entry in context.journal.entries
        if str(entry.detail.get("path", "")).endswith(".VaultCredentials")
    ]
    assert verbs == [("file.write", 0), ("file.access", None), ("file.append", 6), ("file.remove", None)]
    assert not machine.exists(parameters["KeyPath"])


def test_installers_are_the_same_bytes_in_every_run() -> None:
    assert content("a.exe", "1.0") == content("a.exe", "1.0")
    assert content("a.exe", "1.0") != content("a.exe", "1.1")
    packages = catalogue({"installers": {"agent": {"url": "https://x.test/a.exe", "version": "2.1"}}})
    assert (packages["agent"].url, packages["agent"].version) == ("https://x.test/a.exe", "2.1")
    assert packages["provider"].program == "AzureSiteRecoveryProvider.exe"


def test_an_unknown_cmdlet_call_is_an_error(build: Build) -> None:
    with pytest.raises(MachineError, match="no call"):
        cmdlets.answer(build(), "nothing", {})


# ---- disks ----


def test_what_is_written_takes_room_and_gives_it_back(build: Build) -> None:
    machine = build(volumes=[{"drive": "C", "size_gb": 127, "free_gb": 80}, {"drive": "D"}])
    volume = machine.volumes[0]
    free = machine.free_bytes(volume)
    path = r"C:\Windows\Temp\a.bin"
    machine.write_file(path, b"x" * 1000)
    assert machine.free_bytes(volume) == free - 1000
    machine.append_file(path, b"y" * 500)
    machine.write_file(r"D:\b.bin", b"x" * 9)
    assert machine.free_bytes(volume) == free - 1500
    machine.remove_file(path)
    assert machine.free_bytes(volume) == free


def test_a_full_disk_takes_no_more(build: Build) -> None:
    machine = build(volumes=[{"drive": "C", "free_gb": 0}])
    with pytest.raises(MachineError, match="not enough space"):
        machine.write_file(r"C:\Windows\Temp\a.bin", b"x")
    assert not machine.exists(r"C:\Windows\Temp\a.bin")


def test_a_machine_may_be_built_with_a_full_disk(build: Build) -> None:
    assert build(agent={}, volumes=[{"drive": "C", "free_gb": 0}]).agent is not None


# ---- scheduled tasks and restarts ----


def a_task() -> ScheduledTask:
    return ScheduledTask("t", "CORP\\a", "S4U", "Highest", "powershell.exe", '-File "C:\\x.ps1" -Folder C:\\y')


TEXT = r"& ([scriptblock]::Create((Get-Content -LiteralPath 'C:\it''s\x.ps1' -Raw -Encoding UTF8))) -Folder 'C:\y'"


def a_command(text: str) -> ScheduledTask:
    return ScheduledTask("t", "a", "S4U", "Highest", "powershell.exe", f'-NoProfile -Command "{text}"')


def waited(machine: Machine, state: str) -> None:
    deadline = time.monotonic() + 10
    while machine.need_task("t").state != state:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_task_outlives_whoever_started_it_and_keeps_its_exit_code(context: LabContext) -> None:
    machine, seen = build_machine(context, {"name": "m", "kind": "hyperv_host"}), threading.Event()
    machine.runner = lambda _machine, _task: 7 if seen.wait(10) else 1
    machine.register_task(a_task())
    with pytest.raises(MachineError, match="already exists"):
        machine.register_task(a_task())
    starter = threading.Thread(target=machine.start_task, args=("T",))
    starter.start()
    starter.join(10)
    assert (machine.need_task("t").state, machine.need_task("t").last_result) == ("Running", 0x41301)
    # One that runs is not started a second time.
    machine.start_task("t")
    seen.set()
    waited(machine, "Ready")
    assert machine.need_task("t").last_result == 7
    machine.unregister_task("t")
    with pytest.raises(MachineError, match="cannot find the file"):
        machine.need_task("t")
    verbs = [entry.verb for entry in context.journal.entries if entry.verb.startswith("task.")]
    assert verbs == ["task.register", "task.start", "task.unregister"]


def test_a_restart_ends_tasks_and_all_that_they_would_still_do(context: LabContext) -> None:
    machine = build_machine(context, {"name": "m", "kind": "hyperv_host", "pending_restart": ["windows_update"]})
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def runner(_machine: Machine, _task: ScheduledTask) -> int:
        begun.set()
        try:
            go_on.wait(10)
            machine.make_folder(r"C:\Windows\late")
            machine.note("late")
            return 0
        finally:
            ended.set()

    machine.runner = runner
    machine.register_task(a_task())
    machine.start_task("t")
    assert begun.wait(10)
    machine.restart()
    go_on.set()
    assert ended.wait(10)
    assert (machine.need_task("t").state, machine.need_task("t").last_result) == ("Ready", 0x40010004)
    assert machine.pending_restart() == []
    assert "late" not in [entry.verb for entry in context.journal.entries]


@pytest.mark.parametrize(
    ("task", "found"),
    [
        (a_task(), Command(r"C:\x.ps1", ("-Folder", r"C:\y"))),
        (a_command(TEXT), Command(r"C:\it's\x.ps1", ("-Folder", r"C:\y"), TEXT)),
        (a_command("Get-Date"), None),
        (ScheduledTask("t", "a", "S4U", "Highest", "cmd.exe", "-File x"), None),
        (ScheduledTask("t", "a", "S4U", "Highest", "powershell.exe", "-File"), None),
    ],
)
def test_what_a_task_runs_is_read_from_its_action(task: ScheduledTask, found: Command | None) -> None:
    assert Command.of(task) == found


@pytest.mark.parametrize(
    ("policy", "stopped"),
    [
        ({}, False),
        ({"EnableScripts": 1, "ExecutionPolicy": "RemoteSigned"}, False),
        ({"EnableScripts": 1, "ExecutionPolicy": "AllSigned"}, True),
        ({"EnableScripts": 0}, True),
    ],
)
def test_a_policy_on_scripts_stops_a_file_and_not_a_command(
    build: Build, policy: dict[str, str | int], stopped: bool
) -> None:
    machine = build()
    for name, data in policy.items():
        machine.registry.set(layout.SHELL_POLICY_KEY, name, data)
    file, command = Command.of(a_task()), Command.of(a_command(TEXT))
    assert file is not None
    assert command is not None
    assert (file.stopped_by_policy(machine), command.stopped_by_policy(machine)) == (stopped, False)


def test_a_service_that_ends_right_after_its_start_holds_nobody_up(build: Build, context: LabContext) -> None:
    """Another thread may see it run and end between two looks of the thread that started it."""
    machine = build(kind="vmm_server")
    machine.stop_service(layout.VMM_SERVICE)
    context.clock.scale = 1.0
    service = machine.need_service(layout.VMM_SERVICE)
    starter = threading.Thread(target=machine.start_service, args=(layout.VMM_SERVICE,), daemon=True)
    starter.start()
    deadline = time.monotonic() + 5
    while service.status != "Start Pending" and time.monotonic() < deadline:
        time.sleep(0.001)
    assert service.status == "Start Pending"
    service.status, service.ready_at = "Stopped", None
    starter.join(5)
    assert not starter.is_alive()
