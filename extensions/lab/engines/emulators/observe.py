# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of observe: reads the state of a machine."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ...windows import layout
from ...windows.errors import MachineError
from ...windows.guests import Guest
from ...windows.machine import Machine
from ...windows.programs.internet import HeadResult, ProxySettings, head, proxy_at
from ...windows.state import FULL_LANGUAGE
from .base import (
    ParameterRefused,
    Run,
    ScriptFailed,
    emulator,
    file_version,
    vmm_connection,
)
from .observed_host import (
    Section,
    can_read,
    host_section,
    installed_product,
    moment_of,
    number_of,
    read_values,
    restart_due,
    service_of,
    system_proxy,
    text_of,
    urls_of,
)
from .observed_vmm import is_lost, vmm_section

_VIRTUALIZATION = "root/virtualization/v2"


def _provider(machine: Machine, run: Run) -> Section | None:
    stored = read_values(run, layout.PROVIDER_KEY, "Version")["Version"]
    product = installed_product(machine, layout.PROVIDER_PRODUCT, layout.PROVIDER_SHORT_PRODUCT)
    adapter = machine.registry.find(layout.ADAPTER_KEY) is not None
    folders = [rf"C:\Program Files\{layout.PROVIDER_PRODUCT}"]
    vmm_folder = machine.registry.text(layout.VMM_SETUP_KEY, "InstallPath")
    if vmm_folder is not None:
        folders.insert(0, vmm_folder.rstrip("\\") + r"\bin")
    paths = [f"{folder}\\DRConfigurator.exe" for folder in folders]
    configurator = next((path for path in paths if machine.exists(path)), None)
    version = text_of(stored) or (product[1] if product else None)
    if version is None and product is None and configurator is None and not adapter:
        return None
    return {
        "version": version,
        "adapter_present": adapter,
        "configurator_path": configurator,
        "product_code": product[2] if product else None,
    }


def _registration(machine: Machine, run: Run) -> Section:
    section: Section = {
        "vault_name": None,
        "hive": None,
        "management_uri": None,
        "proxy": None,
        "run_as_account": None,
        "run_as_user": None,
        "certificates": 0,
        "thumbprints": [],
        "places": [],
        "proxy_keys": [],
        "encryption": False,
        "orphaned_key_files": [],
    }
    get = machine.registry.get
    for root in (layout.PROVIDER_KEY, layout.ADAPTER_KEY):
        key = root + r"\Registration"
        vault = machine.registry.text(key, "ResourceName")
        if vault is not None:
            section["places"].append({"key": key, "vault_name": vault})
        sign = text_of(
            read_values(run, key, "ResourceName", "SRSUri", "EncryptionEnabled", optional=False)["EncryptionEnabled"]
        )
        if sign is not None and not re.fullmatch(r"0|false|hex:0*", sign, re.IGNORECASE):
            section["encryption"] = True
        if section["vault_name"] is None and machine.registry.text(key, "ResourceName"):
            section["vault_name"] = machine.registry.text(key, "ResourceName")
            section["hive"] = key
            section["management_uri"] = machine.registry.text(key, "SRSUri")
        proxy = root + r"\ProxySettings"
        if machine.registry.find(proxy) is not None:
            section["proxy_keys"].append(proxy)
        if section["proxy"] is None and machine.registry.text(proxy, "ProxyAddress"):
            section["proxy"] = {
                "address": machine.registry.text(proxy, "ProxyAddress"),
                "port": number_of(get(proxy, "ProxyPort")),
                "username": machine.registry.text(proxy, "ProxyUserName"),
                "bypass": urls_of(get(proxy, "ProxyBypassUrls")),
            }
    if machine.registry.find(layout.PREVIEW_KEY) is not None:
        section["places"].append({"key": layout.PREVIEW_KEY, "vault_name": None})
    vmm = vmm_connection(run)
    if vmm is not None:
        try:
            account = machine.read_vmm("accounts").run_as_account(layout.PROXY_ACCOUNT)
        except MachineError as exc:
            if not is_lost(run, exc):
                raise
            account = None
        section["run_as_account"] = None if account is None else account.name
        section["run_as_user"] = None if account is None else account.username
    prefixes = ("asr_srsauth_cert_key_container", "asr_hyper_v_host_cert_key_container")
    section["thumbprints"] = [
        each.thumbprint for each in machine.certificates if each.friendly_name.lower().startswith(prefixes)
    ]
    section["certificates"] = len(section["thumbprints"])
    folder = run.need("StagingDir")
    if machine.exists(folder):
        found = machine.files.listing(folder, "siterecovery.hyperv-*.VaultCredentials", files_only=True)
        section["orphaned_key_files"] = [file.path for file in found]
    return section


