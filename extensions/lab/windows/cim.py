# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WMI classes that scripts read, and the methods of the registry provider.

Property names and return values as in the reference of the Win32 classes and of StdRegProv.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import layout
from .connections import connections
from .errors import MachineError
from .machine import Machine
from .registry import KIND_NUMBERS, Kind, Value
from .services import Service, StartMode

Row = dict[str, Any]

_FILTER = re.compile(r"^\s*(?P<name>\w+)\s*=\s*(?:'(?P<text>(?:[^'\\]|\\.)*)'|(?P<number>\d+))\s*$")
_HIVES = {2147483650: layout.HKLM, 2147483651: layout.HKU}
_NOT_FOUND = 2
_VALUE_MISSING = 1
_ACCESS_DENIED = 5
_TYPE_MISMATCH = 2147749893
_ACCESS_DENIED = 5
_CIM_ERROR = "Microsoft.Management.Infrastructure.CimException"


def instances(machine: Machine, class_name: str, namespace: str, where: str | None) -> list[Row]:
    """Return what Get-CimInstance returns: one mapping per instance."""
    spaces: dict[str, dict[str, Callable[[Machine], list[Row]]]] = {
        "root/cimv2": _CLASSES,
        "root/virtualization/v2": _VIRTUALIZATION,
        "root/standardcimv2": {"msft_nettcpconnection": connections},
        "root/microsoft/windows/defender": {"msft_mppreference": _preference},
        "root/mscluster": {"mscluster_cluster": _clusters},
        "root/rsop/computer": {"rsop_userprivilegeright": _rights},
    }
    classes = spaces.get(namespace.lower().replace("\\", "/"))
    if classes is None or (classes is _VIRTUALIZATION and machine.service(layout.HYPERV_SERVICE) is None):
        raise MachineError("Invalid namespace ", _CIM_ERROR)
    source = classes.get(class_name.lower())
    if source is None:
        raise MachineError("Invalid class ", _CIM_ERROR)
    if machine.fault_at(f"class {class_name}") is not None:
        # Documented: WBEM_E_PROVIDER_FAILURE, as the repository or the provider of a class fails.
        raise MachineError("Provider failure ", _CIM_ERROR)
    if class_name.lower() == "win32_process":
        return _processes(machine, where)
    return [row for row in source(machine) if _matches(row, where)]


def _matches(row: Row, where: str | None) -> bool:
    if not where:
        return True
    name, wanted = _condition(where)
    actual = next((value for key, value in row.items() if key.lower() == name.lower()), None)
    return str(actual).lower() == wanted.lower()


def _condition(where: str) -> tuple[str, str]:
    found = _FILTER.match(where)
    if found is None:
        raise MachineError("Invalid query ", _CIM_ERROR)
    text = found["text"]
    return found["name"], found["number"] if text is None else re.sub(r"\\(.)", r"\1", text)


def _operating_system(machine: Machine) -> list[Row]:
    return [
        {
            "Caption": machine.identity.os_caption,
            "Version": machine.identity.os_version,
            "OSArchitecture": "64-bit",
            "ProductType": 2 if machine.identity.domain_role >= 4 else 3,
            "SystemDrive": "C:",
            "LocalDateTime": machine.now().isoformat(),
        }
    ]


def _computer_system(machine: Machine) -> list[Row]:
    host, _dot, domain = machine.fqdn.partition(".")
    return [
        {
            "Name": machine.name.upper()[:15],
            "DNSHostName": host,
            "Domain": domain or "WORKGROUP",
            "PartOfDomain": bool(domain),
            "DomainRole": machine.identity.domain_role,
        }
    ]


def _services(machine: Machine) -> list[Row]:
    machine.settle()
    return [
        {
            "Name": service.name,
            "DisplayName": service.display_name,
            "State": service.status,
            "StartMode": service.start_mode,
            "StartName": service.account,
            "ProcessId": service.process_id,
        }
        for service in machine.services.all()
    ]


def _disks(machine: Machine) -> list[Row]:
    return [
        {
            "DeviceID": f"{volume.drive}:",
            "DriveType": 3,
            "Size": volume.size_bytes,
            "FreeSpace": machine.free_bytes(volume),
        }
        for volume in machine.volumes
    ]


