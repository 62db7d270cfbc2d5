# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault of a machine or a connection is reported in one line, and the next run ends as an undisturbed one.

One run covers many machines, each with a fault. Two runs without faults follow.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.context import Entry
from lab.lab import neutral
from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.programs import PROGRAMS, Program
from lab.windows.programs.commandline import Invocation
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.fleet import Fleets, hyperv_host, vmm_server
from tests.support.playbook import SITE, Run, one_line_failure
from tests.support.plays import ENSURE_KEY, ENSURE_VAULT, KEY_PATH, VAULT_ID, Play, module_task, play, write

ALWAYS = 1000
STAGING_DIR = r"C:\ProgramData\siterecovery.hyperv"


#: A fault of a machine while it runs a program. It returns the exit code.
MachineFault = Callable[[Machine, Invocation, Program], int]


def restart_required(machine: Machine, invocation: Invocation, program: Program) -> int:
    return program(machine, invocation) or 3010


def connection_lost(machine: Machine, invocation: Invocation, program: Program) -> int:
    """Cut the connection; the program continues to its end."""
    machine.context.faults.plan(f"winrm:{machine.name}:*", "drop", times=ALWAYS)
    return program(machine, invocation)


def connection_interrupted(machine: Machine, invocation: Invocation, program: Program) -> int:
    """Cut the connection for a moment."""
    machine.context.faults.plan(f"winrm:{machine.name}:*", "drop", times=2)
    return program(machine, invocation)


def restarted(machine: Machine, invocation: Invocation, program: Program) -> int:
    """Restart the machine, which ends everything that runs on it."""
    machine.restart()
    return program(machine, invocation)


def service_stops(machine: Machine, invocation: Invocation, program: Program) -> int:
    """Stop the VMM service immediately after the program has started it again."""

    def stop() -> None:
        service = machine.services.find(layout.VMM_SERVICE)
        assert service is not None
        if service.status == "Running":
            service.status, service.process_id = "Stopped", 0
        else:
            machine.later(0, stop)

    code = program(machine, invocation)
    machine.later(0, stop)
    return code


@dataclass(frozen=True)
class Case:
    """The fault of one machine, and the report that is expected."""

    # A planned fault: the point, and its details.
    fault: tuple[str, Mapping[str, Any]] | None = None
    # A program, and the fault that accompanies or replaces its work.
    program: tuple[str, MachineFault] | None = None
    # The words of the failure. Without words, the run continues with a warning that contains `warning`.
    words: tuple[str, ...] = ()
    warning: str = ""
    status: str = "failed"
    # The modules that change something in the next run.
    left: set[str] = field(default_factory=set)


def ends_with(program: str, code: int, message: str = "it did not work") -> tuple[str, Mapping[str, Any]]:
    return program, {"exit_code": code, "message": message}


SERVERS = {
    "undisturbed-server": Case(),
    "setup-fails": Case(
        ends_with("setupdr.exe", 1, "disk full"),
        words=("setupdr.exe ended with exit code 1", "disk full"),
        left={"provider", "provider_registration"},
    ),
    "setup-restart": Case(program=("setupdr.exe", restart_required), warning="setup asks for a restart"),
    "setup-lost": Case(
        program=("setupdr.exe", connection_lost),
        status="unreachable",
        left={"provider_registration"},
    ),
    "setup-interrupted": Case(program=("setupdr.exe", connection_interrupted)),
    "setup-power": Case(
        program=("setupdr.exe", restarted),
        words=("the Provider's setup was interrupted, by a restart of the machine", "run again"),
        left={"provider", "provider_registration"},
    ),
    "vmm-stays-down": Case(
        (f"start {layout.VMM_SERVICE}", {}),
        words=("SCVMMService", "cannot be started"),
        left={"provider", "provider_registration"},
    ),
    "vmm-stops": Case(
        program=("setupdr.exe", service_stops),
        words=("setup succeeded, but service SCVMMService is Stopped", "start it, then run again"),
        left={"provider", "provider_registration"},
    ),
    "configurator-1": Case(
        ends_with("DRConfigurator.exe", 1, "no answer from the vault"),
        words=("DRConfigurator.exe ended with exit code 1: registration failed", "no answer from the vault"),
        left={"provider_registration"},
    ),
    "configurator-10": Case(
        ends_with("DRConfigurator.exe", 10),
        words=("DRConfigurator.exe ended with exit code 10", "already registered in another vault"),
        left={"provider_registration"},
    ),
    "configurator-restart": Case(
        program=("DRConfigurator.exe", restart_required), warning="DRConfigurator asks for a restart"
    ),
    "configurator-interrupted": Case(program=("DRConfigurator.exe", connection_interrupted)),
}
HOSTS = {
    "undisturbed-host": Case(),
    "mars-1612": Case(
        ends_with("MARSAgentInstaller.exe", 1612),
        words=("MARSAgentInstaller.exe ended with exit code 1612", "KB4020490"),
        left={"mars_agent", "mars_proxy"},
    ),
    "mars-restart": Case(
        program=("MARSAgentInstaller.exe", restart_required), warning="asks for a restart of the host"
    ),
    "mars-lost": Case(
        program=("MARSAgentInstaller.exe", connection_lost),
        status="unreachable",
        left={"mars_proxy"},
    ),
    "mars-interrupted": Case(program=("MARSAgentInstaller.exe", connection_interrupted)),
    "mars-power": Case(
        program=("MARSAgentInstaller.exe", restarted),
        words=("the agent's setup was interrupted, by a restart of the machine", "run again"),
        left={"mars_agent", "mars_proxy"},
    ),
    # The module sets the proxy, but the agent does not start again.
    "agent-stays-down": Case(
        (f"start {layout.AGENT_SERVICE}", {}), words=("obengine", "cannot be started"), left={"mars_agent"}
    ),
}
CASES = {**SERVERS, **HOSTS}
#: The undisturbed machine of the same kind.
UNDISTURBED = {**dict.fromkeys(SERVERS, "undisturbed-server"), **dict.fromkeys(HOSTS, "undisturbed-host")}


