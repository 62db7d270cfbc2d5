#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mars_agent_removal
short_description: Remove the Microsoft Azure Recovery Services (MARS) agent from a Hyper-V host
version_added: 0.1.0
description:
  - Removes the agent with its own installer (C(/q /d)), which is the documented way without user interaction.
  - Rejected while virtual machines of the host have a replication relationship. The error names them. It is rejected as
    well if the relationships cannot be read. A relationship of Hyper-V Replica between two hosts counts too.
  - An agent that is registered for Azure Backup is never removed.
  - The proxy and the limits of the agent are part of it, so they are removed with it. To remove only the proxy, use
    M(siterecovery.hyperv.mars_proxy).
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  wait_timeout:
    description:
      - The seconds to wait for the removal, which includes one that an interrupted run started. After the timeout the
        task fails, the removal continues, and the next run resumes the wait.
    type: int
    default: 3600
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.installer
  - siterecovery.hyperv.windows.setup_logon
  - siterecovery.hyperv.common.changing
notes:
  - Check mode reports a running removal and does not wait for it.
  - "Not verified on a live system: whether an installer also removes an agent of another version. Use the installer of
    the installed version, or a newer one."
seealso:
  - module: siterecovery.hyperv.mars_agent
  - module: siterecovery.hyperv.provider_removal
"""

EXAMPLES = r"""
- name: Remove the agent from a host whose machines are not protected anymore
  siterecovery.hyperv.mars_agent_removal:
    source: https://mirror.example.com/MARSAgentInstaller.exe
    checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

RETURN = r"""
agent:
  description: The agent after the run. In check mode, its expected state.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether it is installed.
      returned: success
      type: bool
      sample: false
    version:
      description: Its version.
      returned: success
      type: str
      sample: 2.0.9260.0
    install_path:
      description: Its folder.
      returned: success
      type: str
      sample: C:\Program Files\Microsoft Azure Recovery Services Agent
    service:
      description: The state of its service.
      returned: success
      type: str
      sample: Running
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: installed
      before: true
      after: false
      reason: remove the agent 2.0.9260.0
evidence:
  description: One entry with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: X1
      found: agent 2.0.9260.0, service Running
      done: remove the agent 2.0.9260.0
      verified: no agent
"""
