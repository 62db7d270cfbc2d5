# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specs of a role are its only list of options. Each option is used, and has a safe default."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.siterecovery.hyperv.plugins.module_utils._module import LOGIN_OPTIONS
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.consents import CONSENTS
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.names import RESULTS, unknown_names
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.specs import is_secret

ROLES = ("azure_target", "drill", "hyperv_host", "protection", "replication", "unregistration", "vmm_server")
#: Facts that a role sets, never options.
FACTS = {
    "azure_target": {
        "assumptions", "checks", "evidence", "existing_accounts", "key_file", "missing", "plan", "preflight",
        "progress", "server_evidence", "servers", "symptoms", "vault_id", "wait_evidence",
    },
    "drill": {"checks", "evidence", "plan", "runs"},
    "hyperv_host": {"changed", "checks", "evidence", "lost", "preflight"},
    "protection": {"checks", "evidence", "machines", "plan", "read", "selection", "vault_machines"},
    "replication": {"checks", "evidence", "plan"},
    "unregistration": {"evidence", "plan"},
    "vmm_server": {"changed", "checks", "evidence", "exports", "key_needed", "lost", "preflight"},
}  # fmt: skip


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def options(root: Path, role: str) -> dict[str, dict[str, Any]]:
    """Return all options of all entry points."""
    specs = load(root / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    return {name: option for spec in specs.values() for name, option in spec["options"].items()}


def flattened(options: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return options and their suboptions by dotted name."""
    found = {}
    for name, option in options.items():
        found[name] = option
        inner = flattened(option.get("options", {}))
        found.update({f"{name}.{part}": sub for part, sub in inner.items()})
    return found


def variable_in(expression: str) -> str:
    found = re.match(r"\{\{ (\w+)", expression)
    return found[1] if found else ""


#: The variable whose entries a task passes to a module, by the module.
ENTRIES = {
    "vault": "azure_target_vault",
    "storage_account": "azure_target_storage_accounts",
    "virtual_network": "azure_target_virtual_networks",
    "network_mapping": "replication_network_mappings",
    "replication_policy": "replication_policies",
    "policy_association": "replication_policies",
    "protected_vm": "protection_groups",
}


def hand_overs(root: Path, role: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield the path of each variable that a role passes to an option, with both specifications."""
    known = options(root, role)
    for file in sorted((root / "roles" / role / "tasks").glob("*.yml")):
        for task in tasks_in(load(file)):
            module = next((key.rpartition(".")[2] for key in task if key.startswith("siterecovery.hyperv.")), "")
            if module in ("", "validate_variables"):
                continue
            taken = module_options(module)
            for option, value in task[f"siterecovery.hyperv.{module}"].items():
                inner = re.match(r"\{\{ __\w+_(?:item|settings)\.(\w+)", str(value))
                name = variable_in(str(value))
                if inner:
                    entries = known[ENTRIES[module]]["options"]
                    yield f"{ENTRIES[module]}.{inner[1]}", entries[inner[1]], taken[option]
                elif name in known:
                    yield name, known[name], taken[option]
    if role == "azure_target":
        for option, rule in LOGIN_OPTIONS.items():
            yield f"azure_target_{option}", known[f"azure_target_{option}"], rule


def tasks_in(part: Any) -> Iterator[dict[str, Any]]:
    for task in part:
        yield task
        yield from tasks_in(task.get("block", []))


def module_options(name: str) -> dict[str, Any]:
    """Return the options of a module as its code specifies them."""
    base = "ansible_collections.siterecovery.hyperv.plugins"
    module = importlib.import_module(f"{base}.modules.{name}")
    # The options of a Windows module are those of its action plugin.
    found: dict[str, Any] = (
        module.OPTIONS
        if hasattr(module, "OPTIONS")
        else importlib.import_module(f"{base}.action.{name}").ActionModule.OPTIONS
    )
    return found


def shape(option: dict[str, Any]) -> dict[str, Any]:
    """Return the comparable part of a specification.

    In a role, a rule requires the mode of a proxy, because an empty proxy is ignored. So `required` of `mode` differs.
    """
    inner = {
        name: {
            **shape(each),
            "default": each.get("default"),
            "required": bool(each.get("required")) and name != "mode",
            "secret": is_secret(name, each),
        }
        for name, each in (option.get("options") or {}).items()
    }
    return {**{key: option.get(key) for key in ("type", "elements", "choices")}, "options": inner}


def texts(root: Path, role: str) -> str:
    folder = root / "roles" / role
    files = [path for part in ("tasks", "vars", "defaults") for path in sorted((folder / part).glob("*.yml"))]
    return "\n".join(path.read_text() for path in files)


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_of_a_role_is_an_option_and_every_option_is_used(collection_root: Path, role: str) -> None:
    named = set(re.findall(rf"(?<![\w.]){role}_(\w+)", texts(collection_root, role)))
    known = {name.removeprefix(f"{role}_") for name in options(collection_root, role)}
    assert named - FACTS[role] == known


def test_settings_of_machines_and_hosts_are_options_of_the_module(collection_root: Path) -> None:
    known, entry = options(collection_root, "protection"), module_options("protected_vm")
    machine = entry["machines"]["options"]
    assert shape(known["protection_settings"]) == shape(entry["machines"])
    shared = {name: option for name, option in machine.items() if name in entry}
    host = known["protection_host_settings"]["options"]
    assert shape({"options": {name: each for name, each in host.items() if name != "host"}}) == shape(
        {"options": shared}
    )


def test_a_role_supports_every_sign_in_option(collection_root: Path) -> None:
    """Every sign-in option of the modules is a variable of the role."""
    login = load(collection_root / "roles" / "azure_target" / "vars" / "main.yml")["__azure_target_login"]
    assert login.keys() == LOGIN_OPTIONS.keys()
    assert {f"azure_target_{name}" for name in login} <= options(collection_root, "azure_target").keys()


def test_only_the_role_signs_in(collection_root: Path) -> None:
    """No playbook assembles a login or a resource id."""
    for path in sorted((collection_root / "playbooks").rglob("*.yml")):
        # The data of AWX names the fields of a credential.
        text = path.read_text() if path.name != "data.yml" else ""
        assert not re.search(r"module_defaults|subscription|/providers/", text), path


@pytest.mark.parametrize("role", ROLES)
def test_a_default_is_the_same_in_spec_and_defaults(collection_root: Path, role: str) -> None:
    defaults = load(collection_root / "roles" / role / "defaults" / "main.yml")
    known = options(collection_root, role)
    spelled = {name: option["default"] for name, option in known.items() if "default" in option}
    # A specification cannot contain a default that uses other variables.
    fixed = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    assert spelled == fixed
    assert defaults.keys() <= known.keys()


@pytest.mark.parametrize("role", ROLES)
def test_only_the_modules_hide_passwords_and_secrets(collection_root: Path, role: str) -> None:
    """Before ansible-core 2.19, no_log in the specification of a role fails for a separately encrypted value."""
    for name, option in flattened(options(collection_root, role)).items():
        assert "no_log" not in option, name


@pytest.mark.parametrize("role", ROLES)
def test_a_variable_is_specified_as_the_option_that_takes_it(collection_root: Path, role: str) -> None:
    handed = list(hand_overs(collection_root, role))
    assert len(handed) > (2 if role == "unregistration" else 10)
    for path, variable, option in handed:
        assert shape(variable) == shape(option), path
        if "." not in path:
            assert variable.get("default") in (None, [], {}, option.get("default")), path
        assert is_secret(path.rpartition(".")[2], variable) == bool(option.get("no_log")), path


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_goes_through_the_filter(collection_root: Path, role: str) -> None:
    """Empty answers of surveys never reach a module, and text gets the type of the specification."""
    plain = []
    # These three keywords contain names of variables, not their values.
    text = re.sub(r"(?m)^( *)(fail_msg|provided_later|option_names):.*$(\n\1  .*$)*", "", texts(collection_root, role))
    for name, rest in re.findall(rf"(?<![\w'.])({role}_\w+)(?![\w':])(?=(.*))", text):
        option = options(collection_root, role).get(name)
        if option is None or option.get("required"):
            continue
        spec = rf", '{name}'" if option["type"] in ("list", "dict") else f"(, '{name}')?"
        if not re.match(rf" \| siterecovery\.hyperv\.given\([^ ]+{spec}\)", rest):
            plain.append(name + rest)
    assert plain == []


@pytest.mark.parametrize("role", ROLES)
def test_every_option_is_described_and_typed(collection_root: Path, role: str) -> None:
    for name, option in flattened(options(collection_root, role)).items():
        assert option.get("description"), name
        assert option.get("type"), name


@pytest.mark.parametrize("role", ROLES)
def test_every_file_of_tasks_is_an_entry_point(collection_root: Path, role: str) -> None:
    folder = collection_root / "roles" / role
    # The entry points of a role import its private files.
    files = {path.stem for path in (folder / "tasks").glob("*.yml") if not path.name.startswith("_")}
    assert files == set(load(folder / "meta" / "argument_specs.yml")["argument_specs"])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_calls_each_module_once(collection_root: Path, role: str) -> None:
    """A second call would repeat the options. A key and a policy have a call that creates and one that removes."""
    # Both entry points that set the target up or check it read it.
    files = sorted((collection_root / "roles" / role / "tasks").glob("*.yml"))
    keys = [key for file in files for task in tasks_in(load(file)) for key in task]
    calls = [key.rpartition(".")[2] for key in keys if key.startswith("siterecovery.hyperv.")]
    repeated = {name for name in calls if calls.count(name) > 1}
    assert repeated <= {"validate_variables", "vault_registration_key", "target_info", "replication_policy"}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_runs_no_tasks_of_another_role_but_the_login(collection_root: Path, role: str) -> None:
    """One role describes the login. Roles that come after the target share it, and assemble none of their own."""
    files = sorted((collection_root / "roles" / role / "tasks").glob("*.yml"))
    tasks = [task for file in files for task in tasks_in(load(file))]
    included = [task[key] for task in tasks for key in task if key.endswith("_role")]
    login: dict[str, object] = {
        "name": "siterecovery.hyperv.azure_target", "tasks_from": "login", "public": True, "rolespec_validate": False
    }  # fmt: skip
    assert all(each == login for each in included)


@pytest.mark.parametrize("role", ROLES)
def test_a_readme_names_the_required_options_and_the_facts(collection_root: Path, role: str) -> None:
    readme = (collection_root / "roles" / role / "README.md").read_text()
    required = {name for name, option in options(collection_root, role).items() if option.get("required")}
    facts = {f"{role}_{name}" for name in FACTS[role]}
    assert {name for name in required | facts if f"`{name}`" not in readme} == set()


def test_all_roles_specify_the_same_proxy(collection_root: Path) -> None:
    roles = ("hyperv_host", "vmm_server")
    proxies = [options(collection_root, role)[f"{role}_proxy"]["options"] for role in roles]
    spelled = [{name: option["type"] for name, option in proxy.items()} for proxy in proxies]
    assert spelled[0] == spelled[1]


def playbooks(root: Path) -> dict[str, str]:
    """Return each playbook with the text of all parts that it imports."""

    def text(path: Path) -> str:
        own = path.read_text()
        imported = re.findall(r"import_playbook: (\S+)$", own, re.MULTILINE)
        return own + "".join(text(root / "playbooks" / name) for name in imported)

    paths = sorted((root / "playbooks").glob("*.yml"))
    return {path.stem: text(path) for path in paths if not path.name.endswith(".meta.yml")}


def documents(root: Path) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in load(root / "docs" / "job_templates.yml")["playbooks"]}


def test_every_playbook_is_documented(collection_root: Path) -> None:
    assert documents(collection_root).keys() == playbooks(collection_root).keys()


def test_every_result_for_a_workflow_is_documented_and_accepted_by_the_next_playbook(collection_root: Path) -> None:
    documented = load(collection_root / "docs" / "job_templates.yml")["results"]
    assert {entry["name"] for entry in documented} == set(RESULTS)
    assert list(unknown_names(RESULTS, ["site", "azure_target", "vmm_server", "hyperv_host"])) == []


def test_every_variable_of_a_playbook_is_specified_and_every_specified_one_is_used(collection_root: Path) -> None:
    specified = load(collection_root / "playbooks" / "site.meta.yml")["argument_specs"]["site"]["options"].keys()
    results = {entry["name"] for entry in load(collection_root / "docs" / "job_templates.yml")["results"]}
    used = {
        name: set(re.findall(r"(?<!\w)site_\w+", text)) - results for name, text in playbooks(collection_root).items()
    }
    # The validation of the variables reads the consents, and passes them on.
    used["unregister"] |= {f"site_unregister_{each}" for each in CONSENTS}
    assert set().union(*used.values()) == specified
    for name, document in documents(collection_root).items():
        # The gate of every playbook uses these variables, but only some playbooks have such hosts.
        shared = {"site_vmm_servers", "site_hyperv_hosts", "site_uncovered_hosts", "site_unready_hosts"}
        assert set(document["variables"]) <= used[name]
        assert used[name] - shared <= set(document["variables"]), name
