# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong while a run goes: each mishap is one clear line, and the next run ends where it would have ended.

One run over many machines, each with a mishap of its own; then one more without any.
"""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from lab.lab import neutral
from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.programs import PROGRAMS, Program
from lab.windows.programs.commandline import Invocation
from lab.world import Entry, FaultAction
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.fleet import Fleets, hyperv_host, vmm_server
from tests.support.playbook import SITE, Run, Task
from tests.support.plays import HAVE_KEY, HAVE_VAULT, KEY_PATH, NAMES, VAULT_ID, Play, noun, play, write

ALWAYS = 1000
STAGING_DIR = r"C:\ProgramData\siterecovery.hyperv"


def told_in_one_line(run: Run, host: str, *words: str) -> Task:
    """The one failure of a host: its line has the words."""
    (task,) = (task for task in run.failures() if task.host == host)
    message = str(task.result["msg"])
    assert "\n" not in message.strip()
    for word in words:
        assert word in message, message
    return task


# ---- Windows ----

#: Something that happens to a machine when a program of its own is started; gives the exit code.
Mishap = Callable[[Machine, Invocation, Program], int]


def restart_required(machine: Machine, invocation: Invocation, program: Program) -> int:
    return program(machine, invocation) or 3010


def connection_lost(machine: Machine, invocation: Invocation, program: Program) -> int:
    """The machine is cut off; what runs there goes on to its end."""
    machine.world.faults.plan(f"winrm:{machine.name}:*", "drop", times=ALWAYS)
    return program(machine, invocation)


def connection_blinks(machine: Machine, invocation: Invocation, program: Program) -> int:
    """The machine is cut off for a moment."""
    machine.world.faults.plan(f"winrm:{machine.name}:*", "drop", times=2)
    return program(machine, invocation)


def restarted(machine: Machine, invocation: Invocation, program: Program) -> int:
    """The machine restarts, and whatever ran on it is gone."""
    machine.restart()
    return program(machine, invocation)


def service_falls(machine: Machine, invocation: Invocation, program: Program) -> int:
    """The VMM service comes up once more, and ends by itself right after."""

    def fall() -> None:
        service = machine.services.find(layout.VMM_SERVICE)
        assert service is not None
        if service.status == "Running":
            service.status, service.process_id = "Stopped", 0
        else:
            machine.later(0, fall)

    code = program(machine, invocation)
    machine.later(0, fall)
    return code


@dataclass(frozen=True)
class Case:
    """One machine's mishap, and what is told of it."""

    # What fails by plan: the point, and details of the fault.
    fault: tuple[str, Mapping[str, Any]] | None = None
    # What a program does beside or instead of its work.
    program: tuple[str, Mishap] | None = None
    # The failure's words; none: the run goes on with a warning that has `warning`.
    words: tuple[str, ...] = ()
    warning: str = ""
    status: str = "failed"
    # What the next run has yet to do there; a noun that is not named changes nothing.
    left: set[str] = field(default_factory=set)


def ends_with(program: str, code: int, message: str = "it did not work") -> tuple[str, Mapping[str, Any]]:
    return program, {"exit_code": code, "message": message}


