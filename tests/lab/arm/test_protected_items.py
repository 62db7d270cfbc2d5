# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protectable and protected items: the course of a replication, and what the service refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from lab.arm.replication import copy_seconds
from lab.context import ReplicationRefused
from tests.conftest import missing

from . import oracle
from .conftest import SUBSCRIPTION, Azure
from .replicas import Site, associate, machine, make_site

VERSION = "2025-08-01"
Json = dict[str, Any]
READY = ["PlannedFailover", "UnplannedFailover", "DisableProtection", "TestFailover"]


@pytest.fixture
def site(slow: Azure) -> Iterator[Site]:
    """Provide three machines, whose replication goes on only when a test lets it.

    In the end, all answers are compared with the API definitions.
    """
    made = make_site(
        slow, machine(1, "web01"), machine(2, "db01", 40960, 102400, 20480), machine(3, "lin01", operating_system="")
    )
    yield made
    # The dates of tasks that have not begun break the definitions in the real service too (recorded).
    good = [one for one in slow.server.traffic if one.status < 400 and "/replicationJobs/" not in one.path]
    assert ([] if missing("contracts") else oracle.validate(good)) == []


def get(site: Site, path: str) -> Json:
    answer = site.azure.send("GET", path, VERSION)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def item(site: Site, name: str = "web01") -> Json:
    return dict(get(site, f"{site.cloud}/replicationProtectedItems/{name}")["properties"])


def enable(site: Site, name: str = "web01", item_name: str | None = None, **changed: Any) -> requests.Response:
    path = f"{site.cloud}/replicationProtectedItems/{item_name or name}"
    return site.azure.send("PUT", path, VERSION, site.body(name, **changed))


def steps(site: Site, count: int) -> None:
    """Let everything that is due happen, and what follows from it, so many times."""
    for _ in range(count):
        site.azure.state.hurry()


# From the answer to a request that enables a machine: queued, and five tasks.
ENABLED = 6


def job_of(answer: requests.Response) -> str:
    assert answer.status_code == 202, answer.text
    return answer.headers["Azure-AsyncOperation"].split("?")[0].rsplit("/", 1)[-1]


def job(site: Site, name: str) -> Json:
    return dict(get(site, f"{site.vault.site_id}/replicationJobs/{name}")["properties"])


def status(site: Site, name: str) -> Json:
    return get(site, f"{site.vault.site_id}/replicationOperationStatus/{name}")


def protect(site: Site, name: str = "web01", **changed: Any) -> None:
    enable(site, name, **changed)
    steps(site, 30)


def test_the_list_of_machines_ends_with_an_empty_page(site: Site) -> None:
    first = get(site, f"{site.cloud}/replicationProtectableItems")
    assert [one["properties"]["friendlyName"] for one in first["value"]] == ["web01", "db01", "lin01"]
    assert "$skipToken=ReplicationGroup%3ABegin" in first["nextLink"]
    last = site.azure.send("GET", first["nextLink"], None).json()
    assert last == {"value": [], "nextLink": None}
    details = first["value"][1]["properties"]["customDetails"]
    assert [disk["vhdType"] for disk in details["diskDetails"]] == ["Data"] * 3
    assert first["value"][1]["name"] != details["sourceItemId"]
    assert first["value"][2]["properties"]["customDetails"]["osDetails"] is None


def test_a_new_machine_appears_after_a_refresh_of_the_server(site: Site) -> None:
    def names() -> list[str]:
        found = get(site, f"{site.cloud}/replicationProtectableItems")["value"]
        return [one["properties"]["friendlyName"] for one in found]

    assert "new01" not in names()
    site.fabrics.add(machine(4, "new01"))
    assert "new01" not in names()
    provider = f"{site.vault.site_id}/replicationFabrics/{site.fabric.name}/replicationRecoveryServicesProviders"
    site.azure.send("POST", f"{provider}/{site.fabric.server.vmm_id}/refreshProvider", VERSION)
    steps(site, 4)
    assert "new01" in names()


