#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove a VMM server from its vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vmm_server
short_description: Remove a VMM server from its Recovery Services vault
version_added: 0.1.0
description:
  - Removes a VMM server from its vault and waits for the end of the job.
  - The method V(remove) needs a connected server, whose Provider clears the registration.
  - The method V(purge) only makes the vault forget the server. Its registration stays on the server, and
    M(siterecovery.hyperv.registration_removal) removes it there.
  - Rejected while the server has protected items, associated policies or network mappings. The error names them.
  - If an earlier run has started the removal, the module waits for its end.
  - To register a server, use M(siterecovery.hyperv.provider_registration).
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
  name:
    description:
      - Name of the server in the vault.
    type: str
    required: true
  vmm_id:
    description:
      - Id of VMM. If it is set, the server is found only by its id, and O(name) is for messages.
    type: str
  state:
    description:
      - V(absent) removes the server.
    type: str
    choices: [absent]
    required: true
  method:
    description:
      - V(remove) also clears the registration on the server. V(purge) does not, and needs O(purge_consent).
    type: str
    choices: [remove, purge]
    default: remove
  purge_consent:
    description:
      - The consent to O(method=purge), the name of the vault.
    type: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
notes:
  - The role Site Recovery Contributor on the vault is sufficient.
  - Not verified on a live system. The jobs come from recordings of real vaults.
seealso:
  - module: siterecovery.hyperv.removal_info
  - module: siterecovery.hyperv.vmm_server_info
  - module: siterecovery.hyperv.registration_removal
"""

EXAMPLES = r"""
- name: Remove a server and its registration
  siterecovery.hyperv.vmm_server:
    vault_name: vault-dr
    resource_group: rg-dr
    name: vmm01.example.com
    state: absent

- name: Make the vault forget a server that does not exist anymore
  siterecovery.hyperv.vmm_server:
    vault_name: vault-dr
    resource_group: rg-dr
    name: vmm01.example.com
    state: absent
    method: purge
    purge_consent: vault-dr
"""

RETURN = r"""
server:
  description: The server after the run. In check mode, its expected state.
  returned: success
  type: dict
  contains:
    registered:
      description: Whether the vault shows the server.
      returned: success
      type: bool
      sample: false
    name:
      description: Name of the server in the vault.
      returned: success
      type: str
      sample: vmm01.example.com
    vmm_id:
      description: Id of VMM.
      returned: success
      type: str
      sample: 9a54cf2c-9ea0-48ca-82e9-70fbff7771e7
    fabric_id:
      description: Resource id.
      returned: success
      type: str
      sample: /Subscriptions/<id>/resourceGroups/rg-dr/.../replicationFabrics/<name>
    connected:
      description: Whether the Provider of the server is connected.
      returned: success
      type: bool
      sample: true
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: registered
      before: true
      after: false
      reason: remove VMM server vmm01.example.com from vault vault-dr
evidence:
  description: One entry with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: X1
      found: "vmm01.example.com: registered, Provider 5.1.8095.0 connected, clouds: Gold"
      done: remove VMM server vmm01.example.com from vault vault-dr
      verified: not registered
"""

from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.server_removal import build

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "vmm_id": {"type": "str"},
    "state": {"type": "str", "choices": ["absent"], "required": True},
    "method": {"type": "str", "choices": ["remove", "purge"], "default": "remove"},
    "purge_consent": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 1800},
}


def main() -> None:
    run_resource_module(result="server", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
