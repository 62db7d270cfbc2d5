#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create or update a Recovery Services vault."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vault
short_description: Create or update a Recovery Services vault
version_added: 0.1.0
description:
  - Makes the vault that Site Recovery protects machines with, or brings an existing one to the wanted state (step B1).
  - Only options that are given are compared and changed. A vault is never moved and never deleted.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  name:
    description:
      - The vault's name, 2 to 50 letters, digits and hyphens, starting with a letter.
    type: str
    required: true
  location:
    description:
      - The region, V(westeurope) or V(West Europe). It can't be changed later.
    type: str
    required: true
  public_network_access:
    description:
      - Whether the vault answers on the public network. Left alone when not given; new vaults are V(enabled).
    type: str
    choices: [enabled, disabled]
extends_documentation_fragment:
  - siterecovery.hyperv.azure
  - siterecovery.hyperv.common.group
  - siterecovery.hyperv.common.tags
  - siterecovery.hyperv.common.wait
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.azure
seealso:
  - module: siterecovery.hyperv.vault_info
  - module: siterecovery.hyperv.vault_key
"""

EXAMPLES = r"""
- name: The vault for the branch offices
  siterecovery.hyperv.vault:
    name: vault-dr
    resource_group: rg-dr
    location: westeurope
    create_resource_group: true
    tags:
      owner: recovery-team
"""

RETURN = r"""
vault:
  description: The vault after the run; in check mode as it is expected to be.
  returned: success
  type: dict
  contains:
    id:
      description: The resource id.
      returned: success
      type: str
      sample: /subscriptions/<id>/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr
    name:
      description: The name.
      returned: success
      type: str
      sample: vault-dr
    resource_group:
      description: The resource group.
      returned: success
      type: str
      sample: rg-dr
    subscription_id:
      description: The subscription.
      returned: when the vault exists
      type: str
      sample: 00000000-0000-0000-0000-000000000000
    location:
      description: The region.
      returned: success
      type: str
      sample: westeurope
    sku:
      description: The pricing model.
      returned: success
      type: str
      sample: Standard
    public_network_access:
      description: Whether the vault answers on the public network.
      returned: success
      type: str
      sample: enabled
    private_endpoint_state:
      description: Whether Site Recovery uses private endpoints, V(None) or V(Enabled).
      returned: success
      type: str
      sample: None
    provisioning_state:
      description: The state of the last operation.
      returned: success
      type: str
      sample: Succeeded
    tags:
      description: The tags.
      returned: success
      type: dict
      sample: {"owner": "recovery-team"}
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  sample:
    - {path: tags, before: {}, after: {owner: recovery-team}, reason: ""}
evidence:
  description: For each step of the walkthrough what was found, done and verified.
  returned: success
  type: list
  elements: dict
  sample:
    - step: B1
      found: no vault
      done: create vault vault-dr in westeurope
      verified: "vault vault-dr in westeurope, Succeeded"
"""

from ..module_utils._module import GROUP_OPTIONS, TAG_OPTIONS, WAIT_OPTIONS, run_noun
from ..module_utils._services.vault import build

OPTIONS = {
    "name": {"type": "str", "required": True},
    "location": {"type": "str", "required": True},
    "public_network_access": {"type": "str", "choices": ["enabled", "disabled"]},
    **GROUP_OPTIONS,
    **TAG_OPTIONS,
    **WAIT_OPTIONS,
}


def main() -> None:
    run_noun(result="vault", options=OPTIONS, build=build)


if __name__ == "__main__":
    main()
