#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List storage accounts and networks that are valid replication targets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: target_info
short_description: List storage accounts and networks that are valid replication targets
version_added: 0.1.0
description:
  - Checks every storage account and virtual network of the subscription, or of one resource group, against the rules of
    the support matrix, as the target step of the portal does (steps T2 and T3).
  - Checks the deployment scope (step T1), which is the state of the subscription, the resource group, the permissions
    of the identity, locks, and the registration of resource providers.
  - Returns all results as checks, which the preflight lists.
  - The number of calls does not depend on the number of accounts and networks, except for paging.
  - A vault that does not exist is not an error. Regions are then not compared, and the result has a warning about it.
notes:
  - Data that the identity cannot read is reported as V(unknown), and never as a failure.
  - A missing permission is a warning, because existing resources need not be created.
  - A replication policy with data encryption is reported in one line (step P7). The feature was retired, so no module
    has an option for it.
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
  target_resource_group:
    description:
      - Only check candidates in this resource group. Without it, the whole subscription is checked.
      - The permissions are read for this resource group, or for O(resource_group) when it is not set.
    type: str
  allow_other_region:
    description:
      - Treat candidates in another region than the vault's as a warning instead of an error.
    type: bool
    default: false
  allow_soft_delete:
    description:
      - Treat accounts with blob soft delete as a warning instead of an error. The service has rejected them as targets.
    type: bool
    default: false
  create_resource_group:
    description:
      - Whether another task creates a missing resource group. The check of the group then passes, if the identity can
        create it.
    type: bool
    default: false
  check_target:
    description:
      - When to read the deployment scope, the candidates and the replication policies. V(existing) reads them only when
        the vault exists. V(never) only reads the vault.
    type: str
    choices: [always, existing, never]
    default: always
  inspect_accounts:
    description:
      - Names of storage accounts whose blob service is read as well, for soft delete, versioning, change feed and
        point-in-time restore. This takes one more call for each name.
      - These rules stay V(unknown) for all other accounts.
    type: list
    elements: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
seealso:
  - module: siterecovery.hyperv.storage_account
  - module: siterecovery.hyperv.virtual_network
"""

EXAMPLES = r"""
- name: List possible targets of a vault
  siterecovery.hyperv.target_info:
    vault_name: vault-dr
    resource_group: rg-dr
  register: result

- name: Show why storage accounts cannot be used
  ansible.builtin.debug:
    msg: "{{ item.checks | selectattr('status', 'equalto', 'fail') | map(attribute='message') }}"
  loop: "{{ result.target.storage_accounts | selectattr('status', 'equalto', 'error') }}"
  loop_control:
    label: "{{ item.name }}"

- name: Assert that the identity has all required permissions
  ansible.builtin.assert:
    that: result.target.scope.status == 'pass'
    fail_msg: "{{ problems | map(attribute='message') | join('; ') }}"
  vars:
    problems: "{{ result.target.scope.checks | rejectattr('status', 'equalto', 'pass') }}"

- name: Inspect the blob service of one account
  siterecovery.hyperv.target_info:
    vault_name: vault-dr
    resource_group: rg-dr
    inspect_accounts: [contosodr]
