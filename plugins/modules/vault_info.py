#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read Recovery Services vaults."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_info
short_description: Read Recovery Services vaults
version_added: 0.1.0
description:
  - Reads one vault, the vaults of a resource group, or those of the subscription (step B1).
  - A vault or resource group that does not exist gives an empty list.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  id:
    description:
      - The resource id of one vault. It is read in the subscription that the id names, with the same login, whatever
        O(subscription_id) says.
      - Mutually exclusive with O(name) and O(resource_group).
    type: str
  name:
    description:
      - Only vaults of this name; all when not given. Two resource groups may have a vault of the same name.
    type: str
  resource_group:
    description:
      - Only vaults of this resource group; those of the whole subscription when not given.
    type: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
  - siterecovery.hyperv.common.azure
seealso:
  - module: siterecovery.hyperv.vault
"""

EXAMPLES = r"""
- name: All vaults of the subscription
  siterecovery.hyperv.vault_info:
  register: all_vaults

- name: One vault
  siterecovery.hyperv.vault_info:
    resource_group: rg-dr
    name: vault-dr

- name: The vault of an id, maybe in another subscription
  siterecovery.hyperv.vault_info:
    id: "{{ vault_id }}"
"""

RETURN = r"""
vaults:
  description: The vaults, ordered by name.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The resource id.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
    name:
      description: The name.
      returned: success
      type: str
      sample: vault-dr
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
    sku:
      description: The pricing model.
      returned: success
      type: str
      sample: Standard
    private_endpoint_state:
      description: Whether Site Recovery uses private endpoints, V(None) or V(Enabled).
      returned: success
      type: str
      sample: None
    private_endpoints:
      description: Names of the private endpoints that lead to the vault.
      returned: success
      type: list
      elements: str
      sample: []
    provisioning_state:
      description: The state of the last operation.
      returned: success
      type: str
      sample: Succeeded
    tags:
      description: The tags.
      returned: success
      type: dict
      sample: {"owner": "recovery-team"}
    identity:
      description: The managed identities.
      returned: success
      type: dict
      sample: {"system_assigned": false, "user_assigned": [], "principal_id": null}
    public_network_access:
      description: Whether the vault answers on the public network.
      returned: success
      type: str
      sample: enabled
    immutability:
      description: Whether backups can be deleted before they expire.
      returned: success
      type: str
      sample: disabled
    immutability_days:
      description: Days for which they can't, V(0) for what the backup policy says, null where Azure does not say.
      returned: success
      type: int
      sample: null
    soft_delete:
      description: What happens to deleted backups.
      returned: success
      type: dict
      sample: {"state": "enabled", "days": 14, "hybrid_state": null}
    cross_subscription_restore:
      description: Whether backups can be restored into other subscriptions.
      returned: success
      type: str
      sample: enabled
    redundancy:
      description: How backups are stored; null where Azure does not say.
      returned: success
      type: dict
      sample: {"storage": "geo_redundant", "cross_region_restore": "disabled"}
    monitoring:
      description: Alerts; null where Azure does not say.
      returned: success
      type: dict
      sample:
        job_failures: enabled
        replication_issues: null
        failover_issues: null
        classic_critical: enabled
        classic_site_recovery: null
    encryption:
      description: The key of yours; nulls where Azure uses its own.
      returned: success
      type: dict
      sample: {"key_uri": null, "identity": null, "infrastructure": null}
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
      sample: B1
    found:
      description: What was there.
      returned: success
      type: str
      sample: "vault vault-dr in westeurope, Succeeded"
    done:
      description: What was done, or in check mode would be.
      returned: success
      type: str
      sample: nothing to do
    verified:
      description: What was seen afterwards.
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
