# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the scripts that start and restart services."""

from __future__ import annotations

from typing import Final

from lab.windows import layout
from lab.windows.states import (
    all_of,
    cluster_node,
    disabled,
    fault,
    hyperv_host,
    marked,
    stopped,
    vmm_server,
)
from tests.lab.emulators.cases.calls import (
    BUSY,
    QUIET,
    observe,
    restart,
)
from tests.lab.emulators.harness import Case

_VMM_RESTART = {"Name": layout.VMM_SERVICE, **QUIET}
_STATES = [{"name": "kept", "state": "saved"}, {"name": "held", "state": "paused"}]
_AGENT_RESTART = {"Name": layout.AGENT_SERVICE}
_BUSY = vmm_server(vmm={"running_jobs": 2})
CASES: Final = [
    Case("start_service that runs", "start_service", vmm_server(), {"Name": layout.VMM_SERVICE}),
    Case(
        "start_service that is stopped",
        "start_service",
        vmm_server(),
        {"Name": "scvmmservice"},
        prepare=stopped(layout.VMM_SERVICE),
    ),
    Case(
        "start_service in check mode",
        "start_service",
        vmm_server(),
        {"Name": "SCVMMService"},
        prepare=stopped(layout.VMM_SERVICE),
        check_mode=True,
    ),
    Case(
        "start_service that is disabled",
        "start_service",
        vmm_server(),
        {"Name": "SCVMMService"},
        prepare=disabled(layout.VMM_SERVICE),
    ),
    Case("start_service that does not exist", "start_service", vmm_server(), {"Name": "nothing"}),
    restart("of VMM", vmm_server(), _VMM_RESTART, marked(layout.VMM_SERVICE)),
    restart("of VMM without a mark", vmm_server(), _VMM_RESTART),
    restart("of VMM while jobs run", _BUSY, _VMM_RESTART, marked(layout.VMM_SERVICE)),
    restart("of VMM while jobs run, all the same", _BUSY, {"Name": layout.VMM_SERVICE}),
    restart("of VMM while its own refresher runs", vmm_server(), {"Name": layout.VMM_SERVICE, "WhenIdle": True}),
    *(
        Case(f"list_running_jobs {name}", "list_running_jobs", machine, {"QuietJobs": quiet}, prepare=prepare)
        for name, machine, quiet, prepare in (
            ("of a busy VMM", BUSY, QUIET["QuietJobs"], None),
            ("of an idle VMM", vmm_server(), QUIET["QuietJobs"], None),
            ("with the refresher", vmm_server(), [], None),
            ("of a stopped VMM", BUSY, [], stopped(layout.VMM_SERVICE)),
        )
    ),
    Case(
        "list_running_jobs in check mode", "list_running_jobs", BUSY, {"QuietJobs": QUIET["QuietJobs"]}, check_mode=True
    ),
    *(
        Case(f"list_restart_obstacles {name}", "list_restart_obstacles", machine, {}, check_mode=check_mode)
        for name, machine, check_mode in (
            ("of a host", hyperv_host(vms=[{"name": "web"}, {"name": "old", "state": "off"}]), False),
            ("of a host with other states", hyperv_host(vms=_STATES), False),
            ("of a host without machines", hyperv_host(vms=[]), False),
            ("of a VMM server", vmm_server(), False),
            ("of a cluster", cluster_node(nodes=["vmm01", {"name": "vmm02", "state": "Down"}]), False),
            ("in check mode", hyperv_host(vms=[{"name": "web"}]), True),
        )
    ),
    restart("of VMM that is stopped", vmm_server(), _VMM_RESTART, stopped(layout.VMM_SERVICE)),
    restart("in check mode", vmm_server(), _VMM_RESTART, marked(layout.VMM_SERVICE), check_mode=True),
    restart("of the agent", hyperv_host(agent={}), _AGENT_RESTART, marked(layout.AGENT_SERVICE)),
    restart("that stops nothing", hyperv_host(agent={}), _AGENT_RESTART, fault("stop obengine")),
    Case(
        "start_service with a mark of before",
        "start_service",
        hyperv_host(agent={}),
        _AGENT_RESTART,
        prepare=all_of(marked(layout.AGENT_SERVICE), stopped(layout.AGENT_SERVICE)),
    ),
    restart("of a service that is not there", hyperv_host(), _AGENT_RESTART),
    observe("a restart of VMM that is due", vmm_server(), marked(layout.VMM_SERVICE)),
    observe("a restart of VMM that has happened", vmm_server(), marked(layout.VMM_SERVICE, 7)),
    observe(
        "a mark of VMM while it is stopped",
        vmm_server(),
        all_of(marked(layout.VMM_SERVICE), stopped(layout.VMM_SERVICE)),
    ),
    observe("a restart of the agent that is due", hyperv_host(agent={}), marked(layout.AGENT_SERVICE)),
]
