# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the one tree of errors. A message is one line: the problem, then how to fix it."""

from __future__ import annotations

from typing import Any

from .durations import duration
from .shown_text import LONGEST_TEXT, foreign, has_controls, one_line


class SiteRecoveryError(Exception):
    """Base class of all errors that this collection raises on purpose."""

    kind = "error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = one_line(message)
        self.details = {name: _shown(value) for name, value in details.items() if value is not None}

    def to_result(self) -> dict[str, Any]:
        """Return the task result of the failure: `msg` for people, `error` for programs."""
        return {"msg": self.message, "error": {"kind": self.kind, **self.details}}


def _shown(value: Any) -> Any:
    """Return a detail whose texts, such as the lines of a log, are fit for a terminal."""
    if isinstance(value, str):
        return foreign(value) if has_controls(value) or len(value) > LONGEST_TEXT else value
    return [_shown(item) for item in value] if isinstance(value, list) else value


# A rule with one of these beginnings continues the sentence whose subject is the option.
_PREDICATES = ("must ", "is required")


class InvalidInput(SiteRecoveryError):
    """An option breaks a rule. This is found before any call is made.

    `rule` is either a predicate of the option (`must be a GUID`) or a sentence (`'x' is not a GUID`). `problem` is the
    message without the fix. Read these fields; never parse the message.
    """

    kind = "invalid_input"

    def __init__(self, option: str, rule: str, fix: str) -> None:
        self.option, self.rule, self.fix = option, rule, fix
        self.problem = f"{option} {rule}" if rule.startswith(_PREDICATES) else f"{option}: {rule}"
        super().__init__(f"{self.problem}; {fix}", option=option)


class Refused(SiteRecoveryError):
    """The observed state must not be changed in the requested way."""

    kind = "refused"


class RemoteFailure(SiteRecoveryError):
    """A service, a program or a script answered with an error."""

    kind = "remote_failure"


class AccessDenied(RemoteFailure):
    """The sign-in was refused, or the identity lacks a permission on a scope."""

    kind = "access_denied"


class Unreachable(RemoteFailure):
    """There was no answer: name resolution, network or TLS failed."""

    kind = "unreachable"


class DeadlineExceeded(SiteRecoveryError):
    """A wait reached its timeout. The error has the last observed state and explains how to continue."""

    kind = "deadline_exceeded"

    def __init__(self, waiting_for: str, seconds: float, last_state: str, resume: str, **details: Any) -> None:
        reference = f" (request {details['request_id']})" if details.get("request_id") else ""
        super().__init__(
            f"timed out after {duration(round(seconds))} waiting for {waiting_for};"
            f" last state: {last_state}{reference}; {resume}",
            last_state=last_state,
            seconds=seconds,
            **details,
        )


class NotConverged(SiteRecoveryError):
    """The state that was read back differs from the state that was applied."""

    kind = "not_converged"
