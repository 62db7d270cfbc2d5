# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: running VMM jobs, and the reaction of a change that stops the VMM service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.shown_text import foreign
from ..common.waiting import require_timeout

#: Reactions to running VMM jobs.
WAIT, REFUSE, IGNORE = "wait", "refuse", "ignore"
#: The commands and English names of VMM's own background jobs. They only read, run all day, and begin again when VMM
#: starts. Commands are the same in every language. Everything else is a job that a stop of VMM leaves half done.
REFRESHERS = (
    "Read-SCCloud",
    "Read-SCLibraryServer",
    "Read-SCLibraryShare",
    "Read-SCLoadBalancer",
    "Read-SCStorageProvider",
    "Read-SCVirtualMachine",
    "Read-SCVirtualizationManager",
    "Read-SCVMHost",
    "Read-SCVMHostCluster",
    "Refresh host",
    "Refresh host cluster",
    "Refresh library server",
    "Refresh library share",
    "Refresh load balancer",
    "Refresh storage provider",
    "Refresh virtual machine",
    "Refresh virtual machine properties",
    "Refresh virtual machines",
    "Refresh virtualization manager",
)
_REFRESHERS = frozenset(name.casefold() for name in REFRESHERS)
# The most jobs that a message names.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class VmmJob:
    """A running job. A value that VMM does not show is empty or None."""

    name: str
    command: str = ""
    owner: str = ""
    progress: int | None = None
    minutes: int | None = None

    @classmethod
    def from_observation(cls, raw: Mapping[str, Any]) -> VmmJob:
        """Build the job from one entry of `running_jobs`."""
        return cls(raw["name"], raw["command"], raw["owner"], raw["progress"], raw["minutes"])

    @property
    def refreshes(self) -> bool:
        """Tell whether a stop of VMM does not damage the job."""
        return is_refresher(self.name) or is_refresher(self.command)

    def describe(self) -> str:
        """Describe the job: its name, owner, progress and age."""
        details = [
            foreign(self.owner),
            "" if self.progress is None else f"{self.progress} %",
            "" if self.minutes is None else f"for {self.minutes} min",
        ]
        shown = ", ".join(detail for detail in details if detail)
        return f"'{foreign(self.name or self.command)}'{f' ({shown})' if shown else ''}"


def is_refresher(name: str) -> bool:
    """Tell whether a name or a command belongs to VMM's own background jobs."""
    return name.casefold() in _REFRESHERS


def jobs_of(raw: Iterable[Mapping[str, Any]] | None) -> tuple[VmmJob, ...]:
    """Build the jobs that a script returned, without VMM's own refreshers."""
    return tuple(job for job in map(VmmJob.from_observation, raw or ()) if not job.refreshes)


def describe_jobs(jobs: Sequence[VmmJob]) -> str:
    """Describe how many VMM jobs are running, and which."""
    count = "1 VMM job is running" if len(jobs) == 1 else f"{len(jobs)} VMM jobs are running"
    named = [job.describe() for job in jobs[:_NAMED]]
    rest = f" and {len(jobs) - _NAMED} more" if len(jobs) > _NAMED else ""
    return f"{count}: {', '.join(named)}{rest}"


@dataclass(frozen=True, slots=True)
class RunningJobs:
    """The reaction of a change that stops the VMM service to running jobs, and the time limit of a wait."""

    choice: str = WAIT
    timeout: int = 3600

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> RunningJobs:
        """Build the choice from the task's options. Raises InvalidInput."""
        timeout = options["running_jobs_timeout"]
        require_timeout(timeout, "running_jobs_timeout")
        return cls(options["running_jobs"], timeout)

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters with which a script looks for jobs again right before it stops VMM."""
        return {} if self.choice == IGNORE else {"WhenIdle": True, "QuietJobs": list(REFRESHERS)}


#: The reaction without an option.
DEFAULT_REACTION = RunningJobs()
