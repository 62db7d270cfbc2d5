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
    network = site.resource("Microsoft.Network/virtualNetworks", "vnet-dr")
    ends = {"primaryNetworkId": mapping.rsplit("/", 2)[0], "primaryNetworkFriendlyName": CORP.name}
    document = {"id": mapping, "name": "map", "properties": {**ends, "recoveryNetworkId": network}}
    site.vault.network_mappings[(CORP.id.lower(), "map")] = document


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


# ---- what goes ----

#: Programs are removed from the machines, and the vault stays.
CONSENTS = STEPS[:6]
MODULES = {
    "recovery_plans": ("recovery_plan", {}),
    "protected_items": ("protected_vm", {"allow_disable": True}),
    "network_mappings": ("network_mapping", {}),
    "policy_associations": ("policy_association", {}),
    "replication_policies": ("replication_policy", {}),
    "servers": ("vmm_server", {}),
}


def planned(subscription: Subscription, **options: Any) -> dict[str, Any]:
    ended = subscription.run("removal_info", vault_name=VAULT, resource_group=GROUP, **{"remove": CONSENTS, **options})
    assert not ended.failed, ended.result
    assert subscription.writes == []
    return ended.result


def stays(result: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["stays"] for step in result["steps"] for each in step["objects"] if each["stays"]}


def used(subscription: Subscription, site: Site) -> None:
    """Map the network, associate the cloud, protect the machine, and put it into a recovery plan."""
    associated(site)
    mapped(site)
    subscription.context.clock.scale = 1.0
    place = {
        "logStorageAccountId": subscription.state.resource_id(GROUP, "Microsoft.Storage/storageAccounts", "stlogs"),
        "targetAzureV2ResourceGroupId": subscription.state.group_id(GROUP),
    }
    item = f"{site.cloud}/replicationProtectedItems/web01"
    assert site.azure.send("PUT", item, "2025-08-01", site.body("web01", **place)).status_code == 202
    while not any("TestFailover" in each.operations for each in site.vault.items.values()):
        subscription.state.hurry()
    subscription.context.clock.scale = 0.001
    groups = [{"machines": ["web01"]}]
    made = subscription.run("recovery_plan", name="shop", groups=groups, vault_name=VAULT, resource_group=GROUP)
    assert not made.failed, made.result


def test_a_removal_that_ends_after_any_step_is_continued(subscription: Subscription, site: Site) -> None:
    used(subscription, site)
    done: list[str] = []
    while True:
        plan = planned(subscription)
        assert plan["problems"] == []
        step = next((name for name in CONSENTS if plan["removal"][name]), None)
        if step is None:
            break
        # Only the first step that is not done can begin now.
        assert all(call["ready"] for call in plan["removal"][step])
        module, more = MODULES[step]
        for call in plan["removal"][step]:
            options = {name: value for name, value in call.items() if name != "ready"}
            ended = subscription.run(module, vault_name=VAULT, resource_group=GROUP, state="absent", **options, **more)
            assert not ended.failed, ended.result
            assert ended.result["changed"]
        done.append(step)
    assert done == CONSENTS
    vault = site.vault
    left = (vault.plans, vault.items, vault.network_mappings, vault.associations, vault.policies, vault.fabrics)
    assert left == ({}, {}, {}, {}, {}, {})


def test_a_machine_that_an_earlier_run_removes_is_awaited(subscription: Subscription, site: Site) -> None:
    used(subscription, site)
    subscription.context.clock.scale = 0.02
    path = f"{site.cloud}/replicationProtectedItems/web01/remove"
    body: dict[str, Any] = {"properties": {}}
    # A write can come before all of the service knows the machine.
    while site.azure.send("POST", path, "2025-08-01", body).status_code == 404:
        continue
    (call,) = planned(subscription)["removal"]["protected_items"]
    call = {name: value for name, value in call.items() if name != "ready"}
    place: dict[str, Any] = {"vault_name": VAULT, "resource_group": GROUP, "state": "absent", "allow_disable": True}
    resumed = subscription.run("protected_vm", **place, **call)
    assert not resumed.failed, resumed.result
    assert (resumed.result["changed"], site.vault.items) == (True, {})
    assert [job.scenario for job in site.vault.jobs.values()].count("DisableDr") == 1


def test_without_consent_everything_stays_and_blocks_what_comes_after_it(
    subscription: Subscription, site: Site
) -> None:
    used(subscription, site)
    nothing = planned(subscription, remove=[])
    assert (nothing["problems"], [call for calls in nothing["removal"].values() for call in calls]) == ([], [])
    assert set(stays(nothing).values()) == {"no consent", "it is never removed; delete it yourself"}
    later = planned(subscription, remove=["policy_associations", "servers"])
    assert later["problems"] == [
        f"policy_associations: {POLICY} blocked by: protected items of its cloud: web01",
        f"servers: {NAME} blocked by: 1 protected item (web01); 1 network mapping (map); 1 association ({POLICY})",
    ]
    assert not any(later["removal"].values())


def test_what_belongs_to_another_server_stays(subscription: Subscription, site: Site) -> None:
    used(subscription, site)
    other = planned(subscription, servers=[{"name": "vmm09.contoso.example"}])
    assert other["problems"] == []
    assert not any(other["removal"].values())
    assert stays(other)["web01"] == f"it belongs to VMM server {NAME}, which is not part of the run"
    # A policy that only clouds of others use stays without a problem.
    assert stays(other)[POLICY].startswith("blocked by: associations")
    own = planned(subscription, servers=[{"name": "vmm01", "vmm_id": SERVER.vmm_id.lower()}])
    assert [len(own["removal"][step]) for step in CONSENTS] == [1, 1, 1, 1, 1, 1]


def test_what_belongs_to_a_lost_server_goes_only_with_a_purge(subscription: Subscription, site: Site) -> None:
    used(subscription, site)
    site.fabric.connected = False
    kept = planned(subscription)
    lost = f"{NAME} is not connected, so it can only be purged"
    assert stays(kept)["web01"] == f"blocked by: {lost}"
    assert (len(kept["problems"]), kept["removal"]["servers"]) == (4, [])
    purged = planned(subscription, purge=True)
    assert purged["problems"] == []
    assert purged["removal"]["protected_items"][0]["purge"] is True
    assert purged["removal"]["servers"][0]["method"] == "purge"


def test_a_policy_of_another_scenario_stays(subscription: Subscription, site: Site) -> None:
    subscription.state.seed_policy(site.vault, "a2a")
    site.vault.policies["a2a"]["properties"]["providerSpecificDetails"] = {"instanceType": "A2A"}
    found = planned(subscription)
    assert (stays(found)["a2a"], found["problems"]) == ("it belongs to another scenario than Hyper-V to Azure", [])
