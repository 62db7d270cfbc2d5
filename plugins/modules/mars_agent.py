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
  - An upgrade over more than four builds is refused, and the build to go through is named, because Microsoft supports
    upgrades from N-4 to N.
  - The installer is fetched by the host and checked against O(checksum), its signature and O(version).
  - An agent that is registered for Azure Backup is never touched, because Site Recovery does not support both on one
    host.
  - Nothing is begun while a restart is pending, or .NET Framework 4.6.2 or Windows PowerShell 5.1 is missing.
  - A stopped service of the agent is started, a disabled one is refused.
  - The agent is never registered. With VMM the hosts are made known to the vault through VMM.
  - How much of the network the agent uses is set with O(throttle), O(upload_threads) and O(download_threads). What is
    not given is left alone.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  install_path:
    description:
      - The folder of a new agent. The installer's own default when not given. It can't lie on a cluster shared volume.
    type: str
  cache_path:
    description:
      - The folder of a new agent's cache. C(Scratch) below the agent's folder when not given. It has to lie on a fixed
        drive of the host, not on a share, a removable drive or a cluster shared volume.
    type: str
  minimum_cache_gb:
    description:
      - The least free space of the cache's drive, in GB, below which a new agent is refused. The walkthrough asks for 5
        and advises 600. Newer documents no longer ask for a cache, so it can be lowered, with a warning.
    type: int
    default: 5
  throttle:
    description:
      - How much bandwidth replication may take, by hours. It is set as a whole with the agent's own commands, and read
        back from them.
    type: dict
    suboptions:
      enabled:
        description:
          - V(false) takes throttling away. Then nothing else is given.
        type: bool
        default: true
      work_days:
        description:
          - The days that have work hours.
        type: list
        elements: str
        choices: [sunday, monday, tuesday, wednesday, thursday, friday, saturday]
      work_hours_start:
        description:
          - When work hours begin, in the host's own time, as V(09:00). Put it in quotes, because YAML reads some times
            as numbers.
        type: str
      work_hours_end:
        description:
          - When work hours end, later than they begin.
        type: str
      work_hour_bandwidth:
        description:
          - The limit in work hours, in kbit/s (1024 bits per second), from 512 to 1047552 (1023 Mbit/s).
          - Older pages of Microsoft's documentation name 102 Mbit/s as the highest limit.
        type: int
      non_work_hour_bandwidth:
        description:
          - The limit at other times, in the same unit.
        type: int
  upload_threads:
    description:
      - How many threads the agent uses for each machine that it replicates, from 1 to 32. The agent itself takes 4.
      - A change restarts the agent's service.
    type: int
  download_threads:
    description:
      - How many threads it uses for each machine that is failed back from Azure, in the same way.
    type: int
notes:
  - Not verified on a real server is that the agent counts limits in bits per second, which its documentation only shows
    by an example; the names under which it shows its throttling (a build that shows none has it set at every run, which
    reports a change); and that it reads its threads when its service starts.
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

- name: Leave the line to people in work hours
  siterecovery.hyperv.mars_agent:
    source: https://mirror.contoso.example/MARSAgentInstaller.exe
    throttle:
      work_days: [monday, tuesday, wednesday, thursday, friday]
      work_hours_start: "08:00"
      work_hours_end: "18:00"
      work_hour_bandwidth: 20480
      non_work_hour_bandwidth: 102400
    upload_threads: 8
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
    throttle:
      description: The throttling; null when the agent does not show it.
      returned: when O(throttle) is given
      type: dict
      contains:
        enabled:
          description: Whether the agent is throttled. The rest is null when it is not.
          returned: success
          type: bool
          sample: true
        work_days:
          description: The days that have work hours.
          returned: success
          type: list
          elements: str
          sample: [monday, friday]
        work_hours_start:
          description: When work hours begin.
          returned: success
          type: str
          sample: "08:00"
        work_hours_end:
          description: When they end.
          returned: success
          type: str
          sample: "18:00"
        work_hour_bandwidth:
          description: The limit in work hours, in kbit/s.
          returned: success
          type: int
          sample: 20480
        non_work_hour_bandwidth:
          description: The limit at other times, in kbit/s.
          returned: success
          type: int
          sample: 102400
    upload_threads:
      description: The threads of replication; null when nobody has set them.
      returned: when O(upload_threads) is given
      type: int
      sample: 8
    download_threads:
      description: The threads of failback; null when nobody has set them.
      returned: when O(download_threads) is given
      type: int
      sample: 8
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
