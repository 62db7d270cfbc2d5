# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: a subnet: what it is, what is wanted of it, and how it is written without losing the rest.

Rules: API description of virtualNetworks/subnets, and the pages on the subnets of VPN Gateway, Azure Firewall, Bastion
and Route Server.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import ResourceId, require_subnet_name, same_id, same_name
from ..common.plan import UNKNOWN
from .address_ranges import as_range, parsed, require_subnet_ranges

# What a subnet refers to by id, and what stands there on the wire.
_REFERENCES = {
    "network_security_group": ("networkSecurityGroup", "Microsoft.Network/networkSecurityGroups"),
    "route_table": ("routeTable", "Microsoft.Network/routeTables"),
    "nat_gateway": ("natGateway", "Microsoft.Network/natGateways"),
}
_VALUES = {
    "default_outbound_access": "defaultOutboundAccess",
    "private_endpoint_network_policies": "privateEndpointNetworkPolicies",
}
_SERVICE = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+")
_DELEGATE = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)+")
# The smallest IPv4 range that the appliance of the name still takes; the smallest gateways take any.
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
# Where a subnet's document tells who is in it, in the order in which a person would look.
_USERS = (
    "ipConfigurations",
    "privateEndpoints",
    "applicationGatewayIPConfigurations",
    "serviceAssociationLinks",
    "resourceNavigationLinks",
    "ipConfigurationProfiles",
)
_SHOWN_USERS = 3


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet; `delegations` are the services that own it, `users` what sits in it."""

    name: str
    prefixes: tuple[str, ...]
    delegations: tuple[str, ...] = ()
    network_security_group: str | None = None
    route_table: str | None = None
    nat_gateway: str | None = None
    service_endpoints: tuple[str, ...] = ()
    default_outbound_access: bool | str | None = None
    private_endpoint_network_policies: str | None = None
    users: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Subnet:
        properties = document.get("properties") or {}
        single = properties.get("addressPrefix")
        delegations = (entry.get("properties") or {} for entry in properties.get("delegations") or [])
        plain: dict[str, Any] = {
            **{name: (properties.get(wire) or {}).get("id") for name, (wire, _kind) in _REFERENCES.items()},
            **{name: properties.get(wire) for name, wire in _VALUES.items()},
        }
        return cls(
            name=document["name"],
            prefixes=tuple(properties.get("addressPrefixes") or ([single] if single else [])),
            delegations=tuple(str(entry.get("serviceName")) for entry in delegations),
            service_endpoints=tuple(str(entry.get("service")) for entry in properties.get("serviceEndpoints") or []),
            users=tuple(dict.fromkeys(_users(properties))),
            **plain,
        )

    def to_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "address_prefix": self.prefixes[0] if self.prefixes else None,
            "address_prefixes": list(self.prefixes),
            "network_security_group": self.network_security_group,
            "route_table": self.route_table,
            "nat_gateway": self.nat_gateway,
            "service_endpoints": list(self.service_endpoints),
            "delegations": list(self.delegations),
            "default_outbound_access": self.default_outbound_access,
            "private_endpoint_network_policies": self.private_endpoint_network_policies,
        }

    @property
    def used_by(self) -> str:
        """Who is in it, in words that stay short."""
        more = len(self.users) - _SHOWN_USERS
        return ", ".join(self.users[:_SHOWN_USERS]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class DesiredSubnet:
    """A subnet as the playbook wants it. None: nobody wrote it. Empty text or an empty list: take it away.

    `prefix` is a range that it has, `prefixes` are all its ranges; one of both at most is written.
    """

    name: str
    prefix: str | None = None
    prefixes: tuple[str, ...] | None = None
    network_security_group: str | None = None
    route_table: str | None = None
    nat_gateway: str | None = None
    service_endpoints: tuple[str, ...] | None = None
    delegations: tuple[str, ...] | None = None
    default_outbound_access: bool | None = None
    private_endpoint_network_policies: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any], subscription_id: str) -> DesiredSubnet:
        """Checked offline, without a subscription all but that what it refers to lies there. Raises InvalidInput."""
        option = f"subnets ({options['name']})"
        require_subnet_name(options["name"], option)
        plain: dict[str, Any] = {name: options.get(name) for name in (*_REFERENCES, *_VALUES)}
        wanted = cls(
            name=options["name"],
            prefix=options.get("address_prefix"),
            prefixes=_as_tuple(options.get("address_prefixes")),
            service_endpoints=_as_tuple(options.get("service_endpoints")),
            delegations=_as_tuple(options.get("delegations")),
            **plain,
        )
        if wanted.prefix is not None and wanted.prefixes is not None:
            raise InvalidInput(
                f"{option} address_prefix", "must not be given together with address_prefixes", "give one of them"
            )
        if wanted.prefix is not None or wanted.prefixes is not None:
            require_subnet_ranges(option, wanted.ranges)
        for name, (_wire, kind) in _REFERENCES.items():
            _require_reference(f"{option} {name}", getattr(wanted, name), kind, subscription_id)
        _require_services(f"{option} service_endpoints", wanted.service_endpoints, _SERVICE, "Microsoft.Storage")
        _require_services(f"{option} delegations", wanted.delegations, _DELEGATE, "Microsoft.Web/serverFarms")
        for name in _NOT_ON_RESERVED.get(wanted.name.casefold(), ()):
            if getattr(wanted, name):
                raise InvalidInput(f"{option} {name}", f"Azure supports none on {wanted.name}", "leave it out")
        return wanted

    @property
    def ranges(self) -> tuple[str, ...]:
        """What is written of its ranges."""
        if self.prefixes is not None:
            return self.prefixes
        return () if self.prefix is None else (self.prefix,)

    def over(self, existing: Subnet | None) -> Subnet:
        """The subnet afterwards. What Azure tells apart by no letter keeps the spelling that it has."""
        before = existing or _NEW
        plain: dict[str, Any] = {
            **{name: _reference(getattr(before, name), getattr(self, name)) for name in _REFERENCES},
            **{name: _or(getattr(self, name), getattr(before, name)) for name in _VALUES},
        }
        after = Subnet(
            name=before.name or self.name,
            prefixes=self._prefixes(before.prefixes),
            delegations=_respelled(before.delegations, self.delegations),
            service_endpoints=_respelled(before.service_endpoints, self.service_endpoints),
            users=before.users,
            **plain,
        )
        if not after.prefixes:
            raise InvalidInput(
                f"subnets ({self.name})", "it does not exist yet, and a new one needs a range", "give address_prefix"
            )
        if after.prefixes != before.prefixes:
            _require_room(after)
        return after

    def _prefixes(self, before: tuple[str, ...]) -> tuple[str, ...]:
        known = {as_range(text): text for text in before}
        if self.prefixes is not None:
            wanted = {as_range(text): text for text in self.prefixes}
            kept = [text for place, text in known.items() if place in wanted]
            return (*kept, *(text for place, text in wanted.items() if place not in known))
        if self.prefix is None or as_range(self.prefix) in known:
            return before
        # It takes the place of the range of its kind; what it says nothing of (IPv6) stays.
        version = as_range(self.prefix).version
        return (self.prefix, *(text for place, text in known.items() if place.version != version))


# What Azure gives a new subnet where nobody asks for something; its outbound access depends on the API version.
_NEW = Subnet("", (), default_outbound_access=UNKNOWN, private_endpoint_network_policies="Disabled")


def written(after: Subnet, before: Subnet | None, document: Mapping[str, Any] | None) -> dict[str, Any]:
    """A subnet's body: what was read of it, and over it only what differs between the two."""
    body: dict[str, Any] = copy.deepcopy(dict(document)) if document is not None else {"name": after.name}
    old = before or _NEW
    if after == old:
        return body
    properties = body.setdefault("properties", {})
    if after.prefixes != old.prefixes:
        _write_prefixes(properties, after.prefixes)
    for name, (wire, _kind) in _REFERENCES.items():
        if getattr(after, name) != getattr(old, name):
            _write(properties, wire, {"id": getattr(after, name)} if getattr(after, name) else None)
    for name, wire in _VALUES.items():
        if getattr(after, name) != getattr(old, name):
            _write(properties, wire, getattr(after, name))
    if after.service_endpoints != old.service_endpoints:
        known = {entry.get("service"): entry for entry in properties.get("serviceEndpoints") or []}
        properties["serviceEndpoints"] = [known.get(name, {"service": name}) for name in after.service_endpoints]
    if after.delegations != old.delegations:
        known = {
            (entry.get("properties") or {}).get("serviceName"): entry for entry in properties.get("delegations") or []
        }
        properties["delegations"] = [known.get(name, _delegation(name)) for name in after.delegations]
    return body


