# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: how much of the network the Recovery Services agent uses: throttling by hours, and threads.

Sources: reference of Set-OBMachineSetting (parameters, and the example with 512*1024); "Azure Site Recovery: capacity
planning" of Hyper-V (threads: 4 unless set, 32 at most; rates from 512 kbit/s). That the command counts in bits per
second is inferred from its example, which has the lowest rate of the agent's own window.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput
from ..common.plan import HIDDEN, UNKNOWN, Change
from .facts import AgentFacts, ThrottleFacts

THROTTLE, UPLOAD, DOWNLOAD = "throttle", "upload_threads", "download_threads"
PATHS = (THROTTLE, UPLOAD, DOWNLOAD)
#: As the agent counts them.
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
DEFAULT_THREADS = 4
_MOST_THREADS = 32
#: In kbit/s. The highest rate is 1023 Mbit/s; pages of 2017 say 102.
_RATES = (512, 1023 * 1024)
_BITS = 1024
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_PARTS = ("work_days", "work_hours_start", "work_hours_end", "work_hour_bandwidth", "non_work_hour_bandwidth")


@dataclass(frozen=True, slots=True)
class Throttle:
    """Rates in kbit/s, times as hh:mm, days from 0 (Sunday). Without days it means: no throttling."""

    days: tuple[int, ...] = ()
    start: str = ""
    end: str = ""
    work: int = 0
    other: int = 0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Throttle:
        """Checked offline. Raises InvalidInput."""
        if not options["enabled"]:
            _require_alone(options)
            return cls()
        for name in _PARTS:
            if not options[name]:
                raise InvalidInput(f"throttle.{name}", "is needed", "give it: the agent takes hours and rates at once")
        for name in ("work_hours_start", "work_hours_end"):
            if not _TIME.fullmatch(options[name]):
                raise InvalidInput(
                    f"throttle.{name}",
                    f"'{options[name]}' is not a time like 09:00",
                    "put it in quotes, from 00:00 to 23:59",
                )
        if options["work_hours_start"] >= options["work_hours_end"]:
            raise InvalidInput("throttle.work_hours_end", "is not later than work_hours_start", "give a later time")
        for name in ("work_hour_bandwidth", "non_work_hour_bandwidth"):
            if not _RATES[0] <= options[name] <= _RATES[1]:
                raise InvalidInput(
                    f"throttle.{name}", f"{options[name]} is not between {_RATES[0]} and {_RATES[1]}", "give kbit/s"
                )
        return cls(
            tuple(sorted({DAYS.index(day) for day in options["work_days"]})),
            options["work_hours_start"],
            options["work_hours_end"],
            options["work_hour_bandwidth"],
            options["non_work_hour_bandwidth"],
        )

    @property
    def facts(self) -> ThrottleFacts | None:
        """The same as the agent shows it."""
        if not self.days:
            return None
        return ThrottleFacts(self.days, f"{self.start}:00", f"{self.end}:00", self.work * _BITS, self.other * _BITS)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is wanted; None: not written, left alone."""

    throttle: Throttle | None = None
    upload_threads: int | None = None
    download_threads: int | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Limits:
        """Checked offline. Raises InvalidInput."""
        for name in (UPLOAD, DOWNLOAD):
            count = options.get(name)
            if count is not None and not 1 <= count <= _MOST_THREADS:
                raise InvalidInput(name, f"{count} is not between 1 and {_MOST_THREADS}", "correct it")
        throttle = options.get(THROTTLE)
        return cls(
            Throttle.from_options(throttle) if throttle is not None else None,
            options.get(UPLOAD),
            options.get(DOWNLOAD),
        )

    def drift(self, agent: AgentFacts | None) -> list[Change]:
        """What differs; all that is wanted where there is no agent yet."""
        return [*self._throttle_drift(agent), *self._threads_drift(agent)]

    def parameters(self, touched: frozenset[str]) -> dict[str, Any]:
        """Those of the script, for the changes of a plan. A number that is None is left alone."""
        return {
            **self._throttle_parameters(THROTTLE in touched),
            "UploadThreads": self.upload_threads if UPLOAD in touched else None,
            "DownloadThreads": self.download_threads if DOWNLOAD in touched else None,
        }

    def _throttle_drift(self, agent: AgentFacts | None) -> list[Change]:
        wanted = self.throttle
        if wanted is None:
            return []
        after = throttle_result(wanted.facts)
        if agent is not None and agent.proxy_known and not agent.throttle_shown:
            reason = "this build of the agent does not show its throttling: set again"
            return [Change(THROTTLE, HIDDEN, HIDDEN, reason, secret=True)]
        if agent is None or not agent.proxy_known:
            # A new agent is not throttled.
            return [Change(THROTTLE, UNKNOWN if agent else None, after, _told(wanted))] if agent or wanted.days else []
        if agent.throttle == wanted.facts:
            return []
        return [Change(THROTTLE, throttle_result(agent.throttle), after, _told(wanted))]

    def _threads_drift(self, agent: AgentFacts | None) -> list[Change]:
        found = {
            UPLOAD: agent.upload_threads if agent else None,
            DOWNLOAD: agent.download_threads if agent else None,
        }
        wanted = {UPLOAD: self.upload_threads, DOWNLOAD: self.download_threads}
        return [
            Change(name, found[name], count, f"let the agent use {count} threads ({name}); its service is restarted")
            for name, count in wanted.items()
            if count is not None and count != (found[name] or DEFAULT_THREADS)
        ]

    def _throttle_parameters(self, touched: bool) -> dict[str, Any]:
        wanted = self.throttle
        if wanted is None or not touched:
            return {"Throttle": "keep"}
        facts = wanted.facts
        if facts is None:
            return {"Throttle": "none"}
        return {
            "Throttle": "limit",
            "WorkDays": list(facts.days),
            "StartWorkHour": facts.start,
            "EndWorkHour": facts.end,
            "WorkHourBandwidth": facts.work,
            "NonWorkHourBandwidth": facts.other,
        }


def throttle_result(facts: ThrottleFacts | None) -> dict[str, Any]:
    """As the options are written; None: no throttling."""
    if facts is None:
        return {"enabled": False, **dict.fromkeys(_PARTS)}
    return {
        "enabled": True,
        "work_days": [DAYS[day] for day in facts.days],
        "work_hours_start": facts.start[:5],
        "work_hours_end": facts.end[:5],
        "work_hour_bandwidth": facts.work // _BITS,
        "non_work_hour_bandwidth": facts.other // _BITS,
    }


def to_result(agent: AgentFacts | None, wanted: Limits) -> dict[str, Any]:
    """The agent's limits, those that were written. What can't be known is null, also threads that nobody has set."""
    hidden = agent is not None and not agent.throttle_shown
    throttle = None if hidden else throttle_result(agent.throttle if agent else None)
    found: dict[str, tuple[Any, Any]] = {
        THROTTLE: (wanted.throttle, throttle),
        UPLOAD: (wanted.upload_threads, agent.upload_threads if agent else None),
        DOWNLOAD: (wanted.download_threads, agent.download_threads if agent else None),
    }
    return {name: value for name, (written, value) in found.items() if written is not None}


def _told(wanted: Throttle) -> str:
    if not wanted.days:
        return "take the agent's throttling away"
    days = ", ".join(DAYS[day] for day in wanted.days)
    return (
        f"throttle the agent to {wanted.work} kbit/s from {wanted.start} to {wanted.end} ({days}), else to"
        f" {wanted.other} kbit/s"
    )


def _require_alone(options: Mapping[str, Any]) -> None:
    for name in _PARTS:
        if options[name] is not None:
            raise InvalidInput(f"throttle.{name}", "has no meaning without throttling", "leave it out, or enable it")
