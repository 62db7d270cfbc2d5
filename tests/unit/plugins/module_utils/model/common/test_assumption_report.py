# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report that a user sends to others: its form, its pseudonyms, and nothing that names a system."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.siterecovery.hyperv.plugins.filter.assumptions import (
    VERSION,
    FilterModule,
    assumption_report,
    assumption_table,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.assumption import (
    Assumption,
    Readings,
    decided,
    form_of,
    members,
    undecided,
    word,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.assumption_report import (
    Anonymizer,
    report,
    rows,
)
from tests.tools.assumptions import SCHEMA
from tests.tools.paths import ROOT

KEY = b"k" * 32
#: One of every kind of value that names a system or its owner, planted where a result has texts.
CANARIES = (
    "vmm01.contoso.example",
    "vmm01",
    "CONTOSO",
    "svc-vmm",
    "Gold-Cloud",
    "9a54cf2c-9ea0-48ca-82e9-70fbff7771e7",
    "S-1-5-21-1004336348-1177238915-682003330-1104",
    "10.20.30.40",
    "10.20.0.0/16",
    "fe80:0:0:1:2:3:4:5",
    "jane.doe@contoso.example",
    "https://vault-secret.weu.hypervrecoverymanager.windowsazure.com/x",
    r"\\fileserver\share",
    "ab" * 20,
    "stcontoso001",
    "/subscriptions/9a54cf2c-9ea0-48ca-82e9-70fbff7771e7/resourceGroups/rg-contoso",
)
IDENTIFIERS = ["vmm01.contoso.example", "vmm01", "CONTOSO", "svc-vmm", "Gold-Cloud", "stcontoso001", "rg-contoso"]


def finding(identity: str = "A-W-20", status: str = "holds", **more: Any) -> dict[str, Any]:
    side = {"side": "vmm_server", "observed": {}, "reason": "", "message": f"About {identity}."}
    return {"id": identity, "status": status, **side, **more}


def looked(name: str, *findings: dict[str, Any], side: str = "vmm_server", **more: Any) -> dict[str, Any]:
    return {"name": name, "side": side, "result": {"assumptions": list(findings), "facts": {}, **more}}


def made(*results: dict[str, Any], key: bytes = KEY) -> dict[str, Any]:
    return report(results, key=key, date="2026-03-01", collection="0.1.0")


def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SCHEMA.read_text())
    return loaded


# ---- nothing names a system ----


def test_no_canary_gets_into_the_report() -> None:
    planted = looked(
        "vmm01.contoso.example",
        *(
            finding(observed={"text": f"a {canary} b", "list": [canary, 1]}, reason=f"({canary})")
            for canary in CANARIES
        ),
        finding(observed={"all": " ".join(CANARIES).upper()}),
        identifiers=IDENTIFIERS,
        facts={"os_version": "10.0.17763", "vmm_version": "vmm01"},
    )
    text = json.dumps(made(planted)).casefold()
    parts = {*CANARIES, *IDENTIFIERS, "contoso", "jane.doe", "vault-secret", "fileserver", "1177238915"}
    assert [canary for canary in sorted(parts) if json.dumps(canary.casefold())[1:-1] in text] == []


def test_the_hunt_would_find_a_canary() -> None:
    planted = looked("x", finding(observed={"text": "unknown-name"}))
    assert "unknown-name" in json.dumps(made(planted))


@pytest.mark.parametrize(
    "text",
    [
        "10.0.17763",
        "2.0.9938.0",
        "5.24.0902.11",
        "10.19.2445.0",
        "System.Boolean",
        "CN only",
        "2026-11-01",
        "REG_SZ: 1",
    ],
)
def test_versions_and_names_of_products_stay(text: str) -> None:
    planted = looked("vmm01", finding(observed={"version": text, "names": [text]}), facts={"vmm_version": text})
    (system,) = made(planted)["systems"]
    assert (system["facts"], system["assumptions"][0]["observed"]) == (
        {"vmm_version": text},
        {"version": text, "names": [text]},
    )


def test_a_short_name_is_no_part_of_words() -> None:
    clean = Anonymizer(KEY, ["hv", "abc"]).clean("hv and abc and abcd")
    assert clean.startswith("hv and name-")
    assert clean.endswith(" and abcd")


# ---- pseudonyms ----


def test_a_name_has_one_pseudonym_within_a_report_in_any_case() -> None:
    one, two = Anonymizer(KEY, ["VMM01"]), Anonymizer(b"another key", ["VMM01"])
    assert one.clean("at vmm01") == one.clean("at VMM01")
    assert one.clean("at vmm01") != two.clean("at vmm01")
    assert one.pseudonym("id", "a") != one.pseudonym("id", "b")


def test_a_machine_of_both_kinds_is_one_system() -> None:
    first, second = made(looked("m1"), looked("M1", side="hyperv_host"))["systems"]
    assert first["system"] == second["system"]


def test_the_filter_makes_a_new_key_each_time() -> None:
    hosts = [{"inventory_hostname": "vmm01", "__site_assumptions_vmm_server": looked("x", finding())["result"]}]
    first, second = (assumption_report(hosts, "2026-03-01")["systems"][0]["system"] for _ in range(2))
    assert first != second


