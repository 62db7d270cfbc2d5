# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of resume_node: resumes a node that the collection has paused."""

from __future__ import annotations

from typing import Any

from ...windows import layout
from .base import Run, emulator, node_name, remove_restart_mark
from .pause_node import MARK, is_marked


@emulator
def resume_node(run: Run) -> dict[str, Any]:
    result: dict[str, Any] = {"resumed": False, "marked": is_marked(run.machine), "state": ""}
    if not result["marked"]:
        return result
    if run.machine.service(layout.CLUSTER_SERVICE) is None and not run.check_mode:
        remove_restart_mark(run.machine, MARK)
        return {**result, "marked": False}
    if not run.machine.is_running(layout.CLUSTER_SERVICE):
        return result
    cluster, name = run.machine.need_cluster(), node_name(run.machine)
    result["state"] = cluster.state_of(name)
    if result["state"] not in ("Paused", "Up") or run.check_mode:
        return result
    if result["state"] == "Paused":
        run.changed = True
        cluster.resume(run.machine, name)
        result["resumed"] = True
    remove_restart_mark(run.machine, MARK)
    return {**result, "marked": False}
