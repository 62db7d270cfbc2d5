# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the playbook awx: each playbook has a template, and every answer of a survey is a valid variable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._controller.references import (
    IDENTIFYING,
    REFERENCES,
    ready_objects,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.conversion import NOT_GIVEN, Conversion
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.specs import option_of
from tests.support.controller import rules, surveys
from tests.support.controller.data import DATA, objects
from tests.tools.paths import ROOT

TEMPLATES: dict[str, Any] = DATA["templates"]
QUESTIONS: dict[str, Any] = DATA["questions"]
#: A file that a job writes ends with the job. So the doctor repairs nothing there: its undo file would be lost.
NOT_ASKED = {
    "site_limit_file",
    "site_drill_file",
    "site_report_directory",
    "site_report_language",
    "site_assumptions_file",
    "site_doctor_fix",
    "site_doctor_undo",
    "site_doctor_undo_file",
}
#: These playbooks set AWX itself up, and write a folder or an export that would end with the job.
WITHOUT_TEMPLATE = {"awx", "bundle", "unregister"}


def documented() -> dict[str, Any]:
    entries = yaml.safe_load((ROOT / "docs" / "job_templates.yml").read_text())["playbooks"]
    return {entry["name"]: entry for entry in entries if entry["name"] not in WITHOUT_TEMPLATE}


def test_every_playbook_has_a_template_that_asks_for_its_variables() -> None:
    assert TEMPLATES.keys() == documented().keys()
    for name, entry in documented().items():
        assert set(TEMPLATES[name]["survey"]) == set(entry["variables"]) - NOT_ASKED, name
        assert (ROOT / TEMPLATES[name]["playbook"]).stem == name


def asked(kind: str) -> str:
    return {"int": "integer", "bool": "multiplechoice", "list": "textarea"}.get(kind, "text")


@pytest.mark.parametrize("variable", QUESTIONS)
def test_a_question_has_the_type_and_the_choices_of_its_variable(variable: str) -> None:
    question, option = QUESTIONS[variable], option_of(variable)
    choices = option.get("choices")
    assert question["type"] == ("multiplechoice" if choices else asked(option["type"]))
    if question["type"] == "multiplechoice":
        assert question["choices"] == (choices or ["true", "false"])
    # AWX refuses an empty answer to such a question, so the question has the default of the variable.
    if question["type"] in ("integer", "multiplechoice"):
        assert str(question["default"]).lower() == str(option.get("default", False)).lower()


def answers(question: dict[str, Any]) -> Iterator[Any]:
    """Yield answers that a person, an API client or a workflow can give. AWX refuses some of them."""
    yield from ("", None, "10", 10, " ", "a\nb", "a, b", "true", ["a"])
    yield from question.get("choices", [])
    yield from (question.get("min", 0), question.get("max", 100), str(question.get("max", 100)))


@pytest.mark.parametrize("variable", QUESTIONS)
def test_every_answer_that_awx_passes_on_is_a_valid_variable(variable: str) -> None:
    passed = [each for each in answers(QUESTIONS[variable]) if surveys.accepts(QUESTIONS[variable], each)]
    assert passed
    # Empty answers and text for a number arrive when a job is launched without its survey.
    for answer in [*passed, "", None, *(["7"] if QUESTIONS[variable]["type"] == "integer" else [])]:
        conversion = Conversion()
        value = conversion.convert(variable, answer, option_of(variable))
        assert conversion.problems == [], answer
        assert (value is NOT_GIVEN) == (not str(answer or "").strip() and answer != 0), answer


@pytest.mark.parametrize(
    "entry", [*objects()["job_templates"], *objects()["workflow_job_templates"]], ids=lambda entry: entry["name"]
)
def test_awx_accepts_the_survey_and_passes_no_empty_answer_that_it_refuses(entry: dict[str, Any]) -> None:
    assert entry["survey_enabled"] == ("survey_spec" in entry)
    if "survey_spec" in entry:
        surveys.require_valid(entry["survey_spec"])
        passed = surveys.passed_on(entry["survey_spec"], {})
        assert passed.keys() == {question["variable"] for question in entry["survey_spec"]["spec"]}


def test_a_step_of_the_workflow_takes_the_answers_of_its_survey() -> None:
    """AWX drops a variable for which a template does not ask, so each one must reach a template."""
    for variable in DATA["workflow"]["survey"]:
        assert any(
            variable in TEMPLATES[node["template"]]["survey"]
            for node in DATA["workflow"]["nodes"]
            if "template" in node
        )


