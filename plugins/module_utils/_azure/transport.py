# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the HTTP transport of sign-in, cloud metadata and Resource Manager."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .wire import content

#: The longest pause that a run waits for. The vault provider has hourly limits, and a pause of minutes is reported
#: instead, so that the user can decide.
LONGEST_PAUSE = 90.0
#: The total of all pauses in a run without a timeout.
NO_DEADLINE = 300.0
CONNECT_SECONDS = 15
_PAUSES = ("retry-after", "retry-after-ms", "x-ms-retry-after-ms")
_TRANSIENT = (408, 429)
# Documented: error codes of OAuth 2.0 (RFC 6749), and of the sign-in service for its own transient errors.
_TRANSIENT_CODES = ("temporarily_unavailable", "server_error")
_TRANSIENT_DETAILS = ("AADSTS90033", "AADSTS90024", "AADSTS90055")


@dataclass(frozen=True, slots=True)
class Outage:
    """An answer that is not about the credentials: a failure of the service, or an answer of another host."""

    status: int
    #: Whether the answer is a JSON object.
    readable: bool
    #: The seconds after which the service accepts the next call.
    pause: int | None = None
    request_id: str | None = None


class PauseTooLong(Exception):
    """The requested pause exceeds the limit."""


class SignInTransport(Protocol):
    """A transport that knows why the last sign-in failed."""

    @property
    def outage(self) -> Outage | None:
        """The last answer, if it is an outage."""


def open_transport(ca_bundle: str | None, read_seconds: float, *, environment: bool = True) -> Any:
    """Return a transport that ignores pauses that are not numbers or dates, and logins in netrc files.

    `environment`: use the proxies of the environment.
    """
    return _classes()[0](**_settings(ca_bundle, read_seconds, environment))


def sign_in_transport(
    ca_bundle: str | None, read_seconds: float, seconds: float | None = None, *, local: bool = False
) -> Any:
    """Return a transport that also limits pauses and remembers the last answer.

    No pause ends after `seconds` from now. `local`: the service is on this machine, and its absence can have the form
    of any HTTP error.
    """
    made = _classes()[1](**_settings(ca_bundle, read_seconds, not local))
    made.deadline = time.monotonic() + (NO_DEADLINE if seconds is None else seconds)
    made.local = local
    return made


def _settings(ca_bundle: str | None, read_seconds: float, environment: bool) -> dict[str, Any]:
    return {
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": read_seconds,
        "use_env_settings": environment,
        **({"connection_verify": ca_bundle} if ca_bundle else {}),
    }


def seconds_of(headers: Mapping[str, str]) -> int | None:
    """Return the pause that an answer requests, in whole seconds."""
    text = str(headers.get("Retry-After") or "").strip()
    return int(text) if text.isascii() and text.isdigit() else None


def broken_reason(error: Exception) -> str:
    """Return the reason for a failed connection. The text of the HTTP libraries for half an answer is unclear."""
    text = str(error)
    return "the connection ended within the answer" if "IncompleteRead" in text else text


def outage(answer: Any, *, local: bool = False) -> Outage | None:
    """Return the outage that an answer of a sign-in service means; None if it is an answer about the credentials."""
    status = answer.status_code
    body = _document(answer)
    transient = status >= 500 or status in _TRANSIENT or _says_transient(body)
    if not transient and (isinstance(body, dict) or local):
        return None
    headers = answer.headers
    request_id = headers.get("x-ms-request-id")
    return Outage(status, isinstance(body, dict), seconds_of(headers), str(request_id) if request_id else None)


def _document(answer: Any) -> Any:
    from azure.core.exceptions import AzureError

    try:
        return content(answer)
    except (ValueError, TypeError, AzureError):
        return None


def _says_transient(body: Any) -> bool:
    if not isinstance(body, dict):
        return False
    words = str(body.get("error_description") or "")
    return body.get("error") in _TRANSIENT_CODES or any(code in words for code in _TRANSIENT_DETAILS)


def _usable_pause(text: str) -> bool:
    from email.utils import parsedate_to_datetime

    try:
        return 0 <= float(text) < float("inf")
    except ValueError:
        pass
    try:
        parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return False
    return True


def _classes() -> tuple[type[Any], type[Any]]:
    from azure.core.pipeline.transport import RequestsTransport

    class CarefulTransport(RequestsTransport):  # type: ignore[misc]
        def _init_session(self, session: Any) -> None:
            super()._init_session(session)
            # A netrc file contains logins for other purposes. They would replace the token.
            session.auth = _same

        def send(self, request: Any, **options: Any) -> Any:
            answer = super().send(request, **options)
            for name in _PAUSES:
                if answer.headers.get(name) and not _usable_pause(str(answer.headers[name])):
                    del answer.headers[name]
            return answer

    class LimitedTransport(CarefulTransport):
        deadline = 0.0
        local = False
        _last: Any = None

        def send(self, request: Any, **options: Any) -> Any:
            self._last = None
            self._last = super().send(request, **options)
            return self._last

        def sleep(self, duration: float) -> None:
            if duration > LONGEST_PAUSE or time.monotonic() + duration > self.deadline:
                raise PauseTooLong
            super().sleep(duration)

        @property
        def outage(self) -> Outage | None:
            return None if self._last is None else outage(self._last, local=self.local)

    return CarefulTransport, LimitedTransport


def _same(request: Any) -> Any:
    return request
