#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mars_agent
short_description: Have the Recovery Services agent on a Hyper-V host
version_added: 0.1.0
description:
  - Installs or upgrades the Microsoft Azure Recovery Services agent on a Hyper-V host, without a window (steps H1, H3
    and H4). It is never downgraded, and never moved to another folder.
  - The installer is fetched by the host and checked against O(checksum), its signature and O(version).
  - An agent that is registered for Azure Backup is never touched, because Site Recovery does not support both on one
    host.
  - Nothing is begun while a restart is pending, or .NET Framework 4.6.2 or Windows PowerShell 5.1 is missing.
  - A stopped service of the agent is started.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  install_path:
    description:
      - The folder of a new agent. The installer's own default when not given.
    type: str
  cache_path:
    description:
      - The folder of a new agent's cache. C(Scratch) below the agent's folder when not given.
    type: str
  minimum_cache_gb:
    description:
      - The least free space of the cache's drive, in GB, below which a new agent is refused. The walkthrough asks for 5
        and advises 600. Newer documents no longer ask for a cache, so it can be lowered, with a warning.
    type: int
    default: 5
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.installer
  - siterecovery.hyperv.windows.setup
  - siterecovery.hyperv.common.changing
  - siterecovery.hyperv.common.windows
seealso:
  - module: siterecovery.hyperv.mars_proxy
"""

EXAMPLES = r"""
- name: Have the agent, its cache on another drive
  siterecovery.hyperv.mars_agent:
    source: https://mirror.contoso.example/MARSAgentInstaller.exe
    checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    version: 2.0.9260.0
    cache_path: D:\Scratch
"""

RETURN = r"""
agent:
  description: The agent after the run; in check mode as it is expected to be.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether it is there.
      returned: success
      type: bool
      sample: true
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
    cache_path:
      description: The cache's folder.
      returned: success
      type: str
      sample: D:\Scratch
    service:
      description: The state of its service.
      returned: success
      type: str
      sample: Running
reboot_required:
  description:
    - Whether the machine waits for a restart, because setup asked for one or Windows has one pending.
  returned: success
  type: bool
  sample: false
rebooted:
  description: Whether this run restarted the machine.
  returned: success
  type: bool
  sample: false
plan:
  description: What was, or in check mode would be, changed; empty when nothing is to do.
  returned: success
  type: list
  elements: dict
  sample:
    - path: version
      before: null
      after: 2.0.9260.0
      reason: install the agent 2.0.9260.0
evidence:
  description: For each step of the walkthrough what was found, done and verified.
  returned: success
  type: list
  elements: dict
  sample:
    - step: H4
      found: no agent
      done: install the agent 2.0.9260.0
      verified: agent 2.0.9260.0, service Running
"""