def _agent(machine: Machine, run: Run) -> Section | None:
    folder = machine.registry.text(layout.AGENT_KEY + r"\Setup", "InstallPath")
    if folder is None:
        return None
    folder = folder.rstrip("\\")
    product = installed_product(machine, layout.AGENT_PRODUCT)
    version = product[1] if product else None
    if version is None:
        version = file_version(machine.files.find(folder + r"\bin\CBEngine.exe"))
    config = layout.AGENT_KEY + r"\Config"
    cache = machine.registry.text(config, "ScratchLocation") or machine.registry.text(
        config + r"\CloudBackupProvider", "ScratchLocation"
    )
    threads = read_values(run, layout.AGENT_LIMITS_KEY, "UploadThreadsPerVM", "DownloadThreadsPerVM")
    proxy, failure = None, None
    try:
        proxy = _agent_proxy(machine, folder)
    except MachineError as exc:
        failure = str(exc)
        run.unread.append({"name": "Get-OBMachineSetting", "reason": failure})
    return {
        "version": version,
        "install_path": folder,
        "cache_path": cache,
        "service": service_of(machine, layout.AGENT_SERVICE),
        "restart_due": restart_due(machine, layout.AGENT_SERVICE),
        "paused_node": machine.registry.get(f"{layout.HKLM}\\{layout.RESTART_KEY}", "paused_node") is not None,
        "backup_registered": machine.registry.text(config, "ServiceResourceName") is not None,
        "proxy": proxy,
        "setting_error": failure,
        "bypass_supported": machine.need_agent().bypass_supported if proxy else None,
        "throttle": _agent_throttle(machine) if proxy else None,
        "upload_threads": number_of(threads["UploadThreadsPerVM"]),
        "download_threads": number_of(threads["DownloadThreadsPerVM"]),
    }


def _agent_throttle(machine: Machine) -> Section | None:
    agent = machine.need_agent()
    if not agent.throttle_shown:
        return None
    found = agent.throttle
    if not found.enabled:
        return {
            "enabled": False,
            "work_days": [],
            "start": None,
            "end": None,
            "work_bandwidth": None,
            "non_work_bandwidth": None,
        }
    return {
        "enabled": True,
        "work_days": list(found.days),
        "start": found.start,
        "end": found.end,
        "work_bandwidth": found.work,
        "non_work_bandwidth": found.other,
    }


def _agent_proxy(machine: Machine, folder: str) -> Section | None:
    if not machine.is_running(layout.AGENT_SERVICE) or not machine.exists(f"{folder}\\{layout.AGENT_MODULE}"):
        return None
    agent = machine.read_agent()
    if not agent.proxy.enabled:
        return {
            "enabled": False,
            "server": None,
            "port": None,
            "username": None,
            "login_shown": False,
            "bypass": [],
        }
    return {
        "enabled": True,
        "server": text_of(agent.proxy.server),
        "port": agent.proxy.port,
        "username": text_of(agent.proxy.username) if agent.bypass_supported else None,
        "login_shown": agent.bypass_supported,
        "bypass": urls_of(agent.proxy.bypass) if agent.bypass_supported else [],
    }


