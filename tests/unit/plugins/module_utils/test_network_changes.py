# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of existing networks keep everything that the options do not name, and protect users of subnets (T6)."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.network_plan import (
    merged_body,
    peering_problems,
    plan_network,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.resource_group import ResourceState
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.virtual_network import VirtualNetwork
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from tests.unit.plugins.module_utils.networks import DDOS, DOCUMENT, NAT, NETWORK, NSG, RT, desired, dual, subnet, used
from tests.unit.plugins.module_utils.resources import GROUP, short


def test_an_update_sends_the_complete_network() -> None:
    before = copy.deepcopy(DOCUMENT)
    requested = desired(address_prefixes=["10.2.0.0/16"], subnets=[subnet("new", "10.2.0.0/24")], tags={"a": 1})
    added = {"name": "new", "properties": {"defaultOutboundAccess": True, "addressPrefix": "10.2.0.0/24"}}
    assert merged_body(NETWORK, requested) == {
        **before,
        "tags": {"owner": "it", "a": "1"},
        "properties": {
            **before["properties"],
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00::/48", "10.2.0.0/16"]},
            "subnets": [*before["properties"]["subnets"], added],
        },
    }
    assert before == DOCUMENT


STORAGE = {"service": "Microsoft.Storage", "locations": ["westeurope"]}
WEB = {"name": "Microsoft.Web.serverFarms", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}
GONE: Any = object()


@pytest.mark.parametrize(
    ("which", "requested", "changed"),
    [
        # The requested options of one of the two subnets, and the only members of its properties that change.
        (0, {"address_prefix": "10.1.4.0/24"}, {"addressPrefix": "10.1.4.0/24"}),
        (
            0,
            {"address_prefixes": ["10.1.1.0/24", "fd00:0:0:9::/64"]},
            {"addressPrefix": GONE, "addressPrefixes": ["10.1.1.0/24", "fd00:0:0:9::/64"]},
        ),
        (1, {"address_prefix": "10.1.4.0/24"}, {"addressPrefixes": ["10.1.4.0/24", "fd00::/64"]}),
        (1, {"address_prefixes": ["10.1.2.0/24"]}, {"addressPrefixes": ["10.1.2.0/24"]}),
        (0, {"network_security_group": NSG}, {"networkSecurityGroup": {"id": NSG}}),
        (0, {"nat_gateway": NAT}, {"natGateway": {"id": NAT}}),
        (0, {"route_table": ""}, {"routeTable": GONE}),
        (0, {"route_table": f"{RT}2"}, {"routeTable": {"id": f"{RT}2"}}),
        (
            0,
            {"service_endpoints": ["Microsoft.Sql", "microsoft.storage"]},
            {"serviceEndpoints": [STORAGE, {"service": "Microsoft.Sql"}]},
        ),
        (0, {"service_endpoints": []}, {"serviceEndpoints": []}),
        (0, {"delegations": ["Microsoft.Web/serverFarms"]}, {"delegations": [WEB]}),
        (1, {"delegations": []}, {"delegations": []}),
        (0, {"default_outbound_access": False}, {"defaultOutboundAccess": False}),
        (0, {"private_endpoint_network_policies": "Enabled"}, {"privateEndpointNetworkPolicies": "Enabled"}),
    ],
)
def test_only_requested_properties_change_in_the_body_of_a_subnet(
    which: int, requested: dict[str, Any], changed: dict[str, Any]
) -> None:
    request = desired(subnets=[{"name": NETWORK.subnets[which].name.upper(), **requested}])
    expected = copy.deepcopy(DOCUMENT)
    inner = expected["properties"]["subnets"][which]["properties"]
    inner.update(changed)
    for name in [name for name, value in changed.items() if value is GONE]:
        del inner[name]
    assert merged_body(NETWORK, request) == expected
    assert plan_network(ResourceState(NETWORK), request).changed
    assert not plan_network(ResourceState(VirtualNetwork.from_wire(expected)), request).changed


@pytest.mark.parametrize(
    ("requested", "changed"),
    [
        ({"dns_servers": []}, {"dhcpOptions": {"dnsServers": []}}),
        ({"flow_timeout_in_minutes": 4}, {"flowTimeoutInMinutes": 4}),
        (
            {"encryption": {"enabled": True}},
            {"encryption": {"enabled": True, "enforcement": "AllowUnencrypted"}},
        ),
        ({"ddos_protection_plan": DDOS}, {"ddosProtectionPlan": {"id": DDOS}, "enableDdosProtection": True}),
    ],
)
def test_only_the_requested_setting_changes_in_the_body(requested: dict[str, Any], changed: dict[str, Any]) -> None:
    expected = {**DOCUMENT, "properties": {**DOCUMENT["properties"], **changed}}
    assert merged_body(NETWORK, desired(**requested)) == expected
    assert not plan_network(ResourceState(VirtualNetwork.from_wire(expected)), desired(**requested)).changed


def test_a_ddos_plan_is_removed_with_its_switch() -> None:
    document = {**DOCUMENT, "properties": {**DOCUMENT["properties"], "ddosProtectionPlan": {"id": DDOS}}}
    body = merged_body(VirtualNetwork.from_wire(document), desired(ddos_protection_plan=""))
    assert body == {**DOCUMENT, "properties": {**DOCUMENT["properties"], "enableDdosProtection": False}}


