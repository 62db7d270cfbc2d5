# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: rules that apply to storage accounts and networks alike: region, subscription, deployment model, state."""

from __future__ import annotations

from typing import Protocol

from ..common.errors import InvalidInput
from ..common.names import region, same_name
from .regions import require_region
from .target_rule import Labeled, Rule, RuleContext, RuleResult, fail, not_evaluated

_NO_VAULT = "cannot be compared with the vault, which does not exist yet"


class Placed(Labeled, Protocol):
    """The properties that accounts and networks have in common."""

    @property
    def id(self) -> str: ...

    @property
    def location(self) -> str: ...

    @property
    def subscription_id(self) -> str: ...

    @property
    def provisioning_state(self) -> str: ...


def _region(candidate: Placed, context: RuleContext) -> RuleResult | None:
    if not context.vault_location:
        return not_evaluated(_NO_VAULT)
    vault = region(context.vault_location)
    if candidate.location == vault:
        return None
    return fail(f"is in {candidate.location}, but the vault is in {vault}", f"use one in {vault}")


def _offered(candidate: Placed, _context: RuleContext) -> RuleResult | None:
    try:
        require_region(candidate.location)
    except InvalidInput as error:
        return fail(f"is in a region that cannot be used: {error.rule}", error.fix)
    return None


def _subscription(candidate: Placed, context: RuleContext) -> RuleResult | None:
    if context.vault_subscription is None:
        return not_evaluated(_NO_VAULT)
    if same_name(candidate.subscription_id, context.vault_subscription):
        return None
    return fail(
        f"is in subscription {candidate.subscription_id}, but the vault is in {context.vault_subscription}",
        "use one of the vault's subscription",
    )


def _model(candidate: Placed, _context: RuleContext) -> RuleResult | None:
    if "/providers/microsoft.classic" in candidate.id.casefold():
        return fail("belongs to the classic deployment model, which is retired", "use a Resource Manager resource")
    return None


def _state(candidate: Placed, _context: RuleContext) -> RuleResult | None:
    if candidate.provisioning_state == "Succeeded":
        return None
    return fail(f"is in state {candidate.provisioning_state or 'unknown'}", "wait for its operation, or repair it")


PLACE_RULES: tuple[Rule[Placed], ...] = (
    Rule("region", "error", "is in the vault's region", _region, lambda context: context.allow_other_region),
    Rule("target-region", "error", "is in a region that Site Recovery offers", _offered),
    Rule("subscription", "warning", "is in the vault's subscription", _subscription),
    Rule("deployment-model", "error", "uses the Resource Manager deployment model", _model),
    Rule("state", "error", "is in state Succeeded", _state),
)
#: The rule that compares a candidate with the region of the vault.
REGION_RULE = PLACE_RULES[0]
