#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create or update a storage account that replicas are written to."""

from __future__ import annotations

DOCUMENTATION = r"""
module: storage_account
short_description: Create or update a storage account that replicas are written to
version_added: 0.1.0
description:
  - Makes a storage account that Site Recovery can replicate to, or brings an existing one to the wanted state
    (step T4).
  - A new account is hardened. It answers https only, from TLS 1.2 on, has no public blobs, and is no source or target
    of object replication with other tenants, unless options say otherwise. Access with shared keys stays on, because
    replication uses it.
  - Of an existing account only options that are given are compared and changed. It is never moved and never deleted.
    What is in it may be all that is left of a machine, so removing an account is not for a task that runs every day.
  - What Site Recovery can't replicate to is refused before any call, such as zone-redundant storage, accounts for
    blobs or files alone, and cool access tiers.
  - A premium account needs a standard account in the same region beside it for the replication logs (step T5). Have
    both in one task with O(log_account), or in two tasks. Without O(log_account) the module warns of it.
  - Refused before any write is what Azure can't change later, which is the location, the kind (except V(Storage) to
    V(StorageV2)), standard or premium, zones, and the second layer of encryption.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - The account's name, 3 to 24 lower-case letters and digits. It is unique in all of Azure.
    type: str
    required: true
  location:
    description:
      - The region, V(westeurope) or V(West Europe). It can't be changed later.
    type: str
    required: true
  vault_location:
    description:
      - The vault's region. When given, another O(location) is refused before any call, because replicas belong into the
        vault's region.
    type: str
  allow_other_region:
    description:
      - Whether O(location) may differ from O(vault_location).
    type: bool
    default: false
  sku:
    description:
      - Redundancy and performance, V(Standard_LRS), V(Standard_GRS), V(Standard_RAGRS) or V(Premium_LRS).
      - A new account is V(Standard_LRS) when it is not given; an existing one is left alone.
      - The three standard ones can be changed into each other. Standard and premium can't.
    type: str
  kind:
    description:
      - The kind of account, V(StorageV2) or V(Storage), which is general-purpose v1 and being retired.
      - A new account is V(StorageV2) when it is not given; an existing one is left alone.
      - V(Storage) can be changed to V(StorageV2), and not back.
    type: str
  access_tier:
    description:
      - The access tier; V(Hot) is the only one that Site Recovery replicates to, and the service's default.
    type: str
  https_only:
    description:
      - Whether only https is answered. On for a new account when it is not given; an existing one is left alone.
    type: bool
  minimum_tls_version:
    description:
      - The lowest TLS version that is answered. V(TLS1_2) for a new account when it is not given; an existing one is
        left alone.
    type: str
    choices: [TLS1_2, TLS1_3]
  allow_blob_public_access:
    description:
      - Whether containers may be opened to everyone. Off for a new account when it is not given; an existing one is
        left alone.
    type: bool
  allow_cross_tenant_replication:
    description:
      - Whether object replication may cross tenants. Off for a new account when it is not given; an existing one is
        left alone. Site Recovery does not use it.
    type: bool
  allow_shared_key_access:
    description:
      - Whether the account's keys give access. A new account has it on when it is not given; an existing one is left
        alone.
      - Site Recovery writes with the keys. Without them, the vault needs a managed identity with roles on the account.
    type: bool
  default_to_oauth_authentication:
    description:
      - Whether the portal opens data with the user's own rights instead of the account's keys.
    type: bool
  public_network_access:
    description:
      - Whether the account answers on its public address, nowhere but on private endpoints, or as its network security
        perimeter says.
      - With V(disabled), Site Recovery needs a private endpoint on the account, and a vault that has a managed identity
        with roles on it.
    type: str
    choices: [enabled, disabled, secured_by_perimeter]
  network_acls:
    description:
      - The firewall of the public address. Parts that are not given are left alone.
      - Rules of other sorts, such as those for resource instances, are kept as they are.
    type: dict
    suboptions:
      default_action:
        description:
          - What happens to a call that no rule is about. V(deny) needs V(azure_services) in
            O(network_acls.bypass), which is there unless something else is written.
        type: str
        choices: [allow, deny]
      bypass:
        description:
          - Who comes in without a rule, as a whole. Site Recovery is one of the trusted services behind
            V(azure_services), and is shut out without it.
        type: list
        elements: str
        choices: [azure_services, logging, metrics]
      ip_rules:
        description:
          - Public IPv4 addresses, or ranges of them from /30 up, that come in. At most 400.
        type: list
        elements: str
      virtual_network_rules:
        description:
          - Ids of subnets that come in. Each has the service endpoint C(Microsoft.Storage). At most 400.
        type: list
        elements: str
  append_network_rules:
    description:
      - Whether rules that O(network_acls.ip_rules) and O(network_acls.virtual_network_rules) do not name are kept. When
        V(false), a list that is given is all there is afterwards.
    type: bool
    default: true
  require_infrastructure_encryption:
    description:
      - Whether a second layer of encryption with keys of the platform is under the first. It is chosen when the account
        is made, and never changes.
    type: bool
  log_account:
    description:
      - A standard account for the replication logs beside this one, made or brought to the wanted state in the same run
        (step T5). A premium account needs one.
      - It is in the same resource group and region, and set up like this one in all that the task says, except
        O(sku), O(kind) and O(access_tier).
    type: dict
    suboptions:
      name:
        description:
          - Its name.
        type: str
        required: true
      sku:
        description:
          - Its redundancy, V(Standard_LRS), V(Standard_GRS) or V(Standard_RAGRS).
          - A new account is V(Standard_LRS) when it is not given; an existing one is left alone.
        type: str
  return_keys:
    description:
      - Whether to return the account's keys as RV(keys). They give everything that is in the account to whoever has
        them, and this collection needs them nowhere.
      - Refused unless the task has C(no_log=true), because nothing else hides a registered result, and with C(async),
        which keeps results in files.
    type: bool
    default: false
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.group
  - siterecovery.hyperv.common.tags
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.azure
notes:
  - What this module has no option for is left as it is, such as an encryption key of one's own and the identity for it,
    policies for keys and signatures, endpoints, routing, and settings of the services in the account.
  - An account can't be removed with this module. Replicas in it can't be brought back, and the account does not tell
    whether a vault still writes to it.
  - The rules for firewalls are those of Microsoft's public documents. Only the service itself can show that replication
    comes through a firewall that they let pass.
seealso:
  - module: siterecovery.hyperv.target_info
  - module: siterecovery.hyperv.virtual_network
"""

