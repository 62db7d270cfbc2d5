#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examine the collection's assumptions about Azure."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_assumption_info
short_description: Examine the collection's assumptions about a subscription and a Recovery Services vault
version_added: 0.1.0
description:
  - Sends only reading calls and decides, for each assumption of the collection that a look at a real subscription
    can settle, whether it holds there. C(docs/assumptions.md) lists the assumptions.
  - A call that Azure refuses ends no other one. Its assumptions could not be settled then, and the code of the refusal
    is the reason. A sign-in that is refused fails the task.
  - Some assumptions are about names that do not exist. The module asks for a vault, a resource group and a VMM server
    with a random name.
  - Assumptions that need a change of the subscription are listed as not settled, with the command that settles them.
  - The module changes nothing. An assumption that does not hold does not fail the task.
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
  vmm_ids:
    description:
      - Ids of VMM servers as their registries hold them, see
        RV(siterecovery.hyperv.assumption_info#module:vmm_id). They are compared with the servers of the vault.
    type: list
    elements: str
  vmm_cloud_ids:
    description:
      - Ids of VMM clouds, see RV(siterecovery.hyperv.assumption_info#module:vmm_cloud_ids). They are compared with the
        protection containers of the vault.
    type: list
    elements: str
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.reading
seealso:
  - module: siterecovery.hyperv.assumption_info
"""

EXAMPLES = r"""
- name: Examine the assumptions about Azure
  siterecovery.hyperv.azure_assumption_info:
    vault_name: vault-dr
    resource_group: rg-dr
  register: examined

- name: Show the assumptions that do not hold
  ansible.builtin.debug:
    msg: "{{ examined.assumptions | selectattr('status', 'equalto', 'does_not_hold') | map(attribute='message') }}"
"""

RETURN = r"""
side:
  description: Always V(azure).
  returned: success
  type: str
  sample: azure
assumptions:
  description: Each assumption about Azure, in the order of C(docs/assumptions.md).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the assumption, which never changes.
      returned: success
      type: str
      sample: A-A-40
    side:
      description: The side that was looked at.
      returned: success
      type: str
      sample: azure
    status:
      description: V(holds), V(does_not_hold) or V(could_not_look).
      returned: success
      type: str
      sample: holds
    observed:
      description: The facts that decided it. Forms, counts and names of the service, no values of the subscription.
      returned: success
      type: dict
      sample: {networks: 1, networks_with_etag: 1, subnets: 2, subnets_with_etag: 2}
    reason:
      description: The reason why nothing was settled; empty otherwise.
      returned: success
      type: str
      sample: ""
    message:
      description: The same as one line.
      returned: success
      type: str
      sample: Virtual networks and their subnets carry an etag.
facts:
  description: Versions of the API that the installed SDK sends.
  returned: success
  type: dict
  sample: {api_versions: {Microsoft.RecoveryServices/vaults: "2026-11-01"}}
identifiers:
  description: Names and ids of the subscription that a report must not hold.
  returned: success
  type: list
  elements: str
  sample: [vault-dr, rg-dr]
"""

from ..module_utils._module import run_info
from ..module_utils._services.azure.azure_assumption_info import read_assumptions

OPTIONS = {
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "vmm_ids": {"type": "list", "elements": "str"},
    "vmm_cloud_ids": {"type": "list", "elements": "str"},
}


def main() -> None:
    run_info(options=OPTIONS, read=read_assumptions)


if __name__ == "__main__":
    main()
