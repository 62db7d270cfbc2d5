#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create or update a storage account for replicas."""

from __future__ import annotations

DOCUMENTATION = r"""
module: storage_account
short_description: Create or update a storage account for replicas
version_added: 0.1.0
description:
  - Creates a storage account that Site Recovery can replicate to, or updates an existing one (step T4).
  - A new account is hardened. Unless options change it, the account requires HTTPS and TLS 1.2, has no public blobs,
    and does not allow object replication across tenants. Access with shared keys stays enabled because replication uses
    it.
  - Only options that are set are compared and changed on an existing account. Accounts are never moved.
  - Accounts are never deleted, because replicas can be the last copy of a machine.
  - Values that Site Recovery cannot replicate to are rejected before any call, such as zone-redundant storage, accounts
    for only blobs or files, and cool access tiers.
  - A premium account needs a standard account in the same region for the replication logs (step T5). Create both in one
    task with O(log_account), or in two tasks. Without O(log_account) the module warns about it.
  - Changes that Azure does not support are rejected before any write. These are the location, the kind (except
    V(Storage) to V(StorageV2)), changes between standard and premium, zone redundancy, and infrastructure encryption.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - Name of the account, 3 to 24 lowercase letters and digits. It must be unique across Azure.
    type: str
    required: true
  location:
    description:
      - Region of the account, such as V(westeurope) or V(West Europe). It cannot be changed later.
    type: str
    required: true
  vault_location:
    description:
      - Region of the vault. When set, any other O(location) is rejected before any call, because replicas must be in
        the region of the vault.
    type: str
  allow_other_region:
    description:
      - Allow an O(location) that differs from O(vault_location).
    type: bool
    default: false
  sku:
    description:
      - Performance and redundancy, V(Standard_LRS), V(Standard_GRS), V(Standard_RAGRS) or V(Premium_LRS).
      - Unchanged when not set; a new account gets V(Standard_LRS).
      - The three standard values can be converted into each other. Standard and premium cannot.
    type: str
  kind:
    description:
      - Kind of the account, V(StorageV2) or V(Storage), which is general-purpose v1. Azure has not created such
        accounts since March 2026 and upgrades the existing ones, so the module rejects V(Storage) for a new account,
        and an account that is V(StorageV2) meets V(Storage) with a warning.
      - Unchanged when not set; a new account gets V(StorageV2).
      - V(Storage) can be upgraded to V(StorageV2), but not the other way.
    type: str
  access_tier:
    description:
      - Access tier. Site Recovery supports only V(Hot), which is the default of the service.
    type: str
  https_only:
    description:
      - Whether HTTPS is required. Unchanged when not set; a new account requires it.
    type: bool
  minimum_tls_version:
    description:
      - Minimum TLS version. Unchanged when not set; a new account gets V(TLS1_2).
    type: str
    choices: [TLS1_2, TLS1_3]
  allow_blob_public_access:
    description:
      - Allow anonymous access to containers. Unchanged when not set; a new account does not allow it.
    type: bool
  allow_cross_tenant_replication:
    description:
      - Allow object replication across tenants. Unchanged when not set; a new account does not allow it. Site Recovery
        does not use it.
    type: bool
  allow_shared_key_access:
    description:
      - Allow access with the keys of the account. Unchanged when not set; a new account allows it.
      - Site Recovery uses the keys. Without them, the vault needs a managed identity with roles on the account.
    type: bool
  default_to_oauth_authentication:
    description:
      - Whether the portal uses the permissions of the user by default instead of the keys of the account.
    type: bool
  public_network_access:
    description:
      - Access from public networks. V(secured_by_perimeter) follows the network security perimeter.
      - With V(disabled), Site Recovery needs a private endpoint on the account, and a vault that has a managed identity
        with roles on it.
    type: str
    choices: [enabled, disabled, secured_by_perimeter]
  network_acls:
    description:
      - Firewall of the public endpoint. Suboptions that are not set are unchanged.
      - Rules of other types, such as those for resource instances, are kept.
    type: dict
    suboptions:
      default_action:
        description:
          - Action when no rule matches. V(deny) requires V(azure_services) in O(network_acls.bypass), which is its
            default.
        type: str
        choices: [allow, deny]
      bypass:
        description:
          - Azure services that bypass the firewall. Site Recovery is one of the trusted services in V(azure_services)
            and cannot access the account without it.
        type: list
        elements: str
        choices: [azure_services, logging, metrics]
      ip_rules:
        description:
          - Public IPv4 addresses, or ranges of them from /30 up, that are admitted. At most 400.
        type: list
        elements: str
      virtual_network_rules:
        description:
          - Resource ids of subnets that are admitted. Each needs the service endpoint C(Microsoft.Storage). At most
            400.
        type: list
        elements: str
  purge_network_rules:
    description:
      - Remove rules that O(network_acls.ip_rules) and O(network_acls.virtual_network_rules) do not list. A list that is
        not set is unchanged.
    type: bool
    default: false
  require_infrastructure_encryption:
    description:
      - Second layer of encryption with platform-managed keys. It is set when the account is created and cannot be
        changed later.
    type: bool
  log_account:
    description:
      - A standard account for the replication logs, created or updated in the same run (step T5). A premium account
        needs one.
      - It has the resource group, the region and all other settings of the task except O(sku), O(kind) and
        O(access_tier).
    type: dict
    suboptions:
      name:
        description:
          - Name of the log account.
        type: str
        required: true
      sku:
        description:
          - Redundancy, V(Standard_LRS), V(Standard_GRS) or V(Standard_RAGRS).
          - Unchanged when not set; a new account gets V(Standard_LRS).
        type: str
  return_keys:
    description:
      - Return the keys of the account as RV(keys). They give access to all data in the account, and this collection
        does not need them.
      - The task must have C(no_log=true), because nothing else hides a registered result. C(async) is rejected, because
        it keeps results in files.
    type: bool
    default: false
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.group
  - siterecovery.hyperv.common.tags
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
notes:
  - Settings without an option are kept, such as customer-managed keys and their identity, key and SAS policies,
    endpoints, routing, and settings of the services in the account.
  - Azure offers no conditional change of an account. A firewall rule that is added between the read and the write of
    a task that changes the firewall is lost.
  - This module cannot delete an account. Replicas in it cannot be restored, and the account does not show whether a
    vault still writes to it.
  - Not verified on a live system. The firewall rules follow the public documents of Microsoft; only the service can
    show that replication passes such a firewall.
seealso:
  - module: siterecovery.hyperv.target_info
  - module: siterecovery.hyperv.virtual_network
"""

