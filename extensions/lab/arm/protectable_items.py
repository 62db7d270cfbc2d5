# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines of the clouds of a vault, as the service last read them from VMM."""

from __future__ import annotations

from urllib.parse import quote

from ..context import VirtualMachineFacts
from .known_machines import known_machines
from .messages import Answer, Call
from .protection_documents import protectable_document
from .protection_records import ProtectedItem
from .records import Fabric, Vault
from .recovery_services import need_vault
from .routes import Routes
from .site_recovery import CONTAINER, missing, need_container
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
ITEMS = CONTAINER + "/replicationProtectableItems"
# recorded: the token of the empty last page (azure-cli-extensions, test_siterecovery_H2A_E2A).
_TOKEN = "ReplicationGroup:Begin"


def need_machine(state: AzureState, call: Call, fabric: Fabric, name: str) -> VirtualMachineFacts:
    for machine in known_machines(state, fabric, call["container"].lower()):
        if machine.id.lower() == name.lower():
            return machine
    raise missing(call, "item")


def item_of(vault: Vault, fabric: Fabric, machine: VirtualMachineFacts) -> ProtectedItem | None:
    """Return the protected item of a virtual machine."""
    for item in vault.items.values():
        if item.fabric == fabric.name and item.machine.id.lower() == machine.id.lower():
            return item
    return None


@ROUTES.get(ITEMS)
def list_protectable_items(state: AzureState, call: Call) -> Answer:
    """Answer with all machines in one page, and an empty page after it (recorded: 211 in one page)."""
    vault = need_vault(state, call)
    fabric, cloud = need_container(vault, call)
    if call.query.get("$skiptoken"):
        return Answer(200, {"value": [], "nextLink": None})
    machines = known_machines(state, fabric, cloud.id.lower())
    if not machines:
        return Answer(200, {"value": [], "nextLink": None})
    shown = [protectable_document(vault, fabric, one, item_of(vault, fabric, one)) for one in machines]
    link = f"{call.link(call.path)}&$skipToken={quote(_TOKEN, safe='')}"
    return Answer(200, {"value": shown, "nextLink": link})


@ROUTES.get(ITEMS + "/{item}")
def get_protectable_item(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, _cloud = need_container(vault, call)
    machine = need_machine(state, call, fabric, call["item"])
    return Answer(200, protectable_document(vault, fabric, machine, item_of(vault, fabric, machine)))
