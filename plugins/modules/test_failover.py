#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the failover of protected machines or a recovery plan, and clean up."""

from __future__ import annotations

DOCUMENTATION = r"""
module: test_failover
short_description: Test the failover of protected machines, and clean up
version_added: 0.1.0
description:
  - Ensures that the failover of machines, or of a recovery plan, was tested recently (step N4). A test failover starts
    a copy of each machine in an isolated network. Production and replication continue.
  - The same task cleans up, also after a test that failed, unless O(cleanup=false).
  - The result contains the evidence of each test, which is its jobs with all tasks, the recovery point, RTO and RPO,
    the health before and after, and whether the copy ran and is deleted.
  - A machine whose last test failover succeeded within O(valid_hours) is not tested again, so an interrupted run over
    many machines continues with the others.
  - The module tests no machine if one of them cannot be tested. A test that fails does not end the others.
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
      - Name of a recovery plan. The failover of all its machines is tested, in the order of its groups. O(vmm_server)
        and O(vmm_cloud) have no meaning for it.
    type: str
  vmm_server:
    description:
      - Friendly name of the VMM server of the machines. Without it, all VMM servers of the vault are searched.
    type: str
  vmm_cloud:
    description:
      - Name of the VMM cloud of the machines. Without it, all clouds are searched.
    type: str
  network:
    description:
      - Name or resource id of the isolated network in which the copies start. Required for O(state=tested), unless
        O(without_network=true).
      - A network that machines join at a real failover, or one that is peered with it, is rejected.
    type: str
  network_resource_group:
    description:
      - Resource group of O(network). Required with the name of a network.
    type: str
  without_network:
    description:
      - Start the copies without any connection.
    type: bool
    default: false
  i_know_that_this_network_is_not_isolated:
    description:
      - Name of O(network), as consent to use it although it is connected with production. A copy of a machine can then
        meet the machine itself.
    type: str
  recovery_point:
    description:
      - Recovery point that is used. With V(latest), the service first processes all data that it has.
        V(latest_processed) is the newest point that is ready, which takes the least time.
    type: str
    choices: [latest, latest_processed, latest_application_consistent]
    default: latest
  recovery_point_time:
    description:
      - Use the newest recovery point up to this time, in ISO 8601, instead of O(recovery_point). Without a time zone it
        is UTC. It does not apply to O(recovery_plan).
    type: str
  state:
    description:
      - With V(tested), the failover was tested within O(valid_hours). With V(cleaned_up), no test failover is open.
    type: str
    choices: [tested, cleaned_up]
    default: tested
  cleanup:
    description:
      - Clean up after the test. With V(false), the copies keep running and cost money until a task with
        O(state=cleaned_up).
    type: bool
    default: true
  comments:
    description:
      - Notes that the service keeps in the job of the cleanup.
    type: str
    default: Cleaned up by siterecovery.hyperv.test_failover
  open_test:
    description:
      - The treatment of a test failover that is open or running already, for example because a run was interrupted. It
        can also be the test of another user, so the default is V(refuse).
      - With V(resume), it becomes the result of this run, which follows it, collects its evidence and cleans up. With
        V(clean_up), it is ended first.
    type: str
    choices: [refuse, resume, clean_up]
    default: refuse
  manual_actions:
    description:
      - The treatment of the manual actions of O(recovery_plan). With V(wait), the module waits until a person completes
        each of them in the portal. With V(complete), it completes them itself.
      - A test that waits for a person is canceled if O(open_test=clean_up) or O(state=cleaned_up) ends it.
    type: str
    choices: [wait, complete]
    default: wait
  valid_hours:
    description:
      - Hours for which a successful test failover counts. With V(0), every run tests.
      - Tests of single machines do not count for a recovery plan, because they prove nothing about its boot order.
    type: int
    default: 24
  concurrent:
    description:
      - Number of machines that are tested at the same time.
    type: int
    default: 10
  wait_timeout:
    description:
      - Maximum time in seconds to wait for all jobs. A test failover takes 5 to 15 minutes, a cleanup 1 to 3 minutes.
        The jobs continue in Azure, and O(open_test) tells how the next run resumes them.
    type: int
    default: 7200
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.changing
notes:
  - The role Site Recovery Operator on the vault is sufficient, because the module follows jobs. The power state of a
    copy is null if the identity may not read virtual machines.
  - Only direct peerings of the network are read. A gateway or a virtual WAN can also connect it with production.
  - The domain controllers, DNS servers and licenses that the copies need in the isolated network are not created.
  - Not verified on a live system. The jobs and states come from recordings of real vaults.
seealso:
  - module: siterecovery.hyperv.job_info
  - module: siterecovery.hyperv.recovery_plan
"""

