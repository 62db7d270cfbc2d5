# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of eligibility: what it passes, what it stops, and that a missing fact is never a good one."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import eligibility
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.candidate import (
    AdapterFact,
    Candidate,
    DiskFact,
    Known,
    Observed,
    Where,
    joined,
)

GIB = 1024**3


def disks(*sizes: float | None, bus: str = "SCSI", sector: int | None = None) -> tuple[DiskFact, ...]:
    return tuple(
        DiskFact(f"d{place}", None if size is None else int(size * GIB), bus, place // 2, place % 2, sector)
        for place, size in enumerate(sizes)
    )


def nics(*addresses: str, count: int = 1, network: str | None = "corp") -> tuple[AdapterFact, ...]:
    return tuple(AdapterFact("nic", network, None, addresses) for _number in range(count))


#: A machine that every rule passes, with everything known.
GOOD: dict[Where, dict[str, Any]] = {
    "azure": {
        "disks": disks(127),
        "shared_disk": False,
        "physical_disk": False,
        "fibre_channel": False,
        "protected": False,
    },
    "vmm": {
        "generation": 2,
        "disks": disks(127),
        "adapters": nics("10.0.0.4", "fe80::1"),
        "operating_system": "64-bit edition of Windows Server 2019 Datacenter",
        "physical_disk": False,
        "fibre_channel": False,
        "secure_boot": False,
        "in_cluster": True,
        "highly_available": True,
        "migrating": False,
        "replicates": False,
        "additions": True,
        "backup_service": True,
        "checkpoints": 0,
    },
    "host": {
        "disks": disks(127, sector=512),
        "shared_disk": False,
        "protected_keys": False,
        "switch_names": ("Converged",),
        "backup_vault": "",
        "replica_broker": True,
        "free_share": 1.5,
    },
}


def candidate(name: str = "web01", **places: Any) -> Candidate:
    """Return the good machine with other facts in some places."""
    facts = {where: Observed(**{**GOOD[where], **places.get(where, {})}) for where in GOOD}
    return Candidate("1", "2", name, observed=facts)


def result(rule: str, machine: Candidate) -> eligibility.Result:
    return next(each for each in eligibility.assess(machine) if each.rule.id == rule)


def test_a_good_machine_passes_every_rule() -> None:
    assert [each.check.id for each in eligibility.assess(candidate()) if each.check.status != "pass"] == []


def test_nothing_known_passes_nothing_but_the_name() -> None:
    found = eligibility.assess(Candidate("1", "2", "web01"))
    assert {each.check.id for each in found if each.check.status == "pass"} == {"vm-azure-name", "vm-planner-name"}
    assert not any(each.check.blocks for each in found)
    assert all(each.check.overall == "warning" for each in found if each.check.status == "unknown")


GEN1: dict[str, Any] = {"generation": 1}
NO_DISKS: dict[str, Any] = {"disks": None}
BAD = "fail", "error"
WARNED = "fail", "warning"
OPEN = "unknown", "warning"
GOOD_ONE = "pass", "info"
OLD_WINDOWS = "32-bit edition of Windows Server 2008 Standard"
#: Rule, facts by place, status and severity, where the deciding fact was read.
CASES: list[tuple[str, dict[str, dict[str, Any]], tuple[str, str], str | None]] = [
    ("vm-system-disk", {"host": NO_DISKS, "vmm": {**GEN1, "disks": disks(2049, bus="IDE")}}, BAD, "vmm"),
    ("vm-system-disk", {"host": NO_DISKS, "vmm": {**GEN1, "disks": disks(100, 4000, bus="IDE")}}, GOOD_ONE, "vmm"),
    ("vm-system-disk", {"host": {"disks": disks(4096)}}, BAD, "host"),
    ("vm-system-disk", {"host": {"disks": disks(100, 5000)}}, OPEN, None),
    ("vm-system-disk", {"host": {"disks": disks(None)}}, OPEN, None),
    ("vm-system-disk", {"vmm": {"generation": None}}, OPEN, None),
    ("vm-disk-count", {"host": {"disks": disks(*[1] * 65)}}, BAD, "host"),
    ("vm-disk-count", {"host": {"disks": disks(*[1] * 18)}}, WARNED, "host"),
    ("vm-disk-count", {"host": {"disks": disks(*[1] * 17)}}, GOOD_ONE, "host"),
    ("vm-data-disks", {"host": {"disks": disks(100, 0.5)}}, BAD, "host"),
    ("vm-data-disks", {"host": {"disks": disks(100, 32768)}}, BAD, "host"),
    ("vm-data-disks", {"host": {"disks": disks(100, None)}}, OPEN, None),
    ("vm-shared-disk", {"azure": {"shared_disk": True}}, BAD, "azure"),
    ("vm-shared-disk", {"host": {"shared_disk": None}}, GOOD_ONE, "azure"),
    ("vm-shared-disk", {"host": {"shared_disk": None}, "azure": {"shared_disk": None}}, OPEN, None),
    ("vm-physical-disk", {"vmm": {"physical_disk": True}}, BAD, "vmm"),
    ("vm-fibre-channel", {"vmm": {"fibre_channel": True}}, BAD, "vmm"),
    ("vm-shielded", {"host": {"protected_keys": True}}, BAD, "host"),
    ("vm-shielded", {"host": {"protected_keys": None}}, OPEN, None),
    ("vm-secure-boot", {"vmm": {"secure_boot": True}}, BAD, "vmm"),
    ("vm-secure-boot", {"vmm": {**GEN1, "secure_boot": None}}, GOOD_ONE, "vmm"),
    ("vm-generation", {"vmm": {"generation": None}}, OPEN, None),
    ("vm-linux-generation", {"vmm": {"operating_system": "Ubuntu Linux 22.04 (64 bit)"}}, WARNED, "vmm"),
    ("vm-linux-generation", {"vmm": {**GEN1, "operating_system": "Ubuntu Linux"}}, GOOD_ONE, "vmm"),
    ("vm-linux-generation", {"azure": {"os_type": "linux"}, "vmm": {"operating_system": None}}, WARNED, "vmm"),
    ("vm-operating-system", {"vmm": {"operating_system": "Windows Server 2016 Nano"}}, BAD, "vmm"),
    ("vm-operating-system", {"vmm": {"operating_system": "32-bit edition of Windows 10"}}, BAD, "vmm"),
    ("vm-operating-system", {"vmm": {"operating_system": "32-bit edition of Windows Server 2003"}}, BAD, "vmm"),
    ("vm-operating-system", {"vmm": {"operating_system": OLD_WINDOWS}}, GOOD_ONE, "vmm"),
    ("vm-operating-system", {"vmm": {"operating_system": "Debian 12"}}, OPEN, "vmm"),
    ("vm-operating-system", {"vmm": {"operating_system": None}}, OPEN, None),
    ("vm-freebsd", {"vmm": {"operating_system": "FreeBSD 14"}}, WARNED, "vmm"),
    ("vm-native-sectors", {"host": {"disks": disks(127, sector=4096)}}, BAD, "host"),
    ("vm-native-sectors", {"host": NO_DISKS}, OPEN, None),
    ("vm-disks-in-azure", {"azure": {"disks": disks(127, 10)}}, WARNED, "azure"),
    ("vm-disks-in-azure", {"azure": NO_DISKS}, OPEN, None),
    ("vm-adapter-count", {"vmm": {"adapters": nics("10.0.0.4", count=3)}}, WARNED, "vmm"),
    ("vm-ipv6", {"vmm": {"adapters": nics("10.0.0.4", "2001:db8::4")}}, WARNED, "vmm"),
    ("vm-ipv6", {"vmm": {"adapters": nics()}}, OPEN, None),
    ("vm-apipa", {"vmm": {"adapters": nics("169.254.7.7")}}, WARNED, "vmm"),
    ("vm-checkpoints", {"vmm": {"checkpoints": 2}}, WARNED, "vmm"),
    ("vm-replication", {"vmm": {"replicates": True}}, BAD, "vmm"),
    ("vm-replication", {"vmm": {"replicates": True}, "azure": {"protected": True}}, GOOD_ONE, "azure"),
    ("vm-replication", {"vmm": {"replicates": True}, "azure": {"protected": None}}, OPEN, "vmm"),
    ("vm-host-backup", {"host": {"backup_vault": "backup"}}, BAD, "host"),
    ("vm-host-backup", {"host": {"backup_vault": None}}, OPEN, None),
    ("vm-high-availability", {"vmm": {"highly_available": False}}, BAD, "vmm"),
    ("vm-high-availability", {"vmm": {"highly_available": False, "in_cluster": False}}, GOOD_ONE, "vmm"),
    ("vm-high-availability", {"vmm": {"highly_available": None}}, OPEN, None),
    ("vm-replica-broker", {"host": {"replica_broker": False}}, WARNED, "host"),
    ("vm-replica-broker", {"host": {"replica_broker": None}}, OPEN, None),
    ("vm-migration", {"vmm": {"migrating": True}}, WARNED, "vmm"),
    ("vm-log-space", {"host": {"free_share": 0.4}}, WARNED, "host"),
    ("vm-integration-services", {"vmm": {"additions": False}}, WARNED, "vmm"),
    ("vm-integration-services", {"vmm": {"backup_service": False}}, WARNED, "vmm"),
    ("vm-switch-names", {"host": {"switch_names": ("LAN #1",)}}, BAD, "host"),
    ("vm-switch-names", {"vmm": {"adapters": nics(network="net #1")}}, BAD, "vmm"),
    ("vm-switch-names", {"host": {"switch_names": None}}, OPEN, None),
]


@pytest.mark.parametrize(("rule", "places", "wanted", "where"), CASES)
def test_a_rule_decides_by_its_facts(
    rule: str, places: dict[str, dict[str, Any]], wanted: tuple[str, str], where: str | None
) -> None:
    found = result(rule, candidate("web01", **places))
    assert (found.check.status, found.check.severity, found.read_from) == (*wanted, where)
    assert bool(found.check.fix) or found.check.status != "fail"


@pytest.mark.parametrize(("name", "rule"), [("web_1", "vm-azure-name"), ("web [1]", "vm-planner-name")])
def test_a_name_is_only_a_warning(name: str, rule: str) -> None:
    found = result(rule, candidate(name))
    assert (found.check.status, found.check.severity) == WARNED


def test_a_chosen_name_decides_in_place_of_the_machine() -> None:
    chosen = Candidate("1", "2", "web_1", target_name="web-1")
    assert result("vm-azure-name", chosen).check.status == "pass"
    refused = result("vm-azure-name", Candidate("1", "2", "web", target_name="web_1"))
    assert refused.check.blocks


def test_every_checked_rule_has_a_case() -> None:
    covered = {rule for rule, *_rest in CASES} | {"vm-azure-name", "vm-planner-name"}
    assert {rule.id for rule in eligibility.CHECKED} == covered


def test_the_table_has_all_rules_once_and_asks_what_only_the_guest_knows() -> None:
    assert [rule.number for rule in eligibility.RULES] == list(range(1, 43))
    assert len({rule.id for rule in eligibility.RULES}) == 42
    asked = {rule.number for rule in eligibility.QUESTIONS}
    assert asked >= {10, 17, 18, 19, 21, 22, 41}
    assert not asked & {rule.number for rule in eligibility.CHECKED}
    assert all(rule.title and rule.source for rule in eligibility.RULES)


def test_machines_are_joined_by_either_id() -> None:
    vmm = [Known("A", "H1", "web", Observed(generation=2), "Gold", "hv01"), Known("B", None, "db", Observed())]
    azure = [Known("a", "x", "web", Observed(protected=True)), Known("C", "H3", "gone", Observed())]
    host = [Known(None, "h1", "web", Observed(checkpoints=1)), Known(None, "H9", "other", Observed())]
    first, second, third = joined({"vmm": vmm, "azure": azure, "host": host})
    assert (first.name, set(first.observed), first.cloud) == ("web", {"vmm", "azure", "host"}, "Gold")
    assert (second.name, set(second.observed)) == ("db", {"vmm"})
    assert (third.name, set(third.observed)) == ("gone", {"azure"})
    assert first.read("checkpoints") == (1, "host")


def test_blocked_machines_are_counted_by_rule() -> None:
    bad = eligibility.assess(candidate(vmm={"secure_boot": True}))
    assert eligibility.counted([bad, bad, eligibility.assess(candidate())]) == {"vm-secure-boot": 2}
