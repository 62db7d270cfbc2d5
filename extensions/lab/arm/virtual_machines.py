# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Compute: the virtual machines that failovers make. Clients can only read them here."""

from __future__ import annotations

from dataclasses import dataclass

from .common import GROUP, need_group, not_found, page
from .messages import Answer, Call, Json
from .records import guid
from .routes import Routes
from .state import AzureState
from .versions import COMPUTE

ROUTES = Routes(COMPUTE)
TYPE = "Microsoft.Compute/virtualMachines"
MACHINES = GROUP + "/providers/Microsoft.Compute/virtualMachines"


@dataclass(frozen=True, slots=True)
class NewMachine:
    """A virtual machine that a failover makes."""

    name: str
    location: str
    size: str
    os_type: str
    subnet: str | None


def machine_id(group_id: str, name: str) -> str:
    return f"{group_id}/providers/{TYPE}/{name}"


def make_machine(state: AzureState, group_id: str, new: NewMachine) -> str:
    """Make a running virtual machine with one network adapter, and return its id."""
    # documented: VirtualMachine in the API definition of Microsoft.Compute; the members that a failover sets.
    found = machine_id(group_id, new.name)
    adapters = (
        [{"id": f"{group_id}/providers/Microsoft.Network/networkInterfaces/{new.name}-nic"}] if new.subnet else []
    )
    state.machines[found.casefold()] = {
        "id": found,
        "name": new.name,
        "type": TYPE,
        "location": new.location,
        "properties": {
            "vmId": guid(),
            "hardwareProfile": {"vmSize": new.size},
            "storageProfile": {"osDisk": {"osType": new.os_type, "createOption": "Attach"}, "dataDisks": []},
            "networkProfile": {"networkInterfaces": adapters},
            "provisioningState": "Succeeded",
        },
    }
    return found


def remove_machine(state: AzureState, resource_id: str) -> None:
    state.machines.pop(resource_id.casefold(), None)
    state.stopped_machines.discard(resource_id.casefold())


@ROUTES.get(MACHINES)
def list_machines(state: AzureState, call: Call) -> Answer:
    group = str(need_group(state, call["group"])["id"]).casefold()
    return page(state, call, [item for key, item in state.machines.items() if key.startswith(f"{group}/")])


def _need_machine(state: AzureState, call: Call) -> Json:
    found = state.machines.get(state.resource_id(call["group"], TYPE, call["machine"]).casefold())
    if found is None:
        need_group(state, call["group"])
        raise not_found(call["group"], TYPE, call["machine"])
    return found


@ROUTES.get(MACHINES + "/{machine}")
def get_machine(state: AzureState, call: Call) -> Answer:
    found = _need_machine(state, call)
    if call.query.get("$expand", "").casefold() != "instanceview":
        return Answer(200, found)
    # documented: Virtual Machines - Get, $expand=instanceView; states and billing of Azure virtual machines.
    power = "deallocated" if str(found["id"]).casefold() in state.stopped_machines else "running"
    statuses: list[Json] = [
        {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"},
        {"code": f"PowerState/{power}", "level": "Info", "displayStatus": f"VM {power}"},
    ]
    return Answer(200, {**found, "properties": {**found["properties"], "instanceView": {"statuses": statuses}}})
