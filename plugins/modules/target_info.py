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
    target step does, and says for each one what every rule of the support matrix says about it (steps T2 and T3).
  - Says where the target lies, and what the login may do there (step T1). The state of the subscription, the resource
    group, the login's permissions, locks, and whether the resource providers are registered.
  - The number of calls does not depend on how many accounts and networks there are, beyond paging.
  - A vault that does not exist is no error; regions are not compared then, and a warning says so.
notes:
  - What the login may not read is V(unknown), and never taken for a no.
  - A missing permission only warns, as what exists already need not be made. Deny assignments are not
    looked at.
  - A replication policy that encrypts data itself is warned of in one line (step P7). The feature has ended, so no
    module has an option for it.
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
      - It is also the group whose permissions are read; when not given, that is O(resource_group).
    type: str
  allow_other_region:
    description:
      - Whether candidates in another region than the vault's are only warned of.
    type: bool
    default: false
  allow_soft_delete:
    description:
      - Whether accounts with blob soft delete are only warned of. The service has refused them as targets.
    type: bool
    default: false
  inspect_accounts:
    description:
      - Names of storage accounts whose blob service is asked too, for soft delete, versioning, change feed and
        point-in-time restore. It takes one more call per name.
      - For all other accounts these rules stay V(unknown).
    type: list
    elements: str
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

- name: May this login make what a failover needs?
  ansible.builtin.assert:
    that: result.target.scope.verdict == 'ok'
    fail_msg: "{{ result.target.scope.reasons | join('; ') }}"

- name: Look closely at the account that is to be used
  siterecovery.hyperv.target_info:
    vault_name: vault-dr
    resource_group: rg-dr
    inspect_accounts: [contosodr]
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
          description: What every rule says.
          returned: success
          type: list
          elements: dict
          contains: &rule
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
            verdict:
              description: V(pass), V(fail), or V(unknown), which refuses nothing.
              returned: success
              type: str
              sample: fail
            reason:
              description: Why.
              returned: success
              type: str
              sample: "is in northeurope, the vault in westeurope"
        log_accounts:
          description: For a premium account the standard ones that can keep its replication logs, by name.
          returned: success
          type: list
          elements: str
          sample: []
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
          description: What every rule says.
          returned: success
          type: list
          elements: dict
          contains: *rule
    scope:
      description: Where the target lies, and what the login may do there.
      returned: success
      type: dict
      contains:
        subscription_id:
          description: The subscription's id.
          returned: success
          type: str
          sample: <id>
        subscription_name:
          description: Its name, or null when the login may not read it.
          returned: success
          type: str
          sample: Production
        subscription_state:
          description: Its state, such as V(Enabled) or V(Disabled), or null when the login may not read it.
          returned: success
          type: str
          sample: Enabled
        tenant:
          description: The id of the subscription's directory, or null when the login may not read it.
          returned: success
          type: str
          sample: <id>
        resource_group:
          description: The group that was looked at.
          returned: success
          type: str
          sample: rg-dr
        resource_group_exists:
          description: Whether it exists, or null when the login may not read it.
          returned: success
          type: bool
          sample: true
        location:
          description: The group's own region, which says nothing about where its resources are.
          returned: success
          type: str
          sample: westeurope
        providers:
          description: The resource providers and whether they are registered; null when the login may not read it.
          returned: success
          type: dict
          sample:
            Microsoft.Compute: Registered
            Microsoft.Network: Registered
            Microsoft.RecoveryServices: Registered
            Microsoft.Storage: NotRegistered
        verdict:
          description: V(ok), V(warn), or V(refused) when nothing can be made there.
          returned: success
          type: str
          sample: warn
        reasons:
          description: What speaks against it, with the built-in role that gives a missing right.
          returned: success
          type: list
          elements: str
          sample:
            - "resource provider Microsoft.Storage is NotRegistered: register it (az provider register --namespace
              Microsoft.Storage), which the role Contributor on the subscription allows"
        rules:
          description: What every rule says.
          returned: success
          type: list
          elements: dict
          contains: *rule
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
    policies:
      description: What the vault's replication policies for Hyper-V say.
      returned: success
      type: dict
      contains:
        verdict:
          description: V(ok), or V(refused) when machines of one can't fail over.
          returned: success
          type: str
          sample: ok
        reasons:
          description: What speaks against which policy.
          returned: success
          type: list
          elements: str
          sample: []
        rules:
          description: What the rule says.
          returned: success
          type: list
          elements: dict
          contains: *rule
    notes:
      description: Rules that are about machines, mappings or later changes, which no account or network shows.
      returned: success
      type: list
      elements: dict
      contains:
        rule:
          description: The rule's name.
          returned: success
          type: str
          sample: mapping
        hardness:
          description: V(warn) or V(note).
          returned: success
          type: str
          sample: warn
        reason:
          description: What to know.
          returned: success
          type: str
          sample: a machine on a network without a mapping is not connected after failover
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
from ..module_utils._services.azure.target import read_target

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "target_resource_group": {"type": "str"},
    "allow_other_region": {"type": "bool", "default": False},
    "allow_soft_delete": {"type": "bool", "default": False},
    "inspect_accounts": {"type": "list", "elements": "str"},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_target)


if __name__ == "__main__":
    main()
