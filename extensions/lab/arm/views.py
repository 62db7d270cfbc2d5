# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outdated views: Resource Manager answers from replicas that learn of a write later than its sender.

recorded in public threads: reads of a new resource answer 404, and writes below a new resource group do not find it.
Examples: azure-sdk-for-go issue 21608, terraform-provider-azurerm issue 18268, ansible-collections/azure issue 850.
inferred: reads after a change or a deletion show the state before it.
inferred: the number of requests that an outdated replica answers.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from ..context import LabContext
from .messages import Answer, ArmError

_CHANGES = ("PUT", "PATCH", "DELETE")
# /subscriptions/{subscription}/resourceGroups/{group}
_GROUP_LENGTH = 4


@dataclass(slots=True)
class _View:
    """The state of one resource in outdated replicas."""

    answer: Answer
    reads: int
    uses: int
    until: float


class Views:
    """Remembers the state from before each write for as long as the lag of the context says."""

    def __init__(self, context: LabContext) -> None:
        self._context = context
        self._views: dict[str, _View] = {}
        self._registrations: dict[str, int] = {}

    @property
    def lagging(self) -> bool:
        lag = self._context.lag
        return bool(lag.reads or lag.uses or lag.seconds)

    def remember(self, method: str, path: str, before: Answer | None) -> None:
        """Note the answer to a GET from before an accepted write."""
        lag = self._context.lag
        if before is None or method not in _CHANGES or not self.lagging:
            return
        uses = lag.uses if before.status == 404 else 0
        self._views[path.casefold()] = _View(copied(before), lag.reads, uses, self._context.clock.after(lag.seconds))

    def outdated(self, method: str, path: str) -> Answer | None:
        """Return the outdated answer to a read, or None when the read sees the current state."""
        if method not in ("GET", "HEAD"):
            return None
        key = path.casefold()
        view = self._views.get(key)
        if view is None:
            return None
        if view.reads <= 0 and (not self._context.lag.seconds or self._context.clock.reached(view.until)):
            if view.uses <= 0:
                del self._views[key]
            return None
        view.reads -= 1
        found = copied(view.answer) if method == "GET" else Answer(404 if view.answer.status == 404 else 204)
        found.outdated = True
        return found

    def refuse_unknown_parent(self, segments: tuple[str, ...]) -> None:
        """Refuse a write below a resource that the service behind the write does not know yet."""
        for length in range(_GROUP_LENGTH, len(segments)):
            view = self._views.get("/" + "/".join(segments[:length]).casefold())
            if view is None or view.uses <= 0:
                continue
            view.uses -= 1
            name = segments[length - 1]
            raise _unknown_group(name) if length == _GROUP_LENGTH else _unknown_parent(segments, length)

    def refuse_new_registration(self, namespace: str, method: str) -> None:
        """Refuse a write to a namespace whose registration is not known everywhere yet."""
        left = self._registrations.get(namespace.casefold(), 0)
        if left > 0 and method in ("PUT", "PATCH", "POST"):
            self._registrations[namespace.casefold()] = left - 1
            raise outdated(not_registered(namespace))

    def remember_registration(self, namespace: str) -> None:
        """Note that a resource provider was registered now."""
        self._registrations[namespace.casefold()] = self._context.lag.uses


def outdated(error: ArmError) -> ArmError:
    error.outdated = True
    return error


def not_registered(namespace: str) -> ArmError:
    # documented: MissingSubscriptionRegistration.
    text = (
        f"The subscription is not registered to use namespace '{namespace}'. "
        "See https://aka.ms/rps-not-found for how to register subscriptions."
    )
    details = [{"code": "MissingSubscriptionRegistration", "target": namespace, "message": text}]
    return ArmError(409, "MissingSubscriptionRegistration", text, details=details, gateway=True)


def _unknown_group(name: str) -> ArmError:
    return outdated(
        ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.", gateway=True)
    )


def _unknown_parent(segments: tuple[str, ...], length: int) -> ArmError:
    parent = "/".join(segments[length - 2 : length])
    return outdated(
        ArmError(
            404,
            "ParentResourceNotFound",
            f"Failed to perform 'write' on resource(s) of type '{_kind(segments)}', because the parent resource"
            f" '{parent}' could not be found.",
            gateway=True,
        )
    )


def copied(answer: Answer) -> Answer:
    return Answer(answer.status, copy.deepcopy(answer.body), dict(answer.headers))


def _kind(segments: tuple[str, ...]) -> str:
    rest = segments[_GROUP_LENGTH + 1 :]
    return "/".join([rest[0], *rest[1::2]]) if rest else ""
