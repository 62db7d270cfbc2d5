# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups select machines by conditions, never all by accident, and never take an error for an absence."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.vm_group import groups_from_options
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.vm_selection import (
    Reading,
    Selection,
    select,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.vm_settings import OwnSettings

ROOT = "All Hosts\\Europe"
BLOCKED = {
    "id": "vm-shielded", "step": "N3", "severity": "error", "status": "fail",
    "message": "the machine is shielded", "fix": "remove the shielding",
}  # fmt: skip
UNKNOWN = {
    "id": "vm-log-space", "step": "N3", "severity": "warning", "status": "unknown",
    "message": "the free space is not known", "fix": "",
}  # fmt: skip


def machine(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"ID-{name}",
        "name": name,
        "cloud": "Gold",
        "host": "hv01.lab.example",
        "cluster": "hvc01.lab.example",
        "host_group": f"{ROOT}\\Berlin\\Rack 1",
        "tag": "production",
        "properties": {"Owner": "Shop"},
        "read_from": ["azure", "vmm"],
        "protected": False,
        "status": "eligible",
        "checks": [],
        **more,
    }


MACHINES = (
    machine("web01"),
    machine("web02", tag=None, host="hv02.lab.example"),
    machine("db[1]", tag="test", properties={"owner": "Finance"}, cluster=None, host_group=f"{ROOT}\\Paris"),
    machine("other", cloud="Silver"),
)


def group(**given: Any) -> dict[str, Any]:
    return {"name": "shop", "cloud": "gold", "policy": "p", **given}


def reading(*groups: dict[str, Any], host: str = "vmm01", **more: Any) -> Reading:
    made = tuple(groups_from_options(groups, "protection_groups"))
    return Reading(host, made, **{"machines": MACHINES, **more})


def azure(*machines: dict[str, Any], server: str = "vmm01.lab.example") -> list[dict[str, Any]]:
    return [{"id": each["id"].lower(), "vmm_server": server} for each in machines]


def chosen(*groups: dict[str, Any], **more: Any) -> Selection:
    return select([reading(*groups)], azure(*MACHINES), **{"skip_ineligible": False, **more})


def names(selection: Selection) -> list[str]:
    return [one.name for one in selection.chosen]


def failed(selection: Selection) -> list[str]:
    return [check.message for check in selection.checks if check.blocks]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"names": ["*"]}, ["web01", "web02", "db[1]"]),
        ({"names": ["WEB0?"]}, ["web01", "web02"]),
        ({"names": ["web01", "db[1]"]}, ["web01", "db[1]"]),
        ({"tags": ["prod*"]}, ["web01"]),
        ({"properties": {"owner": "f*"}}, ["db[1]"]),
        ({"hosts": ["hv02"]}, ["web02"]),
        ({"hosts": ["*.lab.example"]}, ["web01", "web02", "db[1]"]),
        ({"clusters": ["hvc01"]}, ["web01", "web02"]),
        ({"host_groups": ["berlin"]}, ["web01", "web02"]),
        ({"host_groups": ["All Hosts\\Europe\\P*"]}, ["db[1]"]),
        ({"host_groups": ["Europe\\Paris"], "names": ["*"]}, []),
        ({"names": ["web*"], "hosts": ["hv02"]}, ["web02"]),
    ],
)
def test_a_condition_selects_machines_of_its_cloud(condition: dict[str, Any], expected: list[str]) -> None:
    assert names(chosen(group(include=[condition], allow_empty=True))) == expected


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"include": []},
        {"include": [{}]},
        {"include": [{"names": []}]},
        {"include": [{"names": ["web*", ""]}]},
        {"include": [{"tags": [None]}]},
        {"include": [{"properties": {}}]},
        {"include": [{"properties": {"Owner": " "}}]},
        {"include": [{"names": ["web*"]}, {"hosts": None}]},
        {"include": [{"names": ["web*"]}], "exclude": [{}]},
    ],
)
def test_a_selector_without_a_value_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"protection_groups\[0\]"):
        groups_from_options([group(**given)], "protection_groups")


def test_two_groups_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInput, match="duplicate"):
        groups_from_options([group(machines=[{"name": "a"}]), group(machines=[{"name": "b"}])], "protection_groups")


WEB = {"include": [{"names": ["web*"]}]}


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([group(include=[{"names": ["gone"]}])], "group shop selects none of the 3 machines of cloud gold"),
        ([group(**WEB), group(name="all", include=[{"names": ["web01"]}])], "web01 is in the groups shop and all"),
        ([group(machines=[{"name": "gone01"}])], "cloud gold has no machine gone01"),
        ([group(machines=[{"name": "web01"}], exclude=[{"names": ["web*"]}])], "web01 is in machines and fulfills"),
    ],
)
def test_a_contradiction_is_a_failed_check(groups: list[dict[str, Any]], message: str) -> None:
    assert [line for line in failed(chosen(*groups)) if message in line]


