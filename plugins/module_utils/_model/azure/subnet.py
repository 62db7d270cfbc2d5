# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a subnet: its table of properties, its observed and desired state, and how it is written without losses.

Sources: API description of virtualNetworks/subnets, and the pages on the subnets of VPN Gateway, Azure Firewall,
Bastion and Route Server.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import ResourceId, require_subnet_name, same_name
from ..common.plan import UNKNOWN
from .address_ranges import as_range, parsed, require_subnet_ranges
from .properties import (
    Property,
    argument_spec,
    as_fields,
    check_options,
    differing,
    merged,
    read_properties,
    reference,
    show_values,
    values_of,
    write_properties,
)

_SERVICE = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+")
_DELEGATE = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)+")
# The smallest IPv4 range that the appliance of this name accepts. The smallest gateways accept any size.
_SMALLEST_RESERVED = {
    "azurefirewallsubnet": 26,
    "azurefirewallmanagementsubnet": 26,
    "azurebastionsubnet": 26,
    "routeserversubnet": 27,
}
_NOT_ON_RESERVED = {
    "gatewaysubnet": ("network_security_group",),
    "azurefirewallsubnet": ("network_security_group",),
    "azurebastionsubnet": ("route_table",),
    "routeserversubnet": ("network_security_group", "route_table"),
}
# Members of a subnet's document that list its users, the most telling ones first.
_USERS = (
    "ipConfigurations",
    "privateEndpoints",
    "applicationGatewayIPConfigurations",
    "serviceAssociationLinks",
    "resourceNavigationLinks",
    "ipConfigurationProfiles",
)
_SHOWN_USERS = 3


def _delegation(service: str) -> dict[str, Any]:
    return {"name": service.replace("/", "."), "properties": {"serviceName": service}}


def _delegated_service(entry: Mapping[str, Any]) -> str:
    return str((entry.get("properties") or {}).get("serviceName"))


def _services(path: str, wire: str, *, pattern: re.Pattern[str], example: str, name_of: Any, entry_of: Any) -> Property:
    """Return a row that lists services. Entries of the document that stay are written back unchanged."""

    def check(option: str, names: Sequence[str]) -> tuple[str, ...]:
        for name in names:
            if not pattern.fullmatch(name):
                raise InvalidInput(option, f"'{name}' is not a service", f"write it like {example}")
        if len({name.casefold() for name in names}) < len(names):
            raise InvalidInput(option, "a service is a duplicate", "list each service once")
        return tuple(names)

    def write(names: Sequence[str], before: Any) -> list[Any]:
        known = {name_of(entry): entry for entry in before or []}
        return [known.get(name) or entry_of(name) for name in names]

    return Property(
        path,
        wire,
        {"type": "list", "elements": "str"},
        unset=(),
        read=lambda entries: tuple(map(name_of, entries)),
        write=write,
        check=check,
        merge=_merge_names,
        show=list,
    )


def _merge_names(before: Sequence[str], desired: Sequence[str]) -> tuple[str, ...]:
    """Return the desired names, in the present order and spelling where Azure has them already."""
    wanted, known = {name.casefold() for name in desired}, {name.casefold() for name in before}
    kept = [name for name in before if name.casefold() in wanted]
    return (*kept, *(name for name in desired if name.casefold() not in known))


#: Failed-over machines need outbound access for activation, agents and updates. So new subnets have it on every SDK.
_OUTBOUND = "defaultOutboundAccess"

PROPERTIES = (
    reference(
        "network_security_group",
        "properties.networkSecurityGroup",
        "Microsoft.Network/networkSecurityGroups",
        "a network security group",
    ),
    reference("route_table", "properties.routeTable", "Microsoft.Network/routeTables", "a route table"),
    reference("nat_gateway", "properties.natGateway", "Microsoft.Network/natGateways", "a NAT gateway"),
    _services(
        "service_endpoints",
        "properties.serviceEndpoints",
        pattern=_SERVICE,
        example="Microsoft.Storage",
        name_of=lambda entry: str(entry.get("service")),
        entry_of=lambda name: {"service": name},
    ),
    _services(
        "delegations",
        "properties.delegations",
        pattern=_DELEGATE,
        example="Microsoft.Web/serverFarms",
        name_of=_delegated_service,
        entry_of=_delegation,
    ),
    # The default of a new subnet depends on the API version, so `write_subnet` sends a value. Some report none.
    Property("default_outbound_access", f"properties.{_OUTBOUND}", {"type": "bool"}, new=UNKNOWN),
    Property(
        "private_endpoint_network_policies",
        "properties.privateEndpointNetworkPolicies",
        {"type": "str", "choices": ["Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"]},
        new="Disabled",
    ),
)
OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "address_prefix": {"type": "str"},
    "address_prefixes": {"type": "list", "elements": "str"},
    **argument_spec(PROPERTIES),
}


