# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of probe_assumptions, which reads facts that decide assumptions about a machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ...windows import cim, layout
from ...windows.cluster import CHECKPOINTS
from ...windows.connections import connections
from ...windows.errors import MachineError
from ...windows.filesystem import File
from ...windows.machine import Machine
from ...windows.programs.internet import ProxySettings, head
from .base import ParameterRefused, Run, ScriptFailed, connect_vmm, emulator, node_name

Reading = dict[str, Any]

_HKLM, _USERS = 2147483650, 2147483651
_NOTHING_THERE = 2
_READERS: Final = {
    1: ("GetStringValue", "sValue"),
    2: ("GetExpandedStringValue", "sValue"),
    4: ("GetDWORDValue", "uValue"),
    7: ("GetMultiStringValue", "sValue"),
    11: ("GetQWORDValue", "uValue"),
}
# Exceptions of modules that a PowerShell on Linux does not have arrive as this one.
_UNKNOWN: Final = "System.InvalidOperationException"
_FOREIGN: Final = ("Microsoft.FailoverClusters.", "Microsoft.VirtualManager.", "Microsoft.Internal.")


# ---- registry ----


# The members of a host as the lab's Get-SCVMHost returns it.
_HOST_MEMBERS = (
    "CommunicationState",
    "FQDN",
    "HostCluster",
    "ID",
    "MaintenanceHost",
    "ManagedComputer",
    "OperatingSystem",
    "OverallState",
    "VMHostGroup",
    "VirtualizationPlatform",
)


def _ask(machine: Machine, method: str, hive: int, key: str, name: str = "") -> Mapping[str, Any]:
    return cim.method(machine, "StdRegProv", method, {"hDefKey": hive, "sSubKeyName": key, "sValueName": name})


def _form(answer: Mapping[str, Any], name: str) -> str:
    if name not in answer:
        return "absent"
    return "null" if answer[name] is None else "value"


def _text(machine: Machine, key: str, name: str) -> str:
    answer = _ask(machine, "GetStringValue", _HKLM, key.removeprefix("HKLM\\"), name)
    return str(answer.get("sValue") or "") if answer["ReturnValue"] == 0 else ""


def _key_fact(run: Run, hive: int, key: str) -> Reading | None:
    known = _ask(run.machine, "EnumValues", hive, key)
    if known["ReturnValue"] == _NOTHING_THERE:
        return None
    wanted = {name.lower() for name in run.texts("ValueNames")}
    values = {}
    for name, kind in zip(known.get("sNames") or (), known.get("Types") or (), strict=True):
        values[name] = {"type": kind, "form": None, "data": None}
        if name.lower() in wanted and kind in _READERS:
            method, member = _READERS[kind]
            answer = _ask(run.machine, method, hive, key, name)
            values[name] |= {"form": _form(answer, member), "data": answer.get(member)}
    below = _ask(run.machine, "EnumKey", hive, key)
    return {
        "error": 0,
        "entries": values,
        "entries_form": _form(known, "sNames"),
        "subkeys": list(below.get("sNames") or ()),
        "subkeys_form": _form(below, "sNames"),
    }


def _registry(run: Run) -> Reading:
    return {key: _key_fact(run, _HKLM, key) for key in run.texts("RegistryKeys")}


def _products(run: Run) -> Reading:
    found = []
    for root in (layout.UNINSTALL_KEY, layout.UNINSTALL_KEY_32):
        for entry in run.machine.registry.children(root):
            shown = _text(run.machine, f"{root}\\{entry}", "DisplayName")
            if shown.lower().startswith("microsoft azure"):
                found.append({"name": shown, "version": _text(run.machine, f"{root}\\{entry}", "DisplayVersion")})
    return {"products": found}


def _account_proxy(run: Run) -> Reading | None:
    machine = run.machine
    if machine.service(layout.VMM_SERVICE) is not None and not machine.is_running(layout.VMM_SERVICE):
        return None
    key = f"{machine.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
    return {"settings": _key_fact(run, _USERS, key)}


# ---- files and addresses ----


def _program(file: File | None) -> Reading | None:
    if file is None:
        return None
    version = ".".join(([*(file.version or "").split("."), "0", "0", "0", "0"] if file.version else ["0"] * 4)[:4])
    return {"version": version, "signature": file.signature, "signer": file.signer}