def refuse_loss(network: str, before: Subnet, after: Subnet | None) -> None:
    """What is in use stays. Raises Refused with the names of those that use it."""
    if not before.users:
        return
    if after is None:
        raise Refused(
            f"subnets: {before.name} of network {network} is used by {before.used_by} and can't be taken away;"
            " move or delete these first, or name the subnet to keep it"
        )
    lost = [text for text in before.prefixes if text not in after.prefixes]
    if lost:
        raise Refused(
            f"subnets: {before.name} of network {network} is used by {before.used_by}, so its range {', '.join(lost)}"
            f" can't become {', '.join(after.prefixes)}; give its range, or another name for a new subnet"
        )


def difference(before: Subnet, after: Subnet) -> str:
    """What changes, in words."""
    told = [
        f"{name} {_words(old)} -> {_words(new)}"
        for (name, old), new in zip(before.to_result().items(), after.to_result().values(), strict=True)
        if old != new and name != "address_prefix"
    ]
    return f"change subnet {before.name}: {', '.join(told)}"


def addition(subnet: Subnet) -> str:
    return f"{subnet.name} ({', '.join(subnet.prefixes)})"


def _users(properties: Mapping[str, Any]) -> Iterator[str]:
    for holder in _USERS:
        for entry in properties.get(holder) or []:
            inner = entry.get("properties") or {}
            # A link's own id lies in the subnet; what it stands for is told inside.
            yield _user(inner.get("link") or inner.get("linkedResourceType") or entry.get("id") or holder)