SERVERS = {
    "calm": Case(),
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
    "setup-blinks": Case(program=("setupdr.exe", connection_blinks)),
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
    "vmm-falls": Case(
        program=("setupdr.exe", service_falls),
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
    "configurator-lost": Case(program=("DRConfigurator.exe", connection_lost), status="unreachable"),
}
HOSTS = {
    "quiet": Case(),
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
    "mars-blinks": Case(program=("MARSAgentInstaller.exe", connection_blinks)),
    "mars-power": Case(
        program=("MARSAgentInstaller.exe", restarted),
        words=("the agent's setup was interrupted, by a restart of the machine", "run again"),
        left={"mars_agent", "mars_proxy"},
    ),
    # The proxy is set, and the agent does not come back with it.
    "agent-stays-down": Case(
        (f"start {layout.AGENT_SERVICE}", {}), words=("obengine", "cannot be started"), left={"mars_agent"}
    ),
}
CASES = {**SERVERS, **HOSTS}
CALM = {**dict.fromkeys(SERVERS, "calm"), **dict.fromkeys(HOSTS, "quiet")}


@dataclass(frozen=True)
class Mishaps:
    """The disturbed run and the two after it; what each machine was in between and at the end."""

    disturbed: Run
    next: Run
    last: Run
    journal: list[Entry]
    machines: dict[str, Any]
    certificates: int


#: Nobody waits long for those that stay away.
PATIENCE = "{{ 4 if inventory_hostname.endswith('-lost') else 600 }}"


def setting_up() -> list[Play]:
    provider = {
        "wait_timeout": PATIENCE,
        "source": "{{ vmm_server_provider_source }}",
        "checksum": "{{ vmm_server_provider_checksum }}",
        "version": "{{ vmm_server_provider_version }}",
    }
    agent = {
        "wait_timeout": PATIENCE,
        "source": "{{ hyperv_host_agent_source }}",
        "checksum": "{{ hyperv_host_agent_checksum }}",
        "version": "{{ hyperv_host_agent_version }}",
    }
    registration = {"vault_id": VAULT_ID, "key_path": KEY_PATH, "proxy": "{{ vmm_server_proxy }}"}
    return [
        play("localhost", HAVE_VAULT, HAVE_KEY),
        play("vmm_servers", noun("provider", provider), noun("provider_registration", registration)),
        play("hyperv_hosts", noun("mars_agent", agent), noun("mars_proxy", {"proxy": "{{ hyperv_host_proxy }}"})),
    ]


def watched(name: str) -> Program:
    """The program, with what happens on machines whose case names it. Once."""
    real, met = PROGRAMS[name], set[str]()

    def run(machine: Machine, invocation: Invocation) -> int:
        case = CASES[machine.name]
        if case.program is None or case.program[0] != name or machine.name in met:
            return real(machine, invocation)
        met.add(machine.name)
        return case.program[1](machine, invocation, real)

    return run


@pytest.fixture(scope="module")
def mishaps(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Mishaps:
    machines = [vmm_server(name, provider=False) for name in SERVERS]
    machines += [hyperv_host(name, agent=False) for name in HOSTS]
    folder = tmp_path_factory.mktemp("mishaps")
    with Fleets(folder) as make_fleet, pytest.MonkeyPatch.context() as patch:
        lab = make_fleet(machines=machines)
        for name in PROGRAMS:
            patch.setitem(PROGRAMS, name, watched(name))
        for name, case in CASES.items():
            if case.fault:
                point, detail = case.fault
                lab.world.faults.plan(f"windows:{name}:{point}", "fail", **detail)
        controller, book = controller_of(main_cell, lab), write(folder, *setting_up())
        disturbed = controller.run(book, "--forks", "10")
        certificates = sum("/certificates/" in entry.target.lower() for entry in lab.journal.entries)
        lab.world.faults.clear()
        lab.journal.clear()
        following = controller.run(book, "--forks", "10")
        journal = list(lab.journal.entries)
        last = controller.run(book, "--forks", "10")
        ends = {name: end_of(machine) for name, machine in lab.machines.items()}
        return Mishaps(disturbed, following, last, journal, ends, certificates)


def end_of(machine: Machine) -> Any:
    """The machine's state with its own name and id left out, to be compared with another's."""
    own = {machine.name: "{machine}"}
    if machine.vmm is not None:
        own[machine.vmm.vmm_id] = "{id}"
    state = dict(neutral(machine.snapshot(), own))
    # The folder of logs grows with every try.
    state["files"].pop(layout.SETUP_LOGS, None)
    return state


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.words])
def test_a_mishap_on_a_machine_is_one_clear_line(mishaps: Mishaps, name: str) -> None:
    task = told_in_one_line(mishaps.disturbed, name, *CASES[name].words)
    assert (task.status, task.result["error"]["kind"]) == ("failed", "remote_failure")
    # What was begun on the machine counts as a change, also when it failed.
    assert task.changed


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.status == "unreachable"])
def test_a_lost_connection_is_told_as_such(mishaps: Mishaps, name: str) -> None:
    task = told_in_one_line(mishaps.disturbed, name, "the connection was lost while", "run again when")
    assert task.status == "unreachable"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.warning])
def test_a_wish_for_a_restart_is_no_failure(mishaps: Mishaps, name: str) -> None:
    tasks = [task for task in mishaps.disturbed.tasks if task.host == name]
    warnings = [warning for task in tasks for warning in task.result.get("warnings", [])]
    assert [warning for warning in warnings if CASES[name].warning in warning and "3010" in warning]


