# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: lets a script stop the VMM service only when no job runs that the stop would interrupt."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ....module_utils._model.common.errors import DeadlineExceeded, Refused
from ....module_utils._model.common.waiting import interval
from ....module_utils._model.windows.vmm_jobs import REFRESHERS, WAIT, RunningJobs, VmmJob, describe_jobs, jobs_of
from ..._progress import ProgressLines
from ..._windows.session import Session


class QuietVmm:
    """Runs scripts that look for jobs right before they stop VMM, and waits between them if the task allows it."""

    def __init__(self, session: Session, running_jobs: RunningJobs, step: str) -> None:
        self._session = session
        self._running_jobs = running_jobs
        self._step = step

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters with which a script looks for jobs right before it stops VMM."""
        return self._running_jobs.parameters

    def run(
        self, script: Callable[[], Mapping[str, Any]], observed: Sequence[VmmJob] | None = None
    ) -> tuple[Mapping[str, Any], tuple[VmmJob, ...]]:
        """Run a script until it has found no job. Return its answer, and the jobs that stopped it if waiting is not
        allowed.

        `observed` are the jobs that are known to run. Raises DeadlineExceeded.
        """
        waits, started = self._running_jobs.choice == WAIT, time.monotonic()
        lines = ProgressLines(self._session.show, timeout=self._running_jobs.timeout)
        jobs = tuple(observed or ()) if waits else ()
        while True:
            if jobs:
                self._wait(jobs, started, lines)
            answer = script()
            jobs = jobs_of(answer.get("running_jobs"))
            if not jobs or not waits:
                return answer, jobs

    def require(
        self, script: Callable[[], Mapping[str, Any]], observed: Sequence[VmmJob] | None = None
    ) -> Mapping[str, Any]:
        """Run a script like `run`. Raises Refused for jobs that started since the machine was observed."""
        answer, jobs = self.run(script, observed)
        if jobs:
            raise Refused(
                f"{describe_jobs(jobs)}, which a stop of the VMM service would interrupt, so it was not stopped; wait"
                " until no job runs, then run again, or set running_jobs to wait or ignore"
            )
        return answer

    def _wait(self, jobs: tuple[VmmJob, ...], started: float, lines: ProgressLines) -> None:
        while jobs:
            elapsed = time.monotonic() - started
            left = self._running_jobs.timeout - elapsed
            if left <= 0:
                raise DeadlineExceeded(
                    "the end of VMM jobs",
                    elapsed,
                    describe_jobs(jobs),
                    "the VMM service was not stopped: run again when no job runs, set a longer running_jobs_timeout, or"
                    " set running_jobs to ignore",
                )
            lines.show([f"{self._step} {describe_jobs(jobs)}; waiting for the end"], elapsed)
            time.sleep(interval(elapsed, left))
            answer = self._session.run("list_running_jobs", {"QuietJobs": list(REFRESHERS)})
            jobs = jobs_of(answer["running_jobs"])
