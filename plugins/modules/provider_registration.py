#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: provider_registration
short_description: Register a VMM server in its Recovery Services vault
version_added: 0.1.0
description:
  - Registers a VMM server with the registration key of a vault, sets the Provider's proxy, and updates the proxy of a
    registered server (steps P4 to P6 and P8).
  - A server of another vault is never changed.
  - The key is read on the controller and sent encrypted. It is on the server only while the registration program
    runs, in a folder for administrators only. A key file that an interrupted run left is removed first.
  - The key is needed only if the server must be registered. An expired, foreign or damaged key is rejected before any
    change.
  - The server itself stores the name of its vault, but not the subscription. Set O(azure_registration) to have the
    registration in Azure in the evidence.
  - Stale registration data is reported in a warning and removed only with O(remove_stale_registration). This is
    registry keys that name the vault although Azure shows no such server, the key of the preview release, and
    certificates of a server that is not registered.
  - A server is identified by the id of its VMM. If the vault shows this id under another name, the server is
    registered, and that name is kept.
  - Data encryption of Site Recovery for VMM was retired on 2022-04-30 (step P7), so there is no option for it. A server
    whose registration uses it is reported and not changed.
  - The task waits for the registration program, at most O(registration_timeout) seconds. If it fails, the error
    includes the exit code, the end of its log, the probable cause and a fix.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  vault_id:
    description:
      - The resource id of the vault, as M(siterecovery.hyperv.vault) returns it.
    type: str
    required: true
  name:
    description:
      - The name of the server in the vault. The default is the name of the cluster role for a highly available VMM,
        and the fully qualified domain name of the machine otherwise.
      - At most 256 characters, without quotation marks, control characters, or blanks at the start or the end. A
        registered server keeps its name.
    type: str
  key_path:
    description:
      - The path of the registration key on the controller, as M(siterecovery.hyperv.vault_registration_key) creates it.
      - Its validity is checked against the clocks of the controller and of the server.
    type: path
  tenant_id:
    description:
      - The id of the vault's tenant. A key of another tenant is rejected, such as a key from before the subscription
        was moved. Without this option, tenants are not compared.
    type: str
  azure_registration:
    description:
      - The registration as Azure shows it, one entry of RV(siterecovery.hyperv.vmm_server_info#module:servers).
    type: dict
  remove_stale_registration:
    description:
      - Whether to remove stale registration data, which a run without this option lists in a warning.
      - The registry keys and certificates are exported first, to the folder C(C:\ProgramData\siterecovery.hyperv) on
        the server, which only administrators can open. The private keys of removed certificates stay on the server.
      - VMM is stopped while the data is removed, and started again. O(running_jobs) also applies to this stop.
      - The registration of a server is stale if O(azure_registration) proves that it is absent. Its data is removed,
        and the server is registered again, which requires O(key_path). Azure can take 30 minutes to show a new server,
        so check the vault first.
      - The absence is proven if the vault was searched for the id of the VMM server, each VMM server of the vault is
        one of the requested ones, and the subscription has no other vault of the same name. Otherwise nothing is
        removed, and a warning names the reason. Vaults of other subscriptions are not compared.
      - Data that names another vault is not removed.
      - Rejected for a highly available VMM, whose cluster would restore the registry keys.
    type: bool
    default: false
  restart_vmm:
    description:
      - Whether to restart the VMM service, which reads its proxy when it starts, after a change of the proxy or of its
        password. A restart that an earlier run deferred is performed. V(false) does not restart it and warns.
      - The registration program itself stops VMM and starts it again, whatever this option says.
    type: bool
    default: true
  registration_timeout:
    description:
      - The time limit of the registration program in seconds, from 60 to 86400. It is stopped afterwards, and the VMM
        service is started again.
    type: int
    default: 1800
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.proxy
  - siterecovery.hyperv.windows.running_jobs
  - siterecovery.hyperv.windows.setup_logon
  - siterecovery.hyperv.common.changing
notes:
  - The key and the proxy's password reach the scheduled task in a file in the closed folder of the collection. The file
    is encrypted for this server (DPAPI), and the task removes it before it starts the program. If the server restarts
    before that, the next run removes the file.
  - If the task is interrupted, the next run removes its files and the key file, and starts the VMM service.
  - The registration program accepts the proxy's password only on its command line, so the password is visible in the
    server's process list and process audit while the program runs. A proxy that accepts the server by its address needs
    no password.
  - A highly available VMM is registered once, on the node that owns its cluster role. The module rejects other nodes,
    except to remove a key file that an interrupted run left there. The service is restarted only through the cluster.
    If the role moves before the program starts, the server is not changed.
  - "Not verified on a live cluster: that the registration moves with the role, and that VMM accepts connections to
    C(localhost) on the node that owns it."
  - A server that is registered without O(proxy) connects to the Internet directly.
  - The program cannot remove a custom proxy. To return to V(direct) or V(system), the server is registered again
    without a proxy. This requires O(key_path), and O(azure_registration) to confirm that the name of the server stays
    the same. The Run As account C(DRAProxyAccount) stays in VMM.
  - From a change of the proxy until the restart of the VMM service, the registry of the server contains the id of its
    process (C(HKLM\SOFTWARE\siterecovery.hyperv)), so that the next run can perform the restart.
  - An empty list in O(proxy.bypass) is passed as an empty value and read back.
  - "Not verified on a live system: the signs in the log that show the cause of a failure, the registry value of data
    encryption, that an empty value empties the bypass list, and that a second registration removes the proxy. Each
    change is read back, and a change that did not happen is an error."
seealso:
  - module: siterecovery.hyperv.vault_registration_key
  - module: siterecovery.hyperv.vmm_server_info
"""

EXAMPLES = r"""
- name: Register the server through a proxy
  siterecovery.hyperv.provider_registration:
    vault_id: "{{ vault.id }}"
    key_path: ~/keys/vault-dr.VaultCredentials
    proxy:
      mode: custom
      address: http://proxy.example.com
      port: 8080
      username: svc-proxy
      password: "{{ proxy_password }}"

- name: Set the new password of the proxy
  siterecovery.hyperv.provider_registration:
    vault_id: "{{ vault.id }}"
    proxy:
      mode: custom
      address: http://proxy.example.com
      port: 8080
      username: svc-proxy
      password: "{{ proxy_password }}"
    update_password: always

- name: Remove the proxy and restart VMM immediately
  siterecovery.hyperv.provider_registration:
    vault_id: "{{ vault.id }}"
    key_path: ~/keys/vault-dr.VaultCredentials
    azure_registration: "{{ vmm_servers.servers['vmm01.example.com'] }}"
    proxy:
      mode: direct
    running_jobs: ignore

- name: Register a server again that was removed from the vault by force
  siterecovery.hyperv.provider_registration:
    vault_id: "{{ vault.id }}"
    key_path: ~/keys/vault-dr.VaultCredentials
    azure_registration: "{{ vmm_servers.servers['vmm01.example.com'] }}"
    remove_stale_registration: true
"""

RETURN = r"""
registration:
  description: The registration after the run. In check mode, its expected state.
  returned: success
  type: dict
  contains:
    registered:
      description: Whether the server has stored a registration.
      returned: success
      type: bool
      sample: true
    vault_name:
      description: The vault in the stored registration.
      returned: success
      type: str
      sample: vault-dr
    name:
      description: The name of the server in the vault.
      returned: success
      type: str
      sample: vmm01.example.com
    proxy:
      description: The Provider's proxy.
      returned: success
      type: dict
      contains:
        mode:
          description: V(custom), or the requested mode.
          returned: success
          type: str
          sample: custom
        address:
          description: The address.
          returned: success
          type: str
          sample: http://proxy.example.com
        port:
          description: The port.
          returned: success
          type: int
          sample: 8080
        username:
          description: The user name of the login. The password is never returned.
          returned: success
          type: str
          sample: svc-proxy
        bypass:
          description: Addresses that bypass the proxy.
          returned: success
          type: list
          elements: str
          sample: []
    restart_due:
      description:
        - Whether the VMM service has not read the last change of its proxy, because a run was interrupted or did not
          restart it (O(restart_vmm)). The next run that is allowed to restarts it.
      returned: success
      type: bool
      sample: false
    orphaned_key_files:
      description: Key files that an interrupted run left on the server.
      returned: success
      type: list
      elements: str
      sample: []
    stale:
      description: Stale registration data on the server.
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
      description: Files on the server to which this run exported registry keys and certificates before it removed them.
      returned: success
      type: list
      elements: str
      sample: []
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: registered
      before: false
      after: true
      reason: register the server as vmm01.example.com in vault vault-dr
evidence:
  description: One entry per step of the setup guide, with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: P4
      found: not registered
      done: register the server as vmm01.example.com in vault vault-dr
      verified: registered, not visible in Azure yet
"""
