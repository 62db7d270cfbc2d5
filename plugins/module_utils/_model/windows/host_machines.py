# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the virtual machines of a Hyper-V host, from the answer of the script that lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..common.errors import Refused, RemoteFailure
from ..common.names import same_name
from ..common.shape import BOOL, NUMBER, TEXT, Optional, first_misshapen
from .fabric import RUNNING

_FLAG, _TEXT, _NUMBER = Optional(BOOL), Optional(TEXT), Optional(NUMBER)
_DISK: Final = {
    "path": TEXT,
    "place": [TEXT],
    "size_bytes": _NUMBER,
    "sector_bytes": _NUMBER,
    "shared": BOOL,
}
_MACHINE: Final = {
    "hyperv_id": TEXT,
    "name": TEXT,
    "generation": NUMBER,
    "secure_boot": _FLAG,
    "protected_keys": _FLAG,
    "physical_disk": _FLAG,
    "replication_mode": _NUMBER,
    "disks": Optional([_DISK]),
}
_ANSWER: Final = {
    "service": _TEXT,
    "switch_names": Optional([TEXT]),
    "backup_vault": _TEXT,
    "volumes": Optional([{"drive": TEXT, "free_bytes": NUMBER}]),
    "machines": Optional([_MACHINE]),
}
#: The id of the IDE controllers of generation 1 (recorded).
_IDE: Final = "83F8638B-8DCA-4152-9EDA-2CA8B33039B4"
#: The folder of cluster shared volumes, whose free space is not that of the drive.
_SHARED_VOLUMES: Final = "\\clusterstorage\\"
_SCRIPT: Final = "script list_host_machines"


def documents_from_answer(text: Any, host: str) -> list[dict[str, Any]]:
    """Return the machines in the form that vm_info takes.

    Raises Refused where Hyper-V does not run or cannot be read, RemoteFailure for a broken answer.
    """
    try:
        answer = json.loads(text)
    except (TypeError, ValueError):
        raise RemoteFailure(f"{_SCRIPT} did not return a JSON document") from None
    wrong = first_misshapen(answer, _ANSWER)
    if wrong is not None:
        raise RemoteFailure(f"{_SCRIPT} returned {wrong.describe()}")
    if answer["service"] != RUNNING:
        raise Refused(f"the Hyper-V service (vmms) on {host} is {answer['service'] or 'missing'}; start it")
    if answer["machines"] is None:
        raise Refused(f"the virtual machines of {host} cannot be read through WMI; check the rights of the account")
    return [_document(machine, answer, host) for machine in answer["machines"]]


def _document(machine: Mapping[str, Any], answer: Mapping[str, Any], host: str) -> dict[str, Any]:
    disks, mode = machine["disks"], machine["replication_mode"]
    return {
        **{name: machine[name] for name in ("hyperv_id", "name", "secure_boot", "protected_keys", "physical_disk")},
        "host": host,
        "generation": machine["generation"],
        "shared_disk": None if disks is None else any(disk["shared"] for disk in disks),
        "replicates": None if mode is None else mode != 0,
        "disks": None if disks is None else [_disk(disk) for disk in disks],
        "switch_names": answer["switch_names"],
        "backup_vault": answer["backup_vault"],
        "free_percent": free_percent(disks, answer["volumes"]),
    }


def _disk(disk: Mapping[str, Any]) -> dict[str, Any]:
    identifier, number, unit = [*disk["place"], "", "", ""][:3]
    ide = same_name(identifier, _IDE)
    return {
        "name": disk["path"],
        "size_bytes": disk["size_bytes"],
        "bus": "IDE" if ide else "SCSI",
        "controller": int(number) if ide and number.isdigit() else None,
        "place": int(unit) if unit.isdigit() else None,
        "sector_bytes": disk["sector_bytes"],
    }


def free_percent(disks: Sequence[Mapping[str, Any]] | None, volumes: Sequence[Mapping[str, Any]] | None) -> int | None:
    """Return the smallest free space of a volume in percent of the disks on it. None: a disk is elsewhere."""
    if not disks or volumes is None:
        return None
    free = {str(volume["drive"]).casefold(): volume["free_bytes"] for volume in volumes}
    used: dict[str, int] = {}
    for disk in disks:
        path = str(disk["path"]).casefold()
        if disk["size_bytes"] is None or path[:2] not in free or _SHARED_VOLUMES in path:
            return None
        used[path[:2]] = used.get(path[:2], 0) + disk["size_bytes"]
    return min(int(100 * free[drive] / size) if size else 100 for drive, size in used.items())
