# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: machines in the form in which modules return them and other modules take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .candidate import DiskFact, Known, Observed
from .errors import InvalidInput
from .shape import BOOL, NUMBER, TEXT, Optional, Shape, first_misshapen

_FLAG, _TEXT, _NUMBER = Optional(BOOL), Optional(TEXT), Optional(NUMBER)
#: A machine as protectable_vm_info returns it.
AZURE_MACHINE: Final[Shape] = {
    "id": TEXT,
    "hyperv_id": _TEXT,
    "name": TEXT,
    "cloud": _TEXT,
    "generation": _NUMBER,
    "os_type": _TEXT,
    "disks": [{"name": TEXT, "size_mb": _NUMBER}],
    "shared_disk": _FLAG,
    "physical_disk": _FLAG,
    "fibre_channel": _FLAG,
    "protected": BOOL,
    "protected_item_id": _TEXT,
}
#: A machine as host_vm_info returns it.
HOST_MACHINE: Final[Shape] = {
    "hyperv_id": TEXT,
    "name": TEXT,
    "host": TEXT,
    "generation": _NUMBER,
    "secure_boot": _FLAG,
    "protected_keys": _FLAG,
    "physical_disk": _FLAG,
    "shared_disk": _FLAG,
    "replicates": _FLAG,
    "disks": Optional(
        [
            {
                "name": TEXT,
                "size_bytes": _NUMBER,
                "bus": _TEXT,
                "controller": _NUMBER,
                "place": _NUMBER,
                "sector_bytes": _NUMBER,
            }
        ]
    ),
    "switch_names": Optional([TEXT]),
    "backup_vault": _TEXT,
    "free_percent": _NUMBER,
}
_MIB: Final = 1024**2


def require_shape(option: str, documents: Any, shape: Shape, module: str) -> None:
    """Raise InvalidInput for documents that are not the result of a module."""
    wrong = first_misshapen(documents, [shape])
    if wrong is not None:
        raise InvalidInput(option, f"has {wrong.describe()}", f"pass the machines that {module} returns")


def known_to_azure(document: Mapping[str, Any]) -> Known:
    """Return a machine as Azure shows it. The form of the document was checked."""
    observed = Observed(
        generation=document["generation"],
        disks=tuple(_azure_disk(disk) for disk in document["disks"]),
        os_type=document["os_type"],
        shared_disk=document["shared_disk"],
        physical_disk=document["physical_disk"],
        fibre_channel=document["fibre_channel"],
        protected=document["protected"],
    )
    return Known(document["id"], document["hyperv_id"] or None, document["name"], observed, document["cloud"])


def _azure_disk(disk: Mapping[str, Any]) -> DiskFact:
    size = disk["size_mb"]
    return DiskFact(disk["name"], None if size is None else size * _MIB)


def all_known_to_azure(option: str, documents: Sequence[Mapping[str, Any]] | None) -> list[Known]:
    """Return the machines of an option. Raises InvalidInput for anything that protectable_vm_info does not return."""
    if documents is None:
        return []
    require_shape(option, list(documents), AZURE_MACHINE, "protectable_vm_info")
    return [known_to_azure(document) for document in documents]


def known_to_host(document: Mapping[str, Any]) -> Known:
    """Return a machine as its host shows it. The form of the document was checked."""
    disks, switches, free = document["disks"], document["switch_names"], document["free_percent"]
    observed = Observed(
        generation=document["generation"] if document["generation"] in (1, 2) else None,
        disks=None if disks is None else tuple(_host_disk(disk) for disk in disks),
        secure_boot=document["secure_boot"],
        protected_keys=document["protected_keys"],
        physical_disk=document["physical_disk"],
        shared_disk=document["shared_disk"],
        replicates=document["replicates"],
        switch_names=None if switches is None else tuple(switches),
        backup_vault=document["backup_vault"],
        free_share=None if free is None else free / 100,
    )
    return Known(None, document["hyperv_id"], document["name"], observed, None, document["host"])


def _host_disk(disk: Mapping[str, Any]) -> DiskFact:
    names = ("name", "size_bytes", "bus", "controller", "place", "sector_bytes")
    return DiskFact(**{name: disk[name] for name in names})


def all_known_to_hosts(option: str, documents: Sequence[Mapping[str, Any]] | None) -> list[Known]:
    """Return the machines of an option. Raises InvalidInput for anything that host_vm_info does not return."""
    if documents is None:
        return []
    require_shape(option, list(documents), HOST_MACHINE, "host_vm_info")
    return [known_to_host(document) for document in documents]
