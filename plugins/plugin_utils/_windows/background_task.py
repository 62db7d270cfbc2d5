# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: runs a program as a background task of the machine, which a lost connection does not end.

A run waits for the task, and resumes the wait for one that an interrupted run has started.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._model.common.errors import DeadlineExceeded, RemoteFailure
from ...module_utils._model.common.resource import Applied
from ...module_utils._model.common.waiting import interval
from ...module_utils._model.windows.answers import misshapen
from ...module_utils._model.windows.background_task import (
    ABSENT,
    FINISHED,
    LOST,
    PENDING,
    BackgroundTask,
    describe_lost,
    describe_refused_login,
    task_state,
)
from .._progress import ProgressLines
from .session import ConnectionLost, Secret, Session, source

# The machine waits this many seconds for the end before it answers: few executions, and the end is noticed at once.
_POLL_SECONDS = 20
# Polls in a row that may fail or find a task that has not started.
_PATIENCE = 3


class OtherRun(RemoteFailure):
    """Another run took part in the task, so its outcome is known from the state of the machine only."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer that a task left, None if it was interrupted, and the last result of the scheduled task."""

    answer: str | None
    code: int | None


class BackgroundTaskRunner:
    """Runs one background task on one machine.

    Parameters are stored in a file there and must not be secret. Secrets are encrypted until the task reads them.
    With a `password`, the task logs on as the connecting user with it, and otherwise without access to the network.
    """

    def __init__(
        self, session: Session, task: BackgroundTask, staging_dir: str, timeout: float, password: str | None = None
    ) -> None:
        self._session = session
        self._task = task
        self._place = {"Name": task.name, "StagingDir": staging_dir}
        self._timeout = timeout
        self._password = password

    def run(self, parameters: Mapping[str, Any], secrets: Mapping[str, Secret | None] | None = None) -> dict[str, Any]:
        """Start the task, wait for its end and return the object of its script.

        If another run has started the same task since the observation, wait for that one. Raises OtherRun when the
        other run has already cleaned up after it, RemoteFailure when the script throws or is interrupted, and
        DeadlineExceeded or ConnectionLost while it still runs. The next run resumes the wait then.
        """
        lost: ConnectionLost | None = None
        sent = {name: secret for name, secret in (secrets or {}).items() if secret is not None}
        self._session.hide(*sent.values())
        try:
            begun = self._session.run(
                "start_background_task",
                {
                    **self._place,
                    "Script": source(self._task.script),
                    "Parameters": json.dumps({name: each for name, each in parameters.items() if each is not None}),
                    "Runner": source("run_background_task"),
                },
                {"SecretParameters": _joined(sent) if sent else None, "LogonPassword": self._password},
            )
            if not begun["started"]:
                self._session.show(f"{self._task.step} {self._task.what} was started by another run at the same time")
        except ConnectionLost as error:
            # The task may have started nevertheless.
            lost = error
        except RemoteFailure as error:
            refused = describe_refused_login(error.message)
            if refused is None:
                raise
            raise RemoteFailure(refused, script="start_background_task") from None
        ended = self._wait(lost)
        self._session.run("end_background_task", self._place)
        return self._result(ended)

    def resume(self, evaluate: Callable[[Mapping[str, Any]], bool]) -> Applied:
        """Wait for the end of a task of an earlier run, clean up after it, and note its outcome.

        `evaluate` returns whether the program asks for a restart, and raises RemoteFailure for a failure. Raises
        DeadlineExceeded and ConnectionLost.
        """
        self._session.show(f"{self._task.step} {self._task.what} was started by an earlier run")
        try:
            ended = self._wait(None)
        except OtherRun as error:
            return Applied((error.message,))
        self._session.run("end_background_task", self._place)
        try:
            restart = evaluate(self._result(ended))
        except RemoteFailure as error:
            return Applied((f"{self._task.what}, which an earlier run started, failed: {error.message}",))
        return Applied((f"{self._task.what}, which an earlier run started, succeeded",), restart)

    def _result(self, ended: Ended) -> dict[str, Any]:
        if ended.answer is None:
            raise RemoteFailure(describe_lost(self._task.what, ended.code), task_result=ended.code)
        try:
            record = json.loads(ended.answer)
        except ValueError:
            raise misshapen(self._task.script, "a file result.json that is not JSON") from None
        if not isinstance(record, dict) or not isinstance(record.get("failed"), bool):
            raise misshapen(self._task.script, "a file result.json without its field failed")
        if record["failed"]:
            raise RemoteFailure(
                f"script {self._task.script} failed: {self._session.clean(record.get('error') or 'no message')}",
                script=self._task.script,
            )
        result: dict[str, Any] = self._session.checked(self._task.script, record.get("result"))
        return result

    def _wait(self, lost: ConnectionLost | None) -> Ended:
        """Return how the task ended. Raises OtherRun when nothing is left of it."""
        started = time.monotonic()
        lines = ProgressLines(self._session.show, timeout=self._timeout)
        failures = 0
        while True:
            elapsed = time.monotonic() - started
            left = self._timeout - elapsed
            try:
                raw = self._poll(left, reconnect=lost is not None)
            except ConnectionLost as error:
                lost = error
                self._pause_while_lost(lines, elapsed, left)
                continue
            except RemoteFailure:
                # A machine that starts up accepts connections before all of its services run.
                failures += 1
                if failures >= _PATIENCE or left <= 0:
                    raise
                time.sleep(interval(elapsed, left))
                continue
            state = task_state(
                raw["task"], raw["task_result"], folder=raw["folder"], finished=raw["answer"] is not None
            )
            if state == FINISHED:
                return Ended(str(raw["answer"]), raw["task_result"])
            if state == ABSENT:
                raise lost or OtherRun(
                    f"another run, or a person, cleaned up after {self._task.what} while this run waited for it;"
                    " its result was not read"
                )
            failures = failures + 1 if state == PENDING else 0
            if state == LOST or failures >= _PATIENCE:
                return Ended(None, raw["task_result"])
            lost = None
            self._show_running(lines, raw["log"], elapsed, left)
            if state == PENDING:
                time.sleep(interval(elapsed, left))

    def _poll(self, left: float, *, reconnect: bool) -> dict[str, Any]:
        if reconnect:
            self._session.reconnect()
        raw: dict[str, Any] = self._session.run(
            "poll_background_task", {**self._place, "Seconds": int(max(0, min(_POLL_SECONDS, left)))}
        )
        return raw

    def _pause_while_lost(self, lines: ProgressLines, elapsed: float, left: float) -> None:
        if left <= 0:
            raise ConnectionLost(
                f"the connection was lost while {self._task.what} ran on the machine, where it may still be running;"
                " run again when the machine responds"
            ) from None
        lines.show([f"{self._line}: the connection is lost; trying again"], elapsed)
        time.sleep(interval(elapsed, left))

    def _show_running(self, lines: ProgressLines, log: str | None, elapsed: float, left: float) -> None:
        state = f"running; log: {log.strip()}" if log else "running"
        if left <= 0:
            raise DeadlineExceeded(
                f"the end of {self._task.what}",
                elapsed,
                state,
                "it continues on the machine: run again to continue waiting, or set a longer"
                f" {self._task.timeout_option}",
            )
        lines.show([f"{self._line}: {state}"], elapsed)

    @property
    def _line(self) -> str:
        return f"{self._task.step} {self._task.what}"


def _joined(secrets: Mapping[str, Secret]) -> str:
    """Return secret parameters as one text, in the form that the function Unprotect-Secret reads."""
    lines = []
    for name, secret in secrets.items():
        user, value = ("", secret) if isinstance(secret, str) else secret
        lines.append(" ".join(base64.b64encode(word.encode()).decode() for word in (name, user, value)))
    return "\n".join(lines)
