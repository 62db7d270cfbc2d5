# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the front end of all Windows resources. It owns ActionBase; no layer below it knows Ansible."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible import constants
from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import module_loader
from ansible.utils.display import Display

from ..module_utils._model.common.controller_proxy import connection_problem, is_refused_by_proxy
from ..module_utils._model.common.errors import InvalidInput, Refused, RemoteFailure, SiteRecoveryError
from ..module_utils._model.common.resource import ManagedResource, Outcome, converge
from ..module_utils._model.common.secret_options import require_text
from ..module_utils._model.common.shown_text import one_line
from ..module_utils._model.windows.agent_limits import DAYS
from ..module_utils._model.windows.host_facts import STAGING_DIR
from ..module_utils._model.windows.installer import DOWNLOAD_SECONDS, is_controller_path
from ._windows.node_restart import NodeRestart
from ._windows.session import ConnectionLost, Session

_PROXY_SUBOPTIONS: dict[str, dict[str, Any]] = {
    "mode": {"type": "str", "choices": ["direct", "system", "custom"], "required": True},
    "address": {"type": "str"},
    "port": {"type": "int"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
}
PROXY_OPTIONS: dict[str, dict[str, Any]] = {
    "proxy": {"type": "dict", "options": {**_PROXY_SUBOPTIONS, "bypass": {"type": "list", "elements": "str"}}},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
}
#: For resources that stop the VMM service.
RUNNING_JOBS_OPTIONS: dict[str, dict[str, Any]] = {
    "running_jobs": {"type": "str", "choices": ["wait", "refuse", "ignore"], "default": "wait"},
    "running_jobs_timeout": {"type": "int", "default": 3600},
}
#: For resources that run a program as a background task.
SETUP_LOGON_OPTIONS: dict[str, dict[str, Any]] = {
    "setup_logon": {"type": "str", "choices": ["s4u", "password"], "default": "s4u"},
    "setup_password": {"type": "str", "no_log": True},
}
INSTALLER_OPTIONS: dict[str, dict[str, Any]] = {
    "source": {"type": "str", "required": True},
    "checksum": {"type": "str"},
    "version": {"type": "str"},
    "staging_dir": {"type": "str", "default": STAGING_DIR},
    "download_proxy": {"type": "dict", "options": _PROXY_SUBOPTIONS},
    "download_timeout": {"type": "int", "default": DOWNLOAD_SECONDS},
    "keep_installer": {"type": "bool", "default": False},
}
#: For resources whose setup runs as a background task and may ask for a restart.
SETUP_OPTIONS: dict[str, dict[str, Any]] = {
    **INSTALLER_OPTIONS,
    **SETUP_LOGON_OPTIONS,
    "wait_timeout": {"type": "int", "default": 3600},
    "reboot": {"type": "bool", "default": False},
    "allow_unsupported_upgrade": {"type": "bool", "default": False},
}
#: The limits of the agent.
LIMIT_OPTIONS: dict[str, dict[str, Any]] = {
    "throttle": {
        "type": "dict",
        "options": {
            "enabled": {"type": "bool", "default": True},
            "work_days": {"type": "list", "elements": "str", "choices": list(DAYS)},
            "work_hours_start": {"type": "str"},
            "work_hours_end": {"type": "str"},
            "work_hour_bandwidth": {"type": "int"},
            "non_work_hour_bandwidth": {"type": "int"},
        },
    },
    "upload_threads": {"type": "int"},
    "download_threads": {"type": "int"},
}
Options = Mapping[str, Any]

#: The module that runs each script on a machine.
_MODULE = "ansible.windows.win_powershell"


class WindowsAction(ActionBase):  # type: ignore[misc]
    """Base class of the Windows action plugins: validates options, runs scripts and returns one result."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {}

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task and return its result without secrets."""
        self._supports_check_mode = True
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            require_text(self.OPTIONS, self._task.args)
        except InvalidInput as error:
            return {**result, "failed": True, "changed": False, **error.to_result()}
        _result, options = self.validate_argument_spec(argument_spec=self.OPTIONS)
        self._task_vars = task_vars or {}
        host = self._task_vars.get("inventory_hostname", "")
        session = Session(
            lambda arguments: self._run_script(arguments, self._task_vars),
            check_mode=bool(self._task.check_mode),
            show=lambda line: Display().display(one_line(f"{host}: {line}" if host else line)),
            reconnect=self._reconnect,
        )
        try:
            result.update(self.execute(self._with_local_source(options), session))
        except SiteRecoveryError as error:
            result.update(failed=True, changed=session.changed, **error.to_result())
        except ConnectionLost as error:
            raise AnsibleConnectionFailure(str(error)) from None
        secrets = session.secrets | set(secret_values(self.OPTIONS, options))
        cleaned: dict[str, Any] = remove_values(result, secrets)
        return cleaned

    def execute(self, options: Options, session: Session) -> dict[str, Any]:
        """Return the keys of the result. Raises SiteRecoveryError."""
        raise NotImplementedError

    def _with_local_source(self, options: Options) -> Options:
        """Return the options with the path of an installer on the controller, which is searched like Ansible's files.

        Raises InvalidInput, in check mode too.
        """
        source = options.get("source")
        if not isinstance(source, str) or not is_controller_path(source):
            return options
        try:
            return {**options, "source": self._find_needle("files", source)}
        except AnsibleError:
            raise InvalidInput(
                "source",
                f"the controller does not have the file '{source}'",
                "correct the path, or use an https address",
            ) from None

    def _run_script(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> Mapping[str, Any]:
        # The answer repeats all arguments, including secrets. The session uses its named keys only.
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name=_MODULE, module_args=arguments, task_vars=task_vars
            )
        except AnsibleConnectionFailure as error:
            if _login_refused(error):
                # Repeated attempts would lock the account.
                raise
            raise ConnectionLost(connection_problem(str(error))) from None
        except _psrp_errors() as error:
            raise _lost(error) from None
        except OSError as error:
            if error.filename is not None:
                # A file on the controller failed, not the connection.
                raise
            # Connection plugins do not catch the errors of their HTTP library when a connection breaks.
            raise _lost(error) from None
        except AnsibleError:
            if module_loader.find_plugin_with_context(_MODULE, mod_type=".ps1").resolved:
                raise
            raise Refused(
                "the collection ansible.windows is not installed on the controller; install it with"
                " 'ansible-galaxy collection install ansible.windows'"
            ) from None
        return answer

    def _reconnect(self) -> None:
        """Discard the state of a broken connection, such as its shell. Raises ConnectionLost."""
        try:
            self._connection.reset()
        except AnsibleConnectionFailure as error:
            if _login_refused(error):
                raise
            raise _lost(error) from None
        except OSError as error:
            raise _lost(error) from None


def _psrp_errors() -> tuple[type[Exception], ...]:
    """Return the errors of a broken session that the psrp connection does not catch."""
    library = sys.modules.get("pypsrp.exceptions")
    return () if library is None else (library.WinRMError,)


def _lost(error: Exception) -> ConnectionLost:
    if is_refused_by_proxy(f"{type(error).__name__}: {error}"):
        return ConnectionLost(connection_problem(f"ProxyError: {error}"))
    return ConnectionLost(
        f"the connection was lost while a script ran on the machine ({type(error).__name__}); the script may still be"
        " running, so run again when the machine responds"
    )


# The winrm connection reports a rejected login by this text only: it raises its general error outside of the handler,
# so neither type nor cause remain. The text is a constant of that plugin.
_WINRM_LOGIN_REFUSED = "credentials were rejected"


def _login_refused(error: AnsibleConnectionFailure) -> bool:
    """Tell whether the machine rejected the login. ssh has a type for it, and psrp keeps the cause."""
    library = sys.modules.get("pypsrp.exceptions")
    psrp = () if library is None else (library.AuthenticationError,)
    if isinstance(error, AnsibleAuthenticationFailure) or isinstance(error.__cause__ or error.__context__, psrp):
        return True
    return _WINRM_LOGIN_REFUSED in str(error).lower()


class ResourceAction(WindowsAction):
    """Base class for a resource that tasks change: `build` creates it, and the life cycle does the rest."""

    #: The key of the resource in the result. If it is empty, the keys of the resource are keys of the result.
    RESULT: ClassVar[str] = ""

    def build(self, options: Options, session: Session) -> ManagedResource[Any, Any]:
        """Build the resource from validated options. Raises InvalidInput before anything is sent."""
        raise NotImplementedError

    def execute(self, options: Options, session: Session) -> dict[str, Any]:
        """Bring the resource to its desired state and return the result."""
        outcome = converge(self.build(options, session), check_mode=session.check_mode)
        return self.result_of(outcome)

    def result_of(self, outcome: Outcome) -> dict[str, Any]:
        """Return an outcome as a task result."""
        return result_of(self.RESULT, outcome, diff_mode=bool(self._task.diff))


class SetupAction(ResourceAction):
    """Base class for a resource with a setup program. It restarts the machine only if the task allows it.

    A machine is not restarted while virtual machines run on it, or while another node of its cluster is not up. One
    run restarts the nodes of a cluster one after the other.
    """

    #: The step of the setup.
    STEP: ClassVar[str]

    def execute(self, options: Options, session: Session) -> dict[str, Any]:
        """Bring the resource to its desired state, restart the machine if required, and return the result."""
        outcome = converge(self.build(options, session), check_mode=session.check_mode)
        result, required = self.result_of(outcome), outcome.restart_required
        # A task that changed nothing never restarts the machine, although a restart may be pending.
        restarts = bool(required and outcome.changed and options["reboot"] and not session.check_mode)
        if restarts:
            restarted = NodeRestart(
                session,
                self.STEP,
                lambda: self._restart_and_reconnect(options, session),
                Path(constants.DEFAULT_LOCAL_TMP),
                drain=options.get("drain") == "cluster",
                timeout=options.get("drain_timeout", options["wait_timeout"]),
            ).run()
            restarts = restarted.done
            if restarts:
                # The result shows the machine after the restart.
                again = self.result_of(converge(self.build(options, session), check_mode=False))
                result.update({name: again[name] for name in (self.RESULT, "evidence")}, changed=True)
            if restarted.warnings:
                result["warnings"] = [*result.get("warnings", ()), *restarted.warnings]
        return {**result, "reboot_required": required and not restarts, "rebooted": restarts}

    def _restart_and_reconnect(self, options: Options, session: Session) -> None:
        self._restart(options)
        session.reconnect()

    def _restart(self, options: Options) -> None:
        """Restart the machine with ansible.windows.win_reboot and wait for it. Raises RemoteFailure."""
        task = self._task.copy()
        task.action = "ansible.windows.win_reboot"
        task.args = {"reboot_timeout": options["wait_timeout"], "msg": "Restart requested by Ansible"}
        action = self._shared_loader_obj.action_loader.get(
            task.action,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        answer = action.run(task_vars=self._task_vars)
        if answer.get("failed"):
            raise RemoteFailure(f"the restart of the machine failed: {answer.get('msg')}")


def result_of(name: str, outcome: Outcome, *, diff_mode: bool) -> dict[str, Any]:
    """Return an outcome as a task result."""
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "plan": outcome.plan.to_result(),
        "evidence": [entry.to_result() for entry in outcome.evidence],
        **({name: outcome.after} if name else outcome.after),
    }
    if diff_mode:
        result["diff"] = {"before": outcome.before, "after": outcome.after}
    if outcome.warnings:
        result["warnings"] = list(outcome.warnings)
    return result


def secret_values(spec: Mapping[str, Mapping[str, Any]], options: Options) -> Iterator[str]:
    """Yield the values of all options and suboptions that the spec marks `no_log`."""
    for name, rule in spec.items():
        value = options.get(name)
        if not value:
            continue
        if rule.get("no_log"):
            yield str(value)
        elif isinstance(value, Mapping) and "options" in rule:
            yield from secret_values(rule["options"], value)