def test_nothing_but_what_was_planned_went_wrong(mishaps: Mishaps) -> None:
    expected = {name for name, case in CASES.items() if case.words or case.status == "unreachable"}
    assert {task.host for task in mishaps.disturbed.failures()} == expected
    assert "Traceback" not in mishaps.disturbed.output


@pytest.mark.parametrize("name", CASES)
def test_the_next_run_does_what_was_left(mishaps: Mishaps, name: str) -> None:
    assert mishaps.next.returncode == 0, mishaps.next.output
    done = {
        task.action.removeprefix("siterecovery.hyperv.")
        for task in mishaps.next.tasks
        if task.host == name and task.changed
    }
    assert done == CASES[name].left


@pytest.mark.parametrize("name", CASES)
def test_the_next_run_ends_where_an_undisturbed_one_does(mishaps: Mishaps, name: str) -> None:
    state, calm = copy.deepcopy(mishaps.machines[name]), mishaps.machines[CALM[name]]
    staged = [path for path in state["files"] if path.startswith(STAGING_DIR + "\\")]
    assert staged == []
    assert state == calm


def test_the_run_after_changes_nothing(mishaps: Mishaps) -> None:
    assert mishaps.last.returncode == 0, mishaps.last.output
    assert mishaps.last.changed == 0


def test_the_key_of_the_disturbed_run_is_used_again(mishaps: Mishaps) -> None:
    assert mishaps.certificates == 1
    assert not [entry for entry in mishaps.journal if "/certificates/" in entry.target.lower()]


