# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the firewall of a storage account: its observed and desired rules, and the rules after a change.

Sources: "Configure Azure Storage firewalls and virtual networks" with its guidelines and limitations; support matrix
for Hyper-V to Azure for the exception for trusted services.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Any

from ..common.errors import InvalidInput
from ..common.names import same_id
from ..common.plan import Change

OPTION = "network_acls"
TRUSTED = "azure_services"
NEEDS_TRUSTED = (
    "with default_action deny, Site Recovery reaches the account only through the exception for trusted services"
)
ALLOW_TRUSTED = f"add {TRUSTED} to bypass"
# The service refuses such a rule in a request, and the subnet does not exist (API description, State of the rule).
_DELETED_SUBNET = "networksourcedeleted"
#: Per account and type of rule.
MOST_RULES = 400
ACTIONS = {"allow": "Allow", "deny": "Deny"}
BYPASSES = {TRUSTED: "AzureServices", "logging": "Logging", "metrics": "Metrics"}
# The public endpoint never sees addresses of private networks (RFC 1918).
_PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_SUBNET = re.compile(
    r"/subscriptions/[^/\s]+/resourcegroups/[^/\s]+/providers/microsoft\.network/virtualnetworks/[^/\s]+"
    r"/subnets/[^/\s]+/?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NetworkAcls:
    """The observed firewall. The defaults are those of an account without one."""

    default_action: str = "allow"
    bypass: tuple[str, ...] = (TRUSTED,)
    ip_rules: tuple[str, ...] = ()
    virtual_network_rules: tuple[str, ...] = ()
    #: Rules of types that are not managed here, in the service's form. They are sent back unchanged.
    others: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_wire(cls, document: Mapping[str, Any] | None) -> NetworkAcls:
        """Read the service's JSON. Omitted members have the defaults of the API description."""
        if not document:
            return cls()
        return cls(
            default_action=_name(ACTIONS, document.get("defaultAction")) or "allow",
            bypass=_bypass(document.get("bypass")),
            ip_rules=tuple(str(rule["value"]) for rule in document.get("ipRules") or ()),
            virtual_network_rules=tuple(
                str(rule["id"])
                for rule in document.get("virtualNetworkRules") or ()
                if str(rule.get("state")).casefold() != _DELETED_SUBNET
            ),
            others={name: document[name] for name in ("resourceAccessRules", "ipv6Rules") if document.get(name)},
        )

    def to_wire(self) -> dict[str, Any]:
        """Return the complete firewall. The service could treat an omitted member as removed."""
        return {
            "defaultAction": ACTIONS[self.default_action],
            "bypass": ", ".join(BYPASSES[name] for name in self.bypass) or "None",
            "ipRules": [{"value": value, "action": "Allow"} for value in self.ip_rules],
            "virtualNetworkRules": [{"id": subnet, "action": "Allow"} for subnet in self.virtual_network_rules],
            **self.others,
        }

    def to_result(self) -> dict[str, Any]:
        return {
            "default_action": self.default_action,
            "bypass": list(self.bypass),
            "ip_rules": list(self.ip_rules),
            "virtual_network_rules": list(self.virtual_network_rules),
        }

    @property
    def blocks_replication(self) -> bool:
        return self.default_action == "deny" and TRUSTED not in self.bypass


@dataclass(frozen=True, slots=True)
class DesiredAcls:
    """The desired firewall. None leaves a part unchanged."""

    default_action: str | None = None
    bypass: tuple[str, ...] | None = None
    ip_rules: tuple[str, ...] | None = None
    virtual_network_rules: tuple[str, ...] | None = None
    purge: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any], purge: bool = False) -> DesiredAcls:
        """Check the options offline. Raises InvalidInput."""
        desired = cls(
            default_action=_one_of(ACTIONS, options.get("default_action")),
            bypass=_bypass_option(options.get("bypass")),
            ip_rules=_rules("ip_rules", options.get("ip_rules"), _checked_ip),
            virtual_network_rules=_rules(
                "virtual_network_rules", options.get("virtual_network_rules"), _checked_subnet
            ),
            purge=purge,
        )
        if desired.merge_into(NetworkAcls()).blocks_replication:
            raise InvalidInput(OPTION, NEEDS_TRUSTED, ALLOW_TRUSTED)
        return desired

    def merge_into(self, actual: NetworkAcls) -> NetworkAcls:
        """Return the firewall after the change. Rules that are not listed are kept unless `purge` is set."""
        return NetworkAcls(
            default_action=self.default_action or actual.default_action,
            bypass=actual.bypass if self.bypass is None else self.bypass,
            ip_rules=self._merged(actual.ip_rules, self.ip_rules),
            virtual_network_rules=self._merged(actual.virtual_network_rules, self.virtual_network_rules),
            others=actual.others,
        )

    @property
    def sets_default_access(self) -> bool:
        """Whether it decides about traffic that no rule matches."""
        return self.default_action is not None or self.bypass is not None

    def _merged(self, actual: tuple[str, ...], desired: tuple[str, ...] | None) -> tuple[str, ...]:
        if desired is None:
            return actual
        kept = tuple(rule for rule in actual if not self.purge or _among(rule, desired))
        return (*kept, *(rule for rule in desired if not _among(rule, actual)))


