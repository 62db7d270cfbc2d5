# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: whether a machine can be restarted without an interruption of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common.check import Check

_ID = "restart-safe"
_SHOWN = 5


def restart_check(answer: Mapping[str, Any], step: str) -> Check:
    """Evaluate the answer of the script `list_restart_obstacles`.

    A restart ends virtual machines that run on the host. If another node of its cluster is not up, the cluster can lose
    its quorum. A failure is a warning, because setup itself has succeeded.
    """
    machines = [str(name) for name in answer["machines"]]
    down = others_down(answer)
    found = []
    if machines:
        more = f" and {len(machines) - _SHOWN} more" if len(machines) > _SHOWN else ""
        noun = "a virtual machine runs" if len(machines) == 1 else f"{len(machines)} virtual machines run"
        found.append(f"{noun} on it: {', '.join(machines[:_SHOWN])}{more}")
    if down:
        found.append(f"other nodes of its cluster are not up: {', '.join(down)}")
    if not found:
        return Check.passed(
            _ID, step, "no virtual machine runs on the machine, and all other nodes of its cluster are up"
        )
    return not_restarted(step, "; ".join(found))


def not_restarted(step: str, reason: str) -> Check:
    """Return the check of a machine that was not restarted."""
    return Check.warning(
        _ID,
        step,
        f"the machine was not restarted, because {reason}",
        "drain the host or end the machines, wait until the other nodes are up, then restart it",
    )


def others_down(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the other nodes of the cluster that are not up, each with its state."""
    own = str(answer["node"]).casefold()
    others = (node for node in answer["nodes"] if str(node["name"]).casefold() != own)
    return tuple(f"{node['name']} ({node['state']})" for node in others if str(node["state"]) != "Up")
