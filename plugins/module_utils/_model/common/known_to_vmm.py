# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the facts of VMM and of hosts about machines, in the form in which vm_info returns them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .candidate import Candidate, DiskFact, Observed
from .candidate_documents import require_shape
from .check import Check
from .eligibility_rules import first_disk, os_type
from .shape import ANY, NUMBER, TEXT, Optional, Shape

_TEXT, _NUMBER = Optional(TEXT), Optional(NUMBER)
#: A machine as vm_info returns it.
VMM_MACHINE: Final[Shape] = {
    "id": _TEXT,
    "name": TEXT,
    "generation": _NUMBER,
    "operating_system": _TEXT,
    "disks": [{"name": TEXT, "bus": _TEXT, "controller": _NUMBER, "place": _NUMBER}],
    "read_from": [TEXT],
    "checks": [
        {"id": TEXT, "step": TEXT, "severity": TEXT, "status": TEXT, "message": TEXT, "fix": TEXT, "read_from": ANY}
    ],
}
_PLACES: Final = ("vmm", "host")


@dataclass(frozen=True, slots=True)
class KnownToVmm:
    """The checks that VMM or the host decided, and what Azure does not know. None means unknown."""

    checks: tuple[Check, ...]
    #: `windows` or `linux`.
    os_type: str | None
    #: The name of the disk that the machine starts from.
    system_disk: str | None


def machines_of_vmm(option: str, documents: Sequence[Mapping[str, Any]] | None) -> Mapping[str, KnownToVmm] | None:
    """Return the machines of an option by their ids in lower case. None: the option is not set.

    A machine that only Azure knows is left out. Raises InvalidInput for anything that vm_info does not return.
    """
    if documents is None:
        return None
    require_shape(option, list(documents), VMM_MACHINE, "vm_info")
    known = [document for document in documents if document["id"] and set(document["read_from"]) & set(_PLACES)]
    return {document["id"].casefold(): _known(document) for document in known}


def _known(document: Mapping[str, Any]) -> KnownToVmm:
    disks = [DiskFact(disk["name"], None, disk["bus"], disk["controller"], disk["place"]) for disk in document["disks"]]
    first = first_disk(disks, document["generation"])
    observed = Observed(operating_system=document["operating_system"])
    machine = Candidate(document["id"], None, document["name"], observed={"vmm": observed})
    names = ("id", "step", "severity", "status", "message", "fix")
    checks = [check for check in document["checks"] if check["read_from"] in _PLACES]
    return KnownToVmm(
        tuple(Check(**{name: check[name] for name in names}) for check in checks),
        os_type(machine),
        first.name if first else None,
    )
