# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the virtual machines of a Hyper-V host in one remote execution."""

from __future__ import annotations

from typing import Any

from ....module_utils._model.windows.host_machines import documents_from_answer
from ..._windows.session import Session


def read_host_machines(host: str, session: Session) -> dict[str, Any]:
    """Return the result of the module. `host` is the name under which the machines are shown."""
    return {"changed": False, "machines": documents_from_answer(session.run("list_host_machines"), host)}
