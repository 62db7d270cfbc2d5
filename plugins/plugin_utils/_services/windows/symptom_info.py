# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: looks for symptoms of known problems on a Windows machine, in one remote execution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.symptom import Side, require_days
from ....module_utils._model.windows import symptoms as model
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.host_facts import STAGING_DIR
from ....module_utils._model.windows.symptom_table import EVENT_LOGS
from ....module_utils._model.windows.trusted_roots import THUMBPRINTS
from ..._windows.session import Session


def read_symptoms(options: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """Return the keys of the result. Raises InvalidInput before anything is sent."""
    kind: Side = options["kind"]
    days: int = options["days"]
    require_days(days)
    raw = session.run(
        "read_symptoms",
        {
            "Sections": list(model.SECTIONS[kind]),
            "StagingDir": STAGING_DIR,
            "RootThumbprints": list(THUMBPRINTS),
            "LogSigns": model.log_signs(),
            "EventLogs": list(EVENT_LOGS[kind]),
            "EventSigns": model.event_signs(),
            "Days": days,
        },
    )
    machine = MachineFacts.from_observation(raw)
    return {
        "changed": False,
        "side": kind,
        "symptoms": [each.to_result(kind) for each in model.find(kind, raw, days=days, clean=session.clean)],
        "unread": [session.clean(line) for line in model.unread(kind, raw)],
        "absent_logs": model.absent_logs(raw),
        "vmm_server": _server(machine) if kind == "vmm_server" else None,
    }


def _server(machine: MachineFacts) -> dict[str, Any] | None:
    """Return the name of the VMM server in a vault, and whether it is registered. None if that was not read."""
    if machine.vmm is None or machine.registration is None or not machine.active:
        return None
    return {"name": machine.server_name(), "registered": machine.registration.vault_name is not None}