def _processes(machine: Machine, where: str | None) -> list[Row]:
    """Return the service with a process id; any other id is that of the caller's session."""
    if not where:
        raise MachineError("Invalid query ", _CIM_ERROR)
    _name, wanted = _condition(where)
    service = next(
        (each for each in machine.services.all() if each.process_id and str(each.process_id) == wanted), None
    )
    name = "wsmprovhost.exe" if service is None else f"{service.name}.exe"
    return [{"ProcessId": int(wanted), "Name": name}]


def _switches(machine: Machine) -> list[Row]:
    return [{"ElementName": name} for name in machine.switches]


def _guests(machine: Machine) -> list[Row]:
    return [
        {
            "InstanceID": f"Microsoft:{guest.id}",
            "ElementName": guest.name,
            "VirtualSystemType": "Microsoft:Hyper-V:System:Realized",
            "VirtualSystemSubType": f"Microsoft:Hyper-V:SubType:{guest.generation}",
            "SecureBootEnabled": guest.secure_boot,
        }
        for guest in machine.guests
    ]


#: Documented: EnabledState of Msvm_ComputerSystem.
_ENABLED_STATES = {"running": 2, "off": 3, "saved": 6, "paused": 9}


def _systems(machine: Machine) -> list[Row]:
    """Return the host itself and its virtual machines (documented: Msvm_ComputerSystem; 0 means no replication)."""
    rows = [(machine.name.upper(), machine.name.upper(), "running", 0, 0)]
    for guest in machine.guests:
        found = guest.replication
        mode, state = (0, 0) if found is None else (found.mode, found.state)
        rows.append((guest.id, guest.name, guest.state, mode, state))
    return [
        {
            "Name": name,
            "ElementName": shown,
            "EnabledState": _ENABLED_STATES[state],
            "ReplicationMode": mode,
            "ReplicationState": replication,
        }
        for name, shown, state, mode, replication in rows
    ]


def _clusters(machine: Machine) -> list[Row]:
    """Return the cluster of this node (documented: MSCluster_Cluster). The lab gives a cluster the name of its role."""
    if machine.cluster is None:
        raise MachineError("Provider failure ", _CIM_ERROR)
    return [{"Name": machine.cluster.role}]


def _rights(machine: Machine) -> list[Row]:
    """Return the rights that a policy sets (documented: RSOP_UserPrivilegeRight; precedence 1 is the one that wins)."""
    return [
        {"UserRight": name, "AccountList": list(accounts) or None, "Precedence": 1}
        for name, accounts in machine.logon_policy.items()
    ]


def _preference(machine: Machine) -> list[Row]:
    """Return the exclusions of Defender and of a policy in one list (documented: MSFT_MpPreference)."""
    keys = [machine.registry.find(path) for path in layout.EXCLUSION_KEYS]
    paths = [value.name for key in keys if key is not None for value in key.values.values()]
    return [{"ExclusionPath": paths or None}]


def _guest_disks(machine: Machine) -> list[Row]:
    """Return virtual disks by their place on a controller; the ids are composed as in Hyper-V (inferred).

    The order is not defined, so the boot disk is not the first one.
    """
    return [
        {
            "InstanceID": "\\".join((f"Microsoft:{guest.id}", *guest.place_of(disk), "L")),
            "ResourceSubType": "Microsoft:Hyper-V:Virtual Hard Disk",
            "HostResource": [disk.path],
            "PersistentReservationsSupported": disk.shared,
        }
        for guest in machine.guests
        for disk in reversed(guest.virtual_disks)
    ]


def _guest_drives(machine: Machine) -> list[Row]:
    return [
        {
            "InstanceID": f"Microsoft:{guest.id}\\83F8638B-8DCA-4152-9EDA-2CA8B33039B4\\7\\{place}\\D",
            "ResourceSubType": "Microsoft:Hyper-V:Physical Disk Drive",
        }
        for guest in machine.guests
        for place in range(guest.pass_through_disks)
    ]


def _security(machine: Machine) -> list[Row]:
    """Return the security settings of machines (documented: Msvm_SecuritySettingData)."""
    return [
        {
            "InstanceID": f"Microsoft:{guest.id}\\Security",
            "TpmEnabled": guest.tpm or guest.shielded,
            "ShieldingRequested": guest.shielded,
        }
        for guest in machine.guests
    ]


