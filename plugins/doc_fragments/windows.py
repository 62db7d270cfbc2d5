# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of options that the Windows modules share: installers and proxies."""

from __future__ import annotations

from textwrap import indent

# Suboptions of every option that names a proxy. Fragments replace whole options, so the text is composed here.
_PROXY = """\
address:
  description:
    - The address of the proxy as C(http://name). Site Recovery does not support HTTPS proxies.
  type: str
port:
  description:
    - The port of the proxy, from 1 to 65534.
  type: int
username:
  description:
    - The user name for a proxy that requires a login.
  type: str
password:
  description:
    - The password of O(%(option)s.username). It must be text, so put digits in quotes.
  type: str
"""


def _suboptions(option: str) -> str:
    return indent(_PROXY % {"option": option}, " " * 6)


class ModuleDocFragment:
    """Fragments for the Windows modules. The plain fragment describes the connection."""

    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/...) in C(module_defaults) to set defaults for all modules of the action group.
    support: full
    membership:
      - siterecovery.hyperv.windows
  platform:
    description: Platform of the target.
    support: full
    platforms: windows
requirements:
  - ansible.windows 2.4.0 or newer on the controller
notes:
  - The task runs on the Windows machine over the connection of the inventory, as a local administrator.
  - The machine needs no additional software. The task runs the scripts of this collection there with
    C(ansible.windows.win_powershell).
"""

    # Annotated, because the sanity tests accept only literal text in plain assignments.
    INSTALLER: str = (
        r"""
