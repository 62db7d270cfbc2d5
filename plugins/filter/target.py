# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that finds what can't work in a wanted Azure target, before anything is asked of Azure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._model.names import region

Resource = Mapping[str, Any]
Refusal = dict[str, str]

_CLASSIC = (
    "azure_target_deployment_model: the classic model is retired, its accounts and networks can't be made any more;"
    " remove the variable or set it to resource_manager, the only model"
)


def target_refusals(
    storage_accounts: Sequence[Resource],
    virtual_networks: Sequence[Resource] = (),
    location: str = "",
    deployment_model: str = "",
    allow_other_region: bool = False,
) -> list[Refusal]:
    """What is wrong with the wanted target, as failed checks with the keys id, step, verdict and message.

    Rules: the classic model is retired (T2, T7); accounts and networks lie in the vault's region unless other regions
    are allowed (T4, T6); a premium account needs a standard one for replication logs (T5).
    Raises AnsibleFilterError for entries without a name.
    """
    return [
        *_model_refusals(deployment_model),
        *_region_refusals("T4", "storage account", storage_accounts, location, allow_other_region),
        *_log_refusals(storage_accounts),
        *_region_refusals("T6", "network", virtual_networks, location, allow_other_region),
    ]


def _model_refusals(model: str) -> Iterator[Refusal]:
    known = model.lower().replace("_", "").replace(" ", "")
    if known == "classic":
        yield _refusal("deployment-model", "T2", _CLASSIC)
    elif known not in ("", "resourcemanager"):
        message = f"azure_target_deployment_model: '{model}' is unknown; the only model is resource_manager"
        yield _refusal("deployment-model", "T2", message)


def _region_refusals(
    step: str, kind: str, resources: Sequence[Resource], location: str, allowed: bool
) -> Iterator[Refusal]:
    for resource in resources:
        own = str(resource.get("location") or location)
        if region(own) != region(location) and not allowed:
            yield _refusal(
                "target-region",
                step,
                f"{kind} {_name(kind, resource)}: location {own} is not the vault's, {location};"
                " use the vault's region, or allow another one with azure_target_allow_other_region",
            )


def _log_refusals(accounts: Sequence[Resource]) -> Iterator[Refusal]:
    premium = [_name("storage account", account) for account in accounts if _sku(account).startswith("premium")]
    if premium and not any(_sku(account).startswith("standard") for account in accounts):
        yield _refusal(
            "log-account",
            "T5",
            f"storage account {premium[0]}: a premium account needs a standard one for replication logs;"
            " add an account with a Standard sku to azure_target_storage_accounts",
        )


def _refusal(check: str, step: str, message: str) -> Refusal:
    return {"id": check, "step": step, "verdict": "fail", "message": message}


def _sku(account: Resource) -> str:
    return str(account.get("sku") or "Standard_LRS").lower()


def _name(kind: str, resource: Resource) -> str:
    if not isinstance(resource, Mapping) or not resource.get("name"):
        raise AnsibleFilterError(f"{kind}: every entry needs a name")
    return str(resource["name"])


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., list[Refusal]]]:
        return {"target_refusals": target_refusals}
