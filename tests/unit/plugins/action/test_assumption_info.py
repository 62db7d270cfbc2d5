# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a machine of the lab is one execution, changes nothing and survives a failing reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.assumptions import ASSUMPTIONS
from lab.windows import layout
from lab.windows.machine import Machine
from tests.lab.emulators.cases import probes
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER
from tests.unit.plugins.action.conftest import Runner

MakeRunner = Callable[..., Runner]

VMM: dict[str, Any] = {
    "name": "vmm01",
    "kind": "vmm_server",
    "provider": {},
    "vmm": {
        "host_groups": [{"name": "Berlin", "hosts": ["hv01.x.test"]}],
        "clouds": [{"name": "Gold", "host_groups": ["Berlin"]}],
    },
}
HOST: dict[str, Any] = {"name": "hv01", "kind": "hyperv_host", "agent": {}, "vms": [{"name": "a"}], "antivirus": {}}
MACHINES = {"vmm_server": VMM, "hyperv_host": HOST}


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {each["id"]: each["status"] for each in result["assumptions"]}


def without_module(machine: Machine) -> None:
    assert machine.vmm is not None
    machine.remove_file(f"{machine.vmm.folder}\\{layout.VMM_MODULE}")


@pytest.mark.parametrize("kind", MACHINES)
def test_one_look_costs_one_execution_and_changes_nothing(runner: MakeRunner, kind: str) -> None:
    found = runner(MACHINES[kind])
    before = found.machine.machine.snapshot()
    result = found.run("assumption_info", kind=kind)
    assert (found.scripts, found.machine.machine.snapshot(), result["changed"]) == (
        ["probe_assumptions"],
        before,
        False,
    )
    assert set(result) == {
        *("changed", "side", "assumptions", "facts", "vmm_id", "vmm_cloud_ids", "identifiers"),
    }
    assert list(statuses(result)) == [each.id for each in ASSUMPTIONS if kind in each.sides]
    assert found.run("assumption_info", kind=kind, check=True) == result


def test_the_lab_answers_for_a_vmm_server(runner: MakeRunner) -> None:
    result = runner(VMM).run("assumption_info", kind="vmm_server")
    found = statuses(result)
    assert {found[name] for name in ("A-W-01", "A-W-20", "A-W-21", "A-W-23", "A-W-25", "A-W-27", "A-W-36")} == {"holds"}
    assert {found[name] for name in ("A-W-30", "A-W-41", "A-W-70")} == {"could_not_look"}
    assert result["facts"] == {
        "os_version": "10.0.17763",
        "vmm_version": "10.19.2445.0",
        "provider_version": "5.1.8095.0",
        "agent_version": None,
    }
    assert len(result["vmm_cloud_ids"]) == 1
    assert {"vmm01", "vmm01.corp.lab.test", result["vmm_id"], *result["vmm_cloud_ids"]} <= set(result["identifiers"])


def test_the_lab_answers_for_a_host(runner: MakeRunner) -> None:
    result = runner(HOST).run("assumption_info", kind="hyperv_host")
    found = statuses(result)
    assert {found[name] for name in ("A-W-50", "A-W-53", "A-W-55", "A-W-56", "A-W-57", "A-W-58")} == {"holds"}
    assert found["A-W-54"] == "could_not_look"
    assert (result["facts"]["agent_version"], result["vmm_id"], result["vmm_cloud_ids"]) == ("2.0.9260.0", None, [])


def test_a_failing_reading_ends_no_other_one(runner: MakeRunner) -> None:
    found = statuses(runner(VMM, without_module).run("assumption_info", kind="vmm_server"))
    assert (found["A-W-20"], found["A-W-22"], found["A-W-25"]) == ("does_not_hold", "does_not_hold", "could_not_look")
    assert found["A-W-23"] == "holds"


def test_without_calls_nothing_is_said_about_addresses(runner: MakeRunner) -> None:
    found = runner(HOST)
    result = found.run("assumption_info", kind="hyperv_host", check_connectivity=False)
    (row,) = [each for each in result["assumptions"] if each["id"] == "A-W-04"]
    assert (row["status"], row["reason"]) == ("could_not_look", "the calls of addresses were switched off")
    assert "urls" not in found.machine.sent("probe_assumptions")["parameters"]["Readings"]


def test_calls_go_through_the_given_proxy_and_its_password_is_no_clear_text(runner: MakeRunner) -> None:
    found = runner({**HOST, "egress": "proxy"})
    port = found.machine.lab.context.proxy.port
    proxy = {"mode": "custom", "address": f"http://{PROXY_NAME}", "port": port}
    login = {**proxy, "username": PROXY_USER, "password": PROXY_PASSWORD}
    through, refused, direct = (
        statuses(found.run("assumption_info", kind="hyperv_host", proxy=way))["A-W-04"]
        for way in (login, proxy, {"mode": "direct"})
    )
    assert (through, refused, direct) == ("holds", "could_not_look", "could_not_look")
    result = found.run("assumption_info", kind="hyperv_host", proxy=login)
    assert PROXY_PASSWORD not in found.machine.plain
    assert PROXY_PASSWORD not in json.dumps(result)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "missing required arguments: kind"),
        ({"kind": "guest"}, "value of kind must be one of"),
        ({"kind": "hyperv_host", "proxy": {"mode": "custom"}}, "proxy.address"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_sent(
    runner: MakeRunner, given: dict[str, Any], words: str
) -> None:
    found = runner(HOST)
    try:
        message = found.run("assumption_info", **given)["msg"]
    except Exception as error:
        message = str(error)
    assert words in message
    assert found.scripts == []


@pytest.mark.parametrize(
    "case", [case for case in probes.CASES if case.parameters.get("RegistryKeys")], ids=lambda case: case.name
)
def test_no_result_holds_a_value_of_its_machine(runner: MakeRunner, case: Any) -> None:
    """Names and ids are only among the identifiers, in every state of the machine."""
    kind = case.machine["kind"]
    result = runner(case.machine, case.prepare).run("assumption_info", kind=kind, check_connectivity=False)
    shown = json.dumps(result["assumptions"]).casefold()
    planted = {name for name in result["identifiers"] if len(name) > 4}
    planted |= {"vault-asr", "http://proxy", "hv01.corp", "berlin", "gold", "corp.lab"}
    assert [name for name in sorted(planted) if name.casefold() in shown] == []
