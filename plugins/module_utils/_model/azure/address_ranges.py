# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the address ranges that a virtual network and its subnets can have.

Sources: Azure Virtual Network FAQ (sizes of subnets, reserved ranges); IPv6 for Azure Virtual Network (/64).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import TypeAlias

from ..common.errors import InvalidInput

Range: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_SMALLEST_IPV4 = 29
_LARGEST_IPV4 = 2
_ONLY_IPV6 = 64
_FORBIDDEN = {
    ipaddress.ip_network("224.0.0.0/4"): "multicast",
    ipaddress.ip_network("255.255.255.255/32"): "broadcast",
    ipaddress.ip_network("127.0.0.0/8"): "loopback",
    ipaddress.ip_network("169.254.0.0/16"): "link-local",
    ipaddress.ip_network("168.63.129.16/32"): "Azure's own DNS",
}


def parsed(option: str, text: str) -> Range:
    """Parse a range of an option. Raises InvalidInput, which suggests the range that was probably meant."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidInput(option, f"'{text}' is not an address range", "write it like 10.20.0.0/16") from error
    raise InvalidInput(option, f"'{text}' is an address inside a range", f"write {meant} for the whole range")


def as_range(text: str) -> Range:
    """Parse a range that was checked before, or that comes from Azure."""
    return ipaddress.ip_network(text, strict=False)


def require_ranges(option: str, texts: Sequence[str]) -> None:
    """Check the ranges of one owner: well-formed, allowed, distinct and without overlap. Raises InvalidInput."""
    ranges = {parsed(option, text): text for text in texts}
    if len(ranges) < len(texts):
        raise InvalidInput(option, "a range is a duplicate", "list each range once")
    for network in ranges:
        _require_allowed(option, network)
    for left, right in combinations(ranges, 2):
        if overlap(left, right):
            raise InvalidInput(option, f"{left} and {right} overlap", "give ranges that do not overlap")


def require_subnet_ranges(option: str, texts: Sequence[str]) -> None:
    """Check the ranges of one subnet: valid sizes, and at least one IPv4 range. Raises InvalidInput."""
    for text in texts:
        _require_size(option, parsed(option, text))
    if all(as_range(text).version == 6 for text in texts):
        raise InvalidInput(option, "failed-over machines need IPv4, and it has no IPv4 range", "give an IPv4 range")
    require_ranges(option, texts)


def overlap(left: Range, right: Range) -> bool:
    """Tell whether two ranges have an address in common."""
    return left.version == right.version and left.overlaps(right)


def overlapping(candidate: Range, others: Iterable[Range]) -> Range | None:
    """Return the first of the other ranges that overlaps, or None."""
    return next((other for other in others if overlap(candidate, other)), None)


def contained(candidate: Range, prefixes: Iterable[str]) -> bool:
    """Tell whether a range is inside one of the others."""
    return any(
        candidate.version == space.version and candidate.prefixlen >= space.prefixlen and candidate.overlaps(space)
        for space in map(as_range, prefixes)
    )


def _require_size(option: str, network: Range) -> None:
    if network.version == 6:
        if network.prefixlen != _ONLY_IPV6:
            raise InvalidInput(
                option, f"{network} is not a /64, the only size of an IPv6 subnet in Azure", "give a /64"
            )
    elif network.prefixlen > _SMALLEST_IPV4:
        raise InvalidInput(option, f"{network} is too small: Azure's smallest subnet is /29", "give a larger range")
    elif network.prefixlen < _LARGEST_IPV4:
        raise InvalidInput(option, f"{network} is too large: Azure's largest subnet is /2", "give a smaller range")


def _require_allowed(option: str, network: Range) -> None:
    for forbidden, purpose in _FORBIDDEN.items():
        if overlap(network, forbidden):
            raise InvalidInput(
                option, f"{network} overlaps {forbidden} ({purpose}), which Azure does not allow", "give another range"
            )
