# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts of nodes of a Hyper-V cluster: one node at a time, drained if this is desired, and resumed afterwards."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible import constants

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import node_restart
from lab.windows.cluster import FAILED, IN_PROGRESS
from lab.windows.states import hyperv_host
from tests.unit.plugins.action.conftest import Runner
from tests.unit.plugins.action.due import MakeRunner, installer
from tests.unit.plugins.action.test_connections import Connection, Loader, asks_for_restart

MARK = (r"HKLM\SOFTWARE\siterecovery.hyperv", "paused_node")
VMS = [{"name": "web"}, {"name": "db"}, {"name": "old", "state": "off"}]
NODES = ["hv01", "hv02", "hv03"]


class Clock:
    """A clock that only pauses move. A pause also runs what others do meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.meanwhile: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Clock:
    made = Clock()
    monkeypatch.setattr(node_restart, "time", made)
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return made


def node(vms: list[dict[str, Any]] | None = None, **cluster: Any) -> dict[str, Any]:
    return hyperv_host(vms=VMS if vms is None else vms, cluster={"nodes": NODES, **cluster})


def made(runner: MakeRunner, entry: dict[str, Any], *, connection: Any = None) -> Runner:
    found: Runner = runner(entry)
    asks_for_restart(found)
    found.connection, found.loader = connection or Connection(), Loader(found, {"rebooted": True, "changed": True})
    return found


def run(found: Runner, *, check: bool = False, **options: Any) -> dict[str, Any]:
    return found.run("mars_agent", check=check, reboot=True, **{"drain": "cluster", **installer("agent"), **options})


def verbs(found: Runner) -> list[str]:
    journal = found.machine.machine.context.journal.entries
    return [entry.verb for entry in journal if entry.verb.startswith(("cluster.", "machine."))]


def cluster(found: Runner) -> Any:
    return found.machine.machine.need_cluster()


def is_marked(found: Runner) -> bool:
    return found.machine.machine.registry.get(*MARK) is not None


def test_a_node_is_drained_restarted_and_resumed(runner: MakeRunner, clock: Clock) -> None:
    found = made(runner, node())
    result = run(found)
    assert (result["changed"], result["rebooted"], result["reboot_required"]) == (True, True, False)
    assert verbs(found) == ["cluster.pause", "machine.restart", "cluster.resume"]
    assert [guest.name for guest in found.machine.machine.guests] == ["web", "db", "old"]
    assert (cluster(found).nodes["hv01"], is_marked(found)) == ("Up", False)
    assert not [each for each in result["warnings"] if "not restarted" in each or "paused" in each]


def test_a_node_without_a_drain_option_keeps_its_machines(runner: MakeRunner, clock: Clock) -> None:
    found = made(runner, node())
    result = run(found, drain="none")
    assert (result["rebooted"], result["reboot_required"], verbs(found)) == (False, True, [])
    assert [each for each in result["warnings"] if "2 virtual machines run on it: web, db" in each]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (node(drain_ends=IN_PROGRESS), "the node is being drained, virtual machines left: 2 (after 120 seconds)"),
        (node(drain_ends=FAILED), "the drain of the node failed, and 2 virtual machines run on it"),
        (
            node([{"name": "own", "clustered": False}, {"name": "web"}]),
            "the cluster has not moved all virtual machines: a virtual machine runs on it",
        ),
    ],
    ids=["endless", "failed", "local"],
)
def test_a_node_that_cannot_be_drained_is_resumed_and_not_restarted(
    runner: MakeRunner, clock: Clock, entry: dict[str, Any], reason: str
) -> None:
    found = made(runner, entry)
    result = run(found, drain_timeout=120)
    assert (result["changed"], result["rebooted"], result["reboot_required"]) == (True, False, True)
    assert verbs(found) == ["cluster.pause", "cluster.resume"]
    assert [each for each in result["warnings"] if f"was not restarted, because {reason};" in each]
    assert (cluster(found).nodes["hv01"], is_marked(found)) == ("Up", False)


def test_the_progress_of_a_drain_is_shown(runner: MakeRunner, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    run(made(runner, node(drain_ends=IN_PROGRESS)), drain_timeout=120)
    assert "H3 the node is being drained, virtual machines left: 2 (0 s of 2 min)" in capsys.readouterr().out


def test_a_node_that_others_have_paused_is_not_resumed(runner: MakeRunner, clock: Clock) -> None:
    found = made(runner, node(nodes=[{"name": "hv01", "state": "Paused"}, "hv02"]))
    result = run(found)
    assert (result["rebooted"], verbs(found)) == (False, [])
    assert [
        each for each in result["warnings"] if "others have paused the node, and 2 virtual machines run on it" in each
    ]
    again = made(runner, node([], nodes=[{"name": "hv01", "state": "Paused"}, "hv02"]))
    assert (run(again)["rebooted"], verbs(again)) == (True, ["machine.restart"])
    assert cluster(again).nodes["hv01"] == "Paused"


def test_a_node_waits_for_another_one_that_is_not_up(runner: MakeRunner, clock: Clock) -> None:
    found = made(runner, node(nodes=["hv01", {"name": "hv02", "state": "Paused"}]))
    states = iter(["Down", "Joining", "Up"])
    clock.meanwhile = lambda: cluster(found).nodes.update(hv02=next(states, "Up"))
    assert run(found)["rebooted"] is True
    other = made(runner, node(nodes=["hv01", {"name": "hv02", "state": "Down"}]))
    clock.meanwhile = lambda: None
    result = run(other, drain_timeout=60)
    assert (result["rebooted"], verbs(other)) == (False, [])
    assert [each for each in result["warnings"] if "hv02 (Down) (after 60 seconds)" in each]


def test_two_runs_do_not_drain_two_nodes_at_once(runner: MakeRunner, clock: Clock) -> None:
    """Another controller pauses another node between our reading and our pause."""
    found = made(runner, node())
    began: list[bool] = []

    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        if found.scripts[-1] == "pause_node" and not began:
            began.append(True)
            cluster(found).nodes["hv02"] = "Paused"
        return answer

    before = found.twist
    found.twist = lambda answer: twist(before(answer))
    clock.meanwhile = lambda: cluster(found).nodes.update(hv02="Up")
    assert run(found)["rebooted"] is True
    assert verbs(found) == ["cluster.pause", "cluster.resume", "cluster.pause", "machine.restart", "cluster.resume"]


@pytest.mark.parametrize("drain", ["none", "cluster"])
def test_one_run_restarts_one_node_of_a_cluster_at_a_time(
    runner: MakeRunner, clock: Clock, tmp_path: Path, drain: str
) -> None:
    """The process of another host has the turn of the cluster; it ends during the second pause."""
    found = made(runner, node([]))
    run(found)
    (lock,) = tmp_path.glob("*.lock")
    later = made(runner, node([]))
    handle = os.open(lock, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    result = run(later, drain=drain, drain_timeout=30)
    assert (result["rebooted"], verbs(later)) == (False, [])
    assert [each for each in result["warnings"] if "this run still restarts another node of its cluster" in each]
    again = made(runner, node([]))
    clock.meanwhile = lambda: fcntl.flock(handle, fcntl.LOCK_UN)
    assert run(again, drain=drain, drain_timeout=30)["rebooted"] is True
    os.close(handle)


def interrupted(runner: MakeRunner) -> Runner:
    """Return a machine whose node was paused by a run that did not resume it."""
    found = made(runner, {**node(), "agent": {}})
    machine = found.machine.machine
    machine.ensure_key(MARK[0])
    machine.registry.set(*MARK, 1, "REG_DWORD")
    cluster(found).pause(machine, "hv01")
    machine.settle()
    found.machine.machine.context.journal.clear()
    return found


def test_the_next_run_resumes_a_node(runner: MakeRunner, clock: Clock) -> None:
    found = interrupted(runner)
    preview = run(found, check=True)
    assert (preview["changed"], verbs(found), is_marked(found)) == (False, [], True)
    assert [each for each in preview["warnings"] if "a run without check mode resumes it" in each]
    result = run(found)
    assert (result["changed"], result["rebooted"], verbs(found)) == (True, False, ["cluster.resume"])
    assert [each for each in result["warnings"] if "this run has resumed it" in each]
    assert [guest.name for guest in found.machine.machine.guests] == ["web", "db", "old"]
    assert run(found)["changed"] is False
    assert (verbs(found), found.scripts) == (["cluster.resume"], ["observe"])


def test_a_mark_of_a_node_that_others_have_resumed_is_removed(runner: MakeRunner, clock: Clock) -> None:
    found = interrupted(runner)
    cluster(found).resume(found.machine.machine, "hv01")
    found.machine.machine.context.journal.clear()
    result = run(found)
    assert (result["changed"], verbs(found), is_marked(found)) == (False, [], False)
    assert [
        each for each in result["warnings"] if "it is not paused anymore; this run has removed only the mark" in each
    ]
    assert not [each for each in run(found).get("warnings", ()) if "paused" in each]


def test_a_mark_of_a_machine_that_has_left_its_cluster_is_removed(runner: MakeRunner, clock: Clock) -> None:
    found = made(runner, hyperv_host(agent={}))
    machine = found.machine.machine
    machine.ensure_key(MARK[0])
    machine.registry.set(*MARK, 1, "REG_DWORD")
    result = run(found)
    assert (result["changed"], verbs(found), is_marked(found)) == (False, [], False)
    assert [each for each in result["warnings"] if "this run has removed only the mark" in each]


def test_a_lost_connection_leaves_the_mark_for_the_next_run(runner: MakeRunner, clock: Clock) -> None:
    found = made(runner, node())
    before = found.twist

    def twist(answer: dict[str, Any]) -> dict[str, Any]:
        if found.scripts[-2:] == ["pause_node", "list_restart_obstacles"]:
            raise ConnectionError("Connection aborted.")
        return before(answer)

    found.twist = twist
    with pytest.raises(Exception, match="connection was lost"):
        run(found)
    assert (verbs(found), is_marked(found)) == (["cluster.pause"], True)
    found.twist = lambda answer: answer
    assert run(found)["changed"] is True
    assert (verbs(found), is_marked(found)) == (["cluster.pause", "cluster.resume"], False)


def test_a_node_is_resumed_after_a_restart_that_fails(runner: MakeRunner, clock: Clock) -> None:
    found = made(runner, node())
    found.loader = Loader(found, {"failed": True, "msg": "timed out"})
    result = run(found)
    assert (result["failed"], result["msg"]) == (True, "the restart of the machine failed: timed out")
    assert verbs(found) == ["cluster.pause", "cluster.resume"]


def test_a_node_that_does_not_join_again_stays_marked(runner: MakeRunner, clock: Clock) -> None:
    found = made(runner, node())
    restart = found.machine.machine.restart

    def stays_down() -> None:
        restart()
        found.machine.machine.take_down("ClusSvc")

    found.machine.machine.restart = stays_down  # type: ignore[method-assign]
    result = run(found)
    assert (result["rebooted"], is_marked(found)) == (True, True)
    assert [each for each in result["warnings"] if "was not resumed, because its state is unknown" in each]


def test_a_host_without_a_cluster_is_not_drained(runner: MakeRunner, clock: Clock) -> None:
    found = made(runner, hyperv_host(vms=[{"name": "web"}]))
    assert (run(found)["rebooted"], verbs(found)) == (False, [])
