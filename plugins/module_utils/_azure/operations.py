# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: long-running operations with a deadline of our own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .._model.common.errors import DeadlineExceeded, RemoteFailure
from .._model.common.waiting import interval
from .failures import translated

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

Result = TypeVar("Result")
State = TypeVar("State")
# ARM's terminal provisioning states, in both spellings; a resource without a state is not worked on.
_FINAL = ("", "succeeded", "failed", "canceled", "cancelled")
# Another write is under way on this or on a dependent resource: the same request is right a moment later (error codes
# of the storage resource provider; azure-rest-api-specs issues 11143 and 14202 for the network; 409 of ARM).
_UNDER_WAY = (
    "StorageAccountBeingCreated",
    "StorageAccountIsNotProvisioned",
    "StorageAccountOperationInProgress",
    "AnotherOperationInProgress",
    "OperationInProgress",
    "ConcurrentOperationInProgress",
    "ConflictingConcurrentWriteNotAllowed",
    "RetryableError",
    "ReferencedResourceNotProvisioned",
    "VirtualNetworkNotInSucceededState",
)
_UNDER_WAY_WORDS = (
    "operation is in progress",
    "operation in progress",
    "another operation is being performed",
    "subnetsnotprovisioned",
    "please retry later",
)
_RESUME = "the operation goes on in Azure: run again to pick it up, or give a longer wait_timeout"
_LATER = "something else is at work on it in Azure: run again when that has ended, or give a longer wait_timeout"


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
                f"end of the operation '{action}'",
                time.monotonic() - started,
                _status(poller),
                _RESUME,
                request_id=_last_request_id(poller),
            )
        return poller.result()


def run(begin: Callable[[], LROPoller[Result]], action: str, timeout: float) -> Result:
    """An operation from its first request to its end, at most `timeout` seconds; waits for its turn first."""
    started = time.monotonic()
    poller = patiently(lambda: start(begin, action), action, timeout)
    return finish(poller, action, max(0.0, timeout - (time.monotonic() - started)))


def write(call: Callable[[], Result], action: str, timeout: float) -> Result:
    """A write that is done when it is answered; waits for its turn at most `timeout` seconds."""

    def once() -> Result:
        with translated(action):
            return call()

    return patiently(once, action, timeout)


def patiently(call: Callable[[], Result], action: str, timeout: float) -> Result:
    """Repeat what is refused because another write is under way, at most `timeout` seconds.

    Raises DeadlineExceeded with the service's last words; every other error at once.
    """
    started = time.monotonic()
    while True:
        try:
            return call()
        except RemoteFailure as error:
            if not under_way(error):
                raise
            elapsed = time.monotonic() - started
            if elapsed >= timeout:
                raise DeadlineExceeded(
                    f"a turn to {action}",
                    elapsed,
                    _words(error),
                    _LATER,
                    request_id=error.details.get("request_id"),
                    code=error.details.get("code"),
                ) from error
            asked = float(error.details.get("retry_after") or 0)
            time.sleep(min(timeout - elapsed, max(interval(elapsed, timeout - elapsed), asked)))


def under_way(error: RemoteFailure) -> bool:
    """Whether a refusal is about another write that goes on, not about this one."""
    status, code = error.details.get("status"), error.details.get("code")
    if code in _UNDER_WAY:
        return True
    words = error.message.casefold()
    return status in (400, 409, 412, 429) and any(part in words for part in _UNDER_WAY_WORDS)


def create(
    begin: Callable[[], LROPoller[Any]],
    action: str,
    look: Callable[[], State],
    pending: Callable[[State], str | None],
    timeout: float,
) -> None:
    """Make a resource and wait for its end, at most `timeout` seconds in all.

    A write whose answer was lost on the way is sent again by the SDK, and meets its own resource half made; so does
    a run beside this one. Then the end of what is under way is waited for; reading back tells whether it is ours. If
    nothing is there then, the refusal was about something else (a parent, a neighbour): the write is repeated.
    """
    started = time.monotonic()

    def left() -> float:
        return max(0.0, timeout - (time.monotonic() - started))

    def once() -> None:
        try:
            finish(start(begin, action), action, left())
        except RemoteFailure as error:
            if not under_way(error):
                raise
            if _absent(settle(look(), look, pending, left())):
                raise

    patiently(once, action, timeout)


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


def _absent(state: Any) -> bool:
    return state is None or getattr(state, "resource", state) is None


def _words(error: RemoteFailure) -> str:
    code = error.details.get("code")
    return f"{code}: {error.message}" if code and code not in error.message else error.message


def _last_request_id(poller: LROPoller[Any]) -> str | None:
    """Of the last answer to a poll, for Azure's support; the SDK keeps it to itself."""
    method = getattr(poller, "polling_method", None)
    answer = getattr(method(), "_pipeline_response", None) if method else None
    headers = getattr(getattr(answer, "http_response", None), "headers", None) or {}
    found = headers.get("x-ms-request-id")
    return str(found) if found else None


def _status(poller: LROPoller[Any]) -> str:
    return str(poller.status())
