# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document that describes a VMM server's fabric: observed, checked, exported."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.fabric import (
    LISTS,
    SERVER,
    Fabric,
    FabricObservation,
    json_schema,
    require_active_nodes,
    to_json,
)
from tests.unit.plugins.module_utils.model.windows.fabrics import cloud, document, host, server

VALIDATOR = Draft202012Validator(json_schema())
WHOLE = document(
    [cloud("Gold", "DC 1"), cloud("Old", synchronized=None)],
    {"DC 1\\Rack 1": ["hv01.corp.test", host("hv02.corp.test", cluster="hvc01", state=None)]},
    ["hvc01"],
)


def test_a_document_is_read_as_it_was_written() -> None:
    assert Fabric.from_json(to_json(WHOLE), "x.json") == Fabric.from_document(WHOLE, "x.json")
    assert VALIDATOR.is_valid(WHOLE)


def test_members_of_later_versions_are_ignored() -> None:
    changed = copy.deepcopy(WHOLE)
    changed["hosts"][0]["later"] = 1
    changed["later"] = {}
    assert Fabric.from_document(changed, "x") == Fabric.from_document(WHOLE, "x")


def _set(*path: str | int, value: Any) -> Callable[[Any], Any]:
    def change(whole: Any) -> Any:
        place = whole
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return whole

    return change


def _without(*path: str | int) -> Callable[[Any], Any]:
    def change(whole: Any) -> Any:
        place = whole
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]
        return whole

    return change


BROKEN: list[tuple[Callable[[Any], Any], str]] = [
    (lambda _whole: [], "x.json must be a JSON object"),
    (_set("schema_version", value=2), "x.json: schema_version must be 1"),
    (_set("schema_version", value=True), "x.json: schema_version must be 1"),
    (_without("schema_version"), "x.json: schema_version must be 1"),
    (_without("server"), "x.json: server must be an object"),
    (_without("server", "vmm_id"), "x.json: server.vmm_id is missing"),
    (_set("server", "product_version", value=None), "x.json: server.product_version must be a string, not null"),
    (_set("server", "nodes", value="a"), "x.json: server.nodes must be a list of strings"),
    (_set("clouds", value=None), "x.json: clouds must be a list"),
    (_set("clouds", 1, value="Gold"), "x.json: clouds[1] must be an object"),
    (_set("clouds", 0, "host_group_ids", value=[1]), "x.json: clouds[0].host_group_ids must be a list of strings"),
    (_set("clouds", 0, "synchronized", value="yes"), "x.json: clouds[0].synchronized must be true or false"),
    (_set("hosts", 1, "fqdn", value=None), "x.json: hosts[1].fqdn must be a string, not null"),
    (_set("hosts", 1, "maintenance", value=0), "x.json: hosts[1].maintenance must be true or false"),
]


@pytest.mark.parametrize(("change", "problem"), BROKEN, ids=[problem for _change, problem in BROKEN])
def test_a_broken_document_is_refused_in_one_line(change: Callable[[Any], Any], problem: str) -> None:
    whole = change(copy.deepcopy(WHOLE))
    with pytest.raises(InvalidInput) as raised:
        Fabric.from_document(whole, "x.json")
    assert raised.value.message == f"{problem}; export the fabric again with the module vmm_fabric_info"
    assert not VALIDATOR.is_valid(whole)


def test_a_file_that_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"^x must be a JSON document; export"):
        Fabric.from_json("{", "x")


_values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text() | st.none(), max_size=2)
_records = [("server", SERVER), *LISTS.items()]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(data=st.data())
def test_the_check_and_the_published_schema_agree(data: st.DataObject) -> None:
    whole = copy.deepcopy(WHOLE)
    name, fields = data.draw(st.sampled_from(_records))
    record = whole[name] if name == "server" else whole[name][0]
    record[data.draw(st.sampled_from(sorted(fields)))] = data.draw(_values)
    try:
        Fabric.from_document(whole, "x")
        accepted = True
    except InvalidInput:
        accepted = False
    assert accepted == VALIDATOR.is_valid(whole)


