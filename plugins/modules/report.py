#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Report checks, evidence and problems of a run
version_added: 0.1.0
description:
  - Collects the facts that the roles of this collection recorded on the hosts of a run, and prints them as plain lines.
  - Returns the open problems as data, with the hosts that must fail because of them.
  - Reads the facts of the roles P(siterecovery.hyperv.azure_target#role) on C(localhost),
    P(siterecovery.hyperv.vmm_server#role) on the VMM servers and P(siterecovery.hyperv.hyperv_host#role) on the Hyper-V
    hosts.
  - Sets the custom statistics C(site_status), C(site_problems) and C(site_left) for workflows, as
    M(ansible.builtin.set_stats) does.
  - Runs on the controller and connects to no host. Hosts that C(--limit) leaves out are not reported.
  - Fails only when the run does not include what it needs. A problem of a host does not fail the task; see
    RV(failures).
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  stage:
    description:
      - The state that each host of the run must have reached.
      - With V(scope) the module checks only that the run includes what it needs.
      - With V(checks) a host must have passed its checks.
      - With V(setup) the run must also have set it up.
      - With V(state) the run must have found it set up. For C(localhost) the target must be as its variables describe
        it, and the vault must show the VMM servers of the run.
    type: str
    choices: [scope, checks, setup, state]
    default: checks
  parts:
    description:
      - The parts that the run handles.
    type: list
    elements: str
    choices: [azure, vmm_servers, hyperv_hosts]
    default: [azure, vmm_servers, hyperv_hosts]
  required:
    description:
      - The parts that the run must include. The task fails when the inventory has no such host, or when C(--limit)
        leaves all of them out. The error distinguishes these causes.
      - V(azure) requires C(localhost), from where Azure is called. A run that includes a VMM server requires it as
        well.
    type: list
    elements: str
    choices: [azure, vmm_servers, hyperv_hosts]
    default: []
  vmm_servers:
    description:
      - The host patterns of the VMM servers.
    type: list
    elements: str
    default: [vmm_servers]
  hyperv_hosts:
    description:
      - The host patterns of the Hyper-V hosts.
    type: list
    elements: str
    default: [hyperv_hosts]
  uncovered_hosts:
    description:
      - Action when a Hyper-V host of a chosen VMM cloud is not in the inventory.
      - V(warn) only lists the host.
      - With O(stage=checks) such a host is only listed, unless the inventory has no Hyper-V host at all.
    type: str
    choices: [fail, warn]
    default: fail
  unready_hosts:
    description:
      - Action when the checks of a Hyper-V host failed.
      - V(skip) leaves the host out. With O(stage=checks) it is only listed, and at the other stages it is a problem.
      - V(accept) leaves the host out and only lists it at every stage.
      - If the checks of all Hyper-V hosts failed, each of them is a problem with every value.
    type: str
    choices: [fail, skip, accept]
    default: fail
  wave_sizes:
    description:
      - The sizes of the waves in which the Hyper-V hosts are set up, as numbers or percentages of the hosts of all
        waves. V(one_per_cluster) stands for one node of each failover cluster of which no earlier wave had a node. The
        last size applies to all further waves. An empty list stands for 1, V(one_per_cluster), 25% and 100%.
      - The hosts of a lower C(hyperv_host_ring) come first.
      - Without this option, the module plans no waves. In check mode, it prints the plan.
    type: list
    elements: str
  limit_file:
    description:
      - The file on the controller for RV(left), relative to the working directory. C(--limit @file) reads it.
      - If nothing is left at the end of the run, the file is removed. In check mode, it is neither written nor removed.
    type: path
  directory:
    description:
      - The folder on the controller for the files of the report, relative to the working directory. It is created if it
        does not exist, and earlier files of the same names are replaced, also in check mode.
      - C(report.html) is a page for people. It needs no network. C(report.json) has the same data; its schema is
        C(docs/schemas/run.schema.json) of this collection.
      - At the end of a setup, both show the times at which each wave of Hyper-V hosts began and ended.
      - C(report.xml) is a JUnit report for pipelines, in which only an error is a failure. C(findings.csv) has one row
        for each finding of each machine.
    type: path
  language:
    description:
      - The language of the page and of the summary. Texts of checks are always in English.
    type: str
    choices: [en, de]
    default: en
  fail_on:
    description:
      - The findings that make a host fail. With V(warning) a check that warns is a problem as well. With V(never)
        RV(failures) is empty.
    type: str
    choices: [error, warning, never]
    default: error
  table:
    description:
      - The table that the module prints, followed by the problems.
      - V(problems) prints the checks, and counts those that passed.
      - V(evidence) prints the initial state, the changes and the verified state of each step.
      - V(summary) prints the result, the number of machines in each state and the worst findings, in at most 22 lines.
    type: str
    choices: [none, checks, problems, evidence, summary]
    default: checks
  only_with_problems:
    description:
      - Whether to print the report only when there is a problem.
    type: bool
    default: false
  width:
    description:
      - The number of characters in a line of the table.
    type: int
    default: 120
  lines:
    description:
      - Lines to print instead of a report of the run, for playbooks with a report of their own. All other options are
        ignored, and nothing else is read or returned.
    type: list
    elements: str
extends_documentation_fragment:
  - siterecovery.hyperv.common.reading
seealso:
  - plugin: siterecovery.hyperv.refuse_bypass
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report the checks
  hosts: localhost:vmm_servers:hyperv_hosts
  gather_facts: false
  tasks:
    - name: Print the report
      siterecovery.hyperv.report:
        table: problems
      register: result
      run_once: true

    - name: Fail where a check failed
      ansible.builtin.fail:
        msg: "{{ result.failures[inventory_hostname] | join('; ') }}"
      when: inventory_hostname in result.failures
"""

RETURN = r"""
status:
  description: V(error) if there is a problem, V(warning) if a check warns, V(pass) otherwise.
  returned: when O(stage) is not V(scope)
  type: str
  sample: pass
problems:
  description: One line for each problem, with host and step.
  returned: when O(stage) is not V(scope)
  type: list
  elements: str
  sample: ["hv01 H2: a restart is pending; restart the host"]
failures:
  description:
    - The lines of each host that must fail.
    - C(localhost) fails for problems that do not belong to a host of the inventory.
  returned: when O(stage) is not V(scope)
  type: dict
  sample:
    hv01: ["H2: a restart is pending; restart the host"]
unfinished:
  description: The hosts that the run did not set up. With O(stage=state), the hosts that are not set up.
  returned: when O(stage) is not V(scope)
  type: list
  elements: str
  sample: [hv02]
left_out:
  description: The Hyper-V hosts that the run leaves out because their checks failed.
  returned: when O(stage) is not V(scope)
  type: list
  elements: str
  sample: [hv02]
left:
  description:
    - The hosts for the limit of the next run, which are the unfinished ones and those that were left out. It has
      C(localhost) if the run included it.
    - A run that stops at O(stage=checks) leaves all of its hosts.
  returned: when O(stage) is not V(scope)
  type: list
  elements: str
  sample: [localhost, hv02]
uncovered:
  description: The Hyper-V hosts of chosen VMM clouds that the run leaves out.
  returned: when O(stage) is not V(scope)
  type: list
  elements: dict
  contains:
    host:
      description: The host's full name in VMM.
      returned: success
      type: str
      sample: hv03.example.com
    vmm_clouds:
      description: The chosen VMM clouds that it belongs to.
      returned: success
      type: list
      elements: str
      sample: [Gold]
    reason:
      description: V(missing) when the inventory lacks it, V(no_agent) when it has no Recovery Services agent.
      returned: success
      type: str
      sample: missing
duplicates:
  description: The machines that have several names in the inventory.
  returned: when O(stage) is not V(scope)
  type: list
  elements: dict
  contains:
    machine:
      description: The machine's full name.
      returned: success
      type: str
      sample: hv01.example.com
    hosts:
      description: Its names in the inventory.
      returned: success
      type: list
      elements: str
      sample: [hv01, berlin-1]
waves:
  description:
    - The Hyper-V hosts of each wave, in the order of the inventory. Hosts that the run leaves out are in none of them,
      and neither are hosts on which the checks found nothing to do.
    - A wave never has two nodes of one failover cluster.
  returned: when O(stage) is not V(scope)
  type: list
  elements: list
  sample: [[hv01], [hv03, hv05], [hv02, hv04]]
lines:
  description: The lines that were printed.
  returned: when O(stage) is not V(scope), or with O(lines)
  type: list
  elements: str
  sample: ["host   step  check    status  message"]
vmm_servers:
  description: The VMM servers of the run.
  returned: without O(lines)
  type: list
  elements: str
  sample: [vmm01]
hyperv_hosts:
  description: The Hyper-V hosts of the run.
  returned: without O(lines)
  type: list
  elements: str
  sample: [hv01, hv02]
"""
