#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Associate clouds of VMM with a replication policy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_association
short_description: Associate clouds of VMM with a replication policy
version_added: 0.1.0
description:
  - Associates clouds with a policy, which prepares every Hyper-V host of these clouds for replication, or removes the
    associations (step N2). One call takes all clouds of a policy.
  - All jobs are started before the first one is followed. The jobs of all clouds are followed to their ends, and the
    message names each host that failed, with cause and remedy.
  - An association that failed earlier is removed before a new one is made, because it stays in the vault.
  - A cloud with another policy gets the wanted one. This is refused while machines of the cloud are protected.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  policy:
    description:
      - Name of the policy.
    type: str
    required: true
  clouds:
    description:
      - Names of the clouds in VMM, or their ids. Other clouds of the policy stay as they are.
    type: list
    elements: str
    required: true
  vmm_server:
    description:
      - Name of the VMM server of the clouds. Required if several servers have a cloud of the same name.
    type: str
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
      - State of the associations. V(absent) removes them with the configuration of the hosts, for which the VMM server
        must be connected. It is refused while machines are protected.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - Remove the associations in the vault only, for O(state=absent) and a VMM server that is lost. The hosts keep
        their configuration.
    type: bool
    default: false
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
notes:
  - The role Site Recovery Contributor on the vault is sufficient. The module follows the jobs and reads the lists of
    each server, which this role allows.
  - An association takes some minutes for each cloud. Clouds of the same call are prepared at the same time.
  - Each host needs the Recovery Services agent. If a host cannot be prepared, the association itself can exist, and the
    job has succeeded only in part. The module then fails, and names the host.
  - Not verified on a live system. No recording shows whether the service accepts several associations at the same time.
seealso:
  - module: siterecovery.hyperv.replication_policy
  - module: siterecovery.hyperv.vmm_cloud_sync
  - module: siterecovery.hyperv.mars_agent
"""

EXAMPLES = r"""
- name: Prepare two clouds for replication
  siterecovery.hyperv.policy_association:
    policy: policy-gold
    clouds:
      - Gold
      - Silver
    vault_name: vault-dr
    resource_group: rg-dr

- name: Remove the association of a cloud
  siterecovery.hyperv.policy_association:
    policy: policy-gold
    clouds:
      - Silver
    vmm_server: vmm01.example.com
    vault_name: vault-dr
    resource_group: rg-dr
    state: absent
"""

RETURN = r"""
policy_association:
  description: The clouds after the run, or in check mode as expected.
  returned: success
  type: dict
  contains:
    policy:
      description: Name of the policy.
      returned: success
      type: str
      sample: policy-gold
    clouds:
      description: The clouds of O(clouds), in the same order.
      returned: success
      type: list
      elements: dict
      contains:
        cloud:
          description: Name of the cloud.
          returned: success
          type: str
          sample: Gold
        cloud_id:
          description: Id of the cloud in VMM.
          returned: success
          type: str
          sample: 28a7b9eb-c2f9-47e8-91ff-697d0d719963
        vmm_server:
          description: Name of the VMM server.
          returned: success
          type: str
          sample: vmm01.example.com
        protected_items:
          description: Number of protected machines of the cloud.
          returned: success
          type: int
          sample: 0
        policy:
          description: Name of the policy of the cloud. Null without an association.
          returned: success
          type: str
          sample: policy-gold
        state:
          description: State of the association, such as V(Paired) or V(PairingFailed); V(NotPaired) without one.
          returned: success
          type: str
          sample: Paired
        health:
          description: Health of the association. Null without one.
          returned: success
          type: str
          sample: Normal
        name:
          description: Name of the association. Null without one.
          returned: success
          type: str
          sample: Gold-policy-gold
        id:
          description: Resource id of the association. Null without one.
          returned: success
          type: str
          sample: /Subscriptions/<id>/.../replicationProtectionContainerMappings/Gold-policy-gold
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
      sample: associate Gold
    before:
      description: Value before the change.
      returned: success
      type: raw
      sample: ""
    after:
      description: Value after the change.
      returned: success
      type: raw
      sample: associated with policy-gold
    reason:
      description: Description of the change.
      returned: success
      type: str
      sample: "associate cloud Gold with policy policy-gold"
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
      sample: "cloud Gold: no policy"
    done:
      description: Changes that were made, or in check mode would be made.
      returned: success
      type: str
      sample: "associate cloud Gold with policy policy-gold"
    verified:
      description: State after the run.
      returned: success
      type: str
      sample: "cloud Gold: Paired with policy-gold"
"""

from ..module_utils._model.azure.association_plan import OPTIONS as ASSOCIATION_OPTIONS
from ..module_utils._model.azure.options import WAIT_OPTIONS
from ..module_utils._module import run_resource_module
from ..module_utils._services.azure.policy_association import build

OPTIONS = {**ASSOCIATION_OPTIONS, **WAIT_OPTIONS}


def main() -> None:
    run_resource_module(result="policy_association", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
