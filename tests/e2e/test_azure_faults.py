# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of Azure, and the wait for a server (P10): the run retries, or reports the fault in one line."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from lab.context import NO_LAG, Entry, FaultAction
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.fleet import Fleets, vmm_server
from tests.support.playbook import Run, Task, one_line_failure
from tests.support.plays import ENSURE_KEY, ENSURE_VAULT, KEY_PATH, NAMES, VAULT_ID, Play, module_task, play, write

ALWAYS = 1000


# ---- Faults of services ----


@dataclass(frozen=True)
class Call:
    """A module that runs while its service has a fault."""

    module: str
    point: str
    action: FaultAction
    detail: Mapping[str, Any] = field(default_factory=dict)
    times: int = ALWAYS
    # Whether the resource existed before; otherwise the run creates it.
    existing: bool = False
    # The words of the failure. Without words, the run succeeds in spite of the fault.
    words: tuple[str, ...] = ()
    kind: str = "remote_failure"


VAULT, ACCOUNT, NETWORK = "vault", "storage_account", "virtual_network"
PATH = {VAULT: "vaults", ACCOUNT: "storageaccounts", NETWORK: "virtualnetworks"}
_BROKEN: dict[str, Any] = {"status": 500, "headers": {"Retry-After": "1"}}
_UNREADABLE = ("InternalServerError", "could not read")
_BUSY = {"retry_after": 1}

CALLS = {
    # Temporary faults: the run continues by itself.
    "throttledread": Call(VAULT, "GET", "throttle", _BUSY, times=2),
    "throttledwrite": Call(VAULT, "PUT", "throttle", _BUSY, times=2),
    "throttledaccount": Call(ACCOUNT, "PUT", "throttle", _BUSY, times=1),
    "droppedread": Call(VAULT, "GET", "drop", times=1),
    "droppedwrite": Call(VAULT, "PUT", "drop", times=1),
    # The service executes the request; only its response is lost.
    "droppedanswer": Call(VAULT, "PUT", "drop", {"when": "after"}, times=1),
    "droppednetwork": Call(NETWORK, "PUT", "drop", {"when": "after"}, times=1),
    # Permanent faults.
    "throttledlong": Call(
        VAULT, "GET", "throttle", {"retry_after": 300, "code": "TooManyRequests"}, words=("TooManyRequests", "300 s")
    ),
    "brokenvault": Call(VAULT, "GET", "fail", _BROKEN, existing=True, words=_UNREADABLE),
    "brokenaccount": Call(
        ACCOUNT, "GET", "fail", _BROKEN, existing=True, words=("InternalServerError", "could not read")
    ),
    "brokennetwork": Call(
        NETWORK, "GET", "fail", _BROKEN, existing=True, words=("InternalServerError", "could not read")
    ),
    "failedwrite": Call(
        VAULT, "operation", "fail", {"code": "Conflict"}, times=1, words=("could not create", "Conflict")
    ),
    "dropped": Call(VAULT, "GET", "drop", words=("no answer from Azure", "check network"), kind="unreachable"),
}


@dataclass(frozen=True)
class Outage:
    """The run with the faults and the two runs after it, with the writes of the first two."""

    disturbed: Run
    written: list[Entry]
    next: Run
    rewritten: list[Entry]
    last: Run


def resource_tasks() -> Play:
    """Return a play in which each case is a host, so that no case waits for another."""
    common = {"resource_group": "rg-{{ inventory_hostname }}", "location": "westeurope", "create_resource_group": True}
    name = "st{{ inventory_hostname }}"
    tasks = [
        module_task(VAULT, {**common, "name": name}, when="resource == 'vault'"),
        module_task(ACCOUNT, {**common, "name": name, "sku": "Standard_LRS"}, when="resource == 'storage_account'"),
        module_task(
            NETWORK, {**common, "name": name, "address_prefixes": ["10.9.0.0/16"]}, when="resource == 'virtual_network'"
        ),
    ]
    return play("cases", *tasks, strategy="free")


@pytest.fixture(scope="module")
def outage(main_cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Outage:
    lab = make_shared_lab()
    # An outdated view can refuse a write or hide a resource, and the tests below count the writes.
    lab.context.lag = NO_LAG
    folder = tmp_path_factory.mktemp("outage")
    controller, book = controller_of(main_cell, lab), write(folder, resource_tasks())

    def act(names: Mapping[str, Call]) -> tuple[Run, list[Entry]]:
        local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        hosts = {name: {**local, "resource": call.module} for name, call in names.items()}
        inventory = folder / f"{len(list(folder.iterdir()))}-cases.yml"
        inventory.write_text(yaml.safe_dump({"cases": {"hosts": hosts}}), encoding="utf-8")
        lab.journal.clear()
        run = controller.run(book, "-i", str(inventory), "--forks", "15")
        return run, list(lab.journal.entries)

    prepared, _journal = act({name: call for name, call in CALLS.items() if call.existing})
    assert prepared.returncode == 0, prepared.output
    for name, call in CALLS.items():
        path = f"*/{PATH[call.module]}/st{name}"
        # The name of an operation has the method that began it.
        point = f"operation:PUT:{path}" if call.point == "operation" else f"arm:{call.point}:{path}"
        lab.context.faults.plan(point, call.action, times=call.times, **call.detail)
    disturbed, written = act(CALLS)
    lab.context.faults.clear()
    following, rewritten = act(CALLS)
    return Outage(disturbed, written, following, rewritten, act(CALLS)[0])


def task_of(run: Run, name: str) -> Task:
    (task,) = (task for task in run.tasks if task.host == name and task.status != "skipped")
    return task


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if not call.words])
def test_the_run_waits_for_the_end_of_a_temporary_fault(outage: Outage, name: str) -> None:
    task = task_of(outage.disturbed, name)
    assert (task.status, task.changed) == ("ok", True), task.result
    assert not task_of(outage.next, name).changed


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.words])
def test_a_permanent_fault_is_reported_in_one_line(outage: Outage, name: str) -> None:
    task = one_line_failure(outage.disturbed, name, *CALLS[name].words)
    assert task.result["error"]["kind"] == CALLS[name].kind
    assert "Traceback" not in outage.disturbed.output