def shown(site: Site) -> tuple[Any, ...]:
    found = item(site)
    details = found["providerSpecificDetails"]
    return (
        found["protectionState"],
        details["vmProtectionState"],
        found["allowedOperations"],
        found["currentScenario"]["scenarioName"],
        details["initialReplicationDetails"]["initialReplicationProgressPercentage"],
        len(details["vmNics"]),
        details["selectedRecoveryAzureNetworkId"] is not None,
    )


def test_a_machine_becomes_ready_in_two_stages(site: Site) -> None:
    """The matrix of the recorded course (azure-cli-extensions, test_siterecovery_H2A_E2A, 36 to 41)."""
    network = site.resource("Microsoft.Network/virtualNetworks", "vnet-dr")
    name = job_of(enable(site, targetAzureNetworkId=network, targetAzureSubnetId=f"{network}/subnets/production"))
    path = f"{site.cloud}/replicationProtectedItems/web01"
    steps(site, 3)
    # The item does not exist while its job runs.
    assert site.azure.send("GET", path, VERSION).status_code == 404
    steps(site, ENABLED - 3)
    assert job(site, name)["state"] == "Succeeded"
    begun, waits = "InitialReplicationInProgress", "InitialReplicationRecoveryCompletionPending"
    starting = "UnprotectedStatesBegin"
    assert shown(site) == (begun, starting, ["DisableProtection"], "None", "0", 0, False)
    assert copy_seconds(site.vault.items[(site.fabric.name, site.cloud.rsplit("/", 1)[-1], "web01")]) == 900
    steps(site, 1)
    # The wait for the first point and the end of the copy were both due.
    seen = [shown(site)]
    for _ in range(8):
        steps(site, 1)
        if shown(site) != seen[-1]:
            seen.append(shown(site))
    assert seen == [
        (waits, starting, [], "EnableProtection", "23", 0, False),
        ("Protected", "ReplicaConfigurationInProgress", [], "EnableProtection", "23", 1, True),
        ("Protected", "Protected", [], "EnableProtection", "23", 1, True),
        ("Protected", "Protected", READY, "None", "23", 1, True),
    ]
    found = item(site)
    providers = f"{site.vault.site_id}/replicationFabrics/{site.fabric.name}/replicationRecoveryServicesProviders"
    counted = (get(site, site.cloud), get(site, f"{providers}/{site.fabric.server.vmm_id}"))
    assert [one["properties"]["protectedItemCount"] for one in counted] == [1, 1]
    assert (found["failoverHealth"], found["healthErrors"][0]["errorCode"]) == ("Warning", "161011")
    [adapter] = found["providerSpecificDetails"]["vmNics"]
    assert adapter["ipConfigs"][0]["recoverySubnetName"] == "production"
    scenarios = [one.scenario for one in site.vault.jobs.values()]
    assert scenarios.count("EnableDr") == scenarios.count("IrCompletion") == 1


def test_only_a_single_read_shows_the_managed_disks(site: Site) -> None:
    protect(site, "db01", diskType="Premium_LRS")
    [listed] = get(site, f"{site.cloud}/replicationProtectedItems")["value"]
    assert listed["properties"]["providerSpecificDetails"]["protectedManagedDisks"] == []
    seeds = item(site, "db01")["providerSpecificDetails"]["protectedManagedDisks"]
    assert [seed["replicaDiskType"] for seed in seeds] == ["Premium_LRS"] * 3
    assert all("/disks/asrseeddisk-db01-db01-" in seed["seedManagedDiskId"] for seed in seeds)


def test_a_protected_machine_stays_as_it_is(site: Site) -> None:
    protect(site)
    name = job_of(enable(site, item_name="other", targetAzureVmName="elsewhere"))
    steps(site, ENABLED)
    assert (status(site, name)["status"], status(site, name)["error"]["code"]) == ("Succeeded", "45031")
    assert len(site.vault.items) == 1
    assert item(site)["providerSpecificDetails"]["recoveryAzureVmName"] == "web01"


def test_a_taken_name_is_an_error_of_an_operation_that_succeeds(site: Site) -> None:
    protect(site)
    name = job_of(enable(site, "db01", targetAzureVmName="WEB01"))
    steps(site, 3)
    running = status(site, name)
    assert (running["status"], running["error"]["code"]) == ("InProgress", "28061")
    steps(site, ENABLED)
    ended = status(site, name)
    assert (ended["status"], ended["error"]["code"]) == ("Succeeded", "28061")


