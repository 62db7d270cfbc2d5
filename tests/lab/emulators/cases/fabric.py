# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the script that reads the fabric of a VMM server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lab.windows import layout
from lab.windows.machine import Machine
from tests.lab.emulators.harness import Case

#: Every property of a host once, in a tree of groups with names that are not plain ASCII.
HOST_GROUPS: Final[list[dict[str, Any]]] = [
    {
        "name": "Datacenter 1",
        "hosts": [
            {"fqdn": "hv01.corp.lab.test", "cluster": "hvc01.corp.lab.test"},
            {"fqdn": "hv02.corp.lab.test", "cluster": "hvc01.corp.lab.test", "maintenance": True},
        ],
        "children": [
            {
                "name": "Räume & Gänge",
                "hosts": [
                    {"fqdn": "hv03.corp.lab.test", "state": "NotResponding", "communication_state": "NotResponding"},
                    {"fqdn": "esx01.corp.lab.test", "platform": "VMwareESX", "operating_system": None},
                    {"fqdn": "hv04.corp.lab.test", "agent_version": "10.19.2445.0", "operating_system": "Größe 1"},
                ],
            }
        ],
    },
    {"name": "Empty"},
]
CLOUDS: Final[list[dict[str, Any]]] = [
    {"name": "Gold", "host_groups": ["Datacenter 1", r"All Hosts\Datacenter 1\Räume & Gänge"], "published": True},
    {"name": "Größe L", "host_groups": ["Empty"]},
    {"name": "No groups", "host_groups": []},
]
_CLUSTER: Final[dict[str, Any]] = {"nodes": ["vmm01", {"name": "vmm02", "state": "Down"}], "owner": "vmm01"}


def vmm_server(**vmm: Any) -> dict[str, Any]:
    return {
        "name": "vmm01",
        "kind": "vmm_server",
        "vmm": {"host_groups": HOST_GROUPS, "clouds": CLOUDS, "hosts": ["hv00.corp.lab.test"], **vmm},
    }


def _stop(name: str) -> Callable[[Machine], object]:
    return lambda machine: machine.stop_service(name)


def _blank(name: str) -> Callable[[Machine], object]:
    return lambda machine: machine.registry.set(layout.VMM_SETUP_KEY, name, "")


def _without_module(machine: Machine) -> None:
    assert machine.vmm is not None
    machine.remove_file(f"{machine.vmm.folder}\\{layout.VMM_MODULE}")


def _case(name: str, machine: dict[str, Any], **more: Any) -> Case:
    return Case(f"list_vmm_fabric {name}", "list_vmm_fabric", machine, **more)


CASES: Final[tuple[Case, ...]] = (
    _case("of a server with every kind of host", vmm_server()),
    _case("in check mode", vmm_server(), check_mode=True),
    _case("without clouds and groups", vmm_server(clouds=[], host_groups=[], hosts=[])),
    _case("with one of each", vmm_server(clouds=CLOUDS[:1], host_groups=HOST_GROUPS[:1], hosts=[])),
    _case("with two hosts of one name", vmm_server(hosts=["hv01.other.lab.test"])),
    _case("of VMM 2012 R2 without a flag", vmm_server(version="3.2.9013.0", flag_supported=False)),
    _case("while VMM's service is stopped", vmm_server(), prepare=_stop(layout.VMM_SERVICE)),
    _case("on the node that runs VMM", vmm_server(ha_name="VMMROLE", cluster=_CLUSTER)),
    _case("on a passive node", vmm_server(ha_name="VMMROLE", cluster={**_CLUSTER, "owner": "vmm02"})),
    _case(
        "while the cluster service is stopped", vmm_server(ha_name="VMMROLE", cluster={**_CLUSTER, "running": False})
    ),
    _case("of a highly available VMM without a cluster service", vmm_server(ha_name="VMMROLE")),
    _case("with a blank id", vmm_server(), prepare=_blank("VmmID")),
    _case("without VMM's module", vmm_server(), prepare=_without_module),
    _case("on a machine without VMM", {"name": "hv01", "kind": "hyperv_host"}),
    _case("outside of a domain", {**vmm_server(), "fqdn": "vmm01"}),
)
