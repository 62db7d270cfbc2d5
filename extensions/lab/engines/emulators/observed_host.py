# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the emulator of observe that reads Windows itself, and the forms of values that all its sections use."""

from __future__ import annotations

import re
from datetime import timezone
from typing import Any

from ...windows import cim, layout
from ...windows.errors import MachineError
from ...windows.machine import Machine
from ...windows.registry import Data
from .base import Run, ScriptFailed

Section = dict[str, Any]


def text_of(data: Data | None) -> str | None:
    return str(data) if data not in (None, "") else None


def installed_product(machine: Machine, *names: str) -> tuple[str, str | None, str] | None:
    """Return name, version and code of the first product in "Programs and Features" with one of the names."""
    for root in (layout.UNINSTALL_KEY, layout.UNINSTALL_KEY_32):
        for name in machine.registry.children(root):
            shown = machine.registry.get(f"{root}\\{name}", "DisplayName")
            if shown is not None and str(shown).strip().lower() in {each.lower() for each in names}:
                version = text_of(machine.registry.get(f"{root}\\{name}", "DisplayVersion"))
                return str(shown).strip(), version, name
    return None


def number_of(data: Data | None) -> int | None:
    return int(str(data)) if re.fullmatch(r"\s*-?[0-9]{1,18}\s*", str(data)) else None


def urls_of(data: Data | None) -> list[str]:
    texts = data if isinstance(data, list) else [str(data or "")]
    return [part.strip() for text in texts for part in text.split(";") if part.strip()]


def read_values(run: Run, key: str, *names: str, optional: bool = True) -> dict[str, Data | None]:
    """Read values of a key. One of an unknown type is missing and noted, or an error if it is not optional."""
    found = run.machine.registry.find(key)
    values: dict[str, Data | None] = dict.fromkeys(names)
    for name in names:
        value = found.values.get(name.lower()) if found else None
        if value is None:
            continue
        shown = f"{key.partition(chr(92))[2]}\\{name}"
        if value.kind == "REG_NONE":
            if not optional:
                raise ScriptFailed(f"The registry value '{shown}' has an unexpected type (0).")
            run.unread.append({"name": shown, "reason": "type 0"})
            continue
        values[name] = "hex:" + value.data.hex().upper() if isinstance(value.data, bytes) else value.data
    return values


def can_read(run: Run, class_name: str, namespace: str = "root/cimv2", where: str | None = None) -> bool:
    """Tell whether the instances of a class can be read. A class that cannot is noted once."""
    try:
        cim.instances(run.machine, class_name, namespace, where)
    except MachineError as exc:
        if class_name not in {each["name"] for each in run.unread}:
            run.unread.append({"name": class_name, "reason": str(exc).strip()})
        return False
    return True


def service_of(machine: Machine, name: str) -> Section | None:
    service = machine.service(name)
    return None if service is None else {"status": service.status, "start_mode": service.start_mode}


def moment_of(machine: Machine) -> str:
    return machine.now().astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def host_section(machine: Machine, run: Run) -> Section:
    readable_account = can_read(run, "Win32_Process", where="ProcessId=1")
    renames = machine.pending_renames()
    readable_volumes = can_read(run, "Win32_LogicalDisk")
    policies = machine.script_policies()
    release = read_values(run, layout.FRAMEWORK_KEY, "Release")["Release"]
    shell = read_values(run, layout.SHELL_KEY, "PowerShellVersion")["PowerShellVersion"]
    schannel = read_values(run, layout.SCHANNEL_KEY, "Enabled", "DisabledByDefault")
    dotnet = read_values(run, layout.DOTNET_KEY, "SchUseStrongCrypto", "SystemDefaultTlsVersions")
    runtime = read_values(run, layout.RUNTIME_KEY, "Installed", "Version")
    dotnet_32 = read_values(run, layout.DOTNET_KEY_32, "SchUseStrongCrypto", "SystemDefaultTlsVersions")
    roots = _roots(run)
    host, _dot, _domain = machine.fqdn.partition(".")
    account = f"{machine.identity.account_domain}\\{machine.identity.account_user}"
    volumes = [{"drive": f"{volume.drive}:", "free_bytes": machine.free_bytes(volume)} for volume in machine.volumes]
    return {
        "name": host,
        "fqdn": machine.fqdn,
        "domain_role": machine.identity.domain_role,
        "os_version": machine.identity.os_version,
        "os_caption": machine.identity.os_caption,
        "account": account if readable_account else None,
        "is_administrator": machine.administrator,
        "dotnet_release": number_of(release),
        "powershell_version": text_of(shell),
        "visual_cpp": text_of(runtime["Version"]) if runtime["Installed"] == 1 else None,
        "pending_restart": machine.pending_restart(),
        "pending_files": renames[:3],
        "pending_file_count": len(renames),
        "execution_policy": {
            "machine": None if policies["MachinePolicy"] == "Undefined" else policies["MachinePolicy"],
            "user": None if policies["UserPolicy"] == "Undefined" else policies["UserPolicy"],
        },
        "batch_logon": _batch_logon(machine),
        "roots": roots,
        "utc_now": moment_of(machine),
        "volumes": volumes if readable_volumes else None,
        "tls": {
            "schannel_client_enabled": number_of(schannel["Enabled"]),
            "schannel_client_disabled_by_default": number_of(schannel["DisabledByDefault"]),
            "strong_crypto": number_of(dotnet["SchUseStrongCrypto"]),
            "system_default": number_of(dotnet["SystemDefaultTlsVersions"]),
            "strong_crypto_32": number_of(dotnet_32["SchUseStrongCrypto"]),
            "system_default_32": number_of(dotnet_32["SystemDefaultTlsVersions"]),
        },
        "system_proxy": system_proxy(machine, run),
        "hotfixes": _hotfixes(run),
        "antivirus": _antivirus(machine),
        "cluster": _cluster(run),
    }