@dataclass(frozen=True, slots=True)
class Subnet:
    """An observed subnet. `delegations` are the services that own it, `users` the resources in it."""

    name: str
    prefixes: tuple[str, ...]
    delegations: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    users: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Subnet:
        properties = document.get("properties") or {}
        single = properties.get("addressPrefix")
        return cls(
            name=document["name"],
            prefixes=tuple(properties.get("addressPrefixes") or ([single] if single else [])),
            users=tuple(dict.fromkeys(_users(properties))),
            **as_fields(cls, read_properties(PROPERTIES, document)),
        )

    def values(self) -> dict[str, Any]:
        """Return every property of the table by its path."""
        return values_of(PROPERTIES, self)

    def to_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "address_prefix": self.prefixes[0] if self.prefixes else None,
            "address_prefixes": list(self.prefixes),
            **show_values(PROPERTIES, self.values()),
        }

    @property
    def used_by(self) -> str:
        """The users in a text that stays short."""
        more = len(self.users) - _SHOWN_USERS
        return ", ".join(self.users[:_SHOWN_USERS]) + (f" and {more} more" if more > 0 else "")


# The defaults of Azure for a new subnet.
_NEW = Subnet("", (), **as_fields(Subnet, {row.path: row.initial for row in PROPERTIES}))


@dataclass(frozen=True, slots=True)
class DesiredSubnet:
    """A desired subnet. `values` has the options that are set; an empty text or list removes the property.

    `prefix` is one of its ranges, `prefixes` are all of its ranges. At most one of them is set.
    """

    name: str
    prefix: str | None = None
    prefixes: tuple[str, ...] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_options(cls, options: Mapping[str, Any], subscription_id: str) -> DesiredSubnet:
        """Check the options offline. Without a subscription, the subscription of references is not checked.

        Raises InvalidInput.
        """
        label = f"subnets ({options['name']})"
        require_subnet_name(options["name"], label)
        prefixes = options.get("address_prefixes")
        desired = cls(
            name=options["name"],
            prefix=options.get("address_prefix"),
            prefixes=None if prefixes is None else tuple(prefixes),
            values=check_options(PROPERTIES, options, f"{label} "),
        )
        if desired.prefix is not None and desired.prefixes is not None:
            raise InvalidInput(
                f"{label} address_prefix", "must not be given together with address_prefixes", "give one of them"
            )
        if desired.prefix is not None or desired.prefixes is not None:
            require_subnet_ranges(label, desired.ranges)
        desired._require_own_subscription(label, subscription_id)
        for path in _NOT_ON_RESERVED.get(desired.name.casefold(), ()):
            if desired.values.get(path):
                raise InvalidInput(f"{label} {path}", f"Azure does not support it on {desired.name}", "omit the option")
        return desired

    def _require_own_subscription(self, label: str, subscription_id: str) -> None:
        for row in PROPERTIES:
            text = self.values.get(row.path) if row.refers_to and subscription_id else None
            if text and not same_name(ResourceId.parse(text).subscription_id, subscription_id):
                raise InvalidInput(
                    f"{label} {row.path}",
                    f"it is in subscription {ResourceId.parse(text).subscription_id}",
                    "use one of the network's own subscription",
                )

    @property
    def ranges(self) -> tuple[str, ...]:
        """The desired ranges."""
        if self.prefixes is not None:
            return self.prefixes
        return () if self.prefix is None else (self.prefix,)

    def merge_into(self, existing: Subnet | None) -> Subnet:
        """Return the subnet after the change. Raises InvalidInput for a new one without a range, or a range too small.

        Values that Azure compares without case keep their present spelling.
        """
        before = existing or _NEW
        after = Subnet(
            name=before.name or self.name,
            prefixes=self._merged_prefixes(before.prefixes),
            users=before.users,
            **as_fields(Subnet, merged(PROPERTIES, before.values(), self.values)),
        )
        if not after.prefixes:
            raise InvalidInput(
                f"subnets ({self.name})", "it does not exist yet, and a new subnet needs a range", "give address_prefix"
            )
        if after.prefixes != before.prefixes:
            _require_room(after)
        return after

    def _merged_prefixes(self, before: tuple[str, ...]) -> tuple[str, ...]:
        known = {as_range(text): text for text in before}
        if self.prefixes is not None:
            desired = {as_range(text): text for text in self.prefixes}
            kept = [text for network, text in known.items() if network in desired]
            return (*kept, *(text for network, text in desired.items() if network not in known))
        if self.prefix is None or as_range(self.prefix) in known:
            return before
        # It replaces the ranges of its address family. Ranges of the other family stay.
        version = as_range(self.prefix).version
        return (self.prefix, *(text for network, text in known.items() if network.version != version))


