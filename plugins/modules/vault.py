#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, update or delete a Recovery Services vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault
short_description: Create, update or delete a Recovery Services vault
version_added: 0.1.0
description:
  - Creates the vault that Site Recovery uses, or updates an existing one (step B1).
  - Only options that are set are compared and changed on an existing vault. A vault is never moved.
  - A vault is deleted only with O(allow_delete=true), and only when it is empty.
  - Irreversible changes are made only with O(allow_irreversible=true).
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - Name of the vault, 2 to 50 letters, digits and hyphens, starting with a letter.
    type: str
    required: true
  state:
    description:
      - State of the vault.
      - V(absent) refuses to delete a vault that contains servers, replicated machines, recovery plans, backups or
        private endpoints. The message lists them.
    type: str
    choices: [present, absent]
    default: present
  location:
    description:
      - Region of the vault, such as V(westeurope) or V(West Europe). It cannot be changed later.
      - Required when O(state=present). With O(state=absent), a vault in another region is not deleted.
      - Closed regions, regions without Site Recovery and regions of another cloud are rejected.
    type: str
  allow_delete:
    description:
      - Confirm that O(state=absent) deletes an existing vault. The module fails without it.
    type: bool
    default: false
  allow_irreversible:
    description:
      - Allow changes that Azure cannot undo. These are O(immutability=locked), O(soft_delete.state=always_on),
        O(soft_delete.hybrid_state=always_on), O(cross_subscription_restore=permanently_disabled),
        O(redundancy.cross_region_restore=enabled), and the first O(encryption.key_uri).
    type: bool
    default: false
  undelete:
    description:
      - Restore a soft-deleted vault of this name with its contents when no other vault has the name. Without this
        option the module fails, because Azure keeps the name as long as it keeps the vault.
      - Requires an azure-mgmt-recoveryservices newer than 3.0. A name conflict is detected only with such a release,
        and only by an identity that can list the deleted vaults of the subscription. Otherwise Azure rejects the
        creation.
    type: bool
    default: false
  public_network_access:
    description:
      - Access to the vault from public networks. Unchanged when not set; new vaults are V(enabled).
    type: str
    choices: [enabled, disabled]
  identity:
    description:
      - Managed identities of the vault. Unchanged when not set.
      - To remove all identities, use C(system_assigned=false), C(user_assigned=[]) and C(purge_user_assigned=true).
    type: dict
    suboptions:
      system_assigned:
        description:
          - Whether the vault has a system-assigned identity. Unchanged when not set.
        type: bool
      user_assigned:
        description:
          - Resource ids of user-assigned identities. Unchanged when not set.
        type: list
        elements: str
      purge_user_assigned:
        description:
          - Remove user-assigned identities that O(identity.user_assigned) does not list.
        type: bool
        default: false
  immutability:
    description:
      - Protection of backups against deletion before they expire. V(locked) cannot be undone.
      - Locking requires the vault to be V(unlocked) first; the module makes both calls.
    type: str
    choices: [disabled, unlocked, locked]
  immutability_days:
    description:
      - Number of days for which backups cannot be deleted, 30 to 36135. V(0) follows the backup policy, which is also
        the default of a vault that becomes immutable.
      - Requires an azure-mgmt-recoveryservices newer than 3.0.
    type: int
  soft_delete:
    description:
      - Retention of deleted backups. Unchanged when not set.
      - In many regions Azure keeps soft delete enabled for all vaults and rejects V(disabled).
    type: dict
    suboptions:
      state:
        description:
          - Whether deleted backups are retained. V(always_on) cannot be undone.
          - In some regions Azure sets V(always_on) for new vaults. Such a vault also meets V(enabled).
        type: str
        choices: [enabled, disabled, always_on]
      days:
        description:
          - Number of days to retain them, 14 to 180.
        type: int
      hybrid_state:
        description:
          - The same for backups from agents and backup servers outside of Azure (C(enhancedSecurityState) of the API).
        type: str
        choices: [enabled, disabled, always_on]
  cross_subscription_restore:
    description:
      - Restore of backups into other subscriptions. V(permanently_disabled) cannot be undone, and also meets
        V(disabled).
    type: str
    choices: [enabled, disabled, permanently_disabled]
  redundancy:
    description:
      - Redundancy of stored backups. Unchanged when not set. Site Recovery itself stores nothing in the vault.
    type: dict
    suboptions:
      storage:
        description:
          - Location of copies. Azure changes it only before the first backup, so later changes are rejected.
        type: str
        choices: [locally_redundant, zone_redundant, geo_redundant]
      cross_region_restore:
        description:
          - Restore of backups in the paired region. Requires V(geo_redundant) storage, and cannot be disabled again.
        type: str
        choices: [enabled, disabled]
  monitoring:
    description:
      - Alerts. Unchanged when not set.
    type: dict
    suboptions:
      job_failures:
        description:
          - Azure Monitor alerts for failed jobs.
        type: str
        choices: [enabled, disabled]
      replication_issues:
        description:
          - Azure Monitor alerts for replication issues.
        type: str
        choices: [enabled, disabled]
      failover_issues:
        description:
          - Azure Monitor alerts for failover issues.
        type: str
        choices: [enabled, disabled]
      classic_critical:
        description:
          - Classic alerts for critical operations.
        type: str
        choices: [enabled, disabled]
      classic_site_recovery:
        description:
          - Classic e-mail notifications of Site Recovery.
        type: str
        choices: [enabled, disabled]
  encryption:
    description:
      - Encryption of backups with a customer-managed key. Unchanged when not set; it cannot be disabled again.
      - The identity needs a role on the key first.
    type: dict
    suboptions:
      key_uri:
        description:
          - Identifier of the key in its key vault.
        type: str
      identity:
        description:
          - Identity of the vault that accesses the key. V(system) is the system-assigned identity, which only an
            existing vault has. Any other value is the resource id of a user-assigned identity.
        type: str
      infrastructure:
        description:
          - Second layer of encryption. It is set with the first key and cannot be changed later.
        type: str
        choices: [enabled, disabled]
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.group
  - siterecovery.hyperv.common.tags
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
notes:
  - The module evaluates usages, replication usages, Site Recovery servers and private endpoints to find out whether a
    vault is empty. Soft-deleted backups appear in none of them, so Azure may still reject the deletion. The module then
    returns the message of Azure.
  - The available settings depend on the region of the vault and on its backups. Azure rejects settings that this module
    cannot check, and the module returns the message of Azure.
  - In regions where Azure soft-deletes vaults, a deleted vault keeps its name until it is purged.
