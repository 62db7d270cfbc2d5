#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: validate_variables
short_description: Validate the variables of this collection's roles and playbooks
version_added: 0.1.0
description:
  - Validates every variable of the host that belongs to the named roles. It reports all mistakes at once, each in one
    line that begins with the name that the user wrote.
  - Every variable is evaluated, converted to the type of the role's specification, and checked against the rules that
    the modules apply before they connect.
  - An optional variable that is V(null) or empty text counts as not set, because surveys pass empty answers in this
    way.
  - Text is accepted where a list or a dictionary is expected, because surveys, extra variables and INI inventories
    provide only text. A list of texts is separated by commas or line breaks. A list of dictionaries is YAML or JSON.
    A dictionary is YAML, JSON or C(key=value).
  - A variable with the prefix of a role is an error when the role does not know it. The line names the most similar
    variable. A variable with the prefix C(site_) is an error only when its name is very similar to a known one.
  - The action runs on the controller and never connects to the host.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  roles:
    description:
      - The roles of this collection whose variables are validated, such as V(vmm_server). V(site) stands for the
        variables of the playbooks.
    type: list
    elements: str
    required: true
  provided_later:
    description:
      - Variables that the play sets after this task. They may be missing, or use variables that are not defined
        yet.
    type: list
    elements: str
    default: []
  stop:
    description:
      - Whether a mistake fails the task. With V(false) the task only returns it.
    type: bool
    default: true
extends_documentation_fragment:
  - siterecovery.hyperv.common
  - siterecovery.hyperv.common.reading
attributes:
  platform:
    support: full
    platforms: all
    description: Runs on the controller for hosts of any platform.
seealso:
  - plugin: siterecovery.hyperv.given
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Validate the variables before the first change
  siterecovery.hyperv.validate_variables:
    roles: [vmm_server]

- name: Record the mistakes for a report, and continue
  siterecovery.hyperv.validate_variables:
    roles: [azure_target, site]
    stop: false
  register: validated
"""

RETURN = r"""
checks:
  description: One failed check for each mistake. Empty when all variables are valid.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Always V(variables).
      returned: always
      type: str
      sample: variables
    step:
      description: The step of the setup guide that the variable belongs to.
      returned: always
      type: str
      sample: P6c
    severity:
      description: Always V(error).
      returned: always
      type: str
      sample: error
    status:
      description: Always V(fail).
      returned: always
      type: str
      sample: fail
    message:
      description: The broken rule, after the name of the variable.
      returned: always
      type: str
      sample: vmm_server_proxy.port must be from 1 to 65534, not 99999
    fix:
      description: The remedy.
      returned: always
      type: str
      sample: correct the number
status:
  description: V(error) when there is a mistake, and V(pass) otherwise.
  returned: always
  type: str
  sample: error
cloud_environment:
  description:
    - The Azure cloud of the login that the variables of the role P(siterecovery.hyperv.azure_target#role), the
      environment and the profile file describe. Empty when they are invalid.
  returned: when O(roles) contains V(site)
  type: str
  sample: AzureCloud
storage_accounts:
  description:
    - The names of the storage accounts in C(azure_target_storage_accounts). Empty when the list is invalid.
  returned: when O(roles) contains V(site)
  type: list
  elements: str
  sample: [stdrcontoso001]
values:
  description:
    - The variables in the types of the specifications, with their defaults. Secrets are left out, and so is every
      variable with a value that was encrypted inline.
  returned: always
  type: dict
  sample:
    vmm_server_clouds:
      - Gold
      - Silver
"""
