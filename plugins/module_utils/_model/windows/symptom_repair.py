# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: repairs of symptoms, and their undoing from the records that a repair leaves.

A repair starts a service, and sets a disabled startup type to automatic before. Both can be put back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.plan import Change, Plan
from .expectation import VMM_SERVER
from .host_facts import RUNNING
from .symptom_table import REPAIRS
from .vmm_jobs import VmmJob, describe_jobs, jobs_of

#: The sections of an observation that hold the services.
SECTIONS = {VMM_SERVER: ("vmm",), "hyperv_host": ("agent", "hyperv")}
STOPPED, DISABLED, AUTOMATIC = "Stopped", "Disabled", "Auto"
STATUS, START_MODE = "status", "start_mode"
_VMM_SERVICE = "SCVMMService"


@dataclass(frozen=True, slots=True)
class Service:
    """The state of a service as Windows shows it."""

    status: str
    start_mode: str

    def value(self, setting: str) -> str:
        """Return one of the settings."""
        return self.status if setting == STATUS else self.start_mode


@dataclass(frozen=True, slots=True)
class Services:
    """The services of a machine that a repair can start; those that the machine does not have are missing.

    `clustered` is true for a highly available VMM, whose service only the cluster starts and stops.
    """

    by_name: Mapping[str, Service]
    clustered: bool = False
    jobs: tuple[VmmJob, ...] = ()

    @classmethod
    def from_observation(cls, raw: Mapping[str, Any]) -> Services:
        """Build the services from the sections of an observation."""
        sections = {_VMM_SERVICE: raw["vmm"], "obengine": raw["agent"], "vmms": raw["hyperv"]}
        found = {name: section["service"] for name, section in sections.items() if section and section["service"]}
        vmm = raw["vmm"] or {}
        return cls(
            {name: Service(each["status"], each["start_mode"] or "") for name, each in found.items()},
            bool(vmm.get("ha_name")),
            jobs_of(vmm.get("running_jobs")),
        )

    def to_result(self) -> dict[str, Any]:
        return {name: {STATUS: each.status, START_MODE: each.start_mode} for name, each in sorted(self.by_name.items())}


@dataclass(frozen=True, slots=True)
class Record:
    """One change of a repair, from which it can be undone."""

    machine: str
    service: str
    setting: str
    before: str
    after: str

    @classmethod
    def from_document(cls, entry: Any) -> Record:
        """Build a record from an entry of an undo file. Raises InvalidInput."""
        names = ("machine", "service", "setting", "before", "after")
        values = [entry.get(name) for name in names] if isinstance(entry, Mapping) else [None]
        known = {service for services in REPAIRS.values() for service in services.values()}
        if not all(isinstance(value, str) for value in values) or entry["service"] not in known:
            raise InvalidInput("undo_file", "must have only entries of repairs", "use the file that a repair wrote")
        record = cls(*map(str, values))
        if record.setting not in _SETTABLE or not {record.before, record.after} <= _SETTABLE[record.setting]:
            raise InvalidInput("undo_file", "must have only entries of repairs", "use the file that a repair wrote")
        return record

    def to_document(self) -> dict[str, str]:
        return {
            "machine": self.machine,
            "service": self.service,
            "setting": self.setting,
            "before": self.before,
            "after": self.after,
        }


_SETTABLE = {STATUS: {STOPPED, RUNNING}, START_MODE: {DISABLED, AUTOMATIC}}


def checked_symptoms(symptoms: Iterable[str] | None) -> tuple[str, ...]:
    """Return the ids of symptoms with consent. Raises InvalidInput for a symptom without a repair."""
    known = sorted({id for repairs in REPAIRS.values() for id in repairs})
    given = tuple(dict.fromkeys(symptoms or ()))
    for id in given:
        if id not in known:
            raise InvalidInput("symptoms", f"'{id}' must be a symptom with a repair", f"use some of {', '.join(known)}")
    return given


def plan_repairs(kind: str, state: Services, symptoms: Iterable[str]) -> Plan:
    """Plan the start of the services of these symptoms. Symptoms of other kinds of machines are left out.

    Raises Refused for the service of a cluster.
    """
    changes: list[Change | None] = []
    for name in (REPAIRS[kind][id] for id in symptoms if id in REPAIRS[kind]):
        found = state.by_name.get(name)
        if found is None or found.status != STOPPED:
            continue
        if name == _VMM_SERVICE and state.clustered:
            raise Refused(
                "the VMM service belongs to a cluster, and only the cluster starts it; bring the cluster role online",
                check="vmm-service",
            )
        if found.start_mode == DISABLED:
            reason = f"set the startup type of {name} to automatic"
            changes.append(Change(f"{name}.{START_MODE}", DISABLED, AUTOMATIC, reason))
        changes.append(Change(f"{name}.{STATUS}", STOPPED, RUNNING, f"start {name}"))
    return Plan.of(changes)


def plan_undo(state: Services, records: Sequence[Record]) -> Plan:
    """Plan to put back what the records name, the last change first. Raises Refused while VMM jobs run."""
    changes = [
        Change(f"{each.service}.{each.setting}", each.after, each.before, f"put back {each.setting} of {each.service}")
        for each in reversed(records)
        if _value(state, each) == each.after
    ]
    stops = any(change.path == f"{_VMM_SERVICE}.{STATUS}" for change in changes)
    if stops and state.jobs:
        raise Refused(f"{describe_jobs(state.jobs)}, and a stop of VMM interrupts it; run again when it has ended")
    return Plan(tuple(changes))


def left(state: Services, records: Sequence[Record]) -> tuple[str, ...]:
    """Return one line for each record whose value is neither that of the repair nor that before it."""
    return tuple(
        f"{each.setting} of {each.service} is {_value(state, each) or 'missing'}, not {each.after} as after the repair;"
        " it stays as it is"
        for each in records
        if _value(state, each) not in (each.before, each.after)
    )


def _value(state: Services, record: Record) -> str | None:
    found = state.by_name.get(record.service)
    return found.value(record.setting) if found else None


def records_of(machine: str, plan: Plan) -> list[Record]:
    """Return the records of planned changes."""
    found = []
    for change in plan.changes:
        service, setting = change.path.split(".")
        found.append(Record(machine, service, setting, change.before, change.after))
    return found