EXAMPLES = r"""
- name: The account for the replicas
  siterecovery.hyperv.storage_account:
    name: contosodr
    resource_group: rg-dr
    location: westeurope
    vault_location: westeurope
    sku: Standard_GRS
    tags:
      owner: recovery-team

- name: A premium account, and the standard one for its logs
  siterecovery.hyperv.storage_account:
    name: contosodrpremium
    resource_group: rg-dr
    location: westeurope
    sku: Premium_LRS
    log_account:
      name: contosodrlogs

- name: An account that only trusted services, one office and one subnet reach
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
  description: The account after the run; in check mode as it is expected to be. It never holds the keys.
  returned: success
  type: dict
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
      description: Redundancy and performance.
      returned: success
      type: str
      sample: Standard_GRS
    kind:
      description: The kind of account.
      returned: success
      type: str
      sample: StorageV2
    access_tier:
      description: The access tier, or null for kinds that have none.
      returned: success
      type: str
      sample: Hot
    https_only:
      description: Whether only https is answered.
      returned: success
      type: bool
      sample: true
    minimum_tls_version:
      description: The lowest TLS version that is answered.
      returned: success
      type: str
      sample: TLS1_2
    allow_blob_public_access:
      description: Whether containers may be opened to everyone.
      returned: success
      type: bool
      sample: false
    allow_shared_key_access:
      description: Whether the account's keys give access.
      returned: success
      type: bool
      sample: true
    allow_cross_tenant_replication:
      description: Whether object replication may cross tenants.
      returned: success
      type: bool
      sample: false
    default_to_oauth_authentication:
      description: Whether the portal opens data with the user's own rights.
      returned: success
      type: bool
      sample: false
    public_network_access:
      description: Whether the account answers on its public address.
      returned: success
      type: str
      sample: enabled
    network_acls:
      description: The firewall; C(bypass) is empty when nobody comes in without a rule.
      returned: success
      type: dict
      sample: {"default_action": "allow", "bypass": ["azure_services"], "ip_rules": [], "virtual_network_rules": []}
    require_infrastructure_encryption:
      description: Whether there is a second layer of encryption.
      returned: success
      type: bool
      sample: false
    encryption_key_source:
      description: Where the key of the encryption comes from, V(Microsoft.Storage) or V(Microsoft.Keyvault).
      returned: success
      type: str
      sample: Microsoft.Storage
    identity:
      description:
        - The account's own identity, V(none), V(system_assigned), V(user_assigned) or V(system_and_user_assigned).
      returned: success
      type: str
      sample: none
    sftp_enabled:
      description: Whether SFTP is on.
      returned: success
      type: bool
      sample: false
    nfs_v3_enabled:
      description: Whether NFS 3.0 is on.
      returned: success
      type: bool
      sample: false
    primary_status:
      description: Whether the primary region answers, V(available) or V(unavailable).
      returned: success
      type: str
      sample: available
    log_account:
      description: The account for the replication logs, with the same keys.
      returned: when O(log_account) is given
      type: dict
      sample: {"name": "contosodrlogs", "sku": "Standard_LRS", "kind": "StorageV2", "location": "westeurope"}
    hierarchical_namespace:
      description: Whether the account has a hierarchical namespace.
      returned: success
      type: bool
      sample: false
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
keys:
  description: The keys of the account, and of its log account; empty when check mode only plans them.
  returned: when O(return_keys=true)
  type: list
  elements: dict
  contains:
    account:
      description: The name of the account.
      returned: success
      type: str
      sample: contosodr
    name:
      description: The name of the key.
      returned: success
      type: str
      sample: key1
    value:
      description: The key, a secret.
      returned: success
      type: str
      sample: (secret)
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Which value changes; those of the log account begin with V(log_account.).
      returned: success
      type: str
      sample: sku
    before:
      description: The value before.
      returned: success
      type: raw
      sample: null
    after:
      description: The value after; V((known after apply\)) when only the run can tell.
      returned: success
      type: raw
      sample: Standard_GRS
    reason:
      description: Why, in words.
      returned: success
      type: str
      sample: "create storage account contosodr (Standard_GRS) in westeurope"
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
      sample: T4
    found:
      description: What was there.
      returned: success
      type: str
      sample: no storage account
    done:
      description: What was done, or in check mode would be.
      returned: success
      type: str
      sample: "create storage account contosodr (Standard_GRS) in westeurope"
    verified:
      description: What was seen afterwards.
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
