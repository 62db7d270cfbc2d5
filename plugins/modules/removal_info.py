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
  remove:
    description:
      - The steps that a removal may include. The result then shows the objects that go, the objects that stay, and why.
      - The module itself removes nothing. RV(removal) has the options of the modules that do.
    type: list
    elements: str
    choices: [recovery_plans, protected_items, network_mappings, policy_associations, replication_policies, servers]
  servers:
    description:
      - The VMM servers to which the removal is limited, as entries of
        RV(siterecovery.hyperv.host_info#module:expected_server). By default all servers of the vault.
      - A policy is not limited to a server. It stays while a cloud of another server uses it.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the server in the vault.
        type: str
        required: true
      vmm_id:
        description:
          - Id of VMM. It takes precedence over O(servers[].name).
        type: str
      vmm_clouds:
        description:
          - Not used.
        type: list
        elements: str
  purge:
    description:
      - Whether a removal purges what belongs to a server that is not connected. Otherwise these objects stay.
    type: bool
    default: false
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
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

- name: Plan the removal of one server with everything that it uses
  siterecovery.hyperv.removal_info:
    vault_name: vault-dr
    resource_group: rg-dr
    remove: [protected_items, network_mappings, policy_associations, servers]
    servers:
      - name: vmm01.example.com
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
        goes:
          description: Whether the removal includes it.
          returned: with O(remove)
          type: bool
          sample: false
        stays:
          description: The reason why it stays. Empty if it goes.
          returned: with O(remove)
          type: str
          sample: no consent
removal:
  description:
    - The options of the modules that remove what goes, by step, in the order of the steps.
    - The key V(ready) of each entry is false if other objects must go before.
  returned: with O(remove)
  type: dict
  sample:
    network_mappings: []
    policy_associations:
      - {policy: policy-gold, clouds: [<id>], vmm_server: vmm01.example.com, purge: false, ready: true}
    protected_items: []
    recovery_plans: []
    replication_policies: [{name: policy-gold, ready: false}]
    servers: [{name: vmm01.example.com, vmm_id: <id>, method: remove, ready: false}]
problems:
  description: One line for each object of the steps in O(remove) that something blocks.
  returned: with O(remove)
  type: list
  elements: str
  sample: ["servers: vmm01.example.com blocked by: 1 protected item (web01)"]
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

from ..module_utils._model.azure.removal import REMOVABLE
from ..module_utils._module import run_info
from ..module_utils._services.azure.removal import read_removal

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "details": {"type": "bool", "default": False},
    "remove": {"type": "list", "elements": "str", "choices": list(REMOVABLE)},
    "servers": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "vmm_id": {"type": "str"},
            "vmm_clouds": {"type": "list", "elements": "str"},
        },
    },
    "purge": {"type": "bool", "default": False},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_removal)


if __name__ == "__main__":
    main()
