# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: finds the symptoms of a Windows machine in what one execution has read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..common.check import Check
from ..common.symptom import FoundSymptom, Side, Symptom, by_key
from .background_task import LOST, task_state
from .expectation import Expectation
from .facts import MachineFacts
from .preflight import SECTIONS as _SECTIONS
from .registration_failures import failure_of
from .requirement_context import Context
from .requirements import evaluate
from .symptom_table import SYMPTOMS

SECTIONS = {kind: (*names, "background_tasks") for kind, names in _SECTIONS.items()}
_REGULAR = re.compile(r"\\[b().]")
_NO_CODE = -1
#: Checks that are unknown while another one fails, which is a symptom by itself.
_BECAUSE = {"switch-names": "hyperv"}
#: The programs of the logs as a person knows them.
_PROGRAMS = {"setup": "setup and registration", "agent_setup": "setup of the agent", "agent": "agent"}
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
#: Cleans a text that a program on the machine wrote.
Clean = Callable[[object], str]


def literal(pattern: str) -> str:
    """Return the text that every match of a pattern contains, which the script searches for."""
    return _REGULAR.sub(lambda found: found[0][1] if found[0][1] in "()." else "", pattern)


def log_signs() -> list[str]:
    """Return the texts of logs that the script searches for."""
    return sorted({literal(key) for row in SYMPTOMS if row.place == "log" for key in row.keys})


def event_signs() -> list[str]:
    """Return the texts of events that the script searches for."""
    return sorted({key for row in SYMPTOMS if row.place == "event" for key in row.keys})


def find(kind: Side, raw: Mapping[str, Any], *, days: int, clean: Clean) -> list[FoundSymptom]:
    """Return the symptoms in the order of the table. Logs that are older than `days` are history."""
    found = [*_of_checks(kind, raw), *_of_logs(kind, raw, days, clean), *_of_events(kind, raw), *_of_tasks(kind, raw)]
    order = {row.id: number for number, row in enumerate(SYMPTOMS)}
    return sorted(found, key=lambda each: order[each.symptom.id])


def unread(kind: Side, raw: Mapping[str, Any]) -> list[str]:
    """Return what could not be read, one line each. A failed reading can hide a symptom."""
    if MachineFacts.from_observation(raw).constrained:
        return [f"everything but the language mode of PowerShell, which is {raw['language_mode']}"]
    found = _checks(kind, raw)
    failed = {each.id for each in found if each.status == "fail"}
    unknown = [each for each in found if each.status == "unknown" and _BECAUSE.get(each.id) not in failed]
    checks = [f"check {each.id}: {each.message}" for each in unknown]
    readings = [f"{each['name']}: {each['reason']}" for each in raw.get("unread") or ()]
    logs = [f"log of the {_PROGRAMS[each['program']]}: {each['error']}" for each in raw["logs"] if each["error"]]
    events = [f"event log {each['log']}: {each['error']}" for each in raw["event_logs"] if each["error"]]
    return [*checks, *readings, *logs, *events]


def absent_logs(raw: Mapping[str, Any]) -> list[str]:
    """Return the event logs that the machine does not have."""
    return [each["log"] for each in raw["event_logs"] if each["absent"]]


def _of_checks(kind: Side, raw: Mapping[str, Any]) -> Iterator[FoundSymptom]:
    rows = by_key(SYMPTOMS, "check", kind)
    for check in _checks(kind, raw):
        if check.status == "fail" and check.overall != "pass":
            shown = check.under({})
            yield rows[check.id].found(f"check {check.id}", cause=shown.message, fix=shown.fix, step=check.step)


def _checks(kind: Side, raw: Mapping[str, Any]) -> tuple[Check, ...]:
    """Return the checks that show symptoms. Without a desired state and operations, none of them blocks anything."""
    context = Context(kind, MachineFacts.from_observation(raw), Expectation(), frozenset())
    return evaluate(context, by_key(SYMPTOMS, "check", kind))


def _of_logs(kind: Side, raw: Mapping[str, Any], days: int, clean: Clean) -> Iterator[FoundSymptom]:
    rows = by_key(SYMPTOMS, "log", kind)
    for log in raw["logs"]:
        lines = [clean(line) for line in log["lines"]]
        row = _log_row(rows, log["program"], lines)
        if row is not None and _is_recent(log["written"], raw, days):
            yield row.found(f"log of {_PROGRAMS[log['program']]}, {log['written']}")


def _log_row(rows: Mapping[str, Symptom], program: str, lines: list[str]) -> Symptom | None:
    if program == "setup":
        failure = failure_of(_NO_CODE, lines)
        return rows.get(failure.signs[0]) if failure is not None else None
    text = "\n".join(lines)
    return next((row for key, row in rows.items() if re.search(rf"{key}(?![0-9A-Za-z])", text)), None)


def _is_recent(written: str | None, raw: Mapping[str, Any], days: int) -> bool:
    """Tell whether a log is not older than the given number of days, by the machine's own clock."""
    if written is None:
        return True
    now = datetime.strptime(raw["host"]["utc_now"], _MOMENT)
    return now - datetime.strptime(written, _MOMENT) <= timedelta(days=days)


def _of_events(kind: Side, raw: Mapping[str, Any]) -> Iterator[FoundSymptom]:
    rows = by_key(SYMPTOMS, "event", kind)
    seen: set[str] = set()
    for log in raw["event_logs"]:
        for event in log["events"]:
            text = "\n".join(event["lines"])
            for key, row in rows.items():
                if row.id not in seen and re.search(rf"{re.escape(key)}(?![0-9A-Za-z])", text):
                    seen.add(row.id)
                    yield row.found(f"event {event['id']} in {log['log']}, {event['time']}")


def _of_tasks(kind: Side, raw: Mapping[str, Any]) -> Iterator[FoundSymptom]:
    rows = by_key(SYMPTOMS, "task", kind)
    for task in raw.get("background_tasks") or ():
        code = task["task_result"]
        state = task_state(task["task"], code, folder=True, finished=task["finished"])
        row = rows.get(str(code)) if state == LOST else None
        if row is not None:
            yield row.found(f"scheduled task siterecovery.hyperv-{task['name']}")