def test_only_the_chosen_credentials_are_created_and_attached() -> None:
    found = objects(logins=["azure", "windows"], credentials={"windows": "Account of the team"})
    assert [entry["name"] for entry in found["credentials"]] == ["Site Recovery Azure"]
    assert found["credential_types"] == []
    attached = {entry["name"]: entry["credentials"] for entry in found["job_templates"]}
    assert attached["Site Recovery target"] == ["Site Recovery Azure"]
    assert attached["Site Recovery Hyper-V hosts"] == ["Site Recovery Azure", "Account of the team"]
    assert "credential" not in found["inventory_sources"][0]


def test_only_the_template_of_the_hosts_is_sliced() -> None:
    sliced = {entry["name"] for entry in objects(slices=3)["job_templates"] if entry["job_slice_count"] == 3}
    assert sliced == {"Site Recovery Hyper-V hosts"}


@pytest.mark.parametrize("kind", DATA["credential_types"])
def test_a_credential_type_gives_a_job_its_fields(kind: str) -> None:
    found = {entry["name"]: entry for entry in objects()["credential_types"]}
    entry = found[f"Site Recovery {DATA['credential_types'][kind]['title']}"]
    fields = {field["id"]: f"value of {field['id']}" for field in entry["inputs"]["fields"]}
    rules.require_valid_type(entry)
    given = rules.render(entry["injectors"], fields, {"certificate": "/runner/certificate"})
    values = [value for part in given.values() for value in part.values()]
    assert {*values, "/runner/certificate"} == {*fields.values(), "/runner/certificate"}


def test_awx_accepts_the_documented_times_of_the_schedules() -> None:
    specified = yaml.safe_load((ROOT / "playbooks" / "awx_setup.meta.yml").read_text())["argument_specs"]["awx_setup"]
    defaults = [specified["options"][f"awx_setup_{key}_rule"]["default"] for key in DATA["schedules"]]
    documented_rules = re.findall(r"_rule: (DTSTART.+)", (ROOT / "docs" / "awx.md").read_text())
    assert len(documented_rules) == len(defaults)
    for rule in (*defaults, *documented_rules):
        rules.require_valid_rule(rule)


def test_the_defaults_are_the_same_in_the_specification_and_in_the_playbook() -> None:
    """The settings cannot read the specification, because the playbook loads them as variables."""
    specified = yaml.safe_load((ROOT / "playbooks" / "awx_setup.meta.yml").read_text())["argument_specs"]["awx_setup"]
    settings = yaml.safe_load((ROOT / "playbooks" / "parts" / "awx" / "settings.yml").read_text())
    expressions = {**settings["__awx_setup_settings"], "state": settings["__awx_setup_state"]}
    assert {f"awx_setup_{name}" for name in expressions} == specified["options"].keys()
    for name, expression in expressions.items():
        given = re.search(r"\.given\(([^,)]*)", expression)
        assert given, name
        default = settings.get(given[1], yaml.safe_load(given[1]))
        assert default == (specified["options"][f"awx_setup_{name}"].get("default", type(default)())), name


def test_each_reference_of_an_object_is_known() -> None:
    """Otherwise check mode would call a module that fails for the missing object."""
    own = {entry.get("name") for entries in objects().values() for entry in entries} - {None}
    for kind, entries in objects(mail={"host": "mail"}).items():
        for entry in entries:
            named = {
                option
                for option, value in entry.items()
                if option != "name" and isinstance(value, str) and value in own
            }
            assert named - REFERENCES.keys() <= {"lookup_organization"}, kind


def test_check_mode_sees_only_objects_whose_references_exist() -> None:
    found = objects(mail={"host": "mail"})
    nothing: dict[str, Any] = {kind: [] for kind in found}
    assert {kind for kind, entries in ready_objects(found, nothing, removal=False).items() if entries} == {
        "organizations",
        "credential_types",
    }
    everything = ready_objects(found, found, removal=False)
    assert everything == found


@pytest.mark.parametrize(("missing", "kind"), [("inventories", "inventory_sources"), ("job_templates", "schedules")])
def test_an_object_that_cannot_be_looked_up_is_not_removed(missing: str, kind: str) -> None:
    found = objects()
    ready = ready_objects(found, {**found, missing: []}, removal=True)
    assert ready[kind] == []
    assert ready["projects"] == found["projects"]
    assert set(IDENTIFYING) <= set(found)