def test_a_name_that_several_machines_have_needs_an_id() -> None:
    twins = (machine("web01"), machine("WEB01", id="ID-2"))
    found = select([reading(group(machines=[{"name": "web01"}]), machines=twins)], azure(*twins), skip_ineligible=False)
    assert "several machines" in failed(found)[0]
    named = group(machines=[{"name": "web01", "id": "id-2"}])
    assert names(select([reading(named, machines=twins)], azure(*twins), skip_ineligible=False)) == ["WEB01"]


def test_an_unknown_fact_never_decides_an_exclusion() -> None:
    hidden = machine("web01", host_group=None)
    excluding = group(include=[{"names": ["*"]}], exclude=[{"host_groups": ["Paris"]}])
    found = select([reading(excluding, machines=(hidden,))], azure(hidden), skip_ineligible=False)
    assert "not known whether host_groups excludes web01" in failed(found)[0]


def test_settings_of_a_machine_take_precedence_and_one_task_serves_a_cloud() -> None:
    first = group(**WEB, network="vnet", size="A", machines=[{"name": "web01", "size": "B", "rdp": None}])
    second = group(name="db", include=[{"names": ["db*"]}])
    other = group(name="silver", cloud="Silver", include=[{"names": ["*"]}], log_account="logs")
    tasks = chosen(first, second, other).tasks()
    assert [[each["name"] for each in task.pop("vmm_machines")] for task in tasks] == [
        ["web01", "web02", "db[1]"],
        ["other"],
    ]
    assert tasks == [
        {
            "cloud": "gold",
            "vmm_server": "vmm01.lab.example",
            "policy": "p",
            "machines": [
                {"network": "vnet", "size": "B", "name": "web01", "id": "ID-web01"},
                {"network": "vnet", "size": "A", "name": "web02", "id": "ID-web02"},
                {"name": "db[1]", "id": "ID-db[1]"},
            ],
        },
        {
            "cloud": "Silver",
            "vmm_server": "vmm01.lab.example",
            "policy": "p",
            "log_account": "logs",
            "machines": [{"name": "other", "id": "ID-other"}],
        },
    ]


def test_a_machine_that_breaks_a_rule_stops_the_run_or_is_left_out() -> None:
    machines = (
        machine("web01"),
        machine("web02", checks=[BLOCKED]),
        machine("web03", checks=[BLOCKED], protected=True),
    )
    readings = [reading(group(**WEB), machines=machines)]
    stopped = select(readings, azure(*machines), skip_ineligible=False)
    assert failed(stopped) == ["web02: the machine is shielded"]
    going_on = select(readings, azure(*machines), skip_ineligible=True)
    assert (failed(going_on), names(going_on)) == ([], ["web01", "web03"])
    assert [one.name for one in going_on.left_out] == ["web02"]


def test_unknown_facts_are_one_line_for_each_rule() -> None:
    machines = tuple(machine(f"web{number:02}", checks=[UNKNOWN]) for number in range(9))
    found = select([reading(group(**WEB), machines=machines)], azure(*machines), skip_ineligible=False)
    notes = [check for check in found.checks if check.id == "vm-log-space"]
    assert [(note.severity, note.status) for note in notes] == [("info", "unknown")]
    assert notes[0].message.startswith("web00, web01, web02, web03, web04 and 4 more: ")


def test_a_machine_that_azure_does_not_show_stops_the_run() -> None:
    late = machine("web01", read_from=["vmm"])
    found = select([reading(group(**WEB), machines=(late,))], [], skip_ineligible=False)
    assert failed(found) == ["Azure does not show 1 machine of VMM: web01"]


def test_an_unread_server_is_never_an_absent_machine() -> None:
    shop = group(**WEB)
    lost = reading(shop, host="vmm01", machines=(), failure="not reachable")
    assert failed(select([lost], azure(*MACHINES), skip_ineligible=False))[0] == "vmm01: not reachable"
    stopped = reading(shop, host="vmm01", machines=(), stopped=True)
    assert "VMM runs on none of vmm01" in failed(select([stopped], [], skip_ineligible=False))[0]
    active = reading(shop, host="vmm02")
    assert failed(select([stopped, active], azure(*MACHINES), skip_ineligible=False)) == []
    elsewhere = [*azure(*MACHINES), {"id": "id-9", "vmm_server": "vmm09.lab.example"}]
    assert "vmm09.lab.example" in failed(select([stopped, active], elsewhere, skip_ineligible=False))[0]


