# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that wait for jobs: killed at a wait or after a write, and a failure of every task of their jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import jobs as follower
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.jobs import job_name
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from lab.arm.job_trees import TREES
from lab.context import NO_LAG, CloudFacts
from tests.lab.arm.replicas import Site, machine, make_site

from .conftest import GROUP, Ended, Subscription

VAULT = "vault-dr"
PLACE: dict[str, Any] = {"resource_group": GROUP, "vault_name": VAULT}
MACHINES = ("web01", "app01", "db01")
SILVER = CloudFacts("09ED2D03-38EC-4BDD-9BA1-D7DD5D09FB42", "Silver")
Play = Callable[[Subscription], Ended]


@pytest.fixture
def site(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Provide a cloud with machines, in a lab whose minutes are milliseconds."""
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    subscription.context.clock.scale = 0.0005
    made = make_site(
        subscription.azure,
        *(machine(number, name) for number, name in enumerate(MACHINES, 1)),
        group=GROUP,
        vault=VAULT,
    )
    subscription.state.seed_account("rg", "stlogs", "westeurope")
    made.fabric.containers[SILVER.id.lower()] = SILVER
    return made


class Killed(BaseException):
    """The process ends here, as if it was killed."""


@contextmanager
def killed(at: str, number: int) -> Iterator[None]:
    """Kill the module at its wait of a number, or right after Azure accepted its write of a number."""
    seen = {"wait": 0, "write": 0}
    sleep = time.sleep

    def count(kind: str) -> None:
        seen[kind] += 1
        if (kind, seen[kind]) == (at, number):
            raise Killed

    def pause(seconds: float) -> None:
        # The lab has threads of its own.
        if threading.current_thread() is threading.main_thread():
            count("wait")
        sleep(seconds)

    def accepted(headers: Mapping[str, str]) -> str | None:
        count("write")
        return job_name(headers)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", pause)
        patch.setattr(follower, "job_name", accepted)
        with pytest.raises(Killed):
            yield


def protect(subscription: Subscription) -> Ended:
    machines = [{"name": name} for name in MACHINES]
    return subscription.run(
        "protected_vm", cloud="gold", policy="hourly", network="vnet-dr", machines=machines, parallel=2, **PLACE
    )


def update(subscription: Subscription) -> Ended:
    machines = [{"name": name, "size": "Standard_D2s_v5"} for name in MACHINES]
    return subscription.run("protected_vm", cloud="gold", machines=machines, **PLACE)


def disable(subscription: Subscription) -> Ended:
    machines = [{"name": name} for name in MACHINES]
    return subscription.run(
        "protected_vm", cloud="gold", state="absent", allow_disable=True, machines=machines, **PLACE
    )


def associate(subscription: Subscription) -> Ended:
    return subscription.run("policy_association", policy="hourly", clouds=["Silver"], **PLACE)


def scenarios(site: Site) -> dict[str, int]:
    """Return the numbers of jobs by scenario."""
    found: dict[str, int] = {}
    for job in site.vault.jobs.values():
        found[job.scenario] = found.get(job.scenario, 0) + 1
    return found


POINTS = [("wait", 1), ("wait", 2), ("write", 1), ("write", 2), ("write", 3)]


@pytest.mark.parametrize(("at", "number"), [*POINTS, ("wait", 3)], ids=str)
def test_a_killed_protection_is_continued(subscription: Subscription, site: Site, at: str, number: int) -> None:
    # The next run finds the jobs of the killed one: it begins later than replicas of Azure need to learn of them.
    subscription.context.lag = NO_LAG
    subscription.context.faults.plan("job:EnableDr:CreateProtectionTargetTask:*", "delay", seconds=2000)
    with killed(at, number):
        protect(subscription)
    ended = protect(subscription)
    assert not ended.failed, ended.msg
    assert [one["phase"] for one in ended.result["protected_vm"]["machines"]] == ["ready"] * 3
    # No machine is enabled twice.
    assert scenarios(site)["EnableDr"] == len(MACHINES)
    assert len(site.fabrics.relationships) == len(MACHINES)
    assert not protect(subscription).result["changed"]


@pytest.mark.parametrize(("at", "number"), POINTS, ids=str)
@pytest.mark.parametrize("play", [update, disable], ids=lambda play: play.__name__)
def test_a_killed_change_is_continued(subscription: Subscription, site: Site, play: Play, at: str, number: int) -> None:
    assert not protect(subscription).failed
    with killed(at, number):
        play(subscription)
    ended = play(subscription)
    assert not ended.failed, ended.msg
    assert not play(subscription).result["changed"]
    assert len(site.vault.items) == (0 if play is disable else len(MACHINES))


@pytest.mark.parametrize(("at", "number"), [("wait", 1), ("wait", 2), ("write", 1)], ids=str)
def test_a_killed_association_is_continued(subscription: Subscription, site: Site, at: str, number: int) -> None:
    with killed(at, number):
        associate(subscription)
    ended = associate(subscription)
    assert not ended.failed, ended.msg
    assert [one["state"] for one in ended.result["policy_association"]["clouds"]] == ["Paired"]
    assert scenarios(site)["AssociateProtectionProfile"] == 1


#: The jobs of modules: what prepares them, the module, and the object of their job. A job of one task has no id of it.
PLAYS: dict[str, tuple[Play | None, Play, str]] = {
    "EnableDr": (None, protect, "web01"),
    "IrCompletion": (None, protect, "web01"),
    "UpdateVmProperties": (protect, update, "web01"),
    "DisableDr": (protect, disable, "web01"),
    "AssociateProtectionProfile": (None, associate, "*"),
}
TASKS = [(scenario, task[1]) for scenario in PLAYS for task in TREES[scenario].tasks]


@pytest.mark.parametrize(("scenario", "task"), TASKS)
def test_a_failure_of_any_task_names_cause_and_remedy(
    subscription: Subscription, site: Site, scenario: str, task: str
) -> None:
    before, play, target = PLAYS[scenario]
    if before is not None:
        assert not before(subscription).failed
    titles = {name: title for _id, name, title, _seconds in TREES[scenario].tasks}
    ids = {name: task_id for task_id, name, _title, _seconds in TREES[scenario].tasks}
    subscription.context.faults.plan(
        f"job:{scenario}:{ids[task] or '*'}:{target}", "fail", code="25018", message="The server is not connected."
    )
    ended = play(subscription)
    assert ended.failed
    assert f"at '{titles[task]}'" in ended.msg
    assert "25018: The server is not connected" in ended.msg
    if target != "*":
        # The other machines went on.
        assert f"1 of {len(MACHINES)} machines failed" in ended.msg
        others = [one for one in ended.error["machines"] if one["name"] != "web01"]
        assert {one["phase"] for one in others} == {"unprotected" if play is disable else "ready"}


def test_machines_of_others_are_not_touched(subscription: Subscription, site: Site) -> None:
    """Another client gave the item a name of its own, and another machine is protected as well."""
    assert not protect(subscription).failed
    foreign = next(item for item in site.vault.items.values() if item.machine.name == "web01")
    del site.vault.items[foreign.key]
    foreign.name = "c0ffee00-0000-4000-8000-000000000001"
    site.vault.items[foreign.key] = foreign
    found = protect(subscription)
    assert (found.result["changed"], subscription.writes) == (False, [])
    others = {key for key, item in site.vault.items.items() if item.machine.name != "app01"}
    gone = subscription.run(
        "protected_vm", cloud="gold", state="absent", allow_disable=True, machines=[{"name": "app01"}], **PLACE
    )
    assert gone.result["changed"]
    assert set(site.vault.items) == others


def test_a_machine_that_another_vault_protects_is_named(subscription: Subscription, site: Site) -> None:
    taken = next(one for one in site.fabrics.machines.values() if one.name == "web01")
    site.fabrics.relationships[taken.id.lower()] = "another vault"
    ended = protect(subscription)
    assert ended.failed
    assert "1 of 3 machines failed: web01" in ended.msg
    assert "has a replication relationship already" in ended.msg
    assert site.fabrics.relationships[taken.id.lower()] == "another vault"
