# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The removal of a VMM server from its vault, and the list of what blocks a removal (X1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from tests.lab.arm.replicas import CLOUD, CORP, POLICY, SERVER, Site, associate, machine, make_site
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

VAULT = "vault-dr"
NAME = SERVER.friendly_name
STEPS = [
    "recovery_plans",
    "protected_items",
    "network_mappings",
    "policy_associations",
    "replication_policies",
    "servers",
    "programs",
    "vault",
]


@pytest.fixture
def site(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> Site:
    # Jobs have the times of a real vault, and a real client looks for their end every two seconds at most.
    subscription.context.clock.scale = 0.001
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    found = make_site(subscription.azure, machine(1, "web01"), group=GROUP, vault=VAULT)
    found.vault.associations.clear()
    subscription.state.hurry()
    return found


def remove(subscription: Subscription, *, check: bool = False, **options: Any) -> Ended:
    wanted = {"vault_name": VAULT, "resource_group": GROUP, "name": NAME, "state": "absent", **options}
    return subscription.run("vmm_server", check=check, **wanted)


def associated(site: Site) -> None:
    associate(site.vault)
    document = site.vault.associations[(CLOUD.id.lower(), POLICY)]
    document |= {"id": f"{site.cloud}/replicationProtectionContainerMappings/{POLICY}", "name": POLICY}


def mapped(site: Site) -> None:
    fabric = f"{site.vault.site_id}/replicationFabrics/{site.fabric.name}"
    mapping = f"{fabric}/replicationNetworks/{CORP.id.lower()}/replicationNetworkMappings/map"
    site.vault.network_mappings[(CORP.id.lower(), "map")] = {"id": mapping, "name": "map", "properties": {}}


@pytest.mark.parametrize(
    ("options", "scenario", "told"),
    [
        ({}, "UnregisterFabric", 1),
        ({"name": "other", "vmm_id": SERVER.vmm_id.upper()}, "UnregisterFabric", 1),
        ({"method": "purge", "purge_consent": VAULT}, "PurgeVMM", 0),
    ],
    ids=["remove", "by id", "purge"],
)
def test_a_server_is_removed(
    subscription: Subscription,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    scenario: str,
    told: int,
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(site.fabrics, "unregister", calls.append)
    planned = remove(subscription, check=True, **options)
    assert (subscription.writes, len(site.vault.fabrics)) == ([], 1)
    done = remove(subscription, **options)
    assert not done.failed, done.result
    assert (done.result["changed"], done.result["plan"]) == (True, planned.result["plan"])
    assert done.result["server"] == planned.result["server"]
    assert done.result["server"]["registered"] is False
    assert (site.vault.fabrics, len(calls)) == ({}, told)
    assert [job.scenario for job in site.vault.jobs.values()][-1] == scenario
    again = remove(subscription, **options)
    assert (again.result["changed"], subscription.writes, len(subscription.requests)) == (False, [], 1)


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (associated, f"1 association ({POLICY})"),
        (mapped, "1 network mapping (map)"),
        (lambda site: setattr(site.fabric, "connected", False), "it is not connected"),
    ],
)
def test_a_server_in_use_stays(
    subscription: Subscription, site: Site, prepare: Callable[[Site], object], words: str
) -> None:
    prepare(site)
    for check in (True, False):
        refused = remove(subscription, check=check)
        assert refused.error["kind"] == "refused"
        assert refused.error["blocked_by"] == [words]
        assert subscription.writes == []


def test_a_server_without_connection_is_purged(subscription: Subscription, site: Site) -> None:
    site.fabric.connected = False
    assert remove(subscription, method="purge", purge_consent=VAULT).result["changed"]
    assert site.vault.fabrics == {}


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"method": "purge"}, "purge_consent"),
        ({"method": "purge", "purge_consent": "vault-other"}, "purge_consent"),
        ({"vmm_id": "vmm01"}, "vmm_id"),
        ({"name": " "}, "name"),
    ],
)
def test_a_removal_without_consent_or_with_a_wrong_name_is_rejected(
    subscription: Subscription, site: Site, options: dict[str, Any], option: str
) -> None:
    refused = remove(subscription, **options)
    assert refused.error["option"] == option
    assert (subscription.requests, len(site.vault.fabrics)) == ([], 1)


