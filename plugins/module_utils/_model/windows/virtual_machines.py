# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the virtual machines of a VMM server, from the answer of the script that lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..common.candidate import AdapterFact, DiskFact, Known, Observed
from ..common.errors import InvalidInput, Refused, RemoteFailure
from ..common.names import same_name
from ..common.shape import ANY, BOOL, NUMBER, TEXT, Optional, first_misshapen
from .fabric import HYPER_V, RUNNING

_FLAG, _TEXT, _NUMBER = Optional(BOOL), Optional(TEXT), Optional(NUMBER)
_MACHINE: Final = {
    "id": TEXT,
    "hyperv_id": _TEXT,
    "name": TEXT,
    "cloud_id": TEXT,
    "host": _TEXT,
    "cluster": _TEXT,
    "host_group": _TEXT,
    "platform": _TEXT,
    "generation": _NUMBER,
    "secure_boot": _FLAG,
    "pass_through": _FLAG,
    "fibre_channel": _FLAG,
    "operating_system": _TEXT,
    "processors": _NUMBER,
    "memory_mb": _NUMBER,
    "state": _TEXT,
    "highly_available": _FLAG,
    "migrating": _FLAG,
    "primary": _FLAG,
    "recovery": _FLAG,
    "additions": _FLAG,
    "backup": _FLAG,
    "checkpoints": NUMBER,
    "tag": _TEXT,
    "properties": ANY,
    "disks": [[ANY]],
    "adapters": [[ANY]],
}
_ANSWER: Final = {
    "service": _TEXT,
    "clouds": Optional([{"id": TEXT, "name": TEXT}]),
    "columns": Optional([TEXT]),
    "machines": Optional([[ANY]]),
}
_DISK: Final = ("id", "name", "bus", "controller", "place", "size_bytes", "kind", "location")
_ADAPTER: Final = ("name", "network", "subnet", "addresses")
#: As VMM names a system that it does not know (recorded).
_UNKNOWN_SYSTEM: Final = "Unknown"
_FAILURE: Final = "list_virtual_machines"


@dataclass(frozen=True, slots=True)
class VmmMachine:
    """A virtual machine of VMM: the facts for the rules, and the ones that only the result shows."""

    known: Known
    shown: Mapping[str, Any]


def machines_from_answer(text: Any, clouds: Sequence[str]) -> list[VmmMachine]:
    """Return the machines of an answer.

    Raises Refused where VMM does not run, InvalidInput for an unknown cloud, RemoteFailure for a broken answer.
    """
    answer = _read(text)
    if answer["service"] != RUNNING or answer["clouds"] is None:
        state = answer["service"] or "missing"
        raise Refused(
            f"the VMM service on this machine is {state}; run this on the node that runs VMM", vmm_service=state
        )
    names = {str(cloud["id"]): str(cloud["name"]) for cloud in answer["clouds"]}
    for wanted in clouds:
        _require_cloud(wanted, names)
    rows = [dict(zip(answer["columns"], row, strict=False)) for row in answer["machines"]]
    wrong = first_misshapen(rows, [_MACHINE])
    if wrong is not None:
        raise RemoteFailure(f"script {_FAILURE} returned {wrong.describe()}")
    return [_machine(row, names) for row in rows if row["platform"] in (None, HYPER_V)]


def _read(text: Any) -> Mapping[str, Any]:
    try:
        answer = json.loads(text)
    except (TypeError, ValueError):
        raise RemoteFailure(f"script {_FAILURE} did not return a JSON document") from None
    wrong = first_misshapen(answer, _ANSWER)
    if wrong is not None:
        raise RemoteFailure(f"script {_FAILURE} returned {wrong.describe()}")
    found: Mapping[str, Any] = answer
    return found


def _require_cloud(wanted: str, names: Mapping[str, str]) -> None:
    found = [known for known, name in names.items() if same_name(known, wanted) or same_name(name, wanted)]
    if len(found) == 1:
        return
    if found:
        raise InvalidInput("clouds", f"'{wanted}' is the name of several clouds", f"give an id: {', '.join(found)}")
    known = ", ".join(sorted(names.values())) or "none"
    raise InvalidInput("clouds", f"VMM does not have the cloud '{wanted}'", f"choose one of: {known}")


def _machine(row: Mapping[str, Any], clouds: Mapping[str, str]) -> VmmMachine:
    disks = [dict(zip(_DISK, disk, strict=False)) for disk in row["disks"]]
    adapters = [dict(zip(_ADAPTER, adapter, strict=False)) for adapter in row["adapters"]]
    system = row["operating_system"]
    replicas = [row["primary"], row["recovery"]]
    observed = Observed(
        generation=row["generation"] if row["generation"] in (1, 2) else None,
        disks=tuple(
            DiskFact(disk["name"], disk["size_bytes"], disk["bus"], disk["controller"], disk["place"]) for disk in disks
        ),
        adapters=tuple(
            AdapterFact(each["name"], each["network"], each["subnet"], tuple(each["addresses"])) for each in adapters
        ),
        operating_system=None if system in (None, _UNKNOWN_SYSTEM) else system,
        physical_disk=row["pass_through"],
        fibre_channel=row["fibre_channel"],
        secure_boot=row["secure_boot"],
        in_cluster=None if row["host"] is None else row["cluster"] is not None,
        highly_available=row["highly_available"],
        migrating=row["migrating"],
        replicates=None if None in replicas else any(replicas),
        additions=row["additions"],
        backup_service=row["backup"],
        checkpoints=row["checkpoints"],
    )
    cloud = clouds.get(row["cloud_id"])
    known = Known(row["id"], row["hyperv_id"], row["name"], observed, cloud, row["host"])
    shown = {
        **{name: row[name] for name in ("cluster", "host_group", "processors", "memory_mb", "state", "tag")},
        "properties": row["properties"] or {},
        "disks": disks,
        "adapters": adapters,
    }
    return VmmMachine(known, shown)
