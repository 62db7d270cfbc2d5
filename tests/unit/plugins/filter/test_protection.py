# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the role protection take the variables of hosts as inventories and surveys give them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.siterecovery.hyperv.plugins.filter.drill import drill_due
from ansible_collections.siterecovery.hyperv.plugins.filter.protection import protection_clouds, protection_selection
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import Evidence

WEB = {"name": "web", "cloud": "Gold", "include": [{"names": ["web*"]}]}


def server(name: str = "vmm01", *groups: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"inventory_hostname": name, "protection_groups": list(groups), **more}


def test_each_cloud_is_read_once_for_each_server_that_groups_name() -> None:
    servers = [
        server("vmm01", WEB, {**WEB, "name": "b", "cloud": "gold"}, {**WEB, "name": "c", "cloud": "Silver"}),
        server("vmm02", {**WEB, "vmm_server": "vmm02.example.com"}),
        {"inventory_hostname": "vmm03"},
    ]
    assert protection_clouds(servers) == [
        {"vmm_server": None, "clouds": ["Gold", "Silver"]},
        {"vmm_server": "vmm02.example.com", "clouds": ["Gold"]},
    ]


def test_groups_can_be_text() -> None:
    assert protection_clouds([{**server(), "protection_groups": json.dumps([WEB])}])[0]["clouds"] == ["Gold"]


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        ({"names": ["*"], "tags": ""}, "tags"),
        ({"names": ["*"], "tags": None}, "tags"),
        ({"names": ["*"], "hosts": ["", " "]}, "hosts"),
        ({"names": ["*"], "properties": {"Owner": ""}}, "properties"),
        ({}, "include"),
    ],
)
@pytest.mark.parametrize("text", [False, True])
def test_a_blank_value_never_widens_a_selection(condition: dict[str, Any], place: str, text: bool) -> None:
    """An undefined variable in a template often becomes empty text."""
    groups = [{**WEB, "include": [condition]}]
    given = {**server(), "protection_groups": json.dumps(groups) if text else groups}
    with pytest.raises(AnsibleFilterError, match=rf"vmm01: protection_groups\[0\]\..*{place}"):
        protection_clouds([given])


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (None, "was not read in this run"),
        ({"unreachable": True, "msg": "no route"}, "no route"),
        ({"failed": True, "msg": "denied", "error": {"kind": "remote_failure"}}, "denied"),
        ({"failed": True, "msg": "x", "error": {"kind": "refused", "vmm_service": "Stopped"}}, "VMM runs on none"),
    ],
)
def test_a_server_that_was_not_read_is_a_failed_check(read: dict[str, Any] | None, message: str) -> None:
    found = protection_selection([server("vmm01", WEB, protection_read=read)])
    assert [check for check in found["checks"] if check["status"] == "fail" and message in check["message"]]
    assert found["tasks"] == []


@pytest.mark.parametrize("text", [False, True])
def test_settings_of_machines_and_hosts_reach_the_tasks(text: bool) -> None:
    machine = {
        "id": "1", "name": "web01", "cloud": "Gold", "host": "hv01.example.com", "host_group": "All Hosts",
        "read_from": ["azure", "vmm"], "protected": False, "checks": [],
    }  # fmt: skip
    machines, hosts = [{"name": "web01", "size": "B"}], [{"host": "hv01", "size": "A", "subnet": "front"}]
    given = server(
        "vmm01",
        WEB,
        protection_read={"machines": [machine]},
        protection_settings=json.dumps(machines) if text else machines,
        protection_host_settings=json.dumps(hosts) if text else hosts,
    )
    assert protection_selection([given])["tasks"][0]["machines"] == [
        {"subnet": "front", "size": "B", "name": "web01", "id": "1"}
    ]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"name": "a"}, {"name": "A"}], r"vmm01: protection_settings\[1\].name: 'A' is a duplicate"),
        ([{"name": "a", "sise": "b"}], r"vmm01: .*protection_settings\[0\].*sise"),
    ],
)
def test_wrong_settings_are_refused(entries: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        protection_selection([server("vmm01", WEB, protection_settings=entries)])


@pytest.mark.parametrize("servers", ["vmm01", {"a": 1}, [{"name": "vmm01"}]])
def test_something_else_than_hosts_is_refused(servers: Any) -> None:
    with pytest.raises(AnsibleFilterError):
        protection_clouds(servers)


def test_a_planned_test_failover_is_due() -> None:
    done = Evidence("N4", "machine web01: last tested", "nothing to do", "last tested").to_result()
    planned = Evidence.of_plan("N4", "machine web01: never tested", "test the failover").to_result()
    assert [check["message"] for check in drill_due([done, planned])] == [
        "a test failover is due: machine web01: never tested"
    ]
    assert drill_due([planned], False) == []
