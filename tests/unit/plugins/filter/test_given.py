# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter through which roles hand variables on; tests/unit/roles/test_variables.py has every variable."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from jinja2 import Undefined

from ansible_collections.siterecovery.hyperv.plugins.filter.given import FilterModule, given


@pytest.mark.parametrize("value", [None, "", "  ", "\n"])
def test_null_and_empty_text_are_not_given(value: Any) -> None:
    assert given(value, "default") == "default"


@pytest.mark.parametrize("value", [False, 0, [], {}, "no", "0", "text", ["a"], 7])
def test_every_other_value_stays_what_it_is(value: Any) -> None:
    assert given(value, "default") == value


def test_a_variable_that_is_not_defined_is_not_given() -> None:
    """tests/e2e/test_variables.py has it with every ansible-core: most variables of the roles are not defined there."""
    assert given(Undefined(name="nowhere"), "default") == "default"
    assert given.accept_args_markers is True  # type: ignore[attr-defined]


def test_a_failure_is_handed_on() -> None:
    """ansible-core 2.19 and newer hand over a value that can't be decrypted as a marker; no default takes its place."""
    marker = type("VaultExceptionMarker", (Undefined,), {})()
    assert given(marker, "default") is marker


def test_with_the_name_of_a_variable_its_specification_counts() -> None:
    survey = {"mode": "custom", "address": "http://proxy", "port": "8080", "username": "", "password": None}
    assert given(survey, "none", "vmm_server_proxy") == {"mode": "custom", "address": "http://proxy", "port": 8080}
    assert given("Gold\r\nSilver", [], "vmm_server_clouds") == ["Gold", "Silver"]
    assert given({}, "none", "vmm_server_proxy") == "none"
    assert given([], "none", "vmm_server_clouds") == []
    subnets = given(
        [{"name": "net", "subnets": [{"name": "a", "route_table": ""}]}], [], "azure_target_virtual_networks"
    )
    assert subnets == [{"name": "net", "subnets": [{"name": "a", "route_table": ""}]}]


def test_a_value_of_another_type_is_one_line_without_the_value_of_a_secret() -> None:
    with pytest.raises(
        AnsibleFilterError, match=r"^vmm_server_proxy\.port must be a whole number, not 'http'; write digits"
    ):
        given({"mode": "custom", "port": "http"}, None, "vmm_server_proxy")
    with pytest.raises(AnsibleFilterError, match=r"^vmm_server_proxy must be a dictionary, not text; ") as error:
        given("S3cret", None, "vmm_server_proxy")
    assert "S3cret" not in str(error.value)


@pytest.mark.parametrize("name", ["vmm_server_x", "other_x"])
def test_an_unknown_variable_is_an_error_of_the_role(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"no role has a variable {name}"):
        given("x", None, name)


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"given": given}
