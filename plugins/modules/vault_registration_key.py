#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, renew or remove the registration key of a vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_registration_key
short_description: Create, renew or remove the registration key of a Recovery Services vault
version_added: 0.1.0
description:
  - Creates the key file (C(*.VaultCredentials)) that registers VMM servers in the vault (step S4). It is the file that
    the portal offers for download, for Site Recovery with System Center VMM or for a Hyper-V site.
  - A usable key is kept, and no certificate is requested. A key is usable when it belongs to the vault and the site,
    contains the private key of its certificate, and is valid for longer than O(renewal_margin_hours). The validity is
    always read from the certificate.
  - No key is created in check mode. A vault that does not exist yet counts as planned.
  - The file is a secret. It can register servers in the vault until it expires, and it cannot be revoked. So it is
    written with mode 0600 and is not part of the result unless O(return_content) requests it. Remove it with
    O(state=absent) after use.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  vault_name:
    description:
      - Name of the vault.
    type: str
    required: true
  resource_group:
    description:
      - Resource group of the vault.
    type: str
    required: true
  path:
    description:
      - Absolute path of the file on the machine that the task runs on, usually the controller. It must end in
        C(.VaultCredentials). Missing folders are created with mode 0700.
      - The module rejects links, files with hard links, files of other users, files that are not a Site Recovery key,
        and unexpired keys of another vault.
      - The folder must belong to the user of the task or to root. It must not be writable by all users unless it has
        the sticky bit, like C(/tmp).
    type: path
    required: true
  kind:
    description:
      - Servers that the key registers. V(vmm) is for VMM servers. V(hyperv_site) is for the hosts of the Hyper-V site
        O(site), which VMM does not manage.
    type: str
    choices: [vmm, hyperv_site]
    default: vmm
  site:
    description:
      - Hyper-V site of the key, by the name of its fabric or by its friendly name. The site must exist.
      - Required for O(kind=hyperv_site), and only allowed there.
    type: str
  certificate:
    description:
      - Where the key pair of a new key is created. With V(service), the vault's service creates it and sends both keys,
        as for the portal. With V(client), this machine creates it in memory and uploads only the public certificate, as
        older cmdlets did.
      - A usable key is kept regardless of its origin.
    type: str
    choices: [service, client]
    default: service
  channel_integrity_key:
    description:
      - Whether the file contains the channel integrity key of the vault, which can sign requests to on-premises
        components. The portal omits it, Azure PowerShell writes it.
      - A vault without such a key gets one. An existing key is never replaced, because registered servers share it.
    type: bool
    default: false
  return_content:
    description:
      - Return the content of the file as RV(content), to pass it on without the file.
      - The task must have C(no_log=true), because nothing else hides a registered result. C(async) is rejected, because
        it keeps results in a file.
    type: bool
    default: false
  validity_hours:
    description:
      - Validity of a new key, 1 to 120 hours. The portal's keys are valid for 120 hours, which is five days. The module
        warns about a certificate with another validity than requested.
    type: int
    default: 120
  renewal_margin_hours:
    description:
      - Replace a key that expires within this time. It must be less than O(validity_hours).
    type: int
    default: 24
  state:
    description:
      - V(present) ensures that the file contains a usable key. V(absent) removes the file.
      - V(absent) needs no login, so login options and their environment variables can be missing.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.changing
notes:
  - Two runs on one machine never create two keys at one path. The second run waits up to five minutes for the first
    one, and then uses its key or names the process that holds the lock. The lock is the file C(.NAME.lock) in the
    folder of the key. The lock of a process that was killed is void.
  - A key is requested only after room for it is reserved on the disk.
  - A key of a deleted vault cannot be distinguished from one of a new vault with the same name, group and region.
    Remove the file together with the vault.
  - Not verified on a live system. The requests and the file follow public recordings, files and clients (Azure
    PowerShell, Terraform, the portal). It is unknown whether the service grants more than 120 hours, and whether a new
    key invalidates older ones.
  - A client-made pair is written in the form of the service's pairs (3DES and SHA-1 without a password), because
    Windows Server 2016 and earlier cannot read newer forms. A machine in FIPS mode does not allow it.
seealso:
  - module: siterecovery.hyperv.vault
  - module: siterecovery.hyperv.provider_registration
"""

EXAMPLES = r"""
- name: Create a key for VMM servers
  siterecovery.hyperv.vault_registration_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/vault-dr.VaultCredentials"
    validity_hours: 24
    renewal_margin_hours: 4

- name: Create a key for the hosts of a Hyper-V site
  siterecovery.hyperv.vault_registration_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/branch.VaultCredentials"
    kind: hyperv_site
    site: branch

- name: Return the content of a key
  siterecovery.hyperv.vault_registration_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/vault-dr.VaultCredentials"
    return_content: true
  no_log: true
  register: key

- name: Remove the key after the registration
  siterecovery.hyperv.vault_registration_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/vault-dr.VaultCredentials"
    state: absent
"""

RETURN = r"""
vault_registration_key:
  description: The key file after the run, or in check mode the expected file. It never has the content.
  returned: success
  type: dict
  contains:
    path:
      description: Path of the file.
      returned: success
      type: str
      sample: /home/ansible/.siterecovery/vault-dr.VaultCredentials
    exists:
      description: Whether the file exists.
      returned: success
      type: bool
      sample: true
    expires:
      description: Expiry of the certificate in UTC, or null without a file.
      returned: success
      type: str
      sample: "2026-03-06T09:30:00Z"
    kind:
      description: Servers that the key registers, V(vmm) or V(hyperv_site), or null without a file.
      returned: success
      type: str
      sample: vmm
    mode:
      description: Mode of the file, or null without a file.
      returned: success
      type: str
      sample: "0600"
    site_name:
      description: Hyper-V site of the key; null for VMM servers and without a file.
      returned: success
      type: str
      sample: null
    vault_id:
      description: Resource id of the vault of the key, or null without a file.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
    vault_name:
      description: Name of the vault of the key, or null without a file.
      returned: success
      type: str
      sample: vault-dr
content:
  description:
    - Content of the file, which is a secret; null without a file. In check mode it is the content of the existing file.
  returned: with O(return_content=true)
  type: str
plan:
  description: The changes that were made, or in check mode would be made; empty without changes.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Key of the value in the result.
      returned: success
      type: str
      sample: expires
    before:
      description: Value before the change.
      returned: success
      type: raw
      sample: null
    after:
      description: Value after the change; V((known after apply\)) when only the run determines it.
      returned: success
      type: raw
      sample: (known after apply)
    reason:
      description: Description of the change.
      returned: success
      type: str
      sample: "create a key for vault vault-dr, valid for 120 hours"
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
      sample: S4
    found:
      description: Initial state.
      returned: success
      type: str
      sample: no key
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: "create a key for vault vault-dr, valid for 120 hours"
    verified:
      description: State after the run.
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