# ---- the answer of the script ----


def answer(**changes: Any) -> str:
    raw = {name: value for name, value in copy.deepcopy(WHOLE).items() if name != "schema_version"}
    return json.dumps({**raw, **changes})


def without_lists(**changes: Any) -> str:
    return answer(server=server(**changes), **dict.fromkeys(LISTS))


def test_an_answer_becomes_a_document_in_a_stable_order() -> None:
    raw = json.loads(answer())
    raw["hosts"].reverse()
    found = FabricObservation.from_observation(json.dumps(raw))
    assert found.document == {**WHOLE, **{name: sorted(WHOLE[name], key=lambda each: each["id"]) for name in LISTS}}
    assert VALIDATOR.is_valid(found.document)


def test_blank_texts_become_null() -> None:
    raw = json.loads(answer())
    raw["hosts"][0] |= {"state": "", "agent_version": " ", "operating_system": ""}
    found = FabricObservation.from_observation(json.dumps(raw))
    assert found.document is not None
    assert {name: found.document["hosts"][0][name] for name in ("state", "agent_version", "operating_system")} == {
        "state": None,
        "agent_version": None,
        "operating_system": None,
    }


def test_a_machine_without_vmm_is_refused() -> None:
    with pytest.raises(Refused, match=r"^vmm01\.corp\.test is not a VMM server; run this on a machine"):
        FabricObservation.from_observation(without_lists(product_version=None, service=None))


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"service": "Stopped"}, "Stopped"),
        ({"service": None}, "missing"),
        ({"service": "Stopped", "ha_name": "VMMROLE", "nodes": ["VMM01"], "owner_node": "vmm01"}, "Stopped"),
        ({"service": "Stopped", "ha_name": "VMMROLE"}, "Stopped"),
    ],
)
def test_a_stopped_service_is_refused(changes: dict[str, Any], state: str) -> None:
    with pytest.raises(Refused) as raised:
        FabricObservation.from_observation(without_lists(**changes))
    assert raised.value.message == (
        f"the VMM service (SCVMMService) on vmm01.corp.test is {state}; start it, then run again"
    )


def test_an_answer_that_is_no_json_is_a_remote_failure() -> None:
    with pytest.raises(RemoteFailure, match="did not return a JSON document"):
        FabricObservation.from_observation("truncated {")


# ---- highly available servers ----

HA: dict[str, Any] = {"ha_name": "VMMROLE", "nodes": ["VMM01", "VMM02"], "owner_node": "VMM02", "vmm_id": "shared"}


def passive(**changes: Any) -> FabricObservation:
    return FabricObservation.from_observation(without_lists(**{"service": "Stopped", **HA, **changes}))


def active(name: str = "vmm02.corp.test", **changes: Any) -> FabricObservation:
    return FabricObservation.from_observation(answer(server=server(name, **{**HA, **changes})))


def test_a_passive_node_has_no_document() -> None:
    assert passive().document is None


@pytest.mark.parametrize("changes", [{}, {"vmm_id": None}])
def test_a_passive_node_beside_its_active_node_is_fine(changes: dict[str, Any]) -> None:
    require_active_nodes([passive(**changes), active(**changes)])


@pytest.mark.parametrize("others", [[], [active(vmm_id="another", ha_name="OTHER")]])
def test_a_passive_node_without_its_active_node_is_refused(others: list[FabricObservation]) -> None:
    with pytest.raises(Refused) as raised:
        require_active_nodes([passive(), *others])
    assert raised.value.message == (
        "vmm01.corp.test is a passive node of VMMROLE, which VMM02 runs; add VMM02 to the VMM servers, or name the role"
        " VMMROLE instead"
    )


def test_a_loop_of_groups_ends() -> None:
    whole = document([], {"A": []})
    for group in whole["host_groups"]:
        group["parent_id"] = group["id"]
    fabric = Fabric.from_document(whole, "x")
    assert [group.name for group in fabric.ancestors("group-All Hosts\\A")] == ["A"]
    assert list(fabric.ancestors("unknown")) == []
