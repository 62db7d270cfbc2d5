# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the managed identities of a vault, observed and desired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.names import parse_resource_id, same_id
from ..common.plan import UNKNOWN
from .vault_settings import SYSTEM

_IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass(frozen=True, slots=True)
class VaultIdentity:
    """The observed managed identities of a vault."""

    system_assigned: bool = False
    user_assigned: tuple[str, ...] = ()
    principal_id: str | None = None

    @classmethod
    def from_wire(cls, document: Mapping[str, Any] | None) -> VaultIdentity:
        given = document or {}
        return cls(
            system_assigned="systemassigned" in str(given.get("type") or "").replace(" ", "").lower().split(","),
            user_assigned=tuple(sorted(given.get("userAssignedIdentities") or (), key=str.casefold)),
            principal_id=given.get("principalId"),
        )

    def to_result(self) -> dict[str, Any]:
        return {
            "system_assigned": self.system_assigned,
            "user_assigned": list(self.user_assigned),
            "principal_id": self.principal_id,
        }

    def has(self, identity: str) -> bool:
        """Tell whether an `encryption.identity` is one of them."""
        return self.system_assigned if identity == SYSTEM else any(same_id(identity, own) for own in self.user_assigned)


@dataclass(frozen=True, slots=True)
class DesiredIdentity:
    """The desired managed identities. None leaves them unchanged."""

    system_assigned: bool | None = None
    user_assigned: tuple[str, ...] | None = None
    purge_user_assigned: bool = False

    @classmethod
    def from_options(cls, given: Mapping[str, Any] | None) -> DesiredIdentity:
        """Check the options offline. Raises InvalidInput for ids that are not user-assigned identities."""
        if given is None:
            return cls()
        users = given.get("user_assigned")
        for user in users or ():
            require_identity_id(user, "identity.user_assigned")
        return cls(
            given.get("system_assigned"),
            None if users is None else tuple(users),
            given.get("purge_user_assigned") or False,
        )

    def merge_into(self, actual: VaultIdentity) -> VaultIdentity:
        """Return the identities after the change. Ids keep the spelling that Azure has."""
        users = actual.user_assigned
        if self.user_assigned is not None:
            kept = [
                own
                for own in actual.user_assigned
                if not self.purge_user_assigned or any(same_id(own, named) for named in self.user_assigned)
            ]
            new = [named for named in self.user_assigned if not any(same_id(own, named) for own in kept)]
            users = tuple(sorted({*kept, *_distinct(new)}, key=str.casefold))
        system = actual.system_assigned if self.system_assigned is None else self.system_assigned
        principal = actual.principal_id if system == actual.system_assigned else (UNKNOWN if system else None)
        return VaultIdentity(system, users, principal)


def _distinct(ids: Iterable[str]) -> Iterable[str]:
    return {one.strip("/").casefold(): one for one in ids}.values()


def require_identity_id(text: str, option: str) -> None:
    """Raise InvalidInput for anything but the id of a user-assigned identity."""
    parse_resource_id(option, text, _IDENTITY_TYPE, "a user-assigned identity")


#: The argument spec of the option `identity`.
OPTION: dict[str, Any] = {
    "type": "dict",
    "options": {
        "system_assigned": {"type": "bool"},
        "user_assigned": {"type": "list", "elements": "str"},
        "purge_user_assigned": {"type": "bool", "default": False},
    },
}
