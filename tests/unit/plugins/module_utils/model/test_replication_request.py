# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of a request that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.replication_request import (
    contradictions,
)

Entries = list[dict[str, Any]]


@pytest.mark.parametrize(
    ("mappings", "policies", "places"),
    [
        ([{"vm_network": "a"}, {"vm_network": "b"}], [], []),
        ([{"vm_network": "a"}, {"vm_network": "A"}], [], ["network_mappings[1].vm_network"]),
        ([{"vm_network": "a", "vmm_server": "s"}, {"vm_network": "a", "vmm_server": "t"}], [], []),
        ([{"vm_network": "a", "vmm_server": "s"}, {"vm_network": "a"}], [], ["network_mappings[1].vm_network"]),
        ([], [{"name": "p"}, {"name": "P", "state": "absent"}], ["policies[1].name"]),
        ([], [{"name": "p", "clouds": ["Gold"]}, {"name": "q", "clouds": ["gold"]}], ["policies[1].clouds"]),
        ([], [{"name": "p", "clouds": ["Gold"], "state": "absent"}, {"name": "q", "clouds": ["Gold"]}], []),
        ([], [{"name": "p", "clouds": ["Gold"], "vmm_server": "s"}, {"name": "q", "clouds": ["Gold"]}], [
            "policies[1].clouds"
        ]),
        # The rules of one entry report these.
        ([{}], [{}, {"clouds": ["Gold", "Gold"]}], []),
    ],
)  # fmt: skip
def test_each_name_has_one_entry(mappings: Entries, policies: Entries, places: list[str]) -> None:
    assert [problem.option for problem in contradictions(mappings, policies)] == places


def test_the_message_names_both_places() -> None:
    policies = [{"name": "p", "clouds": ["Gold"]}, {"name": "q", "clouds": ["Gold"]}]
    (problem,) = contradictions([], policies, "replication_")
    assert problem.message == (
        "replication_policies[1].clouds: cloud 'Gold' is already in replication_policies[0].clouds;"
        " a cloud has one policy, so keep it in one of the lists"
    )
