# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: long-running operations with a timeout."""

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
# Terminal provisioning states of Resource Manager, in both spellings. A resource without a state has no operation.
_FINAL = ("", "succeeded", "failed", "canceled", "cancelled")
# Error codes for a concurrent write to this or to a dependent resource: the same request will be accepted later (error
# codes of the storage resource provider; azure-rest-api-specs issues 11143 and 14202 for the network; 409 of ARM).
_BUSY = (
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
_BUSY_MESSAGES = (
    "operation is in progress",
    "operation in progress",
    "another operation is being performed",
    "subnetsnotprovisioned",
    "please retry later",
)
_RESUME = "the operation continues in Azure: run again to resume the wait, or increase wait_timeout"
_LATER = "another operation is in progress in Azure: run again when it has ended, or increase wait_timeout"


def start(begin: Callable[[], LROPoller[Result]], action: str) -> LROPoller[Result]:
    """Send the first request of an operation."""
    with translated(action):
        return begin()


def finish(poller: LROPoller[Result], action: str, timeout: float) -> Result:
    """Wait for the end of an operation, at most `timeout` seconds.

    The poller of the SDK has no deadline and polls forever on unknown states, so the wait is limited here. Raises
    DeadlineExceeded with the last state, or RemoteFailure with the service's code.
    """
    started = time.monotonic()
    with translated(action):
        poller.wait(timeout)
        if not poller.done():
            raise DeadlineExceeded(
                f"the end of the operation '{action}'",
                time.monotonic() - started,
                _status(poller),
                _RESUME,
                request_id=_last_request_id(poller),
            )
        return poller.result()


def run(begin: Callable[[], LROPoller[Result]], action: str, timeout: float) -> Result:
    """Run an operation to its end within `timeout` seconds, including the wait for concurrent writes."""
    started = time.monotonic()
    poller = retry_while_busy(lambda: start(begin, action), action, timeout)
    return finish(poller, action, max(0.0, timeout - (time.monotonic() - started)))


def write(call: Callable[[], Result], action: str, timeout: float) -> Result:
    """Send a write that is complete when it is answered. Wait for concurrent writes for at most `timeout` seconds."""

    def once() -> Result:
        with translated(action):
            return call()

    return retry_while_busy(once, action, timeout)


def retry_while_busy(call: Callable[[], Result], action: str, timeout: float) -> Result:
    """Repeat a call that is refused because of a concurrent write, for at most `timeout` seconds.

    Raises DeadlineExceeded with the last message of the service, and any other error immediately.
    """
    started = time.monotonic()
    while True:
        try:
            return call()
        except RemoteFailure as error:
            if not is_busy(error):
                raise
            elapsed = time.monotonic() - started
            if elapsed >= timeout:
                raise DeadlineExceeded(
                    f"its turn to {action}",
                    elapsed,
                    _last_message(error),
                    _LATER,
                    request_id=error.details.get("request_id"),
                    code=error.details.get("code"),
                ) from error
            asked = float(error.details.get("retry_after") or 0)
            time.sleep(min(timeout - elapsed, max(interval(elapsed, timeout - elapsed), asked)))


def is_busy(error: RemoteFailure) -> bool:
    """Tell whether a refusal is about a concurrent write and not about the request itself."""
    status, code = error.details.get("status"), error.details.get("code")
    if code in _BUSY:
        return True
    message = error.message.casefold()
    return status in (400, 409, 412, 429) and any(part in message for part in _BUSY_MESSAGES)


def create(
    begin: Callable[[], LROPoller[Any]],
    action: str,
    observe: Callable[[], State],
    pending: Callable[[State], str | None],
    timeout: float,
) -> None:
    """Create a resource and wait for its end, for at most `timeout` seconds in total.

    The SDK repeats a write whose answer was lost, and the repeated write then finds its own unfinished resource. So
    does a concurrent run. In this case, wait for the end of the operation. Verifying the state tells whether the
    resource is the desired one. If no resource exists after the wait, the refusal was about another resource (a parent
    or a sibling), so the write is repeated.
    """
    started = time.monotonic()

    def left() -> float:
        return max(0.0, timeout - (time.monotonic() - started))

    def once() -> None:
        try:
            finish(start(begin, action), action, left())
        except RemoteFailure as error:
            if not is_busy(error):
                raise
            if _absent(wait_until_settled(observe(), observe, pending, left())):
                raise

    retry_while_busy(once, action, timeout)


def wait_until_settled(
    state: State, observe: Callable[[], State], pending: Callable[[State], str | None], timeout: float
) -> State:
    """Poll until no operation is pending, for at most `timeout` seconds.

    `pending` describes a pending operation, or returns None. Raises DeadlineExceeded with the last description.
    """
    started = time.monotonic()
    while (description := pending(state)) is not None:
        elapsed = time.monotonic() - started
        if elapsed >= timeout:
            raise DeadlineExceeded("the end of a pending operation", elapsed, description, _RESUME)
        time.sleep(interval(elapsed, timeout - elapsed))
        state = observe()
    return state


def pending_state(what: str, provisioning_state: str) -> str | None:
    """Describe a resource with a pending operation; None without one. An unknown state counts as pending."""
    return None if provisioning_state.casefold() in _FINAL else f"{what} is {provisioning_state}"


def _absent(state: Any) -> bool:
    return state is None or getattr(state, "resource", state) is None


def _last_message(error: RemoteFailure) -> str:
    code = error.details.get("code")
    return f"{code}: {error.message}" if code and code not in error.message else error.message


def _last_request_id(poller: LROPoller[Any]) -> str | None:
    """Return the request id of the last poll, for Azure support. The SDK does not publish it."""
    method = getattr(poller, "polling_method", None)
    answer = getattr(method(), "_pipeline_response", None) if method else None
    headers = getattr(getattr(answer, "http_response", None), "headers", None) or {}
    found = headers.get("x-ms-request-id")
    return str(found) if found else None


def _status(poller: LROPoller[Any]) -> str:
    return str(poller.status())
