# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what a vault can replicate to: the rules for storage accounts and networks, and the verdict.

Rules: support matrix for Hyper-V to Azure, "Prepare Azure for Hyper-V disaster recovery", and the guide "Replicate
Hyper-V VMs in VMM clouds to Azure".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .errors import InvalidInput
from .names import region

if TYPE_CHECKING:
    from .storage_account import StorageAccount
    from .virtual_network import VirtualNetwork

Hardness = Literal["hard", "warn", "note"]
Verdict = Literal["ok", "warn", "refused"]

SUPPORTED_SKUS = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Premium_LRS")
SUPPORTED_KINDS = ("StorageV2", "Storage")
#: Subnets that Azure keeps for its own appliances.
RESERVED_SUBNETS = (
    "GatewaySubnet",
    "AzureFirewallSubnet",
    "AzureFirewallManagementSubnet",
    "AzureBastionSubnet",
    "RouteServerSubnet",
)
LOG_ACCOUNT_NOTE = (
    "a premium account needs a second, standard account in the same region for the replication logs; have one as well"
)
_HARDNESS_FIRST = ("hard", "warn", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about one candidate. Hard ones rule it out, warnings and notes don't."""

    rule: str
    hardness: Hardness
    message: str

    def project(self) -> dict[str, str]:
        return {"rule": self.rule, "hardness": self.hardness, "message": self.message}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A storage account or network, judged."""

    id: str
    name: str
    resource_group: str
    location: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        found = {finding.hardness for finding in self.findings}
        if "hard" in found:
            return "refused"
        return "warn" if "warn" in found else "ok"

    def project(self) -> dict[str, Any]:
        ordered = sorted(self.findings, key=lambda finding: _HARDNESS_FIRST.index(finding.hardness))
        return {
            "id": self.id,
            "name": self.name,
            "resource_group": self.resource_group,
            "location": self.location,
            "verdict": self.verdict,
            "reasons": [finding.message for finding in ordered],
            "rules": [finding.project() for finding in ordered],
        }


def compatible(candidates: Iterable[Candidate]) -> int:
    """How many can be used, with or without a warning."""
    return sum(candidate.verdict != "refused" for candidate in candidates)


def require_same_region(location: str, vault_location: str | None, allow_other_region: bool) -> None:
    """Offline: a target lies in the vault's region unless somebody says otherwise (T4, T6). Raises InvalidInput."""
    if vault_location and not allow_other_region and region(location) != region(vault_location):
        raise InvalidInput(
            "location",
            f"{region(location)} is not the vault's region, {region(vault_location)}",
            "use the vault's region, or set allow_other_region to true",
        )


def judge_accounts(
    accounts: Sequence[StorageAccount], vault_location: str | None, allow_other_region: bool = False
) -> list[Candidate]:
    """Every account with what speaks against it. Without a vault location the region can't be judged."""
    judged = [
        Candidate(
            account.id,
            account.name,
            account.resource_group,
            account.location,
            (
                *region_findings(account.location, vault_location, allow_other_region),
                *shape_findings(account.sku, account.kind, account.access_tier),
                *account_findings(account),
            ),
        )
        for account in accounts
    ]
    premium = {account.id for account in accounts if is_premium(account.sku)}
    logs = {
        candidate.location for candidate in judged if candidate.id not in premium and candidate.verdict != "refused"
    }
    return [_with_log_finding(candidate, logs) if candidate.id in premium else candidate for candidate in judged]


def judge_networks(
    networks: Sequence[VirtualNetwork], vault_location: str | None, allow_other_region: bool = False
) -> list[Candidate]:
    """Every network with what speaks against it."""
    return [
        Candidate(
            network.id,
            network.name,
            network.resource_group,
            network.location,
            (*region_findings(network.location, vault_location, allow_other_region), *network_findings(network)),
        )
        for network in networks
    ]


def region_findings(location: str, vault_location: str | None, allow_other_region: bool = False) -> list[Finding]:
    if not vault_location or location == region(vault_location):
        return []
    hardness: Hardness = "warn" if allow_other_region else "hard"
    return [Finding("region", hardness, f"is in {location}, the vault in {region(vault_location)}")]


def shape_findings(sku: str, kind: str, access_tier: str | None) -> list[Finding]:
    """What speaks against an account of this kind, whether it exists or is only wanted."""
    return [*_sku_findings(sku), *_kind_findings(kind), *_tier_findings(access_tier)]


def account_findings(account: StorageAccount) -> list[Finding]:
    """What only an existing account shows."""
    findings = []
    if account.hierarchical_namespace:
        findings.append(
            Finding("hierarchical-namespace", "hard", "has a hierarchical namespace, which offers no page blobs")
        )
    if account.provisioning_state != "Succeeded":
        findings.append(Finding("state", "hard", f"is in state {account.provisioning_state or 'unknown'}"))
    return findings


def network_findings(network: VirtualNetwork) -> list[Finding]:
    """A failed-over machine needs a subnet that takes machines and has IPv4 addresses."""
    findings = []
    if network.provisioning_state != "Succeeded":
        findings.append(Finding("state", "hard", f"is in state {network.provisioning_state or 'unknown'}"))
    problems = {
        subnet.name: subnet_problem(subnet.name, subnet.prefixes, subnet.delegations) for subnet in network.subnets
    }
    if not problems:
        findings.append(Finding("subnet", "hard", "has no subnet"))
    elif all(problems.values()):
        told = ", ".join(f"{name} {problem}" for name, problem in problems.items())
        findings.append(Finding("subnet", "hard", f"has no usable subnet: {told}"))
    return findings


def subnet_problem(name: str, prefixes: Sequence[str], delegations: Sequence[str] = ()) -> str | None:
    """Why a subnet can't take failed-over machines, or None."""
    if is_reserved(name):
        return "is reserved for Azure's own use"
    if delegations:
        return f"is delegated to {', '.join(delegations)}"
    if not any(":" not in prefix for prefix in prefixes):
        return "has no IPv4 range"
    return None


def is_reserved(subnet: str) -> bool:
    return subnet.casefold() in {name.casefold() for name in RESERVED_SUBNETS}


def is_premium(sku: str) -> bool:
    return sku.casefold().startswith("premium")


def _with_log_finding(candidate: Candidate, logs: set[str]) -> Candidate:
    hardness: Hardness = "note" if candidate.location in logs else "warn"
    finding = Finding("log-account", hardness, LOG_ACCOUNT_NOTE)
    return Candidate(
        candidate.id, candidate.name, candidate.resource_group, candidate.location, (*candidate.findings, finding)
    )


def _sku_findings(sku: str) -> list[Finding]:
    if sku in SUPPORTED_SKUS:
        return []
    if "ZRS" in sku.upper():
        return [
            Finding("sku", "hard", f"{sku} replicates over zones, which Site Recovery does not support as a target")
        ]
    return [Finding("sku", "hard", f"{sku} is not among the supported ones, {', '.join(SUPPORTED_SKUS)}")]


def _kind_findings(kind: str) -> list[Finding]:
    if kind == "Storage":
        return [Finding("kind", "note", "is a general-purpose v1 account, a kind that is being retired")]
    if kind in SUPPORTED_KINDS:
        return []
    return [
        Finding("kind", "hard", f"{kind} accounts offer no page blobs; a general-purpose account (StorageV2) is needed")
    ]


def _tier_findings(access_tier: str | None) -> list[Finding]:
    if access_tier in (None, "Hot", "Premium"):
        return []
    return [Finding("access-tier", "hard", f"access tier {access_tier} is not supported for replication, only Hot")]
