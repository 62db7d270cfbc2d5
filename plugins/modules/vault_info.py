#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather information about Recovery Services vaults."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_info
short_description: Gather information about Recovery Services vaults
version_added: 0.1.0
description:
  - Returns one vault, the vaults of a resource group, or those of the subscription (step B1).
  - The list is empty when the vault or the resource group does not exist.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  id:
    description:
      - Resource id of a vault. The module reads it in the subscription of the id with the same login, regardless of
        O(subscription_id).
      - Mutually exclusive with O(name) and O(resource_group).
    type: str
  name:
    description:
      - Only return vaults of this name. Two resource groups can have a vault of the same name.
    type: str
  resource_group:
    description:
      - Only return vaults of this resource group. Without it, the module reads the whole subscription.
    type: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
seealso:
  - module: siterecovery.hyperv.vault
"""

EXAMPLES = r"""
- name: List all vaults of the subscription
  siterecovery.hyperv.vault_info:
  register: all_vaults

- name: Get one vault
  siterecovery.hyperv.vault_info:
    resource_group: rg-dr
    name: vault-dr

- name: Get a vault by its id, also in another subscription
  siterecovery.hyperv.vault_info:
    id: "{{ vault_id }}"
"""

RETURN = r"""
vault_id:
  description:
    - Resource id of the requested vault, also when it does not exist yet.
    - Null unless O(id), or O(name) with O(resource_group), is set.
  returned: success
  type: str
  sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
exists:
  description: Whether the requested vault exists; null under the same conditions as RV(vault_id).
  returned: success
  type: bool
  sample: true
checks:
  description:
    - The checks C(azure-login) (T1) and C(vault) (B1), which a read of one vault passes. Empty without a requested
      vault.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The stable id of the check.
      returned: success
      type: str
      sample: vault
    step:
      description: The id of the step.
      returned: success
      type: str
      sample: B1
    severity:
      description: The meaning of a failure, V(error), V(warning) or V(info).
      returned: success
      type: str
      sample: info
    status:
      description: V(pass), V(fail), or V(unknown) if the check could not be evaluated.
      returned: success
      type: str
      sample: pass
    message:
      description: The observed state.
      returned: success
      type: str
      sample: vault vault-dr is in westeurope
    fix:
      description: How to fix a failure. Empty for a check that passed.
      returned: success
      type: str
      sample: ""
vaults:
  description: The vaults, ordered by name.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Resource id.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
    name:
      description: Name of the vault.
      returned: success
      type: str
      sample: vault-dr
    resource_group:
      description: Resource group of the vault.
      returned: success
      type: str
      sample: rg-dr
    subscription_id:
      description: Subscription of the vault.
      returned: success
      type: str
      sample: 00000000-0000-0000-0000-000000000000
    location:
      description: Region of the vault.
      returned: success
      type: str
      sample: westeurope
    sku:
      description: Pricing model.
      returned: success
      type: str
      sample: Standard
    private_endpoint_state:
      description: Use of private endpoints by Site Recovery, V(None) or V(Enabled).
      returned: success
      type: str
      sample: None
    private_endpoints:
      description: Names of the private endpoints of the vault.
      returned: success
      type: list
      elements: str
      sample: []
    provisioning_state:
      description: State of the last operation.
      returned: success
      type: str
      sample: Succeeded
    tags:
      description: Tags.
      returned: success
      type: dict
      sample: {"owner": "recovery-team"}
    identity:
      description: Managed identities.
      returned: success
      type: dict
      sample: {"system_assigned": false, "user_assigned": [], "principal_id": null}
    public_network_access:
      description: Access from public networks.
      returned: success
      type: str
      sample: enabled
    immutability:
      description: Protection of backups against deletion.
      returned: success
      type: str
      sample: disabled
    immutability_days:
      description:
        - Days for which backups cannot be deleted; V(0) follows the policy; null when Azure does not report it.
      returned: success
      type: int
      sample: null
    soft_delete:
      description: Retention of deleted backups.
      returned: success
      type: dict
      sample: {"state": "enabled", "days": 14, "hybrid_state": null}
    cross_subscription_restore:
      description: Restore of backups into other subscriptions.
      returned: success
      type: str
      sample: enabled
    redundancy:
      description: Redundancy of stored backups; null when Azure does not report it.
      returned: success
      type: dict
      sample: {"storage": "geo_redundant", "cross_region_restore": "disabled"}
    monitoring:
      description: Alerts; null when Azure does not report them.
      returned: success
      type: dict
      sample:
        job_failures: enabled
        replication_issues: null
        failover_issues: null
        classic_critical: enabled
        classic_site_recovery: null
    encryption:
      description: Customer-managed key; null with platform-managed keys.
      returned: success
      type: dict
      sample: {"key_uri": null, "identity": null, "infrastructure": null}
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
      sample: B1
    found:
      description: Initial state.
      returned: success
      type: str
      sample: "vault vault-dr in westeurope, Succeeded"
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: nothing to do
    verified:
      description: State after the run.
      returned: success
      type: str
      sample: "vault vault-dr in westeurope, Succeeded"
"""

from ..module_utils._module import run_info
from ..module_utils._services.azure.vault import read_vaults

OPTIONS = {
    "id": {"type": "str"},
    "name": {"type": "str"},
    "resource_group": {"type": "str"},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_vaults)


if __name__ == "__main__":
    main()
