#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_vm_info
short_description: Gather facts about the virtual machines of a Hyper-V host that VMM does not show
version_added: 0.1.0
description:
  - Reads the virtual machines of a Hyper-V host in one remote execution (step N3), for M(siterecovery.hyperv.vm_info).
  - VMM does not show shared disks, sector sizes, shielding, virtual TPMs, the switches of the host, the free space of
    its volumes, and whether its agent serves Azure Backup.
  - The module does not change anything.
notes:
  - A fact that the host does not show is null. A cluster shared volume and a file share have no known free space.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options: {}
attributes:
  check_mode:
    support: full
    description: The host is read in check mode too.
  diff_mode:
    support: N/A
    description: The module does not change the host.
  idempotent:
    support: full
    description: A second run returns the same machines.
extends_documentation_fragment:
  - siterecovery.hyperv.windows
seealso:
  - module: siterecovery.hyperv.vm_info
"""

EXAMPLES = r"""
- name: Read the machines of each host
  siterecovery.hyperv.host_vm_info:
  register: host_vms

- name: Check the machines of a cloud with the facts of all hosts of the play
  siterecovery.hyperv.vm_info:
    clouds:
      - Gold
    host_machines: "{{ ansible_play_hosts | map('extract', hostvars, ['host_vms', 'machines']) | flatten }}"
  delegate_to: vmm01.example.com
  run_once: true
"""

RETURN = r"""
machines:
  description: The virtual machines of the host.
  returned: success
  type: list
  elements: dict
  contains:
    hyperv_id:
      description: Id of the machine in Hyper-V.
      returned: success
      type: str
      sample: E9BF3DA2-17ED-4E3E-B577-19F74E1C9F1E
    name:
      description: Name of the machine.
      returned: success
      type: str
      sample: web01
    host:
      description: Name of the host in the inventory.
      returned: success
      type: str
      sample: hv01.example.com
    generation:
      description: Generation of the machine.
      returned: success
      type: int
      sample: 2
    secure_boot:
      description: Whether Secure Boot is on.
      returned: success
      type: bool
      sample: false
    protected_keys:
      description: Whether the machine is shielded or has a virtual TPM.
      returned: success
      type: bool
      sample: false
    physical_disk:
      description: Whether the machine has a physical disk.
      returned: success
      type: bool
      sample: false
    shared_disk:
      description: Whether the machine has a shared virtual disk.
      returned: success
      type: bool
      sample: false
    replicates:
      description: Whether Hyper-V replicates the machine.
      returned: success
      type: bool
      sample: false
    disks:
      description: Virtual disks. C(name) is the path of the file.
      returned: success
      type: list
      elements: dict
      sample:
        - name: C:\VMs\web01.vhdx
          size_bytes: 136365211648
          bus: IDE
          controller: 0
          place: 0
          sector_bytes: 512
    switch_names:
      description: Names of the virtual switches of the host.
      returned: success
      type: list
      elements: str
      sample: [Converged]
    backup_vault:
      description: Vault for which the agent of the host makes backups. It is empty without one.
      returned: success
      type: str
      sample: ""
    free_percent:
      description: Smallest free space of a volume, in percent of the size of the machine's disks on it.
      returned: success
      type: int
      sample: 140
"""
