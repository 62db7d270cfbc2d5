#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mars_agent
short_description: Install the Microsoft Azure Recovery Services (MARS) agent on a Hyper-V host
version_added: 0.1.0
description:
  - Installs or upgrades the Microsoft Azure Recovery Services agent on a Hyper-V host, without user interaction
    (steps H1, H3 and H4). The agent is never downgraded and never moved to another folder.
  - An upgrade over more than four builds is rejected, because Microsoft supports upgrades from N-4 to N. The error
    names the build to install first. O(allow_unsupported_upgrade) allows the upgrade.
  - The host downloads the installer and verifies O(checksum), its signature and O(version).
  - An agent that is registered for Azure Backup is never changed, because Site Recovery does not support both on one
    host.
  - Setup does not start while a restart is pending, or without .NET Framework 4.6.2 or Windows PowerShell 5.1.
  - A stopped service of the agent is started. A disabled service is rejected.
  - The agent is never registered. With VMM, the vault learns about the hosts through VMM.
  - The options O(throttle), O(upload_threads) and O(download_threads) limit the use of the network. Limits that are
    not set are not changed.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  install_path:
    description:
      - The folder of a new agent. The default is that of the installer. It must not be on a cluster shared volume.
    type: str
  cache_path:
    description:
      - The folder of a new agent's cache. The default is C(Scratch) in the folder of the agent. It must be on a fixed
        drive of the host, not on a share, a removable drive or a cluster shared volume.
    type: str
  minimum_cache_gb:
    description:
      - The least free space of the cache's drive in GB. With less, a new agent is rejected. The setup guide of 2017
        requires 5 GB and recommends 600 GB. Newer documents do not mention a cache, so a lower value is accepted with
        a warning.
    type: int
    default: 5
  drain:
    description:
      - The preparation of a cluster node for a restart with O(reboot).
      - V(cluster) pauses the node and moves its virtual machines to the other nodes, as C(Suspend-ClusterNode -Drain)
        does. After the restart it resumes the node and moves the machines back, as C(Resume-ClusterNode -Failback
        Immediate) does. It first waits until all other nodes are up. A host without a cluster is not drained.
      - If machines remain on the node, or if the time limit ends, the node is resumed and not restarted. A warning
        gives the reason.
      - If a run is interrupted, the next run resumes the node. A node that others have paused is never resumed.
      - One run restarts the nodes of a cluster one after the other, with any value.
    type: str
    choices: [none, cluster]
    default: none
  drain_timeout:
    description:
      - The seconds to wait until the other nodes are up and the node is drained. It does not include the restart.
    type: int
    default: 3600
  begin_before:
    description:
      - The end of a change window, as a date and a time in ISO 8601 such as V(2026-12-05T05:00:00+01:00). A task that
        begins later fails before it connects to the host. A task that has begun is finished.
      - A time without an offset is one of the controller.
    type: str
notes:
  - "Not verified on a live system: the agent counts limits in bits per second, which its documentation shows only in
    an example."
  - "Not verified on a live system: the property names under which the agent shows its throttling. A build that shows
    none gets the limits in every run, which reports a change."
  - "Not verified on a live system: the drain of a cluster node. It uses only documented commands and states."
  - "Not verified on a live system: the agent reads the numbers of threads when its service starts."
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.agent_limits
  - siterecovery.hyperv.windows.installer
  - siterecovery.hyperv.windows.setup
  - siterecovery.hyperv.windows.setup_logon
  - siterecovery.hyperv.common.changing
seealso:
  - module: siterecovery.hyperv.mars_proxy
"""

EXAMPLES = r"""
- name: Install the agent with its cache on another drive
  siterecovery.hyperv.mars_agent:
    source: https://mirror.example.com/MARSAgentInstaller.exe
    checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    version: 2.0.9260.0
    cache_path: D:\Scratch

- name: Throttle replication during business hours
  siterecovery.hyperv.mars_agent:
    source: https://mirror.example.com/MARSAgentInstaller.exe
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
  description: The agent after the run. In check mode, its expected state.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether it is installed.
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
      description: The folder of its cache.
      returned: success
      type: str
      sample: D:\Scratch
    service:
      description: The state of its service.
      returned: success
      type: str
      sample: Running
    throttle:
      description: The throttling. Null if the agent does not show it.
      returned: when O(throttle) is set
      type: dict
      contains:
        enabled:
          description: Whether the agent is throttled. If not, all other keys are null.
          returned: success
          type: bool
          sample: true
        work_days:
          description: The days with work hours.
          returned: success
          type: list
          elements: str
          sample: [monday, friday]
        work_hours_start:
          description: The start of work hours.
          returned: success
          type: str
          sample: "08:00"
        work_hours_end:
          description: The end of work hours.
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
      description: The threads of replication. Null if they were never set.
      returned: when O(upload_threads) is set
      type: int
      sample: 8
    download_threads:
      description: The threads of failback. Null if they were never set.
      returned: when O(download_threads) is set
      type: int
      sample: 8
reboot_required:
  description: Whether the machine needs a restart, because setup asked for one or Windows has one pending.
  returned: success
  type: bool
  sample: false
rebooted:
  description: Whether this run restarted the machine.
  returned: success
  type: bool
  sample: false
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: version
      before: null
      after: 2.0.9260.0
      reason: install the agent 2.0.9260.0
evidence:
  description: One entry per step of the setup guide, with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: H4
      found: no agent
      done: install the agent 2.0.9260.0
      verified: agent 2.0.9260.0, service Running
"""
