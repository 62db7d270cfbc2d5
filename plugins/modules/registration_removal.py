#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: registration_removal
short_description: Remove what a registration left on a VMM server
version_added: 0.1.0
description:
  - Removes the rest of a registration from a VMM server that its vault does not show anymore, for example because the
    server was purged from the vault while it was not connected. A server that was removed while it was connected has
    nothing left but what others may need.
  - Registry keys and certificates are exported first, to the folder C(C:\ProgramData\siterecovery.hyperv) on the
    server, which only administrators can open. VMM is stopped while they are removed, and started again.
  - The registration of a server is removed only if O(azure_registration) proves that the vault does not show the
    server, by the same rule as O(siterecovery.hyperv.provider_registration#module:remove_stale_registration). Keys
    that name another vault are rejected.
  - VMM's database can still mark clouds and virtual machines for Site Recovery. A warning names such marks, and only
    Microsoft's cleanup script removes them.
  - The registry keys of a highly available VMM are rejected, because the checkpoints of its cluster would restore them.
    Use Microsoft's cleanup script. A node that does not own the cluster role is not changed.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  vault_id:
    description:
      - The resource id of the vault in which the server was registered.
    type: str
    required: true
  parts:
    description:
      - The parts to remove. Each part is the consent to its removal. Other parts are not changed.
      - V(registry) is the keys of the registration and of the Provider's proxy, V(certificates) is the certificates of
        the registration in the store of the machine, and V(run_as_account) is the Run As account C(DRAProxyAccount) of
        VMM.
      - The Run As account is rejected if its login is not that of the Provider's proxy. VMM refuses to remove it while
        anything uses it, and the error quotes VMM.
    type: list
    elements: str
    choices: [registry, certificates, run_as_account]
    required: true
  azure_registration:
    description:
      - The registration as Azure shows it, one entry of RV(siterecovery.hyperv.vmm_server_info#module:servers).
      - Required to remove the registration of a server that names the vault.
    type: dict
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.running_jobs
  - siterecovery.hyperv.common.changing
notes:
  - The private keys of removed certificates stay on the server.
seealso:
  - module: siterecovery.hyperv.provider_removal
  - module: siterecovery.hyperv.provider_registration
  - module: siterecovery.hyperv.vmm_server_info
"""

EXAMPLES = r"""
- name: Read the vault's id
  siterecovery.hyperv.vault_info:
    name: vault-dr
    resource_group: rg-dr
  delegate_to: localhost
  register: vault

- name: Read what the vault shows of the server
  siterecovery.hyperv.vmm_server_info:
    vault_name: vault-dr
    resource_group: rg-dr
    names:
      - vmm01.example.com
  delegate_to: localhost
  register: shown

- name: Remove the keys and certificates of a server that was purged from the vault
  siterecovery.hyperv.registration_removal:
    vault_id: "{{ vault.vault_id }}"
    azure_registration: "{{ shown.servers['vmm01.example.com'] }}"
    parts: [registry, certificates]
"""

RETURN = r"""
registration:
  description: The rest of the registration after the run. In check mode, its expected state.
  returned: success
  type: dict
  contains:
    vault_name:
      description: The vault that the server names.
      returned: success
      type: str
      sample: vault-dr
    registry_keys:
      description: The registry keys of the registration and of the Provider's proxy.
      returned: success
      type: list
      elements: str
      sample: [HKLM\SOFTWARE\Microsoft\Azure Site Recovery\Registration]
    certificates:
      description: The thumbprints of the registration's certificates.
      returned: success
      type: list
      elements: str
      sample: [ABABABABABABABABABABABABABABABABABABABAB]
    run_as_account:
      description: The Run As account of the proxy, if VMM has it.
      returned: success
      type: str
      sample: DRAProxyAccount
    synchronized_clouds:
      description: The clouds that VMM marks for Site Recovery.
      returned: success
      type: list
      elements: str
      sample: [Gold]
    exports:
      description: The paths of the exports of this run on the server.
      returned: success
      type: list
      elements: str
      sample: [C:\ProgramData\siterecovery.hyperv\registration-1.reg]
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: certificates
      before: [ABABABABABABABABABABABABABABABABABABABAB]
      after: []
      reason: export and remove the certificates ABABABABABABABABABABABABABABABABABABABAB
evidence:
  description: One entry with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: X1
      found: certificate ABABABABABABABABABABABABABABABABABABABAB
      done: export and remove the certificates ABABABABABABABABABABABABABABABABABABABAB
      verified: nothing of a registration
"""
