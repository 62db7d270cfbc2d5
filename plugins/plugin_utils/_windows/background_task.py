# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: long work that outlives the connection: begun, watched, ended, or taken over from an interrupted run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from ...module_utils._model.common.errors import DeadlineExceeded, RemoteFailure
from ...module_utils._model.common.resource import Applied
from ...module_utils._model.common.waiting import duration, interval
from ...module_utils._model.windows.background_task import ABSENT, FINISHED, LOST, PENDING, Job, state_of
from .session import ConnectionLost, Session, source

# The machine itself waits so long at most before it answers: few executions, and the end is seen at once.
_LOOK = 20
_REPEAT = 60.0
# Looks in a row at which a task has not begun, or that fail: more are no coincidence.
_PATIENCE = 3


class DetachedWork:
    """One job on one machine. No secret may be among its parameters: they lie in a file there meanwhile."""

    def __init__(self, session: Session, job: Job, staging_dir: str, timeout: float) -> None:
        self._session = session
        self._job = job
        self._place = {"Name": job.name, "StagingDir": staging_dir}
        self._timeout = timeout

    def run(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Begin the work, wait for its end, and give the script's object.

        Raises RemoteFailure when the script throws or is cut short, DeadlineExceeded and ConnectionLost while it goes
        on: the next run takes it over.
        """
        lost: ConnectionLost | None = None
        try:
            self._session.run(
                "start_background_task",
                {
                    **self._place,
                    "Script": source(self._job.script),
                    "Parameters": json.dumps({name: each for name, each in parameters.items() if each is not None}),
                    "Runner": source("run_background_task"),
                },
            )
        except ConnectionLost as error:
            # It may have been begun all the same.
            lost = error
        answer = self._follow(lost)
        self._session.run("end_background_task", self._place)
        return self._result(answer)

    def taken_over(self, judge: Callable[[Mapping[str, Any]], bool]) -> Applied:
        """Wait for the end of a task of an earlier run, clean up after it, and return a line about its result.

        `judge` returns whether the program asks for a restart, and raises RemoteFailure for a failure.
        Raises DeadlineExceeded and ConnectionLost.
        """
        self._session.tell(f"{self._job.step} {self._job.what} was begun by an earlier run")
        answer = self._follow(None)
        self._session.run("end_background_task", self._place)
        try:
            restart = judge(self._result(answer))
        except RemoteFailure as error:
            return Applied((f"{self._job.what}, which an earlier run started, failed: {error.message}",))
        return Applied((f"{self._job.what}, which an earlier run started, succeeded",), restart)

    def _result(self, answer: str | None) -> dict[str, Any]:
        if answer is None:
            raise RemoteFailure(
                f"{self._job.what} was cut short, by a restart of the machine or by somebody; what it left was cleaned"
                " up: run again"
            )
        told: dict[str, Any] = json.loads(answer)
        if told["failed"]:
            raise RemoteFailure(f"script {self._job.script} failed: {told['error']}", script=self._job.script)
        result: dict[str, Any] = told["result"]
        return result

    def _follow(self, lost: ConnectionLost | None) -> str | None:
        """The answer that the work left; None when it was cut short."""
        started = time.monotonic()
        watch = _Watch(self._session, self._job, self._timeout)
        odd = 0
        while True:
            elapsed = time.monotonic() - started
            left = self._timeout - elapsed
            try:
                if lost is not None:
                    self._session.reconnect()
                raw = self._session.run(
                    "poll_background_task", {**self._place, "Seconds": int(max(0, min(_LOOK, left)))}
                )
            except ConnectionLost as error:
                lost = error
                if left <= 0:
                    raise ConnectionLost(
                        f"the connection was lost while {self._job.what} ran on the machine; it may go on there: run"
                        " again when the machine answers"
                    ) from None
                watch.tell("the connection is lost; it is tried again", elapsed)
                time.sleep(interval(elapsed, left))
                continue
            except RemoteFailure:
                # A machine that comes up answers before all of it does.
                odd += 1
                if odd >= _PATIENCE or left <= 0:
                    raise
                time.sleep(interval(elapsed, left))
                continue
            state = state_of(raw["task"], raw["task_result"], folder=raw["folder"], finished=raw["answer"] is not None)
            if state == FINISHED:
                return str(raw["answer"])
            if state == ABSENT and lost is not None:
                raise lost
            odd = odd + 1 if state == PENDING else 0
            if state in (ABSENT, LOST) or odd >= _PATIENCE:
                return None
            lost = None
            now = f"under way; log: {raw['log'].strip()}" if raw["log"] else "under way"
            if left <= 0:
                raise DeadlineExceeded(
                    f"the end of {self._job.what}",
                    elapsed,
                    now,
                    "it goes on there: run again to go on waiting, or give a longer wait_timeout",
                )
            watch.tell(now, elapsed)
            if state == PENDING:
                time.sleep(interval(elapsed, left))


class _Watch:
    """Says a state when it is new, and again each minute."""

    def __init__(self, session: Session, job: Job, timeout: float) -> None:
        self._session, self._job, self._timeout = session, job, timeout
        self._said = ""
        self._when = 0.0

    def tell(self, state: str, elapsed: float) -> None:
        if state == self._said and elapsed - self._when < _REPEAT:
            return
        self._said, self._when = state, elapsed
        passed = f"{duration(elapsed)} of {duration(self._timeout)}"
        self._session.tell(f"{self._job.step} {self._job.what}: {state} ({passed})")
