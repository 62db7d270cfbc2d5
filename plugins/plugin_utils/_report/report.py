# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the report of a run, which lists the open problems of each host as data and as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ...module_utils._model.common.check import Check, Overall, worst
from ...module_utils._model.common.resource import Evidence
from .coverage import Duplicate, Uncovered, find_duplicates, find_uncovered
from .records import AZURE_TARGET, HYPERV_HOST, VMM_SERVER, Record
from .scope import HYPERV_HOSTS, Scope
from .tables import check_table, evidence_table
from .waves import DEFAULT_SIZES, Candidate, Wave, cluster_of, describe_waves, plan_waves

FailOn = Literal["error", "warning", "never"]
UnreadyHosts = Literal["fail", "skip", "accept"]
Stage = Literal["checks", "setup", "state"]
Table = Literal["none", "checks", "problems", "evidence"]
_LOCALHOST = "localhost"
_NOT_SET_UP = {
    VMM_SERVER: "not registered with a Site Recovery Provider; run the playbook vmm_servers",
    HYPERV_HOST: "no Recovery Services agent; run the playbook hyperv_hosts",
}
#: The playbooks that make planned changes in Azure, by step. All other steps are those of the target.
_PLAYBOOKS = {"N1": "replication", "N2": "replication", "N3": "protect", "N4": "drill"}
_NOT_SHOWN = "run the playbook vmm_servers, which waits for the vault"
#: A module knows only its own options, and the messages of failed tasks come from modules.
_OPTIONS_IN_MESSAGES = (
    "An option in a message is a key of a variable, or the end of its name: running_jobs is vmm_server_running_jobs."
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that must make the run fail, and the host that fails because of it."""

    host: str
    label: str
    step: str
    message: str

    @property
    def line(self) -> str:
        """Return the problem without the host, for the host's own failure."""
        return f"{self.step}: {self.message}" if self.step else self.message

    def describe(self) -> str:
        return f"{self.label} {self.step}: {self.message}" if self.step else f"{self.label}: {self.message}"


@dataclass(frozen=True)
class Report:
    """The records of a run, and the problems at this stage.

    At the stage checks every host must have passed its checks. At the stage setup the run must also have set it up.
    At the stage state every host must be set up, also Azure, and the vault must show the VMM servers.
    `machines` are all Hyper-V hosts of the inventory, including those outside of the limit. With `accept_uncovered` a
    host that the inventory lacks is not a problem.
    """

    scope: Scope
    records: tuple[Record, ...]
    machines: tuple[Record, ...]
    stage: Stage = "checks"
    accept_uncovered: bool = False
    #: The options of the command line that select tasks, for example `--tags x`; empty without them.
    task_options: str = ""
    #: The action for Hyper-V hosts whose checks failed: with `skip` the run sets up the others, and fails at its end.
    #: The stage state sets up no host, so it ignores this.
    unready_hosts: UnreadyHosts = "fail"
    #: Why the run began no further wave; empty if it began all of them.
    stopped: str = ""
    #: The result that makes a host fail: with `warning` also a check that warns, with `never` none.
    fail_on: FailOn = "error"
    #: The sizes of the waves; empty for the default. None: the report does not plan them.
    wave_sizes: tuple[str, ...] | None = None
    #: The waves that the checks of this run planned, and the facts about their times.
    planned_waves: tuple[Wave, ...] = ()
    wave_times: Any = None

    @cached_property
    def waves(self) -> tuple[Wave, ...]:
        """Return the waves of the hosts to set up. Hosts that are left out or have nothing to do are in none."""
        if self.wave_sizes is None:
            return ()
        ready = [record for record in self._of(HYPERV_HOST) if record.host not in self.left_out_hosts]
        due = [record for record in ready if record.settled is None]
        return plan_waves(map(_candidate, due), self.wave_sizes or DEFAULT_SIZES)

    @cached_property
    def left_out(self) -> list[Record]:
        """Return the Hyper-V hosts that the run leaves out because of their checks. It never leaves out all of them."""
        every = self.unready_hosts == "fail" or self.stage == "state"
        return [] if every else self._unready

    @cached_property
    def _unready(self) -> list[Record]:
        hosts = self._of(HYPERV_HOST)
        unready = [record for record in hosts if any(check.blocks for check in record.checks or ())]
        return [] if len(unready) == len(hosts) else unready

    @cached_property
    def left_out_hosts(self) -> frozenset[str]:
        """Return the names of these hosts."""
        return frozenset(record.host for record in self.left_out)

    @cached_property
    def uncovered(self) -> list[Uncovered]:
        """Return the Hyper-V hosts that the run does not cover. Only a run with the part of the hosts is checked."""
        return find_uncovered(self._of(VMM_SERVER), self.machines) if HYPERV_HOSTS in self.scope.parts else []

    @cached_property
    def duplicates(self) -> list[Duplicate]:
        return find_duplicates(self.records)

    @cached_property
    def unfinished(self) -> list[str]:
        """Return the hosts that are not set up, although this stage requires it."""
        return list(dict.fromkeys(record.host for record in self.records if self.is_unfinished(record)))

    @property
    def left(self) -> list[str]:
        """Return the hosts for the limit of the next run. A run that stops at its checks leaves all of its hosts."""
        if self.stage == "checks":
            return list(dict.fromkeys(record.host for record in self.records)) if self.problems else []
        hosts = list(dict.fromkeys([*self.unfinished, *(record.host for record in self.left_out)]))
        return [_LOCALHOST, *(host for host in hosts if host != _LOCALHOST)] if hosts and self.scope.azure else hosts

    @cached_property
    def problems(self) -> list[Problem]:
        found = [*(problem for record in self.records for problem in self._of_record(record)), *self._of_run()]
        # A proxy that rejects the login fails the check of each address with the same words.
        return list(dict.fromkeys(found))

    @property
    def failures(self) -> dict[str, list[str]]:
        """Return the lines of each host that must fail."""
        lines: dict[str, list[str]] = {}
        for problem in self.problems if self.fail_on != "never" else ():
            lines.setdefault(problem.host, []).append(problem.line)
        return lines

    @property
    def status(self) -> Overall:
        if self.problems:
            return "error"
        found = worst(check for checks in self._checks().values() for check in checks)
        if found == "error" or (found == "pass" and self._missing_lines()):
            # The failed checks are those of hosts that were left out.
            return "warning"
        return found

    def lines(self, table: Table, *, planned: bool = False, width: int = 120) -> list[str]:
        """Return the report as text: the table, then the open problems."""
        if table == "none":
            return []
        if table == "evidence":
            shown = evidence_table(self._evidence(), planned=planned, width=width)
            shown = ["Check mode: nothing was changed.", *shown] if planned else shown
        else:
            shown = check_table(self._checks(), problems_only=table == "problems", width=width)
        if planned:
            shown = [*shown, *describe_waves(self.waves)]
        problems = [problem.describe() for problem in self.problems]
        accepted = [f"left out: {line}" for line in self._missing_lines()] if self.accept_uncovered else []
        if self._tolerated:
            accepted += [f"left out: {record.host} {_failed_checks(record)}" for record in self.left_out]
        return [*shown, *([""] if problems or accepted else []), *problems, *accepted, *self._way_on()]

    def to_result(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "problems": [problem.describe() for problem in self.problems],
            "failures": self.failures,
            "unfinished": self.unfinished,
            "left_out": [record.host for record in self.left_out],
            "left": self.left,
            "uncovered": [each.to_result() for each in self.uncovered],
            "duplicates": [each.to_result() for each in self.duplicates],
            "waves": [list(wave) for wave in self.waves],
        }

    def _way_on(self) -> list[str]:
        """Return a line about the options in messages of failed tasks, or about the way on without unready hosts."""
        if any(record.failure for record in self.records):
            return [_OPTIONS_IN_MESSAGES]
        unready = {record.host for record in self._unready}
        if self.stage != "checks" or not self.problems or {problem.host for problem in self.problems} - unready:
            return []
        return ["To set up the other Hyper-V hosts first, set site_unready_hosts to skip."]

    def _of(self, role: str) -> list[Record]:
        return [record for record in self.records if record.role == role]

    @property
    def _tolerated(self) -> bool:
        """Tell whether the run may leave out hosts at this stage without a problem."""
        return self.unready_hosts == "accept" or (self.unready_hosts == "skip" and self.stage == "checks")

    def _of_record(self, record: Record) -> Iterator[Problem]:
        if record.role == HYPERV_HOST and record.host in self.left_out_hosts:
            if not self._tolerated:
                yield _problem(record, f"left out, because its checks failed: {_failed_checks(record)}")
            return
        if record.failure:
            yield _problem(record, record.failure)
        if record.checks is None:
            yield _problem(record, self._not_done("checked"))
        for check in record.checks or ():
            if check.blocks or (self.fail_on == "warning" and check.overall == "warning"):
                yield _problem(record, check.describe(), check.step)
        if record.checks is not None and not record.failure and self.is_unfinished(record):
            yield from self._of_unfinished(record)
        if self.stage == "state" and all(server.set_up for server in self._of(VMM_SERVER)):
            yield from (_problem(record, f"{line}; {_NOT_SHOWN}", "P10") for line in record.outstanding)

    def is_unfinished(self, record: Record) -> bool:
        """Tell whether a host is not set up, although this stage requires it."""
        if self.stage == "setup":
            return self._done(record) is None or bool(record.failure)
        return self.stage == "state" and not record.set_up

    def _done(self, record: Record) -> tuple[Evidence, ...] | None:
        """Return the evidence of the setup. The checks have it for a host without anything to do."""
        return record.evidence if record.evidence is not None or self.stage != "setup" else record.settled

    def _of_unfinished(self, record: Record) -> Iterator[Problem]:
        if self.stage == "setup":
            yield _problem(record, self._unfinished_line(record))
        elif not record.observed:
            # A failed check has already explained why the host was not read.
            if not any(check.blocks for check in record.checks or ()):
                yield _problem(record, self._not_done("read"))
        elif record.role == AZURE_TARGET:
            for row in record.differences:
                playbook = _PLAYBOOKS.get(row.step, "target")
                yield _problem(record, f"{row.found}; {row.done}; run the playbook {playbook}", row.step)
        else:
            yield _problem(record, _NOT_SET_UP[record.role])

    def _unfinished_line(self, record: Record) -> str:
        if record.role == VMM_SERVER and (failed := [other.host for other in self._of(VMM_SERVER) if other.failure]):
            return f"not set up, because {failed[0]} failed before it; run again"
        if self.stopped and record.role == HYPERV_HOST:
            return f"not set up, because {self.stopped}; run again"
        return self._not_done("set up")

    def _not_done(self, participle: str) -> str:
        advice = (
            f"run again without {self.task_options}" if self.task_options else "see the errors above, then run again"
        )
        return f"not {participle} in this run; {advice}"

    def _of_run(self) -> Iterator[Problem]:
        """Yield the problems that concern several hosts. The problem of an unknown host fails localhost."""
        for duplicate in self.duplicates:
            for host in duplicate.hosts:
                yield Problem(host, host, "", duplicate.describe())
        lines, group = self._missing_lines(), self.scope.groups[HYPERV_HOSTS]
        if self.accept_uncovered or not lines:
            return
        if self.stage != "checks":
            yield from (Problem(_LOCALHOST, "Azure", "H1", line) for line in lines)
        elif not group.hosts:
            names = ", ".join(each.host for each in self.uncovered)
            line = f"the inventory has no host in '{group.pattern}', but the chosen clouds have {names}"
            yield Problem(_LOCALHOST, "Azure", "H1", f"{line}; add them to the inventory, or correct site_hyperv_hosts")

    def _missing_lines(self) -> list[str]:
        """Describe the hosts that the inventory lacks. A host without an agent has its own record."""
        group = self.scope.groups[HYPERV_HOSTS].pattern
        return [each.describe(group) for each in self.uncovered if each.reason == "missing"]

    def _checks(self) -> dict[str, list[Check]]:
        found: dict[str, list[Check]] = {}
        for record in self.records:
            found.setdefault(record.label, []).extend(record.checks or ())
        if "Azure" in found and self.stage == "checks":
            lines = self._missing_lines()
            found["Azure"] += [Check.warning("uncovered", "H1", "; ".join(lines))] if lines else []
        return found

    def _evidence(self) -> dict[str, list[Evidence]]:
        found: dict[str, list[Evidence]] = {}
        for record in self.records:
            found.setdefault(record.label, []).extend(self.evidence_of(record))
        return found

    def evidence_of(self, record: Record) -> list[Evidence]:
        """Return the evidence of a host: planned changes, readings, then the setup."""
        # The setup of the target ends with the same readings.
        ended = self.stage == "setup" and record.role == AZURE_TARGET and record.evidence
        readings = () if ended else record.readings
        # The evidence of a setup in check mode has the planned changes already.
        differences = record.differences if self.stage == "state" else ()
        planned = {row.step for row in differences}
        rows = [row for row in readings if row.step not in planned]
        return [*differences, *rows, *(self._done(record) or ())]


def _candidate(record: Record) -> Candidate:
    return Candidate(record.host, cluster_of(record.observation), record.ring)


def _failed_checks(record: Record) -> str:
    return "; ".join(f"{check.step}: {check.describe()}" for check in record.checks or () if check.blocks)


def _problem(record: Record, message: str, step: str = "") -> Problem:
    return Problem(record.host, record.label, step, message)
