# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents and builders of networks for tests."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.virtual_network import (
    DesiredNetwork,
    VirtualNetwork,
)
from tests.unit.plugins.module_utils.resources import GROUP, options_of

NSG = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg"
RT = f"{GROUP}/providers/Microsoft.Network/routeTables/rt"
NAT = f"{GROUP}/providers/Microsoft.Network/natGateways/nat"
DDOS = f"{GROUP}/providers/Microsoft.Network/ddosProtectionPlans/plan"

DOCUMENT: dict[str, Any] = {
    "id": f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-dr",
    "name": "vnet-dr",
    "location": "West Europe",
    "etag": 'W/"1"',
    "tags": {"owner": "it"},
    "properties": {
        "provisioningState": "Succeeded",
        "addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00::/48"]},
        "dhcpOptions": {"dnsServers": ["10.1.0.4"]},
        "futureSetting": {"kept": True},
        "subnets": [
            {
                "name": "Machines",
                "etag": 'W/"1"',
                "properties": {
                    "addressPrefix": "10.1.1.0/24",
                    "routeTable": {"id": RT},
                    "serviceEndpoints": [{"service": "Microsoft.Storage", "locations": ["westeurope"]}],
                    "sharingScope": "Tenant",
                },
            },
            {
                "name": "dual",
                "properties": {
                    "addressPrefixes": ["10.1.2.0/24", "fd00::/64"],
                    "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}],
                },
            },
        ],
        "virtualNetworkPeerings": [
            {"name": "hub", "properties": {"remoteAddressSpace": {"addressPrefixes": ["10.8.0.0/16"]}}},
        ],
    },
}
NETWORK = VirtualNetwork.from_wire(DOCUMENT)


def subnet(name: str, prefix: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "address_prefix": prefix, **more}


def dual(name: str, *prefixes: str) -> dict[str, Any]:
    return {"name": name, "address_prefixes": list(prefixes)}


def used(**inner: Any) -> VirtualNetwork:
    """Return the network with users in its first subnet."""
    document = copy.deepcopy(DOCUMENT)
    users = [
        {"id": f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic{n}/ipConfigurations/c"} for n in "12345"
    ]
    document["properties"]["subnets"][0]["properties"].update(inner or {"ipConfigurations": users})
    return VirtualNetwork.from_wire(document)


def desired(**given: Any) -> DesiredNetwork:
    return DesiredNetwork.from_options(
        options_of("virtual_network", **{"name": "vnet-dr", "location": "westeurope", **given})
    )
