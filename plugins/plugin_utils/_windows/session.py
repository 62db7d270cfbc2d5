# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: runs a named script on the task's Windows machine, over whatever connection the inventory names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...module_utils._model.common.errors import RemoteFailure, SiteRecoveryError

_SCRIPTS = Path(__file__).parent / "scripts"
_SHARED = re.compile(r"^# siterecovery\.hyperv functions: (?P<names>.+)$", re.MULTILINE)
_DEPTH = 6
# What win_powershell says instead of running a script that does not declare SupportsShouldProcess.
_SKIPPED = "skipped, running in check mode"

#: Runs ansible.windows.win_powershell with the given arguments and returns its result.
Execute = Callable[[dict[str, Any]], Mapping[str, Any]]
#: A text becomes a SecureString, a pair of user name and password a PSCredential.
Secret = str | tuple[str, str]


class ConnectionLost(Exception):
    """The connection broke while a script ran, or can't be made; what was begun may go on."""


def _silent(_line: str) -> None:
    """Nobody is there to be told."""


class Session:
    """One task's way to its machine. Every `run` is one remote execution.

    `tell` shows a line to the person who waits; `reconnect` makes the connection anew, or raises ConnectionLost.
    """

    def __init__(
        self,
        execute: Execute,
        *,
        check_mode: bool = False,
        tell: Callable[[str], None] = _silent,
        reconnect: Callable[[], None] = lambda: None,
    ) -> None:
        self._execute = execute
        self.tell = tell
        self.reconnect = reconnect
        self.check_mode = check_mode
        #: Whether a script has changed the machine, also when it failed afterwards.
        self.changed = False
        #: Secret texts sent so far: the front end removes them from everything it shows.
        self.secrets: set[str] = set()

    def run(
        self,
        script: str,
        parameters: Mapping[str, Any] | None = None,
        secrets: Mapping[str, Secret | None] | None = None,
    ) -> Any:
        """Run `scripts/<script>.ps1` and return its one object.

        A secret that is None is left out. Raises RemoteFailure when the script throws, ConnectionLost when nobody
        knows.
        """
        sent = {name: secret for name, secret in (secrets or {}).items() if secret is not None}
        self.secrets.update(form for secret in sent.values() for form in _forms(secret))
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
        return _object(script, answer)


def source(script: str) -> str:
    """The text of a script as it is sent: with the functions that it names, each a file of its own."""
    text = (_SCRIPTS / f"{script}.ps1").read_text(encoding="utf-8")
    return _SHARED.sub(lambda named: "\n\n".join(map(_function, named["names"].split(", "))), text)


def _function(name: str) -> str:
    text = (_SCRIPTS / "functions" / f"{name}.ps1").read_text(encoding="utf-8")
    return text[text.index("function ") :].rstrip("\n")


def _forms(secret: Secret) -> set[str]:
    """The secret text, also as it looks in a message, which is always one line."""
    text = secret if isinstance(secret, str) else secret[1]
    return {form for form in (text, " ".join(text.split())) if form}


def _argument(name: str, secret: Secret) -> dict[str, str]:
    if isinstance(secret, str):
        return {"name": name, "value": secret}
    username, password = secret
    return {"name": name, "username": username, "password": password}


def _object(script: str, answer: Mapping[str, Any]) -> Any:
    if answer.get("failed"):
        raise RemoteFailure(f"script {script} failed: {_reason(answer)}", script=script)
    if answer.get("msg") == _SKIPPED or "result" not in answer:
        raise SiteRecoveryError(
            f"script {script} was not run although it only reads or was asked to; this is a bug of the collection",
            script=script,
        )
    return answer["result"]


def _reason(answer: Mapping[str, Any]) -> str:
    """The thrown message; falls back to the module's own (a payload that never reached the script)."""
    records = answer.get("error") or []
    if records:
        exception = records[-1].get("exception") or {}
        return str(exception.get("message") or records[-1].get("output") or "no message")
    return str(answer.get("msg") or answer.get("module_stderr") or "no message")
