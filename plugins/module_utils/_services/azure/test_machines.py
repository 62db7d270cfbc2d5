# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the machines in Azure that test failovers made: whether they run, and whether they are gone."""

from __future__ import annotations

from ..._azure import jobs
from ..._azure.failures import Absent, read
from ..._azure.wire import raw
from ..._model.azure.drill_evidence import DrillRun, drill_machines
from ..._model.common.errors import RemoteFailure
from ..._model.common.names import same_name

# documented: Virtual Machines - Get, with $expand=instanceView.
_COMPUTE_VERSION = "2022-11-01"
#: The power state of a machine that does not exist.
_ABSENT = "absent"


def power_states(vault: jobs.Vault, run: DrillRun) -> dict[str, str | None]:
    """Return the power states of the machines in Azure, as far as the identity may read them."""
    found: dict[str, str | None] = {}
    for machine in drill_machines(run.test):
        item = next((each for each in run.before if same_name(each.vm_id, machine.vm_id)), None)
        group = item.details.get("recoveryAzureResourceGroupId") if item else None
        if group:
            address = f"{group}/providers/Microsoft.Compute/virtualMachines/{machine.name}"
            found[machine.name] = _power(vault, address)
    return found


def absences(vault: jobs.Vault, run: DrillRun) -> dict[str, bool | None]:
    """Return for each machine whether it is gone. None: the identity may not read it."""
    return {name: None if power is None else power == _ABSENT for name, power in power_states(vault, run).items()}


def _power(vault: jobs.Vault, machine_id: str) -> str | None:
    resources = vault.azure.resources.resources
    try:
        answer = read(
            "read the power state of a machine",
            lambda: resources.get_by_id(
                machine_id, api_version=_COMPUTE_VERSION, params={"$expand": "instanceView"}, cls=raw
            ),
        )
    except RemoteFailure:
        # Evidence only: the role Site Recovery Operator does not allow to read machines.
        return None
    if isinstance(answer, Absent):
        return _ABSENT
    view = (answer.get("properties") or {}).get("instanceView") or {}
    codes = [str(status.get("code")) for status in view.get("statuses") or ()]
    return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), None)
