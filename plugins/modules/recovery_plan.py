#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change or delete a recovery plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: recovery_plan
short_description: Create, change or delete a recovery plan
version_added: 0.1.0
description:
  - Ensures that a recovery plan exists with the given machines in the given boot order, or that it is absent (step N4).
  - All machines of a plan fail over at the same time. Then the groups start one after the other, and the machines of
    one group start together.
  - Scripts, runbooks and manual actions of the groups stay. The module neither adds nor changes them.
  - Every machine that cannot be in the plan is named before anything is changed.
  - The module follows the job of each change to its end and reports the errors of the job.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - Name of the recovery plan, which has 2 to 63 letters, digits and hyphens. It begins with a letter and does not
        end with a hyphen.
    type: str
    required: true
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
  groups:
    description:
      - Groups in the order in which they start, at most seven of them with at most 100 machines together. The list is
        complete, so a machine that is not in it leaves the plan.
      - Group 1 of the list is group 1 of the plan, and keeps its actions. A group that has actions is never removed.
      - Required for a new plan. Without it, the groups of an existing plan stay as they are.
    type: list
    elements: dict
    suboptions:
      machines:
        description:
          - Names of protected machines, or their ids in VMM. A name that several machines have is rejected.
          - An empty list keeps a group without machines.
        type: list
        elements: str
        required: true
  vmm_server:
    description:
      - Friendly name of the VMM server of the machines. Without it, all VMM servers of the vault are searched. All
        machines of a plan belong to the same VMM server.
    type: str
  vmm_cloud:
    description:
      - Name of the VMM cloud of the machines. Without it, all clouds are searched.
    type: str
  state:
    description:
      - State of the plan. V(absent) refuses to delete a plan whose test failover is open.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
notes:
  - The role Site Recovery Contributor on the vault is sufficient.
  - A machine can be in several plans.
  - Not verified on a live system. The documents of plans and their jobs come from recordings of real vaults.
seealso:
  - module: siterecovery.hyperv.protected_vm
  - module: siterecovery.hyperv.test_failover
"""

EXAMPLES = r"""
- name: Start the database before the web servers
  siterecovery.hyperv.recovery_plan:
    name: shop
    vault_name: vault-dr
    resource_group: rg-dr
    groups:
      - machines:
          - sql01
      - machines:
          - web01
          - web02

- name: Delete a recovery plan
  siterecovery.hyperv.recovery_plan:
    name: shop-old
    vault_name: vault-dr
    resource_group: rg-dr
    state: absent
"""

RETURN = r"""
recovery_plan:
  description: The recovery plan after the run, or in check mode the expected plan. Empty when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: Resource id. A new plan has none in check mode.
      returned: success
      type: str
      sample: /Subscriptions/<id>/.../vaults/vault-dr/replicationRecoveryPlans/shop
    name:
      description: Name of the recovery plan.
      returned: success
      type: str
      sample: shop
    vmm_server:
      description: Friendly name of the VMM server of the machines.
      returned: success
      type: str
      sample: vmm01.example.com
    groups:
      description:
        - The groups in the order in which they start, with C(machines), C(start_actions) and C(end_actions).
        - A machine has C(name), C(id) in VMM and C(protected). An action has C(name), C(kind), which is C(manual),
          C(script) or C(runbook), C(operations) and C(directions).
      returned: success
      type: list
      elements: dict
      sample:
        - machines:
            - {"name": sql01, "id": a5246033-3af5-4905-8889-cfedaeea9540, "protected": true}
          start_actions: []
          end_actions:
            - {"name": Check, "kind": manual, "operations": [TestFailover], "directions": [PrimaryToRecovery]}
plan:
  description: The changes that were made, or in check mode would be made.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Key of the result that changes, or the name of an action.
      returned: success
      type: str
      sample: groups
    before:
      description: Value before the change.
      returned: success
      type: raw
      sample: []
    after:
      description: Value after the change.
      returned: success
      type: raw
      sample: []
    reason:
      description: Description of the change.
      returned: success
      type: str
      sample: "recovery plan shop: add web02 to group 2, remove web09 from group 2"
evidence:
  description: The initial state, the changes and the verified state.
  returned: success
  type: list
  elements: dict
  contains:
    step:
      description: Id of the step.
      returned: success
      type: str
      sample: N4
    found:
      description: Initial state.
      returned: success
      type: str
      sample: "recovery plan shop: 2 machines in 2 groups"
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: "recovery plan shop: add web02 to group 2"
    verified:
      description: State after the run.
      returned: success
      type: str
      sample: "recovery plan shop: 3 machines in 2 groups"
"""

from ..module_utils._model.azure.options import WAIT_OPTIONS
from ..module_utils._model.azure.recovery_plan_changes import OPTIONS as PLAN_OPTIONS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.recovery_plan import build

OPTIONS = {**PLAN_OPTIONS, **WAIT_OPTIONS}


def main() -> None:
    run_resource_module(result="recovery_plan", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
