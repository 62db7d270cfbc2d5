# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the permissions of an identity at a scope ("Understand Azure role definitions")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Permission:
    """The permissions of one role: its actions without its excluded actions. Both can contain wildcards."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    #: Whether a condition of the role assignment limits the actions.
    conditional: bool = False

    @classmethod
    def from_wire(cls, entry: Mapping[str, Any]) -> Permission:
        return cls(
            tuple(entry.get("actions") or ()), tuple(entry.get("notActions") or ()), bool(entry.get("condition"))
        )

    def allows(self, action: str) -> bool:
        """Tell whether the role includes an action."""
        return _matches(self.actions, action) and not _matches(self.not_actions, action)


@dataclass(frozen=True, slots=True)
class Permissions:
    """The permissions of an identity at one scope. `complete` is False when the service has more of them."""

    roles: tuple[Permission, ...]
    complete: bool = True

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Permissions:
        return cls(
            tuple(Permission.from_wire(entry) for entry in document.get("value") or ()),
            complete=not document.get("nextLink"),
        )

    def allows(self, action: str) -> bool | None:
        """Tell whether any role allows an action. Exclusions of another role do not matter. None: unknown."""
        if any(role.allows(action) and not role.conditional for role in self.roles):
            return True
        return None if self.conditional(action) or not self.complete else False

    def conditional(self, action: str) -> bool:
        """Tell whether a role with a condition includes an action."""
        return any(role.allows(action) and role.conditional for role in self.roles)


def _matches(patterns: Iterable[str], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern of a role definition: `*` matches any text including slashes, and case is ignored."""
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.IGNORECASE)
