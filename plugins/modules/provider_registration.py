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
  - What the server says about itself names a vault but not its subscription. Give O(azure_registration) to have Azure's view
    beside it in the evidence.
  - Parts of a registration that is gone are told apart and named in a warning, and removed only with O(remove_stale_registration).
    They are registry keys that name the vault while Azure shows no such server, keys of older releases beside a
    registration that Azure confirms, and certificates of a server that is not registered.
  - Data encryption of Site Recovery for VMM ended on 2022-04-30 (step P7) and has no option. A server whose
    registration says that it was set up is told in one line, and is not changed.
  - A registration is waited for, within O(registration_timeout). When it fails, its exit code, the end of its log, the cause and
    what helps are told.
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
      - Up to 256 characters, without quotation marks, control characters and spaces around it. A server that is
        registered keeps its name.
    type: str
  key_path:
    description:
      - The registration key on the controller, as M(siterecovery.hyperv.vault_registration_key) makes it.
      - Its validity is held against the clocks of the controller and of the server.
    type: path
  tenant_id:
    description:
      - The id of the tenant that the vault belongs to. A key of another one is refused, such as one from before the
        subscription was moved. Not compared when not given.
    type: str
  azure_registration:
    description:
      - How Azure sees the server, one entry of RV(siterecovery.hyperv.vmm_server_info#module:servers).
    type: dict
  remove_stale_registration:
    description:
      - Consent to remove what a registration that is gone left, as the warning of a run without it names it.
      - The registry keys are exported first, into the folder C(C:\ProgramData\siterecovery.hyperv) on the server, which
        is for administrators only. The private keys of removed certificates stay on the server.
      - A server that says it is registered counts as gone when O(azure_registration) does not show it. It is then cleaned and
        registered again, for which O(key_path) is needed. Azure can take 30 minutes to show a new server, and shows
        nothing either when the server was registered under another name. Look at the vault first.
      - Nothing that names another vault is removed, unless Azure confirms the server in this one.
      - Refused for a highly available VMM, whose cluster would bring the keys back.
    type: bool
    default: false
  restart_vmm:
    description:
      - The VMM service reads its proxy at its start. V(when_idle) restarts it after a change of the proxy or of its
        password, and refuses to begin one while jobs of VMM run. A restart that an earlier run did not come to is made
        up for.
      - V(always) restarts it in any case. V(never) leaves that to you, and warns.
    type: str
    choices: [when_idle, always, never]
    default: when_idle
  registration_timeout:
    description:
      - How long the registration program may take, in seconds, from 60 to 86400. It is ended then.
    type: int
    default: 1800
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.proxy
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.windows
notes:
  - The registration program takes the proxy's password on its command line and in no other way, so it can be seen in
    the server's process list and process audit while the program runs. A proxy that lets the server pass by its address
    needs no password.
  - A highly available VMM is registered once, on the node that owns its cluster role; other nodes are refused, but for
    a key that an interrupted run left there, which is removed. Its
    service is restarted through the cluster alone. When the role moves away before the program is started, nothing is
    touched. Not verified on a real cluster is that the registration goes along with the role, and that VMM answers to
    C(localhost) on the node that owns it.
  - A server that is registered without O(proxy) goes to the Internet directly.
  - The program has no switch that takes a custom proxy away. A server goes back to V(direct) or V(system) by being
    registered again without one, which needs O(key_path), and O(azure_registration) to confirm that the server's name stays the
    same. The Run As account C(DRAProxyAccount) stays in VMM.
  - While a proxy was changed and the VMM service was not restarted yet, the id of its process stands in the registry of
    the server (C(HKLM\SOFTWARE\siterecovery.hyperv)), so that the next run knows. It is removed with the restart.
  - An empty list in O(proxy.bypass) is handed over as an empty value, and read back.
  - Not verified on a real server are the signs in the log by which causes are told, the value in the registry that
    tells of data encryption, that an empty value empties the list, and that registering again takes the proxy away.
    Each change is read back, and one that did not happen is an error.
seealso:
  - module: siterecovery.hyperv.vault_registration_key
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

- name: Take the proxy away, when nobody minds a restart of VMM
  siterecovery.hyperv.provider_registration:
    vault_id: "{{ vault.id }}"
    key_path: ~/keys/vault-dr.VaultCredentials
    azure_registration: "{{ seen.servers['vmm01.contoso.example'] }}"
    proxy:
      mode: direct
    restart_vmm: always

- name: Register a server anew that was removed from the vault by force
  siterecovery.hyperv.provider_registration:
    vault_id: "{{ vault.id }}"
    key_path: ~/keys/vault-dr.VaultCredentials
    azure_registration: "{{ seen.servers['vmm01.contoso.example'] }}"
    remove_stale_registration: true
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
    restart_due:
      description:
        - Whether the VMM service runs since before the last change of its proxy. A run that was cut off leaves that, or
          one that did not restart it because of O(restart_vmm); the next one that may restarts it.
      returned: success
      type: bool
      sample: false
    key_leftovers:
      description: Key files that an interrupted run left on the server.
      returned: success
      type: list
      elements: str
      sample: []
    stale:
      description: What a registration that is gone left on the server.
      returned: success
      type: dict
      contains:
        keys:
          description: Registry keys.
          returned: success
          type: list
          elements: str
          sample: []
        certificates:
          description: Thumbprints of certificates in the machine's personal store.
          returned: success
          type: list
          elements: str
          sample: []
    exports:
      description: Files on the server into which this run exported registry keys before it removed them.
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