def test_a_second_request_collides_and_fails_later(site: Site) -> None:
    enable(site)
    steps(site, 2)
    name = job_of(enable(site, item_name="other"))
    steps(site, 1)
    failed = job(site, name)
    assert (failed["state"], failed["allowedActions"]) == ("Failed", [])
    assert failed["errors"][0]["serviceErrorDetails"]["code"] == "532"


def test_a_refusal_of_the_host_fails_the_job(site: Site) -> None:
    site.fabrics.refusals["web01"] = ReplicationRefused("70094", 31389, "A virtual disk is shared.")
    name = job_of(enable(site))
    steps(site, ENABLED)
    failed = job(site, name)
    [error] = failed["errors"]
    assert (failed["state"], error["serviceErrorDetails"]["code"]) == ("Failed", "70094")
    assert error["providerErrorDetails"]["errorCode"] == 31389
    assert site.vault.items == {}


NETWORK = "Microsoft.Network/virtualNetworks"
BAD_REQUESTS: tuple[tuple[str, Json], ...] = (
    ("a boolean", {"useManagedDisksForReplication": True}),
    ("managed disks without a log account", {"logStorageAccountId": None}),
    ("both kinds of replica", {"targetStorageAccountId": "/x"}),
    ("a set and a zone", {"targetAvailabilitySetId": "/x", "targetAvailabilityZone": "1"}),
    ("an unknown license", {"licenseType": "Free"}),
    ("another scenario", {"instanceType": "A2A"}),
)


@pytest.mark.parametrize(("case", "changed"), BAD_REQUESTS, ids=[case for case, _ in BAD_REQUESTS])
def test_a_request_that_breaks_the_schema_is_refused_at_once(site: Site, case: str, changed: Json) -> None:
    assert enable(site, **changed).status_code == 400, case
    assert site.vault.items == {}


BAD_TARGETS: tuple[tuple[str, Json], ...] = (
    ("28020", {"targetAzureV2ResourceGroupId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/none"}),
    ("28021", {"logStorageAccountId": f"/subscriptions/{SUBSCRIPTION}/none"}),
    ("28024", {"targetAzureNetworkId": f"/subscriptions/{SUBSCRIPTION}/none"}),
    ("150097", {"disksToInclude": ["none"]}),
    ("150098", {"disksToInclude": ["2f32c91d-22df-4054-80bc-000002000001"]}),
)


@pytest.mark.parametrize(("code", "changed"), BAD_TARGETS, ids=[code for code, _ in BAD_TARGETS])
def test_a_target_that_does_not_exist_fails_the_job(site: Site, code: str, changed: Json) -> None:
    name = job_of(enable(site, "db01", **changed))
    steps(site, ENABLED)
    assert job(site, name)["errors"][0]["serviceErrorDetails"]["code"] == code
    assert site.vault.items == {}


def test_a_cloud_without_a_good_association_cannot_protect(site: Site) -> None:
    site.vault.associations.clear()
    associate(site.vault, "PairingFailed")
    assert enable(site).status_code == 400


def test_included_disks_leave_the_others_out(site: Site) -> None:
    disks = [disk.id.lower() for disk in site.fabrics.machines[machine(2, "db01").id.lower()].disks]
    protect(site, "db01", disksToIncludeForManagedDisks=[{"diskId": disk} for disk in disks[:2]])
    found = item(site, "db01")["providerSpecificDetails"]["azureVmDiskDetails"]
    assert [(disk["vhdId"], disk["vhdType"]) for disk in found] == [(disks[0], "OperatingSystem"), (disks[1], "Data")]


def patch(site: Site, properties: Json, name: str = "web01") -> requests.Response:
    path = f"{site.cloud}/replicationProtectedItems/{name}"
    return site.azure.send("PATCH", path, VERSION, {"properties": properties})


