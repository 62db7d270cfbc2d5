#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: provider
short_description: Have the Site Recovery Provider on a VMM server
version_added: 0.1.0
description:
  - Installs or upgrades the Azure Site Recovery Provider on a server of System Center Virtual Machine Manager, without
    a window (steps S3 and P1 to P3). It is never downgraded.
  - The installer is fetched by the server, checked against O(checksum), its signature and O(version), unpacked, and run
    while the VMM service is stopped. The service is started again whatever happens.
  - Nothing is begun while a restart is pending, VMM runs jobs, or .NET Framework 4.6.2 or Windows PowerShell 5.1 is
    missing.
  - An upgrade over more than four update rollups is refused, because Microsoft supports N-4. Where the published
    versions do not say how far it is, a warning does.
  - A stopped VMM service is started.
  - Run on every node of a highly available VMM, on the one that owns its cluster role first. There VMM is stopped and
    started through the cluster; on the others it does not run, and is left alone. Who owns the role is read again right
    before anything is stopped. A node that is down is told by a warning.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  install_path:
    description:
      - The folder that the Provider is expected in. Setup takes none, it goes beside VMM (C(bin) in VMM's folder), so
        another folder is refused before anything starts.
    type: str
  microsoft_update:
    description:
      - Whether Windows Update on the server also gets updates for Microsoft's other products, among them the Provider.
        Left alone when not given.
      - For pinned versions leave it off.
    type: bool
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.installer
  - siterecovery.hyperv.windows.setup
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.windows
notes:
  - Not verified on a real server are what setup and the Windows Update Agent do in a scheduled task's session of the
    connecting user, and the exit codes of setup, for which no table is published.
  - For a highly available VMM the commands of Windows' feature C(RSAT-Clustering-PowerShell) are needed on each node.
    Not verified on a real cluster is that they answer in such a session. The cluster's resource is the one that runs
    C(SCVMMService), whatever its name, or else the one whose name contains C(VMM Service), as VMM's setup names it.
seealso:
  - module: siterecovery.hyperv.provider_registration
"""

EXAMPLES = r"""
- name: Have the Provider
  siterecovery.hyperv.provider:
    source: https://mirror.contoso.example/AzureSiteRecoveryProvider.exe
    checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    version: 5.1.8095.0

- name: Have the newest Provider, fetched from Microsoft through a proxy
  siterecovery.hyperv.provider:
    source: https://aka.ms/downloaddra
    download_proxy:
      mode: custom
      address: http://proxy.contoso.example
      port: 8080
      username: CONTOSO\svc-proxy
      password: "{{ proxy_password }}"

- name: Have the Provider on a server without a way out, with an installer from the controller
  siterecovery.hyperv.provider:
    source: installers/AzureSiteRecoveryProvider.exe
    checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    keep_installer: true
"""

RETURN = r"""
provider:
  description: The Provider after the run; in check mode as it is expected to be.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether it is there as a whole, with its adapter in VMM and its configurator.
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
      description: Where DRConfigurator.exe is.
      returned: success
      type: str
      sample: C:\Program Files\Microsoft System Center\Virtual Machine Manager\bin\DRConfigurator.exe
    vmm_service:
      description: The state of the VMM service.
      returned: success
      type: str
      sample: Running
    cluster:
      description: The cluster role of VMM, this node, and the node that owns the role.
      returned: for a node of a highly available VMM
      type: dict
      sample: {role: VMMROLE, node: VMM01, owner_node: VMM02}
    microsoft_update:
      description: Whether the server is opted in to Microsoft Update.
      returned: when O(microsoft_update) is given
      type: bool
      sample: true
reboot_required:
  description:
    - Whether the machine waits for a restart, because setup asked for one or Windows has one pending.
  returned: success
  type: bool
  sample: false
rebooted:
  description: Whether this run restarted the machine.
  returned: success
  type: bool
  sample: false
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  sample:
    - path: version
      before: null
      after: 5.1.8095.0
      reason: install the Provider 5.1.8095.0; the VMM service is stopped meanwhile
evidence:
  description: For each step of the walkthrough what was found, done and verified.
  returned: success
  type: list
  elements: dict
  sample:
    - step: P1
      found: no Provider
      done: install the Provider 5.1.8095.0; the VMM service is stopped meanwhile
      verified: Provider 5.1.8095.0, VMM service Running
"""
