#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: assumption_info
short_description: Examine the collection's assumptions about a VMM server or a Hyper-V host
version_added: 0.1.0
description:
  - Reads a Windows machine in one remote execution and decides, for each assumption of the collection that a look at
    a real machine can settle, whether it holds there. C(docs/assumptions.md) lists the assumptions.
  - A reading that fails ends no other one. Its assumptions could not be settled then, and the kind of the failure is
    the reason.
  - Assumptions that need a change of the machine are listed as not settled, with the command that settles them.
  - The module changes nothing. An assumption that does not hold does not fail the task.
  - The playbook C(siterecovery.hyperv.verify_assumptions) runs this module and
    M(siterecovery.hyperv.azure_assumption_info), and writes a report without names, ids and addresses.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  kind:
    description:
      - The role of the machine.
    type: str
    choices: [vmm_server, hyperv_host]
    required: true
  check_connectivity:
    description:
      - Whether to call three public names of Azure with HEAD requests, the last after 45 seconds at most.
      - Machines of a national cloud do not reach these names.
    type: bool
    default: true
  proxy:
    description:
      - The proxy of the calls. Without one the machine calls as Windows has it set for the account of the connection.
    type: dict
    suboptions:
      mode:
        description:
          - V(direct) and V(system) call as Windows has it set, V(custom) calls through the proxy that is named here.
        type: str
        choices: [direct, system, custom]
        required: true
      address:
        description:
          - Address of the proxy as C(http://name).
        type: str
      port:
        description:
          - Port of the proxy, from 1 to 65534.
        type: int
      username:
        description:
          - Login of the proxy.
        type: str
      password:
        description:
          - Password of that login.
        type: str
      bypass:
        description:
          - Accepted so that the proxy of another task can be given as it is; not used.
        type: list
        elements: str
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.common.reading
seealso:
  - module: siterecovery.hyperv.azure_assumption_info
  - module: siterecovery.hyperv.host_info
"""

EXAMPLES = r"""
- name: Examine the assumptions about a VMM server
  siterecovery.hyperv.assumption_info:
    kind: vmm_server
  register: examined

- name: Show the assumptions that do not hold
  ansible.builtin.debug:
    msg: "{{ examined.assumptions | selectattr('status', 'equalto', 'does_not_hold') | map(attribute='message') }}"
"""

RETURN = r"""
side:
  description: The role of the machine, as in O(kind).
  returned: success
  type: str
  sample: vmm_server
assumptions:
  description: Each assumption about such a machine, in the order of C(docs/assumptions.md).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the assumption, which never changes.
      returned: success
      type: str
      sample: A-W-25
    side:
      description: The side that was looked at.
      returned: success
      type: str
      sample: vmm_server
    status:
      description: V(holds), V(does_not_hold) or V(could_not_look).
      returned: success
      type: str
      sample: holds
    observed:
      description: The facts that decided it. Forms, counts and names of the product, no values of the machine.
      returned: success
      type: dict
      sample: {types: [System.Boolean]}
    reason:
      description: The reason why nothing was settled; empty otherwise.
      returned: success
      type: str
      sample: ""
    message:
      description: The same as one line.
      returned: success
      type: str
      sample: A cloud shows its flag as the boolean property DisasterRecoverySupported.
facts:
  description: Versions of the machine's system and programs.
  returned: success
  type: dict
  sample: {os_version: 10.0.17763, vmm_version: 10.19.2445.0, provider_version: 5.1.8095.0, agent_version: null}
vmm_id:
  description: Id of the VMM server, for O(siterecovery.hyperv.azure_assumption_info#module:vmm_ids).
  returned: success
  type: str
  sample: 9a54cf2c-9ea0-48ca-82e9-70fbff7771e7
vmm_cloud_ids:
  description: Ids of the VMM clouds, for O(siterecovery.hyperv.azure_assumption_info#module:vmm_cloud_ids).
  returned: success
  type: list
  elements: str
  sample: [0d3a55a4-9a44-4f2b-8d8a-5d4f3f8f2a11]
identifiers:
  description: Names and ids of the machine that a report must not hold.
  returned: success
  type: list
  elements: str
  sample: [vmm01.example.com]
"""
