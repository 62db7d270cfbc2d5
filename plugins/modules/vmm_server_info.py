#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather information about the VMM servers of a vault, or wait for their registration."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vmm_server_info
short_description: Gather information about VMM servers of a Recovery Services vault, or wait for them
version_added: 0.1.0
description:
  - Returns the registration status of VMM servers, their clouds, and the connection of their Provider, as the portal
    does under Site Recovery Infrastructure, VMM servers (step P10).
  - With O(wait=true), waits until the servers are registered and connected and the expected clouds exist, and shows
    progress while waiting. After a registration this can take half an hour.
  - Transient failures such as throttling do not end the wait. Missing permissions do.
  - Reads the vault with one call and five lists, regardless of the number of servers, except for paging.
  - Fabrics of other types (Hyper-V sites, Azure regions) are ignored.
  - Warns about a Provider that is near or past the end of its support, and about a replication policy with data
    encryption, which was retired on 2022-04-30 (step P7).
  - A vault that does not exist has no servers. Waiting for it is an error.
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
  names:
    description:
      - Friendly names of the servers, without regard to case. A name is usually the fully qualified domain name, or the
        role name of a highly available VMM. Without names, all servers are returned.
      - A name that more than one server of the vault has is rejected.
    type: list
    elements: str
  servers:
    description:
      - VMM servers with what is expected of each, instead of O(names). Entries with the same name are merged, because
        the nodes of a cluster share one name.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Friendly name of the server, under which results show it.
        type: str
        required: true
      vmm_id:
        description:
          - Id of the VMM server, which RV(siterecovery.hyperv.host_info#module:expected_server) returns. A server with
            this id is found under whatever friendly name it is registered.
        type: str
      vmm_clouds:
        description:
          - VMM clouds that are expected on this server, because names of clouds are unique within one VMM only.
            V(all) expects at least one cloud.
        type: list
        elements: str
  vmm_clouds:
    description:
      - VMM clouds that are expected on any of the servers. V(all) expects at least one cloud.
      - A name that one server has more than once is rejected with the ids of both clouds.
    type: list
    elements: str
  networks:
    description:
      - VM networks of VMM, names or ids, that are expected on any of the servers. Network mappings start from them.
      - A name that one server has more than once is rejected with the ids of both networks.
    type: list
    elements: str
  wait:
    description:
      - Wait until all O(names) are registered and connected and all O(vmm_clouds) and O(networks) exist. The module
        does not wait in check mode.
    type: bool
    default: false
  wait_timeout:
    description:
      - Maximum time to wait in seconds. The default is 45 minutes.
      - It also limits the pauses that Azure requests.
    type: int
    default: 2700
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
notes:
  - An action plugin runs the module repeatedly, so that progress can be shown while it waits.
  - Microsoft supports Providers for Hyper-V that are at most four releases behind. Statements of the service about a
    version (status, end of support) precede the published list in this collection.
  - Not verified on a live system. Only a real vault shows which of these fields the service sets for a VMM server.
seealso:
  - module: siterecovery.hyperv.provider_registration
  - module: siterecovery.hyperv.vmm_cloud_sync
"""

EXAMPLES = r"""
- name: Get the VMM servers of a vault
  siterecovery.hyperv.vmm_server_info:
    vault_name: vault-dr
    resource_group: rg-dr

- name: Wait for a newly registered server and its clouds
  siterecovery.hyperv.vmm_server_info:
    vault_name: vault-dr
    resource_group: rg-dr
    names:
      - vmm01.example.com
    vmm_clouds:
      - Gold
      - Silver
    wait: true
"""

RETURN = r"""
servers:
  description:
    - The servers by name, in the spelling of O(names). A server that is not registered has an entry as well.
    - C(provider_support.state) is V(supported), V(upgrade_recommended), V(unsupported) or V(unknown).
      C(provider_support.source) is V(service), or V(table) for the list of published versions.
    - C(name) is the friendly name in the vault, which differs from the requested name if the server was found by its
      id. C(vmm_id) is the C(internalIdentifier) of the fabric.
    - C(lookup) tells how the server was looked for. C(lookup.other_servers) are VMM servers of the vault that were not
      requested, and C(lookup.same_named_vaults) other vaults of the subscription with the same name, or null if they
      were not read. The module M(siterecovery.hyperv.provider_registration) needs it to remove a stale registration.
    - C(heartbeat_age) is in seconds.
    - C(key_encryption) is the key that every VMM server creates at registration. It does not indicate data encryption.
  returned: success
  type: dict
  sample:
    vmm01.example.com:
      registered: true
      name: vmm01.example.com
      vmm_id: 5b1b3c14-6d2e-4b2f-8a57-3c9f6d1e2a40
      fabric_id: /subscriptions/<id>/resourceGroups/rg-dr/providers/.../vaults/vault-dr/replicationFabrics/b76fc1d0
      fabric_name: b76fc1d0
      provider_version: 5.1.8095.0
      provider_support:
        state: supported
        message: the service reports status Latest
        source: service
        expires:
      connected: true
      last_heartbeat: "2026-03-01T09:30:00.1120039Z"
      heartbeat_age: 42
      health: Normal
      health_errors: []
      vmm_version: 10.19.2445.0
      protected_items: 0
      key_encryption:
        state: Enabled
        thumbprint: 4C3D76D4E17F6E1B422A243BDCF95EE71466C74B
        expires: "2029-02-28T12:43:50Z"
      clouds: [Gold, Silver]
      protection_containers:
        - name: Gold
          id: /Subscriptions/<id>/resourceGroups/rg-dr/.../replicationProtectionContainers/28a7b9eb
          paired: false
          protected_items: 0
      networks:
        - name: corp
          id: /Subscriptions/<id>/resourceGroups/rg-dr/.../replicationNetworks/68a19c46
          type: NoIsolation
          subnets: []
      lookup:
        vault_id: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
        vmm_id: 5b1b3c14-6d2e-4b2f-8a57-3c9f6d1e2a40
        other_servers: []
        same_named_vaults:
missing:
  description: The O(names) that are not registered.
  returned: success
  type: list
  elements: str
  sample: []
missing_clouds:
  description: The O(vmm_clouds) that no server has.
  returned: success
  type: list
  elements: str
  sample: []
missing_networks:
  description: The O(networks) that no server has.
  returned: success
  type: list
  elements: str
  sample: []
encrypting_policies:
  description: Replication policies of the vault with data encryption (step P7).
  returned: success
  type: list
  elements: str
  sample: []
progress:
  description: Outstanding parts of the registration; empty when it is complete.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: Name of the server.
      returned: success
      type: str
      sample: vmm01.example.com
    reached:
      description: State that the server has reached.
      returned: success
      type: str
      sample: fabric registered
    outstanding:
      description: Outstanding parts.
      returned: success
      type: list
      elements: str
      sample: [provider heartbeat]
checks:
  description:
    - Checks of the servers and policies, which are about Provider support, unique names and data encryption. Failed
      checks are also warnings of the task.
  returned: success
  type: list
  elements: dict
  sample:
    - id: provider-support
      step: P10
      severity: info
      status: pass
      message: "VMM server vmm01.example.com: Provider 5.1.8095.0 is supported: the service reports status Latest"
      fix: ""
exists:
  description: Whether the vault exists.
  returned: success
  type: bool
  sample: true
vault_id:
  description: Resource id of the vault, also when it does not exist yet.
  returned: success
  type: str
  sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
waited:
  description: Whether the run waited. It is always false in check mode.
  returned: success
  type: bool
  sample: true
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
      sample: P10
    found:
      description: Initial state.
      returned: success
      type: str
      sample: "vmm01.example.com: registered, Provider 5.1.8095.0 connected, clouds: Gold, Silver"
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: "waited 12 min 5 s"
    verified:
      description: State after the run.
      returned: success
      type: str
      sample: "vmm01.example.com: registered, Provider 5.1.8095.0 connected, clouds: Gold, Silver"
"""

from ..module_utils._module import run_info
from ..module_utils._services.azure.vmm_server import read_servers

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str"},
    "servers": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "vmm_id": {"type": "str"},
            "vmm_clouds": {"type": "list", "elements": "str"},
        },
    },
    "vmm_clouds": {"type": "list", "elements": "str"},
    "networks": {"type": "list", "elements": "str"},
    # The action plugin of the same name waits and shows progress.
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 2700},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_servers)


if __name__ == "__main__":
    main()
