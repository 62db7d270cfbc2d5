#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change or delete a replication policy for Hyper-V to Azure."""

from __future__ import annotations

DOCUMENTATION = r"""
module: replication_policy
short_description: Create, change or delete a replication policy for Hyper-V to Azure
version_added: 0.1.0
description:
  - Creates a replication policy in a vault, changes an existing one, or deletes one that no cloud uses (step N2).
  - Values that no option sets stay as they are. A new policy gets the values that the portal proposes.
  - A change also applies to machines that replicate already. The plan names the clouds that use the policy, and how
    many protected machines they have.
  - The module follows the job of each change to its end and reports the errors of the job.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - Name of the policy.
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
  state:
    description:
      - State of the policy. V(absent) refuses to delete a policy that is associated with a cloud.
    type: str
    choices: [present, absent]
    default: present
  recovery_point_retention:
    description:
      - Number of hours, V(0) to V(24), for which recovery points are kept. V(0) keeps only the latest one.
      - A new policy gets V(2) unless this option is set.
    type: int
  app_consistent_frequency:
    description:
      - Number of hours, V(0) to V(12), between application-consistent snapshots. V(0) takes none. It must be lower than
        the number of hours for which recovery points are kept.
      - Machines with dynamic disks in the guest need V(0).
      - A new policy gets V(1) unless this option is set, or V(0) if it keeps points for less than two hours.
    type: int
  copy_frequency:
    description:
      - Number of seconds between copies. V(30) is not possible for replicas on premium storage. The portal does not
        offer V(900) any more.
      - A new policy gets V(300) unless this option is set.
    type: int
    choices: [30, 300, 900]
  initial_replication_start:
    description:
      - Time of day at which the initial replication begins, such as V("22:00"). Use quotation marks. It is at most 24
        hours ahead. An empty string means at once.
    type: str
  storage_account:
    description:
      - Resource id of the storage account for machines that do not name their own. An empty string removes it.
    type: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
notes:
  - The role Site Recovery Contributor on the vault is sufficient.
  - Encryption by Site Recovery was retired on 2022-04-30. The module cannot enable it, and warns about it.
  - Not verified on a live system. No recording shows whether a change keeps the values that it leaves out, so the
    module sends all of them.
seealso:
  - module: siterecovery.hyperv.policy_association
  - module: siterecovery.hyperv.vault
"""

EXAMPLES = r"""
- name: Create a policy with recovery points of 24 hours
  siterecovery.hyperv.replication_policy:
    name: policy-gold
    vault_name: vault-dr
    resource_group: rg-dr
    recovery_point_retention: 24
    app_consistent_frequency: 4
    copy_frequency: 300

- name: Begin the initial replication at night
  siterecovery.hyperv.replication_policy:
    name: policy-night
    vault_name: vault-dr
    resource_group: rg-dr
    initial_replication_start: "22:00"

- name: Delete an unused policy
  siterecovery.hyperv.replication_policy:
    name: policy-old
    vault_name: vault-dr
    resource_group: rg-dr
    state: absent
"""

RETURN = r"""
replication_policy:
  description: The policy after the run, or in check mode the expected policy. Empty when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: Resource id. A new policy has none in check mode.
      returned: success
      type: str
      sample: /Subscriptions/<id>/.../vaults/vault-dr/replicationPolicies/policy-gold
    name:
      description: Name of the policy.
      returned: success
      type: str
      sample: policy-gold
    recovery_point_retention:
      description: Hours for which recovery points are kept.
      returned: success
      type: int
      sample: 24
    app_consistent_frequency:
      description: Hours between application-consistent snapshots.
      returned: success
      type: int
      sample: 4
    copy_frequency:
      description: Seconds between copies.
      returned: success
      type: int
      sample: 300
    initial_replication_start:
      description: Time of day at which the initial replication begins. Empty for at once.
      returned: success
      type: str
      sample: ""
    storage_account:
      description: Resource id of the storage account of the policy. Empty when there is none.
      returned: success
      type: str
      sample: ""
    encryption:
      description: Whether the policy uses the retired data encryption. A new policy does not show it in check mode.
      returned: success
      type: bool
      sample: false
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
      sample: copy_frequency
    before:
      description: Value before the change.
      returned: success
      type: raw
      sample: 900
    after:
      description: Value after the change.
      returned: success
      type: raw
      sample: 300
    reason:
      description: Description of the change.
      returned: success
      type: str
      sample: "policy policy-gold: copy frequency 15 min -> copy frequency 5 min"
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
      sample: N2
    found:
      description: Initial state.
      returned: success
      type: str
      sample: "no policy"
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: "policy policy-gold: copy frequency 15 min -> copy frequency 5 min"
    verified:
      description: State after the run.
      returned: success
      type: str
      sample: "policy policy-gold: 24 h of recovery points, snapshots every 4 h, copies every 300 s"
"""

from ..module_utils._model.azure.options import WAIT_OPTIONS
from ..module_utils._model.azure.policy_plan import OPTIONS as POLICY_OPTIONS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.replication_policy import build

OPTIONS = {**POLICY_OPTIONS, **WAIT_OPTIONS}


def main() -> None:
    run_resource_module(result="replication_policy", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
