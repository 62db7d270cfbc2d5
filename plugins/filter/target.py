# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters about the Azure target: what can't work in a wanted one, and what was found of one, as checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._model.azure.regions import require_region
from ..module_utils._model.azure.storage_account import DesiredPair
from ..module_utils._model.azure.target_rules import is_premium
from ..module_utils._model.azure.virtual_network import DesiredNetwork
from ..module_utils._model.common.errors import InvalidInput

Resource = Mapping[str, Any]
Refusal = dict[str, str]

_CLASSIC = (
    "azure_target_deployment_model: the classic model is retired, its accounts and networks can't be made any more;"
    " remove the variable or set it to resource_manager, the only model"
)
# What the modules' options are when nobody writes them.
_UNWRITTEN: Resource = {
    "resource_group": "",
    "subscription_id": "",
    "create_resource_group": False,
    "tags": None,
    "append_tags": True,
}
_ACCOUNT: Resource = {
    **dict.fromkeys(
        (
            "sku",
            "kind",
            "access_tier",
            "https_only",
            "minimum_tls_version",
            "allow_blob_public_access",
            "allow_cross_tenant_replication",
            "allow_shared_key_access",
            "default_to_oauth_authentication",
            "public_network_access",
            "network_acls",
            "require_infrastructure_encryption",
            "log_account",
        )
    ),
    "append_network_rules": True,
}
_PURGES = ("purge_address_prefixes", "purge_subnets")
_NETWORK: Resource = {
    **dict.fromkeys(("address_prefixes", "subnets", "dns_servers", "flow_timeout_in_minutes", "encryption")),
    "ddos_protection_plan": None,
    "state": "present",
    "allow_delete": False,
    **dict.fromkeys(_PURGES, False),
}


def target_refusals(
    storage_accounts: Sequence[Resource],
    virtual_networks: Sequence[Resource] = (),
    location: str = "",
    deployment_model: str = "",
    allow_other_region: bool = False,
) -> list[Refusal]:
    """What is wrong with the wanted target, as failed checks with the keys id, step, verdict and message.

    Rules: the classic model is retired (T2, T7); the vault's region is one that Site Recovery offers (B1); accounts and
    networks pass the checks of their modules that need no Azure, the vault's region among them (T4, T6); a premium
    account needs a standard one for replication logs (T5).
    Raises AnsibleFilterError for entries without a name.
    """
    shared = {
        **_UNWRITTEN,
        "location": location,
        "vault_location": location,
        "allow_other_region": allow_other_region,
    }
    accounts = [{**shared, **_ACCOUNT, **_named("storage account", entry)} for entry in storage_accounts]
    networks = [_with_flags({**shared, **_NETWORK, **_named("network", entry)}) for entry in virtual_networks]
    return [
        *_model_refusals(deployment_model),
        *_region_refusals(location),
        *_invalid("T4", "storage account", accounts, DesiredPair.from_options),
        *_log_refusals(accounts),
        *_invalid("T6", "network", networks, DesiredNetwork.from_options),
    ]


def _model_refusals(model: str) -> Iterator[Refusal]:
    known = model.lower().replace("_", "").replace(" ", "")
    if known == "classic":
        yield _refusal("deployment-model", "T2", _CLASSIC)
    elif known not in ("", "resourcemanager"):
        message = f"azure_target_deployment_model: '{model}' is unknown; the only model is resource_manager"
        yield _refusal("deployment-model", "T2", message)


def _region_refusals(location: str) -> Iterator[Refusal]:
    if not location:
        return
    try:
        require_region(location, option="azure_target_location")
    except InvalidInput as error:
        yield _refusal("target-region", "B1", error.message)


def _invalid(
    step: str, kind: str, resources: Sequence[Resource], check: Callable[[Resource], object]
) -> Iterator[Refusal]:
    for resource in resources:
        try:
            check(resource)
        except InvalidInput as error:
            yield _refusal("target-options", step, f"{kind} {resource['name']}: {error.message}")


def _log_refusals(accounts: Sequence[Resource]) -> Iterator[Refusal]:
    premium = [account["name"] for account in accounts if is_premium(account["sku"] or "")]
    beside = [account["name"] for account in accounts if account["log_account"]]
    if premium and len(premium) == len(accounts) and not beside:
        yield _refusal(
            "log-account",
            "T5",
            f"storage account {premium[0]}: a premium account needs a standard one for replication logs;"
            " give it a log_account, or add an account with a Standard sku to azure_target_storage_accounts",
        )


def _refusal(check: str, step: str, message: str) -> Refusal:
    # integration: replaced by h-azure (a check with its six keys)
    return {"id": check, "step": step, "severity": "error", "status": "fail", "message": message, "fix": ""}


def _named(kind: str, resource: Resource) -> Resource:
    if not isinstance(resource, Mapping) or not resource.get("name"):
        raise AnsibleFilterError(f"{kind}: every entry needs a name")
    return resource


def _with_flags(network: Resource) -> Resource:
    """Variables may hold words where modules get true or false."""
    return {**network, **{name: boolean(network[name]) for name in _PURGES}}


def target_checks(target: Resource) -> list[Refusal]:
    """What target_info found of the scope (T1) and of replication policies (P7), as checks of the preflight.

    A rule that fails is a check of its own; what is not known only shows in the words of one that passes.
    Raises AnsibleFilterError for something that is not the target of target_info.
    """
    try:
        scope, policies = target["scope"], target["policies"]
        return [*_found("target-scope", "T1", scope, _place(scope)), *_found("policies", "P7", policies)]
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError("target_checks: give it the target that target_info returns") from error


def _found(check: str, step: str, judged: Resource, place: str = "") -> list[Refusal]:
    rows = judged["rules"]
    failed = [row for row in rows if row["verdict"] == "fail"]
    if failed:
        return [
            {
                "id": check,
                "step": step,
                "verdict": "fail" if row["hardness"] == "hard" else "warn",
                "message": row["reason"],
            }
            for row in failed
        ]
    unknown = [row["reason"] for row in rows if row["verdict"] == "unknown"]
    told = place or "; ".join(row["reason"] for row in rows)
    if place and unknown:
        told = f"{place}; not known: {'; '.join(unknown)}"
    return [{"id": check, "step": step, "verdict": "pass", "message": told}]


def _place(scope: Resource) -> str:
    return f"subscription {scope['subscription_name'] or scope['subscription_id']}, group {scope['resource_group']}"


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., list[Refusal]]]:
        return {"target_refusals": target_refusals, "target_checks": target_checks}