_GUEST_CLASSES = (
    "Msvm_StorageAllocationSettingData",
    "Msvm_ResourceAllocationSettingData",
    "Msvm_VirtualSystemSettingData",
)


def _hyperv(machine: Machine, run: Run) -> Section:
    section: Section = {
        "service": service_of(machine, layout.HYPERV_SERVICE),
        "switch_names": None,
        "vms": None,
    }
    if not machine.is_running(layout.HYPERV_SERVICE):
        return section
    if can_read(run, "Msvm_VirtualEthernetSwitch", _VIRTUALIZATION):
        section["switch_names"] = list(machine.switches)
    # Every class is read, also after one that cannot be.
    readable = [can_read(run, each, _VIRTUALIZATION) for each in _GUEST_CLASSES]
    if all(readable):
        section["vms"] = [_guest(run, guest) for guest in machine.guests]
    return section


def _guest(run: Run, guest: Guest) -> Section:
    # With several SCSI controllers, the boot disk is not known.
    known = guest.generation == 1 or min(guest.scsi_controllers, guest.disks) == 1
    sized = guest.disks > 0 and known and can_read(run, "Msvm_ImageManagementService", _VIRTUALIZATION)
    return {
        "name": guest.name,
        "generation": guest.generation,
        "secure_boot": guest.secure_boot,
        "disks": guest.disks,
        "first_disk_bytes": guest.first_disk_bytes if sized else None,
        "shared_disks": min(guest.shared_disks, guest.disks),
        "pass_through_disks": guest.pass_through_disks,
    }


def _replication(machine: Machine, run: Run) -> Section:
    if machine.service(layout.HYPERV_SERVICE) is None:
        return {"machines": []}
    readable = machine.is_running(layout.HYPERV_SERVICE) and can_read(run, "Msvm_ComputerSystem", _VIRTUALIZATION)
    names = [each.name for each in machine.guests if each.replication is not None and each.replication.mode > 0]
    return {"machines": names if readable else None}


def _bypassed(host: str, patterns: Sequence[str]) -> bool:
    return any(re.fullmatch(".*".join(map(re.escape, each.split("*"))), host, re.IGNORECASE) for each in patterns)


def _route(settings: Section | None, host: str) -> str | None:
    """Return the proxy that the service's account uses for a host."""
    if settings is None or not settings["enabled"] or settings["server"] is None:
        return None
    if _bypassed(host, settings["bypass"]):
        return None
    server = str(settings["server"])
    if "=" in server:
        named = [part[6:] for part in urls_of(server) if part.lower().startswith("https=")]
        if not named:
            return None
        server = named[0]
    return server


_ADDRESSES: Final = (
    "AADAuthority",
    "SRSUri",
    "IdmgmtSVCEndpoint",
    "ProtectionServiceSVCEndpoint",
    "TelemetryServiceSVCEndpoint",
)


def _registered_urls(machine: Machine) -> list[str]:
    return [
        text
        for root in (layout.PROVIDER_KEY, layout.ADAPTER_KEY)
        for name in _ADDRESSES
        if (text := machine.registry.text(root + r"\Registration", name)) and _is_https(text)
    ]


def _is_https(url: str) -> bool:
    return re.match("https://[^/:]", url, re.IGNORECASE) is not None


def _host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


@dataclass(frozen=True, slots=True)
class _Road:
    url: str
    registered: bool
    via: str
    wish: ProxySettings | None