def _disk_setting(machine: Machine, arguments: Mapping[str, Any]) -> Row:
    """Answer GetVirtualHardDiskSettingData: an embedded instance, or an error number for an unreadable file."""
    path = str(arguments["Path"])
    disks = (disk for guest in machine.guests for disk in guest.virtual_disks)
    disk = next((each for each in disks if each.path.lower() == path.lower()), None)
    if disk is None or disk.size_bytes is None:
        return {"SettingData": None, "ReturnValue": 32768}
    properties = "".join(
        f'<PROPERTY NAME="{name}" TYPE="{kind}"><VALUE>{value}</VALUE></PROPERTY>'
        for name, kind, value in (
            ("Path", "string", path),
            ("MaxInternalSize", "uint64", disk.size_bytes),
            ("LogicalSectorSize", "uint32", disk.sector_bytes),
            ("Type", "uint16", 3),
        )
    )
    document = f'<INSTANCE CLASSNAME="Msvm_VirtualHardDiskSettingData">{properties}</INSTANCE>'
    return {"SettingData": document, "ReturnValue": 0}


_CLASSES: dict[str, Callable[[Machine], list[Row]]] = {
    "win32_operatingsystem": _operating_system,
    "win32_computersystem": _computer_system,
    "win32_service": _services,
    "win32_logicaldisk": _disks,
    "win32_process": lambda machine: _processes(machine, None),
    "win32_quickfixengineering": lambda machine: [{"HotFixID": each} for each in machine.hotfixes],
}
_VIRTUALIZATION: dict[str, Callable[[Machine], list[Row]]] = {
    "msvm_virtualethernetswitch": _switches,
    "msvm_virtualsystemsettingdata": _guests,
    "msvm_storageallocationsettingdata": _guest_disks,
    "msvm_resourceallocationsettingdata": _guest_drives,
    "msvm_computersystem": _systems,
    "msvm_securitysettingdata": _security,
    "msvm_imagemanagementservice": lambda _machine: [{"Name": "vhdsvc"}],
}


def method(machine: Machine, class_name: str, name: str, arguments: Mapping[str, Any], key: Any = None) -> Row:
    """Call a method as Invoke-CimMethod does. `key` identifies the instance: the id of a process."""
    if class_name.lower() == "stdregprov":
        return _registry(machine, name, arguments)
    if class_name.lower() == "msvm_imagemanagementservice" and name.lower() == "getvirtualharddisksettingdata":
        return _disk_setting(machine, arguments)
    if class_name.lower() == "win32_process" and name.lower() in {"getowner", "getownersid"}:
        return _owner(machine, name.lower(), int(key))
    if class_name.lower() == "win32_service" and name.lower() == "changestartmode":
        return _change_start_mode(machine, str(key), str(arguments["StartMode"]))
    raise MachineError("Invalid method ", _CIM_ERROR)


#: Documented: ChangeStartMode of Win32_Service, whose property StartMode has another word for the first one.
_START_MODES: dict[str, StartMode] = {"automatic": "Auto", "manual": "Manual", "disabled": "Disabled"}
_SERVICE_DENIED, _INVALID_PARAMETER = 2, 21


def _change_start_mode(machine: Machine, name: str, wanted: str) -> Row:
    """Set the startup type of a service (documented: ChangeStartMode; 2 means no access, 21 a wrong parameter)."""
    mode = _START_MODES.get(wanted.lower())
    if mode is None:
        return {"ReturnValue": _INVALID_PARAMETER}
    if not machine.administrator or machine.fault_at(f"set the startup type of {name}") is not None:
        return {"ReturnValue": _SERVICE_DENIED}
    machine.need_service(name).start_mode = mode
    machine.note("service.start_mode", service=name, start_mode=mode)
    return {"ReturnValue": 0}


def _owner(machine: Machine, name: str, process_id: int) -> Row:
    service = next((each for each in machine.services.all() if each.process_id == process_id), None)
    if name == "getownersid":
        return {"Sid": owner_sid(machine, service), "ReturnValue": 0}
    domain, user = owner(machine, service)
    return {"Domain": domain, "User": user, "ReturnValue": 0}


def owner_sid(machine: Machine, service: Service | None) -> str:
    """Return the SID of the owner of a service's process, or of the caller's session."""
    if service is not None:
        return service.owner_sid
    user = machine.identity.account_user
    return layout.SYSTEM_SID if user == "SYSTEM" else "S-1-5-21-1004336348-1177238915-682003330-1104"


def owner(machine: Machine, service: Service | None) -> tuple[str, str]:
    """Return domain and name of the owner of a service's process, or of the caller's session."""
    if service is None:
        return machine.identity.account_domain, machine.identity.account_user
    if service.account == "LocalSystem":
        return "NT AUTHORITY", "SYSTEM"
    domain, _slash, user = service.account.rpartition("\\")
    return domain, user