def _files(run: Run) -> Reading:
    machine = run.machine
    find = machine.files.find
    files: Reading = dict.fromkeys(
        ("vmm_module", "configurator_vmm", "configurator_other", "agent_engine", "agent_module")
    )
    vmm = _text(machine, layout.VMM_SETUP_KEY, "InstallPath").rstrip("\\")
    if vmm:
        files["vmm_module"] = machine.exists(f"{vmm}\\{layout.VMM_MODULE}")
        files["configurator_vmm"] = _program(find(rf"{vmm}\bin\DRConfigurator.exe"))
    files["configurator_other"] = _program(find(rf"C:\Program Files\{layout.PROVIDER_PRODUCT}\DRConfigurator.exe"))
    agent = _text(machine, layout.AGENT_KEY + r"\Setup", "InstallPath").rstrip("\\")
    if agent:
        files["agent_engine"] = _program(find(rf"{agent}\bin\CBEngine.exe"))
        files["agent_module"] = machine.exists(f"{agent}\\{layout.AGENT_MODULE}")
    return files


def _logs(run: Run) -> Reading | None:
    files = run.machine.files
    if files.find(layout.SETUP_LOGS) is None:
        return None
    logs = files.listing(layout.SETUP_LOGS, "DRASetupWizard*.log", files_only=True)
    text = "\n".join((log.content or b"").decode() for log in logs)
    return {"files": len(logs), "signs": [sign for sign in run.texts("LogSigns") if sign in text]}


def _urls(run: Run) -> Reading:
    wish = None
    if run.text("ProxyAddress"):
        username, password = run.credential("ProxyCredential") or (None, None)
        wish = ProxySettings(run.text("ProxyAddress").rstrip("/"), run.number("ProxyPort"), username, password)
    found = {}
    for url in run.texts("Urls"):
        answer = head(run.machine, url, wish)
        status = None if answer.error is not None and answer.method == "CONNECT" else answer.status
        found[url] = {"status": status, "failure": answer.failure}
    return found


# ---- VMM and its cluster ----


def _of_vmm(read: Callable[[Run], Reading]) -> Callable[[Run], Reading | None]:
    """Return a reading that needs an answering VMM; None while its service does not run."""

    def reading(run: Run) -> Reading | None:
        if not run.machine.is_running(layout.VMM_SERVICE):
            return None
        connect_vmm(run.machine)
        return read(run)

    return reading


def _clouds(run: Run) -> Reading:
    vmm = run.machine.need_vmm()
    flag = ["DisasterRecoverySupported"] if vmm.flag_shown else []
    clouds = [
        {
            "id": cloud.id.lower(),
            "flag": "System.Boolean" if vmm.flag_shown else None,
            "profiles": list(cloud.capability_profiles),
            "members": ["CapabilityProfiles", *flag, "HostGroup", "ID", "Name"],
            "group_members": ["ChildHostGroups", "ID", "Name", "Path"] if cloud.host_groups else [],
        }
        for cloud in vmm.clouds
    ]
    return {"flag_parameter": vmm.flag_supported, "clouds": clouds}


def _inventory(run: Run) -> Reading:
    vmm = run.machine.need_vmm()
    hosts = [host for group in vmm.groups() for host in group.hosts]
    return {
        "hosts": len(hosts),
        "host_members": list(_HOST_MEMBERS) if hosts else [],
        "platforms": [host.platform for host in hosts],
        "networks": len(vmm.networks),
        "network_members": ["LogicalNetwork", "Name"] if vmm.networks else [],
    }


def _jobs(run: Run) -> Reading:
    jobs = run.machine.need_vmm().jobs
    return {
        "running": len(jobs),
        "commands": [job.command for job in jobs],
        "members": sorted(jobs[0].to_row()) if jobs else [],
    }


def _run_as(run: Run) -> Reading:
    account = run.machine.need_vmm().run_as_account(layout.PROXY_ACCOUNT)
    return {"proxy_accounts": 0 if account is None else 1}


def _cluster(run: Run) -> Reading | None:
    machine = run.machine
    if not machine.is_running(layout.CLUSTER_SERVICE):
        return None
    cluster = machine.need_cluster()
    resource = {
        "name": cluster.resource,
        "by_service": True,
        "by_name": "vmm service" in cluster.resource.lower(),
        "type": "Generic Service",
        "owned": cluster.owner.lower() == node_name(machine).lower(),
    }
    return {"nodes": len(cluster.nodes), "resources": [resource]}


def _checkpoints(run: Run) -> Reading | None:
    if not run.machine.is_running(layout.CLUSTER_SERVICE):
        return None
    return {"paths": [key.removeprefix("HKLM\\") for key in CHECKPOINTS]}


def _connections(run: Run) -> Reading | None:
    if not run.machine.is_running(layout.VMM_SERVICE):
        return None
    rows = connections(run.machine)
    return {
        "listening": [row["LocalPort"] for row in rows if row["State"] == 2],
        "connected": [row["RemotePort"] for row in rows if row["State"] == 5],
    }


def _certificates(run: Run) -> Reading:
    prefixes = ("asr_srsauth_cert_key_container", "asr_hyper_v_host_cert_key_container")
    ours = [each for each in run.machine.certificates if each.friendly_name.lower().startswith(prefixes)]
    return {"of_site_recovery": len(ours)}