EXAMPLES = r"""
- name: Create an account for replicas
  siterecovery.hyperv.storage_account:
    name: contosodr
    resource_group: rg-dr
    location: westeurope
    vault_location: westeurope
    sku: Standard_GRS
    tags:
      owner: recovery-team

- name: Create a premium account and its log account
  siterecovery.hyperv.storage_account:
    name: contosodrpremium
    resource_group: rg-dr
    location: westeurope
    sku: Premium_LRS
    log_account:
      name: contosodrlogs

- name: Restrict access to trusted services, one office and one subnet
  siterecovery.hyperv.storage_account:
    name: contosodr
    resource_group: rg-dr
    location: westeurope
    network_acls:
      default_action: deny
      bypass: [azure_services]
      ip_rules: [203.0.113.0/24]
      virtual_network_rules:
        - /subscriptions/<id>/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/hub/subnets/jump
"""

RETURN = r"""
storage_account:
  description: The account after the run, or in check mode the expected account. It never contains the keys.
  returned: success
  type: dict
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
    subscription_id:
      description: Subscription of the account.
      returned: success
      type: str
      sample: 00000000-0000-0000-0000-000000000000
    location:
      description: Region of the account.
      returned: success
      type: str
      sample: westeurope
    sku:
      description: Performance and redundancy.
      returned: success
      type: str
      sample: Standard_GRS
    kind:
      description: Kind of the account.
      returned: success
      type: str
      sample: StorageV2
    access_tier:
      description: Access tier, or null for kinds without one.
      returned: success
      type: str
      sample: Hot
    https_only:
      description: Whether HTTPS is required.
      returned: success
      type: bool
      sample: true
    minimum_tls_version:
      description: Minimum TLS version.
      returned: success
      type: str
      sample: TLS1_2
    allow_blob_public_access:
      description: Whether anonymous access to containers is allowed.
      returned: success
      type: bool
      sample: false
    allow_shared_key_access:
      description: Whether access with the keys of the account is allowed.
      returned: success
      type: bool
      sample: true
    allow_cross_tenant_replication:
      description: Whether object replication across tenants is allowed.
      returned: success
      type: bool
      sample: false
    default_to_oauth_authentication:
      description: Whether the portal uses the permissions of the user by default.
      returned: success
      type: bool
      sample: false
    public_network_access:
      description: Access from public networks.
      returned: success
      type: str
      sample: enabled
    network_acls:
      description: Firewall of the public endpoint. C(bypass) is empty when no service bypasses it.
      returned: success
      type: dict
      sample: {"default_action": "allow", "bypass": ["azure_services"], "ip_rules": [], "virtual_network_rules": []}
    require_infrastructure_encryption:
      description: Whether a second layer of encryption is enabled.
      returned: success
      type: bool
      sample: false
    encryption_key_source:
      description: Source of the encryption key, V(Microsoft.Storage) or V(Microsoft.Keyvault).
      returned: success
      type: str
      sample: Microsoft.Storage
    identity:
      description:
        - Type of the managed identity, V(none), V(system_assigned), V(user_assigned) or V(system_and_user_assigned).
      returned: success
      type: str
      sample: none
    sftp_enabled:
      description: Whether SFTP is enabled.
      returned: success
      type: bool
      sample: false
    nfs_v3_enabled:
      description: Whether NFS 3.0 is enabled.
      returned: success
      type: bool
      sample: false
    primary_status:
      description: State of the primary region, V(available) or V(unavailable).
      returned: success
      type: str
      sample: available
    log_account:
      description: The log account, with the same keys.
      returned: when O(log_account) is given
      type: dict
      sample: {"name": "contosodrlogs", "sku": "Standard_LRS", "kind": "StorageV2", "location": "westeurope"}
    hierarchical_namespace:
      description: Whether the account has a hierarchical namespace.
      returned: success
      type: bool
      sample: false
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
keys:
  description: Keys of the account and of its log account. Empty in check mode for accounts that do not exist yet.
  returned: when O(return_keys=true)
  type: list
  elements: dict
  contains:
    account:
      description: Name of the account.
      returned: success
      type: str
      sample: contosodr
    name:
      description: Name of the key.
      returned: success
      type: str
      sample: key1
    value:
      description: The key, which is a secret.
      returned: success
      type: str
      sample: (secret)
plan:
  description: The changes that were made, or in check mode would be made; empty without changes.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Key of the value in the result; those of the log account begin with V(log_account.).
      returned: success
      type: str
      sample: sku
    before:
      description: Value before the change.
      returned: success
      type: raw
      sample: null
    after:
      description: Value after the change; V((known after apply\)) when only the run determines it.
      returned: success
      type: raw
      sample: Standard_GRS
    reason:
      description: Description of the change.
      returned: success
      type: str
      sample: "create storage account contosodr (Standard_GRS) in westeurope"
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
      sample: T4
    found:
      description: Initial state.
      returned: success
      type: str
      sample: no storage account
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: "create storage account contosodr (Standard_GRS) in westeurope"
    verified:
      description: State after the run.
      returned: success
      type: str
      sample: "storage account contosodr (Standard_GRS) in westeurope, Succeeded"
"""

from ..module_utils._model.azure.options import WAIT_OPTIONS
from ..module_utils._model.azure.storage_account import OPTIONS as ACCOUNT_OPTIONS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.storage_account import build

OPTIONS = {**ACCOUNT_OPTIONS, "return_keys": {"type": "bool", "default": False, "no_log": False}, **WAIT_OPTIONS}


def main() -> None:
    run_resource_module(result="storage_account", options=OPTIONS, build=build, secret_option="return_keys")


if __name__ == "__main__":
    main()
