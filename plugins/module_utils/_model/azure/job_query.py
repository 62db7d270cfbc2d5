# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: which jobs of a vault are asked for. The service filters by time and state only, and cuts the list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..common.errors import InvalidInput
from ..common.names import same_name
from ..common.provider_support import moment
from .jobs import Job

#: Recorded: a list has the 200 newest jobs, and no link to more.
LONGEST_LIST = 200
STATES = (
    "NotStarted",
    "InProgress",
    "Succeeded",
    "Failed",
    "Cancelled",
    "PartiallySucceeded",
    "CompletedWithInformation",
    "Suspended",
)
# Recorded: ids of jobs are GUIDs. A name with a slash or of periods would change the address of the request.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
# Recorded: both ends of the period are sent together.
_ALWAYS = datetime(2015, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class JobQuery:
    """The jobs that a task asks for."""

    name: str | None = None
    states: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> JobQuery:
        """Return the query of a task. Raises InvalidInput."""
        since, until = (_time(option, options[option]) for option in ("since", "until"))
        if since and until and since > until:
            raise InvalidInput("until", "must not be before since", "exchange the two, or correct one of them")
        states, scenarios, targets = (tuple(options[option] or ()) for option in ("states", "scenarios", "targets"))
        query = cls(options["name"], states, scenarios, targets, since, until)
        if query.name is not None and not _NAME.fullmatch(query.name):
            raise InvalidInput(
                "name", "must be the id of a job: letters, digits and hyphens", "copy it from a list of jobs"
            )
        if query.name is not None and query != cls(query.name):
            raise InvalidInput("name", "selects one job, so no other filter applies", "remove one of the two")
        return query

    def to_filter(self, now: datetime) -> str | None:
        """Return the filter that the service applies. None: all jobs, up to the longest list."""
        parts = []
        if self.since or self.until:
            start, end = self.since or _ALWAYS, self.until or now
            parts.append(f"StartTime eq '{_spelled(start)}' and EndTime eq '{_spelled(end)}'")
        if self.states:
            states = " or ".join(f"JobStatus eq '{state}'" for state in self.states)
            parts.append(f"( {states} )")
        return " and ".join(parts) or None

    def select(self, jobs: Sequence[Job]) -> list[Job]:
        """Return the jobs of a list that the query asks for. The service cannot filter by target."""
        return [
            job
            for job in jobs
            if _matches(self.scenarios, job.scenario)
            and (_matches(self.targets, job.target.name) or _matches(self.targets, job.target.id))
        ]


def is_cut(jobs: Sequence[Any]) -> bool:
    """Tell whether a list may lack jobs."""
    return len(jobs) >= LONGEST_LIST


def cut_warning(jobs: Sequence[Job]) -> str:
    """Return the warning about a list that may lack jobs."""
    moments = [job.started for job in jobs if job.started is not None]
    oldest = f", back to {_spelled(min(moments))}" if moments else ""
    return (
        f"the vault returned {len(jobs)} jobs{oldest}, and it returns no more than {LONGEST_LIST} without saying so:"
        " older jobs may be missing; set until to that time, or narrow since and states"
    )


def _matches(wanted: Sequence[str], found: str) -> bool:
    return not wanted or any(same_name(each, found) for each in wanted)


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    found = moment(text)
    if found is None:
        raise InvalidInput(option, f"'{text}' is not a date and time", "write it as 2026-03-01T10:00:00Z")
    return found.astimezone(timezone.utc)


def _spelled(time: datetime) -> str:
    """Return a time as the service expects it (recorded: UTC, with seven digits)."""
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
