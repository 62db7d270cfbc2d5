# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the mapping of a VM network to a network of Azure, and the plan to change it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import parse_resource_id, region, require_group_name, require_network_name, same_id, same_name
from ..common.plan import Change, Plan

OPTIONS: dict[str, dict[str, Any]] = {
    "vm_network": {"type": "str", "required": True},
    "vmm_server": {"type": "str"},
    "azure_network": {"type": "str"},
    "azure_network_resource_group": {"type": "str"},
    "vault_name": {"type": "str", "required": True},
    "resource_group": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
_TYPE = "Microsoft.Network/virtualNetworks"
_OTHER = re.compile(r"[^A-Za-z0-9-]+")
_LONGEST = 60
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class VmNetwork:
    """A VM network as the vault shows it. `key` is its id in VMM, `fabric` the name of its server in the vault."""

    name: str
    key: str
    fabric: str
    server: str

    @classmethod
    def from_wire(cls, fabric: Mapping[str, Any], document: Mapping[str, Any]) -> VmNetwork:
        return cls(
            str((document.get("properties") or {}).get("friendlyName") or ""),
            str(document.get("name") or ""),
            str(fabric.get("name") or ""),
            str((fabric.get("properties") or {}).get("friendlyName") or ""),
        )


@dataclass(frozen=True, slots=True)
class NetworkMapping:
    """A mapping, which belongs to a VM network."""

    id: str
    name: str
    state: str
    target: str

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> NetworkMapping:
        properties = document.get("properties") or {}
        return cls(
            str(document.get("id") or ""),
            str(document.get("name") or ""),
            str(properties.get("state") or ""),
            str(properties.get("recoveryNetworkId") or ""),
        )


@dataclass(frozen=True, slots=True)
class AzureNetwork:
    """A network of Azure, and the region of the vault that has to have it."""

    id: str
    location: str
    vault_location: str


@dataclass(frozen=True, slots=True)
class MappingState:
    """A VM network and its mapping. The target and the machines are read for a change only."""

    network: VmNetwork
    mapping: NetworkMapping | None
    target: AzureNetwork | None = None
    machines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DesiredMapping:
    """The VM network, and the id of the network of Azure. None: the mapping is removed."""

    network: str
    server: str | None
    target: str | None

    @classmethod
    def from_options(cls, options: Mapping[str, Any], subscription_id: str) -> DesiredMapping:
        """Check the options offline. Raises InvalidInput."""
        if not options["vm_network"].strip():
            raise InvalidInput("vm_network", "must not be empty", "give the name or the id of the VM network")
        present = options["state"] == "present"
        if present and not options["azure_network"]:
            raise InvalidInput("azure_network", "is required for state=present", "give its name or resource id")
        return cls(options["vm_network"], options["vmm_server"], _target(options, subscription_id) if present else None)


def _target(options: Mapping[str, Any], subscription_id: str) -> str:
    given: str = options["azure_network"]
    if given.startswith("/"):
        parse_resource_id("azure_network", given, _TYPE, "a virtual network")
        return given.rstrip("/")
    require_network_name(given, "azure_network")
    group = options["azure_network_resource_group"] or options["resource_group"]
    require_group_name(group, "azure_network_resource_group")
    return f"/subscriptions/{subscription_id}/resourceGroups/{group}/providers/{_TYPE}/{given}"


def select_network(networks: Sequence[VmNetwork], desired: DesiredMapping) -> VmNetwork:
    """Return the VM network with a name or id. Raises Refused for a missing or ambiguous one."""
    known = [one for one in networks if desired.server is None or same_name(one.server, desired.server)]
    wanted = desired.network
    found = [one for one in known if same_name(one.name, wanted) or same_name(one.key, wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        several = "; ".join(f"{one.name} of {one.server} with id {one.key}" for one in found)
        raise Refused(f"the VM network '{wanted}' is not unique in the vault: {several}; set vmm_server or give the id")
    of_server = f" of {desired.server}" if desired.server else ""
    shown = ", ".join(sorted(f"{one.name} ({one.server})" for one in known)) or "none"
    raise Refused(
        f"the vault has no VM network '{wanted}'{of_server}; its VM networks are: {shown}; correct the name. A VM"
        " network appears only if its logical network is linked to a synchronized cloud"
    )


def needs_change(mapping: NetworkMapping | None, desired: DesiredMapping) -> bool:
    if desired.target is None or mapping is None:
        return (mapping is None) != (desired.target is None)
    return not same_id(mapping.target, desired.target)


def plan_mapping(state: MappingState, desired: DesiredMapping) -> Plan:
    """Plan the mapping. Raises Refused for a network of another region, and for a missing one."""
    mapping, name = state.mapping, state.network.name
    if not needs_change(mapping, desired):
        return Plan()
    touched = _touched(state.machines)
    if desired.target is None:
        before = mapping.target if mapping else None
        return Plan((Change("azure_network_id", before, None, f"remove the mapping of VM network {name}{touched}"),))
    _require_target(state.target, desired.target)
    label = desired.target.rpartition("/")[2]
    if mapping is None:
        reason = f"map VM network {name} to {label}{touched}"
        return Plan((Change("azure_network_id", None, desired.target, reason),))
    old = mapping.target.rpartition("/")[2]
    reason = f"map VM network {name} to {label} instead of {old}{touched}"
    return Plan((Change("azure_network_id", mapping.target, desired.target, reason),))


def body_of(target: str) -> dict[str, Any]:
    return {
        "properties": {
            "recoveryFabricName": "Microsoft Azure",
            "recoveryNetworkId": target,
            "fabricSpecificDetails": {"instanceType": "VmmToAzure"},
        }
    }


def new_name(network: VmNetwork, target: str) -> str:
    """Return the name of a new mapping."""
    return _OTHER.sub("-", f"{network.name}-to-{target.rpartition('/')[2]}").strip("-")[:_LONGEST]


def machines_in(network: VmNetwork, items: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the protected machines with an adapter in a VM network."""
    return tuple(sorted(_name(item) for item in items if _uses(item, network)))


def _name(item: Mapping[str, Any]) -> str:
    return str((item.get("properties") or {}).get("friendlyName") or item.get("name"))


def _uses(item: Mapping[str, Any], network: VmNetwork) -> bool:
    details = (item.get("properties") or {}).get("providerSpecificDetails") or {}
    return any(same_name(nic.get("vMNetworkName"), network.name) for nic in details.get("vmNics") or ())


def _touched(machines: Sequence[str]) -> str:
    if not machines:
        return ""
    more = f" and {len(machines) - _SHOWN} more" if len(machines) > _SHOWN else ""
    return f" (also for the protected machines {', '.join(machines[:_SHOWN])}{more})"


def _require_target(target: AzureNetwork | None, wanted: str) -> None:
    if target is None:
        raise Refused(f"the Azure network {wanted} does not exist; create it with virtual_network, or correct the name")
    if region(target.location) != region(target.vault_location):
        raise Refused(
            f"the Azure network {wanted} is in {target.location}, but the vault is in {target.vault_location};"
            " failed-over machines are in the region of the vault, so choose a network there"
        )