@dataclass(frozen=True)
class Faults:
    """The disturbed run and the two runs after it, with the state of each machine at the end."""

    disturbed: Run
    next: Run
    last: Run
    journal: list[Entry]
    machines: dict[str, Any]
    certificates: int


#: Machines that stay unreachable get a short timeout.
TIMEOUT = "{{ 4 if inventory_hostname.endswith('-lost') else 600 }}"


def setup_plays() -> list[Play]:
    provider = {
        "wait_timeout": TIMEOUT,
        "source": "{{ vmm_server_provider_source }}",
        "checksum": "{{ vmm_server_provider_checksum }}",
        "version": "{{ vmm_server_provider_version }}",
    }
    agent = {
        "wait_timeout": TIMEOUT,
        "source": "{{ hyperv_host_agent_source }}",
        "checksum": "{{ hyperv_host_agent_checksum }}",
        "version": "{{ hyperv_host_agent_version }}",
    }
    registration = {"vault_id": VAULT_ID, "key_path": KEY_PATH, "proxy": "{{ vmm_server_proxy }}"}
    return [
        play("localhost", ENSURE_VAULT, ENSURE_KEY),
        play("vmm_servers", module_task("provider", provider), module_task("provider_registration", registration)),
        play(
            "hyperv_hosts",
            module_task("mars_agent", agent),
            module_task("mars_proxy", {"proxy": "{{ hyperv_host_proxy }}"}),
        ),
    ]


def with_faults(name: str) -> Program:
    """Return the program with the faults of all cases that name it. Each fault happens once."""
    real, disturbed = PROGRAMS[name], set[str]()

    def run(machine: Machine, invocation: Invocation) -> int:
        case = CASES[machine.name]
        if case.program is None or case.program[0] != name or machine.name in disturbed:
            return real(machine, invocation)
        disturbed.add(machine.name)
        return case.program[1](machine, invocation, real)

    return run


