# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: rules of a requested target that no single account or network can answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..common.errors import InvalidInput
from .target_rules import is_premium


def require_deployment_model(model: str, option: str = "deployment_model") -> None:
    """Raise InvalidInput for the retired classic model and for unknown ones (T2, T7). Empty: not requested."""
    known = model.lower().replace("_", "").replace(" ", "")
    if known == "classic":
        raise InvalidInput(
            option,
            "the classic model is retired, its accounts and networks can't be made any more",
            "remove the variable or set it to resource_manager, the only model",
        )
    if known not in ("", "resourcemanager"):
        raise InvalidInput(option, f"'{model}' is unknown", "the only model is resource_manager")


def require_log_account(accounts: Iterable[Mapping[str, Any]], option: str = "storage_accounts") -> None:
    """Raise InvalidInput when all accounts are premium and no standard one takes the replication logs (T5).

    The accounts are dictionaries with the options of the module storage_account.
    """
    accounts = list(accounts)
    premium = [account["name"] for account in accounts if is_premium(account.get("sku") or "")]
    if premium and len(premium) == len(accounts) and not any(account.get("log_account") for account in accounts):
        raise InvalidInput(
            option,
            f"premium account {premium[0]} needs a standard account for replication logs",
            "give it a log_account, or add an account with a Standard sku",
        )