def _road(run: Run, url: str, registered: bool, settings: Section | None) -> _Road:
    if not _is_https(url):
        raise ScriptFailed(f"The section connectivity requires addresses that begin with https://, not '{url}'.")
    address, host = run.text("ProxyAddress"), _host_of(url)
    if address:
        if _bypassed(host, run.texts("ProxyBypass")):
            return _Road(url, registered, "direct", None)
        via = f"{address.rstrip('/')}:{run.number('ProxyPort')}"
        return _Road(url, registered, via, proxy_at(via, *(run.credential("ProxyCredential") or ())))
    route = _route(settings, host)
    if route is None:
        return _Road(url, registered, "direct", None)
    return _Road(url, registered, "system", proxy_at(route))


def _connectivity(machine: Machine, run: Run) -> list[Section]:
    settings = None if run.text("ProxyAddress") else system_proxy(machine, run)
    roads = [_road(run, url, False, settings) for url in run.texts("ConnectivityUrls")]
    for url in _registered_urls(machine) if run.switch("ConnectivityRegistered", default=False) else ():
        if _host_of(url) not in {_host_of(road.url) for road in roads}:
            roads.append(_road(run, url, True, settings))
    answers: dict[int, HeadResult] = {}
    clocks: dict[int, str] = {}

    def call(number: int, road: _Road) -> None:
        answer = head(machine, road.url, road.wish)
        clocks[number] = moment_of(machine)
        answers[number] = answer

    callers = [threading.Thread(target=call, args=each, daemon=True) for each in enumerate(roads)]
    end = time.monotonic() + run.number("ConnectivitySeconds", 30)
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(max(0.0, end - time.monotonic()))
    late = HeadResult(None, "HEAD", None, "Deadline")
    return [_reached(road, answers.get(number, late), clocks.get(number)) for number, road in enumerate(roads)]


def _reached(road: _Road, answer: HeadResult, clock: str | None) -> Section:
    return {
        "url": road.url,
        "registered": road.registered,
        "via": road.via,
        "status": answer.status,
        "from_proxy": answer.status is not None and (answer.method == "CONNECT" or answer.status == 407),
        "failure": answer.failure,
        "error": answer.error,
        "date": answer.date,
        "clock": clock if answer.date else None,
    }


def _background_tasks(machine: Machine, run: Run) -> list[Section] | None:
    place = run.need("StagingDir") + r"\work"
    if machine.files.find(place) is None:
        return None
    found: list[Section] = []
    for folder in machine.files.listing(place):
        task = machine.tasks.get(f"siterecovery.hyperv-{folder.name}".lower())
        found.append(
            {
                "name": folder.name,
                "task": None if task is None else task.state,
                "task_result": None if task is None else task.last_result,
                "finished": machine.files.find(rf"{folder.path}\result.json") is not None,
            }
        )
    return found


_SECTIONS: dict[str, Callable[[Machine, Run], Section | list[Section] | None]] = {
    "host": host_section,
    "vmm": vmm_section,
    "provider": _provider,
    "registration": _registration,
    "agent": _agent,
    "hyperv": _hyperv,
    "connectivity": _connectivity,
    "background_tasks": _background_tasks,
    "replication": _replication,
    "updates": lambda machine, _run: {"microsoft_update": machine.microsoft_update},
}


def observation(run: Run, known: Sequence[str] = tuple(_SECTIONS)) -> Section:
    """Read the requested sections. The others of those that the script knows are null."""
    wanted = {name.lower() for name in run.texts("Sections")}
    unknown = wanted - set(known)
    if unknown or not wanted:
        raise ParameterRefused("Cannot validate argument on parameter 'Sections'.")
    run.need("StagingDir")
    head = {"language_mode": run.machine.language_mode, "unread": run.unread}
    if run.machine.language_mode != FULL_LANGUAGE:
        return {**head, **dict.fromkeys(known)}
    found = {name: _SECTIONS[name](run.machine, run) if name in wanted else None for name in known}
    vmm = found["vmm"]
    if isinstance(vmm, dict):
        vmm["connection_error"] = run.vmm if isinstance(run.vmm, str) else None
    return {**head, **found}


@emulator
def observe(run: Run) -> Section:
    return observation(run)
