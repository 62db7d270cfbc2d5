# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a simulated subscription only reads, and survives a refused call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.assumptions import ASSUMPTIONS
from lab.context import NO_LAG
from tests.lab.arm.conftest import SERVER
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription
from tests.unit.plugins.modules.test_failing import register

NAMES: dict[str, Any] = {"vault_name": "vault-dr", "resource_group": GROUP}
NETWORK: dict[str, Any] = {
    "name": "vnet-contoso",
    "address_prefixes": ["10.1.0.0/16"],
    "subnets": [{"name": "a", "address_prefix": "10.1.0.0/24"}],
}


@pytest.fixture
def filled(subscription: Subscription) -> Subscription:
    """Create a vault with a VMM server, a network and an account."""
    register(subscription, subscription.state.seed_vault(GROUP, "vault-dr", "westeurope"))
    subscription.run("virtual_network", resource_group=GROUP, location="westeurope", **NETWORK)
    subscription.run("storage_account", name="stcontoso", resource_group=GROUP, location="westeurope")
    return subscription


def look(subscription: Subscription, **more: Any) -> Ended:
    return subscription.run("azure_assumption_info", **NAMES, **more)


def statuses(ended: Ended) -> dict[str, str]:
    return {each["id"]: each["status"] for each in ended.result["assumptions"]}


def test_a_look_reads_and_changes_nothing(filled: Subscription) -> None:
    ended = look(filled)
    assert (ended.result["changed"], filled.writes) == (False, [])
    assert {request.partition(" ")[0] for request in filled.requests} == {"GET"}
    assert list(statuses(ended)) == [each.id for each in ASSUMPTIONS]
    assert set(ended.result) == {"changed", "side", "assumptions", "facts", "identifiers", "warnings"}
    assert set(ended.result["facts"]["api_versions"]) == {
        "Microsoft.Network/virtualNetworks",
        "Microsoft.RecoveryServices/vaults",
        "Microsoft.Storage/storageAccounts",
    }


def test_the_lab_answers(filled: Subscription) -> None:
    # The Provider has been visible for a while when the assumptions are looked at.
    filled.context.lag = NO_LAG
    for vault in filled.state.vaults.values():
        for fabric in vault.fabrics.values():
            fabric.hidden_reads = 0
    found = statuses(look(filled))
    assert {
        found[f"A-A-{number}"] for number in ("01", "02", "03", "04", "05", "25", "26", "27", "30", "32", "40")
    } == {"holds"}
    assert {found[f"A-A-{number}"] for number in ("06", "07", "22", "31", "34", "60", "61", "62", "63", "64")} == {
        "could_not_look"
    }


def test_ids_of_windows_are_compared(filled: Subscription) -> None:
    clouds = [cloud.id for cloud in SERVER.clouds]
    same = statuses(look(filled, vmm_ids=[SERVER.vmm_id], vmm_cloud_ids=clouds))
    other = statuses(look(filled, vmm_ids=["0d3a55a4-9a44-4f2b-8d8a-5d4f3f8f2a11"], vmm_cloud_ids=["x"]))
    assert (same["A-A-31"], same["A-A-34"]) == ("holds", "holds")
    assert (other["A-A-31"], other["A-A-34"]) == ("does_not_hold", "does_not_hold")


def test_a_refused_call_ends_no_other_one(filled: Subscription) -> None:
    filled.fault("get", "virtualnetworks", "error", status=403, code="AuthorizationFailed", message="no", times=9)
    ended = look(filled)
    (row,) = [each for each in ended.result["assumptions"] if each["id"] == "A-A-40"]
    assert (row["status"], row["reason"]) == ("could_not_look", "reading networks failed (AuthorizationFailed 403)")
    assert statuses(ended)["A-A-42"] == "holds"


def test_a_vault_that_does_not_exist_settles_little(subscription: Subscription) -> None:
    found = statuses(look(subscription))
    assert (found["A-A-02"], found["A-A-20"], found["A-A-30"]) == ("holds", "could_not_look", "could_not_look")


def test_a_refused_sign_in_fails_the_task(filled: Subscription) -> None:
    ended = look(filled, secret="wrong")
    assert (ended.failed, ended.error["kind"]) == (True, "access_denied")


def test_no_result_holds_a_value_of_the_subscription(filled: Subscription) -> None:
    ended = look(filled, vmm_ids=[SERVER.vmm_id])
    shown = json.dumps(ended.result["assumptions"]).casefold()
    identifiers = ended.result["identifiers"]
    assert {"vault-dr", GROUP, "vnet-contoso", "stcontoso", SERVER.friendly_name} <= set(identifiers)
    planted = {*identifiers, SERVER.vmm_id, "10.1.0.0", "contoso"}
    assert [name for name in sorted(planted) if len(name) > 3 and name.casefold() in shown] == []


def test_the_integrity_key_of_the_vault_is_dropped(filled: Subscription) -> None:
    (vault,) = filled.state.vaults.values()
    vault.extended = {"properties": {"integrityKey": "canary-key", "algorithm": "None"}}
    ended = look(filled)
    assert "canary-key" not in json.dumps(ended.result)
    (row,) = [each for each in ended.result["assumptions"] if each["id"] == "A-A-25"]
    assert (row["status"], row["observed"]["algorithm"]) == ("holds", "None")
