# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: long-running operations with a timeout."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar

from .._model.azure.operation_states import is_final, is_hidden_from_sdk
from .._model.common.errors import DeadlineExceeded, RemoteFailure
from .._model.common.waiting import early_interval, interval
from . import consistency
from .failures import canceled, reference, request_id, translated

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

Result = TypeVar("Result")
State = TypeVar("State")
_SLICE = 5.0
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


def finish(poller: LROPoller[Result], action: str, timeout: float) -> Result | None:
    """Wait for the end of an operation, at most `timeout` seconds.

    The poller of the SDK has no deadline and polls forever on unknown states, so the wait is limited here. At the end
    it reads the resource, which may not be visible yet: then there is no result, and reading the state back tells.
    Raises DeadlineExceeded with the last state, or RemoteFailure with the service's code.
    """
    from azure.core.exceptions import HttpResponseError

    started = time.monotonic()
    with translated(action):
        try:
            _wait(poller, started, timeout)
        except HttpResponseError as error:
            if _reads_result(poller, error):
                return None
            if _reads_status(poller, error):
                raise RemoteFailure(
                    f"could not {action}: Azure no longer knows the operation{reference(error)}, so its result is"
                    " unknown; run again, which reads the state first",
                    status=error.status_code,
                    request_id=request_id(error),
                ) from error
            raise
        if is_hidden_from_sdk(_status(poller)):
            raise canceled(action, _last_request_id(poller))
        if not poller.done():
            raise DeadlineExceeded(
                f"the end of the operation '{action}'",
                time.monotonic() - started,
                _status(poller),
                _RESUME,
                request_id=_last_request_id(poller),
            )
        return poller.result()


def _wait(poller: LROPoller[Any], started: float, timeout: float) -> None:
    """Wait for the end of an operation, which the SDK does not see in every spelling of the state Canceled."""
    while True:
        left = timeout - (time.monotonic() - started)
        poller.wait(max(0.0, min(left, _SLICE)))
        if poller.done() or left <= _SLICE or is_hidden_from_sdk(_status(poller)):
            return


def run(
    begin: Callable[[], LROPoller[Result]], action: str, timeout: float, unknown: Collection[str] = ()
) -> Result | None:
    """Run an operation to its end within `timeout` seconds, including the wait for concurrent writes.

    `unknown`: see `retry_while_busy`.
    """
    started = time.monotonic()
    poller = retry_while_busy(lambda: start(begin, action), action, timeout, unknown)
    return finish(poller, action, max(0.0, timeout - (time.monotonic() - started)))


def write(call: Callable[[], Result], action: str, timeout: float, unknown: Collection[str] = ()) -> Result:
    """Send a write that is complete when it is answered. Wait for concurrent writes for at most `timeout` seconds.

    `unknown`: see `retry_while_busy`.
    """

    def once() -> Result:
        with translated(action):
            return call()

    return retry_while_busy(once, action, timeout, unknown)


def retry_while_busy(call: Callable[[], Result], action: str, timeout: float, unknown: Collection[str] = ()) -> Result:
    """Repeat a call that is refused because of a concurrent write, for at most `timeout` seconds.

    `unknown` are codes that contradict what this run created or read: a part of Azure does not know it yet. Raises
    DeadlineExceeded with the last message of the service, and any other error immediately.
    """
    started = time.monotonic()
    while True:
        try:
            return call()
        except RemoteFailure as error:
            elapsed = time.monotonic() - started
            if error.details.get("code") in unknown:
                left = consistency.visibility_limit(timeout, absent=True) - elapsed
                reason, advice = f"all of Azure to know what it needs to {action}", consistency.ADVICE
                pause = early_interval(elapsed, left)
            elif is_busy(error):
                left = timeout - elapsed
                reason, advice = f"its turn to {action}", _LATER
                pause = max(interval(elapsed, left), float(error.details.get("retry_after") or 0))
            else:
                raise
            if left <= 0:
                raise DeadlineExceeded(
                    reason,
                    elapsed,
                    _last_message(error),
                    advice,
                    request_id=error.details.get("request_id"),
                    code=error.details.get("code"),
                ) from error
            time.sleep(min(left, pause))


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
    *,
    unknown: Collection[str] = (),
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

    retry_while_busy(once, action, timeout, unknown)


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
    return None if is_final(provisioning_state) else f"{what} is {provisioning_state}"


def _reads_result(poller: LROPoller[Any], error: Any) -> bool:
    """Tell whether a 404 answers the last request of a poller, which reads the resource after its operation ended."""
    method: Any = getattr(poller, "polling_method", lambda: None)()
    first = getattr(getattr(method, "_initial_response", None), "http_request", None)
    last = getattr(error.response, "request", None)
    if error.status_code != 404 or first is None or last is None:
        return False
    if last.method != "GET" or first.method not in ("PUT", "PATCH"):
        return False
    return _path(first.url) == _path(last.url)


def _reads_status(poller: LROPoller[Any], error: Any) -> bool:
    """Tell whether a 404 answers a poll, whose address is not that of the resource."""
    method: Any = getattr(poller, "polling_method", lambda: None)()
    first = getattr(getattr(method, "_initial_response", None), "http_request", None)
    last = getattr(error.response, "request", None)
    if error.status_code != 404 or first is None or last is None:
        return False
    return last.method == "GET" and _path(first.url) != _path(last.url)


def _path(url: str) -> str:
    return url.partition("?")[0].casefold()


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
