# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: deny assignments, which take precedence over roles ("List Azure deny assignments")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .permissions import Permission

#: The principal that stands for all principals.
_EVERYONE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class DenyAssignment:
    """A deny assignment. `everyone` is False when some identities are exempt from it or not named by it."""

    name: str
    scope: str
    denied: tuple[Permission, ...]
    everyone: bool
    #: Whether it also applies below its scope.
    inherited: bool

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> DenyAssignment:
        properties = document.get("properties") or {}
        principals = {str(one.get("id")).casefold() for one in properties.get("principals") or ()}
        return cls(
            name=str(properties.get("denyAssignmentName") or document.get("name") or "?"),
            scope=str(properties.get("scope") or "/"),
            denied=tuple(Permission.from_wire(entry) for entry in properties.get("permissions") or ()),
            everyone=_EVERYONE in principals and not properties.get("excludePrincipals"),
            inherited=not properties.get("doNotApplyToChildScopes"),
        )

    def denies(self, action: str, scope: str) -> bool:
        """Tell whether it forbids an action on new resources of a scope, at least to some identities."""
        above = f"{self.scope.rstrip('/')}/".casefold()
        applies = self.inherited and f"{scope}/".casefold().startswith(above)
        return applies and any(entry.allows(action) for entry in self.denied)


def from_list(document: Mapping[str, Any]) -> tuple[DenyAssignment, ...] | None:
    """Read a list of deny assignments. Return None when the service has more of them."""
    if document.get("nextLink"):
        return None
    return tuple(DenyAssignment.from_wire(entry) for entry in document.get("value") or ())


def denying(assignments: Iterable[DenyAssignment], actions: Iterable[str], scope: str) -> list[DenyAssignment]:
    """Return the deny assignments that forbid one of the actions. Those that apply to all principals come first."""
    wanted = tuple(actions)
    found = [one for one in assignments if any(one.denies(action, scope) for action in wanted)]
    return sorted(found, key=lambda one: not one.everyone)
