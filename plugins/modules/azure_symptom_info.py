#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look for symptoms of known problems in a vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_symptom_info
short_description: Look for symptoms of known problems in a Recovery Services vault
version_added: 0.1.0
description:
  - Reads the failed jobs of Site Recovery, the VMM servers of the vault and its health summary, one call each, compares
    their codes with a table of known problems, and returns cause, fix and public source of each problem.
    C(docs/doctor.md) lists the table.
  - The module changes nothing. A symptom does not fail the task. A vault that cannot be read does.
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
  days:
    description:
      - The age in days above which failed jobs are history.
    type: int
    default: 30
  vmm_servers:
    description:
      - Names of VMM servers, and whether they are registered by their own account, see
        RV(siterecovery.hyperv.symptom_info#module:vmm_server).
      - A server of the vault with the name of one that is not registered is a symptom.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the VMM server in the vault.
        type: str
        required: true
      registered:
        description:
          - Whether the server itself is registered in a vault.
        type: bool
        required: true
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
notes:
  - The codes in the health summary are from the API definition. They were not verified on a live system.
seealso:
  - module: siterecovery.hyperv.symptom_info
"""

EXAMPLES = r"""
- name: Look for symptoms of known problems in the vault
  siterecovery.hyperv.azure_symptom_info:
    vault_name: vault-dr
    resource_group: rg-dr
  register: examined

- name: Show what to do
  ansible.builtin.debug:
    msg: "{{ examined.symptoms | map(attribute='fix') }}"
"""

RETURN = r"""
side:
  description: Always V(azure).
  returned: success
  type: str
  sample: azure
symptoms:
  description: The symptoms that the vault shows, in the order of C(docs/doctor.md).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the symptom, which never changes.
      returned: success
      type: str
      sample: job-machine-migrates
    side:
      description: The side that was read.
      returned: success
      type: str
      sample: azure
    step:
      description: Step of the setup guide.
      returned: success
      type: str
      sample: N3
    place:
      description: The kind of the sign, V(job), V(health) or V(vault).
      returned: success
      type: str
      sample: job
    sign:
      description: The observation that a person makes.
      returned: success
      type: str
      sample: a failed job of the vault has the code 23848
    seen:
      description: The place and the time at which it was found.
      returned: success
      type: str
      sample: job 6d9f8c1e, EnableDr of web, 2026-11-29T12:00:00
    cause:
      description: The cause.
      returned: success
      type: str
      sample: the machine is being migrated
    fix:
      description: The fix.
      returned: success
      type: str
      sample: wait until the migration has ended, then run again
    source:
      description: The public source.
      returned: success
      type: str
      sample: Azure documentation of 2016, Monitor and troubleshoot protection for virtual machines and physical servers
    repairable:
      description: Always V(false), because no repair changes Azure.
      returned: success
      type: bool
      sample: false
unread:
  description: Always empty, because a call that fails is an error of the task.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ..module_utils._module import run_info
from ..module_utils._services.azure.azure_symptom_info import read_symptoms

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "days": {"type": "int", "default": 30},
    "vmm_servers": {
        "type": "list",
        "elements": "dict",
        "options": {"name": {"type": "str", "required": True}, "registered": {"type": "bool", "required": True}},
    },
}


def main() -> None:
    run_info(options=OPTIONS, read=read_symptoms)


if __name__ == "__main__":
    main()
