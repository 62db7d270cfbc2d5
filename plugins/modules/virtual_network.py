#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, update or delete a virtual network for failed-over machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: virtual_network
short_description: Create, update or delete a virtual network for failed-over machines
version_added: 0.1.0
description:
  - Creates a virtual network with subnets, updates an existing one, or deletes an empty one (step T6).
  - Address ranges, subnets and settings that the options do not name are kept, including settings that this module does
    not know. Peerings are not managed.
  - Ranges are validated before any call, and compared with the existing network before any change. They must be
    well-formed, inside the ranges of the network, and must not overlap. A subnet is /29 to /2; its IPv6 range is a /64.
  - A subnet in use is never removed and keeps its ranges. The error message names its users.
  - Every change is conditional on the version (etag) that was read, so that a concurrent change is not overwritten.
  - The update of a network repeats the references of all of its subnets, such as their network security groups. If the
    identity cannot use one of them, the module writes each changed subnet separately. A new subnet has no version, so
    its separate write is not conditional.
notes:
  - Azure replaces a network by the document that it receives, so the module sends back everything that it read. An
    installed SDK with an older API version does not read newer settings. Azure then rejects the change, and its message
    names the required API version.
  - Not verified on a live system. Only a real subscription can show that the network service checks the version in
    every type of change. Otherwise the last write wins, as it does without the version.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - Name of the network, 2 to 64 letters, digits, underscores, dots and hyphens.
    type: str
    required: true
  state:
    description:
      - State of the network.
      - V(absent) deletes the network with its subnets if it is unused and not peered, and requires O(allow_delete).
    type: str
    choices: [present, absent]
    default: present
  allow_delete:
    description:
      - Confirm that O(state=absent) deletes an existing network.
    type: bool
    default: false
  location:
    description:
      - Region of the network, such as V(westeurope) or V(West Europe). It cannot be changed later.
      - Required unless O(state=absent).
    type: str
  vault_location:
    description:
      - Region of the vault. When set, any other O(location) is rejected before any call, because failed-over machines
        are in the region of the vault.
    type: str
  allow_other_region:
    description:
      - Allow an O(location) that differs from O(vault_location).
    type: bool
    default: false
  address_prefixes:
    description:
      - Address ranges of the network, such as V(10.20.0.0/16). Missing ranges are added.
      - A new network needs at least one IPv4 range.
      - A range that overlaps with a peered network is rejected.
    type: list
    elements: str
  purge_address_prefixes:
    description:
      - Remove ranges that O(address_prefixes) does not list. With this option a range can also be replaced by a larger
        or smaller one.
    type: bool
    default: false
  subnets:
    description:
      - Subnets of the network. Missing subnets are added; existing subnets are updated in the suboptions that are set.
      - Failed-over machines need at least one subnet.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the subnet. Network mapping selects the subnet with the same name as the source subnet in VMM.
          - Names that Azure reserves, such as V(GatewaySubnet), are allowed with a warning, because they cannot be
            targets. They need the size that their purpose requires.
          - A subnet cannot be renamed. Another name creates another subnet.
        type: str
        required: true
      address_prefix:
        description:
          - An IPv4 range of the subnet, inside a range of the network. A new subnet needs it or
            O(subnets[].address_prefixes).
          - Another range replaces the IPv4 ranges of an unused subnet. The IPv6 range is kept.
        type: str
      address_prefixes:
        description:
          - All ranges of the subnet, at least one of them IPv4. For IPv6, add a /64.
          - A subnet in use can get additional ranges, but keeps its present ones.
        type: list
        elements: str
      network_security_group:
        description:
          - Resource id of the network security group. An empty string removes it.
        type: str
      route_table:
        description:
          - Resource id of the route table. An empty string removes it.
        type: str
      nat_gateway:
        description:
          - Resource id of the NAT gateway. An empty string removes it.
        type: str
      service_endpoints:
        description:
          - All services with a service endpoint, such as V(Microsoft.Storage). An empty list removes all.
        type: list
        elements: str
      delegations:
        description:
          - All services that the subnet is delegated to, such as V(Microsoft.Web/serverFarms). An empty list removes
            all.
          - A delegated subnet cannot take failed-over machines.
        type: list
        elements: str
      default_outbound_access:
        description:
          - Default outbound access of machines to the internet. Unchanged when not set; a new subnet gets V(true) with
            every release of the SDK.
          - With V(false), failed-over machines need a NAT gateway, a firewall or a public address for outbound access,
            such as for activation and updates.
        type: bool
      private_endpoint_network_policies:
        description:
          - Network policies for private endpoints in the subnet, such as those of a vault.
        type: str
        choices: [Disabled, Enabled, NetworkSecurityGroupEnabled, RouteTableEnabled]
  purge_subnets:
    description:
      - Remove subnets that O(subnets) does not list. Removing a subnet in use is rejected.
    type: bool
    default: false
  dns_servers:
    description:
      - Addresses of all DNS servers in order. An empty list selects the DNS of Azure.
      - Running machines use them after they renew their DHCP lease.
    type: list
    elements: str
  flow_timeout_in_minutes:
    description:
      - Idle timeout of connections in minutes, V(4) to V(30).
    type: int
  encryption:
    description:
      - Encryption of traffic between machines in the network.
      - It requires accelerated networking, which machines do not have directly after a failover.
    type: dict
    suboptions:
      enabled:
        description:
          - Whether encryption is enabled.
        type: bool
        required: true
      enforcement:
        description:
          - Handling of traffic from machines that cannot encrypt. The default for a new setting is V(AllowUnencrypted).
          - With V(DropUnencrypted), machines without accelerated networking cannot communicate.
        type: str
        choices: [AllowUnencrypted, DropUnencrypted]
  ddos_protection_plan:
    description:
      - Resource id of the DDoS protection plan. An empty string removes it.
    type: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.group
  - siterecovery.hyperv.common.tags
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
seealso:
  - module: siterecovery.hyperv.target_info
  - module: siterecovery.hyperv.storage_account
