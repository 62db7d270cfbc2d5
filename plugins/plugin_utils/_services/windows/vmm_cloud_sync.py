# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: manages the metadata flag of VMM clouds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ....module_utils._model.common.plan import UNKNOWN, Plan
from ....module_utils._model.common.resource import Applied, ManagedResource
from ....module_utils._model.windows import vmm_cloud as model
from ....module_utils._model.windows.azure_registration import checked_azure_registration
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.vmm_facts import VmmCloud
from ..._windows.observation import observe
from ..._windows.session import Session


class VmmCloudSync(ManagedResource[MachineFacts, Applied]):
    """The clouds whose metadata VMM sends to the vault, or no longer sends (P9)."""

    steps = ("P9",)

    def __init__(
        self,
        session: Session,
        names: Sequence[str],
        *,
        publish: bool = True,
        azure: Mapping[str, Any] | None = None,
    ) -> None:
        model.require_cloud_names(names)
        if not publish:
            model.require_names_to_withdraw(names)
        self._session = session
        self._names = names
        self._publish = publish
        self._azure = azure

    def observe(self) -> MachineFacts:
        """Read the clouds. Raises Refused."""
        return observe(self._session, model.SECTIONS)

    def _clouds(self, state: MachineFacts) -> tuple[VmmCloud, ...] | None:
        """Return the clouds, or None while the VMM service does not run."""
        return state.vmm.clouds if state.vmm else None

    def plan(self, state: MachineFacts) -> Plan:
        """Plan the changes. Raises Refused."""
        return model.plan_clouds(
            state, self._names, publish=self._publish, check_mode=self._session.check_mode, azure=self._azure
        )

    def remaining(self, state: MachineFacts, applied: Applied) -> Plan:  # noqa: ARG002
        """Plan again, without the clouds whose flag VMM does not show."""
        return model.remaining_clouds(self.plan(state), state)

    def apply(self, plan: Plan, state: MachineFacts) -> Applied:  # noqa: ARG002
        """Set the flag of the planned clouds."""
        ids = [change.path for change in plan.changes]
        self._session.run("publish_cloud", {"CloudIds": ids, "Publish": self._publish})
        return Applied()

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        """Return all clouds as results show them."""
        return _result(self._clouds(state) or ())

    def preview(self, state: MachineFacts, plan: Plan) -> dict[str, Any]:
        """Return the expected clouds after the plan."""
        clouds = self._clouds(state)
        if clouds is None:
            return _result([VmmCloud(UNKNOWN, name, self._publish) for name in self._names])
        planned = {change.path: bool(change.after) for change in plan.changes}
        return _result([replace(cloud, published=planned.get(cloud.id, cloud.published)) for cloud in clouds])

    def describe(self, state: MachineFacts) -> str:
        """Name the synchronized clouds."""
        clouds = self._clouds(state)
        if clouds is None:
            return "unknown while service SCVMMService does not run"
        names = ", ".join(cloud.name for cloud in clouds if model.is_synchronized(cloud, self._azure))
        return f"synchronized clouds: {names or 'none'}"

    def warnings(self, state: MachineFacts) -> tuple[str, ...]:
        """Return one line for each reason why machines of the synchronized clouds cannot be protected."""
        return model.warnings(state, self._names) if self._publish else ()


def _result(clouds: Sequence[VmmCloud]) -> dict[str, Any]:
    return {"clouds": [cloud.to_result() for cloud in clouds]}


def build(options: Mapping[str, Any], session: Session) -> VmmCloudSync:
    """Build the resource from the task's options. Raises InvalidInput."""
    return VmmCloudSync(
        session,
        options["vmm_clouds"],
        publish=options["state"] == "present",
        azure=checked_azure_registration(options.get("azure_registration")),
    )
