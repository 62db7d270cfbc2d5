#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vmm_cloud_sync
short_description: Synchronize the metadata of VMM clouds with the vault
version_added: 0.1.0
description:
  - Sets the flag of VMM clouds that makes VMM send their names and properties to Site Recovery (step P9). Only such
    clouds can be protected.
  - The flag is removed from named clouds with O(state=absent). VMM rejects this for a paired cloud.
  - The task warns of a cloud without a Hyper-V host or without the capability profile C(Hyper-V), because its machines
    cannot be protected.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  vmm_clouds:
    description:
      - The names of the clouds, compared without case. V(all) as the only entry means every cloud of VMM.
      - If VMM does not have a cloud of a name, or has two, no cloud is changed.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(present) sends the metadata of these clouds, V(absent) stops sending it. Other clouds are not changed.
      - V(absent) does not accept V(all). It does not remove the protection of machines, which must be removed in the
        vault first.
    type: str
    choices: [present, absent]
    default: present
  azure_registration:
    description:
      - The server as Azure shows it, one entry of RV(siterecovery.hyperv.vmm_server_info#module:servers).
      - A cloud whose flag VMM does not show is unchanged if the vault has it, and set otherwise, because the vault
        proves it (step P10). Without this option, it is set in every run.
      - If it does not show the server as registered, and the login found other vaults of the same name, no cloud is
        published, because the server may be registered in one of these.
    type: dict
notes:
  - The clouds of a highly available VMM are managed on the node that owns its cluster role. Other nodes are rejected.
  - "Not verified on a live system: that a cloud shows its flag and its capability profiles under the names of the
    parameters that set them, in every release of VMM. If VMM does not show the flag, it is set, and a warning says that
    only the vault proves it. If VMM does not have the parameter, the clouds are rejected."
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.common.changing
seealso:
  - module: siterecovery.hyperv.vmm_server_info
"""

EXAMPLES = r"""
- name: Synchronize two clouds
  siterecovery.hyperv.vmm_cloud_sync:
    vmm_clouds:
      - Gold
      - Silver

- name: Stop the synchronization of a cloud
  siterecovery.hyperv.vmm_cloud_sync:
    vmm_clouds:
      - Bronze
    state: absent
"""

RETURN = r"""
clouds:
  description: Every cloud of the server after the run. In check mode, their expected state.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the cloud in VMM.
      returned: success
      type: str
      sample: 0d3a55a4-9a44-4f2b-8d8a-5d4f3f8f2a11
    name:
      description: The name of the cloud.
      returned: success
      type: str
      sample: Gold
    synchronized:
      description: Whether VMM sends its metadata. Null if VMM does not show it.
      returned: success
      type: bool
      sample: true
    hosts:
      description: The hosts of the cloud.
      returned: success
      type: list
      elements: str
      sample: [hv01.example.com]
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: 0d3a55a4-9a44-4f2b-8d8a-5d4f3f8f2a11
      before: false
      after: true
      reason: send metadata of cloud Gold to the vault
evidence:
  description: One entry per step of the setup guide, with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: P9
      found: "synchronized clouds: none"
      done: send metadata of cloud Gold to the vault
      verified: "synchronized clouds: Gold"
"""
