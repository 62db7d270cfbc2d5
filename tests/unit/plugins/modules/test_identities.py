# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in roles of Site Recovery and the modules of steps 9 to 12: a role is sufficient, or the lab refuses.

documented: Azure built-in roles. A cell is the permission whose absence the module reports; None: the role is
sufficient. Check mode only reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.failover import CONSENT
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from lab.arm.plan_records import RecoveryPlan
from lab.arm.protection_documents import item_id
from lab.arm.protection_records import READY, ProtectedItem
from lab.arm.records import guid
from lab.arm.replication import Place, new_item, replica_complete
from lab.context import CloudFacts
from tests.lab.arm.replicas import POLICY, SERVER, Site, machine, make_site
from tests.unit.plugins.modules.conftest import GROUP, Subscription

WHERE: dict[str, Any] = {"vault_name": "vault-dr", "resource_group": GROUP}
SILVER = CloudFacts("09ED2D03-38EC-4BDD-9BA1-D7DD5D09FB42", "Silver")
ROLES = ("Site Recovery Reader", "Site Recovery Operator", "Site Recovery Contributor")
FABRICS = "Microsoft.RecoveryServices/vaults/replicationFabrics"
CONTAINERS = f"{FABRICS}/replicationProtectionContainers"
PLANS = "Microsoft.RecoveryServices/vaults/replicationRecoveryPlans"


def nothing(_site: Site) -> None:
    """Prepare nothing."""


def emptied(site: Site) -> None:
    site.vault.items.clear()
    site.vault.plans.clear()
    site.vault.associations.clear()


def tested(site: Site) -> None:
    item = protected(site)
    item.test_state = "WaitingForCompletion"
    item.operations = ("TestFailoverCleanup",)


def protected(site: Site) -> ProtectedItem:
    return next(iter(site.vault.items.values()))


@dataclass(frozen=True)
class Row:
    """A task, what each role lacks for it and for its check mode, in the order of ROLES, and what it needs before."""

    module: str
    options: dict[str, Any]
    lacks: tuple[str | None, str | None, str | None]
    checked: tuple[str | None, str | None, str | None] = (None, None, None)
    prepare: Callable[[Site], None] = field(default=nothing)
    #: A role in addition to that of Site Recovery.
    also: str | None = None


def only_contributor(action: str, reader: str | None = None) -> tuple[str | None, str | None, None]:
    return reader or action, action, None


