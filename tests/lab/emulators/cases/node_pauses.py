# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the scripts that pause and resume a node of a Hyper-V cluster, and of those that see its state."""

from __future__ import annotations

from typing import Any, Final

from lab.windows import layout
from lab.windows.cluster import IN_PROGRESS
from lab.windows.machine import Machine
from lab.windows.states import Prepare, all_of, fault, hyperv_host, stopped
from tests.lab.emulators.cases.calls import observe
from tests.lab.emulators.harness import Case

_VMS = [{"name": "web"}, {"name": "own", "clustered": False}]


def _node(**cluster: Any) -> dict[str, Any]:
    return hyperv_host(vms=_VMS, cluster={"nodes": ["hv01", "hv02"], **cluster})


def _marked(machine: Machine) -> None:
    machine.ensure_key(rf"HKLM\{layout.RESTART_KEY}")
    machine.registry.set(rf"HKLM\{layout.RESTART_KEY}", "paused_node", 1, "REG_DWORD")


def _paused(machine: Machine) -> None:
    machine.need_cluster().pause(machine, "HV01")


_OURS: Final = all_of(_marked, _paused)
_STATES: Final[list[tuple[str, dict[str, Any], Prepare | None]]] = [
    ("of a node", _node(), None),
    ("of a node that we paused", _node(), _OURS),
    ("of a node that is being drained", _node(drain_ends=IN_PROGRESS), _OURS),
    ("of a node that others paused", _node(), _paused),
    ("of a node that others resumed", _node(), _marked),
    ("of a node that is down", _node(nodes=[{"name": "hv01", "state": "Joining"}, "hv02"]), _marked),
]
CASES: Final = [
    *(
        Case(
            f"{script} {name}{' in check mode' if check else ''}", script, entry, {}, prepare=prepare, check_mode=check
        )
        for script in ("list_restart_obstacles", "pause_node", "resume_node")
        for name, entry, prepare in _STATES
        for check in (False, True)
    ),
    Case("pause_node that fails", "pause_node", _node(), {}, prepare=fault("suspend cluster node")),
    Case(
        "resume_node that fails",
        "resume_node",
        _node(),
        {},
        prepare=all_of(_OURS, fault("resume cluster node")),
    ),
    Case(
        "resume_node without the cluster service",
        "resume_node",
        _node(),
        {},
        prepare=all_of(_OURS, stopped(layout.CLUSTER_SERVICE)),
    ),
    Case("pause_node without a cluster", "pause_node", hyperv_host(), {}),
    Case("resume_node without a cluster", "resume_node", hyperv_host(), {}),
    Case("resume_node after the machine left its cluster", "resume_node", hyperv_host(), {}, prepare=_marked),
    observe("of a host whose node we paused", {**_node(), "agent": {}}, prepare=_OURS),
]
