# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test every option of every specification in every form that users and surveys write. All cases are generated."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from ansible_collections.siterecovery.hyperv.plugins.action import validate_variables
from ansible_collections.siterecovery.hyperv.plugins.filter.given import given
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.conversion import NOT_GIVEN, Conversion
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.names import (
    RETIRED,
    facts,
    recorded,
    unknown_names,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.rules import broken_rules
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.specs import (
    CLEARED_BY_EMPTY_TEXT,
    is_secret,
    option_of,
    options_of,
    sources,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.steps import BY_BEGINNING
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.validation import validate

from .conftest import Harness

Option = Mapping[str, Any]
BLANKS = ("", None, " \n")
#: The required variables of the roles.
REQUIRED: dict[str, Any] = {
    "azure_target_resource_group": "rg-dr",
    "azure_target_vault_name": "vault-dr",
    "azure_target_location": "westeurope",
    "vmm_server_provider_source": r"C:\provider.exe",
    "vmm_server_vault_id": (
        "/subscriptions/s/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr"
    ),
    "hyperv_host_agent_source": r"C:\agent.exe",
}


def options() -> dict[str, Option]:
    """Return every option of every role and of the playbooks, with suboptions, by its path."""
    found: dict[str, Option] = {}
    for source in sources():
        for name, option in options_of(source).items():
            found.update(inside(name, option))
    return found


def inside(path: str, option: Option) -> Iterator[tuple[str, Option]]:
    yield path, option
    place = f"{path}[0]" if option["type"] == "list" else path
    for name, inner in option.get("options", {}).items():
        yield from inside(f"{place}.{name}", inner)


def test_every_beginning_of_a_step_is_one_of_a_variable() -> None:
    """A variable that was renamed must not keep its step under its old name."""
    names = [*(name for source in sources() for name in options_of(source)), *RETIRED]
    assert [each for each in BY_BEGINNING if not any(name.startswith(each) for name in names)] == []


OPTIONS = options()
TOP = sorted(path for path in OPTIONS if path.isidentifier())


def sample(option: Option) -> Any:
    """Return a value as YAML has it. A dictionary has only its required options, or its first one."""
    kind, choices = option["type"], option.get("choices")
    if kind == "list" and option["elements"] == "dict":
        return [sample({**option, "type": "dict"})]
    if kind == "list":
        return list(choices[:2]) if choices else ["one two", "three"]
    if kind == "dict":
        inner = option.get("options")
        needed = [name for name, each in (inner or {}).items() if each.get("required")] or list(inner or ())[:1]
        return {name: sample(inner[name]) for name in needed} if inner else {"first": "one two"}
    return choices[0] if choices else {"int": 7, "bool": True, "path": "/etc/file"}.get(kind, "text")


def forms(option: Option) -> dict[str, Any]:
    """Return the value of `sample` as surveys, the command line and INI files write it, by the kind of text."""
    value, kind = sample(option), option["type"]
    if kind == "int":
        return {"digits": str(value), "spaces": f" {value} "}
    if kind == "bool":
        return {"yes": "yes", "True": "True", "on": "on", "one": "1", "number": 1}
    if kind == "list" and option["elements"] == "str":
        return {
            "commas": ", ".join(value),
            "lines": "\n".join(value),
            "lines of a browser": "\r\n".join(value) + "\r\n",
            "JSON": json.dumps(value),
            "Python": str(value),
            "YAML": yaml.safe_dump(value),
        }
    if kind in ("dict", "list"):
        texts = {"JSON": json.dumps(value), "YAML": yaml.safe_dump(value), "Python": str(value)}
        if kind == "dict" and not any(isinstance(item, (dict, list)) for item in value.values()):
            texts["key=value"] = " ".join(f'{name}="{item}"' for name, item in value.items())
        return texts
    return {"text": str(value)}


def wrong(option: Option) -> list[Any]:
    """Return values that have another type."""
    kind = option["type"]
    if kind == "list" and option["elements"] == "dict":
        return ["stone", {"name": "stone"}, 7]
    values: dict[str, list[Any]] = {
        "str": [{"a": 1}, ["a"]],
        "path": [{"a": 1}, ["a"]],
        "int": ["seven", True, [7], 7.5],
        "bool": ["perhaps", {"a": 1}, 7],
        "list": [{"a": 1}, True],
        "dict": ["not a dictionary", ["a"], 7],
    }
    return values[kind]


def wrapped(path: str, value: Any) -> tuple[str, Any]:
    """Return the variable that holds an option, and its raw value with only this option and required neighbors."""
    variable, *parts = path.split(".")
    top = variable.removesuffix("[0]")
    option = OPTIONS[top]
    raw: dict[str, Any] = {}
    place, where = raw, top
    for part in parts:
        name = part.removesuffix("[0]")
        inner: dict[str, Any] = dict(sample(option)[0] if option["type"] == "list" else sample(option))
        place[where] = [inner] if option["type"] == "list" else inner
        place, where, option = inner, name, option["options"][name]
    place[where] = value
    return top, raw[top]


def converted(path: str, value: Any) -> tuple[Any, list[InvalidInput]]:
    """Return the converted value of an option (NOT_GIVEN when the conversion leaves it out), and all problems."""
    top, raw = wrapped(path, value)
    conversion = Conversion()
    place = conversion.convert(top, raw, option_of(top))
    for part in path.split(".")[1:]:
        if place is NOT_GIVEN:
            break
        place = place[0] if isinstance(place, list) else place
        place = place.get(part.removesuffix("[0]"), NOT_GIVEN)
    return place, conversion.problems


def with_defaults(value: Any, option: Option) -> Any:
    """Return a sample as the conversion returns it: with the defaults of suboptions."""
    if isinstance(value, list) and option.get("options"):
        return [with_defaults(item, {**option, "type": "dict"}) for item in value]
    inner = option.get("options")
    if not isinstance(value, dict) or not inner:
        return value
    defaults = {name: each["default"] for name, each in inner.items() if "default" in each}
    return {**defaults, **{name: with_defaults(item, inner[name]) for name, item in value.items()}}


@pytest.mark.parametrize(
    ("path", "form"), [(path, form) for path, option in OPTIONS.items() for form in ("YAML itself", *forms(option))]
)
def test_every_form_means_the_same(path: str, form: str) -> None:
    option = OPTIONS[path]
    value, problems = converted(path, forms(option).get(form, sample(option)))
    assert (value, problems) == (with_defaults(sample(option), option), [])


def test_the_advice_for_a_dictionary_names_its_first_options() -> None:
    _value, problems = converted("hyperv_host_proxy", "proxy.example.com")
    assert [problem.message for problem in problems] == [
        "hyperv_host_proxy must be a dictionary, not text; indent mode, address and port below it, or write the same as"
        " YAML, JSON or key=value text"
    ]


@pytest.mark.parametrize("path", OPTIONS)
@pytest.mark.parametrize("blank", BLANKS)
def test_an_empty_option_is_not_given(path: str, blank: str | None) -> None:
    value, problems = converted(path, blank)
    option = OPTIONS[path]
    required = "." in path and option.get("required")
    assert [problem.message for problem in problems] == ([f"{path} is required; set it"] if required else [])
    if blank is not None and path.rpartition(".")[2] in CLEARED_BY_EMPTY_TEXT:
        assert value == ""
    elif not required:
        assert value == option.get("default", NOT_GIVEN) if "." in path else value is NOT_GIVEN


def test_empty_text_clears_only_options_that_document_it() -> None:
    texts = {
        path.rpartition(".")[2]: str(option["description"])
        for path, option in OPTIONS.items()
        if option["type"] == "str"
    }
    assert {name for name, description in texts.items() if "empty" in description} == CLEARED_BY_EMPTY_TEXT


@pytest.mark.parametrize(
    ("path", "number"), [(path, number) for path, option in OPTIONS.items() for number in range(len(wrong(option)))]
)
def test_a_wrong_type_is_reported_in_one_short_line_with_the_name(path: str, number: int) -> None:
    value = wrong(OPTIONS[path])[number]
    _value, problems = converted(path, value)
    assert len(problems) == 1
    assert re.match(rf"{re.escape(path)}(\[0\])? must be ", problems[0].message)
    assert len(problems[0].message) < 300


@pytest.mark.parametrize(
    "path", [path for path, option in OPTIONS.items() if option.get("choices") and option["type"] != "int"]
)
def test_an_invalid_choice_is_reported_with_the_choices(path: str) -> None:
    option = OPTIONS[path]
    capital = option["choices"][0].upper() if option["choices"][0].islower() else option["choices"][0].lower()
    place = f"{path}[0]" if option["type"] == "list" else path
    _value, problems = converted(path, capital)
    assert [problem.message for problem in problems] == [
        f"{place} must be one of {', '.join(option['choices'])}, not '{capital}'; did you mean {option['choices'][0]}?"
    ]


@pytest.mark.parametrize("path", [path for path, option in OPTIONS.items() if option.get("options")])
def test_an_unknown_option_is_named_with_the_nearest_known_one(path: str) -> None:
    option = OPTIONS[path]
    names = sorted(option["options"], key=len)
    misspelled = names[-1][:-1] + "x"
    inner = {**(sample(option)[0] if option["type"] == "list" else sample(option)), misspelled: "x"}
    place = f"{path}[0]" if option["type"] == "list" else path
    _value, problems = converted(path, [inner] if option["type"] == "list" else inner)
    assert [problem.message for problem in problems] == [
        f"{place}.{misspelled} must be an option of {place}; did you mean {names[-1]}?"
    ]


@pytest.mark.parametrize(
    "path", [path for path, option in OPTIONS.items() if is_secret(path.rpartition(".")[2], option)]
)
def test_a_secret_is_neither_shown_in_values_nor_in_messages(path: str) -> None:
    variable, raw = wrapped(path, "S3cret-text")
    role = next(source for source in sources() if variable.startswith(f"{source}_"))
    shown = validate([role], {**REQUIRED, variable: raw}, lambda value: value)
    assert "S3cret-text" not in str(shown)
    variable, raw = wrapped(path, ["S3cret-text"])
    refused = validate([role], {**REQUIRED, variable: raw}, lambda value: value)
    assert f"{path} must be text" in [check.message for check in refused.checks]
    assert "S3cret-text" not in str(refused)


# Whole variables ------------------------------------------------------------------------------------------------------


def role_of(variable: str) -> str:
    return next(source for source in sources() if variable.startswith(f"{source}_"))


@pytest.mark.parametrize("name", [name for name in TOP if not OPTIONS[name].get("required")])
@pytest.mark.parametrize("blank", BLANKS)
def test_an_empty_answer_to_an_optional_question_changes_nothing(name: str, blank: str | None) -> None:
    role = role_of(name)
    answered = validate([role], {**REQUIRED, name: blank}, lambda value: value)
    assert answered == validate([role], REQUIRED, lambda value: value)
    assert answered.checks == ()
    assert given(blank, "nothing") == given(blank, "nothing", name) == "nothing"


@pytest.mark.parametrize("name", [name for name in TOP if OPTIONS[name].get("required")])
@pytest.mark.parametrize("answer", [{}, *({"value": blank} for blank in BLANKS)], ids=str)
def test_an_empty_answer_to_a_required_question_is_reported_in_one_line(name: str, answer: dict[str, Any]) -> None:
    others = {other: value for other, value in REQUIRED.items() if other != name}
    variables = {**others, **({name: answer["value"]} if answer else {})}
    found = validate([role_of(name)], variables, lambda value: value)
    assert [check.describe() for check in found.checks] == [f"{name} is required; set it in the inventory or with -e"]
    assert validate([role_of(name)], variables, lambda value: value, [name]).checks == ()


@pytest.mark.parametrize("name", TOP)
def test_every_variable_has_the_same_value_in_the_result_and_through_the_filter(name: str) -> None:
    option = OPTIONS[name]
    for form in forms(option).values():
        assert given(form, None, name) == with_defaults(sample(option), option)


@pytest.mark.parametrize("name", TOP)
def test_a_misspelled_variable_is_named_with_the_nearest_known_one(name: str) -> None:
    role = role_of(name)
    misspelled = name + "z"
    found = [problem.message for problem in unknown_names([misspelled], [role])]
    assert found == [f"{misspelled} must be a variable of this collection; did you mean {name}?"]


def test_variables_that_roles_and_playbooks_set_are_known() -> None:
    assert {"azure_target_vault_id", "azure_target_evidence", "vmm_server_changed", "hyperv_host_evidence"} <= facts()
    assert list(unknown_names(facts(), sources())) == []


def test_the_action_has_read_all_files_before_a_worker_needs_them() -> None:
    for known in (facts, recorded, options_of):
        known.cache_clear()
    importlib.reload(validate_variables)
    counts = [known.cache_info().currsize for known in (facts, recorded, options_of)]
    assert counts == [1, 1, len(sources())]


def test_defaults_of_the_specifications_break_no_rule() -> None:
    for source in sources():
        given_values = {
            **{name: value for name, value in REQUIRED.items() if name.startswith(f"{source}_")},
            **{name: option["default"] for name, option in options_of(source).items() if option.get("default")},
        }
        assert list(broken_rules(source, given_values)) == []


# In roles -------------------------------------------------------------------------------------------------------------


def answered(harness: Harness, blank: str | None) -> list[dict[str, Any]]:
    """Return the options of the modules in a run of all roles in which every optional question has this answer."""
    optional = [name for name in TOP if not OPTIONS[name].get("required") and role_of(name) in PLAYED]
    # Modules for clouds and the proxy run only when these variables have values. Accounts and networks come as text.
    kept = {
        "azure_target_storage_accounts": '[{"name": "stdr", "sku": "", "tags": null}]',
        "azure_target_virtual_networks": "- {name: vnet-dr, address_prefixes: '10.1.0.0/16', dns_servers: ''}",
        "vmm_server_clouds": "Gold",
        "hyperv_host_proxy": "mode=direct",
        "vmm_server_key_path": str(harness.key),
    }
    harness.key.touch()
    variables = {**REQUIRED, **dict.fromkeys(optional, blank), **kept}
    harness.given({})
    plays = [
        {"hosts": host, "gather_facts": False, "serial": 1, "tasks": [{"ansible.builtin.include_role": included(role)}]}
        for role, host in PLAYED.items()
    ]
    (harness.folder / "answers.yml").write_text(yaml.safe_dump(variables))
    run = harness.play(plays, "-e", f"@{harness.folder / 'answers.yml'}")
    assert run.code == 0, run.output
    return [json.loads(line) for line in (harness.folder / "journal.jsonl").read_text().splitlines()]


PLAYED = {"azure_target": "localhost", "vmm_server": "vmm_servers", "hyperv_host": "hyperv_hosts"}


def included(role: str) -> dict[str, Any]:
    return {"name": f"siterecovery.hyperv.{role}", "rolespec_validate": False}


def test_a_role_treats_an_empty_answer_like_no_answer(harness: Harness) -> None:
    empty, null = answered(harness, ""), answered(harness, None)
    assert empty == null
    given_options = {line["module"]: set(line["options"]) for line in empty}
    key = {"vault_id", "name", "key_path", "tenant_id", "azure_registration", "proxy"}
    assert given_options["storage_account"] == {"name", "resource_group", "location", "vault_location"}
    assert given_options["virtual_network"] == {
        "name",
        "resource_group",
        "location",
        "vault_location",
        "address_prefixes",
    }
    assert given_options["provider"] == {"source"}
    assert given_options["provider_registration"] & key == {"vault_id", "key_path"}
    assert given_options["mars_agent"] == {"source"}
    assert given_options["mars_proxy"] == {"proxy"}
