#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a network that failed-over machines join."""

from __future__ import annotations

DOCUMENTATION = r"""
module: virtual_network
short_description: Have a virtual network that failed-over machines join
version_added: 0.1.0
description:
  - Makes a virtual network with subnets, changes what is asked for on an existing one, or deletes an empty one (step
    T6).
  - Ranges, subnets and settings that the options do not name are kept as they are, also those that this module knows
    nothing of. Peerings are not managed.
  - Ranges are checked before any call, and against what is there before anything is changed. They are well-formed, lie
    inside the network's ranges and do not overlap. A subnet is /29 to /2, its IPv6 range exactly /64.
  - What is in use is not taken away. A subnet that somebody uses is not removed and keeps its ranges, and the refusal
    names who uses it.
  - Every change carries the mark (etag) of what was read. When somebody else changed the network in between, nothing of
    it is overwritten.
notes:
  - Azure replaces a network by what it is sent, so all that was read is sent back. An installed SDK of an older API
    version does not read newer settings; Azure refuses such a change of a network that has them, and names the API
    version that is needed.
  - Only a real subscription can show that Azure's network service heeds the mark in every kind of change. Where it does
    not, the last write wins, as it does without the mark.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - The network's name, 2 to 64 letters, digits, underscores, dots and hyphens.
    type: str
    required: true
  state:
    description:
      - V(absent) deletes the network with its subnets, when nobody uses one, when it is not peered, and when
        O(allow_delete) says that it is meant. It is refused otherwise.
    type: str
    choices: [present, absent]
    default: present
  allow_delete:
    description:
      - The consent that O(state=absent) needs for a network that exists.
    type: bool
    default: false
  location:
    description:
      - The region, V(westeurope) or V(West Europe). It can't be changed later.
      - Needed unless O(state=absent).
    type: str
  vault_location:
    description:
      - The vault's region. When given, another O(location) is refused before any call, because replicas belong into the
        vault's region.
    type: str
  allow_other_region:
    description:
      - Whether O(location) may differ from O(vault_location).
    type: bool
    default: false
  address_prefixes:
    description:
      - Address ranges that the network has, such as V(10.20.0.0/16). Missing ones are added.
      - A new network needs one IPv4 range at least.
      - A range that overlaps the one behind a peering is refused.
    type: list
    elements: str
  purge_address_prefixes:
    description:
      - Whether ranges that O(address_prefixes) does not name are taken away. With it a range can also be replaced by a
        larger or smaller one.
    type: bool
    default: false
  subnets:
    description:
      - Subnets that the network has. Missing ones are added, others are changed where they differ in what is written.
      - Without a subnet no failed-over machine can join.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The subnet's name. When it equals the one of a source subnet in VMM, network mapping picks it.
          - Names that Azure reserves, such as V(GatewaySubnet), are made as well, with a warning that they are no
            target. They need the size of what they are reserved for.
          - A subnet can't be renamed. Another name is another subnet.
        type: str
        required: true
      address_prefix:
        description:
          - An IPv4 range that it has, inside one of the network's. A new subnet needs it or
            O(subnets[].address_prefixes).
          - Another range takes the place of its IPv4 ranges, when nobody uses the subnet. Its IPv6 range is kept.
        type: str
      address_prefixes:
        description:
          - All its ranges, one of IPv4 at least. For IPv6 too, add a /64.
          - A range may be added to a subnet in use, but none taken away.
        type: list
        elements: str
      network_security_group:
        description:
          - The id of the network security group. Empty text takes it off.
        type: str
      route_table:
        description:
          - The id of the route table. Empty text takes it off.
        type: str
      nat_gateway:
        description:
          - The id of the NAT gateway. Empty text takes it off.
        type: str
      service_endpoints:
        description:
          - All services that are reached directly, such as V(Microsoft.Storage). An empty list takes all off.
        type: list
        elements: str
      delegations:
        description:
          - All services that the subnet belongs to, such as V(Microsoft.Web/serverFarms). An empty list takes all off.
          - A delegated subnet takes no failed-over machines.
        type: list
        elements: str
      default_outbound_access:
        description:
          - Whether machines without another way reach the internet. New API versions make subnets without it.
            Failed-over machines then need a NAT gateway, a firewall or a public address to reach anything outside.
        type: bool
      private_endpoint_network_policies:
        description:
          - Which rules apply to private endpoints in the subnet, such as those of a vault.
        type: str
        choices: [Disabled, Enabled, NetworkSecurityGroupEnabled, RouteTableEnabled]
  purge_subnets:
    description:
      - Whether subnets that O(subnets) does not name are taken away. One that somebody uses is refused.
    type: bool
    default: false
  dns_servers:
    description:
      - Addresses of all DNS servers, in their order. An empty list means Azure's own DNS.
      - Running machines take it up when they renew their lease.
    type: list
    elements: str
  flow_timeout_in_minutes:
    description:
      - After how many minutes an idle connection is forgotten, V(4) to V(30).
    type: int
  encryption:
    description:
      - Encryption between machines in the network.
      - It needs accelerated networking, which machines don't have right after a failover.
    type: dict
    suboptions:
      enabled:
        description:
          - Whether it is on.
        type: bool
        required: true
      enforcement:
        description:
          - What happens to traffic of machines that can't encrypt. A new setting gets V(AllowUnencrypted).
          - With V(DropUnencrypted) machines without accelerated networking reach nobody.
        type: str
        choices: [AllowUnencrypted, DropUnencrypted]
  ddos_protection_plan:
    description:
      - The id of the DDoS protection plan. Empty text takes it off.
    type: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.group
  - siterecovery.hyperv.common.tags
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.azure
seealso:
  - module: siterecovery.hyperv.target_info
  - module: siterecovery.hyperv.storage_account
"""

