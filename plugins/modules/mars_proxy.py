#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mars_proxy
short_description: Configure the proxy of the Recovery Services agent
version_added: 0.1.0
description:
  - Sets the proxy of the agent on a Hyper-V host with the agent's own commands, and restarts its service only after a
    change (step H5).
  - The Provider's proxy on the VMM server does not apply to the hosts.
  - The requested proxy replaces the present one, because an agent has a single proxy and does not store who
    configured it. The modes V(direct) and V(system) remove it. The agent of a host that is registered for Azure
    Backup is never changed.
  - Builds before update rollup 62 do not support a bypass list, which is rejected there.
  - Some builds of the agent do not show the proxy's user name. On these, another login is not detected. Set
    O(update_password=always) once to set it. On such a build, a change without a login is made with a warning,
    because it may remove the login.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  proxy:
    required: true
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.proxy
  - siterecovery.hyperv.common.changing
notes:
  - From a change of the proxy until the restart of the service, the registry of the host contains the id of its process
    (C(HKLM\SOFTWARE\siterecovery.hyperv)), so that the next run can perform the restart.
seealso:
  - module: siterecovery.hyperv.mars_agent
"""

EXAMPLES = r"""
- name: Set the agent's proxy
  siterecovery.hyperv.mars_proxy:
    proxy:
      mode: custom
      address: http://proxy.example.com
      port: 8080

- name: Remove the agent's proxy
  siterecovery.hyperv.mars_proxy:
    proxy:
      mode: direct
"""

RETURN = r"""
proxy:
  description: The agent's proxy after the run. In check mode, its expected state.
  returned: success
  type: dict
  contains:
    mode:
      description: V(custom), or the requested mode.
      returned: success
      type: str
      sample: custom
    address:
      description: The address.
      returned: success
      type: str
      sample: http://proxy.example.com
    port:
      description: The port.
      returned: success
      type: int
      sample: 8080
    username:
      description: The user name of the login. The password is never returned.
      returned: success
      type: str
      sample: svc-proxy
    bypass:
      description: Addresses that bypass the proxy.
      returned: success
      type: list
      elements: str
      sample: []
    restart_due:
      description:
        - Whether the agent's service has not read the last change, because a run was interrupted. The next run
          restarts it.
      returned: success
      type: bool
      sample: false
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: address
      before: null
      after: http://proxy.example.com
      reason: set the agent's proxy and restart its service
evidence:
  description: One entry per step of the setup guide, with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: H5
      found: no custom proxy
      done: set the agent's proxy and restart its service
      verified: proxy http://proxy.example.com:8080
"""
