# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of the scripts: one function per script that makes a case, with the parameters that most cases share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from lab.windows import layout
from lab.windows.agent import AgentProxy
from lab.windows.installers import package
from lab.windows.roots import ROOTS
from lab.windows.states import (
    STAGING,
    Prepare,
    all_of,
    fetched,
    hyperv_host,
    key_document,
    vmm_server,
)
from tests.lab.emulators.harness import Case
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_PORT, PROXY_USER

SECTIONS: Final = ["host", "vmm", "provider", "registration", "agent", "hyperv", "background_tasks"]
PROVIDER_URL = "https://mirror.lab.test/AzureSiteRecoveryProvider.exe"
AGENT_URL = "https://mirror.lab.test/MARSAgentInstaller.exe"
PROVIDER_EXE = STAGING + r"\AzureSiteRecoveryProvider.exe"
AGENT_EXE = STAGING + r"\MARSAgentInstaller.exe"
KEY_PATH = STAGING + r"\vault-asr.VaultCredentials"
LOGIN = {"ProxyCredential": (PROXY_USER, PROXY_PASSWORD)}
PROXY = {"ProxyAddress": f"http://{PROXY_NAME}", "ProxyPort": PROXY_PORT}
PROVIDER_PACKAGE = fetched("AzureSiteRecoveryProvider.exe", PROVIDER_EXE)
AGENT_INSTALLER = fetched("MARSAgentInstaller.exe", AGENT_EXE, "2.0.9260.0")
PROVIDER_SHA256 = package("AzureSiteRecoveryProvider.exe", "https://x.test/x.exe", "5.1.8095.0").sha256
AGENT_SHA256 = package("MARSAgentInstaller.exe", "https://x.test/x.exe", "2.0.9260.0").sha256
AGENT_PROXY = AgentProxy(True, "http://proxy", 8080, "CORP\\u", "sha256:x", "a.test; b.test;")
HOURS = {
    "WorkDays": [1, 2, 6],
    "StartWorkHour": "09:00:00",
    "EndWorkHour": "18:30:00",
    "WorkHourBandwidth": 512 * 1024,
    "NonWorkHourBandwidth": 1023 * 1024 * 1024,
}

#: A VMM server on which people work, and what a careful caller sends.
BUSY: Final = vmm_server(provider={}, vmm={"running_jobs": [{"name": "Move virtual machine"}, {"minutes": 90}]})
QUIET: Final = {"WhenIdle": True, "QuietJobs": ["read-scvirtualmachine", "Refresh host"]}


def observe(name: str, machine: Mapping[str, Any], prepare: Prepare | None = None, **more: Any) -> Case:
    parameters = {"Sections": more.pop("sections", SECTIONS), "StagingDir": STAGING, "RootThumbprints": list(ROOTS[:3])}
    return Case(f"observe {name}", "observe", machine, parameters, prepare=prepare, **more)


def fetch(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", hyperv_host())
    parameters = {"Source": AGENT_URL, "Destination": AGENT_EXE, **more.pop("parameters", {})}
    return Case(f"fetch_file {name}", "fetch_file", machine, parameters, prepare=prepare, **more)


def install_provider(name: str, prepare: Prepare | None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server())
    parameters = {
        "InstallerPath": PROVIDER_EXE,
        "InstallerSha256": PROVIDER_SHA256,
        "ExtractDir": STAGING + r"\provider",
        **more.pop("parameters", {}),
    }
    return Case(f"install_provider {name}", "install_provider", machine, parameters, prepare=prepare, **more)


def restart(name: str, machine: dict[str, Any], parameters: dict[str, Any], *prepare: Prepare, **more: Any) -> Case:
    return Case(f"restart_service {name}", "restart_service", machine, parameters, prepare=all_of(*prepare), **more)


def register(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server(provider={}))
    key = more.pop("key", None)
    configurator = layout.vmm_folder("10.19") + r"\bin\DRConfigurator.exe"
    parameters = {
        "ConfiguratorPath": configurator,
        "FriendlyName": 'vmm01 "main"',
        "KeyPath": KEY_PATH,
        **more.pop("parameters", {}),
    }
    secrets = {"KeyContent": key_document() if key is None else key, **more.pop("secrets", {})}
    return Case(f"register_vmm_server {name}", "register_vmm_server", machine, parameters, secrets, prepare, **more)


def clean(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server(provider={}))
    parameters = {
        "ExportFolder": STAGING,
        "RegistryKeys": [layout.REGISTRATION_KEY],
        "Thumbprints": ["ab" * 20],
        **more.pop("parameters", {}),
    }
    return Case(f"clean_registration {name}", "clean_registration", machine, parameters, prepare=prepare, **more)


def configure(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server(provider={}))
    configurator = layout.vmm_folder("10.19") + r"\bin\DRConfigurator.exe"
    parameters = {"ConfiguratorPath": configurator, **more.pop("parameters", {})}
    return Case(f"configure_provider {name}", "configure_provider", machine, parameters, prepare=prepare, **more)


def set_password(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server())
    parameters = {"AccountName": "draproxyaccount", **more.pop("parameters", {})}
    secrets = {"Credential": ("CORP\\new", "n3w")}
    return Case(f"set_run_as_password {name}", "set_run_as_password", machine, parameters, secrets, prepare, **more)


def publish(name: str, ids: list[str], prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server())
    parameters = {"CloudIds": ids, **({} if more.pop("publish", True) else {"Publish": False})}
    return Case(f"publish_cloud {name}", "publish_cloud", machine, parameters, prepare=prepare, **more)


def install_agent(name: str, prepare: Prepare | None, **more: Any) -> Case:
    machine = more.pop("machine", hyperv_host())
    parameters = {"InstallerPath": AGENT_EXE, "InstallerSha256": AGENT_SHA256, **more.pop("parameters", {})}
    return Case(f"install_agent {name}", "install_agent", machine, parameters, prepare=prepare, **more)


def set_agent_proxy(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", hyperv_host(agent={}))
    wanted = {"Mode": "proxy", "ProxyServer": "http://proxy", "ProxyPort": 8080}
    parameters = more.pop("parameters", wanted)
    return Case(f"set_agent_proxy {name}", "set_agent_proxy", machine, parameters, prepare=prepare, **more)


def set_limits(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", hyperv_host(agent={}))
    parameters = {"Throttle": "limit", **HOURS, **more.pop("parameters", {})}
    return Case(f"set_agent_limits {name}", "set_agent_limits", machine, parameters, prepare=prepare, **more)


def start_task(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server())
    parameters = {
        "Name": "provider",
        "StagingDir": STAGING,
        "Script": "# script\n",
        "Parameters": '{"Path": "C:\\\\Größe"}',
        "Runner": "# runner\n",
        **more.pop("parameters", {}),
    }
    return Case(f"start_background_task {name}", "start_background_task", machine, parameters, prepare=prepare, **more)


def about_task(script: str) -> Callable[..., Case]:
    def made(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
        parameters = {"Name": "provider", "StagingDir": STAGING, **more.pop("parameters", {})}
        machine = more.pop("machine", vmm_server())
        return Case(f"{script} {name}", script, machine, parameters, prepare=prepare, **more)

    return made


def through_proxy(**more: Any) -> dict[str, Any]:
    return {"ProxyAddress": f"http://{PROXY_NAME}", "ProxyPort": PROXY_PORT, **more}
