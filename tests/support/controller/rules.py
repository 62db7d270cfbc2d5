# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of AWX that go beyond the types of fields, as its serializers, views and models state them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .values import Document, Refused

#: The fields that must be unique together: Meta.unique_together, SOFT_UNIQUE_TOGETHER, and the name of a CommonModel.
UNIQUE = {
    "organizations": ("name",),
    "credential_types": ("name", "kind"),
    "credentials": ("organization", "name", "credential_type"),
    "execution_environments": ("name",),
    "notification_templates": ("organization", "name"),
    "projects": ("name", "organization"),
    "inventories": ("name", "organization"),
    "inventory_sources": ("name", "inventory"),
    "instance_groups": ("name",),
    "job_templates": ("name", "organization"),
    "workflow_job_templates": ("name", "organization"),
    "workflow_job_template_nodes": ("identifier", "workflow_job_template"),
    "schedules": ("unified_job_template", "name"),
}
#: The parameters of an e-mail (notifications/email_backend.py); None for one without a default.
MAIL: Mapping[str, tuple[type, Any]] = {
    "host": (str, None),
    "port": (int, None),
    "username": (str, None),
    "password": (str, None),
    "use_tls": (bool, None),
    "use_ssl": (bool, None),
    "sender": (str, None),
    "recipients": (list, None),
    "timeout": (int, 30),
}
_VARIABLE = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"
_FIELD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "label"],
    "properties": {
        "id": {"type": "string", "pattern": _VARIABLE},
        "type": {"enum": ["string", "boolean"]},
        "format": {"enum": ["ssh_private_key", "url"]},
        "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        **{name: {"type": "string"} for name in ("label", "help_text")},
        **{name: {"type": "boolean"} for name in ("multiline", "secret", "ask_at_runtime")},
        "default": {},
    },
}
INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {"type": "array", "items": _FIELD},
    },
}


def _named(pattern: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "patternProperties": {pattern: value}}


INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file": _named(r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$", {"type": "string"}),
        "env": _named(_VARIABLE, {"type": "string", "pattern": "^[\x00-\x7f]*$"}),
        "extra_vars": _named(r"^[a-zA-Z_\{\}]+[a-zA-Z0-9_\{\}]*$", {"type": ["string", "array", "object"]}),
    },
}
#: constants.py lists more; these are those that a credential could want.
BLOCKED = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "JOB_ID", "INVENTORY_ID", "CACHE", "AWX_HOST", "PROJECT_REVISION")


def require_valid_type(entry: Document) -> None:
    """Raise Refused for a credential type that AWX does not accept. A field without a type becomes a text."""
    if entry["kind"] not in ("cloud", "net"):
        raise Refused({"kind": [f"Must be 'cloud' or 'net', not {entry['kind']}"]})
    for name, schema in (("inputs", INPUTS), ("injectors", INJECTORS)):
        problem = next(jsonschema.Draft4Validator(schema).iter_errors(entry[name]), None)
        if problem:
            raise Refused({name: [problem.message]})
    fields = entry["inputs"].get("fields", [])
    for field in fields:
        field.setdefault("type", "string")
        if field["type"] != "string" and {"choices", "multiline", "format", "secret"} & field.keys():
            raise Refused({"inputs": [f"{field['id']} is not a text"]})
    names = [field["id"] for field in fields]
    if len(set(names)) < len(names) or "tower" in names:
        raise Refused({"inputs": ["field IDs must be unique"]})
    _require_known_fields(entry["injectors"], names)


def _require_known_fields(injectors: Document, names: list[str]) -> None:
    for name in injectors.get("env", {}):
        if name.startswith("ANSIBLE_") or name in BLOCKED:
            raise Refused({"injectors": [f"Environment variable {name} is not allowed to be used in credentials."]})
    try:
        render(injectors, dict.fromkeys(names, "EXAMPLE"), dict.fromkeys(_files(injectors), "EXAMPLE"))
    except TemplateError as error:
        raise Refused({"injectors": [str(error)]}) from None


def _files(injectors: Document) -> list[str]:
    return [name.partition(".")[2] for name in injectors.get("file", {})]


