# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the front end that all Windows nouns share. It owns ActionBase; nothing below it knows Ansible."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._model.common.errors import InvalidInput, RemoteFailure, SiteRecoveryError
from ..module_utils._model.common.resource import ManagedResource, Outcome, converge
from ..module_utils._model.windows.facts import STAGING_DIR
from ..module_utils._model.windows.installer import DOWNLOAD_SECONDS, is_controller_path
from ._windows.session import ConnectionLost, Session

_WAY_OUT: dict[str, dict[str, Any]] = {
    "mode": {"type": "str", "choices": ["direct", "system", "custom"], "required": True},
    "address": {"type": "str"},
    "port": {"type": "int"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
}
PROXY_OPTIONS: dict[str, dict[str, Any]] = {
    "proxy": {"type": "dict", "options": {**_WAY_OUT, "bypass": {"type": "list", "elements": "str"}}},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
}
INSTALLER_OPTIONS: dict[str, dict[str, Any]] = {
    "source": {"type": "str", "required": True},
    "checksum": {"type": "str"},
    "version": {"type": "str"},
    "staging_dir": {"type": "str", "default": STAGING_DIR},
    "download_proxy": {"type": "dict", "options": _WAY_OUT},
    "download_timeout": {"type": "int", "default": DOWNLOAD_SECONDS},
    "keep_installer": {"type": "bool", "default": False},
}
#: For nouns whose setup goes on without the connection, and may want a restart at its end.
SETUP_OPTIONS: dict[str, dict[str, Any]] = {
    **INSTALLER_OPTIONS,
    "wait_timeout": {"type": "int", "default": 3600},
    "reboot": {"type": "bool", "default": False},
}
Options = Mapping[str, Any]


class WindowsAction(ActionBase):  # type: ignore[misc]
    """Base of the Windows nouns' action plugins: options in, one noun, one result out."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {}

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._supports_check_mode = True
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(argument_spec=self.OPTIONS)
        self._task_vars = task_vars or {}
        host = self._task_vars.get("inventory_hostname", "")
        session = Session(
            lambda arguments: self._run_script(arguments, self._task_vars),
            check_mode=bool(self._task.check_mode),
            tell=lambda line: Display().display(f"{host}: {line}" if host else line),
            reconnect=self._reconnect,
        )
        try:
            result.update(self.work(self._located(options), session))
        except SiteRecoveryError as error:
            result.update(failed=True, changed=session.changed, **error.to_result())
        except ConnectionLost as error:
            raise AnsibleConnectionFailure(str(error)) from None
        secrets = session.secrets | set(secret_values(self.OPTIONS, options))
        cleaned: dict[str, Any] = remove_values(result, secrets)
        return cleaned

    def work(self, options: Options, session: Session) -> dict[str, Any]:
        """The result's keys. Raises SiteRecoveryError."""
        raise NotImplementedError

    def _located(self, options: Options) -> Options:
        """An installer on the controller is searched as Ansible searches files; check mode finds a mistake too."""
        source = options.get("source")
        if not isinstance(source, str) or not is_controller_path(source):
            return options
        try:
            return {**options, "source": self._find_needle("files", source)}
        except AnsibleError:
            raise InvalidInput(
                "source", f"there is no file '{source}' on the controller", "correct the path, or give an https address"
            ) from None

    def _run_script(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> Mapping[str, Any]:
        # The answer repeats the arguments, secrets among them: the session takes out what it names, and no more.
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name="ansible.windows.win_powershell", module_args=arguments, task_vars=task_vars
            )
        except AnsibleConnectionFailure as error:
            if _login_refused(error):
                # Trying again and again would lock the account.
                raise
            raise ConnectionLost(str(error)) from None
        except _psrp_errors() as error:
            raise _lost(error) from None
        except OSError as error:
            if error.filename is not None:
                # A file of the controller's own, which has nothing to do with the connection.
                raise
            # Connection plugins let their HTTP library's errors through when a connection breaks in the middle.
            raise _lost(error) from None
        return answer

    def _reconnect(self) -> None:
        """What a broken connection remembers (a shell, a session) is of no use any more. Raises ConnectionLost."""
        try:
            self._connection.reset()
        except AnsibleConnectionFailure as error:
            if _login_refused(error):
                raise
            raise _lost(error) from None
        except OSError as error:
            raise _lost(error) from None


def _psrp_errors() -> tuple[type[Exception], ...]:
    """What the library of psrp raises on a broken session, which that connection lets through. Nobody else has it."""
    library = sys.modules.get("pypsrp.exceptions")
    return () if library is None else (library.WinRMError,)


def _lost(error: Exception) -> ConnectionLost:
    return ConnectionLost(
        f"the connection was lost while a script ran on the machine ({type(error).__name__}); it may go on"
        " there: run again when the machine answers"
    )


def _login_refused(error: AnsibleConnectionFailure) -> bool:
    """Only ssh says it by a type of its own; winrm and psrp have these words."""
    words = ("credentials were rejected", "failed to authenticate")
    return isinstance(error, AnsibleAuthenticationFailure) or any(word in str(error).lower() for word in words)


class ResourceAction(WindowsAction):
    """A changing noun: `build` makes it, the lifecycle does the rest."""

    #: The result's key for the projection; empty: the projection's own keys are the result's.
    RESULT: ClassVar[str] = ""

    def build(self, options: Options, session: Session) -> ManagedResource[Any, Any]:
        """The noun of checked options. Raises InvalidInput before anything is sent."""
        raise NotImplementedError

    def work(self, options: Options, session: Session) -> dict[str, Any]:
        outcome = converge(self.build(options, session), check_mode=session.check_mode)
        return self.shown(outcome)

    def shown(self, outcome: Outcome) -> dict[str, Any]:
        return shown(self.RESULT, outcome, diff_mode=bool(self._task.diff))


class SetupAction(ResourceAction):
    """A noun that is set up by a program: the machine is restarted only when asked for."""

    def work(self, options: Options, session: Session) -> dict[str, Any]:
        outcome = converge(self.build(options, session), check_mode=session.check_mode)
        result, required = self.shown(outcome), outcome.restart_required
        # A restart that was pending before is not this task's to make, unless it changed something.
        restarts = bool(required and outcome.changed and options["reboot"] and not session.check_mode)
        if restarts:
            self._restart(options)
            session.reconnect()
            # The result shows the machine after the restart.
            again = self.shown(converge(self.build(options, session), check_mode=False))
            result.update({name: again[name] for name in (self.RESULT, "evidence")}, changed=True)
        return {**result, "reboot_required": required and not restarts, "rebooted": restarts}

    def _restart(self, options: Options) -> None:
        """ansible.windows knows how to restart a machine and to wait for it. Raises RemoteFailure."""
        task = self._task.copy()
        task.action = "ansible.windows.win_reboot"
        task.args = {"reboot_timeout": options["wait_timeout"], "msg": "Restart asked for by Ansible"}
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
            raise RemoteFailure(f"the machine was to be restarted, and was not: {answer.get('msg')}")


def shown(name: str, outcome: Outcome, *, diff_mode: bool) -> dict[str, Any]:
    """An outcome as a task result."""
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
    """The texts of all options that the spec marks `no_log`, sub-options included."""
    for name, rule in spec.items():
        value = options.get(name)
        if not value:
            continue
        if rule.get("no_log"):
            yield str(value)
        elif isinstance(value, Mapping) and "options" in rule:
            yield from secret_values(rule["options"], value)
