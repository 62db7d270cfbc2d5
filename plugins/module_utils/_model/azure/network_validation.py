# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the offline checks of a desired network: its ranges, subnets and settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from ..common.errors import InvalidInput
from .address_ranges import as_range, contained, overlap
from .regions import require_target_region
from .subnet import DesiredSubnet

_FLOW_TIMEOUT = range(4, 31)


def require_location(options: Mapping[str, Any]) -> None:
    """Check the region, which only a network that is to be absent can omit. Raises InvalidInput."""
    if options["location"]:
        require_target_region(options["location"], options["vault_location"], options["allow_other_region"])
    elif options["state"] == "present":
        raise InvalidInput("location", "is required unless state is absent", "give the region")


def require_purge(option: str, purge: bool, *, given: bool) -> None:
    """Refuse a purge without a list, which would remove everything. Raises InvalidInput."""
    if purge and not given:
        raise InvalidInput(
            f"purge_{option}", f"it would remove everything, because {option} is not set", f"set {option}, or omit it"
        )


def require_subnets(subnets: Sequence[DesiredSubnet]) -> None:
    """Check that names are distinct and ranges do not overlap. Raises InvalidInput."""
    names: set[str] = set()
    for subnet in subnets:
        if subnet.name.casefold() in names:
            raise InvalidInput(
                f"subnets ({subnet.name})",
                "the name is a duplicate (subnet names ignore case)",
                "give each subnet its own name",
            )
        names.add(subnet.name.casefold())
    for left, right in combinations(subnets, 2):
        for one, other in ((one, other) for one in left.ranges for other in right.ranges):
            if overlap(as_range(one), as_range(other)):
                raise InvalidInput(
                    "subnets",
                    f"{left.name} ({one}) and {right.name} ({other}) overlap",
                    "give ranges that do not overlap",
                )


def require_containment(subnets: Sequence[DesiredSubnet], prefixes: Sequence[str]) -> None:
    """Check that the subnets are inside the ranges of the network. Raises InvalidInput."""
    for subnet in subnets:
        for text in subnet.ranges:
            if not contained(as_range(text), prefixes):
                raise InvalidInput(
                    f"subnets ({subnet.name})",
                    f"{text} is outside of {', '.join(prefixes)}",
                    "give a range inside, or add one to address_prefixes",
                )


def checked_servers(option: str, servers: Sequence[str]) -> tuple[str, ...]:
    """Check the addresses of DNS servers. Raises InvalidInput."""
    for server in servers:
        try:
            ipaddress.ip_address(server)
        except ValueError:
            raise InvalidInput(option, f"'{server}' is not an address", "give addresses instead of names") from None
    if len(set(servers)) < len(servers):
        raise InvalidInput(option, "a server is a duplicate", "list each server once")
    return tuple(servers)


def checked_flow_timeout(option: str, minutes: int) -> int:
    """Check the idle timeout of connections. Raises InvalidInput."""
    if minutes not in _FLOW_TIMEOUT:
        raise InvalidInput(option, f"must be between {_FLOW_TIMEOUT[0]} and {_FLOW_TIMEOUT[-1]}", f"correct {minutes}")
    return minutes
