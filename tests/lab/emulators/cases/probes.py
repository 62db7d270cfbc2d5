# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machine states in which the script probe_assumptions and its emulator must read the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.state import StoreCertificate
from lab.windows.states import Prepare, hyperv_host, provider_proxy, proxy_account, stopped, value
from lab.windows.tasks import ScheduledTask
from tests.lab.emulators.harness import Case
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_PORT, PROXY_USER

_ANY: Final = ["system", "shell", "hashing", "registry", "products", "files", "tasks", "updates", "certificates"]
OF_VMM: Final = [
    *_ANY,
    *("vmm", "clouds", "inventory", "jobs", "run_as", "cluster", "checkpoints", "logs", "connections"),
    "account_proxy",
]
OF_HOST: Final = [*_ANY, "account_proxy", "agent_setting", "guests", "replication", "defender"]
KEYS: Final = [
    key.removeprefix("HKLM\\")
    for key in (
        layout.VMM_SETUP_KEY,
        layout.PROVIDER_KEY,
        layout.REGISTRATION_KEY,
        layout.PROXY_KEY,
        layout.ADAPTER_KEY,
        layout.AGENT_KEY + r"\Config",
        layout.EXCLUSION_KEYS[0],
        layout.SESSION_KEY,
        layout.FRAMEWORK_KEY,
    )
]
NAMES: Final = ["VmmID", "ResourceName", "ProxyPort", "ProxyServer", "PendingFileRenameOperations", "Release"]
URLS: Final = ["https://login.microsoftonline.com", "https://backup.windowsazure.com", "https://nowhere.lab.test"]


_GROUPS: Final = [
    {"name": "Berlin", "hosts": ["hv01.corp.lab.test", {"fqdn": "esx1.x.test", "platform": "VMwareESX"}]},
    {"name": "Ulm", "hosts": ["hv01.corp.lab.test"]},
]
_CLOUDS: Final = [
    {"name": "Gold", "host_groups": ["Berlin"], "published": True},
    {"name": "Empty", "host_groups": [], "capability_profiles": ["Hyper-V", "Custom"]},
]


# ---- machines and their changes ----


def _vmm_server(**more: Any) -> dict[str, Any]:
    vmm = {"host_groups": _GROUPS, "clouds": _CLOUDS, **more.pop("vmm", {})}
    return {"name": "vmm01", "kind": "vmm_server", "vmm": vmm, **more}


def _registered(machine: Machine) -> None:
    for name, data in (
        ("ResourceName", "vault-asr"),
        ("SRSUri", "https://pod01-srs1.weu.hypervrecoverymanager.windowsazure.com/"),
    ):
        machine.registry.set(layout.REGISTRATION_KEY, name, data)
    friendly = layout.CERTIFICATE_NAME + "_1"
    machine.certificates.append(StoreCertificate("AB" * 20, "CN=x", friendly, machine.now() + timedelta(days=3)))


def _registered_twice(machine: Machine) -> None:
    _registered(machine)
    machine.registry.set(layout.ADAPTER_KEY + r"\Registration", "ResourceName", "other")


def _with_proxy(machine: Machine) -> None:
    _registered(machine)
    provider_proxy(ProxyAddress="http://proxy", ProxyPort="3128", ProxyUserName="u")(machine)
    proxy_account(machine)


def _without_module(machine: Machine) -> None:
    assert machine.vmm is not None
    machine.remove_file(f"{machine.vmm.folder}\\{layout.VMM_MODULE}")


def _failed_log(machine: Machine) -> None:
    machine.make_folder(layout.SETUP_LOGS)
    machine.write_file(layout.SETUP_LOGS + r"\DRASetupWizard_1.log", b"a\r\nReRegistrationError: x\r\n")
    machine.write_file(layout.SETUP_LOGS + r"\Other.log", b"PendingRestart")


def _old_agent(machine: Machine) -> None:
    assert machine.agent is not None
    machine.agent.throttle_shown = machine.agent.bypass_supported = False


def _task(machine: Machine) -> None:
    machine.register_task(ScheduledTask("siterecovery.hyperv-x", "u", "S4U", "Highest", "powershell.exe", ""))


# ---- the cases ----


def _case(
    name: str,
    machine: Mapping[str, Any],
    readings: list[str],
    prepare: Prepare | None,
    parameters: Mapping[str, Any] | None = None,
    **more: Any,
) -> Case:
    if parameters is None:
        parameters = {"RegistryKeys": KEYS, "ValueNames": NAMES, "LogSigns": ["ReRegistrationError", "PendingRestart"]}
    return Case(
        f"probe_assumptions {name}",
        "probe_assumptions",
        machine,
        {"Readings": readings, **parameters},
        prepare=prepare,
        **more,
    )


