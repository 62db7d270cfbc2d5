# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: checks and evidence from the results of modules that ran in check mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from .check import Check
from .errors import Refused
from .resource import Evidence

CHECK = "plan"
_LATER = "known after the earlier steps"
Result = Mapping[str, Any]


def planned(results: Sequence[Result], step: str, *, pending: bool) -> tuple[list[Check], list[Evidence]]:
    """Return a check for each result of a step, and the evidence of what was planned.

    With `pending` an earlier step can provide what a module refused to plan without. Another error is never taken for
    this.
    """
    done = [result for result in results if not result.get("skipped")]
    return [check for each in done for check in _checks(each, step, pending=pending)], [
        row for each in done for row in _rows(each, step, pending=pending)
    ]


def _checks(result: Result, step: str, *, pending: bool) -> Iterator[Check]:
    if "evidence" in result:
        for row in _evidence(result):
            yield Check.passed(CHECK, row.step, f"{row.found}; {row.done}" if row.planned else row.found)
    elif _waits(result, pending=pending):
        yield Check.unknown(CHECK, step, f"{_LATER}: {result.get('msg')}", severity="info")
    else:
        yield Check.failed(CHECK, step, str(result.get("msg") or "no answer"))


def _rows(result: Result, step: str, *, pending: bool) -> Iterator[Evidence]:
    if "evidence" in result:
        yield from _evidence(result)
    elif _waits(result, pending=pending):
        yield Evidence.of_plan(step, str(result.get("msg")), _LATER)


def _evidence(result: Result) -> Iterator[Evidence]:
    for row in result["evidence"]:
        yield Evidence(*(str(row[field.name]) for field in fields(Evidence)))


def _waits(result: Result, *, pending: bool) -> bool:
    error = result.get("error")
    return pending and isinstance(error, Mapping) and error.get("kind") == Refused.kind
