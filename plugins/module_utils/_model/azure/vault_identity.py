# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the managed identities of a vault, as they are and as they are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput
from ..common.names import ResourceId, same_id
from ..common.plan import UNKNOWN
from .vault_settings import SYSTEM

_IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass(frozen=True, slots=True)
class Identity:
    """The managed identities of a vault."""

    system_assigned: bool = False
    user_assigned: tuple[str, ...] = ()
    principal_id: str | None = None

    @classmethod
    def from_wire(cls, document: Mapping[str, Any] | None) -> Identity:
        told = document or {}
        return cls(
            system_assigned="systemassigned" in str(told.get("type") or "").replace(" ", "").lower().split(","),
            user_assigned=tuple(sorted(told.get("userAssignedIdentities") or (), key=str.casefold)),
            principal_id=told.get("principalId"),
        )

    def to_result(self) -> dict[str, Any]:
        return {
            "system_assigned": self.system_assigned,
            "user_assigned": list(self.user_assigned),
            "principal_id": self.principal_id,
        }

    def has(self, identity: str) -> bool:
        """Whether an `encryption.identity` is one of them."""
        return self.system_assigned if identity == SYSTEM else any(same_id(identity, own) for own in self.user_assigned)


@dataclass(frozen=True, slots=True)
class WantedIdentity:
    """Identities as the playbook wants them; None means: leave alone."""

    system_assigned: bool | None = None
    user_assigned: tuple[str, ...] | None = None
    append: bool = True

    @classmethod
    def from_options(cls, given: Mapping[str, Any] | None) -> WantedIdentity:
        """Raises InvalidInput for what is no id of a user-assigned identity."""
        if given is None:
            return cls()
        users = given.get("user_assigned")
        for user in users or ():
            require_identity_id(user, "identity.user_assigned")
        return cls(given.get("system_assigned"), None if users is None else tuple(users), given.get("append", True))

    def over(self, actual: Identity) -> Identity:
        """The identities afterwards; ids keep the spelling that Azure has."""
        users = actual.user_assigned
        if self.user_assigned is not None:
            kept = [
                own
                for own in actual.user_assigned
                if self.append or any(same_id(own, named) for named in self.user_assigned)
            ]
            new = [named for named in self.user_assigned if not any(same_id(own, named) for own in kept)]
            users = tuple(sorted({*kept, *_distinct(new)}, key=str.casefold))
        system = actual.system_assigned if self.system_assigned is None else self.system_assigned
        principal = actual.principal_id if system == actual.system_assigned else (UNKNOWN if system else None)
        return Identity(system, users, principal)


def _distinct(ids: Iterable[str]) -> Iterable[str]:
    return {one.strip("/").casefold(): one for one in ids}.values()


def require_identity_id(text: str, option: str) -> None:
    """Raises InvalidInput when it is not the id of a user-assigned identity."""
    try:
        kind = ResourceId.parse(text).provider_type
    except ValueError:
        kind = ""
    if kind.casefold() != _IDENTITY_TYPE.casefold():
        raise InvalidInput(
            option,
            f"'{text}' is not the id of a user-assigned identity",
            f"give /subscriptions/.../resourceGroups/.../providers/{_IDENTITY_TYPE}/...",
        )
