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
  - A new account is hardened. It answers https only, from TLS 1.2 on, and has no public blobs, unless options say
    otherwise. Access with shared keys stays on, because replication uses it.
  - Of an existing account only options that are given are compared and changed. It is never moved and never deleted.
  - What Site Recovery can't replicate to is refused before any call, such as zone-redundant storage, accounts for
    blobs or files alone, and cool access tiers.
  - A premium account needs a standard account in the same region beside it for the replication logs (step T5). The
    module warns of it; make that account with a task of its own.
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
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.group
  - siterecovery.hyperv.common.tags
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.azure
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
    name: "{{ item.name }}"
    resource_group: rg-dr
    location: westeurope
    sku: "{{ item.sku }}"
  loop:
    - name: contosodrpremium
      sku: Premium_LRS
    - name: contosodrlogs
      sku: Standard_LRS
"""

RETURN = r"""
storage_account:
  description: The account after the run; in check mode as it is expected to be. Its keys are never read.
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
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Which value changes.
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

from ..module_utils._module import GROUP_OPTIONS, REGION_OPTIONS, TAG_OPTIONS, WAIT_OPTIONS, run_noun
from ..module_utils._services.storage_account import build

OPTIONS = {
    "name": {"type": "str", "required": True},
    "sku": {"type": "str"},
    "kind": {"type": "str"},
    "access_tier": {"type": "str"},
    "https_only": {"type": "bool"},
    "minimum_tls_version": {"type": "str", "choices": ["TLS1_2", "TLS1_3"]},
    "allow_blob_public_access": {"type": "bool"},
    **REGION_OPTIONS,
    **GROUP_OPTIONS,
    **TAG_OPTIONS,
    **WAIT_OPTIONS,
}


def main() -> None:
    run_noun(result="storage_account", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
