# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of list_restart_obstacles: lists running virtual machines, and the nodes of the cluster."""

from __future__ import annotations

import re
from typing import Any

from ...windows import cim, layout
from ...windows.cluster import NOT_INITIATED
from .base import Run, emulator, node_name
from .pause_node import is_marked

_GUID = re.compile(r"[0-9A-Fa-f-]{36}")
_OFF, _SAVED = 3, 6


@emulator
def list_restart_obstacles(run: Run) -> dict[str, Any]:
    machine = run.machine
    result: dict[str, Any] = {"node": node_name(machine), "machines": [], "nodes": [], "marked": is_marked(machine)}
    if machine.service("vmms") is not None:
        systems = cim.instances(machine, "Msvm_ComputerSystem", "root/virtualization/v2", None)
        result["machines"] = [
            row["ElementName"]
            for row in systems
            if _GUID.fullmatch(row["Name"]) and row["EnabledState"] not in (_OFF, _SAVED)
        ]
    if machine.is_running(layout.CLUSTER_SERVICE):
        cluster = machine.need_cluster()
        result["nodes"] = [
            {"name": name, "state": state, "drain": cluster.drains.get(name, NOT_INITIATED)}
            for name, state in cluster.nodes.items()
        ]
    return result
