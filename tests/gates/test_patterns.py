# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pattern for the automation platform is up to date and follows the rules of its specification.

The rules are those of specifications/pattern_specification.md and .json in https://github.com/ansible/pattern-service.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.tools import patterns
from tests.tools.paths import ROOT

TEXT = {"type": "string"}
_LABELS = {"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True}


def _object(required: str, /, **properties: Any) -> dict[str, Any]:
    names = required.split()
    return {"type": "object", "required": names, "properties": {**dict.fromkeys(names, TEXT), **properties}}


QUESTION = _object(
    "type question_name question_description variable required",
    type={"enum": ["text", "multiplechoice", "textarea"]},
    required={"type": "boolean"},
    choices={"type": "array", "items": TEXT},
    default=TEXT,
)
TEMPLATE = _object(
    "name description playbook",
    fields_required_at_launch={"type": "array", "items": {"enum": ["credential", "inventory", "verbosity"]}},
    labels=_LABELS,
    survey=_object("name description spec", spec={"type": "array", "items": QUESTION}),
)
RESOURCES = _object(
    "controller_project controller_execution_environment controller_labels controller_job_templates",
    controller_project=_object("name description"),
    controller_execution_environment=_object(
        "name description image_name", pull={"enum": ["always", "missing", "never"]}
    ),
    controller_labels=_LABELS,
    controller_job_templates={"type": "array", "minItems": 1, "items": TEMPLATE},
)
SCHEMA = _object(
    "schema_version name title description short_description tags aap_resources",
    tags=_LABELS,
    aap_resources=RESOURCES,
)
FILES = dict(patterns.files())
DATA = yaml.safe_load(patterns.DATA.read_text())["__awx_setup_data"]
DEFINITION = patterns.definition(DATA, "1.2.3")
TEMPLATES = DEFINITION["aap_resources"]["controller_job_templates"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(patterns.PATTERN).as_posix())
def test_a_file_of_the_pattern_is_up_to_date(path: Path) -> None:
    assert path.read_text() == FILES[path], "run make pages"


def test_the_definition_follows_the_schema() -> None:
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(DEFINITION)] == []


@pytest.mark.parametrize("part", ["tags", "aap_resources", "title"])
def test_a_missing_part_is_found(part: str) -> None:
    broken = {name: value for name, value in DEFINITION.items() if name != part}
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(broken))


def test_the_folder_has_the_name_and_the_files_that_a_pattern_needs() -> None:
    assert patterns.PATTERN.parent == ROOT / "extensions" / "patterns"
    assert re.fullmatch(r"[a-z0-9_]{1,64}", patterns.PATTERN.name)
    assert DEFINITION["name"] == patterns.PATTERN.name
    assert (patterns.PATTERN / "README.md").read_text().startswith("# ")


def test_each_template_has_a_playbook_with_the_specification_of_its_survey() -> None:
    for entry in TEMPLATES:
        playbook = patterns.PATTERN / "playbooks" / entry["playbook"]
        assert playbook in FILES
        specification = yaml.safe_load(FILES[playbook.parent / "meta" / playbook.name])["argument_specs"]
        asked = [question["variable"] for question in entry.get("survey", {"spec": []})["spec"]]
        assert list(specification[playbook.stem]["options"]) == asked
    assert [entry["playbook"] for entry in TEMPLATES if entry.get("primary")] == ["site.yml"]
