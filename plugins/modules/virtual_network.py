#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create or extend a network that failed-over machines join."""

from __future__ import annotations

DOCUMENTATION = r"""
module: virtual_network
short_description: Create or extend a virtual network that failed-over machines join
version_added: 0.1.0
description:
  - Makes a virtual network with subnets, or adds missing address ranges and subnets to an existing one (step T6).
  - Nothing is taken away. Ranges, subnets and settings that the options do not name are kept as they are.
  - Ranges are checked before any call. They must be well-formed, subnets lie inside the network's ranges and do not
    overlap each other, and the smallest subnet is /29.
  - The range of an existing subnet is not changed; asking for another one is refused.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - The network's name, 2 to 64 letters, digits, underscores, dots and hyphens.
    type: str
    required: true
  location:
    description:
      - The region, V(westeurope) or V(West Europe). It can't be changed later.
    type: str
    required: true
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
    type: list
    elements: str
  subnets:
    description:
      - Subnets that the network has. Missing ones are added. Without a subnet no failed-over machine can join.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The subnet's name. When it equals the one of a source subnet in VMM, network mapping picks it.
          - Names that Azure reserves, such as V(GatewaySubnet), are made as well, with a warning that they are no
            target.
        type: str
        required: true
      address_prefix:
        description:
          - Its IPv4 range, inside one of the network's.
        type: str
        required: true
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
"""

RETURN = r"""
virtual_network:
  description: The network after the run; in check mode as it is expected to be.
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

from ..module_utils._module import GROUP_OPTIONS, REGION_OPTIONS, TAG_OPTIONS, WAIT_OPTIONS, run_noun
from ..module_utils._services.virtual_network import build

OPTIONS = {
    "name": {"type": "str", "required": True},
    "address_prefixes": {"type": "list", "elements": "str"},
    "subnets": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "address_prefix": {"type": "str", "required": True},
        },
    },
    **REGION_OPTIONS,
    **GROUP_OPTIONS,
    **TAG_OPTIONS,
    **WAIT_OPTIONS,
}


def main() -> None:
    run_noun(result="virtual_network", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
