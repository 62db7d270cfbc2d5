# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the front end that all Windows nouns share. It owns ActionBase; nothing below it knows Ansible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ..module_utils._model.errors import SiteRecoveryError
from ..module_utils._model.lifecycle import Noun, Outcome, converge
from ..module_utils._model.machine import STAGING_DIR
from ._windows.session import Session

PROXY_OPTIONS: dict[str, dict[str, Any]] = {
    "proxy": {
        "type": "dict",
        "options": {
            "mode": {"type": "str", "choices": ["direct", "system", "custom"], "required": True},
            "address": {"type": "str"},
            "port": {"type": "int"},
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "bypass": {"type": "list", "elements": "str"},
        },
    },
    "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
}
INSTALLER_OPTIONS: dict[str, dict[str, Any]] = {
    "source": {"type": "str", "required": True},
    "checksum": {"type": "str"},
    "version": {"type": "str"},
    "staging_dir": {"type": "str", "default": STAGING_DIR},
}
Options = Mapping[str, Any]


class WindowsAction(ActionBase):  # type: ignore[misc]
    """Base of the Windows nouns' action plugins: options in, one noun, one result out."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {}

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._supports_check_mode = True
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(argument_spec=self.OPTIONS)
        session = Session(
            lambda arguments: self._run_script(arguments, task_vars or {}), check_mode=bool(self._task.check_mode)
        )
        try:
            result.update(self.work(options, session))
        except SiteRecoveryError as error:
            result.update(failed=True, changed=session.changed, **error.to_result())
        secrets = session.secrets | set(secret_values(self.OPTIONS, options))
        cleaned: dict[str, Any] = remove_values(result, secrets)
        return cleaned

    def work(self, options: Options, session: Session) -> dict[str, Any]:
        """The result's keys. Raises SiteRecoveryError."""
        raise NotImplementedError

    def _run_script(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> Mapping[str, Any]:
        # The answer repeats the arguments, secrets among them: the session takes out what it names, and no more.
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name="ansible.windows.win_powershell", module_args=arguments, task_vars=task_vars
            )
        except OSError as error:
            if error.filename is not None:
                # A file of the controller's own, which has nothing to do with the connection.
                raise
            # Connection plugins let their HTTP library's errors through when a connection breaks in the middle.
            raise AnsibleConnectionFailure(
                f"the connection was lost while a script ran on the machine ({type(error).__name__}); it may go on"
                " there: run again when the machine answers"
            ) from None
        return answer


class NounAction(WindowsAction):
    """A changing noun: `build` makes it, the lifecycle does the rest."""

    #: The result's key for the projection; empty: the projection's own keys are the result's.
    RESULT: ClassVar[str] = ""

    def build(self, options: Options, session: Session) -> Noun[Any]:
        """The noun of checked options. Raises InvalidInput before anything is sent."""
        raise NotImplementedError

    def work(self, options: Options, session: Session) -> dict[str, Any]:
        outcome = converge(self.build(options, session), check_mode=session.check_mode)
        return shown(self.RESULT, outcome, diff_mode=bool(self._task.diff))


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