def test_the_failure_of_the_job_is_reported(subscription: Subscription, site: Site) -> None:
    subscription.context.faults.plan(
        "job:UnregisterFabric:CleanupFabricTask:*", "fail", code="25018", message="The server is not connected."
    )
    failed = remove(subscription)
    assert (failed.error["code"], failed.error["task"]) == ("25018", "CleanupFabricTask")
    assert len(site.vault.fabrics) == 1
    assert remove(subscription).result["changed"]


def test_the_job_of_an_earlier_run_is_awaited(subscription: Subscription, site: Site) -> None:
    subscription.context.clock.scale = 0.01
    path = f"{site.vault.site_id}/replicationFabrics/{site.fabric.name}/remove"
    assert site.azure.send("POST", path, "2025-08-01").status_code == 202
    resumed = remove(subscription)
    assert not resumed.failed, resumed.result
    assert (resumed.result["changed"], site.vault.fabrics) == (True, {})
    assert "earlier run started" in resumed.result["warnings"][0]
    assert [job.scenario for job in site.vault.jobs.values()].count("UnregisterFabric") == 1


def test_a_vault_that_does_not_exist_has_no_server(subscription: Subscription) -> None:
    assert remove(subscription).result["changed"] is False


# ---- removal_info ----


def steps(ended: Ended) -> dict[str, dict[str, list[str]]]:
    assert not ended.failed, ended.result
    assert [step["step"] for step in ended.result["steps"]] == STEPS
    return {
        step["step"]: {each["name"]: each["blocked_by"] for each in step["objects"]}
        for step in ended.result["steps"]
        if step["objects"]
    }


def test_everything_is_listed_with_what_blocks_it(subscription: Subscription, site: Site) -> None:
    associated(site)
    item = f"{site.cloud}/replicationProtectedItems/web01"
    place = {
        "logStorageAccountId": subscription.state.resource_id(GROUP, "Microsoft.Storage/storageAccounts", "stlogs"),
        "targetAzureV2ResourceGroupId": subscription.state.group_id(GROUP),
    }
    # From here on, only the test lets time pass.
    subscription.context.clock.scale = 1.0
    assert site.azure.send("PUT", item, "2025-08-01", site.body("web01", **place)).status_code == 202
    while not site.vault.items:
        subscription.state.hurry()
    mapped(site)
    found = subscription.run("removal_info", vault_name=VAULT, resource_group=GROUP, details=True)
    shown = steps(found)
    assert subscription.writes == []
    assert shown["network_mappings"] == {"map": []}
    assert shown["protected_items"] == {"web01": []}
    assert shown["policy_associations"] == {POLICY: ["protected items of its cloud: web01"]}
    assert shown["replication_policies"] == {POLICY: [f"associations: {POLICY}"]}
    assert shown["servers"] == {
        NAME: ["1 protected item (web01)", "1 network mapping (map)", f"1 association ({POLICY})"]
    }
    assert shown["programs"] == {f"Provider of {NAME}": [f"{NAME} is registered"]}
    assert f"servers: {NAME}" in shown["vault"][VAULT]
    assert found.result["documents"]["protected_items"][0]["properties"]["friendlyName"] == "web01"
    assert found.result["documents"]["servers"][0]["name"] == NAME


def test_an_empty_vault_has_only_itself(subscription: Subscription) -> None:
    subscription.state.seed_vault(GROUP, VAULT, "westeurope")
    assert steps(subscription.run("removal_info", vault_name=VAULT, resource_group=GROUP)) == {"vault": {VAULT: []}}
    absent = subscription.run("removal_info", vault_name="vault-x", resource_group=GROUP)
    assert (steps(absent), absent.result["exists"]) == ({}, False)
