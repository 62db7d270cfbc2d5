# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the metadata flag of VMM clouds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...module_utils._model.cloud import Cloud, plan_clouds, require_cloud_names
from ...module_utils._model.errors import Refused
from ...module_utils._model.lifecycle import Noun
from ...module_utils._model.plan import Plan
from .._windows.session import Session

Clouds = tuple[Cloud, ...]


class VmmCloudSync(Noun[Clouds]):
    """The clouds whose metadata goes to the vault (P9)."""

    steps = ("P9",)

    def __init__(self, session: Session, names: Sequence[str]) -> None:
        require_cloud_names(names)
        self._session = session
        self._names = names

    def observe(self) -> Clouds:
        vmm = self._session.run("observe", {"Sections": ["vmm"]})["vmm"]
        if vmm is None:
            raise Refused("this machine runs no VMM server; put the VMM server into the group, not a console or host")
        if vmm["clouds"] is None:
            raise Refused(
                f"VMM's clouds can't be read: service SCVMMService is {vmm['service']['status']}; start it, then run again"
            )
        if not vmm["flag_supported"]:
            raise Refused(
                "this VMM version has no DisasterRecoverySupported switch on Set-SCCloud; set the flag on the cloud's General page"
            )
        return tuple(Cloud.from_observation(cloud) for cloud in vmm["clouds"])

    def plan(self, state: Clouds) -> Plan:
        return plan_clouds(state, self._names)

    def apply(self, plan: Plan, state: Clouds) -> None:
        self._session.run("publish_cloud", {"CloudIds": [change.path for change in plan.changes]})

    def project(self, state: Clouds) -> dict[str, Any]:
        return {"clouds": [cloud.project() for cloud in state]}

    def preview(self, state: Clouds, plan: Plan) -> dict[str, Any]:
        planned = {change.path for change in plan.changes}
        return self.project(tuple(replace(cloud, published=cloud.published or cloud.id in planned) for cloud in state))

    def describe(self, state: Clouds) -> str:
        names = ", ".join(cloud.name for cloud in state if cloud.published)
        return f"synchronised clouds: {names or 'none'}"


def build(options: Mapping[str, Any], session: Session) -> VmmCloudSync:
    """The noun of the action's options; raises InvalidInput."""
    return VmmCloudSync(session, options["clouds"])
