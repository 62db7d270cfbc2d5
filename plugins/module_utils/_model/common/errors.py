# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the one tree of errors. A message is one line: what, which rule, how to fix."""

from __future__ import annotations

from typing import Any


class SiteRecoveryError(Exception):
    """Base of everything that this collection raises on purpose."""

    kind = "error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.details = {name: value for name, value in details.items() if value is not None}

    def to_result(self) -> dict[str, Any]:
        """The failure as a task result: `msg` for people, `error` for programs."""
        return {"msg": self.message, "error": {"kind": self.kind, **self.details}}


class InvalidInput(SiteRecoveryError):
    """An option breaks a rule; found before any call is made."""

    kind = "invalid_input"

    def __init__(self, option: str, rule: str, fix: str) -> None:
        super().__init__(f"{option}: {rule}; {fix}", option=option)
        self.option = option
        self.rule = rule
        self.fix = fix


class Refused(SiteRecoveryError):
    """The world is in a state that must not be touched."""

    kind = "refused"


class RemoteFailure(SiteRecoveryError):
    """A service, a program or a script answered with an error."""

    kind = "remote_failure"


class AccessDenied(RemoteFailure):
    """The login is wrong, or lacks a right on a scope."""

    kind = "access_denied"


class Unreachable(RemoteFailure):
    """No answer at all: name resolution, network, TLS."""

    kind = "unreachable"


class DeadlineExceeded(SiteRecoveryError):
    """A wait is over; carries the last state seen and how to go on."""

    kind = "deadline_exceeded"

    def __init__(self, waiting_for: str, seconds: float, last_state: str, resume: str, **details: Any) -> None:
        reference = f" (request {details['request_id']})" if details.get("request_id") else ""
        super().__init__(
            f"{waiting_for} was not reached within {seconds:.0f} s; last seen: {last_state}{reference}; {resume}",
            last_state=last_state,
            seconds=seconds,
            **details,
        )


class NotConverged(SiteRecoveryError):
    """What was applied does not show when read back."""

    kind = "not_converged"
