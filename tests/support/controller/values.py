# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate the values of a request by the fields of AWX in facts.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Document = dict[str, Any]
Errors = dict[str, Any]

FACTS: Mapping[str, Any] = json.loads(Path(__file__).with_name("facts.json").read_text(encoding="utf-8"))["endpoints"]
#: The endpoints of the objects to which a field can refer. A unified job template is one of four kinds.
TEMPLATES = ("job_templates", "workflow_job_templates", "projects", "inventory_sources", "workflow_approval_templates")
MODELS: Mapping[str, tuple[str, ...]] = {
    **{facts["model"]: (name,) for name, facts in FACTS.items()},
    "UnifiedJobTemplate": TEMPLATES,
}
TEXTS = ("CharField", "TextField", "SmartFilterField")
NUMBERS = ("IntegerField", "PositiveIntegerField")
BOOLEANS = ("BooleanField", "AskForField")
RELATIONS = ("ForeignKey", "PrimaryKeyRelatedField", "DeprecatedCredentialField")


class Refused(Exception):
    """A request that AWX answers with an error: the status and the document."""

    def __init__(self, errors: Any, status: int = 400) -> None:
        super().__init__(str(errors))
        self.errors, self.status = errors, status


def converted(endpoint: str, data: Document, *, partial: bool) -> tuple[Document, list[str]]:
    """Return the accepted values and the names that AWX ignores. Raises Refused with an error for each wrong field."""
    fields: Mapping[str, Any] = FACTS[endpoint]["fields"]
    writable = {name: field for name, field in fields.items() if not field.get("read_only")}
    errors: Errors = {}
    found: Document = {}
    for name, field in writable.items():
        if name in data:
            try:
                found[name] = _value(field, data[name])
            except ValueError as error:
                errors[name] = [str(error)]
        elif field.get("required") and not partial:
            errors[name] = ["This field is required."]
    if errors:
        raise Refused(errors)
    return found, sorted(set(data) - set(writable))


def initial(endpoint: str) -> Document:
    """Return a new object with the defaults of its fields."""
    fields: Mapping[str, Any] = FACTS[endpoint]["fields"]
    return {name: _empty(field) for name, field in fields.items()}


def _empty(field: Mapping[str, Any]) -> Any:
    if "default" in field:
        return field["default"]
    return "" if field["type"] in TEXTS and not field.get("null") else None


def _value(field: Mapping[str, Any], value: Any) -> Any:
    kind = field["type"]
    if kind in RELATIONS:
        return _related(field, value)
    # The serializers of AWX turn null into empty text and false.
    if value is None:
        if kind in TEXTS and not field.get("null"):
            return _text(field, "")
        if kind in BOOLEANS and not field.get("null"):
            return False
        if field.get("null"):
            return None
        raise ValueError("This field may not be null.")
    if kind in BOOLEANS:
        return _truth(value)
    if kind in NUMBERS:
        return _choice(field, _number(kind, value))
    if kind in TEXTS or kind == "ChoiceField":
        return _text(field, value)
    return value


def _related(field: Mapping[str, Any], value: Any) -> int | None:
    if value in (None, ""):
        if field.get("null"):
            return None
        raise ValueError("This field may not be null.")
    if isinstance(value, bool) or not str(value).isdigit():
        raise ValueError(f"Incorrect type. Expected pk value, received {type(value).__name__}.")
    return int(value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "1", "yes", "on"):
        return True
    if str(value).lower() in ("false", "0", "no", "off", ""):
        return False
    raise ValueError("Must be a valid boolean.")


def _number(kind: str, value: Any) -> int:
    if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
        raise ValueError("A valid integer is required.")
    if kind == "PositiveIntegerField" and int(value) < 0:
        raise ValueError("Ensure this value is greater than or equal to 0.")
    return int(value)


def _text(field: Mapping[str, Any], value: Any) -> Any:
    if field["type"] == "ChoiceField":
        return _choice(field, value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("Not a valid string.")
    text = str(value).strip()
    if not text and field.get("required"):
        raise ValueError("This field may not be blank.")
    if len(text) > field.get("longest", len(text)):
        raise ValueError(f"Ensure this field has no more than {field['longest']} characters.")
    return _choice(field, text) if text else text


def _choice(field: Mapping[str, Any], value: Any) -> Any:
    choices = field.get("choices")
    if choices and value not in choices:
        raise ValueError(f'"{value}" is not a valid choice.')
    return value
