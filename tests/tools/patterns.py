# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the pattern for the importer of the automation platform from the data of the playbook awx.

The form is that of specifications/pattern_specification.md and .json in https://github.com/ansible/pattern-service.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from .paths import ROOT, say

NAME = "hyperv_site_recovery"
PATTERN = ROOT / "extensions" / "patterns" / NAME
DATA = ROOT / "playbooks" / "parts" / "awx" / "data.yml"
VARIABLES = ROOT / "playbooks" / "site.meta.yml"
LABEL = "site-recovery"
TAGS = ["azure", "disaster_recovery", "hyperv", "vmm", "windows"]
HEAD = """\
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
---
# Made by `make pages` from {source}: edit that.
"""
_SUMMARY = "Set up disaster recovery of Hyper-V virtual machines to Azure"
_PURPOSE = (
    "Sets up Azure Site Recovery for Hyper-V hosts that System Center VMM manages: checks, the target in Azure,"
    " VMM servers, Hyper-V hosts and a report, each as a job template with a survey."
)
_PREFIX = "Site Recovery"


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def definition(data: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return the definition of the pattern."""
    environment = _named(data["execution_environment"])
    return {
        "schema_version": "1.0",
        "name": NAME,
        "title": "Disaster recovery of Hyper-V to Azure",
        "description": _PURPOSE,
        "short_description": _SUMMARY,
        "tags": TAGS,
        "aap_resources": {
            "controller_project": _named(data["projects"]["playbooks"]),
            "controller_execution_environment": {
                **environment,
                "image_name": f"siterecovery-hyperv:{version}",
                "pull": "missing",
            },
            "controller_labels": [LABEL],
            "controller_job_templates": [
                _template(data, key, environment["name"]) for key in sorted(data["templates"], key=_site_first)
            ],
        },
    }


def _site_first(key: str) -> tuple[bool, str]:
    return key != "site", key


def _named(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": f"{_PREFIX} {entry['title']}", "description": entry["description"]}


def _template(data: Mapping[str, Any], key: str, environment: str) -> dict[str, Any]:
    entry = data["templates"][key]
    found = {
        **_named(entry),
        **({"primary": True} if key == "site" else {}),
        "playbook": f"{key}.yml",
        "execution_environment": environment,
        "labels": [LABEL],
        "fields_required_at_launch": ["inventory", "credential"],
    }
    if entry["survey"]:
        questions = [_question(data, entry, name) for name in entry["survey"]]
        found["survey"] = {**_named(entry), "spec": questions}
    return found


def _question(data: Mapping[str, Any], entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a question in the smaller set of types that a pattern has: numbers are texts, defaults too."""
    question = {
        **data["questions"][name],
        "default": entry.get("defaults", {}).get(name, data["questions"][name].get("default", "")),
    }
    found = {part: question[part] for part in ("question_name", "question_description", "choices") if part in question}
    kind = "text" if question["type"] == "integer" else question["type"]
    return {"type": kind, "variable": name, "required": False, **found, "default": str(question["default"])}


def files() -> Iterator[tuple[Path, str]]:
    """Yield each generated file of the pattern with its text."""
    data = _load(DATA)["__awx_setup_data"]
    version = _load(ROOT / "galaxy.yml")["version"]
    yield PATTERN / "meta" / "pattern.json", json.dumps(definition(data, version), indent=2) + "\n"
    options = _load(VARIABLES)["argument_specs"]["site"]["options"]
    for key, entry in sorted(data["templates"].items()):
        # A pattern has no extra variables.
        fixed = {"vars": entry["extra_vars"]} if entry.get("extra_vars") else {}
        book = [
            {
                "name": f"Run the playbook {key}",
                "ansible.builtin.import_playbook": f"siterecovery.hyperv.{key}",
                **fixed,
            }
        ]
        yield PATTERN / "playbooks" / f"{key}.yml", HEAD.format(source=DATA.name) + _dump(book)
        asked = {name: options[name] for name in entry["survey"]}
        specification = {"argument_specs": {key: {"short_description": f"Run the playbook {key}", "options": asked}}}
        yield PATTERN / "playbooks" / "meta" / f"{key}.yml", HEAD.format(source=VARIABLES.name) + _dump(specification)


class _Indented(yaml.SafeDumper):
    """Writes lists as the linter wants them, one level deeper than their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _dump(document: Any) -> str:
    return yaml.dump(document, Dumper=_Indented, sort_keys=False, width=110, indent=2)


def write() -> None:
    """Write the files, and remove those of playbooks that no longer exist."""
    texts = dict(files())
    for path in PATTERN.rglob("playbooks/**/*.yml"):
        if path not in texts:
            path.unlink()
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    say(f"{PATTERN.relative_to(ROOT)}: {len(texts)} files")
