# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the network of a test failover. It must be isolated: a copy of a machine must not meet the machine itself.

Source: "Run a test failover (disaster recovery drill) to Azure": never use the production network.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import ResourceId, parse_resource_id, require_group_name, require_network_name, same_id, same_name

NETWORK_TYPE = "Microsoft.Network/virtualNetworks"
CONSENT = "i_know_that_this_network_is_not_isolated"


@dataclass(frozen=True, slots=True)
class WantedNetwork:
    """The network that a task names; None: machines get no connection."""

    id: str | None
    consent: str | None

    @classmethod
    def from_options(cls, options: Mapping[str, Any], subscription_id: str) -> WantedNetwork:
        """Return the network of a task. Raises InvalidInput."""
        given, group, alone = options["network"], options["network_resource_group"], options["without_network"]
        if bool(given) is bool(alone):
            raise InvalidInput(
                "network", "is required unless without_network is true", "name an isolated network, or set the other"
            )
        consent = options[CONSENT]
        if not given:
            return cls(None, consent)
        if given.startswith("/"):
            return cls(parse_resource_id("network", given, NETWORK_TYPE, "a virtual network").to_text(), consent)
        require_network_name(given, "network")
        if group is None:
            raise InvalidInput(
                "network_resource_group", "is required with the name of a network", "set it, or give the network's id"
            )
        require_group_name(group, "network_resource_group")
        return cls(ResourceId(subscription_id, group, NETWORK_TYPE, given).to_text(), consent)

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2] if self.id else "none"

    @property
    def place(self) -> ResourceId | None:
        return None if self.id is None else parse_resource_id("network", self.id, NETWORK_TYPE, "a virtual network")

    def to_wire(self) -> dict[str, Any]:
        """Return the part of a request that names the network."""
        if self.id is None:
            return {"networkType": "NoNetworkAttachAsInput"}
        return {"networkType": "VmNetworkAsInput", "networkId": self.id}


@dataclass(frozen=True, slots=True)
class FoundNetwork:
    """The network as it was read. `readable` is false if the identity may not read it."""

    id: str
    location: str
    peers: tuple[str, ...]
    readable: bool = True

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> FoundNetwork:
        properties = document.get("properties") or {}
        remotes = [
            ((peering.get("properties") or {}).get("remoteVirtualNetwork") or {}).get("id")
            for peering in properties.get("virtualNetworkPeerings") or ()
        ]
        return cls(
            str(document.get("id")), str(document.get("location")), tuple(str(remote) for remote in remotes if remote)
        )


def production_networks(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the networks that machines join at a real failover, from the details of protected items."""
    found: dict[str, str] = {}
    for details in items:
        ids = [details.get("selectedRecoveryAzureNetworkId")]
        ids += [nic.get("recoveryVMNetworkId") for nic in details.get("vmNics") or ()]
        found.update({str(each).casefold(): str(each) for each in ids if each})
    return tuple(found.values())


def isolation_problem(network: FoundNetwork, production: Collection[str]) -> str | None:
    """Return why a network is not isolated from production; None: it is, as far as its peerings tell."""
    name = network.id.rpartition("/")[2]
    if not network.readable:
        return f"the identity may not read network '{name}', so nothing shows that it is isolated"
    if any(same_id(network.id, each) for each in production):
        return f"network '{name}' is the one that machines join at a real failover"
    joined = [each.rpartition("/")[2] for each in production if any(same_id(each, peer) for peer in network.peers)]
    if joined:
        return f"network '{name}' is peered with '{joined[0]}', which machines join at a real failover"
    return None


def require_isolated(wanted: WantedNetwork, network: FoundNetwork | None, production: Collection[str]) -> str | None:
    """Return a note about a network that is used in spite of its connection. Raises Refused without consent."""
    problem = isolation_problem(network, production) if network else None
    if problem is None:
        return None
    if wanted.consent is not None and same_name(wanted.consent, wanted.name):
        return f"{problem}; the test failover uses it, because {CONSENT} names it"
    raise Refused(
        f"network: {problem}; name an isolated network, or set {CONSENT} to '{wanted.name}' if a copy of each machine"
        " next to the machine does no harm"
    )
