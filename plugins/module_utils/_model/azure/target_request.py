# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: rules of a desired target that concern more than one account or network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..common.errors import InvalidInput
from .target_limits import LOG_ACCOUNT_NEEDED, is_premium


def require_deployment_model(model: str, option: str = "deployment_model") -> None:
    """Raise InvalidInput for the retired classic model and for unknown models (T2, T7). Empty text is accepted."""
    known = model.lower().replace("_", "").replace(" ", "")
    fix = f"remove {option}, or set it to resource_manager, the only model"
    if known == "classic":
        raise InvalidInput(
            option, "the classic model is retired, and its accounts and networks cannot be created anymore", fix
        )
    if known not in ("", "resourcemanager"):
        raise InvalidInput(option, f"'{model}' is unknown", fix)


def require_log_account(accounts: Iterable[Mapping[str, Any]], option: str = "storage_accounts") -> None:
    """Raise InvalidInput when all accounts are premium and none has a log account (T5).

    The accounts are dictionaries with the options of the module storage_account.
    """
    accounts = list(accounts)
    premium = [account for account in accounts if is_premium(str(account.get("sku") or ""))]
    with_logs = [account for account in accounts if account.get("log_account")]
    if premium and len(premium) == len(accounts) and not with_logs:
        raise InvalidInput(
            option,
            f"storage account {premium[0].get('name')}: {LOG_ACCOUNT_NEEDED}",
            "give it a log_account, or add an account with a standard SKU",
        )
