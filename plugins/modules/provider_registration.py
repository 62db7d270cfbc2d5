#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: provider_registration
short_description: Have a VMM server registered in its Recovery Services vault
version_added: 0.1.0
description:
  - Registers a VMM server with the key of a vault, sets the Provider's proxy, and mends the proxy of a server that is
    registered already (steps P4 to P6 and P8).
  - A server of another vault is never touched.
  - The key is read on the controller, sent encrypted, and lies on the server only while the registration program runs,
    in a folder for administrators only. What an interrupted run left is removed first.
  - The key is needed only for a server that must be registered. An expired, foreign or damaged one is refused before
    anything is done.
  - What the server says about itself names a vault but not its subscription. Give O(azure_view) to have Azure's view
    beside it in the evidence.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  vault_id:
    description:
      - The vault's resource id, as M(siterecovery.hyperv.vault) returns it.
    type: str
    required: true
  name:
    description:
      - The server's name in the vault. The default is the cluster role's name of a highly available VMM, and otherwise
        the fully qualified domain name.
    type: str
  key_path:
    description:
      - The registration key on the controller, as M(siterecovery.hyperv.vault_key) makes it.
    type: path
  azure_view:
    description:
      - How Azure sees the server, one entry of RV(siterecovery.hyperv.vmm_server_info#module:servers).
    type: dict
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.proxy
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.windows
notes:
  - The registration program takes the proxy's password on its command line and in no other way, so it can be seen in
    the server's process list and process audit while the program runs. A proxy that lets the server pass by its address
    needs no password.
  - A server that is registered without O(proxy) goes to the Internet directly.
  - A Provider that has a custom proxy can't be switched back to V(direct) or V(system), and its list of addresses that
    go round the proxy can't be emptied. No way is documented for that.
seealso:
  - module: siterecovery.hyperv.vault_key
  - module: siterecovery.hyperv.vmm_server_info
"""

EXAMPLES = r"""
- name: Have the server registered, through a proxy
  siterecovery.hyperv.provider_registration:
    vault_id: "{{ vault.id }}"
    key_path: ~/keys/vault-dr.VaultCredentials
    proxy:
      mode: custom
      address: http://proxy.contoso.example
      port: 8080
      username: svc-proxy
      password: "{{ proxy_password }}"

- name: Give the Provider the proxy's new password
  siterecovery.hyperv.provider_registration:
    vault_id: "{{ vault.id }}"
    proxy:
      mode: custom
      address: http://proxy.contoso.example
      port: 8080
      username: svc-proxy
      password: "{{ proxy_password }}"
    update_password: always
"""

RETURN = r"""
registration:
  description: The registration after the run; in check mode as it is expected to be.
  returned: success
  type: dict
  contains:
    registered:
      description: Whether the server says that it is registered.
      returned: success
      type: bool
      sample: true
    vault_name:
      description: The vault that the server names.
      returned: success
      type: str
      sample: vault-dr
    name:
      description: The server's name in the vault.
      returned: success
      type: str
      sample: vmm01.contoso.example
    proxy:
      description: The Provider's proxy.
      returned: success
      type: dict
      contains:
        mode:
          description: V(custom), or the mode that was asked for.
          returned: success
          type: str
          sample: custom
        address:
          description: The proxy.
          returned: success
          type: str
          sample: http://proxy.contoso.example
        port:
          description: The port.
          returned: success
          type: int
          sample: 8080
        username:
          description: The login; never its password.
          returned: success
          type: str
          sample: svc-proxy
        bypass:
          description: Addresses that go round the proxy.
          returned: success
          type: list
          elements: str
          sample: []
    key_leftovers:
      description: Key files that an interrupted run left on the server.
      returned: success
      type: list
      elements: str
      sample: []
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  sample:
    - path: registered
      before: false
      after: true
      reason: register the server as vmm01.contoso.example in vault vault-dr
evidence:
  description: For each step of the walkthrough what was found, done and verified.
  returned: success
  type: list
  elements: dict
  sample:
    - step: P4
      found: not registered
      done: register the server as vmm01.contoso.example in vault vault-dr
      verified: registered, Azure does not show it yet
"""
