# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a run as one document, from which the page and all files are made.

`json_schema` describes it, and docs/schemas/run.schema.json has the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

from ...module_utils._model.common.check import Check, Overall, worst
from ...module_utils._model.common.resource import Evidence
from .check_sources import source_of
from .coverage import chosen_clouds
from .records import AZURE_TARGET, HYPERV_HOST, VMM_SERVER, Record
from .report import Report
from .tables import step_position
from .wave_times import wave_rows
from .waves import cluster_of

SCHEMA_VERSION: Final = 1
#: The checks of a machine that could not be reached or read. Roles and playbooks record them.
UNREAD_CHECKS: Final = ("reachable", "unchecked")

State = Literal["good", "planned", "warning", "open", "left_out", "unknown", "failed", "blocked", "missing"]
#: All states, worst first. `open` is not set up yet; `unknown` could not be read, and never counts as good.
STATES: Final[tuple[State, ...]] = (
    "blocked",
    "failed",
    "missing",
    "unknown",
    "open",
    "left_out",
    "warning",
    "planned",
    "good",
)
_ROLES: Final = (AZURE_TARGET, VMM_SERVER, HYPERV_HOST)
_OUTCOMES: Final = ("unchanged", "changed", "planned", "checked")
_STATUSES: Final[tuple[Overall, ...]] = ("error", "warning", "pass")


@dataclass(frozen=True, slots=True)
class About:
    """The facts about a run that no host recorded. `generated` is a time in ISO 8601 with its offset."""

    generated: str
    collection_version: str
    ansible_version: str
    check_mode: bool
    vault_id: str = ""


def run_document(report: Report, about: About) -> dict[str, Any]:
    """Return the document. It has texts of checks and evidence only, which never hold a secret."""
    planned = report.waves or (report.planned_waves if report.stage == "setup" else ())
    waves = {host: number for number, wave in enumerate(planned, 1) for host in wave}
    machines = [_machine(report, record, waves.get(record.host)) for record in report.records]
    machines += [_missing(each.host, each.vmm_clouds) for each in report.uncovered if each.reason == "missing"]
    checks = Counter(check["status"] for machine in machines for check in machine["checks"])
    return {
        "schema_version": SCHEMA_VERSION,
        "generated": about.generated,
        "collection": {"name": "siterecovery.hyperv", "version": about.collection_version},
        "ansible_core": about.ansible_version,
        "run": {
            "stage": report.stage,
            "check_mode": about.check_mode,
            "limit": report.scope.limit,
            "parts": list(report.scope.parts),
            "stopped": report.stopped,
        },
        "vault_id": about.vault_id,
        "status": report.status,
        "counts": {
            "machines": len(machines),
            "states": {state: sum(machine["state"] == state for machine in machines) for state in STATES},
            "checks": {status: checks[status] for status in _STATUSES},
        },
        "findings": _findings(report),
        "machines": machines,
        "clouds": _clouds(report),
        "waves": wave_rows(planned, report.wave_times if report.stage == "setup" else None),
        "left": report.left,
    }


def _machine(report: Report, record: Record, wave: int | None) -> dict[str, Any]:
    return {
        "name": record.label,
        "role": record.role,
        "fqdn": record.fqdn,
        "cluster": cluster_of(record.observation) or "",
        "clouds": list(record.vmm_clouds),
        "ring": record.ring if record.role == HYPERV_HOST else None,
        "wave": wave,
        "state": _state(report, record),
        "checks": [_check(check) for check in record.checks or ()],
        "steps": [_step(row) for row in sorted(report.evidence_of(record), key=step_position)],
        "failure": record.failure,
    }


def _missing(host: str, clouds: Sequence[str]) -> dict[str, Any]:
    """Return a host that VMM shows and the inventory lacks."""
    return {
        "name": host,
        "role": HYPERV_HOST,
        "fqdn": host,
        "cluster": "",
        "clouds": list(clouds),
        "ring": None,
        "wave": None,
        "state": "missing",
        "checks": [],
        "steps": [],
        "failure": "",
    }


def _state(report: Report, record: Record) -> State:
    checks = record.checks
    if record.failure:
        return "failed"
    if record.host in report.left_out_hosts:
        return "left_out"
    if checks is None or any(check.id in UNREAD_CHECKS and check.blocks for check in checks):
        return "unknown"
    if any(check.blocks for check in checks):
        return "blocked"
    if report.is_unfinished(record):
        return "open"
    rows = report.evidence_of(record)
    if any(row.planned for row in rows):
        return "planned"
    return "good" if worst(checks) == "pass" else "warning"


def _check(check: Check) -> dict[str, Any]:
    shown = check.to_result()
    return {
        "id": check.id,
        "step": check.step,
        "status": check.overall,
        "known": check.status != "unknown",
        "message": shown["message"],
        "fix": shown["fix"],
    }


def _step(row: Evidence) -> dict[str, str]:
    return {**row.to_result(), "outcome": row.outcome}


