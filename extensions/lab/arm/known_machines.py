# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines that the service knows: those of the last time that it read a server."""

from __future__ import annotations

from ..context import ReplicationRefused, VirtualMachineFacts
from .records import Fabric
from .state import AzureState

# inferred: how often the service reads the virtual machines of a server without being asked to.
_INTERVAL = 900.0


def read_machines(state: AzureState, fabric: Fabric) -> None:
    """Read the virtual machines of a server again. A server without a connection keeps those of the last time."""
    if not fabric.connected:
        return
    fabric.machines_until = state.context.clock.after(_INTERVAL)
    # A lab that has only Azure has no VMM servers behind the vault.
    behind = getattr(state.context, "fabric", None)
    try:
        facts = behind.virtual_machines(fabric.server.vmm_id) if behind else ()
    except ReplicationRefused:
        return
    fabric.machines = {machine.id.lower(): machine for machine in facts}


def known_machines(state: AzureState, fabric: Fabric, container: str) -> list[VirtualMachineFacts]:
    """Return the virtual machines of a cloud that the service knows."""
    until = fabric.machines_until
    if until is None or state.context.clock.reached(until):
        read_machines(state, fabric)
    return [machine for machine in fabric.machines.values() if machine.cloud_id.lower() == container]