def _hotfixes(run: Run) -> list[str] | None:
    """Return the hotfixes of Windows Server 2012 R2."""
    if not run.machine.identity.os_version.startswith("6.3.") or not can_read(run, "Win32_QuickFixEngineering"):
        return None
    return list(run.machine.hotfixes)


def _cluster(run: Run) -> Section | None:
    if not run.machine.is_running(layout.CLUSTER_SERVICE):
        return None
    if not can_read(run, "MSCluster_Cluster", "root/MSCluster"):
        return {"name": None}
    return {"name": run.machine.need_cluster().role}


def _antivirus(machine: Machine) -> Section | None:
    service = machine.service(layout.DEFENDER_SERVICE)
    if service is None:
        return None
    keys = [machine.registry.find(path) for path in layout.EXCLUSION_KEYS]
    names = [value.name for key in keys if key is not None for value in key.values.values()]
    return {"status": service.status, "exclusions": names}


def _batch_logon(machine: Machine) -> Section | None:
    rights = machine.logon_policy
    if not rights or machine.fault_at("class RSOP_UserPrivilegeRight") is not None:
        return None
    return {"granted": rights.get("SeBatchLogonRight"), "denied": rights.get("SeDenyBatchLogonRight")}


def _roots(run: Run) -> Section | None:
    if run.parameters.get("RootThumbprints") is None:
        return None
    if run.machine.fault_at("read trusted roots") is not None:
        run.unread.append({"name": r"Cert:\LocalMachine\Root", "reason": "The system cannot find the path specified."})
        return None
    policy = read_values(run, layout.ROOT_POLICY_KEY, "DisableRootAutoUpdate")
    stored = {each.lower() for each in run.machine.roots}
    present = [each for each in run.texts("RootThumbprints") if each.lower() in stored]
    return {"present": present, "fetched": policy["DisableRootAutoUpdate"] != 1}


def system_proxy(machine: Machine, run: Run) -> Section | None:
    service = machine.service(layout.VMM_SERVICE)
    if not machine.administrator or (service is not None and service.process_id == 0):
        return None
    if service is not None and not can_read(run, "Win32_Process", where=f"ProcessId={service.process_id}"):
        return None
    of_machine = read_values(run, layout.INTERNET_POLICY_KEY, "ProxySettingsPerUser")["ProxySettingsPerUser"] == 0
    general = f"{layout.HKLM}\\{layout.INTERNET_SETTINGS}"
    key = general if of_machine else f"{layout.HKU}\\{machine.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
    if machine.registry.find(key) is None:
        return None
    values = read_values(run, key, "ProxyEnable", "ProxyServer", "ProxyOverride", "AutoConfigURL", optional=of_machine)
    return {
        "enabled": values["ProxyEnable"] == 1,
        "server": text_of(values["ProxyServer"]),
        "bypass": urls_of(values["ProxyOverride"]),
        "of_machine": of_machine,
        "script_url": text_of(values["AutoConfigURL"]),
        "winhttp": text_of(read_values(run, rf"{general}\Connections", "WinHttpSettings")["WinHttpSettings"]),
    }


def restart_due(machine: Machine, name: str) -> bool:
    """Tell whether a service has not read a setting that was changed."""
    mark, service = machine.registry.get(f"{layout.HKLM}\\{layout.RESTART_KEY}", name), machine.service(name)
    return mark is not None and service is not None and service.process_id == mark
