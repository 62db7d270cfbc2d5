# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the metadata flag of VMM clouds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ....module_utils._model.common.plan import UNKNOWN, Plan
from ....module_utils._model.common.resource import Applied, ManagedResource
from ....module_utils._model.windows import vmm_cloud as model
from ....module_utils._model.windows.facts import Cloud
from ....module_utils._model.windows.provider import require_owner, vmm_of
from ....module_utils._model.windows.vmm_cloud import require_readable
from ..._windows.observation import observe
from ..._windows.session import Session

#: None: VMM's service does not run, so its clouds can't be read.
Clouds = tuple[Cloud, ...] | None


class VmmCloudSync(ManagedResource[Clouds, Applied]):
    """The clouds whose metadata goes to the vault, or goes there no longer (P9)."""

    steps = ("P9",)

    def __init__(self, session: Session, names: Sequence[str], *, publish: bool = True) -> None:
        model.require_cloud_names(names)
        if not publish:
            model.require_names_to_withdraw(names)
        self._session = session
        self._names = names
        self._publish = publish

    def observe(self) -> Clouds:
        vmm = vmm_of(observe(self._session, ("vmm",)))
        require_owner(vmm, "the synchronization of clouds")
        # In check mode a service that an earlier task would start counts as planned.
        if vmm.clouds is None and self._session.check_mode:
            return None
        return require_readable(vmm)

    def plan(self, state: Clouds) -> Plan:
        if state is None:
            return model.plan_unread(self._names, publish=self._publish)
        return model.plan_clouds(state, self._names, publish=self._publish)

    def apply(self, plan: Plan, state: Clouds) -> Applied:  # noqa: ARG002
        ids = [change.path for change in plan.changes]
        self._session.run("publish_cloud", {"CloudIds": ids, "Publish": self._publish})
        return Applied()

    def to_result(self, state: Clouds) -> dict[str, Any]:
        return {"clouds": [cloud.to_result() for cloud in state or ()]}

    def preview(self, state: Clouds, plan: Plan) -> dict[str, Any]:
        if state is None:
            return self.to_result(tuple(Cloud(UNKNOWN, name, self._publish) for name in self._names))
        planned = {change.path: bool(change.after) for change in plan.changes}
        return self.to_result(
            tuple(replace(cloud, published=planned.get(cloud.id, cloud.published)) for cloud in state)
        )

    def describe(self, state: Clouds) -> str:
        if state is None:
            return "unknown while service SCVMMService does not run"
        names = ", ".join(cloud.name for cloud in state if cloud.published)
        return f"synchronized clouds: {names or 'none'}"

    def warnings(self, state: Clouds) -> tuple[str, ...]:
        if state is None or not self._publish:
            return ()
        return model.warnings(model.wanted_clouds(state, self._names))


def build(options: Mapping[str, Any], session: Session) -> VmmCloudSync:
    """The noun of the action's options; raises InvalidInput."""
    return VmmCloudSync(session, options["vmm_clouds"], publish=options["state"] == "present")