def _user(text: str) -> str:
    """Type and name of the resource of an id, of which only an inner part is in the subnet."""
    _before, found, inner = text.rpartition("/providers/")
    return "/".join(inner.split("/")[1:3]) if found else text


def _require_reference(option: str, text: str | None, kind: str, subscription_id: str) -> None:
    if not text:
        return
    try:
        found = ResourceId.parse(text)
    except ValueError:
        found = None
    if found is None or not same_name(found.provider_type, kind):
        raise InvalidInput(option, f"'{text}' is not the id of one", f"give an id that ends in {kind}/<name>")
    if subscription_id and not same_name(found.subscription_id, subscription_id):
        raise InvalidInput(option, f"it is in subscription {found.subscription_id}", "use one of the network's own")


def _require_services(option: str, names: Sequence[str] | None, rule: re.Pattern[str], example: str) -> None:
    for name in names or ():
        if not rule.fullmatch(name):
            raise InvalidInput(option, f"'{name}' is no service", f"write it like {example}")
    if len({name.casefold() for name in names or ()}) < len(names or ()):
        raise InvalidInput(option, "a service stands there twice", "name each once")


def _require_room(subnet: Subnet) -> None:
    smallest = _SMALLEST_RESERVED.get(subnet.name.casefold())
    for text in subnet.prefixes:
        place = parsed(f"subnets ({subnet.name})", text)
        if smallest and place.version == 4 and place.prefixlen > smallest:
            raise InvalidInput(
                f"subnets ({subnet.name})", f"{text} is too small, it needs /{smallest}", "give a larger range"
            )


def _respelled(before: tuple[str, ...], wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """The wanted names: those that were there first, as they were written, then the new ones."""
    if wanted is None:
        return before
    asked, known = {name.casefold() for name in wanted}, {name.casefold() for name in before}
    kept = [name for name in before if name.casefold() in asked]
    return (*kept, *(name for name in wanted if name.casefold() not in known))


def _reference(before: str | None, wanted: str | None) -> str | None:
    if wanted is None or same_id(before, wanted):
        return before
    return wanted or None


def _as_tuple(entries: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if entries is None else tuple(entries)


def _or(wanted: Any, before: Any) -> Any:
    return before if wanted is None else wanted


def _write(properties: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        properties.pop(name, None)
    else:
        properties[name] = value


def _write_prefixes(properties: dict[str, Any], prefixes: tuple[str, ...]) -> None:
    """In the form that it has; Azure takes one of both forms."""
    if len(prefixes) == 1 and not properties.get("addressPrefixes"):
        properties["addressPrefix"] = prefixes[0]
    else:
        properties.pop("addressPrefix", None)
        properties["addressPrefixes"] = list(prefixes)


def _delegation(service: str) -> dict[str, Any]:
    return {"name": service.replace("/", "."), "properties": {"serviceName": service}}


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
