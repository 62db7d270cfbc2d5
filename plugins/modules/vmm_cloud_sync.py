#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vmm_cloud_sync
short_description: Have VMM send the metadata of clouds to the vault
version_added: 0.1.0
description:
  - Sets the flag of VMM clouds that lets VMM send their names and properties to Site Recovery (step P9). Only such
    clouds can be protected.
  - It is taken away from named clouds only when asked for with O(state=absent). VMM refuses that while a cloud is
    paired, and says so.
  - A cloud without a Hyper-V host, or without the capability profile C(Hyper-V), is synchronized with a warning,
    because none of its machines can be protected.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  vmm_clouds:
    description:
      - The clouds' names, case does not matter. V(all) alone means every cloud that VMM has.
      - A name that VMM does not know, or that two clouds have, is refused, and nothing is done.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(present) sends the metadata of these clouds, V(absent) sends it no longer. Other clouds are left alone.
      - V(absent) takes names only. It does not remove protection, which goes first, in the vault.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The clouds of a highly available VMM are those of the node that owns its cluster role; other nodes are refused.
  - Not verified on a real server is that a cloud shows its flag and its capability profiles under the names of the
    parameters that set them, in every release of VMM. Where the flag is not shown, the clouds are refused.
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.windows
seealso:
  - module: siterecovery.hyperv.vmm_server_info
"""

EXAMPLES = r"""
- name: Have two clouds in the vault
  siterecovery.hyperv.vmm_cloud_sync:
    vmm_clouds:
      - Gold
      - Silver

- name: Keep the names of a cloud in the house
  siterecovery.hyperv.vmm_cloud_sync:
    vmm_clouds:
      - Bronze
    state: absent
"""

RETURN = r"""
clouds:
  description: Every cloud of the server after the run; in check mode as they are expected to be.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: VMM's id of the cloud.
      returned: success
      type: str
      sample: 0d3a55a4-9a44-4f2b-8d8a-5d4f3f8f2a11
    name:
      description: The cloud's name.
      returned: success
      type: str
      sample: Gold
    synchronized:
      description: Whether VMM sends its metadata.
      returned: success
      type: bool
      sample: true
    hosts:
      description: The hosts that serve the cloud.
      returned: success
      type: list
      elements: str
      sample: [hv01.contoso.example]
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  sample:
    - path: 0d3a55a4-9a44-4f2b-8d8a-5d4f3f8f2a11
      before: false
      after: true
      reason: send metadata of cloud Gold to the vault
evidence:
  description: For each step of the walkthrough what was found, done and verified.
  returned: success
  type: list
  elements: dict
  sample:
    - step: P9
      found: "synchronized clouds: none"
      done: send metadata of cloud Gold to the vault
      verified: "synchronized clouds: Gold"
"""
