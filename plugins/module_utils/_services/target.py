# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what of a subscription a vault can replicate to (T1 to T3), in three list calls at most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._azure.clients import Azure
from .._model.lifecycle import Evidence
from .._model.target import Candidate, compatible, judge_accounts, judge_networks
from .._model.vault import Vault
from .storage_account import list_accounts
from .vault import find
from .virtual_network import list_networks


def read_target(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """The result's keys."""
    vault = find(azure, options["resource_group"], options["vault_name"]).resource
    group = options["target_resource_group"]
    location = vault.location if vault else None
    other = options["allow_other_region"]
    accounts = list_accounts(azure, group)
    networks = list_networks(azure, group) if accounts is not None else None
    scope = _scope(azure, group, group_exists=accounts is not None and networks is not None)
    judged = judge_accounts(accounts or [], location, other), judge_networks(networks or [], location, other)
    return {
        "target": {
            "vault_id": vault.id if vault else None,
            "vault_location": location,
            "storage_accounts": [candidate.project() for candidate in judged[0]],
            "virtual_networks": [candidate.project() for candidate in judged[1]],
            "compatible": {"storage_accounts": compatible(judged[0]), "virtual_networks": compatible(judged[1])},
        },
        "evidence": [entry.to_result() for entry in _evidence(scope, vault, *judged)],
        "warnings": [] if vault else [f"vault '{options['vault_name']}' does not exist, so regions were not compared"],
    }


def _scope(azure: Azure, group: str | None, group_exists: bool) -> str:
    if group is None:
        return f"subscription {azure.subscription_id} can be read"
    return f"resource group {group} {'can be read' if group_exists else 'does not exist'}"


def _evidence(
    scope: str, vault: Vault | None, accounts: list[Candidate], networks: list[Candidate]
) -> tuple[Evidence, ...]:
    counted = (
        f"{compatible(accounts)} of {len(accounts)} storage accounts and"
        f" {compatible(networks)} of {len(networks)} networks can be used"
    )
    where = f"by vault {vault.name} in {vault.location}" if vault else "(there is no vault yet)"
    return (
        Evidence("T1", scope, "nothing to do", scope),
        Evidence("T2", "deployment model Resource Manager", "nothing to do", "the only model there is"),
        Evidence("T3", f"{counted} {where}", "nothing to do", counted),
    )
