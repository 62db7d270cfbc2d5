# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: long-running operations with a deadline of our own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .._model.errors import DeadlineExceeded, RemoteFailure
from .._model.waiting import interval
from .failures import translated

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

Result = TypeVar("Result")
State = TypeVar("State")
# ARM's terminal provisioning states, in both spellings; a resource without a state is not worked on.
_FINAL = ("", "succeeded", "failed", "canceled", "cancelled")
_UNDER_WAY = ("StorageAccountBeingCreated", "AnotherOperationInProgress", "RetryableError")
_RESUME = "the operation goes on in Azure: run again to pick it up, or give a longer wait_timeout"


def start(begin: Callable[[], LROPoller[Result]], action: str) -> LROPoller[Result]:
    """Send the first request of an operation."""
    with translated(action):
        return begin()


def finish(poller: LROPoller[Result], action: str, timeout: float) -> Result:
    """Wait for the end of an operation, at most `timeout` seconds.

    The SDK's poller knows no deadline and loops for ever on states it does not know, so the wait is ours.
    Raises DeadlineExceeded with the last state, or RemoteFailure with the service's code.
    """
    started = time.monotonic()
    with translated(action):
        poller.wait(timeout)
        if not poller.done():
            raise DeadlineExceeded(
                f"end of the operation '{action}'", time.monotonic() - started, _status(poller), _RESUME
            )
        return poller.result()


def create(
    begin: Callable[[], LROPoller[Any]],
    action: str,
    look: Callable[[], State],
    pending: Callable[[State], str | None],
    timeout: float,
) -> None:
    """Make a resource and wait for its end.

    A write whose answer was lost on the way is sent again by the SDK, and meets its own resource half made; so does
    a run beside this one. Then the end of what is under way is waited for; reading back tells whether it is ours.
    """
    try:
        finish(start(begin, action), action, timeout)
    except RemoteFailure as error:
        if error.details.get("code") not in _UNDER_WAY:
            raise
        settle(look(), look, pending, timeout)


def settle(state: State, look: Callable[[], State], pending: Callable[[State], str | None], timeout: float) -> State:
    """Look again until nothing is pending any more, at most `timeout` seconds.

    `pending` says in words what is still under way, or None. Raises DeadlineExceeded with its last words.
    """
    started = time.monotonic()
    while (words := pending(state)) is not None:
        elapsed = time.monotonic() - started
        if elapsed >= timeout:
            raise DeadlineExceeded("end of an operation that was under way", elapsed, words, _RESUME)
        time.sleep(interval(elapsed, timeout - elapsed))
        state = look()
    return state


def pending_state(what: str, provisioning_state: str) -> str | None:
    """Words for a resource that is between two states; an unknown state counts as such."""
    return None if provisioning_state.casefold() in _FINAL else f"{what} is {provisioning_state}"


def _status(poller: LROPoller[Any]) -> str:
    return str(poller.status())
