#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: provider
short_description: Install the Site Recovery Provider on a VMM server
version_added: 0.1.0
description:
  - Installs or upgrades the Azure Site Recovery Provider on a server of System Center Virtual Machine Manager, without
    user interaction (steps S3 and P1 to P3). The Provider is never downgraded.
  - The server downloads the installer and verifies O(checksum), its signature and O(version). It unpacks the installer
    and runs setup while the VMM service is stopped. The service is always started again.
  - Setup does not start while a restart is pending, or without .NET Framework 4.6.2 or Windows
    PowerShell 5.1.
  - An upgrade over more than four update rollups is rejected, because Microsoft supports N-4.
    O(allow_unsupported_upgrade) allows it. If the published versions do not show the span, the task warns.
  - A stopped VMM service is started.
  - Run the module on every node of a highly available VMM, first on the node that owns its cluster role. On that node
    VMM is stopped and started through the cluster. On the others it does not run. The owner is read again right
    before VMM is stopped. The task warns of nodes that are down.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  install_path:
    description:
      - The expected folder of the Provider. Setup always installs it next to VMM, in the folder C(bin) of VMM, so any
        other folder is rejected before setup starts.
    type: str
  microsoft_update:
    description:
      - Whether Windows Update on the server also installs updates for other Microsoft products, which include the
        Provider. Without this option, the setting is not changed.
      - Set it to V(false) for pinned versions.
    type: bool
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.installer
  - siterecovery.hyperv.windows.setup
  - siterecovery.hyperv.windows.setup_logon
  - siterecovery.hyperv.windows.running_jobs
  - siterecovery.hyperv.common.changing
notes:
  - "Not verified on a live system: setup and the Windows Update Agent in a scheduled task of the connecting user, and
    the exit codes of setup, for which no table is published."
  - A highly available VMM requires the Windows feature C(RSAT-Clustering-PowerShell) on each node. The cluster
    resource is the one that runs C(SCVMMService), or else the one whose name contains C(VMM Service), as VMM's setup
    names it.
  - "Not verified on a live cluster: the cluster cmdlets in a scheduled task of the connecting user."
seealso:
  - module: siterecovery.hyperv.provider_registration
"""

EXAMPLES = r"""
- name: Install the Provider
  siterecovery.hyperv.provider:
    source: https://mirror.example.com/AzureSiteRecoveryProvider.exe
    checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    version: 5.1.8095.0

- name: Install the latest Provider from Microsoft through a proxy
  siterecovery.hyperv.provider:
    source: https://aka.ms/downloaddra
    download_proxy:
      mode: custom
      address: http://proxy.example.com
      port: 8080
      username: EXAMPLE\svc-proxy
      password: "{{ proxy_password }}"

- name: Install the Provider on an isolated server with an installer on the controller
  siterecovery.hyperv.provider:
    source: installers/AzureSiteRecoveryProvider.exe
    checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    keep_installer: true
"""

RETURN = r"""
provider:
  description: The Provider after the run. In check mode, its expected state.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether it is installed completely, with its adapter in VMM and its configurator.
      returned: success
      type: bool
      sample: true
    version:
      description: Its version.
      returned: success
      type: str
      sample: 5.1.8095.0
    adapter_present:
      description: Whether VMM has the adapter.
      returned: success
      type: bool
      sample: true
    configurator_path:
      description: The path of DRConfigurator.exe.
      returned: success
      type: str
      sample: C:\Program Files\Microsoft System Center\Virtual Machine Manager\bin\DRConfigurator.exe
    vmm_service:
      description: The state of the VMM service.
      returned: success
      type: str
      sample: Running
    cluster:
      description: The cluster role of VMM, this node, the node that owns the role, and whether this node is the owner.
      returned: on a node of a highly available VMM
      type: dict
      sample: {role: VMMROLE, node: VMM01, owner_node: VMM02, active: false}
    microsoft_update:
      description: Whether the server is opted in to Microsoft Update.
      returned: when O(microsoft_update) is set
      type: bool
      sample: true
reboot_required:
  description: Whether the machine needs a restart, because setup asked for one or Windows has one pending.
  returned: success
  type: bool
  sample: false
rebooted:
  description: Whether this run restarted the machine.
  returned: success
  type: bool
  sample: false
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: version
      before: null
      after: 5.1.8095.0
      reason: install the Provider 5.1.8095.0; the VMM service is stopped meanwhile
evidence:
  description: One entry per step of the setup guide, with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: P1
      found: no Provider
      done: install the Provider 5.1.8095.0; the VMM service is stopped meanwhile
      verified: Provider 5.1.8095.0, VMM service Running
"""
