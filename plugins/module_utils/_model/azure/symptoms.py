# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the table of symptoms of a vault: codes of failed jobs and health errors, and servers with a stale entry.

The codes are from recorded jobs and from public issues; the text of an error is in a language and is never compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ..common.names import same_name
from ..common.symptom import FoundSymptom, Place, Side, Symptom, by_key
from .job_remedies import JOB_REMEDIES

SIDE: Final[Side] = "azure"
_STEP: Final = "N3"
_RECORDED: Final = "Azure PowerShell, recorded tests of Site Recovery"
_GUIDE: Final = (
    "Azure documentation of 2016, Monitor and troubleshoot protection for virtual machines and physical servers"
)
_TIME = "%Y-%m-%dT%H:%M:%S"
#: A Provider error of a job without one.
_NO_ERROR = "0"


def _row(id: str, place: Place, codes: tuple[str, ...], source: str, step: str = _STEP) -> Symptom:
    """Return the row of codes with one remedy, which the failure of a job names as well."""
    kind = "a failed job" if place == "job" else "a health error"
    shown = f"{kind} of the vault has the code {' or '.join(codes)}"
    remedy = JOB_REMEDIES[codes[0]]
    return Symptom(id, (SIDE,), step, place, shown, codes, remedy.cause, remedy.fix, source)


SYMPTOMS: Final = (
    _row("job-refused-by-hyperv", "job", ("31389", "70094"), "azure-docs issue 68695"),
    _row("job-protection-failed", "job", ("60007", "40003"), _GUIDE),
    _row("job-machine-migrates", "job", ("23848",), _GUIDE),
    _row("job-host-not-prepared", "job", ("31218",), "azure-docs issue 6131"),
    _row("job-already-protected", "job", ("45031",), _RECORDED),
    _row("job-name-taken", "job", ("28061",), _RECORDED),
    _row("job-not-committed", "job", ("25038",), _RECORDED),
    _row("job-machine-busy", "job", ("532", "505", "514"), _RECORDED),
    _row("server-disconnected", "health", ("581", "708", "813", "SRSDRAHeartbeatMissing"), _RECORDED, "P10"),
    _row("replication-stopped", "health", ("67501",), _RECORDED),
    _row("replication-paused", "health", ("67502",), _RECORDED),
    _row("replication-late", "health", ("67512", "67518"), _RECORDED),
    _row("failover-not-tested", "health", ("161011",), _RECORDED, "N4"),
    Symptom(
        "stale-server",
        (SIDE,),
        "P10",
        "vault",
        "registration is refused because the server is registered with another identity",
        (),
        "the vault has an entry of the VMM server, which itself is not registered",
        "remove the stale server from the vault, then register the server again",
        "SupportArticles-docs issue 379",
    ),
)


def find(
    *,
    jobs: Iterable[Mapping[str, Any]],
    fabrics: Sequence[Mapping[str, Any]],
    health: Mapping[str, Any],
    servers: Iterable[Mapping[str, Any]],
) -> list[FoundSymptom]:
    """Return the symptoms in the order of the table. `jobs` are single jobs, because a list leaves out their errors."""
    found = [*_of_jobs(jobs), *_of_health(fabrics, health), *_of_servers(fabrics, servers)]
    order = {row.id: number for number, row in enumerate(SYMPTOMS)}
    return sorted(found, key=lambda each: order[each.symptom.id])


def since_of(now: datetime, days: int) -> datetime:
    """Return the moment before which jobs are history."""
    return now - timedelta(days=days)


def recent(jobs: Iterable[Mapping[str, Any]], since: datetime) -> list[Mapping[str, Any]]:
    """Return the jobs of a list that did not end before `since`."""
    return [job for job in jobs if not _moment(job) or _moment(job) >= since.strftime(_TIME)]


def _moment(job: Mapping[str, Any]) -> str:
    properties = job.get("properties") or {}
    return str(properties.get("endTime") or properties.get("startTime") or "")[:19]


def _of_jobs(jobs: Iterable[Mapping[str, Any]]) -> Iterator[FoundSymptom]:
    """Yield each symptom once, with its latest job and the number of jobs."""
    rows = by_key(SYMPTOMS, "job", SIDE)
    seen: dict[str, list[str]] = {}
    for job in jobs:
        properties = job.get("properties") or {}
        place = (
            f"job {job.get('name')}, {properties.get('scenarioName')} of {properties.get('targetObjectName')}, "
            f"{_moment(job)}"
        )
        for id in {rows[code].id for code in _codes(properties) if code in rows}:
            seen.setdefault(id, []).append(place)
    for row in SYMPTOMS:
        if row.id in seen:
            places = seen[row.id]
            yield row.found(places[0] if len(places) == 1 else f"{places[0]}, and {len(places) - 1} more")


def _codes(properties: Mapping[str, Any]) -> Iterator[str]:
    for error in properties.get("errors") or ():
        yield str((error.get("serviceErrorDetails") or {}).get("code"))
        provider = str((error.get("providerErrorDetails") or {}).get("errorCode"))
        if provider != _NO_ERROR:
            yield provider


def _of_health(fabrics: Iterable[Mapping[str, Any]], health: Mapping[str, Any]) -> Iterator[FoundSymptom]:
    rows = by_key(SYMPTOMS, "health", SIDE)
    seen: dict[str, str] = {}
    for fabric in fabrics:
        properties = fabric.get("properties") or {}
        for error in properties.get("healthErrorDetails") or ():
            seen.setdefault(str(error.get("errorCode")), f"server {properties.get('friendlyName')}")
    of_items = (health.get("properties") or {}).get("protectedItemsHealth") or {}
    for issue in of_items.get("issues") or ():
        seen.setdefault(str(issue.get("summaryCode")), "health of protected items")
    told: set[str] = set()
    for code, place in seen.items():
        if code in rows and rows[code].id not in told:
            told.add(rows[code].id)
            yield rows[code].found(f"{place}, code {code}")


def _of_servers(fabrics: Iterable[Mapping[str, Any]], servers: Iterable[Mapping[str, Any]]) -> Iterator[FoundSymptom]:
    (row,) = (row for row in SYMPTOMS if row.place == "vault")
    names = [str((fabric.get("properties") or {}).get("friendlyName")) for fabric in fabrics]
    for server in servers:
        if server["registered"] is False and any(same_name(server["name"], name) for name in names):
            yield row.found(f"server {server['name']}")