options:
  source:
    description:
      - The source of the installer.
      - An https address, from which the machine downloads it.
      - A path on the machine.
      - A path of a share, such as V(\\\\server\\share\\file.exe). It requires a connection that can delegate
        credentials (CredSSP, or Kerberos with delegation).
      - A path on the controller with slashes, from which the file is sent over the connection. A relative path is
        searched in C(files), as Ansible does.
      - Microsoft's short links, V(https://aka.ms/downloaddra) for the Provider and
        V(https://aka.ms/downloadmarsagent) for the agent, always serve the latest build. For repeatable runs, mirror
        the file and pin it with O(checksum).
      - All redirections must use https. An interrupted download resumes if the server still has the same file (byte
        ranges with C(If-Range), entity tag or date).
      - The drive of O(staging_dir) needs three times the size of the file, for the file and its unpacked content.
      - Check mode does not download the file, so it does not detect a wrong address. It detects a missing file on the
        controller.
    type: str
    required: true
  checksum:
    description:
      - The SHA-256 hash of the installer in hexadecimal digits. Any other file is rejected.
      - If an earlier run left a file with this hash in O(staging_dir), that file is used.
      - In addition, the file must always have a valid signature of Microsoft.
    type: str
  version:
    description:
      - The least version, such as V(5.1.8095.0). An older installation is upgraded. A newer one is never downgraded.
      - Without this option, any installed version is accepted.
    type: str
  staging_dir:
    description:
      - The folder on the machine for the installer. The collection uses the folder C(siterecovery.hyperv) in it, or
        O(staging_dir) itself if it has this name. Other files in O(staging_dir) are not changed.
      - The folder of the collection is created for administrators only. It is rejected if other users can write to it,
        own a file in it or can rename a folder above it, or if its path contains a link or a mount point. Setup checks
        this again, together with the hash of the installer, right before it starts the installer.
    type: str
    default: C:\ProgramData\siterecovery.hyperv
  download_proxy:
    description:
      - The proxy for the download from an https O(source). The default is the proxy that Windows has configured for the
        connecting account.
    type: dict
    suboptions:
      mode:
        description:
          - V(direct) uses no proxy, V(system) the one that Windows has configured for the connecting account, and
            V(custom) the one that the other suboptions describe.
        type: str
        choices: [direct, system, custom]
        required: true
"""
        + _suboptions("download_proxy")
        + r"""
  download_timeout:
    description:
      - The time limit of the transfer in seconds. The next run resumes an unfinished transfer.
    type: int
    default: 3600
  keep_installer:
    description:
      - Whether the installer stays in O(staging_dir) after setup has succeeded. It always stays after a failure.
      - Only an installer that is pinned with O(checksum) is used again.
    type: bool
    default: false
notes:
  - "Not verified on a live system: the proxy that Windows uses for an account with a network logon
    (O(download_proxy.mode=system)), and proxies with another login method than Basic."
"""
    )

    SETUP = r"""
options:
  wait_timeout:
    description:
      - The seconds to wait for setup, which includes a setup that an interrupted run started. After the timeout the
        task fails, setup continues, and the next run resumes the wait.
    type: int
    default: 3600
  reboot:
    description:
      - Whether to restart the machine with M(ansible.windows.win_reboot) if the task has changed something and a
        restart is required. Otherwise RV(reboot_required) reports it.
      - A restart that was pending before is never made, because it blocks setup.
      - The machine is not restarted while virtual machines run on it, or while another node of its cluster is not up. A
        warning then names them, and RV(reboot_required) is true. Drain the host before, or restart it later. The module
        M(siterecovery.hyperv.mars_agent) can drain a node of a cluster.
    type: bool
    default: false
  allow_unsupported_upgrade:
    description:
      - Whether to upgrade over more releases than Microsoft supports (N-4) with a warning. Microsoft may not help if
        such an upgrade fails. Without this option the upgrade is rejected.
    type: bool
    default: false
notes:
  - Check mode reports a running setup and does not wait for it.
"""

    SETUP_LOGON = r"""
options:
  setup_logon:
    description:
      - How the scheduled task that runs the program logs on as the connecting user.
      - V(s4u) needs no password, but gives the program no access to other machines. V(password) logs on with
        O(setup_password). Use it if the program must reach another machine as this user, for example a database of VMM
        on another server.
    type: str
    choices: [s4u, password]
    default: s4u
  setup_password:
    description:
      - The password of the connecting user, or of the become user. Required with O(setup_logon=password).
      - Windows stores it with the task until the task is removed at the end. It is never on a command line, in a file
        of the collection or in the definition of the task. Task Scheduler checks it before anything is started.
      - "The policy C(Network access: Do not allow storage of passwords and credentials for network authentication)
        rejects every password."
    type: str
notes:
  - The program continues when the connection breaks or the controller stops, and the next run resumes the wait. It runs
    as a scheduled task of the connecting user, with the highest privileges, and never as the system account. The task
    and its folder below C(siterecovery.hyperv\work) are removed at the end.
  - The user needs the right to log on as a batch job, which administrators have unless a policy removes it. The module
    does not check it before, because Windows shows the rights in effect only to native code, or in a file that
    C(secedit) exports. If the right is missing, nothing is changed and the error names the right.
  - The task runs no script file, so an execution policy does not stop it.
"""

    AGENT_LIMITS = r"""
options:
  throttle:
    description:
      - The bandwidth limits of replication by hours. They are set together with the agent's own commands, and read
        back.
    type: dict
    suboptions:
      enabled:
        description:
          - V(false) disables throttling. All other suboptions must be omitted then.
        type: bool
        default: true
      work_days:
        description:
          - The days with work hours.
        type: list
        elements: str
        choices: [sunday, monday, tuesday, wednesday, thursday, friday, saturday]
      work_hours_start:
        description:
          - The start of work hours in the time zone of the host, such as V(09:00). Put it in quotes, because YAML
            reads some times as numbers.
        type: str
      work_hours_end:
        description:
          - The end of work hours, later than their start.
        type: str
      work_hour_bandwidth:
        description:
          - The limit in work hours in kbit/s (1024 bits per second), from 512 to 1047552 (1023 Mbit/s).
          - Older pages of Microsoft's documentation name 102 Mbit/s as the highest limit.
        type: int
      non_work_hour_bandwidth:
        description:
          - The limit at other times, in the same unit.
        type: int
  upload_threads:
    description:
      - The number of threads for each machine that is replicated, from 1 to 32. The default of the agent is 4.
      - A change restarts the agent's service.
    type: int
  download_threads:
    description:
      - The number of threads for each machine that is failed back from Azure, from 1 to 32.
      - A change restarts the agent's service.
    type: int
"""

    RUNNING_JOBS = r"""
options:
  running_jobs:
    description:
      - The reaction to running VMM jobs, which a stop of the VMM service interrupts. Jobs are read again right before
        each stop.
      - V(wait) waits for their end, up to O(running_jobs_timeout), and shows the jobs meanwhile. V(refuse) fails, and
        names the jobs. V(ignore) stops the service nevertheless.
      - Jobs that only refresh what VMM knows do not count, because VMM runs them all day and starts them again. They
        are recognized by their command, such as C(Read-SCVirtualMachine), or by their English name, such as
        C(Refresh host), C(Refresh host cluster), C(Refresh virtual machine) or C(Refresh library share).
    type: str
    choices: [wait, refuse, ignore]
    default: wait
  running_jobs_timeout:
    description:
      - The time limit in seconds for O(running_jobs=wait). The task fails afterwards with the jobs that still run. The
        VMM service is not stopped then, and the next run continues.
    type: int
    default: 3600
notes:
  - "Not verified on a live system: the commands of VMM's background jobs, and that VMM accepts a connection from the
    scheduled task of setup. If it does not, setup fails before it stops VMM; O(running_jobs=ignore) does not connect."
"""

    PROXY: str = (
        r"""
options:
  proxy:
    description:
      - How the program connects to the Internet. Without this option, its proxy is not changed.
    type: dict
    suboptions:
      mode:
        description:
          - V(direct) uses no proxy. V(system) uses the proxy that Windows has configured for the account of the
            service. V(custom) uses the proxy that the other suboptions describe.
          - The programs do not distinguish V(direct) and V(system). With V(system), the proxy of the account is
            reported, which was not verified on a live system.
        type: str
        choices: [direct, system, custom]
        required: true
"""
        + _suboptions("proxy")
        + r"""
      bypass:
        description:
          - Addresses that bypass the proxy. C(*) is a wildcard. Without this suboption, the stored list is kept.
        type: list
        elements: str
  update_password:
    description:
      - A stored password cannot be read back. V(on_create) sets it together with any other change of the proxy.
        V(always) sets it in every run, which reports a change and restarts the service.
    type: str
    choices: [on_create, always]
    default: on_create
"""
    )
