# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of pause_node: pauses this node of a cluster and starts to drain it."""

from __future__ import annotations

from typing import Any, Final

from ...windows import layout
from ...windows.machine import Machine
from .base import Run, emulator, node_name, registry

MARK: Final = "paused_node"


def is_marked(machine: Machine) -> bool:
    return registry(machine, "GetDWORDValue", layout.RESTART_KEY, MARK) == 0


@emulator
def pause_node(run: Run) -> dict[str, Any]:
    cluster, name = run.machine.need_cluster(), node_name(run.machine)
    if cluster.state_of(name) != "Up" or run.check_mode:
        return {"paused": False}
    registry(run.machine, "CreateKey", layout.RESTART_KEY)
    registry(run.machine, "SetDWORDValue", layout.RESTART_KEY, MARK, 1)
    run.changed = True
    cluster.pause(run.machine, name)
    return {"paused": True}
