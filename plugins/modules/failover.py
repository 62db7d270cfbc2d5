#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fail machines over to Azure and back, one step in each task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: failover
short_description: Fail machines over to Azure and back
version_added: 0.1.0
description:
  - Brings protected machines one step further on the way to Azure and back. A task does one step only, and none without
    O(i_know_that_this_stops_production).
  - The order of the steps is V(failed_over), V(committed), V(failed_back), V(committed), V(reversed). After the last
    one, the machines are protected as before.
  - A machine that is in the desired state already is not changed. A run that was interrupted is run again, finds the
    running job and follows it.
  - A machine that cannot take the step does not hold up the others. The task fails at its end and names the reason.
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
  machines:
    description:
      - Names of protected machines, or their ids in VMM. A name that several machines have is rejected.
      - Mutually exclusive with O(recovery_plan). One of them is required.
    type: list
    elements: str
  recovery_plan:
    description:
      - Name of a recovery plan. The step is one operation of the plan, with its groups and actions. A plan of which one
        machine cannot take the step is not changed.
    type: str
  manual_actions:
    description:
      - The treatment of manual actions of O(recovery_plan). With V(wait), the task waits until a person has completed
        them in the portal. With V(complete), it completes them.
    type: str
    choices: [wait, complete]
    default: wait
  vmm_server:
    description:
      - Friendly name of the VMM server of the machines. Without it, all VMM servers of the vault are searched.
    type: str
  vmm_cloud:
    description:
      - Name of the VMM cloud of the machines. Without it, all clouds are searched.
    type: str
  i_know_that_this_stops_production:
    description:
      - Name of the vault, as consent to the step of this run. Any other value is rejected before a call is made.
      - Give it on the command line and never store it in a file, because it is meant for one run.
    type: str
  state:
    description:
      - With V(failed_over), the machines run in Azure.
      - With V(committed), the last failover or failback is committed. The commit of a failover drops all recovery
        points. The commit of a failback deletes the machine in Azure and its disks.
      - With V(failed_back), the machines run on premises again. The machine in Azure is shut down.
      - With V(reversed), the machines are replicated to Azure again after a failback, and are ready for a failover.
        Only the changes since the failback are copied.
    type: str
    choices: [failed_over, committed, failed_back, reversed]
    required: true
  kind:
    description:
      - The kind of failover for O(state=failed_over). With V(planned), a machine is shut down on premises, its last
        changes are copied, and nothing is lost. If it does not shut down, it is not failed over.
      - With V(unplanned), it starts in Azure from a recovery point. Changes after that point are lost.
    type: str
    choices: [planned, unplanned]
    default: planned
  shut_down:
    description:
      - Try to shut the machine down on premises before an unplanned failover, which goes on if that fails. With
        V(false), nothing on premises is contacted.
    type: bool
    default: true
  recovery_point:
    description:
      - Recovery point of an unplanned failover. With V(latest), the service first processes all data that it has.
        V(latest_processed) is the newest point that is ready, which takes the least time.
    type: str
    choices: [latest, latest_processed, latest_application_consistent]
    default: latest
  recovery_point_time:
    description:
      - Use the newest recovery point up to this time, in ISO 8601, instead of O(recovery_point). Without a time zone it
        is UTC. It does not apply to O(recovery_plan).
    type: str
  synchronization:
    description:
      - How a failback copies the data. With V(before_failback), most of it is copied while the machine runs in Azure,
        which is then shut down for the rest. If the service waits for a confirmation before that, the module gives it.
      - With V(during_failback), the machine in Azure is shut down first, and all of its disks are downloaded. The
        documentation of Site Recovery advises it after a month in Azure.
    type: str
    choices: [before_failback, during_failback]
    default: before_failback
  create_missing_machines:
    description:
      - For O(state=failed_back), create a machine on premises that is gone, instead of a failure. VMM chooses the host,
        which needs the Recovery Services agent.
      - Such a failback downloads all of the disks. Disks that were excluded from the replication do not come back.
      - It does not apply to the other states.
    type: bool
    default: false
  concurrent:
    description:
      - Number of machines whose step runs at the same time.
    type: int
    default: 10
  wait_timeout:
    description:
      - Maximum time in seconds to wait for all jobs. A failover takes about 15 minutes, a failback as long as the copy
        of the data. The jobs continue in Azure, and the next run follows them.
    type: int
    default: 7200
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.changing
notes:
  - The role Site Recovery Operator on the vault is sufficient, because the module follows jobs.
  - No task does two steps, and no other module or playbook of the collection fails a machine over.
  - A job of a failback is never canceled, because that leaves the disks on premises in an unusable state.
  - A machine that was deleted on premises can be failed back with O(create_missing_machines=true) only.
  - Not verified on a live system. The order of the steps is documented, and the jobs and states come from recordings of
    real vaults.
