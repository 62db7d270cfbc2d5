# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines of a VMM server of the lab: one execution, joined with those of Azure, and checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import eligibility
from lab.lab import find_document, read_document
from lab.windows import layout
from tests.lab.emulators.cases.virtual_machines import vmm_server
from tests.unit.plugins.action.conftest import Runner

MakeRunner = Callable[..., Runner]
MODULE = "vm_info"
#: Facts that VMM does not show.
ONLY_HOSTS = {"vm-shielded", "vm-native-sectors", "vm-host-backup", "vm-log-space", "vm-switch-names"}


def of_azure(machine: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": machine["id"].upper(),
        "hyperv_id": machine["hyperv_id"],
        "name": machine["name"],
        "cloud": "Gold",
        "generation": None,
        "os_type": None,
        "disks": [{"name": each["name"], "size_mb": (each["size_bytes"] or 0) // 1024**2} for each in machine["disks"]],
        "shared_disk": False,
        "physical_disk": False,
        "fibre_channel": False,
        "protected": False,
        "protected_item_id": None,
        **more,
    }


def checks(machine: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {each["id"]: (each["status"], each["read_from"]) for each in machine["checks"]}


@pytest.mark.parametrize("check", [False, True])
def test_one_execution_reads_the_machines_of_the_clouds(runner: MakeRunner, check: bool) -> None:
    found = runner(vmm_server())
    before = found.machine.machine.snapshot()
    result = found.run(MODULE, check=check, clouds=["gold"])
    assert (found.scripts, found.machine.machine.snapshot()) == (["list_virtual_machines"], before)
    assert result["changed"] is False
    names = [machine["name"] for machine in result["machines"]]
    assert names == ["web 1", "Ärger", "replica", "source", "ha", "not ha"]
    web = result["machines"][0]
    assert (web["tag"], web["properties"], web["host"]) == (
        "Größe",
        {"Owner": "Shop & Söhne", "Tier": "1"},
        "hv01.corp.lab.test",
    )
    assert web["host_group"].startswith("All Hosts\\")
    assert [disk["size_bytes"] for disk in web["disks"]] == [2049 * 1024**3, 127 * 1024**3, None]
    assert {rule["number"] for rule in result["questions"]} >= {10, 17, 18, 19, 21, 22, 41}
    assert len(result["rules"]) + len(result["questions"]) == 42 - 4


def test_rules_decide_by_what_vmm_shows_and_leave_the_rest_open(runner: MakeRunner) -> None:
    result = runner(vmm_server()).run(MODULE, clouds=["Gold"])
    machines = {machine["name"]: checks(machine) for machine in result["machines"]}
    assert (
        machines["web 1"].items()
        >= {
            "vm-system-disk": ("fail", "vmm"),
            "vm-physical-disk": ("fail", "vmm"),
            "vm-fibre-channel": ("fail", "vmm"),
            "vm-checkpoints": ("fail", "vmm"),
            "vm-azure-name": ("fail", None),
            "vm-shared-disk": ("unknown", None),
        }.items()
    )
    assert (
        machines["Ärger"].items()
        >= {
            "vm-secure-boot": ("fail", "vmm"),
            "vm-integration-services": ("fail", "vmm"),
            "vm-operating-system": ("unknown", None),
        }.items()
    )
    assert machines["not ha"]["vm-high-availability"] == ("fail", "vmm")
    assert "vm-high-availability" not in machines["ha"]
    assert machines["replica"]["vm-migration"] == ("fail", "vmm")
    for shown in machines.values():
        assert {name for name, (status, _where) in shown.items() if status == "unknown"} >= ONLY_HOSTS
    assert result["summary"]["blocked"] == sum(each["status"] == "blocked" for each in result["machines"]) == 3
    assert result["summary"]["blocked_by"]["vm-secure-boot"] == 1
    assert "eligible" not in {machine["status"] for machine in result["machines"]}


def test_machines_of_azure_are_joined_by_id(runner: MakeRunner) -> None:
    found = runner(vmm_server())
    before = {machine["name"]: machine for machine in found.run(MODULE, clouds=["Gold"])["machines"]}
    azure = [
        of_azure(before["ha"]),
        of_azure(before["source"], protected=True, protected_item_id="/x"),
        {**of_azure(before["ha"]), "id": "gone", "hyperv_id": None, "name": "gone", "disks": []},
    ]
    result = found.run(MODULE, clouds=["Gold"], azure_machines=azure, every_check=True)
    machines = {machine["name"]: machine for machine in result["machines"]}
    assert checks(machines["ha"])["vm-shared-disk"] == ("pass", "azure")
    assert checks(machines["ha"])["vm-disks-in-azure"] == ("pass", "azure")
    assert (machines["source"]["protected"], machines["ha"]["protected"]) == (True, False)
    assert checks(machines["source"])["vm-replication"] == ("pass", "azure")
    assert checks(machines["replica"])["vm-replication"] == ("unknown", "vmm")
    assert machines["gone"]["read_from"] == ["azure"]
    assert len(machines["ha"]["checks"]) == len(result["rules"])


def test_the_broken_lab_fails_every_rule_that_vmm_shows(runner: MakeRunner) -> None:
    server = next(each for each in read_document(find_document("broken"))["machines"] if each["name"] == "vmm01")
    result = runner(server).run(MODULE, clouds=["Gold"])
    found = {
        name for machine in result["machines"] for name, (status, _w) in checks(machine).items() if status == "fail"
    }
    # VMM does not show these, or Azure was not asked.
    elsewhere = {
        "vm-shared-disk",
        "vm-shielded",
        "vm-native-sectors",
        "vm-disks-in-azure",
        "vm-generation",
        "vm-replication",
        "vm-host-backup",
        "vm-replica-broker",
        "vm-log-space",
    }
    assert found == {rule.id for rule in eligibility.CHECKED} - elsewhere


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"clouds": ["Tin"]}, "choose one of: Gold, Silver"),
    ({"clouds": ["Gold"], "azure_machines": [{"id": "1"}]}, "protectable_vm_info returns"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_wrong_options_are_refused(runner: MakeRunner, options: dict[str, Any], message: str) -> None:
    result = runner(vmm_server()).run(MODULE, **options)
    assert result["failed"]
    assert message in result["msg"]


def test_a_stopped_vmm_is_no_empty_cloud(runner: MakeRunner) -> None:
    found = runner(vmm_server())
    found.machine.machine.stop_service(layout.VMM_SERVICE)
    result = found.run(MODULE, clouds=["Gold"])
    assert result["failed"]
    assert "the VMM service on this machine is Stopped" in result["msg"]
    # The selection leaves out a node on which VMM does not run.
    assert result["error"]["vmm_service"] == "Stopped"


@pytest.mark.parametrize("answer", ["no JSON", "{}", json.dumps({"service": 1})])
def test_a_broken_answer_is_an_error(runner: MakeRunner, answer: str) -> None:
    found = runner(vmm_server())
    found.twist = lambda given: {**given, "result": answer}
    assert found.run(MODULE, clouds=["Gold"])["failed"]


def test_a_thousand_machines_are_one_small_answer(runner: MakeRunner) -> None:
    vms = [{"name": f"vm{number:04}", "disks": 2} for number in range(1000)]
    groups = [{"name": "Berlin", "hosts": [{"fqdn": "hv01.corp.lab.test", "vms": vms}]}]
    found = runner(vmm_server(host_groups=groups))
    sizes = []

    def measured(answer: dict[str, Any]) -> dict[str, Any]:
        sizes.append(len(json.dumps(answer)))
        return answer

    found.twist = measured
    result = found.run(MODULE, clouds=["Gold"])
    assert (len(result["machines"]), found.scripts) == (1000, ["list_virtual_machines"])
    # The script's answer has the names of columns once. The result leaves out the checks that passed.
    assert sizes[0] < 1_000 * 800
    assert len(json.dumps(result["machines"])) < 1_000 * 5_000
