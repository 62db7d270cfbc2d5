# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: finds protected machines of VMM clouds. Only lists below a server are used, which all roles may read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..._azure import consistency
from ..._azure.failures import Absent, read, translated
from ..._azure.jobs import Vault
from ..._azure.wire import Document, documents, raw
from ..._model.azure.protected_item import ProtectedItem
from ..._model.azure.vmm_server import is_vmm
from ..._model.common.errors import Refused
from ..._model.common.names import same_name
from ..._model.common.waiting import early_interval


@dataclass(frozen=True, slots=True)
class Address:
    """The place of an item: the names of its server and its cloud in the API, and its own."""

    fabric: str
    container: str
    item: str

    @classmethod
    def of(cls, item_id: str) -> Address:
        parts = item_id.strip("/").split("/")
        names = dict(zip((part.casefold() for part in parts[::2]), parts[1::2], strict=False))
        return cls(
            names["replicationfabrics"], names["replicationprotectioncontainers"], names["replicationprotecteditems"]
        )


def list_machines(vault: Vault, server: str | None, cloud: str | None) -> list[ProtectedItem]:
    """List the protected machines of all VMM clouds, or of one server or cloud. A list is poorer than a GET."""
    client, group, name = vault.azure.site_recovery, vault.resource_group, vault.name
    found: list[ProtectedItem] = []
    for fabric in _named(_list("servers", lambda: client.replication_fabrics.list(group, name)), server, "vmm_server"):
        if not is_vmm(fabric):
            continue
        own = str(fabric.get("name"))
        clouds = partial(client.replication_protection_containers.list_by_replication_fabrics, group, name, own)
        for container in _named(_list("clouds", clouds), cloud, None):
            place = str(container.get("name"))
            items = client.replication_protected_items.list_by_replication_protection_containers
            listed = _list("protected machines", partial(items, group, name, own, place))
            found += [ProtectedItem.from_wire(item) for item in listed]
    return found


def get_machine(vault: Vault, item_id: str) -> ProtectedItem:
    """Read one protected machine, which was listed. Raises Refused if it is not protected anymore."""
    found = await_machine(vault, item_id)
    if found is None:
        raise Refused(f"machine '{Address.of(item_id).item}' is not protected anymore; run again")
    return found


def await_machine(vault: Vault, item_id: str) -> ProtectedItem | None:
    """Read one protected machine, which was listed. None: it is not protected anymore.

    A replica that does not know it yet may answer, so its absence has to last.
    """
    started = time.monotonic()
    while (found := read_machine(vault, item_id)) is None:
        elapsed = time.monotonic() - started
        left = consistency.DIFFERENT_SECONDS - elapsed
        if left <= 0:
            return None
        time.sleep(early_interval(elapsed, left))
    return found


def read_machine(vault: Vault, item_id: str) -> ProtectedItem | None:
    """Read one protected machine. None: it is not protected."""
    place = Address.of(item_id)
    answer = read(
        f"read the protected machine '{place.item}'",
        lambda: vault.azure.site_recovery.replication_protected_items.get(
            vault.resource_group, vault.name, place.fabric, place.container, place.item, cls=raw
        ),
    )
    return None if isinstance(answer, Absent) else ProtectedItem.from_wire(answer)


def find_machine(items: Sequence[ProtectedItem], name: str) -> ProtectedItem:
    """Return the protected machine with a name or an id. Raises Refused."""
    found = [item for item in items if same_name(item.vm_id, name)] or [
        item for item in items if same_name(item.machine, name)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(sorted(item.vm_id for item in found))
        raise Refused(f"machines: '{name}' is the name of several machines: {ids}; give the id, or the cloud")
    raise Refused(f"machines: '{name}' is not protected in these clouds; check its name, or protect it first")


def _list(noun: str, call: Callable[[], Iterable[Any]]) -> list[Document]:
    with translated(f"list the {noun} of the vault"):
        return documents(call())


def _named(found: Iterable[Document], wanted: str | None, option: str | None) -> list[Document]:
    """Return the objects with a friendly name. Raises Refused for none, if an option names one."""
    listed = list(found)
    if wanted is None:
        return listed
    named = [each for each in listed if same_name(str((each.get("properties") or {}).get("friendlyName")), wanted)]
    if not named and option is not None:
        raise Refused(f"{option}: the vault has no server '{wanted}'; correct it")
    return named