"""

EXAMPLES = r"""
- name: Create a network for failed-over machines
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

- name: Add a subnet to an existing network
  siterecovery.hyperv.virtual_network:
    name: vnet-dr
    resource_group: rg-dr
    location: westeurope
    subnets:
      - name: branch
        address_prefix: 10.20.3.0/24

- name: Set all ranges and subnets, with IPv6, a security group, a NAT gateway and own DNS servers
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
  description: The network after the run, or in check mode the expected network. Empty when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: Resource id.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.Network/virtualNetworks/vnet-dr
    name:
      description: Name of the network.
      returned: success
      type: str
      sample: vnet-dr
    resource_group:
      description: Resource group of the network.
      returned: success
      type: str
      sample: rg-dr
    subscription_id:
      description: Subscription of the network.
      returned: success
      type: str
      sample: 00000000-0000-0000-0000-000000000000
    location:
      description: Region of the network.
      returned: success
      type: str
      sample: westeurope
    address_prefixes:
      description: Address ranges of the network.
      returned: success
      type: list
      elements: str
      sample: [10.20.0.0/16]
    subnets:
      description: All subnets, including those that the options do not list.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Name of the subnet.
          returned: success
          type: str
          sample: production
        address_prefix:
          description: First range of the subnet.
          returned: success
          type: str
          sample: 10.20.1.0/24
        address_prefixes:
          description: All ranges of the subnet.
          returned: success
          type: list
          elements: str
          sample: [10.20.1.0/24]
        network_security_group:
          description: Resource id of the network security group.
          returned: success
          type: str
          sample: null
        route_table:
          description: Resource id of the route table.
          returned: success
          type: str
          sample: null
        nat_gateway:
          description: Resource id of the NAT gateway.
          returned: success
          type: str
          sample: null
        service_endpoints:
          description: Services with a service endpoint.
          returned: success
          type: list
          elements: str
          sample: []
        delegations:
          description: Services that the subnet is delegated to.
          returned: success
          type: list
          elements: str
          sample: []
        default_outbound_access:
          description: Default outbound access to the internet. Older API versions do not report it.
          returned: success
          type: bool
          sample: null
        private_endpoint_network_policies:
          description: Network policies for private endpoints.
          returned: success
          type: str
          sample: Disabled
    dns_servers:
      description: DNS servers. An empty list means the DNS of Azure.
      returned: success
      type: list
      elements: str
      sample: []
    flow_timeout_in_minutes:
      description: Idle timeout of connections in minutes.
      returned: success
      type: int
      sample: null
    encryption:
      description: Encryption between machines, with C(enabled) and C(enforcement).
      returned: success
      type: dict
      sample: null
    ddos_protection_plan:
      description: Resource id of the DDoS protection plan.
      returned: success
      type: str
      sample: null
    provisioning_state:
      description: State of the last operation.
      returned: success
      type: str
      sample: Succeeded
    tags:
      description: Tags.
      returned: success
      type: dict
      sample: {}
plan:
  description: The changes that were made, or in check mode would be made; empty without changes.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Key of the value in the result.
      returned: success
      type: str
      sample: subnets
    before:
      description: Value before the change.
      returned: success
      type: raw
      sample: null
    after:
      description: Value after the change; V((known after apply\)) when only the run determines it.
      returned: success
      type: raw
      sample: [{"name": "production", "address_prefix": "10.20.1.0/24", "address_prefixes": ["10.20.1.0/24"]}]
    reason:
      description: Description of the change.
      returned: success
      type: str
      sample: "add subnet production (10.20.1.0/24)"
evidence:
  description: The initial state, the changes and the verified state for each step of the setup guide.
  returned: success
  type: list
  elements: dict
  contains:
    step:
      description: Id of the step.
      returned: success
      type: str
      sample: T6
    found:
      description: Initial state.
      returned: success
      type: str
      sample: no network
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: "create network vnet-dr (10.20.0.0/16) in westeurope"
    verified:
      description: State after the run.
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
