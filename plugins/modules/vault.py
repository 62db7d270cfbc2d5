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
  - Makes the vault that Site Recovery protects machines with, or brings an existing one to the wanted state (step B1).
  - Only options that are given are compared and changed. A vault is never moved.
  - A vault is deleted only with O(allow_delete=true), and only when nothing is in it any more.
  - What can't be undone is done only with O(allow_irreversible=true).
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - The vault's name, 2 to 50 letters, digits and hyphens, starting with a letter.
    type: str
    required: true
  state:
    description:
      - Whether the vault is to be there.
      - With V(absent), a vault that still holds servers, replicated machines, recovery plans, backups or private
        endpoints is refused, and the message names them.
    type: str
    choices: [present, absent]
    default: present
  location:
    description:
      - The region, V(westeurope) or V(West Europe). It can't be changed later.
      - Needed when O(state=present). With O(state=absent) a vault of another region is not touched.
      - Regions that were closed, that Site Recovery is not offered in, or that belong to another cloud are refused.
    type: str
  allow_delete:
    description:
      - Consent to O(state=absent). It is an error otherwise, when there is a vault.
    type: bool
    default: false
  allow_irreversible:
    description:
      - Consent to what Azure never takes back. These are O(immutability=locked), O(soft_delete.state=always_on),
        O(soft_delete.hybrid_state=always_on), O(cross_subscription_restore=permanently_disabled),
        O(redundancy.cross_region_restore=enabled), and the first O(encryption.key_uri).
    type: bool
    default: false
  undelete:
    description:
      - Whether a soft-deleted vault of this name is brought back, with all that was in it, where there is no other.
        It is an error otherwise, as Azure keeps the name for as long as it keeps the vault.
      - Needs a newer azure-mgmt-recoveryservices than 3.0. A clash of names is found only with such a one, and only by
        a login that may list the deleted vaults of the subscription. Others get Azure's own refusal.
    type: bool
    default: false
  register_resource_provider:
    description:
      - Whether the resource provider C(Microsoft.RecoveryServices) is registered on a subscription that has never had a
        vault. It is an error otherwise, which names the command.
    type: bool
    default: true
  public_network_access:
    description:
      - Whether the vault answers on the public network. Left alone when not given; new vaults are V(enabled).
    type: str
    choices: [enabled, disabled]
  identity:
    description:
      - The vault's managed identities. Left alone when not given.
      - No identity at all is C(system_assigned=false), C(user_assigned=[]) and C(append=false).
    type: dict
    suboptions:
      system_assigned:
        description:
          - Whether the vault has an identity of its own. Left alone when not given.
        type: bool
      user_assigned:
        description:
          - Resource ids of user-assigned identities. Left alone when not given.
        type: list
        elements: str
      append:
        description:
          - Whether user-assigned identities that O(identity.user_assigned) does not name are kept.
        type: bool
        default: true
  immutability:
    description:
      - Whether backups in the vault can be deleted before they expire. V(locked) can't be undone, and takes a second
        call on a vault that is not V(unlocked) yet.
    type: str
    choices: [disabled, unlocked, locked]
  immutability_days:
    description:
      - Days for which backups can't be deleted; V(0) means what the backup policy says.
      - Needs a newer azure-mgmt-recoveryservices than 3.0.
    type: int
  soft_delete:
    description:
      - What happens to deleted backups. Left alone when not given.
      - In many regions Azure keeps soft delete on for all vaults and refuses V(disabled).
    type: dict
    suboptions:
      state:
        description:
          - Whether deleted backups are kept for a while. V(always_on) can't be undone.
        type: str
        choices: [enabled, disabled, always_on]
      days:
        description:
          - For how many days, 14 to 180.
        type: int
      hybrid_state:
        description:
          - The same for backups that agents and backup servers send from elsewhere (the API's
            C(enhancedSecurityState)).
        type: str
        choices: [enabled, disabled, always_on]
  cross_subscription_restore:
    description:
      - Whether backups can be restored into other subscriptions. V(permanently_disabled) can't be undone.
    type: str
    choices: [enabled, disabled, permanently_disabled]
  redundancy:
    description:
      - How backups are stored. Left alone when not given. Site Recovery itself stores nothing in the vault.
    type: dict
    suboptions:
      storage:
        description:
          - Where copies are. Azure lets it change only before the first backup, so later changes are refused.
        type: str
        choices: [locally_redundant, zone_redundant, geo_redundant]
      cross_region_restore:
        description:
          - Whether backups can be restored in the paired region. Needs V(geo_redundant) storage and can't be switched
            off.
        type: str
        choices: [enabled, disabled]
  monitoring:
    description:
      - Alerts. Left alone when not given.
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
      - Encryption of backups with a key of yours. Left alone when not given; it can't be switched off again.
      - The identity needs a right on the key before it is set here.
    type: dict
    suboptions:
      key_uri:
        description:
          - The key's identifier in its key vault.
        type: str
      identity:
        description:
          - Which identity of the vault opens the key. V(system) is its own, which a vault has only once it is there;
            anything else is the id of a user-assigned one.
        type: str
      infrastructure:
        description:
          - Whether data are encrypted a second time below. It is chosen with the first key and can't be changed.
        type: str
        choices: [enabled, disabled]
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.group
  - siterecovery.hyperv.common.tags
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.azure
notes:
  - A vault counts as empty when its usages, its replication usages, its list of Site Recovery servers and its private
    endpoints say so. Soft-deleted backups show in none of them, so Azure may still refuse to delete the vault. Its
    message is passed on.
  - Which settings a vault can have depends on its region and on what is backed up in it. What this module can't know,
    Azure decides, and its words are passed on.
  - In regions where Azure soft-deletes vaults, a deleted vault keeps its name until it is purged.
seealso:
  - module: siterecovery.hyperv.vault_info
  - module: siterecovery.hyperv.vault_registration_key
"""

EXAMPLES = r"""
- name: The vault for the branch offices
  siterecovery.hyperv.vault:
    name: vault-dr
    resource_group: rg-dr
    location: westeurope
    create_resource_group: true
    tags:
      owner: recovery-team

- name: A vault with an identity, alerts, and storage in one region
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

- name: Soft delete for good
  siterecovery.hyperv.vault:
    name: vault-dr
    resource_group: rg-dr
    location: westeurope
    soft_delete:
      state: always_on
      days: 30
    allow_irreversible: true

- name: The vault of the test is not needed any more
  siterecovery.hyperv.vault:
    name: vault-test
    resource_group: rg-dr
    state: absent
    allow_delete: true
"""

RETURN = r"""
vault:
  description: The vault after the run; in check mode as it is expected to be; empty when it is absent.
  returned: success
  type: dict
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
      returned: when the vault exists
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
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  sample:
    - {path: tags, before: {}, after: {owner: recovery-team}, reason: ""}
evidence:
  description: For each step of the walkthrough what was found, done and verified.
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
