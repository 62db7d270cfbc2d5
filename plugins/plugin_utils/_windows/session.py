# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: runs a named script on the task's Windows machine, over the connection of the inventory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...module_utils._model.common.errors import Refused, RemoteFailure, SiteRecoveryError
from ...module_utils._model.common.masking import masked, secret_forms
from ...module_utils._model.common.shown_text import foreign
from ...module_utils._model.windows.answers import require_shape
from ...module_utils._model.windows.module_failure import module_failure
from ...module_utils._model.windows.session_requirements import LANGUAGE_FIX, LANGUAGE_MODE, language_reason

_SCRIPTS = Path(__file__).parent / "scripts"
# A line that names files of a folder. Their content replaces the line.
_INCLUDE = re.compile(r"^# siterecovery\.hyperv (?P<folder>functions|sections): (?P<names>.+)$", re.MULTILINE)
# Ids of the errors of PowerShell in language mode ConstrainedLanguage.
_CONSTRAINED = re.compile(r"ConstrainedLanguage\b|\bConversionSupportedOnlyToCoreTypes\b")
_DEPTH = 6
# Keys of results that hold lines of a log, and the longest part of a text that is searched for secrets.
_LOGS = ("log_tail", "log", "events")
_LONGEST = 20000

#: Runs ansible.windows.win_powershell with the given arguments and returns its result.
Execute = Callable[[dict[str, Any]], Mapping[str, Any]]
#: A text becomes a SecureString, a pair of user name and password a PSCredential.
Secret = str | tuple[str, str]


class ConnectionLost(Exception):
    """The connection broke while a script ran, or cannot be opened. The script may still be running."""


def _discard(_line: str) -> None:
    """Show nothing."""


class Session:
    """The connection of one task to its machine. Each `run` is one remote execution.

    `show` displays a progress line. `reconnect` opens the connection again, or raises ConnectionLost.
    """

    def __init__(
        self,
        execute: Execute,
        *,
        check_mode: bool = False,
        show: Callable[[str], None] = _discard,
        reconnect: Callable[[], None] = lambda: None,
    ) -> None:
        self._execute = execute
        self.show = show
        self.reconnect = reconnect
        self.check_mode = check_mode
        #: True once a script has changed the machine, even if it failed afterwards.
        self.changed = False
        #: Secret texts sent so far, in all of their forms. The front end removes them from results and messages.
        self.secrets: set[str] = set()

    def run(
        self,
        script: str,
        parameters: Mapping[str, Any] | None = None,
        secrets: Mapping[str, Secret | None] | None = None,
    ) -> Any:
        """Run `scripts/<script>.ps1` and return its object.

        A secret that is None is not sent. Raises RemoteFailure when the script throws, and ConnectionLost when the
        outcome is unknown.
        """
        sent = {name: secret for name, secret in (secrets or {}).items() if secret is not None}
        self.hide(*sent.values())
        answer = self._execute(
            {
                "script": source(script),
                "parameters": {name: value for name, value in (parameters or {}).items() if value is not None},
                "depth": _DEPTH,
                "error_action": "stop",
                **(
                    {"sensitive_parameters": [_argument(name, secret) for name, secret in sent.items()]} if sent else {}
                ),
            }
        )
        self.changed = self.changed or bool(answer.get("changed"))
        return self._object(script, answer)

    def hide(self, *secrets: Secret | None) -> None:
        """Remove secrets from all texts that the machine returns, in all forms; of a login also those with its name."""
        self.secrets.update(form for secret in secrets if secret is not None for form in _forms(secret))

    def clean(self, text: object) -> str:
        """Return a text that a program on the machine wrote: in one line, of limited length, without secrets."""
        raw = str(text)
        found = masked(raw[:_LONGEST], self.secrets)
        # A secret at the cut is not recognized.
        return foreign(found if len(raw) <= _LONGEST else found[: -max(map(len, self.secrets), default=1)])

    def _object(self, script: str, answer: Mapping[str, Any]) -> Any:
        """Return the object of a script. Raises RemoteFailure when it failed.

        Every script returns an object that is not empty. The module win_powershell returns an empty one instead of
        running a script that does not support check mode.
        """
        if answer.get("failed") and _constrained(answer):
            raise Refused(f"{language_reason('ConstrainedLanguage')}; {LANGUAGE_FIX}", check=LANGUAGE_MODE)
        if answer.get("failed"):
            raise RemoteFailure(f"script {script} failed: {self.clean(_reason(answer))}", script=script)
        result = answer.get("result")
        if not result:
            raise SiteRecoveryError(
                f"script {script} did not run and returned an empty object; report this as a bug of the collection",
                script=script,
            )
        return self.checked(script, result)

    def checked(self, script: str, result: Any) -> Any:
        """Return the object of a script, whose shape is the expected one, with a clean log. Raises RemoteFailure."""
        require_shape(script, result)
        if not isinstance(result, Mapping):
            return result
        return {**result, **{name: self._clean_log(result[name]) for name in _LOGS if name in result}}

    def _clean_log(self, log: Any) -> Any:
        """Return log lines without secrets. Other values are left to the decoder."""
        if isinstance(log, list):
            return [self.clean(line) if isinstance(line, str) else line for line in self._unbroken(log)]
        return self.clean(log) if isinstance(log, str) else log

    def _unbroken(self, log: list[Any]) -> list[Any]:
        """Return log lines without secrets that continue in the next line."""
        if not all(isinstance(line, str) for line in log):
            return log
        text = "\n".join(log)
        return masked(text, self.secrets).split("\n") if len(text) <= _LONGEST else log


def source(script: str) -> str:
    """Return the text of a script as it is sent: joined with the files that it includes."""
    text = (_SCRIPTS / f"{script}.ps1").read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda line: _included(line["folder"], line["names"].split(", ")), text)


def _included(folder: str, names: list[str]) -> str:
    """Return the content of included files without their comments at the top."""
    texts = ((_SCRIPTS / folder / f"{name}.ps1").read_text(encoding="utf-8") for name in names)
    return "\n\n".join(text.partition("\n\n")[2].rstrip("\n") for text in texts)


def _forms(secret: Secret) -> set[str]:
    """Return the secret text in all forms in which a program may repeat it."""
    return set(secret_forms(secret) if isinstance(secret, str) else secret_forms(secret[1], secret[0]))


def _argument(name: str, secret: Secret) -> dict[str, str]:
    if isinstance(secret, str):
        return {"name": name, "value": secret}
    username, password = secret
    return {"name": name, "username": username, "password": password}


def _constrained(answer: Mapping[str, Any]) -> bool:
    """Tell whether the language mode ended a script, or Ansible's own one. The ids of errors have no language."""
    records = answer.get("error")
    ids = [str(each.get("fully_qualified_error_id")) for each in records or () if isinstance(each, Mapping)]
    return any(_CONSTRAINED.search(text) for text in (*ids, *map(str, map(answer.get, ("msg", "module_stderr")))))


def _reason(answer: Mapping[str, Any]) -> str:
    """Return the thrown message, or the module's own message if the script did not start."""
    records = answer.get("error")
    last = records[-1] if isinstance(records, list) and records else None
    if isinstance(last, Mapping):
        exception = last.get("exception")
        message = exception.get("message") if isinstance(exception, Mapping) else None
        return str(message or last.get("output") or "no message")
    return module_failure(answer)
