#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Gather facts and readiness checks from a VMM server or a Hyper-V host
version_added: 0.1.0
description:
  - Reads a Windows machine in one remote execution and checks whether disaster recovery can be set up on it (steps
    S1, S2, P1 and P3 to P9 on a VMM server, H1 to H6 on a Hyper-V host).
  - The module changes nothing, and a failed check does not fail the task.
  - A check has the severity V(error) only if it blocks an operation that is due. For example, a pending restart is an
    error where setup must run, and a warning where the requested version is already installed. Pass the options of
    M(siterecovery.hyperv.provider), M(siterecovery.hyperv.provider_registration),
    M(siterecovery.hyperv.vmm_cloud_sync), M(siterecovery.hyperv.mars_agent) and M(siterecovery.hyperv.mars_proxy) to
    find out what is due. These modules refuse what this module reports as an error, with the same check id.
notes:
  - In language mode C(ConstrainedLanguage), which an application control policy sets, the machine cannot be read. All
    sections are null then, and RV(checks) has only the failed check V(language-mode).
  - A reading that only some operations need does not end the module when it fails. It is null, and the check V(unread)
    names it.
  - "Not verified on a live system: the property C(CapabilityProfiles) of a cloud, the place of Defender's exclusions
    in the registry of every release, and that a virtual machine starts from the disk in the first slot of a
    controller."
  - "Not verified on a live system: the form of the value C(WinHttpSettings), and that VMM shows a healthy host as C(OK)
    and C(Responding)."
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  kind:
    description:
      - The kind of the machine.
    type: str
    choices: [vmm_server, hyperv_host]
    required: true
  vault_id:
    description:
      - The resource id of the vault. A server of another vault fails the check V(vault).
    type: str
  name:
    description:
      - The requested name of the VMM server in the vault, which RV(server_name) returns.
    type: str
  restart_vmm:
    description:
      - Whether M(siterecovery.hyperv.provider_registration) restarts VMM after a change of the proxy.
    type: bool
    default: true
  running_jobs:
    description:
      - The reaction of the modules to running VMM jobs (see
        O(siterecovery.hyperv.provider#module:running_jobs)). If they are going to stop VMM, the check V(vmm-jobs) fails
        for V(refuse) and warns for V(wait) and V(ignore).
    type: str
    choices: [wait, refuse, ignore]
    default: wait
  vmm_clouds:
    description:
      - The names of the VMM clouds to synchronize, compared without case, or V(all). Without this option, all clouds
        are checked, and no check of them is an error.
    type: list
    elements: str
  version:
    description:
      - The least version of the Provider on a VMM server, or of the agent on a Hyper-V host. If an older one is
        installed, an upgrade is due.
    type: str
  allow_unsupported_upgrade:
    description:
      - Whether an upgrade that Microsoft does not support is a warning instead of an error.
    type: bool
    default: false
  install_path:
    description:
      - The requested folder of the Provider or of a new agent.
    type: str
  cache_path:
    description:
      - The requested folder of a new agent's cache.
    type: str
  minimum_cache_gb:
    description:
      - The least free space for the agent's cache, in GB.
    type: int
    default: 5
  source:
    description:
      - The source of the agent's installer, as in O(siterecovery.hyperv.mars_agent#module:source). With it, RV(settled)
        tells whether a Hyper-V host needs M(siterecovery.hyperv.mars_agent) or M(siterecovery.hyperv.mars_proxy) at
        all. The file is not read.
    type: str
  staging_dir:
    description:
      - The folder in which M(siterecovery.hyperv.mars_agent) keeps files, and would find a setup of an earlier run.
    type: str
    default: C:\ProgramData\siterecovery.hyperv
  check_connectivity:
    description:
      - Whether the machine calls the addresses of Azure, all at once and for at most 30 seconds. Any HTTP response
        counts as reachable.
      - The addresses are those for sign-in, the data address C(backup.windowsazure.com), the addresses of the service
        in the registration of a server, O(storage_accounts) and O(endpoints). They are called through O(proxy).
      - A VMM server also calls the sign-in address that registration keys name, which is C(login.windows.net) in the
        public cloud.
      - The data address is only a warning, because Microsoft documents only names below it.
      - The time in the responses is compared with the machine's clock.
    type: bool
    default: true
  cloud_environment:
    description:
      - The Azure cloud of the vault, as in O(siterecovery.hyperv.vault#module:cloud_environment).
      - For a cloud that is given by its address, the names of the public cloud are called.
    type: str
    default: AzureCloud
  storage_accounts:
    description:
      - Names of storage accounts whose blob addresses are called.
      - A name that does not resolve is only a warning, because an account that does not exist yet has no DNS name.
    type: list
    elements: str
  endpoints:
    description:
      - More https addresses or host names to call, such as those of the private endpoints of a vault, or of the
        control plane before a server is registered. Microsoft publishes these names with a wildcard, which cannot be
        called.
    type: list
    elements: str
  option_names:
    description:
      - The names that RV(checks) use for options, by option. The roles pass the names of their variables.
    type: dict
    default: {}
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.windows.agent_limits
  - siterecovery.hyperv.windows.proxy
  - siterecovery.hyperv.common.reading
"""

EXAMPLES = r"""
- name: Check a Hyper-V host
  siterecovery.hyperv.host_info:
    kind: hyperv_host
    version: 2.0.9260.0
  register: readiness

- name: Show failed checks
  ansible.builtin.debug:
    var: readiness.checks | rejectattr('status', 'equalto', 'pass')
"""

RETURN = r"""
host:
  description: The observation. A section that the machine does not have, or that its kind does not need, is null.
  returned: success
  type: dict
  contains:
    language_mode:
      description: The language mode of PowerShell. Everything else is null in any but C(FullLanguage).
      returned: success
      type: str
      sample: FullLanguage
    unread:
      description: Readings that failed, with their reasons.
      returned: success
      type: list
      elements: dict
      sample: []
    host:
      description:
        - Names, system, account, pending restarts, volumes, TLS settings and the proxy of the service account.
        - Hotfixes are read on Windows Server 2012 R2 only, exclusions of antivirus software from Defender only.
        - C(cluster) has the C(name) of the failover cluster whose running node the machine is, or is null. The name is
          null if it cannot be read.
        - Also the first files of a pending rename, execution policies of Group Policy, trusted roots, and whether the
          proxy is one of the account, of the machine (C(of_machine)), of a script (C(script_url)) or of WinHTTP.
      returned: success
      type: dict
      sample: {name: HV01, fqdn: hv01.example.com, os_version: 10.0.17763, is_administrator: true}
    vmm:
      description:
        - The version, service, running jobs and VM networks of VMM, and its clouds with capability profiles and hosts.
        - The hosts of a cloud are those of its host groups and all groups below them, of every platform.
      returned: success
      type: dict
      sample: {product_version: 10.19.2445.0, ha_name: null, running_jobs: [], clouds: []}
    provider:
      description: The Site Recovery Provider, of VMM or of a Hyper-V host without VMM.
      returned: success
      type: dict
      sample: {version: 5.1.8095.0, adapter_present: true}
    registration:
      description: The registration that the machine has stored, with its proxy.
      returned: success
      type: dict
      sample: {vault_name: vault-dr, certificates: 1}
    agent:
      description: The Recovery Services agent.
      returned: success
      type: dict
      sample: {version: 2.0.9260.0, backup_registered: false}
    hyperv:
      description: The Hyper-V service, names of virtual switches, and properties that limit the protection of virtual
        machines.
      returned: success
      type: dict
      sample: {switch_names: [External]}
    background_tasks:
      description:
        - Background tasks of earlier runs that were not cleaned up yet. Null if there are none.
        - Those of a Hyper-V host are read only with O(source).
      returned: success
      type: list
      elements: dict
      sample: null
    updates:
      description: Whether the machine is opted in to Microsoft Update. This module does not read it.
      returned: success
      type: dict
      sample: null
    connectivity:
      description:
        - The outcome of the call of each address. C(failure) is an error name of .NET. C(from_proxy) means that the
          proxy responded instead of the address. C(date) is the time of the response, and C(clock) the time of the
          machine.
      returned: success
      type: list
      elements: dict
      sample:
        - url: https://login.microsoftonline.com
          registered: false
          via: direct
          status: 200
          from_proxy: false
          failure: null
          error: null
          date: Sun, 01 Mar 2026 12:00:00 GMT
          clock: "2026-03-01T12:00:01Z"
server_name:
  description:
    - The name of the VMM server in the vault. This is O(name), or the name of the cluster role of a highly available
      VMM, or the fully qualified domain name of the machine.
    - Null for a Hyper-V host.
  returned: success
  type: str
  sample: vmm01.example.com
active_node:
  description: Whether the machine does the work of its VMM server. False on a node that does not own the cluster role.
  returned: success
  type: bool
  sample: true
expected_server:
  description: The VMM server for O(siterecovery.hyperv.vmm_server_info#module:servers). Null on a Hyper-V host.
  returned: success
  type: dict
  sample:
    name: vmm01.example.com
    vmm_id: 5b1b3c14-6d2e-4b2f-8a57-3c9f6d1e2a40
    vmm_clouds: [Gold, Silver]
expected_clouds:
  description: The names in O(vmm_clouds). V(all) is replaced by the names of all clouds of VMM.
  returned: success
  type: list
  elements: str
  sample: [Gold, Silver]
checks:
  description: The checks in the order of the steps of the setup guide.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The stable id of the check.
      returned: success
      type: str
      sample: dotnet
    step:
      description: The id of the step.
      returned: success
      type: str
      sample: H2
    severity:
      description: The meaning of a failure, V(error), V(warning) or V(info).
      returned: success
      type: str
      sample: info
    status:
      description: V(pass), V(fail), or V(unknown) if the check could not be evaluated.
      returned: success
      type: str
      sample: pass
    message:
      description: The observed state.
      returned: success
      type: str
      sample: .NET Framework is 4.8 or newer (release 528049)
    fix:
      description: The remedy. Empty if there is nothing to do.
      returned: success
      type: str
      sample: ""
settled:
  description:
    - The evidence that M(siterecovery.hyperv.mars_agent) and M(siterecovery.hyperv.mars_proxy) would return, if neither
      has anything to do, to wait for or to warn about.
    - Null if one of them has, on a VMM server, and without O(source).
  returned: success
  type: list
  elements: dict
  sample:
    - step: H4
      found: agent 2.0.9260.0, service Running
      done: nothing to do
      verified: agent 2.0.9260.0, service Running
evidence:
  description: The checks in short, one entry per step of the setup guide.
  returned: success
  type: list
  elements: dict
  sample:
    - step: H2
      found: 10 checks passed
      done: nothing to do
      verified: ready
"""
