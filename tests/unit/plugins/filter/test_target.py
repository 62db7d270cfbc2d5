# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that validates a desired target; tests/unit/plugins/module_utils/test_target_checks.py tests the rules."""

from __future__ import annotations

from ansible_collections.siterecovery.hyperv.plugins.filter.target import FilterModule, target_refusals


def test_problems_have_the_form_of_checks() -> None:
    (problem,) = target_refusals([{"name": "far", "location": "northeurope"}], location="westeurope")
    assert problem == {
        "id": "target-options",
        "step": "T4",
        "severity": "error",
        "status": "fail",
        "message": "storage account far: location: northeurope is not the vault's region, westeurope",
        "fix": "use the vault's region, or set allow_other_region to true",
    }


def test_a_valid_target_has_no_problems() -> None:
    networks = [{"name": "vnet-dr", "address_prefixes": ["10.1.0.0/16"]}]
    assert target_refusals([{"name": "stdr"}], networks, "westeurope", "resource_manager", False) == []


def test_the_filter_has_its_documented_name() -> None:
    assert set(FilterModule().filters()) == {"target_refusals"}
