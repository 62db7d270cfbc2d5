#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_info
short_description: Gather the virtual machines of VMM clouds and check who can be protected
version_added: 0.1.0
description:
  - Reads all virtual machines of VMM clouds in one remote execution, however many there are, and checks each of them
    against the rules of Site Recovery (step N3).
  - Joins them by their ids with the machines that M(siterecovery.hyperv.protectable_vm_info) read in Azure. The module
    itself never calls Azure.
  - A fact that was not read is C(unknown), and never good. VMM does not show shielding, virtual TPMs, sector sizes, the
    switches and volumes of hosts, and the agent of a host. M(siterecovery.hyperv.host_vm_info) reads them.
  - RV(questions) has the rules that only the guest could answer. Confirm them with the owner of a machine.
  - The module does not change anything.
notes:
  - The properties of virtual machines follow public recordings and scripts for VMM. They were not verified on other
    releases. A property that a release of VMM does not have is C(unknown).
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  clouds:
    description:
      - Names or ids of the VMM clouds. An unknown cloud is an error, and so is a name that several clouds have.
    type: list
    elements: str
    required: true
  azure_machines:
    description:
      - RV(siterecovery.hyperv.protectable_vm_info#module:machines) of the same clouds.
      - Without them, the rules that only Azure can decide are C(unknown).
    type: list
    elements: dict
  host_machines:
    description:
      - RV(siterecovery.hyperv.host_vm_info#module:machines) of the hosts of the clouds, as one list.
      - Without them, the rules that only a host can decide are C(unknown).
    type: list
    elements: dict
  every_check:
    description:
      - Also return the checks that passed.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: The server is read in check mode too.
  diff_mode:
    support: N/A
    description: The module does not change the server.
  idempotent:
    support: full
    description: A second run returns the same machines.
extends_documentation_fragment:
  - siterecovery.hyperv.windows
seealso:
  - module: siterecovery.hyperv.host_vm_info
  - module: siterecovery.hyperv.protectable_vm_info
"""

EXAMPLES = r"""
- name: Read the machines of a cloud in Azure
  siterecovery.hyperv.protectable_vm_info:
    vault_name: vault-dr
    resource_group: rg-dr
    clouds:
      - Gold
  delegate_to: localhost
  register: azure

- name: Read the same machines in VMM and check them
  siterecovery.hyperv.vm_info:
    clouds:
      - Gold
    azure_machines: "{{ azure.machines }}"
  register: vms

- name: List the machines that cannot be protected
  ansible.builtin.debug:
    msg: "{{ vms.machines | selectattr('status', 'equalto', 'blocked') | map(attribute='name') | list }}"
"""

RETURN = r"""
machines:
  description: The virtual machines, in the order of VMM. Machines that only Azure knows come last.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the machine in VMM, which is also its name in Azure.
      returned: success
      type: str
      sample: 6dbaf778-aab7-41d4-bdc8-11a2fe732a75
    hyperv_id:
      description: Id of the machine in Hyper-V.
      returned: success
      type: str
      sample: e9bf3da2-17ed-4e3e-b577-19f74e1c9f1e
    name:
      description: Name of the machine.
      returned: success
      type: str
      sample: web01
    cloud:
      description: Name of its cloud.
      returned: success
      type: str
      sample: Gold
    host:
      description: Full name of the host that owns the machine. Null for a machine that only Azure knows.
      returned: success
      type: str
      sample: hv01.example.com
    cluster:
      description: Full name of the failover cluster of the host, or null.
      returned: success
      type: str
      sample: hvc01.example.com
    host_group:
      description: Path of the host group of the host. Null for a machine that only Azure knows.
      returned: success
      type: str
      sample: All Hosts\Datacenter 1
    generation:
      description: Generation of the machine, or null if it is unknown.
      returned: success
      type: int
      sample: 2
    operating_system:
      description: Operating system, as VMM names it, or null if VMM does not know it.
      returned: success
      type: str
      sample: 64-bit edition of Windows Server 2019 Datacenter
    state:
      description: State in VMM's words.
      returned: success
      type: str
      sample: Running
    processors:
      description: Number of processors.
      returned: success
      type: int
      sample: 2
    memory_mb:
      description: Memory in MB.
      returned: success
      type: int
      sample: 4096
    tag:
      description: Tag in VMM, or null.
      returned: success
      type: str
      sample: production
    properties:
      description: Custom properties in VMM.
      returned: success
      type: dict
      sample: {Owner: Shop}
    disks:
      description: Virtual disks with their places on the controllers.
      returned: success
      type: list
      elements: dict
      sample:
        - id: eabb179d-2cc5-49ab-98dd-c87dbf9b7e1e
          name: web01-0
          bus: SCSI
          controller: 0
          place: 0
          size_bytes: 136365211648
          kind: DynamicallyExpanding
          location: C:\VMs\web01.vhdx
    adapters:
      description: Network adapters. C(network) and C(subnet) are those of VMM.
      returned: success
      type: list
      elements: dict
      sample: [{name: web01, network: VM Network, subnet: default, addresses: [10.10.1.11]}]
    read_from:
      description: The places that know the machine, V(azure), V(vmm) and V(host).
      returned: success
      type: list
      elements: str
      sample: [azure, vmm]
    protected:
      description: Whether Azure protects the machine, or null if Azure was not read.
      returned: success
      type: bool
      sample: false
    status:
      description:
        - V(eligible) if every rule passed, V(to_confirm) if one warns or could not be evaluated, V(blocked) if one
          forbids the protection.
      returned: success
      type: str
      sample: to_confirm
    checks:
      description:
        - The rules that the machine does not pass, or all of them with O(every_check).
        - C(read_from) is the place of the deciding fact, or null if no place has it. C(source) is the page of the rule.
      returned: success
      type: list
      elements: dict
      sample:
        - id: vm-secure-boot
          step: N3
          severity: error
          status: fail
          message: the machine has Secure Boot
          fix: turn Secure Boot off
          read_from: vmm
          source: Support matrix for Hyper-V, 2026-09
summary:
  description:
    - Numbers of machines by status. C(blocked_by) has the number of machines that each rule blocks.
  returned: success
  type: dict
  sample: {eligible: 0, to_confirm: 30, blocked: 2, blocked_by: {vm-secure-boot: 2}}
rules:
  description: The rules that were evaluated, with their number in the list of rules, severity and source.
  returned: success
  type: list
  elements: dict
  sample:
    - number: 12
      id: vm-secure-boot
      severity: error
      title: Secure Boot
      source: Support matrix for Hyper-V, 2026-09
      question: ""
questions:
  description: The rules that only the owner of a machine can confirm.
  returned: success
  type: list
  elements: dict
  sample:
    - number: 10
      id: vm-bitlocker
      severity: error
      title: BitLocker in the guest
      source: Support matrix for Hyper-V, 2026-09
      question: Is BitLocker off in the guest?
"""
