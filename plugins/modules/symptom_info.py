#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: symptom_info
short_description: Look for symptoms of known problems on a VMM server or a Hyper-V host
version_added: 0.1.0
description:
  - Reads a Windows machine in one remote execution, compares its state, the logs of setup and agent, its event logs and
    its scheduled tasks with a table of known problems, and returns cause, fix and public source of each problem.
    C(docs/doctor.md) lists the table.
  - The newest log of each program and the events of O(days) are searched. The result contains no line of a log.
  - Cause and fix of a symptom that a check of M(siterecovery.hyperv.host_info) reports are those of the check.
  - A log that cannot be read ends no other reading. The result names it.
  - The module changes nothing. A symptom does not fail the task. M(siterecovery.hyperv.symptom_repair) removes some
    of them.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  kind:
    description:
      - The role of the machine.
    type: str
    choices: [vmm_server, hyperv_host]
    required: true
  days:
    description:
      - The age in days above which logs and events are history.
    type: int
    default: 30
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.common.reading
notes:
  - The names of the event logs and the signs in logs are from public documents. They were not verified on a live
    system.
seealso:
  - module: siterecovery.hyperv.azure_symptom_info
  - module: siterecovery.hyperv.host_info
  - module: siterecovery.hyperv.symptom_repair
"""

EXAMPLES = r"""
- name: Look for symptoms of known problems
  siterecovery.hyperv.symptom_info:
    kind: hyperv_host
  register: examined

- name: Show what to do
  ansible.builtin.debug:
    msg: "{{ examined.symptoms | map(attribute='fix') }}"
"""

RETURN = r"""
side:
  description: The role of the machine, as in O(kind).
  returned: success
  type: str
  sample: hyperv_host
symptoms:
  description: The symptoms that the machine shows, in the order of C(docs/doctor.md).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the symptom, which never changes.
      returned: success
      type: str
      sample: agent-service
    side:
      description: The side that was read.
      returned: success
      type: str
      sample: hyperv_host
    step:
      description: Step of the setup guide.
      returned: success
      type: str
      sample: H4
    place:
      description: The kind of the sign, V(check), V(log), V(event) or V(task).
      returned: success
      type: str
      sample: check
    sign:
      description: The observation that a person makes.
      returned: success
      type: str
      sample: replication of all virtual machines of a host stops
    seen:
      description: The place and the time at which it was found.
      returned: success
      type: str
      sample: check agent-service
    cause:
      description: The cause.
      returned: success
      type: str
      sample: the agent's service (obengine) is Stopped
    fix:
      description: The fix.
      returned: success
      type: str
      sample: start it
    source:
      description: The public source.
      returned: success
      type: str
      sample: azure-docs issue 68695
    repairable:
      description: Whether M(siterecovery.hyperv.symptom_repair) can remove it.
      returned: success
      type: bool
      sample: true
unread:
  description: Readings that failed, one line each. Symptoms there are not known.
  returned: success
  type: list
  elements: str
  sample: []
absent_logs:
  description: Event logs that the machine does not have.
  returned: success
  type: list
  elements: str
  sample: []
vmm_server:
  description:
    - Name and registration of the VMM server, for O(siterecovery.hyperv.azure_symptom_info#module:vmm_servers).
  returned: success
  type: dict
  sample: {name: vmm01.example.com, registered: true}
"""
