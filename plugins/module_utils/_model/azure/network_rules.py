# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the rules for virtual networks as targets of failed-over machines.

Sources: support matrix for Hyper-V to Azure; Azure Virtual Network FAQ; "Prepare network mapping for Hyper-V VM
disaster recovery to Azure".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from .target_limits import subnet_problem
from .target_rule import Rule, RuleContext, RuleResult, fail, not_evaluated
from .virtual_network import VirtualNetwork

#: Azure reserves the first four addresses and the last one of every subnet (Azure Virtual Network FAQ).
_RESERVED_ADDRESSES = 5
_ADD_SUBNET = "add a subnet for machines"


def _problems(network: VirtualNetwork) -> dict[str, str | None]:
    return {subnet.name: subnet_problem(subnet.name, subnet.prefixes, subnet.delegations) for subnet in network.subnets}


def _subnet(network: VirtualNetwork, _context: RuleContext) -> RuleResult | None:
    problems = _problems(network)
    if not problems:
        return fail("has no subnet", _ADD_SUBNET)
    if all(problems.values()):
        return fail(
            f"has no usable subnet: {', '.join(f'{name} {problem}' for name, problem in problems.items())}", _ADD_SUBNET
        )
    return None


def _first_subnet(network: VirtualNetwork, _context: RuleContext) -> RuleResult | None:
    """A mapping uses the subnet with the name of the source subnet, or else the first subnet."""
    problems = _problems(network)
    if not problems or all(problems.values()):
        return not_evaluated("has no usable subnet to choose")
    first, problem = next(iter(problems.items()))
    choice = "unless a subnet has the name of the source subnet"
    if problem is None:
        return RuleResult("pass", f"places machines in {first} {choice}")
    return fail(f"places machines in {first}, which {problem}, {choice}", "give a subnet the name of the source subnet")


def _free(network: VirtualNetwork, _context: RuleContext) -> RuleResult | None:
    problems = _problems(network)
    usable = [subnet for subnet in network.subnets if problems[subnet.name] is None]
    if not usable:
        return not_evaluated("has no usable subnet to count addresses in")
    used = {
        str(entry.get("name")): len((entry.get("properties") or {}).get("ipConfigurations") or ())
        for entry in (network.document.get("properties") or {}).get("subnets") or ()
    }
    free = {subnet.name: _size(subnet.prefixes) - used.get(subnet.name, 0) for subnet in usable}
    if max(free.values()) < 1:
        return fail(f"has no free address in {', '.join(free)}", "add a subnet, or enlarge one")
    counts = ", ".join(f"{max(count, 0)} in {name}" for name, count in free.items())
    return RuleResult("pass", f"has free addresses: {counts}")


def _size(prefixes: Sequence[str]) -> int:
    return sum(
        max(ipaddress.ip_network(prefix, strict=False).num_addresses - _RESERVED_ADDRESSES, 0)
        for prefix in prefixes
        if ":" not in prefix
    )


def _outbound(network: VirtualNetwork, _context: RuleContext) -> RuleResult | None:
    problems = _problems(network)
    first = next((subnet for subnet in network.subnets if problems[subnet.name] is None), None)
    if first is None:
        return not_evaluated("has no usable subnet whose outbound access counts")
    settings = first.settings
    if settings.get("default_outbound_access") is not False or settings.get("nat_gateway"):
        return None
    if settings.get("route_table"):
        return not_evaluated(f"has the private subnet {first.name}, whose outbound access its route table decides")
    return fail(
        f"places machines in {first.name}, a private subnet without a NAT gateway or a route table, so they cannot"
        " reach the internet for activation and updates",
        "set nat_gateway or route_table of the subnet, or default_outbound_access to true",
    )


NETWORK_RULES: tuple[Rule[VirtualNetwork], ...] = (
    Rule("subnet", "error", "has a subnet for machines: not reserved, not delegated, with IPv4", _subnet),
    Rule("subnet-choice", "warning", "has a usable first subnet", _first_subnet),
    Rule("free-addresses", "warning", "has free addresses", _free),
    Rule("outbound-access", "warning", "has outbound access in its first usable subnet", _outbound),
)