def render(injectors: Document, inputs: Mapping[str, str], files: Mapping[str, str]) -> Document:
    """Return what a credential gives to a job. `files` are the paths of the files of its type."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    names = {**inputs, "tower": {"filename": files.get("", files)}}

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {filled(key): filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [filled(each) for each in value]
        return environment.from_string(value).render(names)

    return {kind: filled(value) for kind, value in injectors.items()}


def require_valid_inputs(inputs: Document, credential_type: Document) -> None:
    known = {field["id"]: field for field in credential_type["inputs"].get("fields", [])}
    for name, value in inputs.items():
        if name not in known:
            raise Refused({"inputs": [f"Additional properties are not allowed ('{name}' was unexpected)"]})
        if not isinstance(value, {"string": str, "boolean": bool}[known[name].get("type", "string")]):
            raise Refused({"inputs": {name: [f"{value} is not of type {known[name].get('type', 'string')}"]}})


def require_valid_mail(entry: Document) -> None:
    """Raise Refused for an incomplete configuration, and add defaults as AWX does. Other types are not imitated."""
    if entry["notification_type"] != "email":
        raise Refused({"detail": "not imitated"}, 501)
    given = entry["notification_configuration"]
    for name, (kind, default) in MAIL.items():
        if default is not None:
            given.setdefault(name, default)
        if name not in given:
            raise Refused([f"Missing required fields for Notification Configuration: ['{name}']."])
        if type(given[name]) is not kind:
            raise Refused([f"Configuration field '{name}' incorrect type, expected {kind.__name__}."])
        if given[name] == []:
            raise Refused([f"No values specified for field '{name}'"])


def require_valid_rule(rule: str) -> None:
    """Raise Refused for the times of a schedule that AWX does not accept."""
    problems = list(_rule_problems(rule))
    if problems:
        raise Refused({"rrule": problems})


def _rule_problems(text: str) -> Iterator[str]:
    starts = re.findall(r"DTSTART(?:;[^:]+)?:[0-9]+T[0-9]+Z?", text)
    if len(starts) != 1:
        yield "Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"
    if re.search(r"DTSTART:[0-9]+T[0-9]+ ", text):
        yield "DTSTART cannot be a naive datetime.  Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ."
    if re.search("exdate:|rdate:", text, re.IGNORECASE):
        yield "EXDATE and RDATE are not allowed in rrule."
    rules = re.findall(r"RULE:[^\s]*", text)
    if not rules:
        yield "One or more rule required in rrule."
    for rule in rules:
        words = dict(part.split("=", 1) for part in rule.partition(":")[2].split(";") if "=" in part)
        if "INTERVAL" not in words:
            yield f"INTERVAL required in rrule: {rule}"
        if words.get("FREQ") not in ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
            yield f"rrule parsing failed validation: {rule}"
        if re.match("[0-9]+[A-Z]{2}", words.get("BYDAY", "")):
            yield f"BYDAY with numeric prefix not supported: {rule}"
        if {"COUNT", "UNTIL"} <= words.keys() or int(words.get("COUNT", 0)) > 999:
            yield f"COUNT is not supported here: {rule}"


#: The prompts that a schedule or a step of a workflow can set, by the option of the template that permits it.
PROMPTS = (
    "inventory", "limit", "scm_branch", "job_type", "verbosity", "diff_mode", "forks", "job_slice_count", "timeout",
    "execution_environment",
)  # fmt: skip


def require_prompted(entry: Document, template: Document) -> None:
    """Raise Refused for a launch setting for which the template does not ask."""
    for name in PROMPTS:
        if entry.get(name) is not None and not template.get(f"ask_{name}_on_launch"):
            raise Refused({name: ["Field is not configured to prompt on launch."]})


#: awx/main/utils/ansible.py: which files of a project are playbooks.
_PLAYBOOK = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):")
_NO_FOLDERS = {"roles", "tasks", "group_vars", "host_vars"}


def is_playbook(path: str, text: str) -> bool:
    folders = path.split("/")[:-1]
    if (
        not path.endswith((".yml", ".yaml"))
        or _NO_FOLDERS & set(folders)
        or any(each.startswith(".") for each in folders)
    ):
        return False
    return any(_PLAYBOOK.match(line) for line in text.splitlines()) or text.startswith("$ANSIBLE_VAULT;")
