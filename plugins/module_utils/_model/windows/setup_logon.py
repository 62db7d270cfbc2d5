# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: how the background task of a setup logs on to its machine.

S4U stores no password, but such a task cannot log on to other machines. A setup that opens a database on another
server needs the password of the connecting user (Task Scheduler reference, TASK_LOGON_TYPE).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common.errors import InvalidInput

S4U, PASSWORD = "s4u", "password"


def checked_logon(options: Mapping[str, Any]) -> str | None:
    """Return the password with which background tasks log on, or None for S4U. Raises InvalidInput."""
    password: str | None = options["setup_password"]
    if options["setup_logon"] == PASSWORD:
        if not password:
            raise InvalidInput(
                "setup_password",
                "must be set when setup_logon is password",
                "set it to the password of the connecting user, or of the become user",
            )
        return password
    if password is not None:
        raise InvalidInput(
            "setup_password",
            "must not be set when setup_logon is s4u, which uses no password",
            "set setup_logon to password, or remove the option",
        )
    return None
