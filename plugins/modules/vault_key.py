#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, keep or remove the registration key of a vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_key
short_description: Make, keep or remove the registration key of a Recovery Services vault
version_added: 0.1.0
description:
  - Makes the key file (C(*.VaultCredentials\)) with which VMM servers are registered in the vault (step S4).
    It is the file that the portal offers for download, for Site Recovery with System Center VMM.
  - A key that is still good is kept, and no certificate is asked for. It is good when it belongs to the vault, has its
    private key, and lives longer than O(renewal_margin_hours).
  - In check mode no key is made; a vault that does not exist yet is taken as planned.
  - The file is a secret. Whoever has it can register servers in the vault until it expires, and it can't be revoked.
    So it is written with mode 0600, never shown in a result, and best removed with O(state=absent) after use.
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
      - A link, or a file that is no Site Recovery key, is refused and left alone.
    type: path
    required: true
  validity_hours:
    description:
      - How long a new key lives, 1 to 120 hours. The portal's keys live 120 hours, which is five days.
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
seealso:
  - module: siterecovery.hyperv.vault
  - module: siterecovery.hyperv.provider_registration
"""

EXAMPLES = r"""
- name: Have a key for the servers that are to be registered
  siterecovery.hyperv.vault_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/vault-dr.VaultCredentials"
    validity_hours: 24
    renewal_margin_hours: 4

- name: Remove it after the registration
  siterecovery.hyperv.vault_key:
    vault_name: vault-dr
    resource_group: rg-dr
    path: "{{ ansible_user_dir }}/.siterecovery/vault-dr.VaultCredentials"
    state: absent
"""

RETURN = r"""
vault_key:
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
    mode:
      description: The file's mode, or null without a file.
      returned: success
      type: str
      sample: "0600"
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

from ..module_utils._module import run_noun
from ..module_utils._services.vault_key import build, build_local

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "validity_hours": {"type": "int", "default": 120},
    "renewal_margin_hours": {"type": "int", "default": 24},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    run_noun(result="vault_key", options=OPTIONS, build=build, build_local=build_local)


if __name__ == "__main__":
    main()
