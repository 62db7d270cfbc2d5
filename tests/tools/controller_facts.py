# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write tests/support/controller/facts.json: the fields of AWX's API, derived from the sources of AWX.

The sources are read, not imported: Django is not needed. Facts are names, types, choices and relations.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .paths import ROOT, say

FACTS = ROOT / "tests" / "support" / "controller" / "facts.json"
#: The serializers that validate a new object and show it, by endpoint.
SERIALIZERS = {
    "organizations": "OrganizationSerializer",
    "credential_types": "CredentialTypeSerializer",
    "credentials": "CredentialSerializerCreate",
    "execution_environments": "ExecutionEnvironmentSerializer",
    "notification_templates": "NotificationTemplateSerializer",
    "projects": "ProjectSerializer",
    "inventories": "InventorySerializer",
    "inventory_sources": "InventorySourceSerializer",
    "instance_groups": "InstanceGroupSerializer",
    "job_templates": "JobTemplateSerializer",
    "workflow_job_templates": "WorkflowJobTemplateSerializer",
    "workflow_job_template_nodes": "WorkflowJobTemplateNodeSerializer",
    "workflow_approval_templates": "WorkflowApprovalTemplateSerializer",
    "schedules": "ScheduleSerializer",
}
#: Wrappers of a field that change nothing here.
WRAPPERS = ("prevent_search", "accepts_json")
UNKNOWN = object()
#: Its class sets these words (awx/api/fields.py).
DEPRECATED = {"type": "DeprecatedCredentialField", "to": "Credential", "default": None, "null": True}


@dataclass
class Class:
    """A class of the sources: bases, assigned calls by name, and literal attributes."""

    bases: list[str]
    calls: dict[str, ast.Call] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)
    meta: dict[str, ast.expr] = field(default_factory=dict)


@dataclass
class Sources:
    """All classes and constants of the files that describe the API."""

    classes: dict[str, Class] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)

    def read(self, path: Path) -> None:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                self.classes[node.name] = _class(node)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value

    def lineage(self, name: str) -> Iterator[Class]:
        """Yield a class and its bases, the nearest first."""
        found = self.classes.get(name)
        if found:
            yield found
            for base in found.bases:
                yield from self.lineage(base)


def _class(node: ast.ClassDef) -> Class:
    found = Class([_last(base) for base in node.bases])
    for part in node.body:
        if isinstance(part, ast.ClassDef) and part.name == "Meta":
            found.meta = _assigned(part)
    for name, value in _assigned(node).items():
        inner = value
        while isinstance(inner, ast.Call) and _last(inner.func) in WRAPPERS:
            inner = inner.args[0]
        if isinstance(inner, ast.Call) and _last(inner.func).endswith(("Field", "ForeignKey")):
            found.calls[name] = inner
        else:
            found.values[name] = value
    return found


def _assigned(node: ast.ClassDef) -> dict[str, ast.expr]:
    return {
        part.targets[0].id: part.value
        for part in node.body
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name)
    }


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def value_of(node: ast.expr | None, sources: Sources, scope: Class | None = None) -> Any:
    """Return a literal with names resolved and translations as their text, or UNKNOWN."""
    if node is None:
        return UNKNOWN
    if isinstance(node, ast.Call):
        return value_of(node.args[0], sources) if _last(node.func) == "_" and node.args else UNKNOWN
    if isinstance(node, ast.Name | ast.Attribute):
        name = _last(node)
        if name in ("dict", "list"):
            return {"dict": {}, "list": []}[name]
        inner = (scope.values.get(name) if scope else None) or sources.constants.get(name)
        return value_of(inner, sources, scope)
    if isinstance(node, ast.List | ast.Tuple):
        parts = [value_of(part, sources, scope) for part in node.elts]
        return UNKNOWN if UNKNOWN in parts else parts
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = value_of(node.left, sources, scope), value_of(node.right, sources, scope)
        return UNKNOWN if UNKNOWN in (left, right) else [*left, *right]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return UNKNOWN


def names_of(sources: Sources, serializer: str, attribute: str = "fields") -> list[str]:
    """Return the fields of a serializer. A star stands for those of the bases, a minus removes one."""
    own = sources.classes[serializer]
    bases = [base for base in own.bases if base in sources.classes]
    inherited = [name for base in bases for name in names_of(sources, base, attribute)]
    if attribute not in own.meta:
        return list(dict.fromkeys(inherited))
    found: list[str] = []
    for name in value_of(own.meta[attribute], sources):
        if name == "*":
            found += inherited
        elif name.startswith("-"):
            found = [each for each in found if each != name[1:]]
        else:
            found.append(name)
    return list(dict.fromkeys(found))


