# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The output that `ansible.windows.win_powershell` prints, built from the result of a script.

Shapes as in ansible.windows plugins/modules/win_powershell.ps1 and its documented return values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .base import CommandOutput

SKIPPED_IN_CHECK_MODE = "skipped, running in check mode"


def module_answer(result: Mapping[str, Any], exit_code: int = 0) -> CommandOutput:
    """Return a module's JSON on standard output, with a Windows line end."""
    return CommandOutput((json.dumps(result, ensure_ascii=False) + "\r\n").encode(), b"", exit_code)


def module_failure(message: str) -> CommandOutput:
    """Return what FailJson prints."""
    return module_answer({"failed": True, "msg": message, "changed": False}, exit_code=1)


def script_result(
    *, result: Any, changed: bool, failed: bool, errors: Iterable[Mapping[str, Any]] = (), message: str | None = None
) -> dict[str, Any]:
    """Return the keys of win_powershell; a failed script has its records in `error` and no `msg`."""
    answer: dict[str, Any] = {
        "changed": changed,
        "failed": failed,
        "result": result,
        "host_out": "",
        "host_err": "",
        "output": [],
        "error": [dict(item) for item in errors],
        "warning": [],
        "verbose": [],
        "debug": [],
        "information": [],
    }
    if message is not None:
        answer["msg"] = message
    return answer


def error_record(
    message: str,
    *,
    error_type: str = "System.Management.Automation.RuntimeException",
    error_id: str = "RuntimeException",
    category: str = "OperationStopped",
    category_id: int = 14,
    target: str = "",
) -> dict[str, Any]:
    """Return an error of a script as win_powershell reports it."""
    return {
        "output": f"{message}\r\n",
        "error_details": None,
        "exception": {
            "message": message,
            "type": error_type,
            "help_link": None,
            "source": None,
            "hresult": -2146233087,
            "inner_exception": None,
        },
        "target_object": target or None,
        "category_info": {
            "category": category,
            "category_id": category_id,
            "activity": "",
            "reason": error_id,
            "target_name": target,
            "target_type": "String" if target else "",
        },
        "fully_qualified_error_id": message if error_id == "RuntimeException" else error_id,
        "script_stack_trace": "at <ScriptBlock>, <No file>: line 1",
        "pipeline_iteration_info": [],
    }


def flatten(value: Any, depth: int) -> Any:
    """Return a result as win_powershell shortens it to `depth` levels: deeper containers become text."""
    if isinstance(value, Mapping):
        if depth < 0:
            return "System.Collections.Hashtable"
        return {str(key): flatten(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        if depth < 0:
            return " ".join(str(item) for item in value)
        return [flatten(item, depth - 1) for item in value]
    return value
