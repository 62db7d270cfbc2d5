# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exit codes, refusals and version order that the programs share."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = 0
# No table is published for setup and DRConfigurator on VMM. Inferred from the setup framework's enum in Microsoft's
# public configuration-server setup source (host/ASRSetup SetupHelper) and its DRRegister: 10 = another vault.
FAILED: Final = 1
BAD_COMMAND_LINE: Final = 2
PREREQUISITE_FAILED: Final = 4
OTHER_VAULT: Final = 10


class Refusal(Exception):
    """A program ends without a change, with a reason in its log and an exit code.

    `key` names the text in the resources of Microsoft's public setup source; inferred: the log also contains it.
    """

    def __init__(self, reason: str, exit_code: int = FAILED, *, key: str = "") -> None:
        super().__init__(f"{key}: {reason}" if key else reason)
        self.exit_code = exit_code


def order(version: str) -> tuple[int, ...]:
    """Convert a version, so that a later one is greater; parts other than numbers count as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