def _findings(report: Report) -> list[dict[str, Any]]:
    """Return what blocks and what warns, worst first. Findings with the same remedy share one entry."""
    found: dict[tuple[str, str, str, str], dict[str, list[str]]] = {}
    for each in chain(_of_checks(report), _of_problems(report)):
        cases = found.setdefault((each.status, each.step, each.id, each.fix), {})
        cases.setdefault(each.message, []).append(each.machine)
    rows = [
        {
            "status": status,
            "id": id,
            "step": step,
            "fix": fix,
            "source": source_of(id),
            "cases": [
                {"message": message, "machines": list(dict.fromkeys(machines))} for message, machines in cases.items()
            ],
        }
        for (status, step, id, fix), cases in found.items()
    ]
    return sorted(rows, key=_weight)


def _weight(row: Mapping[str, Any]) -> tuple[int, int]:
    """Return the position of a finding: its status, then the number of its machines."""
    return _STATUSES.index(row["status"]), -sum(len(case["machines"]) for case in row["cases"])


@dataclass(frozen=True, slots=True)
class _Found:
    status: Overall
    id: str
    step: str
    message: str
    fix: str
    machine: str


def _of_checks(report: Report) -> Iterator[_Found]:
    for record in report.records:
        for check in record.checks or ():
            if check.overall != "pass":
                shown = check.to_result()
                yield _Found(check.overall, check.id, check.step, shown["message"], shown["fix"], record.label)


def _of_problems(report: Report) -> Iterator[_Found]:
    """Yield the problems that no failed check explains."""
    failures = {record.label: record.failure for record in report.records}
    explained = {record.label for record in report.records if any(check.blocks for check in record.checks or ())}
    for problem in report.problems:
        if problem.label not in explained or problem.message == failures.get(problem.label):
            yield _Found("error", "", problem.step, problem.message, "", problem.label)


def _clouds(report: Report) -> list[dict[str, Any]]:
    """Return the chosen clouds with the names of their hosts in VMM."""
    servers = (record for record in report.records if record.role == VMM_SERVER)
    return [
        {
            "name": str(cloud["name"]),
            "server": server,
            "hosts": [str(host["fqdn"]) for host in cloud.get("hosts") or []],
        }
        for server, cloud in chosen_clouds(servers)
    ]


# The schema -----------------------------------------------------------------------------------------------------------

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_COUNT: Final = {"type": "integer", "minimum": 0}


def _object(properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": dict(properties),
        **more,
    }


def _list_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _object(properties)}


def json_schema() -> dict[str, Any]:
    """Return the schema of the document."""
    status = {"enum": list(_STATUSES)}
    check = {"id": _TEXT, "step": _TEXT, "status": status, "known": {"type": "boolean"}, "message": _TEXT, "fix": _TEXT}
    step = {
        "step": _TEXT,
        "found": _TEXT,
        "done": _TEXT,
        "verified": _TEXT,
        "outcome": {"enum": list(_OUTCOMES)},
    }
    machine = {
        "name": _TEXT,
        "role": {"enum": list(_ROLES)},
        "fqdn": _TEXT,
        "cluster": _TEXT,
        "clouds": _TEXTS,
        "ring": {"type": ["integer", "null"]},
        "wave": {"type": ["integer", "null"]},
        "state": {"enum": list(STATES)},
        "checks": _list_of(check),
        "steps": _list_of(step),
        "failure": _TEXT,
    }
    finding = {
        "status": status,
        "id": _TEXT,
        "step": _TEXT,
        "fix": _TEXT,
        "source": _TEXT,
        "cases": _list_of({"message": _TEXT, "machines": _TEXTS}),
    }
    run = {
        "stage": {"enum": ["checks", "setup", "state"]},
        "check_mode": {"type": "boolean"},
        "limit": _TEXT,
        "parts": _TEXTS,
        "stopped": _TEXT,
    }
    wave = {
        "number": {"type": "integer", "minimum": 1},
        "machines": _TEXTS,
        "begun": _TEXT,
        "ended": _TEXT,
        "seconds": {"type": ["integer", "null"], "minimum": 0},
    }
    document = {
        "schema_version": {"const": SCHEMA_VERSION},
        "generated": {"type": "string", "format": "date-time"},
        "collection": _object({"name": _TEXT, "version": _TEXT}),
        "ansible_core": _TEXT,
        "run": _object(run),
        "vault_id": _TEXT,
        "status": status,
        "counts": _object(
            {
                "machines": _COUNT,
                "states": _object(dict.fromkeys(STATES, _COUNT)),
                "checks": _object(dict.fromkeys(_STATUSES, _COUNT)),
            }
        ),
        "findings": _list_of(finding),
        "machines": _list_of(machine),
        "clouds": _list_of({"name": _TEXT, "server": _TEXT, "hosts": _TEXTS}),
        "waves": _list_of(wave),
        "left": _TEXTS,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A run of the playbooks, version {SCHEMA_VERSION}",
        **_object(document),
    }