def write_subnet(after: Subnet, before: Subnet | None, document: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the body of a subnet: the document that was read, with only the differences written into it."""
    body: dict[str, Any] = copy.deepcopy(dict(document)) if document is not None else {"name": after.name}
    if before is None:
        body["properties"] = {_OUTBOUND: True}
    old = before or _NEW
    if after == old:
        return body
    properties = body.setdefault("properties", {})
    if after.prefixes != old.prefixes:
        _write_prefixes(properties, after.prefixes)
    return write_properties(PROPERTIES, differing(PROPERTIES, old.values(), after.values()), body)


def without_outbound_default(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a network for an API version that has no private subnets, and thus no property for them."""
    for entry in (body.get("properties") or {}).get("subnets") or []:
        subnet_without_outbound_default(entry)
    return body


def subnet_without_outbound_default(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a subnet for such an API version."""
    if (body.get("properties") or {}).get(_OUTBOUND) is True:
        del body["properties"][_OUTBOUND]
    return body


def refuse_loss(network: str, before: Subnet, after: Subnet | None) -> None:
    """Raise Refused for a subnet in use that would be removed or lose a range. The message names its users."""
    if not before.users:
        return
    if after is None:
        raise Refused(
            f"subnets: {before.name} of network {network} is used by {before.used_by} and cannot be removed;"
            " move or delete these first, or list the subnet to keep it"
        )
    lost = [text for text in before.prefixes if text not in after.prefixes]
    if lost:
        raise Refused(
            f"subnets: {before.name} of network {network} is used by {before.used_by}, so its range {', '.join(lost)}"
            f" cannot become {', '.join(after.prefixes)}; keep its range, or choose another name for a new subnet"
        )


def describe_change(before: Subnet, after: Subnet) -> str:
    """Describe what changes in a subnet."""
    parts = [
        f"{name} {_shown(old)} -> {_shown(new)}"
        for (name, old), new in zip(before.to_result().items(), after.to_result().values(), strict=True)
        if old != new and name != "address_prefix"
    ]
    return f"change subnet {before.name}: {', '.join(parts)}"


def describe_subnet(subnet: Subnet) -> str:
    """Return the name of a subnet with its ranges."""
    return f"{subnet.name} ({', '.join(subnet.prefixes)})"


def _users(properties: Mapping[str, Any]) -> Iterator[str]:
    for holder in _USERS:
        for entry in properties.get(holder) or []:
            inner = entry.get("properties") or {}
            # The id of a link is inside the subnet itself, so use the resource that it links to.
            yield _user(inner.get("link") or inner.get("linkedResourceType") or entry.get("id") or holder)


def _user(text: str) -> str:
    """Return type and name of the resource in an id that may name an inner part of it."""
    _before, found, inner = text.rpartition("/providers/")
    return "/".join(inner.split("/")[1:3]) if found else text


def _require_room(subnet: Subnet) -> None:
    smallest = _SMALLEST_RESERVED.get(subnet.name.casefold())
    for text in subnet.prefixes:
        network = parsed(f"subnets ({subnet.name})", text)
        if smallest and network.version == 4 and network.prefixlen > smallest:
            raise InvalidInput(
                f"subnets ({subnet.name})", f"{text} is too small: it needs /{smallest}", "give a larger range"
            )


def _write_prefixes(properties: dict[str, Any], prefixes: tuple[str, ...]) -> None:
    """Write ranges in the form that the document has. Azure accepts only one of both forms at a time."""
    if len(prefixes) == 1 and not properties.get("addressPrefixes"):
        properties["addressPrefix"] = prefixes[0]
    else:
        properties.pop("addressPrefix", None)
        properties["addressPrefixes"] = list(prefixes)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
