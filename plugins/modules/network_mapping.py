#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Map a VM network of VMM to a network of Azure."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_mapping
short_description: Map a VM network of VMM to a network of Azure
version_added: 0.1.0
description:
  - Maps a VM network to the network of Azure to which failed-over machines are connected, changes the mapping, or
    removes it (step N1). A VM network has one mapping.
  - The network of Azure has to be in the region of the vault.
  - A mapping also applies to machines that are protected already. The plan names these machines.
  - A failed-over machine gets the subnet with the name of its own subnet, or the first subnet if there is none.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  vm_network:
    description:
      - Name of the VM network in VMM, or its id.
    type: str
    required: true
  vmm_server:
    description:
      - Name of the VMM server of the VM network. Required if several servers have a VM network of the same name.
    type: str
  azure_network:
    description:
      - Name or resource id of the network of Azure. Required unless O(state=absent).
    type: str
  azure_network_resource_group:
    description:
      - Resource group of O(azure_network), if that is a name. The default is O(resource_group).
    type: str
  vault_name:
    description:
      - Name of the vault.
    type: str
    required: true
  resource_group:
    description:
      - Resource group of the vault.
    type: str
    required: true
  state:
    description:
      - State of the mapping. V(absent) also disconnects the replicas of protected machines from the network.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
notes:
  - The role Site Recovery Contributor on the vault is sufficient, with read access to the network of Azure.
  - The VMM server must be connected to the vault.
  - A protected machine without adapters in the vault, because its initial replication is not complete, is not named.
  - Not verified on a live system.
seealso:
  - module: siterecovery.hyperv.virtual_network
  - module: siterecovery.hyperv.vmm_server_info
"""

EXAMPLES = r"""
- name: Map a VM network
  siterecovery.hyperv.network_mapping:
    vm_network: corp
    azure_network: vnet-dr
    vault_name: vault-dr
    resource_group: rg-dr

- name: Map a VM network of one of several VMM servers to a network of another resource group
  siterecovery.hyperv.network_mapping:
    vm_network: corp
    vmm_server: vmm01.example.com
    azure_network: vnet-hub
    azure_network_resource_group: rg-network
    vault_name: vault-dr
    resource_group: rg-dr

- name: Remove a mapping
  siterecovery.hyperv.network_mapping:
    vm_network: corp
    vault_name: vault-dr
    resource_group: rg-dr
    state: absent
"""

RETURN = r"""
network_mapping:
  description: The VM network and its mapping after the run, or in check mode as expected.
  returned: success
  type: dict
  contains:
    vm_network:
      description: Name of the VM network.
      returned: success
      type: str
      sample: corp
    vm_network_id:
      description: Id of the VM network in VMM.
      returned: success
      type: str
      sample: 68a19c46-18a9-47ec-9829-e814038ff99d
    vmm_server:
      description: Name of the VMM server.
      returned: success
      type: str
      sample: vmm01.example.com
    azure_network_id:
      description: Resource id of the network of Azure. Null without a mapping.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.Network/virtualNetworks/vnet-dr
    state:
      description: State of the mapping, such as V(Paired). Null without a mapping.
      returned: success
      type: str
      sample: Paired
    name:
      description: Name of the mapping. Null without a mapping.
      returned: success
      type: str
      sample: corp-to-vnet-dr
    id:
      description: Resource id of the mapping. Null without a mapping.
      returned: success
      type: str
      sample: /Subscriptions/<id>/.../replicationNetworkMappings/corp-to-vnet-dr
plan:
  description: The changes that were made, or in check mode would be made.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Key of the result that changes, or the name of an action.
      returned: success
      type: str
      sample: azure_network_id
    before:
      description: Value before the change.
      returned: success
      type: raw
      sample: null
    after:
      description: Value after the change.
      returned: success
      type: raw
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.Network/virtualNetworks/vnet-dr
    reason:
      description: Description of the change.
      returned: success
      type: str
      sample: "map VM network corp to vnet-dr"
evidence:
  description: The initial state, the changes and the verified state.
  returned: success
  type: list
  elements: dict
  contains:
    step:
      description: Id of the step.
      returned: success
      type: str
      sample: N1
    found:
      description: Initial state.
      returned: success
      type: str
      sample: "VM network corp: not mapped"
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: "map VM network corp to vnet-dr"
    verified:
      description: State after the run.
      returned: success
      type: str
      sample: "VM network corp: mapped to vnet-dr, Paired"
"""

from ..module_utils._model.azure.network_mapping import OPTIONS as MAPPING_OPTIONS
from ..module_utils._model.azure.options import WAIT_OPTIONS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.network_mapping import build

OPTIONS = {**MAPPING_OPTIONS, **WAIT_OPTIONS}


def main() -> None:
    run_resource_module(result="network_mapping", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
