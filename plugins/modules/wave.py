#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wave
short_description: Begin or end a wave of Hyper-V hosts
version_added: 0.1.0
description:
  - Decides whether a wave of Hyper-V hosts may begin, and after the wave, whether a later one may begin.
  - The waves are those that M(siterecovery.hyperv.report) plans.
  - Prints one line about a finished wave, with the hosts that changed, those that failed, those that are left, and the
    elapsed time.
  - Reads the facts of the role P(siterecovery.hyperv.hyperv_host#role), runs on the controller and connects to no host.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  waves:
    description:
      - The hosts of each wave, as RV(siterecovery.hyperv.report#module:waves) returns them.
    type: list
    elements: list
    required: true
  hosts:
    description:
      - The hosts of this wave.
    type: list
    elements: str
    required: true
  begun:
    description:
      - The time at which the wave began, as RV(begun) returned it.
      - Without this option, the wave begins.
    type: str
  max_fail_percentage:
    description:
      - The percentage of hosts of the wave that may fail before no later wave begins.
    type: int
    default: 0
  max_run_fail_percentage:
    description:
      - The percentage of hosts of all waves that may fail before no later wave begins.
    type: int
    default: 100
  window_end:
    description:
      - The end of the change window, as a date and a time in ISO 8601. No wave begins after it.
      - A time without an offset is one of the controller.
    type: str
extends_documentation_fragment:
  - siterecovery.hyperv.common.reading
seealso:
  - module: siterecovery.hyperv.report
"""

EXAMPLES = r"""
- name: Begin the wave
  siterecovery.hyperv.wave:
    waves: [[hv01], [hv02, hv03]]
    hosts: "{{ ansible_play_batch }}"
    window_end: "2026-12-05T05:00:00+01:00"
  register: wave
  run_once: true
  delegate_to: localhost

- name: Finish the wave
  siterecovery.hyperv.wave:
    waves: [[hv01], [hv02, hv03]]
    hosts: "{{ ansible_play_batch }}"
    begun: "{{ wave.begun }}"
    max_fail_percentage: 10
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
number:
  description: The number of the wave, from 1. It is 0 if no wave has one of the hosts.
  returned: success
  type: int
  sample: 2
begun:
  description: The time at which the wave began.
  returned: success
  type: str
  sample: "2026-12-05T01:12:30.123456+00:00"
ended:
  description: The time at which the wave ended.
  returned: when O(begun) is given
  type: str
  sample: "2026-12-05T01:24:30.123456+00:00"
stop:
  description: Why the wave, or a later one, must not begin. The text is empty if it may begin.
  returned: success
  type: str
  sample: "too many hosts of an earlier wave failed: hv01"
line:
  description: The line that was printed about the finished wave.
  returned: when O(begun) is given
  type: str
  sample: "Wave 2 of 3: 25 hosts in 12 min, 3 changed, 1 failed, 74 left"
"""