EXAMPLES = r"""
- name: Test the failover of two machines in an isolated network, and clean up
  siterecovery.hyperv.test_failover:
    vault_name: vault-dr
    resource_group: rg-dr
    machines:
      - web01
      - sql01
    network: vnet-drill
    network_resource_group: rg-dr
    recovery_point: latest_application_consistent
    comments: Quarterly drill
  register: drill

- name: End a test failover that was left open
  siterecovery.hyperv.test_failover:
    vault_name: vault-dr
    resource_group: rg-dr
    machines:
      - web01
    state: cleaned_up
"""

RETURN = r"""
test_failover:
  description: The machines or the plan, and the test failovers of this run.
  returned: success
  type: dict
  contains:
    subjects:
      description: The machines or the plan with C(name), C(kind), C(state), C(open) and C(last_tested).
      returned: success
      type: list
      elements: dict
      sample:
        - {"name": web01, "kind": machine, "state": "ready (Protected, Protected)", "open": false, "last_tested": null}
    runs:
      description:
        - The evidence of each test failover of this run. A failed task returns it as C(error.runs).
        - C(rto_seconds) is the time from the start to the end of the job, C(machines[].rpo_seconds) the time from the
          recovery point to the start of the job.
        - The test of a recovery plan has C(groups) with their durations. C(machines[].group) is the number of the group
          with which the machine started, C(machines[].rto_seconds) the time from the start of the job until then.
        - C(machines[].deleted) is true if Azure no longer has the copy after the cleanup, and null if the identity may
          not read it.
      returned: success
      type: list
      elements: dict
      sample:
        - name: web01
          kind: machine
          succeeded: true
          problems: []
          rto_seconds: 277.0
          groups: []
          machines:
            - name: web01
              group:
              rto_seconds: 277.0
              test_vm: web01-test
              power_state: running
              deleted: true
              rpo_seconds: 12.0
          cleanup_comments: Quarterly drill
plan:
  description: The changes that were made, or in check mode would be made.
  returned: success
  type: list
  elements: dict
  sample:
    - path: web01.last_tested
      before:
      after: (known after apply)
      reason: test the failover of web01 in network vnet-drill with the latest point, then clean up
evidence:
  description: The initial state, the changes and the verified state for each step of the setup guide.
  returned: success
  type: list
  elements: dict
  sample:
    - step: N4
      found: "machine web01: never tested"
      done: test the failover of web01 in network vnet-drill with the latest point, then clean up
      verified: "machine web01: last tested at 2026-03-01T13:27:58Z"
"""

from ..module_utils._model.azure.drill import OPEN_CHOICES
from ..module_utils._model.azure.drill_network import CONSENT
from ..module_utils._model.azure.recovery_point import KINDS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.test_failover import build

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "machines": {"type": "list", "elements": "str"},
    "recovery_plan": {"type": "str"},
    "vmm_server": {"type": "str"},
    "vmm_cloud": {"type": "str"},
    "network": {"type": "str"},
    "network_resource_group": {"type": "str"},
    "without_network": {"type": "bool", "default": False},
    CONSENT: {"type": "str"},
    "recovery_point": {"type": "str", "choices": list(KINDS), "default": "latest"},
    "recovery_point_time": {"type": "str"},
    "state": {"type": "str", "choices": ["tested", "cleaned_up"], "default": "tested"},
    "cleanup": {"type": "bool", "default": True},
    "comments": {"type": "str", "default": "Cleaned up by siterecovery.hyperv.test_failover"},
    "open_test": {"type": "str", "choices": list(OPEN_CHOICES), "default": "refuse"},
    "manual_actions": {"type": "str", "choices": ["wait", "complete"], "default": "wait"},
    "valid_hours": {"type": "int", "default": 24},
    "concurrent": {"type": "int", "default": 10},
    "wait_timeout": {"type": "int", "default": 7200},
}


def main() -> None:
    run_resource_module(result="test_failover", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