EXAMPLES = r"""
- name: The network for failed-over machines
  siterecovery.hyperv.virtual_network:
    name: vnet-dr
    resource_group: rg-dr
    location: westeurope
    vault_location: westeurope
    address_prefixes:
      - 10.20.0.0/16
    subnets:
      - name: production
        address_prefix: 10.20.1.0/24
      - name: test-failover
        address_prefix: 10.20.2.0/24

- name: One more subnet in a network that is there already
  siterecovery.hyperv.virtual_network:
    name: vnet-dr
    resource_group: rg-dr
    location: westeurope
    subnets:
      - name: branch
        address_prefix: 10.20.3.0/24

- name: Exactly these ranges and subnets, with IPv6, rules, outgoing traffic and the company's DNS
  siterecovery.hyperv.virtual_network:
    name: vnet-dr
    resource_group: rg-dr
    location: westeurope
    address_prefixes:
      - 10.20.0.0/16
      - fd00:20::/48
    purge_address_prefixes: true
    subnets:
      - name: production
        address_prefixes:
          - 10.20.1.0/24
          - fd00:20:0:1::/64
        network_security_group: "{{ rg_id }}/providers/Microsoft.Network/networkSecurityGroups/nsg-production"
        nat_gateway: "{{ rg_id }}/providers/Microsoft.Network/natGateways/nat-dr"
        service_endpoints:
          - Microsoft.Storage
    purge_subnets: true
    dns_servers:
      - 10.20.1.4

- name: Delete an empty network
  siterecovery.hyperv.virtual_network:
    name: vnet-old
    resource_group: rg-dr
    state: absent
    allow_delete: true
"""

RETURN = r"""
virtual_network:
  description: The network after the run; in check mode as it is expected to be. Empty when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: The resource id.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.Network/virtualNetworks/vnet-dr
    name:
      description: The name.
      returned: success
      type: str
      sample: vnet-dr
    resource_group:
      description: The resource group.
      returned: success
      type: str
      sample: rg-dr
    subscription_id:
      description: The subscription.
      returned: success
      type: str
      sample: 00000000-0000-0000-0000-000000000000
    location:
      description: The region.
      returned: success
      type: str
      sample: westeurope
    address_prefixes:
      description: The network's ranges.
      returned: success
      type: list
      elements: str
      sample: [10.20.0.0/16]
    subnets:
      description: All subnets, those that the options do not name included.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: The subnet's name.
          returned: success
          type: str
          sample: production
        address_prefix:
          description: Its first range.
          returned: success
          type: str
          sample: 10.20.1.0/24
        address_prefixes:
          description: All its ranges.
          returned: success
          type: list
          elements: str
          sample: [10.20.1.0/24]
        network_security_group:
          description: The id of its network security group.
          returned: success
          type: str
          sample: null
        route_table:
          description: The id of its route table.
          returned: success
          type: str
          sample: null
        nat_gateway:
          description: The id of its NAT gateway.
          returned: success
          type: str
          sample: null
        service_endpoints:
          description: The services that are reached directly.
          returned: success
          type: list
          elements: str
          sample: []
        delegations:
          description: The services that it belongs to.
          returned: success
          type: list
          elements: str
          sample: []
        default_outbound_access:
          description: Whether machines reach the internet without another way; not told by older API versions.
          returned: success
          type: bool
          sample: null
        private_endpoint_network_policies:
          description: Which rules apply to private endpoints.
          returned: success
          type: str
          sample: Disabled
    dns_servers:
      description: The DNS servers; none means Azure's own.
      returned: success
      type: list
      elements: str
      sample: []
    flow_timeout_in_minutes:
      description: After how many minutes an idle connection is forgotten.
      returned: success
      type: int
      sample: null
    encryption:
      description: Encryption between machines, with C(enabled) and C(enforcement).
      returned: success
      type: dict
      sample: null
    ddos_protection_plan:
      description: The id of the DDoS protection plan.
      returned: success
      type: str
      sample: null
    provisioning_state:
      description: The state of the last operation.
      returned: success
      type: str
      sample: Succeeded
    tags:
      description: The tags.
      returned: success
      type: dict
      sample: {}
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Which value changes.
      returned: success
      type: str
      sample: subnets
    before:
      description: The value before.
      returned: success
      type: raw
      sample: null
    after:
      description: The value after; V((known after apply\)) when only the run can tell.
      returned: success
      type: raw
      sample: [{"name": "production", "address_prefix": "10.20.1.0/24", "address_prefixes": ["10.20.1.0/24"]}]
    reason:
      description: Why, in words.
      returned: success
      type: str
      sample: "add subnet production (10.20.1.0/24)"
evidence:
  description: For each step of the walkthrough what was found, done and verified.
  returned: success
  type: list
  elements: dict
  contains:
    step:
      description: The step's id.
      returned: success
      type: str
      sample: T6
    found:
      description: What was there.
      returned: success
      type: str
      sample: no network
    done:
      description: What was done, or in check mode would be.
      returned: success
      type: str
      sample: "create network vnet-dr (10.20.0.0/16) in westeurope"
    verified:
      description: What was seen afterwards.
      returned: success
      type: str
      sample: "network vnet-dr in westeurope, Succeeded, subnets: production, test-failover"
"""

from ..module_utils._model.azure.options import WAIT_OPTIONS
from ..module_utils._model.azure.virtual_network import OPTIONS as NETWORK_OPTIONS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.virtual_network import build

OPTIONS = {**NETWORK_OPTIONS, **WAIT_OPTIONS}


def main() -> None:
    run_resource_module(result="virtual_network", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