"""

RETURN = r"""
target:
  description: The vault, and the candidates with the results of all rules.
  returned: success
  type: dict
  contains:
    vault_id:
      description: Resource id of the vault, also when it does not exist yet.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
    exists:
      description: Whether the vault exists.
      returned: success
      type: bool
      sample: true
    vault_location:
      description: Region of the vault, or null when it does not exist yet.
      returned: success
      type: str
      sample: westeurope
    storage_accounts:
      description: The storage accounts.
      returned: when O(check_target) includes it
      type: list
      elements: dict
      contains:
        id:
          description: Resource id.
          returned: success
          type: str
          sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.Storage/storageAccounts/contosodr
        name:
          description: Name of the account.
          returned: success
          type: str
          sample: contosodr
        resource_group:
          description: Resource group of the account.
          returned: success
          type: str
          sample: rg-dr
        location:
          description: Region of the account.
          returned: success
          type: str
          sample: westeurope
        status:
          description: Result of all checks, V(pass), V(warning), or V(error) for an account that cannot be used.
          returned: success
          type: str
          sample: error
        checks:
          description: Results of all rules.
          returned: success
          type: list
          elements: dict
          contains: &check
            id:
              description: Id of the rule.
              returned: success
              type: str
              sample: region
            step:
              description: Step of the setup guide.
              returned: success
              type: str
              sample: T3
            severity:
              description: Meaning of a failure. V(error) blocks, V(warning) does not, V(info) is for the record.
              returned: success
              type: str
              sample: error
            status:
              description: Result of the rule, V(pass), V(fail), or V(unknown) when it could not be evaluated.
              returned: success
              type: str
              sample: fail
            message:
              description: The observed state.
              returned: success
              type: str
              sample: storage account stfar is in northeurope, but the vault is in westeurope
            fix:
              description: How to fix a failure, or an empty string.
              returned: success
              type: str
              sample: use one in westeurope
        log_accounts:
          description: Names of the standard accounts that can keep the replication logs of a premium account.
          returned: success
          type: list
          elements: str
          sample: []
    virtual_networks:
      description: The virtual networks.
      returned: when O(check_target) includes it
      type: list
      elements: dict
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
        location:
          description: Region of the network.
          returned: success
          type: str
          sample: westeurope
        status:
          description: Result of all checks, V(pass), V(warning), or V(error) for a network that cannot be used.
          returned: success
          type: str
          sample: pass
        checks:
          description: Results of all rules.
          returned: success
          type: list
          elements: dict
          contains: *check
    scope:
      description: The deployment scope and the permissions of the identity in it.
      returned: when O(check_target) includes it
      type: dict
      contains:
        subscription_id:
          description: Id of the subscription.
          returned: success
          type: str
          sample: <id>
        subscription_name:
          description: Name of the subscription, or null when the identity cannot read it.
          returned: success
          type: str
          sample: Production
        subscription_state:
          description: State such as V(Enabled) or V(Disabled), or null when the identity cannot read it.
          returned: success
          type: str
          sample: Enabled
        tenant:
          description: Id of the tenant of the subscription, or null when the identity cannot read it.
          returned: success
          type: str
          sample: <id>
        resource_group:
          description: The checked resource group.
          returned: success
          type: str
          sample: rg-dr
        resource_group_exists:
          description: Whether the resource group exists, or null when the identity cannot read it.
          returned: success
          type: bool
          sample: true
        location:
          description: Region of the resource group. Its resources can be in other regions.
          returned: success
          type: str
          sample: westeurope
        providers:
          description: Resource providers and their registration, or null when the identity cannot read it.
          returned: success
          type: dict
          sample:
            Microsoft.Compute: Registered
            Microsoft.Network: Registered
            Microsoft.RecoveryServices: Registered
            Microsoft.Storage: NotRegistered
        status:
          description: Result of all checks, V(pass), V(warning), or V(error) when no resources can be created there.
          returned: success
          type: str
          sample: warning
        checks:
          description: Results of all rules.
          returned: success
          type: list
          elements: dict
          contains: *check
    compatible:
      description: Number of candidates that can be used.
      returned: when O(check_target) includes it
      type: dict
      contains:
        storage_accounts:
          description: Storage accounts whose status is not V(error).
          returned: success
          type: int
          sample: 1
        virtual_networks:
          description: Networks whose status is not V(error).
          returned: success
          type: int
          sample: 1
    policies:
      description: Check of the replication policies of the vault for Hyper-V.
      returned: when O(check_target) includes it
      type: dict
      contains:
        status:
          description:
            - V(pass), V(warning) when the policies are unreadable, or V(error) when machines of one cannot fail over.
          returned: success
          type: str
          sample: pass
        checks:
          description: Result of the rule.
          returned: success
          type: list
          elements: dict
          contains: *check
    notes:
      description:
        - Rules about machines, mappings or later changes, which no account or network shows. Their status is
          V(unknown).
      returned: when O(check_target) includes it
      type: list
      elements: dict
      contains: *check
checks:
  description:
    - The checks that the preflight lists. They cover the sign-in, the vault, the deployment scope, replication
      policies, and whether the vault has a candidate that it can use.
  returned: success
  type: list
  elements: dict
  sample:
    - id: vault
      step: B1
      severity: info
      status: pass
      message: vault vault-dr is in westeurope
      fix: ""
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
      sample: T3
    found:
      description: Initial state.
      returned: success
      type: str
      sample: "1 of 2 storage accounts and 1 of 1 networks can be used by vault vault-dr in westeurope"
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: nothing to do
    verified:
      description: State after the run.
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
    "create_resource_group": {"type": "bool", "default": False},
    "check_target": {"type": "str", "choices": ["always", "existing", "never"], "default": "always"},
    "inspect_accounts": {"type": "list", "elements": "str"},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_target)


if __name__ == "__main__":
    main()
