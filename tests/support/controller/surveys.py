# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of AWX for surveys: for a new survey (api/views), and for an answer (models/mixins.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .values import Refused

TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "textarea": (str,),
    "password": (str,),
    "multiplechoice": (str,),
    "multiselect": (str,),
    "integer": (int,),
    "float": (float, int),
}
_PARTS = (("name", str), ("description", str), ("spec", list))
_WORDS = (("type", str), ("question_name", str), ("variable", str), ("required", bool))


def require_valid(survey: Any) -> None:
    """Raise Refused for a survey that AWX does not accept."""
    for name, kind in _PARTS:
        if not isinstance(survey.get(name), kind):
            raise Refused({"error": f"'{name}' of the survey must be {kind.__name__}."})
    if not survey["spec"]:
        raise Refused({"error": "'spec' has no items."})
    seen = set()
    for question in survey["spec"]:
        problem = _problem(question)
        if problem or question["variable"] in seen:
            raise Refused({"error": problem or f"{question['variable']} is asked twice."})
        seen.add(question["variable"])


def _problem(question: Any) -> str | None:
    if not isinstance(question, dict):
        return "A question must be an object."
    for name, kind in _WORDS:
        if not isinstance(question.get(name), kind):
            return f"'{name}' of a question must be {kind.__name__}."
    kind = question["type"]
    if kind not in TYPES:
        return f"{kind} is not a type of questions."
    default = question.get("default", "")
    if default != "" and not isinstance(default, TYPES[kind]):
        return f"The default of {question['variable']} has the wrong type."
    if any(not isinstance(question.get(limit), int | None) for limit in ("min", "max")):
        return f"A limit of {question['variable']} is not a whole number."
    return _choices_problem(question, default) if kind in ("multiplechoice", "multiselect") else None


def _choices_problem(question: Mapping[str, Any], default: Any) -> str | None:
    if "choices" not in question:
        return f"{question['variable']} has no choices."
    chosen = str(default).splitlines()
    if len(chosen) > 1 and question["type"] == "multiplechoice":
        return f"{question['variable']} has several defaults."
    if any(each not in choices_of(question) for each in chosen):
        return f"The default of {question['variable']} is no choice."
    return None


def choices_of(question: Mapping[str, Any]) -> list[str]:
    choices = question["choices"]
    return [each for each in choices.splitlines() if each.strip()] if isinstance(choices, str) else list(choices)


def accepts(question: Mapping[str, Any], answer: Any) -> bool:
    """Tell whether AWX passes this answer on as an extra variable."""
    kind = question["type"]
    if kind == "multiplechoice":
        return answer in choices_of(question)
    if kind == "multiselect":
        return isinstance(answer, list) and all(each in choices_of(question) for each in answer)
    if kind == "integer" and type(answer) is not int:
        return False
    if not isinstance(answer, TYPES[kind]):
        return False
    size = len(answer) if isinstance(answer, str) else answer
    least, most = question.get("min"), question.get("max")
    return (least in ("", None) or size >= least) and (most in ("", None) or size <= most)


def passed_on(survey: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extra variables of a job. A default replaces a question that was not answered."""
    found = {}
    for question in survey["spec"]:
        default = question.get("default")
        if default is not None and accepts(question, default):
            found[question["variable"]] = default
    refused = [each["variable"] for each in survey["spec"] if not _valid(each, answers)]
    if refused or answers.keys() - {each["variable"] for each in survey["spec"]}:
        raise Refused({"variables_needed_to_start": refused})
    return {**found, **answers}


def _valid(question: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    if question["variable"] not in answers:
        return not question["required"]
    return accepts(question, answers[question["variable"]])
