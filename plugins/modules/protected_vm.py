#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protect virtual machines of a VMM cloud by replication to Azure."""

from __future__ import annotations

DOCUMENTATION = r"""
module: protected_vm
short_description: Protect virtual machines of a VMM cloud by replication to Azure
version_added: 0.1.0
description:
  - Enables the replication of virtual machines of a VMM cloud to Azure, waits until they are ready for a failover, and
    keeps the settings of their targets. It also resynchronizes machines, and disables their replication.
  - One task handles one machine or hundreds. Their jobs run side by side, and one list call per interval follows them.
  - Machines are checked by the rules of the support matrix. Azure can answer some of them. The rest needs the machines
    of VMM in O(vmm_machines). Machines that break a rule stop the task before any change, or are left out with
    O(skip_ineligible).
  - A failure of one machine does not stop the others. At the end the task fails, and names each failed machine with
    the cause and the remedy.
  - While the module waits on the controller, its progress is shown, such as C(37 ready, 8 copying).
  - A machine is ready when both of its states are Protected and a test failover is allowed. The jobs end earlier.
  - The module finds its place in every state. A run that was interrupted continues where it stopped.
  - Settings that the options do not name are kept. An update sends every present value again, because the service does
    not document what happens to values that are left out.
notes:
  - The role Site Recovery Contributor on the vault, and Virtual Machine Contributor on the target resource group, its
    network and its storage account are sufficient. To disable a protection, the first of them is.
  - The disks, the policy and the account of a protected machine cannot be changed. Disable its replication first.
  - Disks of VMM and Azure are compared by their names. Not verified on a live system.
  - The replication to a storage account without managed disks is not offered, because Azure retires such machines.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  resource_group:
    description:
      - Resource group of the vault.
    type: str
    required: true
  vault_name:
    description:
      - Name of the vault.
    type: str
    required: true
  state:
    description:
      - V(present) protects the machines.
      - V(absent) disables their replication, which needs O(allow_disable).
    type: str
    choices: [present, absent]
    default: present
  vmm_server:
    description:
      - Name of the VMM server in the vault. Required if the vault has several.
    type: str
  cloud:
    description:
      - Name of the VMM cloud of the machines. It must be associated with O(policy).
    type: str
    required: true
  vmm_machines:
    description:
      - RV(siterecovery.hyperv.vm_info#module:machines) of the cloud. A rule that VMM or the host has decided there can
        stop a machine that is not protected yet. A machine that is not among them is stopped, too.
      - The operating system and the disk that a machine starts from are taken from here, if no option names them and if
        VMM knows them. A machine of generation 2 with several disks still needs O(machines[].os_disk).
    type: list
    elements: dict
  policy:
    description:
      - Name of the replication policy. Required for machines that are not protected yet.
      - A protected machine with another policy is refused.
    type: str
  log_account:
    description:
      - Storage account for replication logs, as its id or its name in O(target_resource_group). It must be a standard
        account in the region of the vault.
      - By default the only account there that can be used.
    type: str
  target_resource_group:
    description:
      - Resource group of the machine in Azure. By default O(resource_group) for a new machine.
    type: str
  network:
    description:
      - Virtual network of the machine in Azure, as its id or its name in the target resource group.
      - It must be in the region of the vault. An existing machine gets it once it is ready.
    type: str
  subnet:
    description:
      - Name of the subnet for the network adapters that are used.
      - By default the service chooses the subnet with the name of the source subnet, or the first one.
    type: str
  size:
    description:
      - Size of the machine in Azure, such as V(Standard_D4s_v5). By default the service proposes one.
    type: str
  os_type:
    description:
      - Operating system of a machine that is not protected yet. Required if neither Azure nor O(vmm_machines) knows it.
    type: str
    choices: [windows, linux]
  disk_type:
    description:
      - Type of the managed disks of a machine that is not protected yet.
    type: str
    choices: [Standard_LRS, StandardSSD_LRS, StandardSSD_ZRS, Premium_LRS, Premium_ZRS, PremiumV2_LRS, UltraSSD_LRS]
  managed_disks:
    description:
      - Whether a machine that already replicates to a storage account fails over to managed disks.
      - A new machine always replicates to managed disks.
    type: bool
  license:
    description:
      - License for Windows Server. V(windows_server) states that the machine has Azure Hybrid Benefit.
      - It is never set or changed without this option.
    type: str
    choices: [none, windows_server]
  sql_license:
    description:
      - License for SQL Server. It is never set or changed without this option.
    type: str
    choices: [none, payg, ahub]
  availability_set:
    description:
      - Availability set of the machine in Azure, as its id or its name in the target resource group.
      - An empty string removes it.
    type: str
  rdp:
    description:
      - When Site Recovery enables Remote Desktop in the guest.
    type: str
    choices: [never, test_failover, always]
  tags:
    description:
      - Tags of the machine in Azure. Other tags are kept.
    type: dict
  machines:
    description:
      - Machines to protect. Each suboption takes precedence over the option of the same name.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the machine in VMM.
        type: str
        required: true
      id:
        description:
          - Id of the machine in VMM. Required if the cloud has several machines of this name.
        type: str
      target_name:
        description:
          - Name of the machine in Azure. By default its name in VMM.
        type: str
      os_disk:
        description:
          - Name of the disk with the operating system. Required for a machine with several disks if O(vmm_machines)
            does not show it, because Azure does not know it.
        type: str
      include_disks:
        description:
          - Names of the disks to replicate. By default all.
        type: list
        elements: str
      exclude_disks:
        description:
          - Names of the disks to leave out. Only basic data disks can be left out, and only when the replication is
            enabled.
        type: list
        elements: str
      nics:
        description:
          - Network adapters. They are set once the machine is ready, because Azure does not show them before.
        type: list
        elements: dict
        suboptions:
          id:
            description:
              - Id of the adapter, as the result shows it.
            type: str
          vm_network:
            description:
              - Name of the VM network of the adapter, instead of its id.
            type: str
          subnet:
            description:
              - Name of the subnet in Azure.
            type: str
          address:
            description:
              - Private address in Azure. An empty string lets Azure choose one.
            type: str
          used:
            description:
              - Whether the machine in Azure gets this adapter.
            type: bool
      target_resource_group:
        description:
          - The same as O(target_resource_group), for this machine.
        type: str
      network:
        description:
          - The same as O(network), for this machine.
        type: str
      subnet:
        description:
          - The same as O(subnet), for this machine.
        type: str
      size:
        description:
          - The same as O(size), for this machine.
        type: str
      os_type:
        description:
          - The same as O(os_type), for this machine.
        type: str
        choices: [windows, linux]
      disk_type:
        description:
          - The same as O(disk_type), for this machine.
        type: str
        choices: [Standard_LRS, StandardSSD_LRS, StandardSSD_ZRS, Premium_LRS, Premium_ZRS, PremiumV2_LRS, UltraSSD_LRS]
      managed_disks:
        description:
          - The same as O(managed_disks), for this machine.
        type: bool
      license:
        description:
          - The same as O(license), for this machine.
        type: str
        choices: [none, windows_server]
      sql_license:
        description:
          - The same as O(sql_license), for this machine.
        type: str
        choices: [none, payg, ahub]
      availability_set:
        description:
          - The same as O(availability_set), for this machine.
        type: str
      rdp:
        description:
          - The same as O(rdp), for this machine.
        type: str
        choices: [never, test_failover, always]
      tags:
        description:
          - The same as O(tags), for this machine.
        type: dict
  skip_ineligible:
    description:
      - Leave out machines that cannot be protected, with a warning. By default they stop the task before any change.
    type: bool
    default: false
  resynchronize:
    description:
      - Resynchronize the machines for which Azure asks for it.
    type: bool
    default: false
  allow_disable:
    description:
      - Confirm that O(state=absent) disables the replication of protected machines, which deletes their replicas.
    type: bool
    default: false
  purge:
    description:
      - With O(state=absent), remove the machines from the vault without any clean-up on premises. Use it if the VMM
        server does not exist any more.
      - The module warns about what stays on the host and in VMM.
    type: bool
    default: false
  parallel:
    description:
      - Largest number of jobs that run at once.
    type: int
    default: 10
  wait:
    description:
      - V(enabled) waits for the jobs that enable the replication. V(ready) also waits for the first copy and the job
        after it, until a test failover is allowed.
    type: str
    choices: [ready, enabled]
    default: ready
  wait_timeout:
    description:
      - Seconds to wait in total. The next run resumes a wait that was too short.
    type: int
    default: 14400
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.changing
seealso:
  - module: siterecovery.hyperv.job_info
  - module: siterecovery.hyperv.vm_info
  - module: siterecovery.hyperv.target_info
"""

