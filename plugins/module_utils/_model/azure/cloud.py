# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the clouds of a vault and their associations with replication policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import Refused
from ..common.names import same_name

_PAIRED = "paired"
_FAILED = ("pairingfailed", "unpairingfailed")


@dataclass(frozen=True, slots=True)
class Cloud:
    """A VMM cloud as the vault shows it. `key` is its id in VMM, `fabric` the name of its server in the vault."""

    name: str
    key: str
    fabric: str
    server: str
    protected_items: int

    @classmethod
    def from_wire(cls, fabric: str, document: Mapping[str, Any]) -> Cloud:
        properties = document.get("properties") or {}
        return cls(
            str(properties.get("friendlyName") or ""),
            str(document.get("name") or ""),
            fabric,
            str(properties.get("fabricFriendlyName") or ""),
            int(properties.get("protectedItemCount") or 0),
        )

    def describe(self) -> str:
        machines = f", {self.protected_items} protected" if self.protected_items else ""
        return f"{self.name} of {self.server}{machines}"


@dataclass(frozen=True, slots=True)
class Association:
    """An association of a cloud with a policy. One that failed stays in the vault next to a good one (recorded)."""

    id: str
    name: str
    policy_id: str
    state: str
    health: str

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Association:
        properties = document.get("properties") or {}
        return cls(
            str(document.get("id") or ""),
            str(document.get("name") or ""),
            str(properties.get("policyId") or ""),
            str(properties.get("state") or ""),
            str(properties.get("health") or ""),
        )

    @property
    def policy(self) -> str:
        return self.policy_id.rpartition("/")[2]

    @property
    def paired(self) -> bool:
        return self.state.casefold() == _PAIRED

    @property
    def failed(self) -> bool:
        return self.state.casefold() in _FAILED

    @property
    def pending(self) -> bool:
        """Tell whether its job is running. An unknown state counts as running."""
        return not self.paired and not self.failed

    def of(self, policy: str) -> bool:
        return same_name(self.policy, policy)


def select_clouds(clouds: Sequence[Cloud], names: Iterable[str], server: str | None) -> list[Cloud]:
    """Return the clouds with these names or ids, in their order. Raises Refused for a missing or ambiguous one."""
    known = [cloud for cloud in clouds if server is None or same_name(cloud.server, server)]
    return [_select(known, name, server) for name in names]


def _select(known: Sequence[Cloud], name: str, server: str | None) -> Cloud:
    found = [cloud for cloud in known if same_name(cloud.name, name) or same_name(cloud.key, name)]
    if len(found) == 1:
        return found[0]
    if found:
        several = "; ".join(f"{cloud.name} of {cloud.server} with id {cloud.key}" for cloud in found)
        raise Refused(f"the cloud '{name}' is not unique in the vault: {several}; set vmm_server, or give the id")
    of_server = f" of {server}" if server else ""
    shown = ", ".join(sorted(f"{cloud.name} ({cloud.server})" for cloud in known)) or "none"
    raise Refused(
        f"the vault has no cloud '{name}'{of_server}; its clouds are: {shown}; correct the name, or synchronize the"
        " cloud with vmm_cloud_sync"
    )
