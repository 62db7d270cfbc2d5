# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mappings of networks: names, regions, the machines that a change touches, and removal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.context import VmNetworkFacts
from tests.lab.arm.replicas import CORP, Site, machine, make_site
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

NAMES: dict[str, Any] = {"vm_network": "corp", "vault_name": "vault-dr", "resource_group": GROUP}


@pytest.fixture
def site(subscription: Subscription) -> Site:
    """Create a vault with a VM network, and networks of two regions."""
    subscription.context.clock.scale = 0.0
    made = make_site(subscription.azure, machine(1, "web"), group=GROUP, vault="vault-dr")
    subscription.state.seed_account("rg", "stlogs", "westeurope")
    subscription.state.seed_network("rg-other", "vnet-hub", "westeurope", ["10.1.0.0/16"], {"a": "10.1.0.0/24"})
    subscription.state.seed_network(GROUP, "vnet-far", "eastus", ["10.2.0.0/16"], {"a": "10.2.0.0/24"})
    return made


def run(subscription: Subscription, *, check: bool = False, **options: Any) -> Ended:
    given = {"azure_network": "vnet-dr"} if options.get("state") != "absent" else {}
    ended = subscription.run("network_mapping", check=check, **{**NAMES, **given, **options})
    assert not ended.failed, ended.result
    return ended


def refused(subscription: Subscription, **options: Any) -> str:
    ended = subscription.run("network_mapping", **{**NAMES, "azure_network": "vnet-dr", **options})
    assert ended.failed
    assert subscription.writes == []
    return ended.msg


def target(ended: Ended) -> str | None:
    id = ended.result["network_mapping"]["azure_network_id"]
    return str(id).rpartition("/")[2] if id else None


def test_a_network_is_mapped_changed_and_parted(subscription: Subscription, site: Site) -> None:
    planned = run(subscription, check=True)
    assert (target(planned), subscription.writes) == ("vnet-dr", [])
    made = run(subscription, vm_network="CORP")
    assert (made.result["plan"], subscription.writes) == (planned.result["plan"], ["put corp-to-vnet-dr"])
    assert made.result["network_mapping"]["state"] == "Paired"
    for same in ({}, {"vm_network": CORP.id}, {"azure_network": made.result["network_mapping"]["azure_network_id"]}):
        assert not run(subscription, **same).result["changed"]
    changed = run(subscription, azure_network="vnet-hub", azure_network_resource_group="rg-other")
    assert (target(changed), subscription.writes) == ("vnet-hub", ["patch corp-to-vnet-dr"])
    gone = run(subscription, state="absent")
    assert (target(gone), subscription.writes) == (None, ["delete corp-to-vnet-dr"])
    assert not run(subscription, state="absent").result["changed"]


def test_a_change_names_the_machines_that_it_touches(subscription: Subscription, site: Site) -> None:
    run(subscription)
    address = f"{site.cloud}/replicationProtectedItems/web"
    answer = subscription.azure.send("PUT", address, "2025-08-01", site.body("web"))
    assert answer.status_code == 202, answer.text
    subscription.state.hurry()
    subscription.state.hurry()
    planned = run(subscription, check=True, azure_network="vnet-hub", azure_network_resource_group="rg-other")
    (change,) = planned.result["plan"]
    assert (
        change["reason"] == "map VM network corp to vnet-hub instead of vnet-dr (also for the protected machines web)"
    )
    assert "protected machines web" in run(subscription, check=True, state="absent").result["plan"][0]["reason"]
    # A run without changes reads only the servers, VM networks and mappings.
    run(subscription)
    assert len(subscription.requests) == 3


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"azure_network": "vnet-far"}, "is in eastus, but the vault is in westeurope"),
    ({"azure_network": "vnet-none"}, "does not exist; create it with virtual_network"),
    ({"vm_network": "none"}, "has no VM network 'none'; its VM networks are: corp"),
    ({"vmm_server": "vmm99"}, "has no VM network 'corp' of vmm99"),
    ({"azure_network": "/subscriptions/x"}, "is not the id of a virtual network"),
    ({"azure_network": None}, "is required for state=present"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED)
def test_a_wrong_name_changes_nothing(
    subscription: Subscription, site: Site, options: dict[str, Any], words: str
) -> None:
    assert words in refused(subscription, **options)


def test_networks_with_one_name_need_the_id(subscription: Subscription, site: Site) -> None:
    twin = VmNetworkFacts("11111111-18A9-47EC-9829-E814038FF99D", "corp")
    site.fabric.server = replace(site.fabric.server, networks=(CORP, twin))
    message = refused(subscription)
    assert "is not unique in the vault" in message
    assert twin.id.lower() in message
    assert run(subscription, vm_network=twin.id).result["changed"]
    assert len(site.vault.network_mappings) == 1


def test_the_error_of_the_job_is_the_message(subscription: Subscription, site: Site) -> None:
    subscription.context.faults.plan(
        "job:NetworkPairing:ModifyVMNetworksPairingStatusTask:corp", "fail", code="25018", message="Not connected."
    )
    ended = subscription.run("network_mapping", **NAMES, azure_network="vnet-dr")
    assert ended.failed
    assert "could not map VM network corp to vnet-dr" in ended.msg
    assert ended.error["code"] == "25018"
