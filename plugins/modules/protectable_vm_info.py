#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather the virtual machines of VMM clouds in a vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: protectable_vm_info
short_description: Gather the virtual machines of VMM clouds in a vault
version_added: 0.1.0
description:
  - Returns the virtual machines of VMM clouds as Azure shows them, protected or not (step N3).
  - Reads one list for each cloud and one for each VMM server. Only lists below a server are read, because the built-in
    roles of Site Recovery do not permit the lists of the whole vault.
  - Azure has a copy of VMM's data. A new machine appears after a while, or after a refresh of the server.
  - Azure does not tell which machine cannot be protected. The module M(siterecovery.hyperv.vm_info) evaluates this.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
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
  clouds:
    description:
      - Names or ids of the VMM clouds. An unknown cloud is an error, and so is a name that several clouds have.
    type: list
    elements: str
    required: true
  vmm_server:
    description:
      - Friendly name of the VMM server. Without it, the clouds of all servers are searched.
    type: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
seealso:
  - module: siterecovery.hyperv.vm_info
"""

EXAMPLES = r"""
- name: Read the machines of two clouds
  siterecovery.hyperv.protectable_vm_info:
    vault_name: vault-dr
    resource_group: rg-dr
    clouds:
      - Gold
      - Silver
  register: azure

- name: List the machines that are protected
  ansible.builtin.debug:
    msg: "{{ azure.machines | selectattr('protected') | map(attribute='name') | list }}"
"""

RETURN = r"""
vault_id:
  description: Resource id of the vault.
  returned: success
  type: str
  sample: /subscriptions/.../resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
machines:
  description: The virtual machines, cloud by cloud.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the machine in VMM, which is its name in Azure.
      returned: success
      type: str
      sample: 6dbaf778-aab7-41d4-bdc8-11a2fe732a75
    hyperv_id:
      description: Id of the machine in Hyper-V, or null.
      returned: success
      type: str
      sample: e9bf3da2-17ed-4e3e-b577-19f74e1c9f1e
    arm_id:
      description: Resource id of the protectable item.
      returned: success
      type: str
    name:
      description: Name of the machine.
      returned: success
      type: str
      sample: web01
    cloud:
      description: Name of its cloud.
      returned: success
      type: str
      sample: Gold
    vmm_server:
      description: Friendly name of the VMM server.
      returned: success
      type: str
      sample: vmm01.example.com
    generation:
      description: Generation of the machine, or null if Azure does not know it.
      returned: success
      type: int
      sample: 2
    os_type:
      description: V(windows) or V(linux), or null if Azure does not know it, which is usual.
      returned: success
      type: str
      sample: windows
    disks:
      description: Virtual disks. Azure does not tell which one holds the operating system.
      returned: success
      type: list
      elements: dict
      sample: [{id: eabb179d-2cc5-49ab-98dd-c87dbf9b7e1e, name: web01-0, size_mb: 130048}]
    shared_disk:
      description: Whether the machine has a shared virtual disk, or null if Azure does not know it.
      returned: success
      type: bool
      sample: false
    physical_disk:
      description: Whether the machine has a physical disk, or null if Azure does not know it.
      returned: success
      type: bool
      sample: false
    fibre_channel:
      description: Whether the machine has a virtual Fibre Channel adapter, or null if Azure does not know it.
      returned: success
      type: bool
      sample: false
    protected:
      description: Whether the machine is protected.
      returned: success
      type: bool
      sample: false
    protected_item_id:
      description: Resource id of the protected item, or null.
      returned: success
      type: str
    readiness_errors:
      description: Reasons of the service against the protection. The service usually returns none before an attempt.
      returned: success
      type: list
      elements: str
      sample: []
"""

from ..module_utils._module import run_info
from ..module_utils._services.azure.protectable_vms import read_protectable_machines

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "clouds": {"type": "list", "elements": "str", "required": True},
    "vmm_server": {"type": "str"},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_protectable_machines)


if __name__ == "__main__":
    main()
