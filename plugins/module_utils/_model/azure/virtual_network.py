# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the network that failed-over machines join: its table of properties, its observed and its desired state.

Sources: Azure Virtual Network FAQ, API description of virtualNetworks, pages on peering and on encryption.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..common.names import ResourceId, region, require_network_name
from ..common.plan import checked_tags
from .address_ranges import require_ranges
from .network_validation import (
    checked_flow_timeout,
    checked_servers,
    require_containment,
    require_location,
    require_purge,
    require_subnets,
)
from .options import GROUP_OPTIONS, REGION_OPTIONS, TAG_OPTIONS
from .properties import Property, argument_spec, check_options, read_properties, reference, show_values
from .subnet import OPTIONS as SUBNET_OPTIONS
from .subnet import DesiredSubnet, Subnet
from .target_limits import is_reserved


def _read_encryption(wire: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"enabled": bool(wire.get("enabled")), "enforcement": wire.get("enforcement")} if wire else None


def _merge_encryption(before: Mapping[str, Any] | None, desired: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if before is None and not desired["enabled"]:
        return None
    kept = (before or {}).get("enforcement") or "AllowUnencrypted"
    return {"enabled": desired["enabled"], "enforcement": desired.get("enforcement") or kept}


def _ddos_protection_plan() -> Property:
    row = reference(
        "ddos_protection_plan",
        "properties.ddosProtectionPlan",
        "Microsoft.Network/ddosProtectionPlans",
        "a DDoS protection plan",
    )
    return replace(row, also=("properties.enableDdosProtection", bool))


PROVIDER = "Microsoft.Network"
#: The settings of a network. Its ranges and subnets have rules of their own (`network_plan`).
PROPERTIES = (
    Property(
        "dns_servers",
        "properties.dhcpOptions.dnsServers",
        {"type": "list", "elements": "str"},
        unset=(),
        read=tuple,
        write=lambda servers, _before: list(servers),
        check=checked_servers,
        show=list,
    ),
    Property("flow_timeout_in_minutes", "properties.flowTimeoutInMinutes", {"type": "int"}, check=checked_flow_timeout),
    Property(
        "encryption",
        "properties.encryption",
        {
            "type": "dict",
            "options": {
                "enabled": {"type": "bool", "required": True},
                "enforcement": {"type": "str", "choices": ["AllowUnencrypted", "DropUnencrypted"]},
            },
        },
        read=_read_encryption,
        write=lambda encryption, _before: dict(encryption or {}),
        merge=_merge_encryption,
    ),
    _ddos_protection_plan(),
)
#: The options that describe a network; the module adds those that are about the run.
OPTIONS: dict[str, Any] = {
    **REGION_OPTIONS,
    "location": {"type": "str"},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "allow_delete": {"type": "bool", "default": False},
    "address_prefixes": {"type": "list", "elements": "str"},
    "purge_address_prefixes": {"type": "bool", "default": False},
    "subnets": {
        "type": "list",
        "elements": "dict",
        "options": SUBNET_OPTIONS,
        "mutually_exclusive": [["address_prefix", "address_prefixes"]],
    },
    "purge_subnets": {"type": "bool", "default": False},
    **argument_spec(PROPERTIES),
    **GROUP_OPTIONS,
    **TAG_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class Peering:
    """A connection to another network. It is not managed here, but it limits possible ranges."""

    name: str
    in_sync: bool
    remote_prefixes: tuple[str, ...]

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Peering:
        properties = document.get("properties") or {}
        # Older API versions do not report the synchronization level.
        level = properties.get("peeringSyncLevel") or "FullyInSync"
        spaces = properties.get("remoteVirtualNetworkAddressSpace") or properties.get("remoteAddressSpace") or {}
        return cls(str(document.get("name")), level == "FullyInSync", tuple(spaces.get("addressPrefixes") or []))


@dataclass(frozen=True, slots=True)
class VirtualNetwork:
    """An observed network. `document` is everything that the service returned, to be written back without losses."""

    id: str
    name: str
    resource_group: str
    subscription_id: str
    location: str
    address_prefixes: tuple[str, ...]
    subnets: tuple[Subnet, ...]
    provisioning_state: str
    tags: Mapping[str, str]
    settings: Mapping[str, Any]
    peerings: tuple[Peering, ...] = field(default=(), compare=False)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> VirtualNetwork:
        where = ResourceId.parse(document["id"])
        properties = document.get("properties") or {}
        return cls(
            id=document["id"],
            name=document["name"],
            resource_group=where.resource_group,
            subscription_id=where.subscription_id,
            location=region(document["location"]),
            address_prefixes=tuple((properties.get("addressSpace") or {}).get("addressPrefixes") or []),
            subnets=tuple(Subnet.from_wire(subnet) for subnet in properties.get("subnets") or []),
            provisioning_state=properties.get("provisioningState") or "",
            tags=dict(document.get("tags") or {}),
            settings=read_properties(PROPERTIES, document),
            peerings=tuple(map(Peering.from_wire, properties.get("virtualNetworkPeerings") or [])),
            document=document,
        )

    @property
    def label(self) -> str:
        return f"network {self.name}"

    @property
    def etag(self) -> str | None:
        """The version of the network that was read. A write that carries it fails after a concurrent change."""
        return self.document.get("etag")

    def to_result(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "subscription_id": self.subscription_id,
            "location": self.location,
            "address_prefixes": list(self.address_prefixes),
            "subnets": [subnet.to_result() for subnet in self.subnets],
            **show_values(PROPERTIES, self.settings),
            "provisioning_state": self.provisioning_state,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, slots=True)
class DesiredNetwork:
    """A desired network. `values` has the settings that are set.

    Ranges and subnets that it does not list are kept unless they are purged.
    """

    name: str
    resource_group: str
    subscription_id: str
    location: str | None
    present: bool = True
    allow_delete: bool = False
    create_resource_group: bool = False
    register_resource_provider: bool = True
    #: The tags of a resource group that this run creates.
    group_tags: Mapping[str, str] | None = None
    address_prefixes: tuple[str, ...] = ()
    purge_address_prefixes: bool = False
    subnets: tuple[DesiredSubnet, ...] = ()
    purge_subnets: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    purge_tags: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredNetwork:
        """Check names, region, ranges and ids offline. Raises InvalidInput."""
        require_network_name(options["name"])
        prefixes = options["address_prefixes"] or []
        subnets = [
            DesiredSubnet.from_options(entry, options["subscription_id"] or "") for entry in options["subnets"] or []
        ]
        require_location(options)
        require_ranges("address_prefixes", prefixes)
        require_subnets(subnets)
        if prefixes:
            require_containment(subnets, prefixes)
        require_purge("address_prefixes", options["purge_address_prefixes"], given=bool(prefixes))
        require_purge("subnets", options["purge_subnets"], given=options["subnets"] is not None)
        return cls(
            name=options["name"],
            resource_group=options["resource_group"],
            subscription_id=options["subscription_id"],
            location=region(options["location"]) if options["location"] else None,
            present=options["state"] == "present",
            allow_delete=options["allow_delete"],
            create_resource_group=options["create_resource_group"],
            register_resource_provider=options["register_resource_provider"],
            group_tags=checked_tags(options.get("resource_group_tags"), "resource_group_tags"),
            address_prefixes=tuple(prefixes),
            purge_address_prefixes=options["purge_address_prefixes"],
            subnets=tuple(subnets),
            purge_subnets=options["purge_subnets"],
            values=check_options(PROPERTIES, options),
            tags=checked_tags(options["tags"]),
            purge_tags=options["purge_tags"],
        )

    @property
    def reserved(self) -> list[str]:
        """The names of its subnets that Azure reserves."""
        return [subnet.name for subnet in self.subnets if is_reserved(subnet.name)]