def resources(journal: list[Entry], name: str) -> list[str]:
    """Return the writes to the resource of a case, without those to its group."""
    return [entry.verb for entry in journal if entry.target.lower().endswith(f"/st{name}")]


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.existing])
def test_a_resource_that_cannot_be_read_is_never_created_again(outage: Outage, name: str) -> None:
    assert resources(outage.written, name) == []
    assert not task_of(outage.next, name).changed


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if not call.existing])
def test_a_missing_resource_exists_in_the_end(outage: Outage, name: str) -> None:
    call, writes = CALLS[name], resources(outage.written, name) + resources(outage.rewritten, name)
    # The module repeats a write when the response was lost.
    assert writes == ["put"] * (2 if call.detail.get("when") == "after" else 1)


def test_the_run_after_an_outage_does_the_rest(outage: Outage) -> None:
    assert outage.next.returncode == 0, outage.next.output
    changed = {name for name in CALLS if task_of(outage.next, name).changed}
    # The module only reports a resource that a failed operation left behind, because it may be in use.
    assert changed == {name for name, call in CALLS.items() if call.words and not call.existing} - {"failedwrite"}
    assert "is in state Failed" in task_of(outage.next, "failedwrite").result["warnings"][0]
    assert outage.last.returncode == 0
    assert outage.last.changed == 0


# ---- the wait (P10) ----


@dataclass(frozen=True)
class Wait:
    """Two runs that wait for a server. It appears after the timeout of the first run."""

    short: Run
    rest: Run


@pytest.fixture(scope="module")
def wait(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Wait:
    folder = tmp_path_factory.mktemp("wait")
    waiting = {**NAMES, "names": ["vmm01.lab.example"], "vmm_clouds": ["Cloud of vmm01"], "wait": True}
    registration = module_task(
        "provider_registration", {"vault_id": VAULT_ID, "key_path": KEY_PATH, "proxy": {"mode": "direct"}}
    )
    with Fleets(folder) as make_fleet:
        lab = make_fleet(machines=[vmm_server("vmm01", egress="any")])
        # The server appears after 15 seconds of real time.
        lab.context.delays = dataclasses.replace(lab.context.delays, fabric_appears=15 / lab.context.clock.scale)
        plays = [
            play("localhost", ENSURE_VAULT, ENSURE_KEY),
            play("vmm01", registration, module_task("vmm_cloud_sync", {"vmm_clouds": ["all"]})),
        ]
        controller = controller_of(main_cell, lab)

        def act(seconds: int, *before: Play) -> Run:
            read = module_task("vmm_server_info", {**waiting, "wait_timeout": seconds})
            return controller.run(write(folder, *before, play("localhost", read)))

        return Wait(act(3, *plays), act(60))


def test_a_timeout_reports_the_last_state_and_how_to_continue(wait: Wait) -> None:
    message = one_line_failure(
        wait.short,
        "localhost",
        "timed out after ",
        "last state: vmm01.lab.example: not registered, waiting for registration",
        "run again to continue waiting, or increase wait_timeout",
    ).result
    assert message["error"]["kind"] == "deadline_exceeded"
    # The last read can take longer than the rest of the three seconds.
    (seconds,) = re.findall(r"after (\d+) s waiting", message["msg"])
    assert int(seconds) >= 3
    assert "Traceback" not in wait.short.output


def test_the_next_run_continues_to_wait(wait: Wait) -> None:
    assert wait.rest.returncode == 0, wait.rest.output
    (task,) = wait.rest.of("vmm_server_info")
    assert task.result["waited"] is True
    assert task.result["servers"]["vmm01.lab.example"]["clouds"] == ["Cloud of vmm01"]
    (entry,) = task.result["evidence"]
    assert entry["step"] == "P10"
    assert entry["done"].startswith("waited ")


def test_a_wait_reports_its_progress(wait: Wait) -> None:
    for run, limit in ((wait.short, "3 s"), (wait.rest, "1 min")):
        lines = [line for line in run.output.splitlines() if line.startswith("P10 vmm01.lab.example: ")]
        assert lines, run.output
        assert all(f" of {limit})" in line for line in lines)