def test_a_run_can_be_limited_to_some_groups() -> None:
    groups = [group(**WEB), group(name="db", include=[{"names": ["db*"]}])]
    assert names(chosen(*groups, only=["DB"])) == ["db[1]"]
    assert failed(chosen(*groups, only=["dbs"])) == ["there is no group dbs in protection_groups"]
    assert "protection_groups is not set" in failed(select([Reading("vmm01", ())], [], skip_ineligible=False))[0]


def test_servers_that_share_the_groups_are_one_selection() -> None:
    shop = group(**WEB)
    first = reading(shop, machines=(machine("web01"),))
    second = reading(shop, host="vmm02", machines=(machine("db01"),))
    machines = (machine("web01"), machine("db01"))
    found = select([first, second], azure(*machines), skip_ineligible=False)
    assert (failed(found), names(found)) == ([], ["web01"])
    differing = reading(group(**WEB, size="A"), host="vmm02", machines=())
    assert "not the same on vmm01 and vmm02" in failed(select([first, differing], [], skip_ineligible=False))[0]


def with_settings(
    entries: list[dict[str, Any]], hosts: list[dict[str, Any]], given: dict[str, Any] | None = None, **more: Any
) -> Selection:
    own = OwnSettings.from_options(entries, hosts)
    shop = group(**{"include": [{"names": ["*"]}], "network": "vnet", "size": "A", **(given or {})})
    return select([reading(shop, own=own, **more)], azure(*MACHINES), skip_ineligible=False)


def test_a_machine_takes_precedence_over_its_host_and_the_host_over_the_group() -> None:
    found = with_settings(
        [{"name": "WEB01", "size": "C", "rdp": None}],
        [
            {"host": "hv01", "size": "B", "subnet": "front", "rdp": "never"},
            {"host": "hv02.lab.example", "network": "n"},
        ],
        {"machines": [{"name": "web02", "size": "D"}, {"name": "web01"}]},
    )
    assert failed(found) == []
    assert found.tasks()[0]["machines"] == [
        {"network": "vnet", "size": "C", "subnet": "front", "rdp": "never", "name": "web01", "id": "ID-web01"},
        {"network": "n", "size": "D", "name": "web02", "id": "ID-web02"},
        {"network": "vnet", "size": "B", "subnet": "front", "rdp": "never", "name": "db[1]", "id": "ID-db[1]"},
    ]


@pytest.mark.parametrize(
    ("machines", "hosts", "given", "message"),
    [
        ([{"name": "gone", "size": "B"}], [], {}, "protection_settings: no group selects a machine gone"),
        ([{"name": "web01", "id": "ID-9"}], [], {}, "protection_settings: no group selects a machine ID-9"),
        ([{"name": "web01"}], [], {"exclude": [{"names": ["web*"]}]}, "no group selects a machine web01"),
        ([{"name": "web01"}], [], {"machines": [{"name": "web01", "size": "B"}]}, "web01 has several entries"),
        ([{"name": "web01"}, {"name": "x", "id": "ID-web01"}], [], {}, "web01 has several entries"),
    ],
)
def test_an_entry_that_fits_no_machine_or_contradicts_is_a_failed_check(
    machines: list[dict[str, Any]], hosts: list[dict[str, Any]], given: dict[str, Any], message: str
) -> None:
    lines = failed(with_settings(machines, hosts, given))
    assert len(lines) == 1
    assert message in lines[0]


def test_an_idle_host_is_a_warning_and_an_unknown_host_fails() -> None:
    idle = with_settings([], [{"host": "hv09", "size": "B"}])
    assert failed(idle) == []
    assert [check.message for check in idle.checks if check.status == "fail"] == [
        "protection_host_settings: no selected machine is on host hv09"
    ]
    hidden = with_settings([], [{"host": "hv01", "size": "B"}], machines=(machine("web01", host=None),))
    assert "which entry of protection_host_settings applies to web01" in failed(hidden)[0]


def test_an_entry_of_an_unread_server_is_not_an_unknown_machine() -> None:
    own = OwnSettings(({"name": "web01", "size": "B"},))
    lost = reading(group(**WEB, allow_empty=True), machines=(), failure="not reachable", own=own)
    assert failed(select([lost], [], skip_ineligible=False)) == ["vmm01: not reachable"]


def test_servers_share_settings_and_a_name_of_several_machines_needs_an_id() -> None:
    own = OwnSettings(({"name": "web01", "size": "B"},))
    first, second = machine("web01"), machine("web01", id="ID-2")
    readings = [
        reading(group(**WEB), machines=(first,), own=own),
        reading(group(**WEB), host="vmm02", machines=(machine("web02"),), own=own),
    ]
    assert failed(select(readings, azure(*MACHINES), skip_ineligible=False)) == []
    twins = [reading(group(**WEB), machines=(first, second), own=own)]
    assert (
        "several selected machines have the name web01"
        in failed(select(twins, azure(first, second), skip_ineligible=False))[0]
    )
