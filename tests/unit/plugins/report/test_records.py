# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of the roles in checked form."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.records import WrongShape, read_record

from .builders import FAILED, ROW

CHECK = FAILED.to_result()


def test_a_host_without_facts_has_no_checks_and_no_evidence() -> None:
    record = read_record("hyperv_host", "hv01", {})
    assert (record.checks, record.evidence, record.readings, record.failure) == (None, None, (), "")


def test_texts_become_one_line() -> None:
    record = read_record("hyperv_host", "hv01", {"hyperv_host_checks": [CHECK], "hyperv_host_failure": "a\nb"})
    assert record.checks is not None
    assert record.checks[0].message == "2 GB free, 5 GB needed"
    assert record.failure == "a b"


def test_a_wait_shows_what_the_vault_showed_before_the_servers_were_set_up() -> None:
    before = {"step": "P10", "found": "vmm01: not registered", "done": "nothing to do", "verified": "not registered"}
    after = {"step": "P10", "found": "vmm01: registered", "done": "waited 3 min", "verified": "vmm01: registered"}
    facts = {
        "azure_target_evidence": [ROW],
        "azure_target_server_evidence": [before],
        "azure_target_wait_evidence": [after],
    }
    record = read_record("azure_target", "localhost", facts)
    assert record.evidence is not None
    assert [(row.step, row.found, row.done) for row in record.evidence] == [
        ("B1", "no vault", "create vault vault-dr"),
        ("P10", "vmm01: not registered", "waited 3 min"),
    ]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"hyperv_host_checks": "text"}, "hyperv_host_checks of hv01 must be a list, not str"),
        (
            {"hyperv_host_checks": [{"step": "H2"}]},
            "every entry must be a dictionary with the keys id, step, severity, status",
        ),
        ({"hyperv_host_checks": [{**CHECK, "status": "good"}]}, "check 'cache' has an unknown severity or status"),
        ({"hyperv_host_evidence": {"a": 1}}, "hyperv_host_evidence of hv01 must be a list, not dict"),
        ({"hyperv_host_preflight": []}, "hyperv_host_preflight of hv01 must be a dictionary, not list"),
    ],
)
def test_another_shape_is_an_error(facts: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongShape, match=words):
        read_record("hyperv_host", "hv01", facts)


@pytest.mark.parametrize(
    ("role", "observed", "active", "expected"),
    [
        ("hyperv_host", {"agent": {"version": "2"}}, True, True),
        ("hyperv_host", {"agent": None}, True, False),
        ("vmm_server", {"provider": {"version": "5"}, "registration": {"vault_name": "v"}}, True, True),
        ("vmm_server", {"provider": {"version": "5"}, "registration": {"vault_name": None}}, True, False),
        ("vmm_server", {"provider": {"version": "5"}, "registration": None}, False, True),
        ("vmm_server", {"provider": None, "registration": {"vault_name": "v"}}, True, False),
    ],
)
def test_what_counts_as_set_up(role: str, observed: dict[str, Any], active: bool, expected: bool) -> None:
    record = read_record(role, "x", {f"{role}_preflight": {"host": observed, "active_node": active}})
    assert record.set_up is expected
