#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather information about the removal of a vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: removal_info
short_description: Gather information about what must be removed from a vault
version_added: 0.1.0
description:
  - Returns what is in a vault, in the order in which it must be removed, and what blocks each removal.
  - The order is recovery plans, protected items, network mappings, associations of clouds with policies, policies,
    servers, programs on the servers, and the vault.
  - With O(details) it also returns all documents, for an export before the removal. They contain no secrets.
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
  details:
    description:
      - Whether to return RV(documents). This reads each recovery plan and each protected item, because their lists lack
        a part.
    type: bool
    default: false
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
  - siterecovery.hyperv.common.azure
notes:
  - The role Site Recovery Reader and the role Reader on the vault are sufficient.
  - Programs on servers and hosts are not visible in Azure. Their step names the Provider of each registered server
    only.
seealso:
  - module: siterecovery.hyperv.vmm_server
  - module: siterecovery.hyperv.vault
"""

EXAMPLES = r"""
- name: List what must be removed, with an export
  siterecovery.hyperv.removal_info:
    vault_name: vault-dr
    resource_group: rg-dr
    details: true
"""

RETURN = r"""
vault_id:
  description: Resource id of the vault.
  returned: success
  type: str
  sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
exists:
  description: Whether the vault exists.
  returned: success
  type: bool
  sample: true
steps:
  description: The steps in their order. A step without objects is done.
  returned: success
  type: list
  elements: dict
  contains:
    step:
      description: Name of the step.
      returned: success
      type: str
      sample: policy_associations
    objects:
      description: The objects to remove.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Name of the object.
          returned: success
          type: str
          sample: Gold-hourly
        id:
          description: Resource id; empty for programs.
          returned: success
          type: str
          sample: /Subscriptions/<id>/.../replicationProtectionContainerMappings/Gold-hourly
        server:
          description: The VMM server to which it belongs.
          returned: success
          type: str
          sample: vmm01.example.com
        blocked_by:
          description: The reasons that block its removal. Empty if it can be removed.
          returned: success
          type: list
          elements: str
          sample: ["protected items of its cloud: web01"]
documents:
  description: The documents of all objects by step, for an export.
  returned: with O(details)
  type: dict
  sample: {"replication_policies": [], "servers": []}
evidence:
  description: One entry for each step that is not done.
  returned: success
  type: list
  elements: dict
  sample:
    - step: X1
      found: "servers: vmm01.example.com"
      done: nothing to do
      verified: "servers: vmm01.example.com"
"""

from ..module_utils._module import run_info
from ..module_utils._services.azure.removal import read_removal

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "details": {"type": "bool", "default": False},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_removal)


if __name__ == "__main__":
    main()