@pytest.fixture(scope="module")
def faults(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Faults:
    machines = [vmm_server(name, provider=False) for name in SERVERS]
    machines += [hyperv_host(name, agent=False) for name in HOSTS]
    folder = tmp_path_factory.mktemp("faults")
    with Fleets(folder) as make_fleet, pytest.MonkeyPatch.context() as patch:
        lab = make_fleet(machines=machines)
        for name in PROGRAMS:
            patch.setitem(PROGRAMS, name, with_faults(name))
        for name, case in CASES.items():
            if case.fault:
                point, detail = case.fault
                lab.context.faults.plan(f"windows:{name}:{point}", "fail", **detail)
        controller, book = controller_of(main_cell, lab), write(folder, *setup_plays())
        disturbed = controller.run(book, "--forks", "10")
        certificates = sum("/certificates/" in entry.target.lower() for entry in lab.journal.entries)
        lab.context.faults.clear()
        lab.journal.clear()
        following = controller.run(book, "--forks", "10")
        journal = list(lab.journal.entries)
        last = controller.run(book, "--forks", "10")
        ends = {name: final_state(machine) for name, machine in lab.machines.items()}
        return Faults(disturbed, following, last, journal, ends, certificates)


def final_state(machine: Machine) -> Any:
    """Return the state of a machine without its name and id, so that tests can compare machines."""
    own = {machine.name: "{machine}"}
    if machine.vmm is not None:
        own[machine.vmm.vmm_id] = "{id}"
    state = dict(neutral(machine.snapshot(), own))
    # Every attempt adds a log file.
    state["files"].pop(layout.SETUP_LOGS, None)
    return state


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.words])
def test_a_fault_of_a_machine_is_reported_in_one_line(faults: Faults, name: str) -> None:
    task = one_line_failure(faults.disturbed, name, *CASES[name].words)
    assert (task.status, task.result["error"]["kind"]) == ("failed", "remote_failure")
    # A change that began counts, even when it failed.
    assert task.changed


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.status == "unreachable"])
def test_a_lost_connection_is_reported_as_unreachable(faults: Faults, name: str) -> None:
    task = one_line_failure(faults.disturbed, name, "the connection was lost while", "run again when")
    assert task.status == "unreachable"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.warning])
def test_a_required_restart_is_a_warning(faults: Faults, name: str) -> None:
    tasks = [task for task in faults.disturbed.tasks if task.host == name]
    warnings = [warning for task in tasks for warning in task.result.get("warnings", [])]
    assert [warning for warning in warnings if CASES[name].warning in warning and "3010" in warning]


def test_only_the_planned_faults_fail(faults: Faults) -> None:
    expected = {name for name, case in CASES.items() if case.words or case.status == "unreachable"}
    assert {task.host for task in faults.disturbed.failures()} == expected
    assert "Traceback" not in faults.disturbed.output


@pytest.mark.parametrize("name", CASES)
def test_the_next_run_does_the_rest(faults: Faults, name: str) -> None:
    assert faults.next.returncode == 0, faults.next.output
    done = {
        task.action.removeprefix("siterecovery.hyperv.")
        for task in faults.next.tasks
        if task.host == name and task.changed
    }
    assert done == CASES[name].left


@pytest.mark.parametrize("name", CASES)
def test_the_next_run_ends_in_the_state_of_an_undisturbed_one(faults: Faults, name: str) -> None:
    state, undisturbed = copy.deepcopy(faults.machines[name]), faults.machines[UNDISTURBED[name]]
    staged = [path for path in state["files"] if path.startswith(STAGING_DIR + "\\")]
    assert staged == []
    assert state == undisturbed


def test_the_run_after_changes_nothing(faults: Faults) -> None:
    assert faults.last.returncode == 0, faults.last.output
    assert faults.last.changed == 0


def test_the_key_of_the_disturbed_run_is_used_again(faults: Faults) -> None:
    assert faults.certificates == 1
    assert not [entry for entry in faults.journal if "/certificates/" in entry.target.lower()]


def test_site_reports_a_server_lost_during_its_setup_and_continues_in_the_next_run(
    make_lab: MakeLab, main_cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = make_lab()
    # This test does not cover the wait.
    lab.context.delays = dataclasses.replace(lab.context.delays, fabric_appears=1.0, cloud_appears=1.0)
    controller = controller_of(main_cell, lab)
    real = PROGRAMS["setupdr.exe"]
    monkeypatch.setitem(PROGRAMS, "setupdr.exe", lambda machine, invocation: connection_lost(machine, invocation, real))
    lost = controller.run(SITE, "-e", "vmm_server_wait_timeout=4")
    assert lost.returncode != 0
    assert "Traceback" not in lost.output
    reasons = [str(task.result["msg"]) for task in lost.failures() if task.host == "vmm01"]
    # The module, the end of the server's play and the gate of the run report the reason.
    assert len(reasons) == 3
    assert {"\n" in reason.strip() for reason in reasons} == {False}
    assert all("the connection was lost while" in reason for reason in reasons)
    # The run removed the key, and did not change any host.
    assert not list(lab.directory.rglob("*.VaultCredentials"))
    assert {entry.target for entry in lab.journal.entries if entry.side == "windows"} == {"vmm01"}
    lab.context.faults.clear()
    monkeypatch.undo()
    rerun = controller.run(SITE)
    assert rerun.returncode == 0, rerun.output
    assert [task.changed for task in rerun.of("provider")] == [False]
    assert [task.changed for task in rerun.of("provider_registration")] == [True]
