# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks: a fix names an option as the user wrote it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check
from tests.tools.paths import ROOT

LOGIN = Check.failed("login", "P6", "O(proxy) has no login", "set O(proxy.username) and O(proxy.password)")
RULES = ROOT / "plugins/module_utils/_model/windows"
#: Rules in other files are for both kinds.
OWNERS = {"hyperv_requirements.py": ("hyperv_host",), "vmm_requirements.py": ("vmm_server",)} | {
    "cloud_requirements.py": ("vmm_server",)
}
BOTH = ("hyperv_host", "vmm_server")


def test_a_module_shows_its_own_options() -> None:
    assert LOGIN.describe() == "proxy has no login; set proxy.username and proxy.password"
    assert LOGIN.to_result()["fix"] == "set proxy.username and proxy.password"


def test_a_role_shows_its_own_variables() -> None:
    shown = LOGIN.under({"proxy": "vmm_server_proxy"})
    assert (shown.message, shown.fix) == (
        "vmm_server_proxy has no login",
        "set vmm_server_proxy.username and vmm_server_proxy.password",
    )


def named_options() -> list[tuple[str, str]]:
    """Return each option that a rule of Windows machines names, with the roles that evaluate the rule."""
    found = set()
    for path in RULES.glob("*.py"):
        for option in re.findall(r"\bO\(([a-z_]+)", path.read_text("utf-8")):
            found |= {(role, option) for role in OWNERS.get(path.name, BOTH)}
    return sorted(found)


def names_of(role: str) -> dict[str, str]:
    """Return the names that the preflight of a role passes."""
    tasks = yaml.safe_load((ROOT / f"roles/{role}/tasks/preflight.yml").read_text("utf-8"))
    return {
        option: name
        for task in tasks
        for option, name in task.get("siterecovery.hyperv.host_info", {}).get("option_names", {}).items()
    }


@pytest.mark.parametrize(("role", "option"), named_options())
def test_the_preflight_of_a_role_names_its_variable_for_each_option_of_a_rule(role: str, option: str) -> None:
    assert option in names_of(role)


@pytest.mark.parametrize("role", BOTH)
def test_the_preflight_of_a_role_names_only_variables_that_exist(role: str) -> None:
    specs = yaml.safe_load((Path(ROOT) / f"roles/{role}/meta/argument_specs.yml").read_text("utf-8"))
    assert set(names_of(role).values()) <= set(specs["argument_specs"]["main"]["options"])
