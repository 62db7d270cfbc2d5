# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: restarts a machine that others may need: one node of a cluster at a time, and drained if this is desired."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...module_utils._model.common.check import Check
from ...module_utils._model.common.errors import RemoteFailure
from ...module_utils._model.common.file_lock import take_lock
from ...module_utils._model.common.waiting import interval
from ...module_utils._model.windows.node_drain import DrainState, join_failure, resume_failure
from ...module_utils._model.windows.restart import not_restarted, restart_check
from .._progress import ProgressLines
from .session import ConnectionLost, Session

#: The pause before another attempt for each node that comes first in the alphabet.
_TURN_SECONDS = 20.0
#: How long a node may take to join its cluster after a restart.
_JOIN_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Restarted:
    """Whether the machine was restarted, and warnings."""

    done: bool
    warnings: tuple[str, ...] = ()


class NodeRestart:
    """Restarts one machine. `restart` restarts it and reconnects; `folder` is shared by all hosts of this run."""

    def __init__(
        self, session: Session, step: str, restart: Callable[[], None], folder: Path, *, drain: bool, timeout: float
    ) -> None:
        self._session = session
        self._step = step
        self._restart = restart
        self._folder = folder
        self._drain = drain
        self._timeout = timeout

    def run(self) -> Restarted:
        """Restart the machine if this interrupts nothing. Raises RemoteFailure when the restart fails."""
        answer = self._session.run("list_restart_obstacles", {})
        nodes = sorted(str(node["name"]).casefold() for node in answer["nodes"])
        if not nodes:
            return self._restart_if_safe(answer)
        started = time.monotonic()
        lines = ProgressLines(self._session.show, timeout=self._timeout)
        with _turn(self._folder, nodes) as is_free:
            # Another host of this run is restarted: its cluster has only one node less at any time.
            while not is_free():
                left = self._timeout - (time.monotonic() - started)
                if left <= 0:
                    return self._refuse("this run still restarts another node of its cluster")
                lines.show([f"{self._step} waits until this run has restarted another node"], self._timeout - left)
                time.sleep(interval(self._timeout - left, left))
            if not self._drain:
                restarted = self._restart_if_safe(self._session.run("list_restart_obstacles", {}))
                # The other hosts of this run wait until the cluster has all of its nodes again.
                return self._joined() if restarted.done else restarted
            return self._drain_and_restart(started, lines)

    def _restart_if_safe(self, answer: Mapping[str, Any]) -> Restarted:
        check = restart_check(answer, self._step)
        if check.status != "pass":
            return Restarted(False, (check.describe(),))
        self._restart()
        return Restarted(True)

    def _joined(self) -> Restarted:
        """Wait until the restarted machine is a node of its cluster again."""
        state = _wait_for_node(self._session, self._step, _JOIN_SECONDS, self._has_joined)
        return Restarted(True, () if state is None else (join_failure(state),))

    def _has_joined(self) -> tuple[bool, str]:
        state = DrainState.from_answer(self._session.run("list_restart_obstacles", {})).state
        return state in ("Up", "Paused"), state

    def _drain_and_restart(self, started: float, lines: ProgressLines) -> Restarted:
        """Drain the node, restart it and resume it. A node that was paused here is resumed in any case."""
        try:
            reason = self._drained(started, lines)
            if reason is None:
                self._restart()
        except ConnectionLost:
            # The mark stays, so the next run resumes the node.
            raise
        except Exception:
            with suppress(ConnectionLost):
                self._resume()
            raise
        warning = self._resume()
        warnings = () if warning is None else (warning,)
        if reason is not None:
            return Restarted(False, (*self._refuse(reason).warnings, *warnings))
        return Restarted(True, warnings)

    def _drained(self, started: float, lines: ProgressLines) -> str | None:
        """Drain the node up to the time limit. Return the reason if it cannot be restarted."""
        while True:
            elapsed = time.monotonic() - started
            left = self._timeout - elapsed
            state = DrainState.from_answer(self._session.run("list_restart_obstacles", {}))
            step = state.next_step
            if step == "done":
                return None
            if step == "failed":
                return state.failure
            if left <= 0:
                return f"{state.progress} (after {self._timeout:.0f} seconds)"
            if step == "pause":
                # The next reading shows whether another run has paused another node at the same time.
                self._session.run("pause_node", {})
                continue
            if step == "wait_for_others" and state.paused_by_us:
                # Two runs paused two nodes at the same time. They try again at different times.
                self._resume()
                time.sleep(min(left, _TURN_SECONDS * state.position))
            lines.show([f"{self._step} {state.progress}"], elapsed)
            time.sleep(interval(elapsed, left))

    def _resume(self) -> str | None:
        """Resume the node if this collection has paused it. Return a warning if it stays paused."""
        return resume_node(self._session, self._step, _JOIN_SECONDS).warning

    def _refuse(self, reason: str) -> Restarted:
        check: Check = not_restarted(self._step, reason)
        return Restarted(False, (check.describe(),))


@dataclass(frozen=True, slots=True)
class Resumed:
    """Whether the node was resumed by this run, and a warning if it stays paused.

    Without both, the node was up already, or has no cluster anymore, and only the mark was removed.
    """

    done: bool
    warning: str | None = None


def resume_node(session: Session, step: str, timeout: float) -> Resumed:
    """Resume a node that this collection has paused, when it has joined its cluster again."""
    resumed = False

    def look() -> tuple[bool, str]:
        nonlocal resumed
        answer = session.run("resume_node", {})
        resumed = resumed or bool(answer["resumed"])
        return not answer["marked"], str(answer["state"] or "")

    state = _wait_for_node(session, step, timeout, look)
    return Resumed(resumed, None if state is None else resume_failure(state))


def _wait_for_node(session: Session, step: str, timeout: float, look: Callable[[], tuple[bool, str]]) -> str | None:
    """Look until a node has joined its cluster. Return its last state at the time limit, and None otherwise."""
    started = time.monotonic()
    lines = ProgressLines(session.show, timeout=timeout)
    while True:
        elapsed = time.monotonic() - started
        left = timeout - elapsed
        try:
            done, state = look()
        except RemoteFailure as error:
            # The cluster service of a machine that has just started may not answer yet.
            done, state = False, error.message
        if done:
            return None
        if left <= 0:
            return state
        lines.show([f"{step} waits until the node has joined its cluster: {state or 'no state'}"], elapsed)
        time.sleep(interval(elapsed, left))


@contextmanager
def _turn(folder: Path, nodes: list[str]) -> Iterator[Callable[[], bool]]:
    """Yield a function that takes the turn of a cluster, which one host of this run has at a time.

    The kernel gives the turn back when the process of the host ends.
    """
    name = hashlib.sha256("\n".join(nodes).encode()).hexdigest()[:16]
    path = str(folder / f"siterecovery.hyperv-{name}.lock")
    taken: list[int] = []

    def is_free() -> bool:
        handle = take_lock(path)
        if handle is not None:
            taken.append(handle)
        return handle is not None

    try:
        yield is_free
    finally:
        for handle in taken:
            os.close(handle)