def test_site_that_loses_a_server_in_its_setup_tells_it_and_goes_on_when_run_again(
    make_lab: MakeLab, main_cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = make_lab()
    # Nobody looks at the wait here.
    lab.world.delays = dataclasses.replace(lab.world.delays, fabric_appears=1.0, cloud_appears=1.0)
    controller = controller_of(main_cell, lab)
    real = PROGRAMS["setupdr.exe"]
    monkeypatch.setitem(PROGRAMS, "setupdr.exe", lambda machine, invocation: connection_lost(machine, invocation, real))
    lost = controller.run(SITE, "-e", "vmm_server_wait_timeout=4")
    assert lost.returncode != 0
    assert "Traceback" not in lost.output
    reasons = [str(task.result["msg"]) for task in lost.failures() if task.host == "vmm01"]
    # At the module, at the end of the server's play, and at the gate of the run.
    assert len(reasons) == 3
    assert {"\n" in reason.strip() for reason in reasons} == {False}
    assert all("the connection was lost while" in reason for reason in reasons)
    # The key is gone, and no host was touched.
    assert not list(lab.directory.rglob("*.VaultCredentials"))
    assert {entry.target for entry in lab.journal.entries if entry.side == "windows"} == {"vmm01"}
    lab.world.faults.clear()
    monkeypatch.undo()
    rerun = controller.run(SITE)
    assert rerun.returncode == 0, rerun.output
    assert [task.changed for task in rerun.of("provider")] == [False]
    assert [task.changed for task in rerun.of("provider_registration")] == [True]


# ---- Azure ----


@dataclass(frozen=True)
class Call:
    """A noun asked for while its service has a mishap."""

    noun: str
    point: str
    action: FaultAction
    detail: Mapping[str, Any] = field(default_factory=dict)
    times: int = ALWAYS
    # Whether the resource was there before; otherwise the run makes it.
    there: bool = False
    # The failure's words; none: the run ends well in spite of the mishap.
    words: tuple[str, ...] = ()
    kind: str = "remote_failure"


VAULT, ACCOUNT, NETWORK = "vault", "storage_account", "virtual_network"
PATH = {VAULT: "vaults", ACCOUNT: "storageaccounts", NETWORK: "virtualnetworks"}
_BROKEN: dict[str, Any] = {"status": 500, "headers": {"Retry-After": "1"}}
_BUSY = {"retry_after": 1}

CALLS = {
    # Passing ones: the run goes on by itself.
    "throttledread": Call(VAULT, "GET", "throttle", _BUSY, times=2),
    "throttledwrite": Call(VAULT, "PUT", "throttle", _BUSY, times=2),
    "throttledaccount": Call(ACCOUNT, "PUT", "throttle", _BUSY, times=1),
    "droppedread": Call(VAULT, "GET", "drop", times=1),
    "droppedwrite": Call(VAULT, "PUT", "drop", times=1),
    # The service did what was asked for; only its answer is lost.
    "droppedanswer": Call(VAULT, "PUT", "drop", {"when": "after"}, times=1),
    "droppednetwork": Call(NETWORK, "PUT", "drop", {"when": "after"}, times=1),
    # Those that stay.
    "throttledlong": Call(
        VAULT, "GET", "throttle", {"retry_after": 300, "code": "TooManyRequests"}, words=("TooManyRequests", "300 s")
    ),
    "brokenvault": Call(VAULT, "GET", "fail", _BROKEN, there=True, words=("InternalServerError", "could not read")),
    "brokenaccount": Call(ACCOUNT, "GET", "fail", _BROKEN, there=True, words=("InternalServerError", "could not read")),
    "brokennetwork": Call(NETWORK, "GET", "fail", _BROKEN, there=True, words=("InternalServerError", "could not read")),
    "failedwrite": Call(
        VAULT, "operation", "fail", {"code": "Conflict"}, times=1, words=("could not create", "Conflict")
    ),
    "dropped": Call(VAULT, "GET", "drop", words=("no answer from Azure", "check network"), kind="unreachable"),
}


@dataclass(frozen=True)
class Outage:
    """The run with the mishaps and the one after it, and what each wrote."""

    disturbed: Run
    written: list[Entry]
    next: Run
    rewritten: list[Entry]
    last: Run


def asking() -> Play:
    """Each case is a host of its own, so that none waits for another."""
    common = {"resource_group": "rg-{{ inventory_hostname }}", "location": "westeurope", "create_resource_group": True}
    name = "st{{ inventory_hostname }}"
    tasks = [
        noun(VAULT, {**common, "name": name}, when="noun == 'vault'"),
        noun(ACCOUNT, {**common, "name": name, "sku": "Standard_LRS"}, when="noun == 'storage_account'"),
        noun(NETWORK, {**common, "name": name, "address_prefixes": ["10.9.0.0/16"]}, when="noun == 'virtual_network'"),
    ]
    return play("cases", *tasks, strategy="free")


@pytest.fixture(scope="module")
def outage(main_cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Outage:
    lab = make_shared_lab()
    folder = tmp_path_factory.mktemp("outage")
    controller, book = controller_of(main_cell, lab), write(folder, asking())

    def act(names: Mapping[str, Call]) -> tuple[Run, list[Entry]]:
        local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        hosts = {name: {**local, "noun": call.noun} for name, call in names.items()}
        inventory = folder / f"{len(list(folder.iterdir()))}-cases.yml"
        inventory.write_text(yaml.safe_dump({"cases": {"hosts": hosts}}), encoding="utf-8")
        lab.journal.clear()
        run = controller.run(book, "-i", str(inventory), "--forks", "15")
        return run, list(lab.journal.entries)

    prepared, _journal = act({name: call for name, call in CALLS.items() if call.there})
    assert prepared.returncode == 0, prepared.output
    for name, call in CALLS.items():
        path = f"*/{PATH[call.noun]}/st{name}"
        # An operation is named by the method that began it.
        point = f"operation:PUT:{path}" if call.point == "operation" else f"arm:{call.point}:{path}"
        lab.world.faults.plan(point, call.action, times=call.times, **call.detail)
    disturbed, written = act(CALLS)
    lab.world.faults.clear()
    following, rewritten = act(CALLS)
    return Outage(disturbed, written, following, rewritten, act(CALLS)[0])


def ended(run: Run, name: str) -> Task:
    (task,) = (task for task in run.tasks if task.host == name and task.status != "skipped")
    return task


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if not call.words])
def test_a_passing_mishap_in_azure_is_waited_for(outage: Outage, name: str) -> None:
    task = ended(outage.disturbed, name)
    assert (task.status, task.changed) == ("ok", True), task.result
    assert not ended(outage.next, name).changed


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.words])
def test_a_mishap_in_azure_that_stays_is_one_clear_line(outage: Outage, name: str) -> None:
    task = told_in_one_line(outage.disturbed, name, *CALLS[name].words)
    assert task.result["error"]["kind"] == CALLS[name].kind
    assert "Traceback" not in outage.disturbed.output


