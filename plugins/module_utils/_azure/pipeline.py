# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: policies for the SDK's pipeline: limits of retries, and checks of answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .transport import LONGEST_PAUSE, NO_DEADLINE
from .wire import content, document

if TYPE_CHECKING:
    from azure.core.pipeline.policies import RetryPolicy, SansIOHTTPPolicy

# GETs whose address ends like that of a list, but whose answer is one document.
_NO_LISTS = ("checkipaddressavailability", "replicationvaulthealth")
# POSTs that only read.
_QUESTIONS = ("checknameavailability", "listkeys")


#: The retries of one call, to Resource Manager, to the sign-in and for cloud metadata alike, and their longest pause.
RETRIES = 5
RETRY_BACKOFF_MAX = 30


def retries(total: int, backoff_max: float, seconds: float | None = None) -> RetryPolicy[Any, Any]:
    """Return the SDK's retry policy without pauses that are too long, and without any after `seconds` from now."""
    from azure.core.pipeline.policies import RetryPolicy

    deadline = time.monotonic() + (NO_DEADLINE if seconds is None else seconds)

    class ShortPauses(RetryPolicy):  # type: ignore[type-arg]
        def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
            pause = self.get_retry_after(response) or 0.0
            if pause > LONGEST_PAUSE or time.monotonic() + pause > deadline:
                return False
            return bool(super().is_retry(settings, response))

        def increment(self, settings: dict[str, Any], response: Any = None, error: Any = None) -> bool:
            again = bool(super().increment(settings, response=response, error=error))
            return again and time.monotonic() + self.get_backoff_time(settings) <= deadline

    return ShortPauses(retry_total=total, retry_backoff_max=backoff_max)


def only_documents() -> SansIOHTTPPolicy[Any, Any]:
    """Return a policy that rejects successful answers without a JSON object, which do not come from Azure.

    It also rejects answers to list calls without a list, which the SDK would treat as an empty list.
    """
    from azure.core.exceptions import DecodeError
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class OnlyDocuments(SansIOHTTPPolicy):  # type: ignore[type-arg]
        def on_response(self, request: Any, response: Any) -> None:
            if request.http_request.method != "GET" or response.http_response.status_code != 200:
                return
            found = document(response.http_response)
            if is_list(request.http_request.url) and not isinstance(found.get("value"), list):
                raise DecodeError("the answer to a list call has no list", response=response.http_response)

    return OnlyDocuments()


@dataclass(slots=True)
class Accepted:
    """Whether the service accepted a write."""

    any: bool = False


def note_writes(accepted: Accepted) -> SansIOHTTPPolicy[Any, Any]:
    """Return a policy that notes accepted writes, so that a task that fails later still reports a change."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class NoteWrites(SansIOHTTPPolicy):  # type: ignore[type-arg]
        def on_response(self, request: Any, response: Any) -> None:
            sent = request.http_request
            if is_write(sent.method, sent.url) and response.http_response.status_code in (200, 201, 202):
                accepted.any = True

    return NoteWrites()


def is_write(method: str, url: str) -> bool:
    """Tell whether a request changes something. Some POSTs only ask a question."""
    if method == "POST":
        return url.partition("?")[0].rstrip("/").rpartition("/")[2].casefold() not in _QUESTIONS
    return method in ("PUT", "PATCH", "DELETE")


class NotRegistered(Exception):
    """The subscription is not registered for a namespace. The SDK would repeat the call after one of its own errors."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer


def no_registration() -> SansIOHTTPPolicy[Any, Any]:
    """Return a policy that keeps the SDK from registering resource providers by itself.

    Reading must not change a subscription, and a registration needs a timeout.
    """
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class NoRegistration(SansIOHTTPPolicy):  # type: ignore[type-arg]
        def on_response(self, request: Any, response: Any) -> None:  # noqa: ARG002
            answer = response.http_response
            if answer.status_code == 409 and _code(answer) == "MissingSubscriptionRegistration":
                raise NotRegistered(answer)

    return NoRegistration()


def _code(answer: Any) -> Any:
    from azure.core.exceptions import AzureError

    try:
        body = content(answer)
    except (ValueError, AzureError):
        # The first answer of an operation is not read yet. The SDK registers nothing in this case.
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None


def is_list(url: str) -> bool:
    """Tell whether an address is that of a list: types and names alternate after the namespace, and a type ends it."""
    path = url.partition("?")[0].partition("://")[2].casefold()
    found, rest = path.partition("/providers/")[1:]
    parts = [part for part in rest.split("/") if part]
    return bool(found) and len(parts) > 1 and len(parts) % 2 == 0 and parts[-1] not in _NO_LISTS
