# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: how a module passes lines of progress to its action plugin: each report is one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

#: The environment variable with the path of the file.
VARIABLE: Final = "SITERECOVERY_HYPERV_PROGRESS"


def encoded(lines: Sequence[str]) -> str:
    """Return a report for the end of the file."""
    return json.dumps(list(lines)) + "\n"


def last_report(text: str) -> list[str]:
    """Return the lines of the last complete report. The module may be about to write another one."""
    complete = text.rpartition("\n")[0].rpartition("\n")[2]
    found: list[str] = json.loads(complete) if complete else []
    return found
