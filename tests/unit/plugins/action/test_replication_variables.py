# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of mappings, policies and associations under the names of the variables."""

from __future__ import annotations

import pytest

from .validation import lines, loaded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "replication_network_mappings: [{vm_network: Production}]",
            "N1 replication_network_mappings[0].azure_network is required for state=present",
        ),
        ("replication_network_mappings: [{vm_network: Production, state: absent}]", ""),
        (
            "replication_policies: [{name: gold, recovery_point_retention: 25}]",
            "N2 replication_policies[0].recovery_point_retention must be between 0 and 24 hours, not 25",
        ),
        (
            "replication_policies: [{name: gold, copy_frequency: 60}]",
            "N2 replication_policies[0].copy_frequency must be one of 30, 300, 900, not '60'",
        ),
        (
            "replication_policies: [{name: gold, clouds: [Gold, gold]}]",
            "N2 replication_policies[0].clouds: a name is a duplicate",
        ),
        (
            "replication_policies: [{name: gold, clouds: [Gold]}, {name: silver, clouds: [Gold]}]",
            "N2 replication_policies[1].clouds: cloud 'Gold' is already in replication_policies[0].clouds",
        ),
        ("replication_wait_timeout: -1", "N2 replication_wait_timeout must not be negative"),
    ],
)
def test_rules_of_the_modules_are_applied_under_the_names_of_the_variables(text: str, expected: str) -> None:
    found = lines(["replication"], loaded(text))
    assert len(found) == (1 if expected else 0), found
    assert all(line.startswith(expected) for line in found), found
