#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Read and judge a VMM server or a Hyper-V host
version_added: 0.1.0
description:
  - Reads a Windows machine in one remote execution and judges whether disaster recovery can be set up on it (steps S1,
    S2, P1, P5, P6 and P9 on a VMM server, H1 to H3 and H6 on a Hyper-V host).
  - Nothing is changed, and a failed check does not fail the task.
notes:
  - Not verified on a real server are the property C(CapabilityProfiles) of a cloud, the registry's place of Defender's
    exclusions under every release, and that the disk on the first place of a controller is the one that a virtual
    machine starts from.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  kind:
    description:
      - What the machine is.
    type: str
    choices: [vmm_server, hyperv_host]
    required: true
  vault_id:
    description:
      - The vault's resource id. A server of another vault fails the check P5.
    type: str
  name:
    description:
      - The server's name in the vault. By default the cluster role's name of a highly available VMM, or the machine's full name.
    type: str
  proxy:
    description:
      - How the machine is going to reach the Internet. The addresses of Azure are called that way.
    type: dict
    suboptions:
      mode:
        description:
          - V(direct) and V(system) call as Windows itself does, V(custom) through the proxy named here.
        type: str
        choices: [direct, system, custom]
        required: true
      address:
        description:
          - The proxy as C(http://name).
        type: str
      port:
        description:
          - The proxy's port, from 1 to 65534.
        type: int
      username:
        description:
          - The login, if the proxy asks for one.
        type: str
      password:
        description:
          - The login's password.
        type: str
      bypass:
        description:
          - Addresses that go round the proxy. C(*) stands for anything.
        type: list
        elements: str
  vmm_clouds:
    description:
      - Names of the VMM clouds that are to be synchronized, V(all) for every one. They are judged; without a
        list, all are.
    type: list
    elements: str
  check_connectivity:
    description:
      - Whether the machine calls the addresses of Azure, all at once and for 30 seconds at most. Any answer will do.
      - Called are the sign-in address, the data address C(backup.windowsazure.com), the addresses of the service that a
        registered server keeps in its registry, O(storage_accounts) and O(endpoints).
      - An answer also tells the time, which the machine's clock is compared with.
    type: bool
    default: true
  cloud_environment:
    description:
      - Which Azure the machine is going to talk to.
    type: str
    choices: [AzureCloud, AzureUSGovernment, AzureChinaCloud]
    default: AzureCloud
  storage_accounts:
    description:
      - Names of storage accounts whose blob addresses are called.
      - A name that can't be found is only a warning, because an account that is not yet there has none.
    type: list
    elements: str
  endpoints:
    description:
      - More https addresses or host names to call, such as those of the private endpoints of a vault or of the control
        plane before a server is registered. Microsoft publishes these names with a wildcard, which can't be called.
    type: list
    elements: str
  cache_path:
    description:
      - The folder that a new agent's cache is going to have. Its drive is judged.
    type: str
  minimum_cache_gb:
    description:
      - The least free space for the agent's cache, in GB.
    type: int
    default: 5
extends_documentation_fragment:
  - siterecovery.hyperv.windows
  - siterecovery.hyperv.common.reading
  - siterecovery.hyperv.common.windows
"""

EXAMPLES = r"""
- name: Is the host ready?
  siterecovery.hyperv.host_info:
    kind: hyperv_host
  register: readiness

- name: What is wrong with it
  ansible.builtin.debug:
    var: readiness.checks | rejectattr('verdict', 'equalto', 'pass')
"""

RETURN = r"""
host:
  description: The observation. A part that the machine does not have, or that its kind does not need, is null.
  returned: success
  type: dict
  contains:
    host:
      description:
        - Names, system, account, pending restarts, volumes, TLS settings and the proxy that the service sees.
        - Hotfixes are read on Windows Server 2012 R2 alone, exclusions of antivirus software from Defender alone.
      returned: success
      type: dict
      sample: {name: HV01, fqdn: hv01.contoso.example, os_version: 10.0.17763, is_administrator: true}
    vmm:
      description:
        - VMM's version, service, running jobs, VM networks, and clouds with their capability profiles and hosts.
        - The hosts of a cloud are those of its host groups and of the groups below them, each once, of every platform.
      returned: success
      type: dict
      sample: {product_version: 10.19.2445.0, ha_name: null, running_jobs: 0, clouds: []}
    provider:
      description: The Site Recovery Provider.
      returned: success
      type: dict
      sample: {version: 5.1.8095.0, adapter_present: true}
    registration:
      description: The server's own view of its registration, with its proxy.
      returned: success
      type: dict
      sample: {vault_name: vault-dr, certificates: 1}
    agent:
      description: The Recovery Services agent.
      returned: success
      type: dict
      sample: {version: 2.0.9260.0, backup_registered: false}
    hyperv:
      description: The Hyper-V service, names of virtual switches, and what limits the protection of virtual machines.
      returned: success
      type: dict
      sample: {switch_names: [External]}
    work:
      description: Setups that an earlier run began and that nobody has ended yet. Not read here.
      returned: success
      type: list
      elements: dict
      sample: null
    updates:
      description: Whether the machine is opted in to Microsoft Update. Not read here.
      returned: success
      type: dict
      sample: null
    reach:
      description:
        - How far the call of each address came. C(failure) is one of .NET's names of errors, C(from_proxy) says that
          the proxy answered instead of the address, C(date) and C(clock) are the times of the answer and the machine.
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
checks:
  description: One verdict per check.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The check's stable name.
      returned: success
      type: str
      sample: dotnet
    step:
      description: The step's id.
      returned: success
      type: str
      sample: H2
    verdict:
      description: V(pass), V(warn) or V(fail).
      returned: success
      type: str
      sample: pass
    message:
      description: What was seen, and how to mend it.
      returned: success
      type: str
      sample: .NET Framework 4.8 or newer (release 528049)
evidence:
  description: The checks in short, one entry per step of the walkthrough.
  returned: success
  type: list
  elements: dict
  sample:
    - step: H2
      found: 6 checks passed
      done: nothing to do
      verified: ready
"""
