# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of a cloud protected by one task: first run, second run, states in between, and failures."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.candidate import (
    DiskFact,
    Known,
    Observed,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.virtual_machines import VmmMachine
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.vm_report import report
from lab.arm.jobs import Job
from lab.context import ReplicationRefused
from tests.lab.arm.replicas import Site, machine, make_site

from .conftest import GROUP, Ended, Subscription

VAULT = "vault-dr"
DISKS = (40960, 102400, 20480)


@pytest.fixture
def site(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Provide a cloud with four machines, in a lab whose minutes are milliseconds."""
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    subscription.context.clock.scale = 0.0005
    made = make_site(
        subscription.azure,
        machine(1, "web01"),
        machine(2, "db01", *DISKS),
        machine(3, "lin01", operating_system=""),
        machine(4, "shared01", shared_disk="Present"),
        group=GROUP,
        vault=VAULT,
    )
    made.subscription = subscription  # type: ignore[attr-defined]
    return made


def run(site: Site, *machines: str | dict[str, Any], check: bool = False, **options: Any) -> Ended:
    subscription: Subscription = site.subscription  # type: ignore[attr-defined]
    given: dict[str, Any] = {
        "resource_group": GROUP,
        "vault_name": VAULT,
        "cloud": "gold",
        "policy": "hourly",
        "wait_timeout": 30,
        "machines": [one if isinstance(one, dict) else {"name": one} for one in machines],
        **options,
    }
    return subscription.run("protected_vm", check=check, **given)


def phases(ended: Ended) -> list[str]:
    assert not ended.failed, ended.msg
    return [one["phase"] for one in ended.result["protected_vm"]["machines"]]


DB = {"name": "db01", "os_disk": "db01_disk_1", "exclude_disks": ["db01_disk_3"]}


def test_machines_are_protected_once(site: Site) -> None:
    planned = run(site, "web01", DB, check=True)
    assert (planned.result["changed"], phases(planned)) == (True, ["enabling", "enabling"])
    assert site.vault.items == {}
    first = run(site, "web01", DB, network="vnet-dr", subnet="production")
    assert (first.result["changed"], phases(first)) == (True, ["ready", "ready"])
    assert first.result["evidence"][0]["verified"] == "2 ready"
    shown = first.result["protected_vm"]["machines"][1]
    assert shown["disks"] == ["db01_disk_1", "db01_disk_2"]
    assert shown["license"] is None
    assert [nic["subnet"] for nic in shown["nics"]] == ["production"]
    second = run(site, "web01", DB, network="vnet-dr", subnet="production")
    assert (second.result["changed"], second.result["plan"], phases(second)) == (False, [], ["ready", "ready"])
    subscription: Subscription = site.subscription  # type: ignore[attr-defined]
    assert subscription.writes == []
    # Servers, clouds, items and machines: no call per machine.
    assert len(subscription.requests) <= 6


def test_settings_change_without_losing_others(site: Site) -> None:
    run(site, "web01", network="vnet-dr", tags={"a": "1"}, license="windows_server", size="Standard_D2s_v5")
    nic = {"vm_network": "corp", "address": "10.0.1.9"}
    changed = run(site, {"name": "web01", "nics": [nic], "target_name": "web-dr"}, tags={"b": "2"})
    assert not changed.failed, changed.msg
    assert sorted(changed.paths) == ["nics[corp].address", "tags", "target_name"]
    [shown] = changed.result["protected_vm"]["machines"]
    assert (shown["target_name"], shown["size"], shown["license"]) == ("web-dr", "Standard_D2s_v5", "windows_server")
    assert shown["tags"] == {"a": "1", "b": "2"}
    assert (shown["nics"][0]["address"], shown["managed_disks"]) == ("10.0.1.9", True)
    assert shown["network"].endswith("/vnet-dr")
    again = run(site, {"name": "web01", "nics": [nic], "target_name": "web-dr"}, tags={"b": "2"})
    assert not again.result["changed"]


def test_a_failure_of_one_machine_lets_the_others_go_on(site: Site) -> None:
    site.fabrics.refusals["web01"] = ReplicationRefused("70094", 31389, "A virtual disk is busy.")
    ended = run(site, "web01", DB)
    assert ended.failed
    assert "1 of 2 machines failed: web01" in ended.msg
    assert "31389" in ended.msg
    assert "Hyper-V-VMMS" in ended.msg
    assert ended.error["progress"] == "1 ready, 1 failed: web01 (70094)"
    assert ended.result["changed"]
    site.fabrics.refusals.clear()
    later = run(site, "web01", DB)
    assert (later.result["changed"], phases(later)) == (True, ["ready", "ready"])


INELIGIBLE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": "shared01"}, "shared"),
    ({"name": "lin01"}, "set os_type"),
    ({"name": "db01"}, "name it in os_disk"),
    ({"name": "db01", "os_disk": "db01_disk_1", "exclude_disks": ["db01_disk_1"]}, "must be replicated"),
    ({"name": "db01", "os_disk": "db01_disk_1", "include_disks": ["none"]}, "has no disk 'none'"),
    ({"name": "gone01"}, "no machine 'gone01'"),
)


@pytest.mark.parametrize(("given", "text"), INELIGIBLE, ids=[text for _, text in INELIGIBLE])
def test_a_machine_that_cannot_be_protected_stops_the_task(site: Site, given: dict[str, Any], text: str) -> None:
    ended = run(site, "web01", given)
    assert ended.failed
    assert ended.error["kind"] == "refused"
    assert text in ended.msg
    assert site.vault.items == {}


def test_a_policy_that_the_cloud_does_not_have_stops_the_task(site: Site) -> None:
    ended = run(site, "web01", policy="daily")
    assert (ended.error["kind"], "or choose one of its policies: hourly" in ended.msg) == ("refused", True)
    assert site.vault.items == {}


def of_vmm(name: str, number: int, *disks: str, **observed: Any) -> dict[str, Any]:
    """Return a machine as vm_info returns it."""
    facts = tuple(DiskFact(disk, 40 * 1024**3, "IDE", 0, place) for place, disk in enumerate(disks))
    known = Known(machine(number, name).id, None, name, Observed(disks=facts, **observed), "gold", "hv01")
    shown = [{"name": fact.name, "bus": "IDE", "controller": 0, "place": place} for place, fact in enumerate(facts)]
    [found] = report([VmmMachine(known, {"disks": shown})], [], [], every=False)["machines"]
    return dict(found)


def test_what_only_vmm_knows_stops_a_machine_before_any_change(site: Site) -> None:
    facts = [of_vmm("web01", 1, "web01_disk_1", secure_boot=True), of_vmm("db01", 2, generation=1)]
    assert not run(site, "web01", check=True).failed
    for given, text in (("web01", "Secure Boot off"), ("lin01", "read its cloud again with vm_info")):
        ended = run(site, given, vmm_machines=facts)
        assert ended.error["kind"] == "refused"
        assert text in ended.msg
    assert site.vault.items == {}
    left = run(site, "web01", skip_ineligible=True, vmm_machines=facts)
    assert phases(left) == ["unprotected"]
    run(site, "web01")
    assert phases(run(site, "web01", vmm_machines=facts)) == ["ready"]


def test_vmm_tells_the_system_and_its_disk(site: Site) -> None:
    facts = [
        of_vmm("db01", 2, "db01_disk_1", "db01_disk_2", "db01_disk_3", generation=1, operating_system="Windows 10"),
        of_vmm("lin01", 3, "lin01_disk_1", generation=1, operating_system="Ubuntu Linux 22.04 (64 bit)"),
    ]
    first = run(site, "db01", "lin01", vmm_machines=facts)
    assert (first.result["changed"], phases(first)) == (True, ["ready", "ready"])
    database, linux = site.vault.items.values()
    assert database.os_disk.lower() == database.machine.disks[0].id.lower()
    assert linux.target["osType"] == "Linux"
    again = run(site, "db01", "lin01", vmm_machines=facts)
    assert (again.result["changed"], phases(again)) == (False, ["ready", "ready"])


@pytest.mark.parametrize(
    "changed", [{"checks": None}, {"checks": [{"id": "x"}]}, {"disks": "none"}, {"read_from": None}], ids=str
)
def test_machines_of_vmm_of_another_form_are_refused_without_a_call(site: Site, changed: dict[str, Any]) -> None:
    ended = run(site, "web01", vmm_machines=[{**of_vmm("web01", 1), **changed}])
    assert ended.error["option"] == "vmm_machines"
    assert site.subscription.requests == []  # type: ignore[attr-defined]


def test_a_machine_that_cannot_be_protected_may_be_left_out(site: Site) -> None:
    ended = run(site, "web01", "shared01", skip_ineligible=True)
    assert phases(ended) == ["ready", "unprotected"]
    assert any("shared01" in warning for warning in ended.result["warnings"])


def test_a_run_finds_machines_that_are_on_their_way(site: Site) -> None:
    ended = run(site, "web01", wait="enabled")
    assert phases(ended) in (["copying"], ["finishing"], ["ready"])
    waited = run(site, "web01")
    assert (waited.result["changed"], phases(waited)) == (False, ["ready"])


def test_a_timeout_says_where_the_machines_are(site: Site) -> None:
    site.azure.context.faults.plan("job:IrCompletion:ReplicaConfigurationTask:web01", "hang")
    assert not run(site, "web01", wait="enabled").failed
    for _ in range(10):
        site.azure.state.hurry()
    ended = run(site, "web01", wait_timeout=1)
    assert ended.failed
    assert ended.error["kind"] == "deadline_exceeded"
    assert "web01: finishing" in ended.msg
    assert "run again" in ended.msg


def test_a_failure_of_the_last_job_is_reported(site: Site) -> None:
    site.azure.context.faults.plan("job:IrCompletion:ReplicaConfigurationTask:web01", "fail", code="25018")
    ended = run(site, "web01", DB)
    assert ended.failed
    assert "could not finish the protection of machine 'web01'" in ended.msg
    assert "1 ready" in ended.error["progress"]


def test_disabling_needs_consent_and_happens_once(site: Site) -> None:
    run(site, "web01")
    refused = run(site, "web01", state="absent")
    assert refused.failed
    assert "allow_disable" in refused.msg
    planned = run(site, "web01", state="absent", allow_disable=True, check=True)
    assert (planned.result["changed"], len(site.vault.items)) == (True, 1)
    done = run(site, "web01", state="absent", allow_disable=True)
    assert (done.result["changed"], phases(done)) == (True, ["unprotected"])
    assert (site.vault.items, site.fabrics.relationships) == ({}, {})
    again = run(site, "web01", state="absent", allow_disable=True)
    assert not again.result["changed"]


def test_a_purge_names_what_stays(site: Site) -> None:
    run(site, "web01")
    ended = run(site, "web01", state="absent", allow_disable=True, purge=True)
    assert ended.result["changed"]
    assert any("RemoveReplicationRelationshipEx" in warning for warning in ended.result["warnings"])
    assert len(site.fabrics.relationships) == 1


def test_what_is_fixed_is_refused(site: Site) -> None:
    run(site, DB)
    for given, text in (
        ({**DB, "exclude_disks": [], "include_disks": ["db01_disk_1"]}, "it replicates the disks"),
        ({**DB, "os_disk": "db01_disk_2", "exclude_disks": []}, "operating system"),
    ):
        ended = run(site, given)
        assert ended.failed
        assert text in ended.msg
    other = run(site, DB, policy="daily")
    assert "its policy is 'hourly' and not 'daily'" in other.msg


def test_a_resynchronization_is_started_where_azure_asks_for_it(site: Site) -> None:
    run(site, "web01")
    assert not run(site, "web01", resynchronize=True).result["changed"]
    [record] = site.vault.items.values()
    record.operations, record.health_codes = (*record.operations, "RepairReplication"), ["67501"]
    sick = run(site, "web01")
    assert any("67501" in warning for warning in sick.result["warnings"])
    assert run(site, "web01", resynchronize=True).result["changed"]
    assert record.health_codes == []


def test_an_operator_is_told_the_missing_permission(site: Site) -> None:
    site.azure.state.give_role("Reader", only=True)
    ended = run(site, "web01")
    assert ended.failed
    assert ended.error["kind"] == "access_denied"


def test_many_machines_need_one_list_per_interval(site: Site) -> None:
    names = [f"vm{number:02d}" for number in range(25)]
    site.fabrics.add(*(machine(100 + number, name) for number, name in enumerate(names)))
    site.fabric.machines_until = None
    ended = run(site, *names, parallel=10)
    assert phases(ended) == ["ready"] * 25
    enabling = [job for job in site.vault.jobs.values() if job.scenario == "EnableDr"]
    assert max(sum(_overlap(one, other) for other in enabling) for one in enabling) <= 10
    subscription: Subscription = site.subscription  # type: ignore[attr-defined]
    reads = [one for one in subscription.requests if one.startswith("GET ") and "replicationProtectedItems" in one]
    puts = [one for one in subscription.requests if one.startswith("PUT ")]
    assert len(puts) == 25
    assert not any(one.endswith(names[0]) for one in reads)


def _overlap(one: Job, other: Job) -> bool:
    """Tell whether a job was running when another one was requested."""
    assert other.ended is not None
    return other.created <= one.created < other.ended


def test_a_protected_machine_can_be_drilled(site: Site) -> None:
    assert not run(site, "web01").failed
    subscription: Subscription = site.subscription  # type: ignore[attr-defined]
    drill = subscription.run(
        "test_failover", resource_group=GROUP, vault_name=VAULT, machines=["web01"], without_network=True
    )
    assert not drill.failed, drill.msg
