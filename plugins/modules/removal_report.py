#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: removal_report
short_description: Report what a removal takes, and export it
version_added: 0.1.0
description:
  - Prints a table of what a removal takes from the vault, the VMM servers and the Hyper-V hosts, in the documented
    order, and why the rest stays.
  - Writes a JSON file with everything that goes, before anything goes. It contains no secrets. A later run adds its
    export to the file, and keeps those of earlier runs.
  - Runs on the controller and connects to no host. Check mode writes no file.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  azure:
    description:
      - The result of M(siterecovery.hyperv.removal_info) with O(siterecovery.hyperv.removal_info#module:remove).
    type: dict
    required: true
  machines:
    description:
      - The result of M(siterecovery.hyperv.host_info) for each machine of the run, by host. A machine without a result
        was not read.
    type: dict
    default: {}
  parts:
    description:
      - The parts of the machines for which the user has given consent.
    type: list
    elements: str
    choices: [registry, certificates, run_as_account, provider, agent]
    default: []
  path:
    description:
      - The file for the export. By default nothing is exported.
    type: path
  width:
    description:
      - The width of the table in characters.
    type: int
    default: 120
extends_documentation_fragment:
  - siterecovery.hyperv.common.reading
seealso:
  - module: siterecovery.hyperv.removal_info
"""

EXAMPLES = r"""
- name: Report what goes
  siterecovery.hyperv.removal_report:
    azure: "{{ plan }}"
    machines:
      vmm01: "{{ hostvars['vmm01'].reading }}"
    parts: [provider]
    path: unregister.json
"""

RETURN = r"""
rows:
  description: The rows of the table.
  returned: success
  type: list
  elements: dict
  contains:
    place:
      description: V(Azure), or the host.
      returned: success
      type: str
      sample: vmm01
    step:
      description: The step in Azure, or the part of the machine.
      returned: success
      type: str
      sample: provider
    name:
      description: The object.
      returned: success
      type: str
      sample: Provider 5.1.8095.0
    removal:
      description: Whether it goes, and after what, or why it stays.
      returned: success
      type: str
      sample: goes after the steps in Azure
lines:
  description: The printed lines.
  returned: success
  type: list
  elements: str
  sample: ["vmm01  provider  Provider 5.1.8095.0  stays: no consent"]
azure_goes:
  description: Whether anything in the vault goes. The parts of the machines come after it.
  returned: success
  type: bool
  sample: true
exported:
  description: The file, if there was something to export.
  returned: success
  type: str
  sample: /home/admin/recovery/unregister.json
"""
