# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Hyper-V hosts of the chosen clouds a run leaves out (H1)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.siterecovery.hyperv.plugins.filter.coverage import FilterModule, uncovered_hosts

LEFT_OUT = "is not in the group hyperv_hosts: add it to the inventory and run again"
NO_AGENT = "carries no Recovery Services agent: see what stopped its installation, then run again"


def host(fqdn: str, platform: str = "HyperV") -> dict[str, str]:
    return {"id": f"id-{fqdn}", "fqdn": fqdn, "platform": platform}


def server(clouds: dict[str, list[str | dict[str, str]]], chosen: list[str] | None = None) -> dict[str, Any]:
    shown = [
        {"name": name, "hosts": [host(each) if isinstance(each, str) else each for each in hosts]}
        for name, hosts in clouds.items()
    ]
    wanted = list(clouds) if chosen is None else chosen
    return {"preflight_host": {"vmm": {"clouds": shown}}, "preflight_expected_clouds": wanted}


def machine(name: str, **more: Any) -> dict[str, Any]:
    return {"inventory_hostname": name, **more}


def read(name: str, fqdn: str, **more: Any) -> dict[str, Any]:
    return machine(name, preflight_host={"host": {"fqdn": fqdn}, **more})


GOLD = server({"Gold": ["hv01.x.test"]})
CASES: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]], list[str]]] = [
    ("full name", [GOLD], [machine("HV01.X.test")], []),
    ("short name in the inventory", [GOLD], [machine("hv01")], []),
    ("short name in VMM", [server({"Gold": ["HV01"]})], [machine("hv01.x.test")], []),
    ("address variable", [GOLD], [machine("berlin-1", ansible_host="hv01.x.test")], []),
    (
        "an IP address is no name",
        [GOLD],
        [machine("a", ansible_host="10.1.2.3")],
        [f"hv01.x.test (cloud Gold) {LEFT_OUT}"],
    ),
    ("the machine's own name", [GOLD], [read("berlin-1", "hv01.x.test", agent={"version": "2"})], []),
    ("another domain", [GOLD], [machine("hv01.y.test")], [f"hv01.x.test (cloud Gold) {LEFT_OUT}"]),
    ("another domain by its own word", [GOLD], [read("hv01", "hv01.y.test")], [f"hv01.x.test (cloud Gold) {LEFT_OUT}"]),
    ("nobody", [GOLD], [], [f"hv01.x.test (cloud Gold) {LEFT_OUT}"]),
    (
        "one host of two clouds, and of a second server, is named once",
        [server({"Gold": ["hv01"], "Größe": ["hv01", "hv02"]}), server({"Gold": ["hv01"]})],
        [machine("hv02")],
        [f"hv01 (clouds Gold, Größe) {LEFT_OUT}"],
    ),
    ("clouds that were not chosen", [server({"Gold": ["hv01"]}, chosen=[])], [], []),
    ("clouds in another case", [server({"Gold": ["hv01"]}, chosen=["GOLD"])], [], [f"hv01 (cloud Gold) {LEFT_OUT}"]),
    ("another platform", [server({"Gold": [host("esx1", "VMwareESX")]})], [], []),
    ("VMM stopped", [{"preflight_host": {"vmm": {"clouds": None}}, "preflight_expected_clouds": ["Gold"]}], [], []),
    ("a server that was not read", [{}], [], []),
    ("no agent", [GOLD], [read("hv01", "hv01.x.test")], [f"hv01.x.test (cloud Gold) {NO_AGENT}"]),
    ("an agent by this run", [GOLD], [{**read("hv01", "hv01"), "hyperv_host_evidence": [{}]}], []),
    ("a machine that was not read", [GOLD], [machine("hv01")], []),
]


@pytest.mark.parametrize(("name", "servers", "machines", "lines"), CASES, ids=[case[0] for case in CASES])
def test_uncovered(name: str, servers: list[dict[str, Any]], machines: list[dict[str, Any]], lines: list[str]) -> None:
    assert uncovered_hosts(servers, machines) == lines, name


def test_the_group_is_called_as_it_is_called() -> None:
    assert "is not in the group berlin:" in FilterModule().filters()["uncovered_hosts"]([GOLD], [], group="berlin")[0]


@pytest.mark.parametrize(("servers", "machines"), [("x", []), ([], None), ({}, [])])
def test_another_shape_is_refused(servers: Any, machines: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="as lists"):
        uncovered_hosts(servers, machines)
