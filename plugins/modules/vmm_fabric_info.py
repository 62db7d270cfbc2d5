#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vmm_fabric_info
short_description: Gather the clouds, host groups, clusters and hosts of a VMM server
version_added: 0.1.0
description:
  - Reads the whole fabric of a System Center VMM server in one remote execution, however many hosts it manages.
  - Writes the result to an export file for the inventory plugin P(siterecovery.hyperv.vmm#inventory), for controllers
    that cannot connect to VMM.
  - The module does not change the server.
notes:
  - The JSON schema of RV(fabric) is in C(docs/schemas/vmm_fabric.schema.json) of the collection.
  - The properties of hosts follow public recordings of VMM 2012 R2 and VMM 2025. They were not verified on other
    releases.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  export_path:
    description:
      - Path of the export file on the controller. A relative path starts at the folder of the playbook.
      - The file gets the mode V(0600). An existing file is replaced only if its content differs.
      - A passive node of a highly available VMM does not have the data. The module warns and does not write a file.
    type: str
attributes:
  check_mode:
    support: full
    description: The server is read in check mode too. The export file is not written.
  diff_mode:
    support: N/A
    description: The module does not change the server.
  idempotent:
    support: full
    description: A second run returns the same fabric and does not write the export file again.
extends_documentation_fragment:
  - siterecovery.hyperv.windows
"""

EXAMPLES = r"""
- name: Export the fabric of each VMM server
  siterecovery.hyperv.vmm_fabric_info:
    export_path: "exports/{{ inventory_hostname }}.json"

- name: Gather the fabric
  siterecovery.hyperv.vmm_fabric_info:
  register: vmm

- name: List hosts that are in maintenance mode
  ansible.builtin.debug:
    msg: "{{ vmm.fabric.hosts | selectattr('maintenance') | map(attribute='fqdn') | list }}"
"""

RETURN = r"""
server:
  description: The VMM server.
  returned: success
  type: dict
  contains:
    fqdn:
      description: Full name of the machine.
      returned: success
      type: str
      sample: vmm01.example.com
    node:
      description: Name of the machine as a cluster knows it.
      returned: success
      type: str
      sample: VMM01
    product_version:
      description: Version of VMM.
      returned: success
      type: str
      sample: 10.19.2445.0
    vmm_id:
      description: Id of this VMM. The nodes of a highly available VMM share it.
      returned: success
      type: str
      sample: 5ed8a6a5-19a1-4c66-8b74-bd0d3cbd42d8
    ha_name:
      description: Name of the cluster role of a highly available VMM, otherwise null.
      returned: success
      type: str
      sample: VMMROLE
    service:
      description: State of the VMM service on this machine.
      returned: success
      type: str
      sample: Running
    nodes:
      description: Names of the nodes of a highly available VMM.
      returned: success
      type: list
      elements: str
      sample: [VMM01, VMM02]
    owner_node:
      description: Node that runs a highly available VMM.
      returned: success
      type: str
      sample: VMM01
fabric:
  description: The fabric. It is null on a passive node of a highly available VMM.
  returned: success
  type: dict
  contains:
    schema_version:
      description: Version of the form of this document.
      returned: success
      type: int
      sample: 1
    server:
      description: The same as RV(server).
      returned: success
      type: dict
      sample: {fqdn: vmm01.example.com}
    clouds:
      description:
        - Private clouds. C(synchronized) tells whether VMM sends the metadata of the cloud to the vault. It is null on
          releases of VMM that do not show this.
        - C(host_group_ids) are the host groups of the cloud. The groups below them belong to the cloud too.
      returned: success
      type: list
      elements: dict
      sample:
        - id: 3a1a0d3e-6b1c-4a55-9fc4-4b8a4e1c2f11
          name: Gold
          synchronized: true
          host_group_ids: [b1a2c3d4-0000-4000-8000-000000000001]
    host_groups:
      description: The tree of host groups. The root does not have a parent.
      returned: success
      type: list
      elements: dict
      sample:
        - id: b1a2c3d4-0000-4000-8000-000000000001
          name: Datacenter 1
          path: All Hosts\Datacenter 1
          parent_id: 0e3ba228-a059-46be-aa41-2f5cf0f4b96e
    clusters:
      description: Failover clusters of hosts.
      returned: success
      type: list
      elements: dict
      sample: [{id: 8e830204-6448-4817-b220-34af48ccf8ca, name: hvc01.example.com}]
    hosts:
      description:
        - Hosts of every virtualization platform. C(platform), C(state) and C(communication_state) are VMM's own words.
        - C(agent_version) is the version of the VMM agent, not of the Recovery Services agent.
      returned: success
      type: list
      elements: dict
      sample:
        - id: c74e5e41-b41a-4068-812d-8101c74d2b26
          fqdn: hv01.example.com
          platform: HyperV
          host_group_id: b1a2c3d4-0000-4000-8000-000000000001
          cluster_id: 8e830204-6448-4817-b220-34af48ccf8ca
          state: OK
          communication_state: Responding
          maintenance: false
          agent_version: 10.19.2445.0
          operating_system: Microsoft Windows Server 2019 Datacenter
"""
