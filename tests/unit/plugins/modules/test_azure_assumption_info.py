# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that examines assumptions about Azure."""

from __future__ import annotations

from tests.unit.plugins.modules.conftest import GROUP, Subscription
from tests.unit.plugins.modules.test_failing import register


def test_try(subscription: Subscription) -> None:
    vault = subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    register(subscription, vault)
    ended = subscription.run("azure_assumption_info", vault_name="vault-dr", resource_group=GROUP)
    for each in ended.result["assumptions"]:
        print(each["id"], each["status"], each["observed"], each["reason"][:100])
    print(ended.result["facts"], ended.result["identifiers"])
    from tests.unit.plugins.modules.conftest import wrong_requests

    print("WRONG", wrong_requests(subscription))
    raise AssertionError