# ---- hosts ----


def _agent_setting(run: Run) -> Reading | None:
    machine = run.machine
    folder = _text(machine, layout.AGENT_KEY + r"\Setup", "InstallPath").rstrip("\\")
    if (
        not folder
        or not machine.is_running(layout.AGENT_SERVICE)
        or not machine.exists(f"{folder}\\{layout.AGENT_MODULE}")
    ):
        return None
    agent = machine.need_agent()
    login = ["BypassUrls", "ProxyUsername"] if agent.bypass_supported else []
    limits = ["Enabled", "EndWorkHour", "NonWorkHourBandwidth", "StartWorkHour", "WorkDay", "WorkHourBandwidth"]
    return {
        "members": ["ProxySetting", *(["ThrottlingSetting"] if agent.throttle_shown else [])],
        "proxy_members": sorted(["Enabled", "ProxyPort", "ProxyServer", *login]),
        "throttle_name": "ThrottlingSetting" if agent.throttle_shown else None,
        "throttle_members": limits if agent.throttle_shown else None,
        "bypass_parameter": agent.bypass_supported,
    }


def _guests(run: Run) -> Reading | None:
    machine = run.machine
    if not machine.is_running(layout.HYPERV_SERVICE):
        return None
    machines = cim.instances(machine, "Msvm_VirtualSystemSettingData", "root/virtualization/v2", None)
    disks = cim.instances(machine, "Msvm_StorageAllocationSettingData", "root/virtualization/v2", None)
    return {
        "machines": [
            {"id": each["InstanceID"], "kind": each["VirtualSystemSubType"], "secure_boot": True} for each in machines
        ],
        "disks": [disk["InstanceID"] for disk in disks],
        "disks_with_reservations": len(disks),
    }


def _replication(run: Run) -> Reading | None:
    if not run.machine.is_running(layout.HYPERV_SERVICE):
        return None
    systems = cim.instances(run.machine, "Msvm_ComputerSystem", "root/virtualization/v2", None)
    return {"replicating": sum(1 for system in systems if system["ReplicationMode"] > 0)}


def _defender(run: Run) -> Reading | None:
    if not run.machine.is_running(layout.DEFENDER_SERVICE):
        return None
    (preference,) = cim.instances(run.machine, "MSFT_MpPreference", "root/Microsoft/Windows/Defender", None)
    return {"excluded": len(preference["ExclusionPath"] or ())}


# ---- the machine ----


def _system(run: Run) -> Reading:
    machine = run.machine
    host, _dot, domain = machine.fqdn.partition(".")
    return {
        "os_version": machine.identity.os_version,
        "name": host,
        "short_name": node_name(machine),
        "domain": domain or "WORKGROUP",
        "account": machine.identity.account_user,
        "account_domain": machine.identity.account_domain,
    }


def _tasks(run: Run) -> Reading:
    run.machine.settle()
    return {"tasks": sum(1 for name in run.machine.tasks if re.match("siterecovery.hyperv-", name))}


_READINGS: Final[dict[str, Callable[[Run], Reading | None]]] = {
    "system": _system,
    "shell": lambda _run: {"language_mode": "FullLanguage", "bits": 64},
    "hashing": lambda _run: {"usable": True},
    "registry": _registry,
    "products": _products,
    "files": _files,
    "tasks": _tasks,
    "updates": lambda run: {"services": 2 if run.machine.microsoft_update else 1},
    "urls": _urls,
    "vmm": _of_vmm(lambda _run: {"members": ["FQDN", "Name", "ProductVersion"]}),
    "clouds": _of_vmm(_clouds),
    "inventory": _of_vmm(_inventory),
    "jobs": _of_vmm(_jobs),
    "run_as": _of_vmm(_run_as),
    "cluster": _cluster,
    "checkpoints": _checkpoints,
    "logs": _logs,
    "certificates": _certificates,
    "connections": _connections,
    "account_proxy": _account_proxy,
    "agent_setting": _agent_setting,
    "guests": _guests,
    "replication": _replication,
    "defender": _defender,
}


def _failure(problem: MachineError | ScriptFailed) -> Reading:
    kind = getattr(problem, "powershell_type", "System.Management.Automation.RuntimeException")
    return {"type": _UNKNOWN if kind.startswith(_FOREIGN) else kind, "number": None}


@emulator
def probe_assumptions(run: Run) -> Reading:
    wanted = [name.lower() for name in run.texts("Readings")]
    if not wanted or set(wanted) - set(_READINGS):
        raise ParameterRefused("Cannot validate argument on parameter 'Readings'.")
    found: Reading = {}
    for name in wanted:
        try:
            found[name] = {"value": _READINGS[name](run), "failure": None}
        except (MachineError, ScriptFailed) as problem:
            found[name] = {"value": None, "failure": _failure(problem)}
    return found
