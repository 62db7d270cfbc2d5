# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the script that reads the virtual machines of VMM."""

from __future__ import annotations

from typing import Any, Final

from lab.windows import layout
from tests.lab.emulators.harness import Case

#: Every property of a machine, with names that are not plain ASCII.
VMS: Final[list[dict[str, Any]]] = [
    {
        "name": "web 1",
        "generation": 1,
        "disks": [{"size_gb": 2049, "kind": "Fixed"}, {"kind": "Differencing"}, {"size_gb": None}],
        "pass_through_disks": 1,
        "fibre_channel": True,
        "checkpoints": 2,
        "tag": "Größe",
        "properties": {"Owner": "Shop & Söhne", "Tier": "1"},
        "adapters": [{"subnet": "front", "addresses": ["10.0.0.4", "fe80::1"]}, {"network": None}],
    },
    {"name": "Ärger", "secure_boot": True, "state": "off", "additions": None, "backup_service": False, "os": None},
    {"name": "replica", "replica": "recovery", "migrating": True, "disks": 0, "adapters": 0},
    {"name": "source", "replica": "primary", "state": "saved"},
    {"name": "in silver", "cloud": "Silver", "disks": 6, "generation": 1},
    {"name": "in no cloud", "cloud": None},
]
CLOUDS: Final[list[dict[str, Any]]] = [
    {"name": "Gold", "host_groups": ["Berlin"], "published": True},
    {"name": "Silver", "host_groups": []},
]
_GROUPS: Final[list[dict[str, Any]]] = [
    {
        "name": "Berlin",
        "hosts": [
            {"fqdn": "hv01.corp.lab.test", "vms": VMS},
            {
                "fqdn": "hv02.corp.lab.test",
                "cluster": "hvc01.corp.lab.test",
                "vms": [{"name": "ha"}, {"name": "not ha", "clustered": False}],
            },
            {"fqdn": "esx1.corp.lab.test", "platform": "VMwareESX", "vms": [{"name": "foreign"}]},
        ],
    }
]


def vmm_server(**vmm: Any) -> dict[str, Any]:
    return {"name": "vmm01", "kind": "vmm_server", "vmm": {"host_groups": _GROUPS, "clouds": CLOUDS, **vmm}}


def _case(name: str, machine: dict[str, Any], *clouds: str, **more: Any) -> Case:
    parameters = {"Clouds": list(clouds)} if clouds else {}
    return Case(f"list_virtual_machines {name}", "list_virtual_machines", machine, parameters, **more)


CASES: Final[tuple[Case, ...]] = (
    _case("of all clouds", vmm_server()),
    _case("of one cloud in check mode", vmm_server(), "gold", check_mode=True),
    _case("of two clouds", vmm_server(), "Silver", "GOLD"),
    _case("of an unknown cloud", vmm_server(), "Tin"),
    _case("without clouds", vmm_server(clouds=[])),
    _case("while VMM's service is stopped", vmm_server(), prepare=lambda each: each.stop_service(layout.VMM_SERVICE)),
    _case("on a machine without VMM", {"name": "hv01", "kind": "hyperv_host"}),
)
