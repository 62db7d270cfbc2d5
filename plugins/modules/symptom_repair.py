#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: symptom_repair
short_description: Repair symptoms of a VMM server or a Hyper-V host, or undo such repairs
version_added: 0.1.0
description:
  - Removes the symptoms that O(symptoms) names, where the machine shows them. Without a symptom nothing changes.
  - A repair starts a service that is stopped, and before that sets its startup type to automatic if it is disabled.
    C(docs/doctor.md) lists the symptoms with a repair.
  - Before each change, its value before and after is written to O(undo_file). With O(undo=true) the module puts back
    the values of this machine in that file, the last change first.
  - A value that is not the one that the repair wrote was changed by others since. It stays as it is, with a warning.
  - The service of a highly available VMM belongs to its cluster, so the module refuses to start it.
  - An undo that stops the VMM service is refused while VMM jobs run.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  kind:
    description:
      - The role of the machine.
    type: str
    choices: [vmm_server, hyperv_host]
    required: true
  symptoms:
    description:
      - Ids of symptoms, as the consent to repair them. The ids of the other kind of machine are ignored.
      - Required unless O(undo=true), and not allowed with it.
    type: list
    elements: str
  undo:
    description:
      - Put back what earlier repairs of this machine changed.
    type: bool
    default: false
  undo_file:
    description:
      - A JSON file on the controller that only its owner can read. Several machines and runs can share it.
      - An undo needs an existing file, and does not change it.
    type: path
    required: true
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.common.changing
seealso:
  - module: siterecovery.hyperv.symptom_info
"""

EXAMPLES = r"""
- name: Start the service of the agent where it is stopped
  siterecovery.hyperv.symptom_repair:
    kind: hyperv_host
    symptoms: [agent-service]
    undo_file: doctor-undo.json

- name: Undo the repairs
  siterecovery.hyperv.symptom_repair:
    kind: hyperv_host
    undo: true
    undo_file: doctor-undo.json
"""

RETURN = r"""
services:
  description: The services of the machine after the run. In check mode, their expected state.
  returned: success
  type: dict
  sample: {obengine: {status: Running, start_mode: Auto}}
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: obengine.status
      before: Stopped
      after: Running
      reason: start obengine
evidence:
  description: The initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: H1
      found: obengine is Stopped (Auto)
      done: start obengine
      verified: obengine is Running (Auto)
"""
