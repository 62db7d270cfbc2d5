# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: repairs symptoms of a Windows machine, or undoes such repairs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.errors import InvalidInput
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource
from ....module_utils._model.windows import symptom_repair as model
from ....module_utils._model.windows.expectation import VMM_SERVER
from ..._windows.observation import observe_raw
from ..._windows.session import Session
from .undo_file import add_records, read_records

_PARAMETERS = {model.STATUS: "Status", model.START_MODE: "StartMode"}


class SymptomRepair(ManagedResource[model.Services, Applied]):
    """The services of a machine whose stop is a symptom.

    The record of a change is written before the change, so that an interruption leaves no change without a record.
    """

    not_kept = "read the event log System of the machine, which names the reason"

    def __init__(self, session: Session, options: Mapping[str, Any], machine: str) -> None:
        self._session = session
        self._machine = machine
        self._kind: str = options["kind"]
        self._symptoms = model.checked_symptoms(options["symptoms"])
        self._undo: bool = options["undo"]
        self._path = os.path.abspath(os.path.expanduser(options["undo_file"]))
        if self._undo == bool(self._symptoms):
            raise InvalidInput("symptoms", "must be set unless undo is set, and not with it", "use one of both")
        records = read_records(self._path, required=True) if self._undo else []
        self._records = [record for record in records if record.machine == machine]
        self.steps = ("S1",) if self._kind == VMM_SERVER else ("H1",)

    def observe(self) -> model.Services:
        """Read the services."""
        return model.Services.from_observation(observe_raw(self._session, model.SECTIONS[self._kind]))

    def plan(self, state: model.Services) -> Plan:
        """Plan the changes. Raises Refused."""
        if self._undo:
            return model.plan_undo(state, self._records)
        return model.plan_repairs(self._kind, state, self._symptoms)

    def apply(self, plan: Plan, state: model.Services) -> Applied:  # noqa: ARG002
        """Record the changes, then make them."""
        if not self._undo:
            add_records(self._path, model.records_of(self._machine, plan))
        for change in plan.changes:
            service, setting = change.path.split(".")
            self._session.run("set_service_state", {"Name": service, _PARAMETERS[setting]: change.after})
        return Applied()

    def to_result(self, state: model.Services) -> dict[str, Any]:
        """Return the services as results show them."""
        return state.to_result()

    def describe(self, state: model.Services) -> str:
        """Describe the services."""
        shown = [f"{name} is {each.status} ({each.start_mode})" for name, each in sorted(state.by_name.items())]
        return ", ".join(shown) or "no service of Site Recovery"

    def warnings(self, state: model.Services) -> tuple[str, ...]:
        """Return the values that an undo leaves, because others have changed them since."""
        return model.left(state, self._records)


def build(options: Mapping[str, Any], session: Session, machine: str) -> SymptomRepair:
    """Build the resource from the task's options. Raises InvalidInput and Refused."""
    return SymptomRepair(session, options, machine)
