# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: address ranges, as a virtual network and its subnets may have them.

Rules: Azure Virtual Network FAQ (sizes of subnets, ranges that can't be used); IPv6 for Azure Virtual Network (/64).
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
    """A range that somebody wrote. Raises InvalidInput, with the range that may have been meant."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidInput(option, f"'{text}' is no address range", "write it like 10.20.0.0/16") from error
    raise InvalidInput(option, f"'{text}' is an address inside a range", f"if the whole range is meant, write {meant}")


def as_range(text: str) -> Range:
    """A range that was checked before, or that Azure gave."""
    return ipaddress.ip_network(text, strict=False)


def require_ranges(option: str, texts: Sequence[str]) -> None:
    """Ranges that one owner has side by side: well-formed, allowed, none twice, none inside another."""
    ranges = {parsed(option, text): text for text in texts}
    if len(ranges) < len(texts):
        raise InvalidInput(option, "a range stands there twice", "name each once")
    for place in ranges:
        _require_allowed(option, place)
    for left, right in combinations(ranges, 2):
        if overlap(left, right):
            raise InvalidInput(option, f"{left} and {right} overlap", "give ranges that lie beside each other")


def require_subnet_ranges(option: str, texts: Sequence[str]) -> None:
    """The ranges of one subnet: right sizes, and one of IPv4 at least. Raises InvalidInput."""
    for text in texts:
        _require_size(option, parsed(option, text))
    if all(as_range(text).version == 6 for text in texts):
        told = texts[0] if texts else "nothing"
        raise InvalidInput(option, f"{told} has no IPv4, and failed-over machines need IPv4", "give an IPv4 range")
    require_ranges(option, texts)


def overlap(left: Range, right: Range) -> bool:
    return left.version == right.version and left.overlaps(right)


def overlapping(place: Range, others: Iterable[Range]) -> Range | None:
    return next((other for other in others if overlap(place, other)), None)


def contained(place: Range, prefixes: Iterable[str]) -> bool:
    """Whether a range lies within one of the others."""
    return any(
        place.version == space.version and place.prefixlen >= space.prefixlen and place.overlaps(space)
        for space in map(as_range, prefixes)
    )


def _require_size(option: str, place: Range) -> None:
    if place.version == 6:
        if place.prefixlen != _ONLY_IPV6:
            raise InvalidInput(option, f"{place} is no /64, Azure's only size of an IPv6 subnet", "give a /64")
    elif place.prefixlen > _SMALLEST_IPV4:
        raise InvalidInput(option, f"{place} is too small, Azure's smallest subnet is /29", "give a larger range")
    elif place.prefixlen < _LARGEST_IPV4:
        raise InvalidInput(option, f"{place} is too large, Azure's largest subnet is /2", "give a smaller range")


def _require_allowed(option: str, place: Range) -> None:
    for forbidden, purpose in _FORBIDDEN.items():
        if overlap(place, forbidden):
            raise InvalidInput(
                option, f"{place} touches {forbidden} ({purpose}), which Azure does not allow", "give another range"
            )
