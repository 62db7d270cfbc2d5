#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, or wait for, the VMM servers of a vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vmm_server_info
short_description: Read, or wait for, the VMM servers of a Recovery Services vault
version_added: 0.1.0
description:
  - Says how the vault sees VMM servers, which are registered, with which clouds, and whether their Provider is
    connected (step P10, what the portal shows under Site Recovery Infrastructure, VMM servers).
  - With O(wait=true) it waits until the servers are registered and connected and the expected clouds are there, and
    tells on the way how far they are. After a registration that can take half an hour.
  - Faults that pass, such as throttling, do not end the wait. Missing rights do.
  - It takes one read of the vault and five list calls, however many servers there are, beyond paging.
  - Fabrics of other kinds (Hyper-V sites, Azure regions) are left aside.
  - A Provider that is near or past the end of its support is warned of, and a replication policy with the data
    encryption that ended on 2022-04-30 (step P7).
  - A vault that does not exist has no servers. Waiting for it is an error.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  vault_name:
    description:
      - The vault's name.
    type: str
    required: true
  resource_group:
    description:
      - The vault's resource group.
    type: str
    required: true
  names:
    description:
      - The friendly names of the servers, case does not matter; usually the fully qualified domain name, or the role's
        name of a highly available VMM. All servers when not given.
      - A name that more than one server of the vault has is refused.
    type: list
    elements: str
  vmm_clouds:
    description:
      - VMM clouds that are expected to show up, on any of the servers. V(all) alone expects one at least.
      - A name that one server has more than once is refused, with the ids of both.
    type: list
    elements: str
  networks:
    description:
      - VM networks of VMM that are expected to show up, on any of the servers. A network mapping begins with one.
      - A name that one server has more than once is refused, with the ids of both.
    type: list
    elements: str
  wait:
    description:
      - Whether to wait until all O(names) are registered and connected and all O(vmm_clouds) and O(networks) are there.
        Check mode does not wait.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait. The default is 45 minutes.
      - Pauses that Azure asks for end with it as well.
    type: int
    default: 2700
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
  - siterecovery.hyperv.common.azure
notes:
  - Runs as an action plugin around the module, so that progress can be shown while it waits.
  - Microsoft supports a Provider for Hyper-V that is at most four releases behind. What the service itself says of a
    version (state, end of support) outweighs the published list that the collection carries; which of its fields the
    service fills for a VMM server can only be seen in a real vault.
seealso:
  - module: siterecovery.hyperv.provider_registration
  - module: siterecovery.hyperv.vmm_cloud_sync
"""

EXAMPLES = r"""
- name: How does the vault see its VMM servers?
  siterecovery.hyperv.vmm_server_info:
    vault_name: vault-dr
    resource_group: rg-dr

- name: Wait until a newly registered server and its clouds are there
  siterecovery.hyperv.vmm_server_info:
    vault_name: vault-dr
    resource_group: rg-dr
    names:
      - vmm01.contoso.example
    vmm_clouds:
      - Gold
      - Silver
    wait: true
"""

RETURN = r"""
servers:
  description:
    - The servers by their names, as O(names) spells them. One that is not registered has an entry as well.
    - C(provider_support.verdict) is one of V(supported), V(upgrade_recommended), V(unsupported) and V(unknown), and
      C(provider_support.source) tells whose word it is, V(service) or V(table) (of published versions).
    - C(heartbeat_age) is in seconds.
    - C(key_encryption) is the key that every VMM server makes at registration. It is no sign of data encryption.
  returned: success
  type: dict
  sample:
    vmm01.contoso.example:
      registered: true
      fabric_id: /subscriptions/<id>/resourceGroups/rg-dr/providers/.../vaults/vault-dr/replicationFabrics/b76fc1d0
      fabric_name: b76fc1d0
      provider_version: 5.1.8095.0
      provider_support:
        verdict: supported
        reason: the service calls it Latest
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
missing:
  description: Those of O(names) that are not registered.
  returned: success
  type: list
  elements: str
  sample: []
missing_clouds:
  description: Those of O(vmm_clouds) that none of the servers shows.
  returned: success
  type: list
  elements: str
  sample: []
missing_networks:
  description: Those of O(networks) that none of the servers shows.
  returned: success
  type: list
  elements: str
  sample: []
encrypting_policies:
  description: Replication policies of the vault that have the ended data encryption on (step P7).
  returned: success
  type: list
  elements: str
  sample: []
progress:
  description: What is still to show up; empty when everything is there.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: The server's name.
      returned: success
      type: str
      sample: vmm01.contoso.example
    reached:
      description: How far it is.
      returned: success
      type: str
      sample: fabric registered
    outstanding:
      description: What is missing.
      returned: success
      type: list
      elements: str
      sample: [provider heartbeat]
vault_id:
  description: The vault's id, or null when there is no vault.
  returned: success
  type: str
  sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
waited:
  description: Whether the run waited; always false in check mode.
  returned: success
  type: bool
  sample: true
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
      sample: P10
    found:
      description: What was there.
      returned: success
      type: str
      sample: "vmm01.contoso.example: registered, provider 5.1.8095.0 connected, clouds: Gold, Silver"
    done:
      description: What was done, or in check mode would be.
      returned: success
      type: str
      sample: "waited 12m5s"
    verified:
      description: What was seen afterwards.
      returned: success
      type: str
      sample: "vmm01.contoso.example: registered, provider 5.1.8095.0 connected, clouds: Gold, Silver"
"""

from ..module_utils._module import run_info
from ..module_utils._services.azure.vmm_server import read_servers

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str"},
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
