#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mars_proxy
short_description: Have the proxy of the Recovery Services agent
version_added: 0.1.0
description:
  - Sets the agent's own proxy on a Hyper-V host with the agent's own commands, and restarts its service only when
    something changed (step H5).
  - The Provider's proxy on the VMM server does nothing for the hosts.
  - The proxy that is asked for replaces the present one, whoever set it, because an agent has only one and keeps no
    owner. With mode V(direct) or V(system) it is taken away. The agent of a host that is registered for Azure Backup is
    never touched.
  - Builds before update rollup 62 know no list of addresses that go round the proxy. On these it is refused.
  - Some builds of the agent do not show the proxy's user name. On these a new login alone is not seen; give
    O(update_password=always) once to have it set. A change that names no login is made with a warning there, because
    it may take one away.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  proxy:
    required: true
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.proxy
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.windows
notes:
  - While the proxy was changed and the service was not restarted yet, the id of its process stands in the registry of
    the host (C(HKLM\SOFTWARE\siterecovery.hyperv)), so that the next run knows. It is removed with the restart.
seealso:
  - module: siterecovery.hyperv.mars_agent
"""

EXAMPLES = r"""
- name: Have the agent's proxy
  siterecovery.hyperv.mars_proxy:
    proxy:
      mode: custom
      address: http://proxy.contoso.example
      port: 8080

- name: Have the agent go directly
  siterecovery.hyperv.mars_proxy:
    proxy:
      mode: direct
"""

RETURN = r"""
proxy:
  description: The agent's proxy after the run; in check mode as it is expected to be.
  returned: success
  type: dict
  contains:
    mode:
      description: V(custom), or the mode that was asked for.
      returned: success
      type: str
      sample: custom
    address:
      description: The proxy.
      returned: success
      type: str
      sample: http://proxy.contoso.example
    port:
      description: The port.
      returned: success
      type: int
      sample: 8080
    username:
      description: The login; never its password.
      returned: success
      type: str
      sample: svc-proxy
    bypass:
      description: Addresses that go round the proxy.
      returned: success
      type: list
      elements: str
      sample: []
    restart_due:
      description:
        - Whether the agent's service runs since before the last change, which a run made that was cut off. The next run
          restarts it.
      returned: success
      type: bool
      sample: false
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  sample:
    - path: address
      before: null
      after: http://proxy.contoso.example
      reason: set the agent's proxy; its service is restarted
evidence:
  description: For each step of the walkthrough what was found, done and verified.
  returned: success
  type: list
  elements: dict
  sample:
    - step: H5
      found: no proxy of its own
      done: set the agent's proxy; its service is restarted
      verified: proxy http://proxy.contoso.example:8080
"""