def facts_of(sources: Sources, serializer: str) -> dict[str, Any]:
    lineage = list(sources.lineage(serializer))
    model = next(_last(each.meta["model"]) for each in lineage if "model" in each.meta)
    fields = {}
    for name in names_of(sources, serializer):
        declared = next((each.calls[name] for each in lineage if name in each.calls), None)
        stored = _of_model(sources, model, name)
        fields[name] = _declared(sources, declared, lineage) if declared else stored
        if fields[name].get("read_only") and "default" in stored:
            fields[name]["default"] = stored["default"]
    for name in names_of(sources, serializer, "read_only_fields"):
        fields[name] = {"type": fields[name]["type"], "read_only": True}
    return {"model": model, "fields": fields}


def _declared(sources: Sources, call: ast.Call, lineage: list[Class]) -> dict[str, Any]:
    """Return the facts of a field that the serializer itself declares."""
    kind = _last(call.func)
    if kind == DEPRECATED["type"]:
        return DEPRECATED
    given = {word.arg: value_of(word.value, sources, lineage[0]) for word in call.keywords if word.arg}
    read_only = kind in ("SerializerMethodField", "ReadOnlyField") or given.get("read_only") is True
    found: dict[str, Any] = {"type": kind}
    target = next((word.value for word in call.keywords if word.arg == "queryset"), None)
    if target is not None:
        found["to"] = ast.unparse(target).partition(".")[0]
    if read_only:
        return {**found, "read_only": True}
    if given.get("required", "default" not in given):
        found["required"] = True
    return found | _choices(given.get("choices")) | _default(given.get("default", UNKNOWN)) | _null(given, "allow_null")


def _of_model(sources: Sources, model: str, name: str) -> dict[str, Any]:
    lineage = list(sources.lineage(model))
    scope = next((each for each in lineage if name in each.calls), None)
    if scope is None:
        return {"type": "property", "read_only": True}
    call = scope.calls[name]
    given = {word.arg: value_of(word.value, sources, scope) for word in call.keywords if word.arg}
    kind = _last(call.func)
    found: dict[str, Any] = {"type": kind}
    if kind in ("ForeignKey", "ManyToManyField", "OrderedManyToManyField"):
        target = call.args[0] if call.args else None
        found["to"] = target.value if isinstance(target, ast.Constant) else _last(target) if target else ""
    if given.get("editable") is False:
        return {**found, "read_only": True} | _default(given.get("default", UNKNOWN))
    # The prompts of AWX are booleans with a default.
    if kind != "AskForField" and not (given.get("blank") is True or given.get("null") is True or "default" in given):
        found["required"] = True
    if isinstance(given.get("max_length"), int):
        found["longest"] = given["max_length"]
    return found | _choices(given.get("choices")) | _default(given.get("default", UNKNOWN)) | _null(given, "null")


def _choices(value: Any) -> dict[str, Any]:
    if isinstance(value, list) and value and all(isinstance(each, list) for each in value):
        return {"choices": [each[0] for each in value]}
    return {}


def _default(value: Any) -> dict[str, Any]:
    return {} if value is UNKNOWN else {"default": value}


def _null(given: dict[str, Any], word: str) -> dict[str, Any]:
    return {"null": True} if given.get(word) is True else {}


def derive(folder: Path, version: str) -> dict[str, Any]:
    """Return the facts of a checkout of ansible/awx."""
    sources = Sources()
    models = folder / "awx" / "main" / "models"
    for path in [*sorted(models.rglob("*.py")), folder / "awx" / "api" / "serializers.py"]:
        sources.read(path)
    source = f"https://github.com/ansible/awx at {version}: awx/api/serializers.py and awx/main/models"
    return {"source": source, "endpoints": {name: facts_of(sources, each) for name, each in SERIALIZERS.items()}}


def _text(facts: dict[str, Any]) -> str:
    """Return the facts as JSON with one line for each field."""
    endpoints = []
    for name, facts_of_one in sorted(facts["endpoints"].items()):
        fields = [f'   "{each}": {json.dumps(field)}' for each, field in sorted(facts_of_one["fields"].items())]
        body = ",\n".join(fields)
        endpoints.append(f'  "{name}": {{"model": "{facts_of_one["model"]}", "fields": {{\n{body}\n  }}}}')
    inner = ",\n".join(endpoints)
    return f'{{"source": {json.dumps(facts["source"])},\n "endpoints": {{\n{inner}\n }}}}\n'


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.controller_facts", description=__doc__)
    parser.add_argument("checkout", type=Path, help="folder with the sources of ansible/awx")
    parser.add_argument("version", help="commit or tag of the sources")
    arguments = parser.parse_args()
    FACTS.write_text(_text(derive(arguments.checkout, arguments.version)), encoding="utf-8")
    say(f"{FACTS.relative_to(ROOT)}: written")


if __name__ == "__main__":
    main()