def resources(journal: list[Entry], name: str) -> list[str]:
    """What was written of a case's resource, its group left out."""
    return [entry.verb for entry in journal if entry.target.lower().endswith(f"/st{name}")]


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.there])
def test_what_can_not_be_read_is_never_made_anew(outage: Outage, name: str) -> None:
    assert resources(outage.written, name) == []
    assert not ended(outage.next, name).changed


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if not call.there])
def test_what_was_not_there_is_there_in_the_end(outage: Outage, name: str) -> None:
    call, writes = CALLS[name], resources(outage.written, name) + resources(outage.rewritten, name)
    # A write is sent again when its answer was lost.
    assert writes == ["put"] * (2 if call.detail.get("when") == "after" else 1)


def test_the_run_after_an_outage_changes_what_is_left(outage: Outage) -> None:
    assert outage.next.returncode == 0, outage.next.output
    changed = {name for name in CALLS if ended(outage.next, name).changed}
    # What a failed operation left is there, and only told: it may be in use.
    assert changed == {name for name, call in CALLS.items() if call.words and not call.there} - {"failedwrite"}
    assert "is in state Failed" in ended(outage.next, "failedwrite").result["warnings"][0]
    assert outage.last.returncode == 0
    assert outage.last.changed == 0


# ---- the wait (P10) ----


@dataclass(frozen=True)
class Wait:
    """A server that shows up later than the first run waits."""

    short: Run
    rest: Run


@pytest.fixture(scope="module")
def wait(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Wait:
    folder = tmp_path_factory.mktemp("wait")
    waiting = {**NAMES, "names": ["vmm01.lab.example"], "vmm_clouds": ["Cloud of vmm01"], "wait": True}
    registering = noun(
        "provider_registration", {"vault_id": VAULT_ID, "key_path": KEY_PATH, "proxy": {"mode": "direct"}}
    )
    with Fleets(folder) as make_fleet:
        lab = make_fleet(machines=[vmm_server("vmm01", egress="any")])
        # Seconds of the clock on the wall: 15 until the server is there.
        lab.world.delays = dataclasses.replace(lab.world.delays, fabric_appears=15 / lab.world.clock.scale)
        plays = [
            play("localhost", HAVE_VAULT, HAVE_KEY),
            play("vmm01", registering, noun("vmm_cloud_sync", {"vmm_clouds": ["all"]})),
        ]
        controller = controller_of(main_cell, lab)

        def act(seconds: int, *before: Play) -> Run:
            look = noun("vmm_server_info", {**waiting, "wait_timeout": seconds})
            return controller.run(write(folder, *before, play("localhost", look)))

        return Wait(act(3, *plays), act(60))


def test_a_wait_that_is_over_tells_what_was_last_seen_and_how_to_go_on(wait: Wait) -> None:
    message = told_in_one_line(
        wait.short,
        "localhost",
        "timed out after ",
        "last state: vmm01.lab.example: not registered, waiting for registration",
        "run again to continue waiting, or increase wait_timeout",
    ).result
    assert message["error"]["kind"] == "deadline_exceeded"
    # What it waited: a last look that takes long comes on top of the three seconds.
    (seconds,) = re.findall(r"after (\d+) s waiting", message["msg"])
    assert int(seconds) >= 3
    assert "Traceback" not in wait.short.output


def test_a_run_again_goes_on_waiting(wait: Wait) -> None:
    assert wait.rest.returncode == 0, wait.rest.output
    (task,) = wait.rest.of("vmm_server_info")
    assert task.result["waited"] is True
    assert task.result["servers"]["vmm01.lab.example"]["clouds"] == ["Cloud of vmm01"]
    (entry,) = task.result["evidence"]
    assert entry["step"] == "P10"
    assert entry["done"].startswith("waited ")


def test_a_wait_tells_how_far_it_is(wait: Wait) -> None:
    for run, limit in ((wait.short, "3s"), (wait.rest, "1m")):
        lines = [line for line in run.output.splitlines() if line.startswith("P10 vmm01.lab.example: ")]
        assert lines, run.output
        assert all(f" of {limit})" in line for line in lines)
