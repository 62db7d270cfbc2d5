# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Hyper-V hosts of the chosen clouds a run leaves out (H1), and which machines have two names."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.coverage import (
    Uncovered,
    find_duplicates,
    find_uncovered,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.records import Record

from .builders import ROW, host, machine, observed, record, server

Found = list[tuple[str, tuple[str, ...], str]]
AGENT = {"version": "2"}
GOLD = server({"Gold": ["hv01.x.test"]})
MISSING: Found = [("hv01.x.test", ("Gold",), "missing")]
CASES: list[tuple[str, list[Record], list[Record], Found]] = [
    ("full name", [GOLD], [machine("HV01.X.test")], []),
    ("short name in the inventory", [GOLD], [machine("hv01")], []),
    ("short name in VMM", [server({"Gold": ["HV01"]})], [machine("hv01.x.test")], []),
    ("address variable", [GOLD], [machine("berlin-1", "hv01.x.test")], []),
    ("an IP address is not a name", [GOLD], [machine("a", "10.1.2.3")], MISSING),
    ("the machine's own name", [GOLD], [observed("berlin-1", "hv01.x.test", agent=AGENT)], []),
    ("another domain", [GOLD], [machine("hv01.y.test")], MISSING),
    ("another domain by its own name", [GOLD], [observed("hv01", "hv01.y.test")], MISSING),
    ("no machine", [GOLD], [], MISSING),
    (
        "one host of two clouds, and of a second server, is named once",
        [server({"Gold": ["hv01"], "Größe": ["hv01", "hv02"]}), server({"Gold": ["hv01"]})],
        [machine("hv02")],
        [("hv01", ("Gold", "Größe"), "missing")],
    ),
    ("clouds that were not chosen", [server({"Gold": ["hv01"]}, chosen=[])], [], []),
    ("clouds in another case", [server({"Gold": ["hv01"]}, chosen=["GOLD"])], [], [("hv01", ("Gold",), "missing")]),
    ("another platform", [server({"Gold": [host("esx1", "VMwareESX")]})], [], []),
    (
        "VMM stopped",
        [record("vmm_server", "vmm01", observed={"vmm": {"clouds": None}}, expected_clouds=["Gold"])],
        [],
        [],
    ),
    ("a server that was not read", [Record("vmm_server", "vmm01")], [], []),
    ("no agent", [GOLD], [observed("hv01", "hv01.x.test")], [("hv01.x.test", ("Gold",), "no_agent")]),
    (
        "an agent by this run",
        [GOLD],
        [record("hyperv_host", "hv01", observed={"host": {"fqdn": "hv01"}}, facts={"evidence": [ROW]})],
        [],
    ),
    ("a machine that was not read", [GOLD], [machine("hv01")], []),
]


@pytest.mark.parametrize(("name", "servers", "machines", "expected"), CASES, ids=[case[0] for case in CASES])
def test_uncovered(name: str, servers: list[Record], machines: list[Record], expected: Found) -> None:
    found = find_uncovered(servers, machines)
    assert [(each.host, each.vmm_clouds, each.reason) for each in found] == expected, name


@pytest.mark.parametrize(
    ("each", "line"),
    [
        (
            Uncovered("hv01", ("Gold",), "missing"),
            "hv01 (cloud Gold) is not in the group berlin; add it to the inventory",
        ),
        (
            Uncovered("hv01", ("A", "B"), "no_agent"),
            "hv01 (clouds A, B) has no Recovery Services agent; see what stopped",
        ),
    ],
)
def test_a_record_is_worded_with_its_fix(each: Uncovered, line: str) -> None:
    assert each.describe("berlin").startswith(line)


def test_a_machine_under_two_names_is_found_by_its_full_name() -> None:
    records = [
        observed("hv01", "HV01.x.test"),
        observed("berlin-1", "hv01.x.test."),
        observed("hv02", "hv02.x.test"),
        # VMM server and Hyper-V host at once, under one name.
        record("vmm_server", "hv02", observed={"host": {"fqdn": "hv02.x.test"}}),
    ]
    (duplicate,) = find_duplicates(records)
    assert duplicate.to_result() == {"machine": "hv01.x.test", "hosts": ["hv01", "berlin-1"]}
    assert duplicate.describe().startswith("hv01 and berlin-1 are the same machine, hv01.x.test; remove")


def test_short_names_do_not_identify_a_machine() -> None:
    assert find_duplicates([observed("a", "HV01"), observed("b", "HV01"), machine("c")]) == []
