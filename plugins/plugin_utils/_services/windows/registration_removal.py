# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: removes what a registration left on a VMM server that its vault no longer shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource
from ....module_utils._model.common.shown_text import foreign
from ....module_utils._model.windows import registration_removal as model
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.host_facts import STAGING_DIR
from ....module_utils._model.windows.provider import cluster_resource
from ....module_utils._model.windows.registration import RUN_AS_ACCOUNT
from ....module_utils._model.windows.registration_removal import DesiredRemoval
from ....module_utils._model.windows.removal import STEP, refuse
from ..._windows.observation import observe
from ..._windows.session import Session
from .quiet_vmm import QuietVmm


@dataclass(frozen=True, slots=True)
class AppliedRemoval(Applied):
    """The changes of this run. `exports` are the paths of the exported keys and certificates."""

    exports: tuple[str, ...] = ()


class RegistrationRemoval(ManagedResource[MachineFacts, AppliedRemoval]):
    """The rest of a registration: registry keys, certificates and the Run As account of the proxy (X1)."""

    steps = (STEP,)

    def __init__(self, session: Session, desired: DesiredRemoval) -> None:
        self._session = session
        self._desired = desired
        self._quiet = QuietVmm(session, desired.running_jobs, STEP)

    def observe(self) -> MachineFacts:
        """Read the machine."""
        return observe(self._session, model.SECTIONS)

    def plan(self, state: MachineFacts) -> Plan:
        """Plan the removal. Raises Refused."""
        return model.plan_registration_removal(state, self._desired)

    def apply(self, plan: Plan, state: MachineFacts) -> AppliedRemoval:
        """Export and remove keys and certificates, then remove the Run As account."""
        removed = {change.path: change.before for change in plan.changes}
        exports: tuple[str, ...] = ()
        if model.KEYS in removed or model.CERTIFICATES in removed:
            exports = self._clean_up(removed, state)
        if model.ACCOUNT in removed:
            self._remove_account(state, exports)
        return AppliedRemoval(exports=exports)

    def _clean_up(self, removed: Mapping[str, Any], state: MachineFacts) -> tuple[str, ...]:
        parameters = {
            "ExportFolder": STAGING_DIR,
            "RegistryKeys": removed.get(model.KEYS),
            "Thumbprints": removed.get(model.CERTIFICATES),
            "ClusterResource": cluster_resource(state.vmm),
            **self._quiet.parameters,
        }
        jobs = state.vmm.running_jobs if state.vmm else None
        answer = self._quiet.require(lambda: self._session.run("clean_registration", parameters), jobs)
        return tuple(answer["exports"])

    def _remove_account(self, state: MachineFacts, exports: tuple[str, ...]) -> None:
        parameters = {"AccountName": RUN_AS_ACCOUNT, "ClusterResource": cluster_resource(state.vmm)}
        answer = self._session.run("remove_run_as_account", parameters)
        if answer["refusal"] is not None:
            error = refuse(
                f"VMM refused to remove the Run As account {RUN_AS_ACCOUNT}: {foreign(answer['refusal'])}",
                f"free it in VMM, or remove {model.ACCOUNT} from parts",
            )
            if exports:
                error.details["exports"] = list(exports)
            raise error

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        """Return the rest of the registration as results show it."""
        return {**model.removal_result(state), "exports": []}

    def final_result(self, state: MachineFacts, applied: AppliedRemoval) -> dict[str, Any]:
        """Return the rest after this run, with the paths of the exports."""
        return {**self.to_result(state), "exports": list(applied.exports)}

    def describe(self, state: MachineFacts) -> str:
        """Describe what is left of the registration."""
        return model.describe(state)

    def warnings(self, state: MachineFacts) -> tuple[str, ...]:
        """Return one line for each rest that the collection does not remove."""
        return model.warnings(state)


def build(options: Mapping[str, Any], session: Session) -> RegistrationRemoval:
    """Build the resource from the task's options. Raises InvalidInput."""
    return RegistrationRemoval(session, DesiredRemoval.from_options(options))