def test_an_update_forgets_what_it_does_not_name(site: Site) -> None:
    network = site.resource(NETWORK, "vnet-dr")
    protect(
        site,
        targetAzureNetworkId=network,
        targetVmTags={"a": "1"},
        targetVmSize="Standard_D2s_v5",
        licenseType="WindowsServer",
    )
    details = {"instanceType": "HyperVReplicaAzure"}
    name = job_of(patch(site, {"recoveryAzureVMName": "web-dr", "providerSpecificDetails": details}))
    steps(site, 4)
    assert job(site, name)["state"] == "Succeeded"
    found = item(site)["providerSpecificDetails"]
    assert (found["recoveryAzureVmName"], found["recoveryAzureVMSize"]) == ("web-dr", "Standard_B1s")
    assert (found["targetVmTags"], found["selectedRecoveryAzureNetworkId"]) == ({}, None)
    assert (found["licenseType"], found["useManagedDisks"]) == ("WindowsServer", "false")
    assert found["vmNics"][0]["selectionType"] == "NotSelected"


def test_adapters_can_be_set_once_they_are_known(site: Site) -> None:
    network = site.resource(NETWORK, "vnet-dr")
    adapter = {"nicId": machine(1, "web01").adapters[0].id, "ipConfigs": [{"recoverySubnetName": "first"}]}
    update = {"selectedRecoveryAzureNetworkId": network, "vmNics": [adapter]}
    enable(site)
    steps(site, ENABLED)
    assert patch(site, update).status_code == 400
    steps(site, 10)
    adapter["ipConfigs"] = [{"recoverySubnetName": "first", "recoveryStaticIPAddress": "10.0.0.9"}]
    patch(site, update)
    steps(site, 4)
    [found] = item(site)["providerSpecificDetails"]["vmNics"]
    configuration = found["ipConfigs"][0]
    assert (found["selectionType"], configuration["recoverySubnetName"]) == ("SelectedByUser", "first")
    assert (configuration["recoveryStaticIPAddress"], configuration["recoveryIPAddressType"]) == ("10.0.0.9", "Static")


def remove(site: Site) -> str:
    return job_of(
        site.azure.send("POST", f"{site.cloud}/replicationProtectedItems/web01/remove", VERSION, {"properties": {}})
    )


def test_disabling_cleans_the_host_and_purging_does_not(site: Site) -> None:
    protect(site)
    remove(site)
    steps(site, 5)
    assert (site.vault.items, site.fabrics.relationships) == ({}, {})
    protect(site)
    site.azure.send("DELETE", f"{site.cloud}/replicationProtectedItems/web01", VERSION)
    steps(site, 3)
    assert (site.vault.items, len(site.fabrics.relationships)) == ({}, 1)
    name = job_of(enable(site))
    steps(site, ENABLED)
    assert job(site, name)["errors"][0]["providerErrorDetails"]["errorCode"] == 31389


def test_disabling_needs_the_server(site: Site) -> None:
    protect(site)
    site.azure.state.set_connected(site.fabric.server.vmm_id, False)
    name = remove(site)
    steps(site, 5)
    assert job(site, name)["errors"][0]["serviceErrorDetails"]["code"] == "25018"
    assert len(site.vault.items) == 1


def test_a_resynchronization_is_allowed_only_when_it_is_needed(site: Site) -> None:
    protect(site)
    path = f"{site.cloud}/replicationProtectedItems/web01/repairReplication"
    assert site.azure.send("POST", path, VERSION).status_code == 400
    [record] = site.vault.items.values()
    record.operations, record.health_codes = (*record.operations, "RepairReplication"), ["67501"]
    assert item(site)["replicationHealth"] == "Critical"
    assert item(site)["healthErrors"][0]["creationTimeUtc"].endswith("+05:30")
    job_of(site.azure.send("POST", path, VERSION))
    steps(site, 4)
    assert (item(site)["replicationHealth"], item(site)["allowedOperations"]) == ("Normal", READY)


def test_points_and_sizes_of_a_ready_machine_can_be_read(site: Site) -> None:
    protect(site)
    path = f"{site.cloud}/replicationProtectedItems/web01"
    [point] = get(site, f"{path}/recoveryPoints")["value"]
    assert get(site, f"{path}/recoveryPoints/{point['name']}") == point
    sizes = get(site, f"{path}/targetComputeSizes")["value"]
    assert "Standard_B1s" in [size["properties"]["name"] for size in sizes]