seealso:
  - module: siterecovery.hyperv.test_failover
  - module: siterecovery.hyperv.job_info
"""

EXAMPLES = r"""
# ansible-playbook failover.yml -e i_know_that_this_stops_production=vault-dr
- name: Fail two machines over to Azure without loss of data
  siterecovery.hyperv.failover:
    vault_name: vault-dr
    resource_group: rg-dr
    machines:
      - web01
      - sql01
    state: failed_over
    i_know_that_this_stops_production: "{{ i_know_that_this_stops_production | default(omit) }}"
  register: failover

- name: Fail a machine over to Azure although the site is down
  siterecovery.hyperv.failover:
    vault_name: vault-dr
    resource_group: rg-dr
    machines:
      - web01
    state: failed_over
    kind: unplanned
    i_know_that_this_stops_production: "{{ i_know_that_this_stops_production | default(omit) }}"

- name: Fail a machine back that was lost with its host
  siterecovery.hyperv.failover:
    vault_name: vault-dr
    resource_group: rg-dr
    machines:
      - web01
    state: failed_back
    synchronization: during_failback
    create_missing_machines: true
    i_know_that_this_stops_production: "{{ i_know_that_this_stops_production | default(omit) }}"
"""

RETURN = r"""
failover:
  description: The machines, and the operations of this run.
  returned: success
  type: dict
  contains:
    machines:
      description:
        - The machines with C(name), C(vm_id), C(place), C(active_location), C(protection_state), C(allowed_operations),
          C(running_job), C(next_state) and C(group), which is the number of its group in O(recovery_plan).
        - C(place) is one of V(protected), V(failed_over), V(failover_committed), V(failed_back), V(failback_committed),
          V(copying) and V(other). C(next_state) is the O(state) of the next step, and null while a job runs.
      returned: success
      type: list
      elements: dict
      sample:
        - name: web01
          vm_id: 5d2a7b1f-9c5e-4f0a-8a55-3f2f6f1d9a01
          place: failed_over
          active_location: Recovery
          protection_state: PlannedFailoverCommitRequired
          allowed_operations: [CompleteMigration, Commit, DisableProtection, ChangePit]
          running_job:
          next_state: committed
          group:
    recovery_plan_job:
      description:
        - The job of O(recovery_plan) with its groups, machines and actions. A failed task returns it as
          C(error.recovery_plan_job).
      returned: success
      type: dict
    runs:
      description:
        - The evidence of each operation of this run. A failed task returns it as C(error.runs).
        - C(seconds) is the duration of the job, and C(job.tasks[].seconds) that of each task. C(rpo_seconds) is the
          time from the recovery point to the start of the job.
      returned: success
      type: list
      elements: dict
      sample:
        - name: web01
          operation: failover
          succeeded: true
          problem:
          seconds: 580.0
          azure_vm: web01
          recovery_point_time: "2026-03-01T13:27:58Z"
          rpo_seconds: 0.0
plan:
  description: The changes that were made, or in check mode would be made.
  returned: success
  type: list
  elements: dict
  sample:
    - path: web01.place
      before: protected
      after: failed_over
      reason: "fail web01 over to Azure: shut it down, copy the last changes, and start it there"
evidence:
  description: The initial state, the changes and the verified state for each step of the setup guide.
  returned: success
  type: list
  elements: dict
  sample:
    - step: N4
      found: web01 runs on premises and is protected (Protected)
      done: "fail web01 over to Azure: shut it down, copy the last changes, and start it there"
      verified: web01 runs in Azure, not committed (PlannedFailoverCommitRequired)
"""

from ..module_utils._model.azure.failover import CONSENT, KINDS, STATES, SYNCHRONIZATIONS
from ..module_utils._model.azure.recovery_point import KINDS as POINTS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.failover import build, require_valid

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "machines": {"type": "list", "elements": "str"},
    "recovery_plan": {"type": "str"},
    "manual_actions": {"type": "str", "choices": ["wait", "complete"], "default": "wait"},
    "vmm_server": {"type": "str"},
    "vmm_cloud": {"type": "str"},
    CONSENT: {"type": "str"},
    "state": {"type": "str", "choices": list(STATES), "required": True},
    "kind": {"type": "str", "choices": list(KINDS), "default": "planned"},
    "shut_down": {"type": "bool", "default": True},
    "recovery_point": {"type": "str", "choices": list(POINTS), "default": "latest"},
    "recovery_point_time": {"type": "str"},
    "synchronization": {"type": "str", "choices": list(SYNCHRONIZATIONS), "default": "before_failback"},
    "create_missing_machines": {"type": "bool", "default": False},
    "concurrent": {"type": "int", "default": 10},
    "wait_timeout": {"type": "int", "default": 7200},
}


def main() -> None:
    run_resource_module(result="failover", options=OPTIONS, build=build, build_local=require_valid)


if __name__ == "__main__":
    main()