def _on_vmm(name: str, machine: Mapping[str, Any], prepare: Prepare | None = None, **more: Any) -> Case:
    return _case(name, machine, OF_VMM, prepare, **more)


def _on_host(name: str, machine: Mapping[str, Any], prepare: Prepare | None = None, **more: Any) -> Case:
    return _case(name, machine, OF_HOST, prepare, **more)


_NODE: Final[dict[str, Any]] = {"ha_name": "VMMROLE", "cluster": {"nodes": ["vmm01", "n2"], "owner": "vmm01"}}
CASES: Final = (
    _on_vmm("a VMM server as it comes", _vmm_server()),
    _on_vmm("in check mode", _vmm_server(provider={}), check_mode=True),
    _on_vmm("a registered server", _vmm_server(provider={}), _registered),
    _on_vmm("both places of a registration", _vmm_server(provider={}), _registered_twice),
    _on_vmm("a proxy account", _vmm_server(provider={}), _with_proxy),
    _on_vmm("running jobs", _vmm_server(vmm={"running_jobs": 2})),
    _on_vmm("a release without the flag", _vmm_server(vmm={"flag_supported": False})),
    _on_vmm("a stopped VMM service", _vmm_server(provider={}), stopped(layout.VMM_SERVICE)),
    _on_vmm("a VMM without its module", _vmm_server(), _without_module),
    _on_vmm("an empty VMM", _vmm_server(vmm={"clouds": [], "host_groups": [], "networks": []})),
    _on_vmm("the owner of a cluster", _vmm_server(vmm=_NODE)),
    _on_vmm("another node", _vmm_server(vmm={**_NODE, "cluster": {"nodes": ["vmm01", "n2"], "owner": "n2"}})),
    _on_vmm("a stopped cluster service", _vmm_server(vmm={**_NODE, "cluster": {"running": False}})),
    _on_vmm("a failed registration", _vmm_server(provider={}), _failed_log),
    _on_vmm("the account's proxy", _vmm_server(provider={}, system_proxy={"server": "proxy:8080"}), _registered),
    _on_vmm("a pending rename", _vmm_server(pending_restart=["pending_file_rename"])),
    _on_vmm("an empty VMM id", _vmm_server(), value(layout.VMM_SETUP_KEY, "VmmID", "")),
    _on_host("a host as it comes", hyperv_host()),
    _on_host("a host in check mode", hyperv_host(agent={}), check_mode=True),
    _on_host("an agent", hyperv_host(agent={"version": "2.0.9938.0"})),
    _on_host("an old agent", hyperv_host(agent={"version": "2.0.9083.0"}), _old_agent),
    _on_host("an agent for backup", hyperv_host(agent={"backup_vault": "v"})),
    _on_host("a stopped agent", hyperv_host(agent={}), stopped(layout.AGENT_SERVICE)),
    _on_host("stopped Hyper-V", hyperv_host(), stopped(layout.HYPERV_SERVICE)),
    _on_host("machines", hyperv_host(vms=[{"name": "a", "generation": 1, "disks": 3}, {"name": "b", "disks": 0}])),
    _on_host("Defender", hyperv_host(antivirus={"exclusions": [r"C:\a", r"D:\b"]})),
    _on_host("Defender without exclusions", hyperv_host(antivirus={})),
    _on_host("no administrator", hyperv_host(administrator=False)),
    _on_host("a task of ours", hyperv_host(), _task),
    _on_host("opted in to updates", hyperv_host(microsoft_update=True)),
    _case("addresses", hyperv_host(), ["urls"], None, {"Urls": URLS}),
    _case("addresses from behind a wall", hyperv_host(egress="proxy"), ["urls"], None, {"Urls": URLS}),
    _case(
        "addresses through a proxy",
        hyperv_host(egress="proxy"),
        ["urls"],
        None,
        {"Urls": URLS, "ProxyAddress": f"http://{PROXY_NAME}/", "ProxyPort": PROXY_PORT},
        secrets={"ProxyCredential": (PROXY_USER, PROXY_PASSWORD)},
    ),
    _case(
        "addresses through a proxy without its login",
        hyperv_host(egress="proxy"),
        ["urls"],
        None,
        {"Urls": URLS, "ProxyAddress": f"http://{PROXY_NAME}", "ProxyPort": PROXY_PORT},
    ),
    _case("no such reading", hyperv_host(), ["nothing"], None, same_message=False),
)
