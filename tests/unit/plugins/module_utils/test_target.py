# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a vault can replicate to: one rule broken at a time (T1 to T7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.storage_account import StorageAccount
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.subnet import Subnet
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.target import (
    LOG_ACCOUNT_NOTE,
    RESERVED_SUBNETS,
    compatible,
    judge_accounts,
    judge_networks,
    require_same_region,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.virtual_network import VirtualNetwork
from tests.unit.plugins.module_utils.test_storage_account import ACCOUNT, PREMIUM
from tests.unit.plugins.module_utils.test_virtual_network import NETWORK

MACHINES = Subnet("machines", ("10.1.1.0/24",))
GOOD = replace(NETWORK, subnets=(MACHINES,))


@pytest.mark.parametrize(
    ("rule", "verdict", "account"),
    [
        (None, "ok", ACCOUNT),
        (None, "ok", replace(ACCOUNT, sku="Standard_RAGRS")),
        ("region", "refused", replace(ACCOUNT, location="northeurope")),
        ("sku", "refused", replace(ACCOUNT, sku="Standard_GZRS")),
        ("sku", "refused", replace(ACCOUNT, sku="StandardV2_LRS")),
        ("sku", "refused", replace(ACCOUNT, sku="")),
        ("kind", "refused", replace(ACCOUNT, kind="BlockBlobStorage")),
        ("kind", "ok", replace(ACCOUNT, kind="Storage", access_tier=None)),
        ("access-tier", "refused", replace(ACCOUNT, access_tier="Cold")),
        ("hierarchical-namespace", "refused", replace(ACCOUNT, hierarchical_namespace=True)),
        ("state", "refused", replace(ACCOUNT, provisioning_state="Creating")),
        ("state", "refused", replace(ACCOUNT, provisioning_state="")),
        ("log-account", "warn", PREMIUM),
    ],
)
def test_one_account(rule: str | None, verdict: str, account: StorageAccount) -> None:
    (candidate,) = judge_accounts([account], "West Europe")
    shown = candidate.project()
    assert (shown["verdict"], [found["rule"] for found in shown["rules"]]) == (verdict, [rule] if rule else [])
    assert shown["reasons"] == [found["message"] for found in shown["rules"]]
    assert compatible([candidate]) == (verdict != "refused")


@pytest.mark.parametrize(
    ("name", "others", "verdict"),
    [
        ("alone", [], "warn"),
        ("with a standard one", [replace(ACCOUNT, id="/2")], "ok"),
        ("with one in another region", [replace(ACCOUNT, id="/2", location="northeurope")], "warn"),
        ("with one that is refused", [replace(ACCOUNT, id="/2", hierarchical_namespace=True)], "warn"),
        ("with a second premium one", [replace(PREMIUM, id="/2")], "warn"),
    ],
)
def test_a_premium_account_needs_a_standard_one_for_logs(name: str, others: list[StorageAccount], verdict: str) -> None:
    candidate = judge_accounts([PREMIUM, *others], "westeurope")[0]
    assert candidate.verdict == verdict
    assert LOG_ACCOUNT_NOTE in candidate.project()["reasons"]


@pytest.mark.parametrize(
    ("told", "verdict", "network"),
    [
        (None, "ok", GOOD),
        ("northeurope", "refused", replace(GOOD, location="northeurope")),
        ("state Failed", "refused", replace(GOOD, provisioning_state="Failed")),
        ("no subnet", "refused", replace(GOOD, subnets=())),
        (
            "is delegated to Microsoft.Web",
            "refused",
            replace(GOOD, subnets=(replace(MACHINES, delegations=("Microsoft.Web",)),)),
        ),
        ("no IPv4 range", "refused", replace(GOOD, subnets=(replace(MACHINES, prefixes=("fd00::/64",)),))),
        ("no IPv4 range", "refused", replace(GOOD, subnets=(replace(MACHINES, prefixes=()),))),
        *(
            ("reserved for Azure", "refused", replace(GOOD, subnets=(replace(MACHINES, name=name.lower()),)))
            for name in RESERVED_SUBNETS
        ),
        (None, "ok", replace(GOOD, subnets=(Subnet("GatewaySubnet", ("10.1.2.0/24",)), MACHINES))),
        (None, "ok", replace(GOOD, subnets=(replace(MACHINES, prefixes=("fd00::/64", "10.1.1.0/24")),))),
    ],
)
def test_one_network(told: str | None, verdict: str, network: VirtualNetwork) -> None:
    shown = judge_networks([network], "westeurope")[0].project()
    assert shown["verdict"] == verdict
    assert len(shown["reasons"]) == (told is not None)
    assert (told or "") in "".join(shown["reasons"])


@pytest.mark.parametrize(
    ("vault", "allowed", "verdict"),
    [
        ("North Europe", False, "refused"),
        ("northeurope", True, "warn"),
        (None, False, "ok"),
        ("West Europe", False, "ok"),
    ],
)
def test_the_region_is_the_vaults_unless_another_is_allowed(vault: str | None, allowed: bool, verdict: str) -> None:
    assert judge_accounts([ACCOUNT], vault, allowed)[0].verdict == verdict
    assert judge_networks([GOOD], vault, allowed)[0].verdict == verdict
    arguments: tuple[Any, ...] = ("westeurope", vault, allowed)
    if verdict == "refused":
        with pytest.raises(InvalidInput, match=r"^location: westeurope is not the vault's region, northeurope; use"):
            require_same_region(*arguments)
    else:
        require_same_region(*arguments)


def test_hard_reasons_come_first() -> None:
    worst = replace(PREMIUM, kind="Storage", location="northeurope", provisioning_state="Creating")
    shown = judge_accounts([worst], "westeurope")[0].project()
    assert [found["hardness"] for found in shown["rules"]] == ["hard", "hard", "warn", "note"]
