# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: runs one task of this collection on one machine outside of a play, for the inventory plugin.

An inventory is read before there are plays, so nothing has made a connection yet. Three ways were weighed:

1. A TaskQueueManager with an inventory in memory, which is the documented Python interface. It forks, loads callbacks
   and, since ansible-core 2.19, replaces signal handlers and contexts of a play that may be running around it
   (`meta: refresh_inventory`). Its signature changed twice between 2.16 and 2.21.
2. The program `ansible` as a process of its own. It costs seconds, and secrets would have to go through files.
3. The connection plugin that the machine's variables name, and the module's own action plugin over it. Both loaders and
   `set_options` are the same from 2.16 to 2.21, and Kerberos, NTLM, become and proxies work as they do in a task.

This file does the third.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as plugin_loader
from ansible.template import Templar

from ..module_utils._model.common.errors import AccessDenied, RemoteFailure, Unreachable
from ._action import _login_refused

Variables = Mapping[str, Any]
DEFAULT_CONNECTION = "winrm"


class RemoteTask:
    """One machine with its connection. Every `run` is one task."""

    def __init__(self, host: str, variables: Variables, loader: DataLoader) -> None:
        self._host = host
        self._loader = loader
        self._variables = {"inventory_hostname": host, **variables}
        self._templar = Templar(loader=loader, variables=self._variables)

    def run(self, action: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the result of an action plugin. Raises AccessDenied, Unreachable or RemoteFailure in one line."""
        try:
            result = self._run(action, arguments)
        except AnsibleConnectionFailure as error:
            raise self._connection_error(error) from None
        except AnsibleError as error:
            raise RemoteFailure(f"{self._host}: {_line(error)}") from None
        if result.get("failed"):
            raise RemoteFailure(f"{self._host}: {_line(result.get('msg') or 'the task failed without a message')}")
        return result

    def _run(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        context = PlayContext()
        context.connection = self._value("ansible_connection") or DEFAULT_CONNECTION
        context.shell = self._value("ansible_shell_type")
        connection = self._connect(context)
        try:
            plugin = plugin_loader.action_loader.get(
                action,
                task=_task(action, arguments),
                connection=connection,
                play_context=context,
                loader=self._loader,
                templar=self._templar,
                shared_loader_obj=plugin_loader,
            )
            result: dict[str, Any] = plugin.run(task_vars=self._variables)
        finally:
            connection.close()
        return result

    def _connect(self, context: PlayContext) -> Any:
        connection = plugin_loader.connection_loader.get(context.connection, context, None)
        if connection is None:
            raise AnsibleError(f"ansible_connection: there is no connection plugin '{context.connection}'")
        options = self._options("connection", connection)
        if getattr(connection, "allow_extras", False):
            # Options that the plugin passes on to its library by name. Their prefix never has the collection's name.
            short_name = getattr(connection, "extras_prefix", None) or connection._load_name.rpartition(".")[2]
            prefix = f"ansible_{short_name}_"
            extras = [name for name in self._variables if name.startswith(prefix) and name not in options]
            options["_extras"] = {name: self._value(name) for name in extras}
        connection.set_options(var_options=options)
        connection._shell.set_options(var_options=self._options("shell", connection._shell))
        self._set_become(connection)
        context.set_attributes_from_plugin(connection)
        return connection

    def _set_become(self, connection: Any) -> None:
        if not boolean(self._value("ansible_become") or False):
            return
        method = self._value("ansible_become_method") or "runas"
        become = plugin_loader.become_loader.get(method)
        if become is None:
            raise AnsibleError(f"ansible_become_method: there is no become plugin '{method}'")
        become.set_options(var_options=self._options("become", become))
        connection.set_become_plugin(become)

    def _options(self, kind: str, plugin: Any) -> dict[str, Any]:
        """Return the variables that a plugin takes its options from."""
        names = constants.config.get_plugin_vars(kind, plugin._load_name)
        return {name: self._value(name) for name in names if name in self._variables}

    def _value(self, name: str) -> Any:
        return self._templar.template(self._variables.get(name))

    def _connection_error(self, error: AnsibleConnectionFailure) -> RemoteFailure:
        if _login_refused(error):
            return AccessDenied(
                f"{self._host}: the server rejected the login ({_line(error)}); check ansible_user and"
                " ansible_password, and that the account may connect remotely"
            )
        return Unreachable(
            f"{self._host}: the server cannot be reached ({_line(error)}); check ansible_host, ansible_port and the"
            " connection variables"
        )


def _task(action: str, arguments: Mapping[str, Any]) -> Task:
    """Return a task outside of a play. Modules refuse null for the settings that a play would have filled in."""
    task = Task()
    task.action = action
    task.args = dict(arguments)
    task.check_mode = task.diff = task.no_log = False
    return task


def _line(problem: object) -> str:
    return " ".join(str(problem).split()).rstrip(".")