EXAMPLES = r"""
- name: Protect two machines and wait until they are ready
  siterecovery.hyperv.protected_vm:
    resource_group: rg-dr
    vault_name: vault-dr
    cloud: Gold
    policy: policy-5min
    network: vnet-dr
    log_account: stdrlogs
    machines:
      - name: web01
        subnet: production
      - name: db01
        os_disk: db01_disk_1
        exclude_disks: [db01_pagefile]
        size: Standard_E4s_v5

- name: Read the machines of a cloud in VMM
  siterecovery.hyperv.vm_info:
    clouds: [Gold]
  delegate_to: vmm01
  register: vms

- name: Protect a machine, with the rules that only VMM can answer
  siterecovery.hyperv.protected_vm:
    resource_group: rg-dr
    vault_name: vault-dr
    cloud: Gold
    policy: policy-5min
    vmm_machines: "{{ vms.machines }}"
    machines:
      - name: app01

- name: Set the address of an adapter
  siterecovery.hyperv.protected_vm:
    resource_group: rg-dr
    vault_name: vault-dr
    cloud: Gold
    machines:
      - name: web01
        nics:
          - vm_network: corp
            address: 10.20.1.10

- name: Disable the replication of a machine
  siterecovery.hyperv.protected_vm:
    resource_group: rg-dr
    vault_name: vault-dr
    cloud: Gold
    state: absent
    allow_disable: true
    machines:
      - name: web01
"""

