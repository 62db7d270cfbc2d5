#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: provider_removal
short_description: Remove the Azure Site Recovery Provider from a VMM server
version_added: 0.1.0
description:
  - Removes the Site Recovery Provider with Windows Installer, by the product code of its entry in Programs and
    Features.
  - Run it on each node of a highly available VMM.
  - Rejected while the server is registered in a vault. The error names the vault. Remove the server from the vault
    first.
  - The VMM service is stopped meanwhile and started again, unless it was stopped before. It is stopped and started only
    through the cluster on the node that owns the role of a highly available VMM, and runs on during the removal from
    another node.
  - The data of a registration is not part of the Provider. The module M(siterecovery.hyperv.registration_removal)
    removes it.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  azure_registration:
    description:
      - The registration as Azure shows it, one entry of RV(siterecovery.hyperv.vmm_server_info#module:servers).
      - If it shows the server as registered, nothing is removed. This also protects the nodes of a highly available VMM
        that do not own the cluster role and do not know the registration.
    type: dict
  wait_timeout:
    description:
      - The seconds to wait for the removal, which includes one that an interrupted run started. After the timeout the
        task fails, the removal continues, and the next run resumes the wait.
    type: int
    default: 3600
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.running_jobs
  - siterecovery.hyperv.windows.setup_logon
  - siterecovery.hyperv.common.changing
notes:
  - Check mode reports a running removal and does not wait for it.
  - "Not verified on a live system: that the removal needs a stopped VMM service, as setup does."
seealso:
  - module: siterecovery.hyperv.registration_removal
  - module: siterecovery.hyperv.mars_agent_removal
  - module: siterecovery.hyperv.provider
"""

EXAMPLES = r"""
- name: Remove the Provider from a server that is not registered anymore
  siterecovery.hyperv.provider_removal:
"""

RETURN = r"""
provider:
  description: The Provider after the run. In check mode, its expected state.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether a part of it exists that its setup installs.
      returned: success
      type: bool
      sample: false
    version:
      description: Its version.
      returned: success
      type: str
      sample: 5.1.8095.0
    configurator_path:
      description: The path of DRConfigurator.exe.
      returned: success
      type: str
      sample: C:\Program Files\Microsoft System Center\Virtual Machine Manager\bin\DRConfigurator.exe
    product_code:
      description: The name of its entry in Programs and Features.
      returned: success
      type: str
      sample: "{6D2C1B4E-2F0A-4B52-9B37-6A0E5E0F3C11}"
    vmm_service:
      description: The state of the VMM service.
      returned: success
      type: str
      sample: Running
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: installed
      before: true
      after: false
      reason: remove the Provider 5.1.8095.0; the VMM service is stopped meanwhile
evidence:
  description: One entry with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: X1
      found: Provider 5.1.8095.0, VMM service Running
      done: remove the Provider 5.1.8095.0; the VMM service is stopped meanwhile
      verified: no Provider, VMM service Running
"""
