# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protection of machines as pure functions: phases, requests, updates and the line of progress."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.protectable_item import SourceMachine
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.protected_item import ProtectedItem
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.protection_plan import (
    MachineState,
    progress,
    step_of,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.protection_request import (
    OPTIONS,
    Desired,
    creation_body,
    desired_from_options,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.protection_update import update_body
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-dr/providers/Microsoft.Network/virtualNetworks/vnet-dr"
READY = ("PlannedFailover", "UnplannedFailover", "DisableProtection", "TestFailover")


def desired(*machines: dict[str, Any], **options: Any) -> Desired:
    given = {name: spec.get("default") for name, spec in OPTIONS.items()}
    given |= {"resource_group": "rg-dr", "vault_name": "vault-dr", "cloud": "Gold", "policy": "hourly"}
    return desired_from_options({**given, "machines": list(machines or ({"name": "web01"},)), **options}, SUBSCRIPTION)


def source(**changed: Any) -> SourceMachine:
    details = {
        "sourceItemId": "host-id",
        "generation": "0",
        "osDetails": {"osType": "Windows"},
        "diskDetails": [
            {"vhdId": f"disk-{number}", "vhdName": f"web01_{number}", "maxSizeMB": 40960}
            for number in range(changed.pop("disks", 1))
        ],
        "hasPhysicalDisk": "NotPresent",
        "hasFibreChannelAdapter": "NotPresent",
        "hasSharedVhd": "Unknown",
    }
    properties = {"friendlyName": "web01", "customDetails": details | changed}
    return SourceMachine.from_wire({"name": "vm-id", "id": "/arm/vm-id", "properties": properties})


def item(**changed: Any) -> ProtectedItem:
    """Return an item that is ready, with changes to its properties and, below `details`, to those of the provider."""
    nic = {
        "nicId": "nic-1",
        "vMNetworkName": "corp",
        "recoveryVMNetworkId": NETWORK,
        "selectionType": "SelectedByDefault",
        "tfoRecoveryNicName": "test-nic",
        "ipConfigs": [{"name": None, "isPrimary": True, "recoverySubnetName": "first", "recoveryStaticIPAddress": ""}],
    }
    details = {
        "vmId": "vm-id",
        "vmProtectionState": "Protected",
        "recoveryAzureVmName": "web01",
        "recoveryAzureVMSize": "Standard_B1s",
        "recoveryAzureResourceGroupId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-dr",
        "selectedRecoveryAzureNetworkId": NETWORK.upper(),
        "selectedSourceNicId": "nic-1",
        "useManagedDisks": "true",
        "licenseType": "NotSpecified",
        "sqlServerLicenseType": "PAYG",
        "enableRdpOnTargetOption": "Never",
        "targetVmTags": {"Owner": "shop"},
        "azureVmDiskDetails": [{"vhdId": "disk-0", "vhdType": "OperatingSystem", "vhdName": "web01_0"}],
        "vmNics": [nic],
        **changed.pop("details", {}),
    }
    properties = {
        "friendlyName": "web01",
        "policyFriendlyName": "hourly",
        "protectionState": "Protected",
        "activeLocation": "Primary",
        "testFailoverState": "None",
        "allowedOperations": list(READY),
        "currentScenario": {"scenarioName": "None", "jobId": "/jobs/None"},
        "replicationHealth": "Normal",
        **changed,
        "providerSpecificDetails": details,
    }
    return ProtectedItem.from_wire({"name": "web01", "id": "/items/web01", "properties": properties})


def running(name: str) -> dict[str, str]:
    return {"scenarioName": name, "jobId": "/jobs/1"}


# The recorded course, and states that were recorded elsewhere. An unknown state is in progress.
PHASES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "copying",
        {
            "protectionState": "InitialReplicationInProgress",
            "allowedOperations": ["DisableProtection"],
            "details": {"vmProtectionState": "UnprotectedStatesBegin"},
        },
    ),
    (
        "copying",
        {
            "protectionState": "InitialReplicationRecoveryCompletionPending",
            "allowedOperations": ["DisableProtection"],
            "details": {"vmProtectionState": "UnprotectedStatesBegin"},
        },
    ),
    (
        "finishing",
        {
            "allowedOperations": [],
            "currentScenario": running("EnableProtection"),
            "details": {"vmProtectionState": "ReplicaConfigurationInProgress"},
        },
    ),
    ("finishing", {"allowedOperations": [], "currentScenario": running("EnableProtection")}),
    ("ready", {}),
    ("ready", {"testFailoverState": "MarkedForDeletion"}),
    ("testing", {"allowedOperations": ["TestFailoverCleanup"], "testFailoverState": "WaitingForCompletion"}),
    ("failed over", {"protectionState": "PlannedFailoverCommitRequired", "allowedOperations": ["Commit"]}),
    ("failed over", {"activeLocation": "Recovery", "allowedOperations": ["ReverseReplicate"]}),
    ("waiting", {"allowedOperations": ["DisableProtection"]}),
    ("copying", {"protectionState": "SomethingNew", "allowedOperations": []}),
)


