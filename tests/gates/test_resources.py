# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resource is complete: module, documentation, attributes, action group, and the same options everywhere."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml

from tests.gates.conftest import MODULES
from tests.tools.paths import ROOT

PLUGINS = ROOT / "plugins"
ACTIONS = sorted(path.stem for path in (PLUGINS / "action").glob("*.py"))
AZURE = {
    "azure_assumption_info",
    "azure_symptom_info",
    "failover",
    "job_info",
    "network_mapping",
    "policy_association",
    "protectable_vm_info",
    "protected_vm",
    "recovery_plan",
    "removal_info",
    "replication_policy",
    "storage_account",
    "target_info",
    "test_failover",
    "vault",
    "vault_info",
    "vault_registration_key",
    "virtual_network",
    "vmm_server",
    "vmm_server_info",
}
WINDOWS = {
    "assumption_info",
    "host_info",
    "host_vm_info",
    "mars_agent",
    "mars_agent_removal",
    "mars_proxy",
    "provider",
    "provider_registration",
    "provider_removal",
    "registration_removal",
    "symptom_info",
    "symptom_repair",
    "vm_info",
    "vmm_cloud_sync",
    "vmm_fabric_info",
}
# Azure modules with an action plugin in front of them, which shows progress or inspects the task. Each remains a module
# with its own argument spec.
IN_FRONT = {
    "failover",
    "network_mapping",
    "policy_association",
    "protected_vm",
    "recovery_plan",
    "storage_account",
    "test_failover",
    "vault_registration_key",
    "vmm_server",
    "vmm_server_info",
}
# They run on the controller, and neither call Azure nor connect to a machine.
LOCAL = {"report", "removal_report", "validate_variables", "wave", "bundle", "bundle_info"}
# They are in no action group, but change something.
LOCAL_CHANGES = {"bundle"}
# Keys that the argument spec and the documentation of an option share.
COMPARED = ("type", "elements", "required", "choices", "default")
SILENT = {"type": "str", "required": False}


def groups() -> dict[str, list[str]]:
    found: dict[str, list[str]] = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    return found


def test_the_modules_are_those_that_the_collection_promises() -> None:
    assert set(MODULES) == AZURE | WINDOWS | LOCAL
    assert set(ACTIONS) == WINDOWS | IN_FRONT | LOCAL


def test_every_action_plugin_has_its_documentation() -> None:
    assert set(ACTIONS) <= set(MODULES)


def test_group_windows_is_the_action_plugins_and_group_azure_the_rest() -> None:
    windows = set(ACTIONS) - IN_FRONT - LOCAL
    assert groups() == {"azure": sorted(set(MODULES) - windows - LOCAL), "windows": sorted(windows)}


@pytest.mark.parametrize("name", MODULES)
def test_documentation_is_whole(name: str, docs: dict[str, Any]) -> None:
    entry = docs[name]
    assert entry["doc"]["version_added"]
    assert entry["doc"]["author"]
    assert f"siterecovery.hyperv.{name}:" in entry["examples"]
    assert entry["return"]


@pytest.mark.parametrize("name", MODULES)
def test_attributes_state_check_mode_and_diff(name: str, docs: dict[str, Any]) -> None:
    attributes = docs[name]["doc"]["attributes"]
    assert attributes["check_mode"]["support"] == "full"
    assert attributes["diff_mode"]["support"] == ("full" if changes(name) else "N/A")
    assert attributes["idempotent"]["support"] == "full"


def changes(name: str) -> bool:
    return not name.endswith("_info") and name not in LOCAL - LOCAL_CHANGES


@pytest.mark.parametrize("name", [name for name in MODULES if changes(name)])
def test_a_changing_module_returns_plan_and_evidence(name: str, docs: dict[str, Any]) -> None:
    assert {"plan", "evidence"} <= docs[name]["return"].keys()


def comparable(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options in comparable form, including suboptions."""
    return {
        name: {
            **SILENT,
            **{key: option[key] for key in COMPARED if option.get(key) is not None},
            **({"options": comparable(option[inner])} if (inner := _inner(option)) else {}),
        }
        for name, option in options.items()
    }


def _inner(option: dict[str, Any]) -> str | None:
    return next((key for key in ("options", "suboptions") if option.get(key)), None)


def test_a_different_default_is_a_difference() -> None:
    assert comparable({"port": {"type": "int"}}) != comparable({"port": {"type": "int", "default": 80}})


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - IN_FRONT - LOCAL | {"bundle", "bundle_info", "removal_report"}))
def test_an_action_plugin_takes_what_its_documentation_names(name: str, docs: dict[str, Any]) -> None:
    """Ansible compares the two for modules, but not for action plugins."""
    plugin = importlib.import_module(f"ansible_collections.siterecovery.hyperv.plugins.action.{name}")
    assert comparable(plugin.ActionModule.OPTIONS) == comparable(docs[name]["doc"]["options"])


ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


def test_the_roles_are_those_that_the_collection_promises() -> None:
    assert ROLES == [
        "azure_target",
        "drill",
        "hyperv_host",
        "protection",
        "replication",
        "unregistration",
        "vmm_server",
    ]


@pytest.mark.parametrize("name", ROLES)
def test_a_role_specifies_every_variable_it_has_a_default_for(name: str) -> None:
    role = ROOT / "roles" / name
    specification = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    options = {option for entry in specification.values() for option in entry.get("options", {})}
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text()) or {}
    assert defaults.keys() <= options
    assert all(option.startswith(f"{name}_") for option in options)


@pytest.mark.parametrize("name", ROLES)
def test_a_role_explains_itself(name: str) -> None:
    role = ROOT / "roles" / name
    assert (role / "README.md").read_text().strip()
    assert yaml.safe_load((role / "meta" / "main.yml").read_text())["galaxy_info"]["description"]


def test_every_script_is_named_by_its_first_line() -> None:
    scripts = sorted((PLUGINS / "plugin_utils" / "_windows" / "scripts").glob("*.ps1"))
    assert scripts
    for script in scripts:
        assert script.read_bytes().split(b"\n")[0] == f"# siterecovery.hyperv script: {script.stem}".encode()