# ---- the form ----


def test_report_has_the_form_of_its_schema() -> None:
    found = made(
        looked("vmm01", finding(observed={"a_1": [True, 2, "x"], "b": None}), finding("A-W-21", "does_not_hold")),
        looked("localhost", finding("A-A-01", "could_not_look", reason="no vault"), side="azure"),
        {"name": "hv01", "side": "hyperv_host", "result": {"unreachable": True}},
        {"name": "hv02", "side": "hyperv_host", "result": {"failed": True, "msg": "secret words of hv02"}},
        {"name": "hv03", "side": "hyperv_host", "result": {}},
    )
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(found, schema())
    assert found["summary"] == {"holds": 1, "does_not_hold": 1, "could_not_look": 1}
    assert [system["state"] for system in found["systems"]] == [
        "read",
        "read",
        "unreachable",
        "failed",
        "not_looked_at",
    ]
    assert "words" not in json.dumps(found)


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"host": "vmm01"},
        {"systems": [{"system": "vmm01", "side": "azure", "state": "read", "facts": {}, "assumptions": []}]},
        {"date": "2026-03-01T12:00:00Z"},
    ],
)
def test_another_form_is_seen(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**made(looked("vmm01")), **change}, schema())


def test_the_report_names_the_collections_version() -> None:
    assert f"version: {VERSION}\n" in (ROOT / "galaxy.yml").read_text()


# ---- the table ----


def test_rows_count_systems_by_status() -> None:
    results = [
        looked("a", finding("A-W-21"), finding("A-W-20")),
        looked("b", finding("A-W-20", "could_not_look", message="Stopped.")),
        looked("c", finding("A-W-20")),
    ]
    assert rows(results) == [
        ("A-W-20", "holds (2 of 3)", "About A-W-20."),
        ("A-W-20", "could not look (1 of 3)", "Stopped."),
        ("A-W-21", "holds", "About A-W-21."),
    ]


def test_table_wraps_its_text_and_names_what_was_not_read() -> None:
    hosts: list[dict[str, Any]] = [
        {
            "inventory_hostname": "a",
            "__site_assumptions_vmm_server": looked("a", finding(message="word " * 30))["result"],
        },
        {"inventory_hostname": "b", "__site_assumptions_hyperv_host": {"unreachable": True}},
        {"inventory_hostname": "c", "azure_target_assumptions": {"skipped": True}},
        {"inventory_hostname": "d"},
    ]
    lines = assumption_table(hosts, width=60)
    assert lines[0] == "id      status  assumption"
    assert lines[2].startswith("A-W-20  holds   word word")
    assert max(map(len, lines)) <= 60
    assert " ".join(lines).count("word") == 30
    assert lines[-1] == "b: unreachable"
    assert assumption_table([hosts[3]]) == []


@pytest.mark.parametrize("hosts", ["vmm01", {"a": 1}, 3, [{"name": "vmm01"}], ["vmm01"]])
def test_something_else_than_hosts_is_refused(hosts: Any) -> None:
    with pytest.raises(AnsibleFilterError):
        assumption_table(hosts)


def test_filters_have_their_names() -> None:
    assert set(FilterModule().filters()) == {"assumption_report", "assumption_table"}


# ---- forms instead of values ----


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, "nothing"),
        (True, "boolean"),
        (3, "number"),
        ({"a": 1}, "object"),
        ([1], "list"),
        ("", "empty text"),
        ("2026-03-01T12:00:00.1234567Z", "moment, fraction, zone"),
        ("2026-03-01T12:00:00", "moment, no zone"),
        ("{9a54cf2c-9ea0-48ca-82e9-70fbff7771e7}", "guid"),
        ("123", "digits"),
        ("5.1.8095.0", "version"),
        ("https://a.example", "https address"),
        ("http://a.example", "http address"),
        ("a;b", "list with semicolons"),
        ("vmm01.contoso.example", "text"),
    ],
)
def test_form(value: Any, form: str) -> None:
    assert form_of(value) == form


def test_members_are_names_of_products_alone() -> None:
    assert members(["B", "a", r"C:\secret", "two words", "x" * 65]) == ["B", "a"]


def test_an_unknown_word_is_shown_as_its_form() -> None:
    assert (word("alwaysON", ["AlwaysON"]), word("secret", ["AlwaysON"])) == ("alwaysON", "text")


def test_message_of_an_assumption() -> None:
    row = Assumption(
        "A-W-99", ("azure",), "It holds.", ("vault",), "s", "inferred", lambda _readings: decided(True, a=1)
    )
    by_hand = Assumption("A-W-98", ("azure",), "It is so.", ("vault",), "s", "inferred", needs="x", command="do it")
    bare = Assumption("A-W-97", ("azure",), "So.", ("vault",), "s", "inferred", lambda _readings: undecided("no x"))
    assert [each.examine(Readings({}), "azure").message for each in (row, by_hand, bare)] == [
        "It holds. Observed: a=1.",
        "It is so. Not settled: a read cannot settle it, x; run: do it",
        "So. Not settled: no x.",
    ]
