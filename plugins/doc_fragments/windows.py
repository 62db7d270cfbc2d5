# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of options that the Windows nouns share: installers and proxies."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared parts; the plain fragment says how the machine is reached."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - ansible.windows 2.4.0 or newer on the controller
notes:
  - The task runs on the Windows machine over the connection of the inventory, as a local administrator.
  - Nothing is installed on the machine to make it work. What runs there is C(ansible.windows.win_powershell) with the
    scripts of this collection.
"""

    INSTALLER = r"""
options:
  source:
    description:
      - Where the installer is. An https address, which the machine fetches by itself. A path on the machine. A path of
        a share, such as V(\\\\server\\share\\file.exe), which needs a connection that can delegate credentials
        (CredSSP, or Kerberos with delegation). Or a path of the controller with slashes, from where it is sent over
        the connection; a relative one is searched in C(files) as Ansible does.
      - Microsoft's short links, V(https://aka.ms/downloaddra) for the Provider and
        V(https://aka.ms/downloadmarsagent) for the agent, lead to the newest build only. For repeatable runs mirror the
        file and pin it with O(checksum).
      - Redirections are followed through https alone. What was fetched before a connection broke is kept, and fetched
        on from there when the server still has the same file (byte ranges with C(If-Range), entity tag or date).
      - The drive of O(staging_dir) needs three times the size of the file, for itself and for what is unpacked.
      - In check mode nothing is fetched, so that a wrong address is not noticed; a missing file of the controller is.
    type: str
    required: true
  checksum:
    description:
      - The installer's SHA-256 in hexadecimal digits. Another file is refused.
      - A file with this checksum that is in O(staging_dir) already is used, and not fetched again.
      - With or without it, the file must carry a valid signature of Microsoft.
    type: str
  version:
    description:
      - The version that is wanted at least, such as V(5.1.8095.0). An older installation is upgraded, a newer one is
        left alone, never downgraded.
      - Without it any installed version will do.
    type: str
  staging_dir:
    description:
      - The folder on the machine where the installer lies while it runs. It is made for administrators only; one that
        others can write to is refused.
    type: str
    default: C:\ProgramData\siterecovery.hyperv
  download_proxy:
    description:
      - How the machine gets to an https O(source). With what Windows has set for the account of the connection when not
        given.
    type: dict
    suboptions:
      mode:
        description:
          - V(direct) without a proxy, V(system) with what Windows has set for the account of the connection,
            V(custom) with the proxy named here.
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
  download_timeout:
    description:
      - Seconds that getting the installer may take. What is there by then is kept, and the next run goes on with it.
    type: int
    default: 3600
  keep_installer:
    description:
      - Whether the installer stays in O(staging_dir) after it has done its work. It always stays when it failed.
      - Only one that is pinned with O(checksum) is used again.
    type: bool
    default: false
notes:
  - Not verified on a real server are which proxy Windows has set for an account that is connected over the network
    (O(download_proxy.mode=system)), and proxies that ask for another login than Basic.
"""

    SETUP = r"""
options:
  wait_timeout:
    description:
      - Seconds to wait for the end of setup, also of one that an interrupted run began. After that the task fails,
        setup goes on, and the next run takes it over.
    type: int
    default: 3600
  reboot:
    description:
      - Whether to restart the machine with M(ansible.windows.win_reboot) when a restart is wanted after something was
        done. Without it RV(reboot_required) tells so, and nothing is restarted.
      - A restart that was pending before setup is never made, because setup is not begun then.
    type: bool
    default: false
notes:
  - Setup goes on when the connection breaks or the controller ends. It runs as a scheduled task of the connecting user,
    with the highest privileges and without a stored password (S4U), never as the system account. The task and its
    folder below O(staging_dir), which hold no secret, are removed at the end.
  - The user needs the right to log on as a batch job, which administrators have unless a policy takes it. A policy that
    runs signed scripts alone stops the task, which is told as work that was cut short.
  - In check mode a setup that goes on is told, and not waited for.
"""

    PROXY = r"""
options:
  proxy:
    description:
      - How the program reaches the Internet. Left alone when not given.
    type: dict
    suboptions:
      mode:
        description:
          - V(direct) without a proxy, V(system) with what Windows has set for the service's account, V(custom) with
            the proxy named here.
          - V(direct) and V(system) are the same to the programs, which know no switch for the system's proxy. With
            V(system) the proxy that the account sees is reported; this was not verified on a real server.
        type: str
        choices: [direct, system, custom]
        required: true
      address:
        description:
          - The proxy as C(http://name). HTTPS proxies are not supported by Site Recovery.
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
          - Addresses that go round the proxy. The present list is left alone when not given.
        type: list
        elements: str
  update_password:
    description:
      - A stored password can't be read back. V(on_create) sets it together with any other change of the proxy,
        V(always) every time, which reports a change and restarts the service.
    type: str
    choices: [on_create, always]
    default: on_create
"""