RETURN = r"""
protected_vm:
  description: Machines of the task. In check mode, the state after the change.
  returned: success
  type: dict
  contains:
    cloud:
      description: Name of the VMM cloud.
      returned: success
      type: str
      sample: Gold
    progress:
      description: Numbers of machines by phase, in one line.
      returned: success
      type: str
      sample: 37 ready, 8 copying
    machines:
      description:
        - Machines in the order of the task.
        - The values of C(phase) are C(unprotected), C(enabling), C(copying), C(finishing), C(ready), C(testing),
          C(failed over) and C(waiting).
        - A protected machine also has C(policy), C(protection_state), C(allowed_operations), C(replication_health),
          C(health_errors), C(disks), and the settings of its target under the names of the options.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Name in VMM.
          returned: success
          type: str
          sample: web01
        id:
          description: Id in VMM.
          returned: success
          type: str
          sample: a5246033-3af5-4905-8889-cfedaeea9540
        phase:
          description: Where the machine is.
          returned: success
          type: str
          sample: ready
        item_id:
          description: Id of the protected item; null for a machine that is not protected.
          returned: success
          type: str
          sample: null
plan:
  description: Ordered changes. In check mode, the changes that a run would make.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Option that changes, or name of an action.
      returned: success
      type: str
      sample: protection
    before:
      description: Value before the change.
      returned: success
      type: raw
      sample: null
    after:
      description: Value after the change.
      returned: success
      type: raw
      sample: enabled
    reason:
      description: Description of the change, with the machine.
      returned: success
      type: str
      sample: "web01: enable the replication as web01 (web01_disk_1)"
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
      sample: N3
    found:
      description: Initial state.
      returned: success
      type: str
      sample: 2 unprotected
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: "web01: enable the replication as web01 (web01_disk_1)"
    verified:
      description: State after the run.
      returned: success
      type: str
      sample: 2 ready
"""

from ..module_utils._model.azure.protection_request import OPTIONS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.protected_vm import build


def main() -> None:
    run_resource_module(result="protected_vm", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
