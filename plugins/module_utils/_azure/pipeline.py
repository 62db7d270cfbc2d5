# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what the SDK's pipeline does differently for us: how long it waits in silence, what counts as an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .wire import content, document

if TYPE_CHECKING:
    from azure.core.pipeline.policies import RetryPolicy, SansIOHTTPPolicy

# Limits of the vault provider are by the hour: a pause of minutes is told and left to the user.
_LONGEST_PAUSE = 90.0


def retries(total: int, backoff_max: float) -> RetryPolicy[Any, Any]:
    """The SDK's retries, but no pause that would make the run look dead."""
    from azure.core.pipeline.policies import RetryPolicy

    class ShortPauses(RetryPolicy):  # type: ignore[type-arg]
        def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
            if (self.get_retry_after(response) or 0.0) > _LONGEST_PAUSE:
                return False
            return bool(super().is_retry(settings, response))

    return ShortPauses(retry_total=total, retry_backoff_max=backoff_max)


def only_documents() -> SansIOHTTPPolicy[Any, Any]:
    """Refuses a successful answer to a question that holds no JSON object: somebody else than Azure gave it."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class OnlyDocuments(SansIOHTTPPolicy):  # type: ignore[type-arg]
        def on_response(self, request: Any, response: Any) -> None:
            if request.http_request.method == "GET" and response.http_response.status_code == 200:
                document(response.http_response)

    return OnlyDocuments()


class NotRegistered(Exception):
    """The subscription is not registered for a namespace. No error of the SDK, which would repeat the call."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer


def no_registration() -> SansIOHTTPPolicy[Any, Any]:
    """Tells what the SDK would register by itself: a look must not change a subscription, and a wait needs an end."""
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
        # The first answer of an operation is read only later; there the SDK registers nothing.
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None