ACCOUNT = "Microsoft.Storage/storageAccounts/read"
NETWORK = "Microsoft.Network/virtualNetworks/read"
DRILL = {"machines": ["web01"], "without_network": True}
FAILED_OVER = {"state": "failed_over", CONSENT: WHERE["vault_name"]}
ROWS = {
    "map a network": Row(
        "network_mapping",
        {"vm_network": "corp", "azure_network": "vnet-dr"},
        only_contributor(f"{FABRICS}/replicationNetworks/replicationNetworkMappings/write", NETWORK),
        (NETWORK, None, None),
    ),
    "create a policy": Row(
        "replication_policy",
        {"name": "gold"},
        only_contributor("Microsoft.RecoveryServices/vaults/replicationPolicies/write"),
    ),
    "associate a cloud": Row(
        "policy_association",
        {"policy": POLICY, "clouds": ["Silver"]},
        only_contributor(f"{CONTAINERS}/replicationProtectionContainerMappings/write"),
    ),
    "list machines": Row("protectable_vm_info", {"clouds": ["Gold"]}, (None, None, None)),
    "protect a machine": Row(
        "protected_vm",
        {"cloud": "Gold", "policy": POLICY, "machines": [{"name": "app01"}]},
        (ACCOUNT, f"{CONTAINERS}/replicationProtectedItems/write", "Microsoft.Compute/virtualMachines/write"),
        (ACCOUNT, None, None),
    ),
    "protect a machine as Virtual Machine Contributor": Row(
        "protected_vm",
        {"cloud": "Gold", "policy": POLICY, "machines": [{"name": "app01"}]},
        only_contributor(f"{CONTAINERS}/replicationProtectedItems/write"),
        also="Virtual Machine Contributor",
    ),
    "disable a protection": Row(
        "protected_vm",
        {"cloud": "Gold", "machines": [{"name": "web01"}], "state": "absent", "allow_disable": True},
        only_contributor(f"{CONTAINERS}/replicationProtectedItems/remove/action"),
    ),
    "test a machine": Row(
        "test_failover", DRILL, (f"{CONTAINERS}/replicationProtectedItems/testFailover/action", None, None)
    ),
    "clean up a test": Row(
        "test_failover",
        {"machines": ["web01"], "state": "cleaned_up"},
        (f"{CONTAINERS}/replicationProtectedItems/testFailoverCleanup/action", None, None),
        prepare=tested,
    ),
    "test a plan": Row(
        "test_failover",
        {"recovery_plan": "shop", "without_network": True},
        (f"{PLANS}/testFailover/action", None, None),
    ),
    "fail a machine over": Row(
        "failover",
        {"machines": ["web01"], **FAILED_OVER},
        (f"{CONTAINERS}/replicationProtectedItems/plannedFailover/action", None, None),
    ),
    "fail a plan over": Row(
        "failover", {"recovery_plan": "shop", **FAILED_OVER}, (f"{PLANS}/plannedFailover/action", None, None)
    ),
    "create a plan": Row(
        "recovery_plan", {"name": "new", "groups": [{"machines": ["web01"]}]}, only_contributor(f"{PLANS}/write")
    ),
    "delete a plan": Row("recovery_plan", {"name": "shop", "state": "absent"}, only_contributor(f"{PLANS}/delete")),
    "list jobs": Row("job_info", {}, (None, None, None)),
    "list what blocks a removal": Row("removal_info", {"details": True}, (None, None, None)),
    "remove a server": Row(
        "vmm_server",
        {"name": SERVER.friendly_name, "state": "absent"},
        only_contributor(f"{FABRICS}/remove/action"),
        prepare=emptied,
    ),
}


@pytest.fixture
def site(subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Create a vault with a protected machine, a machine without protection, two clouds and a plan."""
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    subscription.context.clock.scale = 0.0005
    made = make_site(
        subscription.azure, machine(1, "web01"), machine(2, "app01"), group=GROUP, vault=WHERE["vault_name"]
    )
    made.fabric.containers[SILVER.id.lower()] = SILVER
    place = Place(subscription.state, made.vault, made.fabric)
    web = next(one for one in made.fabrics.machines.values() if one.name == "web01")
    group = subscription.state.group_id(GROUP)
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/stlogs"
    given = {"vhdId": web.disks[0].id.lower(), "targetAzureV2ResourceGroupId": group, "targetStorageAccountId": account}
    item = new_item(place, web, guid(), POLICY, given)
    made.vault.items[item.key] = item
    replica_complete(place, item)
    item.vm_state, item.operations = "Protected", READY
    entry = {"id": item_id(made.vault, made.fabric, item), "virtualMachineId": web.id.lower()}
    groups = [
        {"groupType": kind, "replicationProtectedItems": found, "startGroupActions": [], "endGroupActions": []}
        for kind, found in (("Shutdown", []), ("Failover", []), ("Boot", [entry]))
    ]
    made.vault.plans["shop"] = RecoveryPlan("shop", made.fabric.name, groups)
    return made


@pytest.mark.parametrize("number", range(len(ROLES)), ids=ROLES)
@pytest.mark.parametrize("name", ROWS)
def test_a_role_is_sufficient_or_the_missing_permission_is_named(
    subscription: Subscription, site: Site, name: str, number: int
) -> None:
    row = ROWS[name]
    row.prepare(site)
    subscription.state.give_role(ROLES[number], only=True)
    if row.also:
        subscription.state.give_role(row.also)
    reads = row.module.endswith("_info")
    for check, lacking in ((True, row.checked[number]), (False, row.lacks[number])):
        ended = subscription.run(row.module, check=check, **{**WHERE, **row.options})
        if lacking is None:
            assert not ended.failed, ended.msg
            assert (ended.result["changed"], bool(subscription.writes)) == (not reads, not (check or reads))
        else:
            assert ended.failed, ended.result
            assert (ended.error["kind"], subscription.writes) == ("access_denied", [])
            assert lacking in ended.msg
