# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: network limits of the Recovery Services agent: throttling and threads.

Sources: reference of Set-OBMachineSetting (parameters, and the example with 512*1024); "Azure Site Recovery: capacity
planning" of Hyper-V (threads: 4 by default, 32 at most; rates from 512 kbit/s). That the command counts in bits per
second is inferred from its example, which uses the lowest rate of the agent's own window.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput
from ..common.plan import HIDDEN, UNKNOWN, Change
from .agent_facts import AgentFacts, ThrottleFacts

THROTTLE, UPLOAD, DOWNLOAD = "throttle", "upload_threads", "download_threads"
PATHS = (THROTTLE, UPLOAD, DOWNLOAD)
#: In the order of the agent's day numbers.
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
DEFAULT_THREADS = 4
_MOST_THREADS = 32
#: In kbit/s. The highest rate is 1023 Mbit/s; pages of 2017 name 102.
_RATES = (512, 1023 * 1024)
_BITS = 1024
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_PARTS = ("work_days", "work_hours_start", "work_hours_end", "work_hour_bandwidth", "non_work_hour_bandwidth")


@dataclass(frozen=True, slots=True)
class Throttle:
    """Desired throttling: rates in kbit/s, times as hh:mm, days from 0 (Sunday). No days mean no throttling."""

    days: tuple[int, ...] = ()
    start: str = ""
    end: str = ""
    work: int = 0
    other: int = 0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Throttle:
        """Build the throttling from the option `throttle` and validate it offline. Raises InvalidInput."""
        if not options["enabled"]:
            _require_disabled_alone(options)
            return cls()
        for name in _PARTS:
            if not options[name]:
                raise InvalidInput(
                    f"throttle.{name}", "is required", "set it: the agent takes hours and rates together"
                )
        for name in ("work_hours_start", "work_hours_end"):
            if not _TIME.fullmatch(options[name]):
                raise InvalidInput(
                    f"throttle.{name}",
                    f"must be a time like 09:00, not '{options[name]}'",
                    "put it in quotes, from 00:00 to 23:59",
                )
        if options["work_hours_start"] >= options["work_hours_end"]:
            raise InvalidInput("throttle.work_hours_end", "must be later than work_hours_start", "set a later time")
        for name in ("work_hour_bandwidth", "non_work_hour_bandwidth"):
            if not _RATES[0] <= options[name] <= _RATES[1]:
                raise InvalidInput(
                    f"throttle.{name}",
                    f"must be from {_RATES[0]} to {_RATES[1]}, not {options[name]}",
                    "set it in kbit/s",
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
        """Return the throttling as the agent shows it."""
        if not self.days:
            return None
        return ThrottleFacts(self.days, f"{self.start}:00", f"{self.end}:00", self.work * _BITS, self.other * _BITS)


@dataclass(frozen=True, slots=True)
class Limits:
    """Desired limits. A limit that is None is not set and never changed."""

    throttle: Throttle | None = None
    upload_threads: int | None = None
    download_threads: int | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Limits:
        """Build the limits from the task's options and validate them offline. Raises InvalidInput."""
        for name in (UPLOAD, DOWNLOAD):
            count = options.get(name)
            if count is not None and not 1 <= count <= _MOST_THREADS:
                raise InvalidInput(name, f"must be from 1 to {_MOST_THREADS}, not {count}", "correct the number")
        throttle = options.get(THROTTLE)
        return cls(
            Throttle.from_options(throttle) if throttle is not None else None,
            options.get(UPLOAD),
            options.get(DOWNLOAD),
        )

    def diff(self, agent: AgentFacts | None) -> list[Change]:
        """Return the limits that differ. Without an agent these are all desired limits."""
        return [*self._throttle_diff(agent), *self._threads_diff(agent)]

    def parameters(self, touched: frozenset[str]) -> dict[str, Any]:
        """Return the parameters of the script for the changed limits. The script keeps a number that is None."""
        return {
            **self._throttle_parameters(THROTTLE in touched),
            "UploadThreads": self.upload_threads if UPLOAD in touched else None,
            "DownloadThreads": self.download_threads if DOWNLOAD in touched else None,
        }

    def _throttle_diff(self, agent: AgentFacts | None) -> list[Change]:
        desired = self.throttle
        if desired is None:
            return []
        after = throttle_result(desired.facts)
        if agent is not None and agent.proxy_known and not agent.throttle_shown:
            reason = "set the throttling again, because this build of the agent does not show it"
            return [Change(THROTTLE, HIDDEN, HIDDEN, reason, secret=True)]
        if agent is None or not agent.proxy_known:
            # A new agent is not throttled.
            if agent is None and not desired.days:
                return []
            return [Change(THROTTLE, UNKNOWN if agent else None, after, _describe(desired))]
        if agent.throttle == desired.facts:
            return []
        return [Change(THROTTLE, throttle_result(agent.throttle), after, _describe(desired))]

    def _threads_diff(self, agent: AgentFacts | None) -> list[Change]:
        current = {
            UPLOAD: agent.upload_threads if agent else None,
            DOWNLOAD: agent.download_threads if agent else None,
        }
        desired = {UPLOAD: self.upload_threads, DOWNLOAD: self.download_threads}
        return [
            Change(name, current[name], count, f"set {name} of the agent to {count} and restart its service")
            for name, count in desired.items()
            if count is not None and count != (current[name] or DEFAULT_THREADS)
        ]

    def _throttle_parameters(self, touched: bool) -> dict[str, Any]:
        desired = self.throttle
        if desired is None or not touched:
            return {"Throttle": "keep"}
        facts = desired.facts
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
    """Return observed throttling in the form of the option. None means that throttling is off."""
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


def to_result(agent: AgentFacts | None, desired: Limits) -> dict[str, Any]:
    """Return those limits of the agent that the task sets. An unknown limit, and threads never set, are null."""
    hidden = agent is not None and not agent.throttle_shown
    throttle = None if hidden else throttle_result(agent.throttle if agent else None)
    limits: dict[str, tuple[Any, Any]] = {
        THROTTLE: (desired.throttle, throttle),
        UPLOAD: (desired.upload_threads, agent.upload_threads if agent else None),
        DOWNLOAD: (desired.download_threads, agent.download_threads if agent else None),
    }
    return {name: value for name, (requested, value) in limits.items() if requested is not None}


def _describe(desired: Throttle) -> str:
    if not desired.days:
        return "disable throttling of the agent"
    days = ", ".join(DAYS[day] for day in desired.days)
    return (
        f"throttle the agent to {desired.work} kbit/s from {desired.start} to {desired.end} ({days}), and to"
        f" {desired.other} kbit/s at other times"
    )


def _require_disabled_alone(options: Mapping[str, Any]) -> None:
    """Raise InvalidInput if throttling is disabled and another suboption is set."""
    for name in _PARTS:
        if options[name] is not None:
            raise InvalidInput(
                f"throttle.{name}", "must not be set when throttling is disabled", "remove it, or set enabled to true"
            )
