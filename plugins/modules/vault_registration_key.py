#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, keep or remove the registration key of a vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_registration_key
short_description: Make, keep or remove the registration key of a Recovery Services vault
version_added: 0.1.0
description:
  - Makes the key file (C(*.VaultCredentials)) with which VMM servers are registered in the vault (step S4).
    It is the file that the portal offers for download, for Site Recovery with System Center VMM, or for a Hyper-V site.
  - A key that is still good is kept, and no certificate is asked for. It is good when it belongs to the vault and the
    site, has the private key of its certificate, and that certificate lives longer than O(renewal_margin_hours).
    How long a key lives is always read from its certificate.
  - In check mode no key is made; a vault that does not exist yet is taken as planned.
  - The file is a secret. Whoever has it can register servers in the vault until it expires, and it can't be revoked.
    So it is written with mode 0600, never shown in a result unless O(return_content) asks for it, and best removed with
    O(state=absent) after use.
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
  path:
    description:
      - Where the file is kept, on the machine that the task runs on, usually the controller. The path is absolute and
        ends in C(.VaultCredentials). A missing folder is created with mode 0700.
      - A link, a file with several names or of another user, a file that is no Site Recovery key, and a key of another
        vault that still lives are refused and left alone.
      - The folder belongs to the user of the task or to root, and not everybody may write to it, unless it has the
        sticky bit like C(/tmp).
    type: path
    required: true
  kind:
    description:
      - What is registered with the key. V(vmm) is for VMM servers, V(hyperv_site) for the hosts of the Hyper-V site
        O(site), which no VMM manages.
    type: str
    choices: [vmm, hyperv_site]
    default: vmm
  site:
    description:
      - The Hyper-V site that the key is for, by the name of its fabric or by its friendly name. It must exist. Only for
        O(kind=hyperv_site), and needed there.
    type: str
  certificate:
    description:
      - Who makes the key pair inside a new key. With V(service) the vault's service does and sends both halves, as for
        the portal. With V(client) it is made here, in memory, and only the public certificate is uploaded, as older
        cmdlets did.
      - A key that is still good is kept, whoever made its pair.
    type: str
    choices: [service, client]
    default: service
  channel_integrity_key:
    description:
      - Whether the file has the vault's channel integrity key, with which requests that reach on-premises parts can be
        signed. The portal leaves it out, Azure PowerShell writes it.
      - A vault that has none gets one. An existing one is never replaced, because registered servers share it.
    type: bool
    default: false
  return_content:
    description:
      - Whether the result has the file's content as RV(content), for those who hand it on without the file.
      - Refused unless the task has C(no_log=true), because nothing else hides a registered result, and with C(async),
        which keeps results in a file.
    type: bool
    default: false
  validity_hours:
    description:
      - How long a new key lives, 1 to 120 hours. The portal's keys live 120 hours, which is five days. A certificate
        that lives longer or shorter than asked for is warned of.
    type: int
    default: 120
  renewal_margin_hours:
    description:
      - A key that expires within so many hours is replaced. It is less than O(validity_hours).
    type: int
    default: 24
  state:
    description:
      - V(present) has a good key in the file, V(absent) removes the file.
      - Removing needs no login, so login options and their environment variables may be missing then.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.azure
notes:
  - Nothing in Azure tells a key of a vault that was deleted from one of a new vault with the same name, group and
    region. Remove the file together with the vault.
  - The requests and the file follow public recordings, files and clients (Azure PowerShell, Terraform, the portal), and
    were not tried with a live service. Not known are whether the service would grant more than 120 hours, and whether
    a new key ends older ones.
  - A pair that is made here is written in the form of the service's own pairs (3DES and SHA-1 without a password),
    because Windows Server 2016 and older read nothing newer. A machine in FIPS mode refuses that.
seealso:
  - module: siterecovery.hyperv.vault
  - module: siterecovery.hyperv.provider_registration
"""

EXAMPLES = r"""
- name: Have a key for the servers that are to be registered
  siterecovery.hyperv.vault_registration_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/vault-dr.VaultCredentials"
    validity_hours: 24
    renewal_margin_hours: 4

- name: Have a key for the hosts of a Hyper-V site
  siterecovery.hyperv.vault_registration_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/branch.VaultCredentials"
    kind: hyperv_site
    site: branch

- name: Hand a key on without showing it
  siterecovery.hyperv.vault_registration_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/vault-dr.VaultCredentials"
    return_content: true
  no_log: true
  register: key

- name: Remove it after the registration
  siterecovery.hyperv.vault_registration_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/vault-dr.VaultCredentials"
    state: absent
"""

RETURN = r"""
vault_registration_key:
  description: The key file after the run, in check mode as it is expected to be; never its content.
  returned: success
  type: dict
  contains:
    path:
      description: The file.
      returned: success
      type: str
      sample: /home/ansible/.siterecovery/vault-dr.VaultCredentials
    exists:
      description: Whether the file is there.
      returned: success
      type: bool
      sample: true
    expires:
      description: When the certificate in it expires (UTC), or null without a file.
      returned: success
      type: str
      sample: "2026-03-06T09:30:00Z"
    kind:
      description: What is registered with the key, V(vmm) or V(hyperv_site), or null without a file.
      returned: success
      type: str
      sample: vmm
    mode:
      description: The file's mode, or null without a file.
      returned: success
      type: str
      sample: "0600"
    site_name:
      description: The Hyper-V site that the key is for, null for VMM servers and without a file.
      returned: success
      type: str
      sample: null
    vault_id:
      description: The id of the vault that the key in the file belongs to, or null without a file.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
    vault_name:
      description: The name of that vault, or null without a file.
      returned: success
      type: str
      sample: vault-dr
content:
  description:
    - The file's content, a secret; null without a file. In check mode the content of the file that is there now.
  returned: with O(return_content=true)
  type: str
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Which value changes.
      returned: success
      type: str
      sample: expires
    before:
      description: The value before.
      returned: success
      type: raw
      sample: null
    after:
      description: The value after; V((known after apply\)) when only the run can tell.
      returned: success
      type: raw
      sample: (known after apply)
    reason:
      description: Why, in words.
      returned: success
      type: str
      sample: "make a key for vault vault-dr, valid for 120 hours"
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
      sample: S4
    found:
      description: What was there.
      returned: success
      type: str
      sample: no key
    done:
      description: What was done, or in check mode would be.
      returned: success
      type: str
      sample: "make a key for vault vault-dr, valid for 120 hours"
    verified:
      description: What was seen afterwards.
      returned: success
      type: str
      sample: "key for vault vault-dr, valid until 2026-03-06T09:30:00Z"
"""

from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.registration_key import build, build_local

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "kind": {"type": "str", "choices": ["vmm", "hyperv_site"], "default": "vmm"},
    "site": {"type": "str"},
    "certificate": {"type": "str", "choices": ["service", "client"], "default": "service"},
    # A switch. The key itself is not an option.
    "channel_integrity_key": {"type": "bool", "default": False, "no_log": False},
    "return_content": {"type": "bool", "default": False},
    "validity_hours": {"type": "int", "default": 120},
    "renewal_margin_hours": {"type": "int", "default": 24},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    run_resource_module(
        result="vault_registration_key",
        options=OPTIONS,
        build=build,
        build_local=build_local,
        secret_option="return_content",
    )


if __name__ == "__main__":
    main()