def _registry(machine: Machine, name: str, arguments: Mapping[str, Any]) -> Row:
    hive = _HIVES.get(int(arguments["hDefKey"]))
    path = f"{hive}\\{arguments['sSubKeyName']}"
    if name in _WRITES:
        return _write(machine, name, path, arguments)
    if name == "CheckAccess":
        return {"bGranted": machine.administrator, "ReturnValue": 0 if machine.administrator else _ACCESS_DENIED}
    answer = _REGISTRY_METHODS.get(name)
    if answer is None:
        raise MachineError("Invalid method ", _CIM_ERROR)
    return answer(machine, path, str(arguments.get("sValueName", "")))


_WRITES = frozenset({"CreateKey", "SetDWORDValue", "DeleteValue"})


def _write(machine: Machine, name: str, path: str, arguments: Mapping[str, Any]) -> Row:
    if not machine.administrator:
        return {"ReturnValue": _ACCESS_DENIED}
    if name == "CreateKey":
        machine.ensure_key(path)
        return {"ReturnValue": 0}
    if machine.registry.find(path) is None:
        return {"ReturnValue": _NOT_FOUND}
    value = str(arguments["sValueName"])
    if name == "DeleteValue":
        return {"ReturnValue": 0 if machine.unset_value(path, value) else _NOT_FOUND}
    machine.set_value(path, value, int(arguments["uValue"]), "REG_DWORD")
    return {"ReturnValue": 0}


def _enum_key(machine: Machine, path: str, _value: str) -> Row:
    if machine.registry.find(path) is None:
        return _absent(machine, {"sNames": None, "ReturnValue": _NOT_FOUND})
    return _absent(machine, {"sNames": machine.registry.children(path) or None, "ReturnValue": 0})


def _delete_key(machine: Machine, path: str, _value: str) -> Row:
    """Delete a key without subkeys, as RegDeleteKey does."""
    if machine.registry.find(path) is None:
        return {"ReturnValue": _NOT_FOUND}
    if machine.registry.children(path) or not machine.administrator:
        return {"ReturnValue": _ACCESS_DENIED}
    machine.remove_key(path)
    return {"ReturnValue": 0}


def _absent(machine: Machine, row: Row) -> Row:
    """Return an answer without its empty outputs, where the machine leaves them out instead of setting them to null."""
    return {name: data for name, data in row.items() if data is not None} if machine.leaves_out_empty else row


def _enum_values(machine: Machine, path: str, _value: str) -> Row:
    key = machine.registry.find(path)
    if key is None:
        return _absent(machine, {"sNames": None, "Types": None, "ReturnValue": _NOT_FOUND})
    values = list(key.values.values())
    names = [value.name for value in values] or None
    kinds = [KIND_NUMBERS[value.kind] for value in values] or None
    return _absent(machine, {"sNames": names, "Types": kinds, "ReturnValue": 0})


def _reader(field: str, *kinds: Kind) -> Callable[[Machine, str, str], Row]:
    def read(machine: Machine, path: str, name: str) -> Row:
        key = machine.registry.find(path)
        if key is None:
            return _absent(machine, {field: None, "ReturnValue": _NOT_FOUND})
        value: Value | None = key.values.get(name.lower())
        if value is None:
            return _absent(machine, {field: None, "ReturnValue": _VALUE_MISSING})
        if value.kind not in kinds:
            return _absent(machine, {field: None, "ReturnValue": _TYPE_MISMATCH})
        data = list(value.data) if isinstance(value.data, bytes) else value.data
        empty = machine.leaves_out_empty and data in ("", [])
        return _absent(machine, {field: None if empty else data, "ReturnValue": 0})

    return read


_REGISTRY_METHODS: dict[str, Callable[[Machine, str, str], Row]] = {
    "DeleteKey": _delete_key,
    "EnumKey": _enum_key,
    "EnumValues": _enum_values,
    "GetStringValue": _reader("sValue", "REG_SZ"),
    "GetExpandedStringValue": _reader("sValue", "REG_EXPAND_SZ"),
    "GetMultiStringValue": _reader("sValue", "REG_MULTI_SZ"),
    "GetBinaryValue": _reader("uValue", "REG_BINARY"),
    "GetDWORDValue": _reader("uValue", "REG_DWORD"),
    "GetQWORDValue": _reader("uValue", "REG_QWORD"),
}