@pytest.mark.parametrize(("phase", "changed"), PHASES)
def test_the_phase_follows_from_all_signs(phase: str, changed: dict[str, Any]) -> None:
    assert item(**changed).phase == phase


# Options of the machine; the paths of the changes.
CHANGES: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({}, []),
    ({"size": "standard_b1s", "network": "VNET-DR", "target_name": "WEB01", "rdp": "never"}, []),
    ({"size": "Standard_D2s_v5"}, ["size"]),
    ({"network": "other"}, ["network"]),
    ({"license": "windows_server"}, ["license"]),
    ({"sql_license": "payg"}, []),
    ({"availability_set": "set1"}, ["availability_set"]),
    ({"availability_set": ""}, []),
    ({"tags": {"owner": "shop"}}, []),
    ({"tags": {"tier": "1"}}, ["tags"]),
    ({"managed_disks": True}, []),
    ({"managed_disks": False}, ["managed_disks"]),
    ({"subnet": "first"}, []),
    ({"subnet": "second"}, ["nics[corp].subnet"]),
    ({"nics": [{"id": "NIC-1", "address": "10.0.0.9"}]}, ["nics[corp].address"]),
    ({"nics": [{"vm_network": "corp", "used": False}], "subnet": "second"}, ["nics[corp].used"]),
)


@pytest.mark.parametrize(("given", "paths"), CHANGES)
def test_only_written_options_are_compared(given: dict[str, Any], paths: list[str]) -> None:
    wanted = desired({"name": "web01", **given})
    step = step_of(wanted, MachineState(wanted.machines[0], source(), item()))
    assert [change.path for change in step.changes] == paths
    assert step.action == ("update" if paths else None)


def test_an_update_sends_every_value_again_and_raises_no_license() -> None:
    [machine] = desired({"name": "web01", "size": "Standard_D2s_v5"}).machines
    sent = update_body(machine, item())["properties"]
    assert sent["recoveryAzureVMSize"] == "Standard_D2s_v5"
    assert (sent["recoveryAzureVMName"], sent["selectedRecoveryAzureNetworkId"]) == ("web01", NETWORK.upper())
    assert "licenseType" not in sent
    assert sent["providerSpecificDetails"]["sqlServerLicenseType"] == "PAYG"
    assert sent["providerSpecificDetails"]["targetVmTags"] == {"Owner": "shop"}
    [nic] = sent["vmNics"]
    assert (nic["selectionType"], nic["tfoNicName"]) == ("SelectedByDefault", "test-nic")
    assert nic["ipConfigs"] == [{"isPrimary": True, "recoverySubnetName": "first", "recoveryStaticIPAddress": ""}]


