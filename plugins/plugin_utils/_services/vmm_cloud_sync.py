# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the metadata flag of VMM clouds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...module_utils._model.cloud import plan_clouds, plan_unread, require_cloud_names, require_readable
from ...module_utils._model.lifecycle import Noun
from ...module_utils._model.machine import Cloud
from ...module_utils._model.plan import UNKNOWN, Plan
from ...module_utils._model.provider import vmm_of
from .._windows.observation import observe
from .._windows.session import Session

#: None: VMM's service does not run, so its clouds can't be read.
Clouds = tuple[Cloud, ...] | None


class VmmCloudSync(Noun[Clouds]):
    """The clouds whose metadata goes to the vault (P9)."""

    steps = ("P9",)

    def __init__(self, session: Session, names: Sequence[str]) -> None:
        require_cloud_names(names)
        self._session = session
        self._names = names

    def observe(self) -> Clouds:
        vmm = vmm_of(observe(self._session, ("vmm",)))
        # In check mode a service that an earlier task would start counts as planned.
        if vmm.clouds is None and self._session.check_mode:
            return None
        return require_readable(vmm)

    def plan(self, state: Clouds) -> Plan:
        return plan_unread(self._names) if state is None else plan_clouds(state, self._names)

    def apply(self, plan: Plan, state: Clouds) -> None:  # noqa: ARG002
        self._session.run("publish_cloud", {"CloudIds": [change.path for change in plan.changes]})

    def project(self, state: Clouds) -> dict[str, Any]:
        return {"clouds": [cloud.project() for cloud in state or ()]}

    def preview(self, state: Clouds, plan: Plan) -> dict[str, Any]:
        if state is None:
            return self.project(tuple(Cloud(UNKNOWN, name, True) for name in self._names))
        planned = {change.path for change in plan.changes}
        return self.project(tuple(replace(cloud, published=cloud.published or cloud.id in planned) for cloud in state))

    def describe(self, state: Clouds) -> str:
        if state is None:
            return "unknown while service SCVMMService does not run"
        names = ", ".join(cloud.name for cloud in state if cloud.published)
        return f"synchronised clouds: {names or 'none'}"


def build(options: Mapping[str, Any], session: Session) -> VmmCloudSync:
    """The noun of the action's options; raises InvalidInput."""
    return VmmCloudSync(session, options["clouds"])
