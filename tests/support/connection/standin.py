# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection without a network: it answers every module with a file, and keeps a line about each execution."""

from __future__ import annotations

DOCUMENTATION = r"""
name: standin
short_description: Answer modules with a file
description: For tests.
author: siterecovery.hyperv contributors
options:
  remote_addr:
    description: Address of the machine.
    vars: [{name: inventory_hostname}, {name: ansible_host}]
  remote_user:
    description: User.
    vars: [{name: ansible_user}]
  password:
    description: Password.
    vars: [{name: ansible_password}]
  answers:
    description: Folder with an answer per address; without one, the machine cannot be reached.
    vars: [{name: ansible_standin_answers}]
  log:
    description: File to which to add a line per execution.
    vars: [{name: ansible_standin_log}]
"""

import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase


class Connection(ConnectionBase):  # type: ignore[misc]
    """A Windows machine that has one answer."""

    transport = "standin"
    module_implementation_preferences = (".ps1", ".exe", "")
    has_pipelining = True
    always_pipeline_modules = True
    allow_extras = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._shell_type = "powershell"
        super().__init__(*args, **kwargs)

    def _connect(self) -> Connection:
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Answer with the file of the address. The login `wrong` is rejected, as winrm words it."""
        option = self.get_option
        entry = {"address": option("remote_addr"), "user": option("remote_user"), "password": option("password")}
        with Path(option("log")).open("a", encoding="utf-8") as log:
            log.write(json.dumps({**entry, "extras": sorted(option("_extras"))}) + "\n")
        if entry["password"] == "wrong":
            raise AnsibleConnectionFailure("ntlm: the specified credentials were rejected by the server")
        answer = Path(option("answers"), f"{entry['address']}.json")
        if not answer.exists():
            raise AnsibleConnectionFailure("Connection refused,\nby a firewall.")
        return 0, answer.read_bytes(), b""

    def put_file(self, in_path: str, out_path: str) -> None:
        raise NotImplementedError

    def fetch_file(self, in_path: str, out_path: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Keep a line about it, too: a connection that stays open is a leak."""
        with Path(self.get_option("log")).open("a", encoding="utf-8") as log:
            log.write('"closed"\n')
