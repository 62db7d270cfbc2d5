#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which storage accounts and networks a vault can replicate to."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_info
short_description: Say which storage accounts and networks a vault can replicate to
version_added: 0.1.0
description:
  - Judges every storage account and virtual network of the subscription, or of one resource group, as the portal's
    target step does, and says for each one what speaks against it (steps T1, T2 and T3).
  - It takes one read of the vault and two list calls, however many accounts and networks there are, beyond paging.
  - A vault that does not exist is no error; regions are not compared then, and a warning says so.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  vault_name:
    description:
      - The vault's name.
    type: str
    required: true
  resource_group:
    description:
      - The vault's resource group.
    type: str
    required: true
  target_resource_group:
    description:
      - Only candidates of this resource group; those of the whole subscription when not given.
    type: str
  allow_other_region:
    description:
      - Whether candidates in another region than the vault's are only warned of.
    type: bool
    default: false
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
  - siterecovery.hyperv.common.azure
seealso:
  - module: siterecovery.hyperv.storage_account
  - module: siterecovery.hyperv.virtual_network
"""

EXAMPLES = r"""
- name: What can the vault replicate to?
  siterecovery.hyperv.target_info:
    vault_name: vault-dr
    resource_group: rg-dr
  register: result

- name: Show what can't be used, and why
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.reasons | join('; ') }}"
  loop: "{{ result.target.storage_accounts | selectattr('verdict', 'equalto', 'refused') }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
target:
  description: The candidates, judged.
  returned: success
  type: dict
  contains:
    vault_id:
      description: The vault's id, or null when there is no vault.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
    vault_location:
      description: The vault's region, or null when there is no vault.
      returned: success
      type: str
      sample: westeurope
    storage_accounts:
      description: The storage accounts.
      returned: success
      type: list
      elements: dict
      contains:
        id:
          description: The resource id.
          returned: success
          type: str
          sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.Storage/storageAccounts/contosodr
        name:
          description: The name.
          returned: success
          type: str
          sample: contosodr
        resource_group:
          description: The resource group.
          returned: success
          type: str
          sample: rg-dr
        location:
          description: The region.
          returned: success
          type: str
          sample: westeurope
        verdict:
          description: V(ok), V(warn), which can be used with care, or V(refused).
          returned: success
          type: str
          sample: refused
        reasons:
          description: What speaks against it, the decisive first.
          returned: success
          type: list
          elements: str
          sample: ["is in northeurope, the vault in westeurope"]
        rules:
          description: The same with the rule's name and its hardness.
          returned: success
          type: list
          elements: dict
          contains:
            rule:
              description: The rule's name.
              returned: success
              type: str
              sample: region
            hardness:
              description: V(hard) rules it out; V(warn) and V(note) do not.
              returned: success
              type: str
              sample: hard
            message:
              description: What the rule says.
              returned: success
              type: str
              sample: "is in northeurope, the vault in westeurope"
    virtual_networks:
      description: The virtual networks.
      returned: success
      type: list
      elements: dict
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
        location:
          description: The region.
          returned: success
          type: str
          sample: westeurope
        verdict:
          description: V(ok), V(warn), which can be used with care, or V(refused).
          returned: success
          type: str
          sample: refused
        reasons:
          description: What speaks against it, the decisive first.
          returned: success
          type: list
          elements: str
          sample: ["is in northeurope, the vault in westeurope"]
        rules:
          description: The same with the rule's name and its hardness.
          returned: success
          type: list
          elements: dict
          contains:
            rule:
              description: The rule's name.
              returned: success
              type: str
              sample: region
            hardness:
              description: V(hard) rules it out; V(warn) and V(note) do not.
              returned: success
              type: str
              sample: hard
            message:
              description: What the rule says.
              returned: success
              type: str
              sample: "is in northeurope, the vault in westeurope"
    compatible:
      description: How many can be used.
      returned: success
      type: dict
      contains:
        storage_accounts:
          description: Storage accounts that are not refused.
          returned: success
          type: int
          sample: 1
        virtual_networks:
          description: Networks that are not refused.
          returned: success
          type: int
          sample: 1
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
      sample: T3
    found:
      description: What was there.
      returned: success
      type: str
      sample: "1 of 2 storage accounts and 1 of 1 networks can be used by vault vault-dr in westeurope"
    done:
      description: What was done, or in check mode would be.
      returned: success
      type: str
      sample: nothing to do
    verified:
      description: What was seen afterwards.
      returned: success
      type: str
      sample: "1 of 2 storage accounts and 1 of 1 networks can be used"
"""

from ..module_utils._module import run_info
from ..module_utils._services.target import read_target

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "target_resource_group": {"type": "str"},
    "allow_other_region": {"type": "bool", "default": False},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_target)


if __name__ == "__main__":
    main()
