# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the scripts that remove the Provider, the agent and the Run As account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.states import (
    Prepare,
    all_of,
    cluster_node,
    fault,
    hyperv_host,
    proxy_account,
    registered,
    stopped,
    vmm_server,
)
from tests.lab.emulators.cases.calls import AGENT_EXE, AGENT_INSTALLER, AGENT_SHA256, BUSY, QUIET, observe
from tests.lab.emulators.harness import Case

_WITH_PROVIDER: Final = vmm_server(provider={})
_RESOURCE: Final = {"ClusterResource": "VMM Service VMMROLE"}


def remove_provider(
    name: str, prepare: Prepare | None = None, machine: Mapping[str, Any] = _WITH_PROVIDER, **more: Any
) -> Case:
    parameters = {"ProductCode": layout.PROVIDER_PRODUCT_CODE, **more.pop("parameters", {})}
    return Case(f"remove_provider {name}", "remove_provider", machine, parameters, prepare=prepare, **more)


def remove_agent(name: str, prepare: Prepare | None, **more: Any) -> Case:
    machine = more.pop("machine", hyperv_host(agent={}))
    parameters = {"InstallerPath": AGENT_EXE, "InstallerSha256": AGENT_SHA256, **more.pop("parameters", {})}
    return Case(f"remove_agent {name}", "remove_agent", machine, parameters, prepare=prepare, **more)


def remove_account(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server())
    parameters = {"AccountName": "draproxyaccount", **more.pop("parameters", {})}
    return Case(f"remove_run_as_account {name}", "remove_run_as_account", machine, parameters, prepare=prepare, **more)


def _in_use(machine: Machine) -> None:
    assert machine.vmm is not None
    machine.vmm.run_as[0].used_by.append("host hv01")


CASES: Final = [
    remove_provider("of a server"),
    remove_provider("of a registered server", registered()),
    remove_provider("in check mode", check_mode=True),
    remove_provider("that is not there", machine=vmm_server()),
    remove_provider("with the service stopped before", stopped(layout.VMM_SERVICE)),
    remove_provider("while jobs run", machine=BUSY, parameters=QUIET),
    remove_provider("while jobs run, all the same", machine=BUSY),
    remove_provider("while only a refresher runs", parameters=QUIET),
    remove_provider("that fails", fault("msiexec.exe", exit_code=1603)),
    remove_provider("where VMM does not stop", fault("stop SCVMMService")),
    remove_provider("where VMM does not start again", fault("start SCVMMService")),
    remove_provider("on the active node", machine=cluster_node(), parameters=_RESOURCE),
    remove_provider("on a passive node", machine=cluster_node(name="vmm02"), parameters=_RESOURCE),
    remove_provider("on a node with another resource", machine=cluster_node(), parameters={"ClusterResource": "x"}),
    remove_agent("plainly", AGENT_INSTALLER),
    remove_agent("and takes the installer away", AGENT_INSTALLER, parameters={"RemoveInstaller": True}),
    remove_agent("in check mode", AGENT_INSTALLER, check_mode=True),
    remove_agent("without the installer", None),
    remove_agent("that is not there", AGENT_INSTALLER, machine=hyperv_host()),
    remove_agent(
        "that fails and keeps the installer",
        all_of(AGENT_INSTALLER, fault("MARSAgentInstaller.exe", exit_code=1603)),
        parameters={"RemoveInstaller": True},
    ),
    remove_account("that is there", proxy_account),
    remove_account("that is not there"),
    remove_account("that is in use", all_of(proxy_account, _in_use)),
    remove_account("in check mode", proxy_account, check_mode=True),
    remove_account("while VMM is stopped", all_of(registered(), stopped(layout.VMM_SERVICE))),
    remove_account("on a passive node", machine=cluster_node(name="vmm02"), parameters=_RESOURCE),
    observe(
        "replication of a host",
        hyperv_host(vms=[{"name": "web", "replica": "primary"}, {"name": "db"}]),
        sections=["replication"],
    ),
    observe(
        "replication that cannot be read",
        hyperv_host(vms=[{"name": "web"}]),
        fault("class Msvm_ComputerSystem"),
        sections=["replication"],
    ),
    observe(
        "replication while Hyper-V is stopped",
        hyperv_host(),
        stopped(layout.HYPERV_SERVICE),
        sections=["replication"],
    ),
    observe("replication of a VMM server", vmm_server(), sections=["replication"]),
]