def test_a_purge_that_replaces_a_subnet_is_described() -> None:
    requested = desired(subnets=[subnet("machines", "10.1.1.0/24"), subnet("new", "10.1.2.0/25")], purge_subnets=True)
    plan = plan_network(ResourceState(NETWORK), requested)
    assert plan.describe() == (
        "remove subnet dual (10.1.2.0/24, fd00::/64); add subnet new (10.1.2.0/25); new replaces dual"
    )
    names = [entry["name"] for entry in merged_body(NETWORK, requested)["properties"]["subnets"]]
    assert names == ["Machines", "new"]


def test_a_purge_with_an_empty_list_removes_all_subnets() -> None:
    assert short(plan_network(ResourceState(NETWORK), desired(subnets=[], purge_subnets=True))) == {"subnets": []}


NICS = "used by networkInterfaces/nic1, networkInterfaces/nic2, networkInterfaces/nic3 and 2 more"


@pytest.mark.parametrize(
    ("requested", "text"),
    [
        ({"subnets": [], "purge_subnets": True}, f"Machines of network vnet-dr is {NICS} and cannot be removed"),
        (
            {"subnets": [subnet("machines", "10.1.0.0/23")]},
            f"{NICS}, so its range 10.1.1.0/24 cannot become 10.1.0.0/23",
        ),
    ],
)
def test_a_subnet_in_use_is_kept_and_its_users_are_named(requested: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused) as caught:
        plan_network(ResourceState(used()), desired(**requested))
    assert text in caught.value.message


def test_a_subnet_in_use_may_get_more_ranges() -> None:
    requested = desired(subnets=[dual("Machines", "10.1.1.0/24", "fd00:0:0:1::/64")])
    assert (
        "address_prefixes 10.1.1.0/24 -> 10.1.1.0/24, fd00:0:0:1::/64"
        in plan_network(ResourceState(used()), requested).describe()
    )


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        (
            {"privateEndpoints": [{"id": f"{GROUP}/providers/Microsoft.Network/privateEndpoints/pe"}]},
            "privateEndpoints/pe",
        ),
        (
            {"serviceAssociationLinks": [{"properties": {"linkedResourceType": "Microsoft.Web/serverfarms"}}]},
            "Microsoft.Web/serverfarms",
        ),
        (
            {"resourceNavigationLinks": [{"properties": {"link": f"{GROUP}/providers/Microsoft.Cache/Redis/r"}}]},
            "Redis/r",
        ),
    ],
)
def test_every_type_of_user_is_found(inner: dict[str, Any], text: str) -> None:
    assert used(**inner).subnets[0].users == (text,)


@pytest.mark.parametrize(
    ("name", "prefix", "fits"),
    [
        ("AzureBastionSubnet", "10.1.9.0/27", False),
        ("azurebastionsubnet", "10.1.9.0/26", True),
        ("AzureFirewallSubnet", "10.1.9.0/27", False),
        ("RouteServerSubnet", "10.1.9.0/28", False),
        ("GatewaySubnet", "10.1.9.0/29", True),
    ],
)
def test_a_new_reserved_subnet_must_be_large_enough(name: str, prefix: str, fits: bool) -> None:
    requested = desired(subnets=[subnet(name, prefix)])
    if fits:
        assert plan_network(ResourceState(NETWORK), requested).changed
        return
    with pytest.raises(InvalidInput, match="is too small: it needs /2"):
        plan_network(ResourceState(NETWORK), requested)


def test_the_size_of_an_existing_reserved_subnet_is_not_checked() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["properties"]["subnets"][0] = {
        "name": "AzureBastionSubnet",
        "properties": {"addressPrefix": "10.1.9.0/27"},
    }
    network = VirtualNetwork.from_wire(document)
    assert not plan_network(
        ResourceState(network), desired(subnets=[subnet("AzureBastionSubnet", "10.1.9.0/27")])
    ).changed


def test_a_new_subnet_needs_a_range() -> None:
    with pytest.raises(InvalidInput, match=r"^subnets \(new\): it does not exist yet, and a new subnet needs a range"):
        plan_network(ResourceState(NETWORK), desired(subnets=[{"name": "new"}]))


def test_peerings_that_are_not_synchronized_are_reported() -> None:
    document = copy.deepcopy(DOCUMENT)
    assert peering_problems(NETWORK) == []
    document["properties"]["virtualNetworkPeerings"][0]["properties"]["peeringSyncLevel"] = "LocalNotInSync"
    (finding,) = peering_problems(VirtualNetwork.from_wire(document))
    assert finding.startswith("peering hub does not have the present ranges of the network; synchronize it")


@pytest.mark.parametrize(("state", "cause"), [("Failed", "failed"), ("Canceled", "was canceled"), ("Updating", "")])
def test_a_network_whose_last_write_did_not_end_is_written_again(state: str, cause: str) -> None:
    found = replace(NETWORK, provisioning_state=state)
    changes = plan_network(ResourceState(found), desired()).changes
    assert [(change.path, change.before, change.after, change.reason) for change in changes] == (
        [
            (
                "provisioning_state",
                state,
                "Succeeded",
                f"write network vnet-dr again, because its last operation {cause}",
            )
        ]
        if cause
        else []
    )
