# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: why a module did not run on a machine: its own message, or what PowerShell wrote instead of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Output of PowerShell when a policy or a program stops Ansible's code: an invariant identifier or English text
# (documented: about_Execution_Policies, AMSI). The session recognizes a language mode before.
_CAUSES = (
    (
        re.compile(r"ScriptContainedMaliciousContent|malicious content|blocked by your antivirus", re.IGNORECASE),
        "the antivirus program of the machine blocked Ansible's script; exclude it there",
    ),
    (
        re.compile(r"running scripts is disabled|is not digitally signed|PSSecurityException", re.IGNORECASE),
        "the execution policy of the machine stops scripts; allow them for the connecting user",
    ),
)


def module_failure(answer: Mapping[str, Any]) -> str:
    """Return the reason of a module that gave no answer of its own.

    Ansible then reports only that the answer is not JSON, and keeps what the machine wrote.
    """
    message, written = str(answer.get("msg") or ""), _written(answer)
    if not written:
        return message or "no message"
    cause = next((text for pattern, text in _CAUSES if pattern.search(written)), None)
    first = next((line.strip() for line in written.splitlines() if line.strip()), "")
    return f"{cause} ({first})" if cause else first


def _written(answer: Mapping[str, Any]) -> str:
    """Return what the machine wrote to its error stream, or else in place of the answer."""
    return next(
        (str(answer[name]) for name in ("module_stderr", "module_stdout") if str(answer.get(name) or "").strip()), ""
    )
