# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handmade observations in the form of the script's object. Every builder changes a healthy machine."""

from __future__ import annotations

from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts

Raw = dict[str, Any]
RUNNING = {"status": "Running", "start_mode": "Auto"}
STOPPED = {"status": "Stopped", "start_mode": "Auto"}


def host(**changed: Any) -> Raw:
    return {
        "name": "VMM01",
        "fqdn": "vmm01.corp.test",
        "domain_role": 3,
        "os_version": "10.0.17763",
        "os_caption": "Microsoft Windows Server 2019 Standard",
        "account": "CORP\\asr-admin",
        "is_administrator": True,
        "dotnet_release": 528049,
        "powershell_version": "5.1.17763.1",
        "visual_cpp": "v14.38.33135.00",
        "pending_restart": [],
        "utc_now": "2026-03-01T12:00:00Z",
        "volumes": [{"drive": "C:", "free_bytes": 800 * 2**30}],
        "tls": {
            "schannel_client_enabled": None,
            "schannel_client_disabled_by_default": None,
            "strong_crypto": 1,
            "system_default": 1,
            "strong_crypto_32": None,
            "system_default_32": None,
        },
        "system_proxy": None,
        "hotfixes": None,
        "antivirus": None,
        "cluster": None,
        "batch_logon": {"granted": ["*S-1-5-32-544"], "denied": None},
        **changed,
    }


def cloud(name: str, *, published: bool | None = False, **changed: Any) -> Raw:
    host = {"id": f"host-{name}", "fqdn": f"{name}.x", "platform": "HyperV"}
    return {
        "id": f"id-{name}",
        "name": name,
        "published": published,
        "capability_profiles": ["Hyper-V"],
        "hosts": [host],
        **changed,
    }


def job(name: str = "Create virtual machine", **changed: Any) -> Raw:
    """Return a job that runs on a VMM server."""
    shown = {"command": "New-SCVirtualMachine", "owner": "LAB\\anna", "progress": 35, "minutes": 12}
    return {"name": name, **shown, **changed}


def jobs(number: int) -> list[Raw]:
    """Return a number of jobs that a stop of VMM would interrupt."""
    return [job() for _ in range(number)]


def vmm(**changed: Any) -> Raw:
    return {
        "product_version": "10.19.2445.0",
        "vmm_id": "11111111-0000-0000-0000-000000000001",
        "ha_name": None,
        "service": RUNNING,
        "restart_due": False,
        "running_jobs": [],
        "flag_supported": True,
        "clouds": [cloud("Gold", published=True), cloud("Silver")],
        "networks": [{"name": "VM Network", "logical_network": "LAN"}],
        **changed,
    }


def cluster(*down: str, **changed: Any) -> Raw:
    """Return the cluster as node vmm01 sees it, which owns the role."""
    nodes = [{"name": name, "state": "Down" if name in down else "Up"} for name in ("vmm01", "vmm02")]
    return {
        "service": "Running",
        "node": "VMM01",
        "nodes": nodes,
        "resource": "VMM Service VMMROLE",
        "resource_state": "Online",
        "owner_node": "vmm01",
        **changed,
    }


def ha_vmm(*down: str, **changed: Any) -> Raw:
    """Return a highly available VMM on the node that owns its role."""
    return vmm(ha_name="VMMROLE", cluster=cluster(*down, **changed))


def elsewhere() -> Raw:
    """Return a highly available VMM on the other node."""
    known = cluster(owner_node="vmm02")
    return vmm(ha_name="VMMROLE", cluster=known, service=STOPPED, clouds=None, running_jobs=None)


def provider(**changed: Any) -> Raw:
    return {
        "version": "5.1.8095.0",
        "adapter_present": True,
        "configurator_path": r"C:\VMM\DRConfigurator.exe",
        **changed,
    }


def proxy(**changed: Any) -> Raw:
    return {"address": "http://proxy", "port": 8080, "username": None, "bypass": [], **changed}


def registration(**changed: Any) -> Raw:
    return {
        "vault_name": None,
        "hive": None,
        "proxy": None,
        "run_as_account": None,
        "run_as_user": None,
        "certificates": 0,
        "thumbprints": [],
        "places": [],
        "encryption": False,
        "orphaned_key_files": [],
        **changed,
    }


def agent(**changed: Any) -> Raw:
    return {
        "version": "2.0.9260.0",
        "install_path": r"C:\Program Files\Microsoft Azure Recovery Services Agent",
        "cache_path": r"C:\Program Files\Microsoft Azure Recovery Services Agent\Scratch",
        "service": RUNNING,
        "restart_due": False,
        "backup_registered": False,
        "proxy": agent_proxy(enabled=False, server=None, port=None, login_shown=False),
        "bypass_supported": True,
        "throttle": {"enabled": False, "work_days": [], "start": None, "end": None}
        | {"work_bandwidth": None, "non_work_bandwidth": None},
        "upload_threads": None,
        "download_threads": None,
        **changed,
    }


def agent_proxy(**changed: Any) -> Raw:
    usual = {
        "enabled": True,
        "server": "http://proxy",
        "port": 8080,
        "username": None,
        "login_shown": True,
        "bypass": [],
    }
    return {**usual, **changed}


def hyperv(**changed: Any) -> Raw:
    return {"service": RUNNING, "switch_names": ["External"], "vms": [virtual_machine()], **changed}


def virtual_machine(**changed: Any) -> Raw:
    return {
        "name": "web-1",
        "generation": 2,
        "secure_boot": False,
        "disks": 2,
        "first_disk_bytes": 127 * 2**30,
        "shared_disks": 0,
        "pass_through_disks": 0,
        **changed,
    }


def call(host: str = "login.microsoftonline.com", **changed: Any) -> Raw:
    usual = {
        "url": f"https://{host}",
        "registered": False,
        "via": "direct",
        "status": 200,
        "from_proxy": False,
        "failure": None,
        "error": None,
        "date": "Sun, 01 Mar 2026 12:00:00 GMT",
        "clock": "2026-03-01T12:00:01Z",
    }
    return {**usual, **changed}


def failed_call(host: str = "login.microsoftonline.com", failure: str = "ConnectFailure", **changed: Any) -> Raw:
    return call(host, **{"status": None, "failure": failure, "date": None, "clock": None, **changed})


def vmm_server(**sections: Any) -> MachineFacts:
    """Return a healthy VMM server with the Provider and without a registration. A section may be None."""
    usual = {"host": host(), "vmm": vmm(), "provider": provider(), "registration": registration()}
    return MachineFacts.from_observation({"agent": None, "hyperv": None, **usual, **sections})


def hyperv_host(**sections: Any) -> MachineFacts:
    """Return a healthy Hyper-V host without an agent."""
    usual = {"host": host(), "hyperv": hyperv(), "agent": None}
    return MachineFacts.from_observation({"vmm": None, "provider": None, "registration": None, **usual, **sections})