def test_a_request_names_disks_only_where_some_are_left_out() -> None:
    def body(**given: Any) -> dict[str, Any]:
        [machine] = desired({"name": "web01", "os_disk": "web01_0", **given}).machines
        made = creation_body(machine, source(disks=3), policy_id="/p", group="/g", log_account="/logs")
        found: dict[str, Any] = made["properties"]["providerSpecificDetails"]
        return found

    assert "disksToIncludeForManagedDisks" not in body()
    some = body(exclude_disks=["WEB01_2"], disk_type="Premium_LRS")["disksToIncludeForManagedDisks"]
    assert [disk["diskId"] for disk in some] == ["disk-0", "disk-1"]
    assert {disk["diskType"] for disk in some} == {"Premium_LRS"}
    assert all(isinstance(value, str) for value in body().values())
    assert "licenseType" not in body()


# Options; a part of the refusal.
REFUSED: tuple[tuple[dict[str, Any], ProtectedItem, str], ...] = (
    ({"policy": "daily"}, item(), "its policy is 'hourly'"),
    (
        {"machines": [{"name": "web01", "include_disks": ["web01_0"]}]},
        item(details={"azureVmDiskDetails": []}),
        "disks",
    ),
    ({"machines": [{"name": "web01", "nics": [{"id": "none"}]}]}, item(), "nic-1 (corp)"),
    ({"state": "absent"}, item(), "allow_disable"),
    ({"state": "absent", "allow_disable": True}, item(testFailoverState="Active", allowedOperations=[]), "clean up"),
    ({"state": "absent", "allow_disable": True}, item(activeLocation="Recovery", allowedOperations=[]), "fail back"),
)


@pytest.mark.parametrize(("options", "found", "text"), REFUSED)
def test_a_state_that_forbids_the_change_is_refused(options: dict[str, Any], found: ProtectedItem, text: str) -> None:
    machines = options.pop("machines", [])
    wanted = desired(*machines, **options)
    with pytest.raises(Refused, match=text.replace("(", r"\(").replace(")", r"\)")):
        step_of(wanted, MachineState(wanted.machines[0], source(), found))


INVALID: tuple[tuple[dict[str, Any], str], ...] = (
    ({"machines": []}, "machines"),
    ({"machines": [{"name": "a"}, {"name": "A"}]}, "machines"),
    ({"parallel": 0}, "parallel"),
    ({"log_account": "/x"}, "log_account"),
    ({"machines": [{"name": "a", "target_name": "a_b"}]}, "machines[0].target_name"),
    ({"machines": [{"name": "a", "include_disks": ["a"], "exclude_disks": ["b"]}]}, "machines[0].include_disks"),
    ({"machines": [{"name": "a", "nics": [{"address": "1.2.3.4"}]}]}, "machines[0].nics[0]"),
    ({"machines": [{"name": "a", "network": "/x"}]}, "machines[0].network"),
)


@pytest.mark.parametrize(("options", "option"), INVALID, ids=[option for _, option in INVALID])
def test_a_wrong_option_is_found_before_any_call(options: dict[str, Any], option: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        desired(**options)
    assert caught.value.option == option


def test_settings_of_a_machine_that_is_not_ready_wait() -> None:
    wanted = desired({"name": "web01", "size": "Standard_D2s_v5"})
    found = item(protectionState="InitialReplicationInProgress", allowedOperations=[])
    step = step_of(wanted, MachineState(wanted.machines[0], source(), found))
    assert (step.action, step.changes) == (None, ())
    assert "wait: size" in step.notes[0]


def test_the_line_of_progress_counts_phases_and_names_failures() -> None:
    machines = desired(*({"name": f"vm{number}"} for number in range(4))).machines
    states = [MachineState(machines[0], None, item()), MachineState(machines[1], None, item())]
    states.append(
        MachineState(machines[2], None, item(protectionState="InitialReplicationInProgress", allowedOperations=[]))
    )
    states.append(MachineState(machines[3], source(), None))
    assert progress(states, {"vm3": "70094"}) == "2 ready, 1 copying, 1 failed: vm3 (70094)"