seealso:
  - module: siterecovery.hyperv.vault_info
  - module: siterecovery.hyperv.vault_registration_key
"""

EXAMPLES = r"""
- name: Create a vault
  siterecovery.hyperv.vault:
    name: vault-dr
    resource_group: rg-dr
    location: westeurope
    create_resource_group: true
    tags:
      owner: recovery-team

- name: Configure identity, alerts and storage redundancy
  siterecovery.hyperv.vault:
    name: vault-dr
    resource_group: rg-dr
    location: westeurope
    identity:
      system_assigned: true
    monitoring:
      job_failures: enabled
      replication_issues: enabled
    redundancy:
      storage: zone_redundant

- name: Enable soft delete permanently
  siterecovery.hyperv.vault:
    name: vault-dr
    resource_group: rg-dr
    location: westeurope
    soft_delete:
      state: always_on
      days: 30
    allow_irreversible: true

- name: Delete an empty vault
  siterecovery.hyperv.vault:
    name: vault-test
    resource_group: rg-dr
    state: absent
    allow_delete: true
"""

RETURN = r"""
vault:
  description: The vault after the run, or in check mode the expected vault. Empty when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: Resource id of the vault. In check mode it is also set for a vault that does not exist yet.
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
      returned: when the vault exists
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
plan:
  description: The changes that were made, or in check mode would be made; empty without changes.
  returned: success
  type: list
  elements: dict
  sample:
    - {path: tags, before: {}, after: {owner: recovery-team}, reason: ""}
evidence:
  description: The initial state, the changes and the verified state for each step of the setup guide.
  returned: success
  type: list
  elements: dict
  sample:
    - step: B1
      found: no vault
      done: create vault vault-dr in westeurope
      verified: "vault vault-dr in westeurope, Succeeded"
"""

from ..module_utils._model.azure.options import WAIT_OPTIONS
from ..module_utils._model.azure.vault import OPTIONS as VAULT_OPTIONS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.vault import build

OPTIONS = {**VAULT_OPTIONS, **WAIT_OPTIONS}


def main() -> None:
    run_resource_module(result="vault", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