def acls_changes(path: str, before: Mapping[str, Any], after: Mapping[str, Any], reason: str) -> list[Change]:
    """Return one change for each part of a firewall that differs."""
    return [
        Change(f"{path}.{name}", before[name], after[name], reason) for name in before if before[name] != after[name]
    ]


def _among(rule: str, rules: Iterable[str]) -> bool:
    return any(same_id(rule, other) for other in rules)


def _bypass(text: Any) -> tuple[str, ...]:
    """Read a list from one text: `Logging, AzureServices`. Without a text, the service's default applies."""
    if text is None:
        return (TRUSTED,)
    known = {wire.casefold(): name for name, wire in BYPASSES.items()}
    parts = {part.strip().casefold() for part in str(text).split(",")}
    return tuple(name for wire, name in known.items() if wire in parts)


def _bypass_option(names: Sequence[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    unknown = [name for name in names if name not in BYPASSES]
    if unknown:
        raise InvalidInput(OPTION, f"bypass '{unknown[0]}' is unknown", f"choose from {', '.join(BYPASSES)}")
    return tuple(name for name in BYPASSES if name in names)


def _one_of(known: Mapping[str, str], name: str | None) -> str | None:
    if name is not None and name not in known:
        raise InvalidInput(OPTION, f"default_action '{name}' is unknown", f"choose {' or '.join(known)}")
    return name


def _name(names: Mapping[str, str], wire: Any) -> str | None:
    return next((name for name, text in names.items() if text.casefold() == str(wire).casefold()), None)


def _rules(name: str, values: Sequence[Any] | None, checked: Any) -> tuple[str, ...] | None:
    if values is None:
        return None
    rules: list[str] = []
    for value in values:
        rule = checked(str(value))
        if not _among(rule, rules):
            rules.append(rule)
    if len(rules) > MOST_RULES:
        raise InvalidInput(
            OPTION, f"{name} has {len(rules)} rules, but an account supports {MOST_RULES}", "combine ranges"
        )
    return tuple(rules)


def _checked_ip(text: str) -> str:
    """Check one public IPv4 address, or a CIDR range of at least four addresses. Raises InvalidInput."""
    try:
        network = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise InvalidInput(
            OPTION, f"ip_rules '{text}' is not an IPv4 address or range", "write it like 203.0.113.7 or 203.0.113.0/24"
        ) from None
    if "/" in text and network.prefixlen > 30:
        addresses = " and ".join(str(address) for address in network)
        raise InvalidInput(
            OPTION, f"ip_rules '{text}': the service does not accept /31 and /32 ranges", f"give {addresses}"
        )
    if any(network.overlaps(private) for private in _PRIVATE):
        raise InvalidInput(
            OPTION,
            f"ip_rules '{text}' is in a private range, which the public endpoint never sees",
            "give the public address of your internet egress, or a rule for a subnet",
        )
    return f"{network.network_address}/{network.prefixlen}" if "/" in text else str(network.network_address)


def _checked_subnet(text: str) -> str:
    """Check the id of a subnet. Raises InvalidInput."""
    if not _SUBNET.fullmatch(text):
        raise InvalidInput(
            OPTION,
            f"virtual_network_rules '{text}' is not the id of a subnet",
            "give /subscriptions/.../resourceGroups/.../providers/Microsoft.Network/virtualNetworks/.../subnets/...",
        )
    return text.rstrip("/")
