#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather information about Site Recovery jobs of a vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: job_info
short_description: Gather information about Site Recovery jobs of a vault
version_added: 0.1.0
description:
  - Returns the jobs of a vault, newest first, or with O(name) one job with all its tasks and errors.
  - The service returns only the 200 newest jobs of a list and does not say that there are more. The module warns and
    returns RV(complete=false) for a list of this length.
  - The service filters by time and state. The module itself filters a list by O(scenarios) and O(targets), so a list
    that is not complete can lack jobs of these.
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
  name:
    description:
      - Name of one job, a GUID. Other modules of this collection return it, and their messages contain it.
      - Mutually exclusive with the filters.
    type: str
  states:
    description:
      - Only return jobs in one of these states.
    type: list
    elements: str
    choices:
      - NotStarted
      - InProgress
      - Succeeded
      - Failed
      - Cancelled
      - PartiallySucceeded
      - CompletedWithInformation
      - Suspended
  scenarios:
    description:
      - Only return jobs of these scenarios, without regard to case, for example V(TestFailover).
    type: list
    elements: str
  targets:
    description:
      - Only return jobs about objects with one of these names or ids, without regard to case. The id of a virtual
        machine is that of VMM.
    type: list
    elements: str
  since:
    description:
      - Only return jobs of the period from this time, in ISO 8601. Without a time zone it is UTC.
    type: str
  until:
    description:
      - Only return jobs of the period up to this time, in ISO 8601. Without a time zone it is UTC.
    type: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
notes:
  - The role Site Recovery Reader on the vault is sufficient.
  - The state of a job is decisive. A job that succeeded can have errors, which are then information, and its tasks can
    have older states.
  - Not verified on a live system. The documents come from recordings of real vaults.
seealso:
  - module: siterecovery.hyperv.vmm_server_info
"""

EXAMPLES = r"""
- name: List the failed jobs of a day
  siterecovery.hyperv.job_info:
    vault_name: vault-dr
    resource_group: rg-dr
    states:
      - Failed
      - PartiallySucceeded
    since: "2026-03-01T00:00:00Z"
    until: "2026-03-02T00:00:00Z"

- name: Get one job with its tasks
  siterecovery.hyperv.job_info:
    vault_name: vault-dr
    resource_group: rg-dr
    name: ec5d5e7e-4f7c-4679-aed0-228c5951709d
"""

RETURN = r"""
jobs:
  description:
    - The jobs, newest first. Empty if the vault has no such job.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Resource id.
      returned: success
      type: str
      sample: /Subscriptions/<id>/resourceGroups/rg-dr/.../replicationJobs/ec5d5e7e-4f7c-4679-aed0-228c5951709d
    name:
      description: Name of the job, a GUID.
      returned: success
      type: str
      sample: ec5d5e7e-4f7c-4679-aed0-228c5951709d
    scenario:
      description: Kind of job.
      returned: success
      type: str
      sample: TestFailover
    title:
      description: Name of the scenario in the portal.
      returned: success
      type: str
      sample: Test failover
    state:
      description: State of the job.
      returned: success
      type: str
      sample: Succeeded
    target:
      description: Object of the job.
      returned: success
      type: dict
      sample: {"type": ProtectionEntity, "id": b1956159-f3d3-4317-86d4-94fb027c6d95, "name": web01}
    started:
      description: Start in UTC; null if it has not started.
      returned: success
      type: str
      sample: "2026-03-01T13:15:03Z"
    ended:
      description: End in UTC; null while it runs.
      returned: success
      type: str
      sample: "2026-03-01T13:27:58Z"
    seconds:
      description: Duration; null while it runs.
      returned: success
      type: float
      sample: 775.0
    allowed_actions:
      description: Actions that the service allows, such as V(Cancel) or V(Restart).
      returned: success
      type: list
      elements: str
      sample: []
    activity_id:
      description: Id for Azure support.
      returned: with O(name)
      type: str
      sample: 8ce975dc-1c6a-4a0d-8204-33072f915c85
    tasks:
      description:
        - Tasks in their order, each with C(id), C(name), C(title), C(state), C(started), C(ended), C(seconds),
          C(errors), and below C(tasks) those for single machines.
        - In the job of a recovery plan, C(group) is the type of a group, and C(job) the job of a machine in it.
        - The state of a task that was not run is V(Skipped).
      returned: with O(name)
      type: list
      elements: dict
      sample:
        - id: TestFailoverPreflightChecksTask
          title: Prerequisites check for test failover
          state: Succeeded
          started: "2026-03-01T13:15:12Z"
          ended: "2026-03-01T13:15:14Z"
          seconds: 1.9
          group:
          job:
          errors: []
          tasks: []
    errors:
      description:
        - Errors of the job and its tasks, each with C(code), C(message), C(provider_code), C(provider_message),
          C(cause), C(fix), C(level) and C(task).
      returned: with O(name)
      type: list
      elements: dict
      sample: []
    details:
      description: Details of the scenario, as the service returns them.
      returned: with O(name)
      type: dict
      sample: {"instanceType": TestFailoverJobDetails, "testFailoverStatus": Active}
complete:
  description: Whether the list is complete. It is false for a list of 200 jobs, the most that the service returns.
  returned: success
  type: bool
  sample: true
"""

from ..module_utils._model.azure.job_query import STATES
from ..module_utils._module import run_info
from ..module_utils._services.azure.job_info import read_jobs

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "name": {"type": "str"},
    "states": {"type": "list", "elements": "str", "choices": list(STATES)},
    "scenarios": {"type": "list", "elements": "str"},
    "targets": {"type": "list", "elements": "str"},
    "since": {"type": "str"},
    "until": {"type": "str"},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_jobs)


if __name__ == "__main__":
    main()
