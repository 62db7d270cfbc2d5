# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of machine states and calls in which every script has to do what its twin does."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from lab.arm.keys import make
from lab.engines.emulators.append_file import append_file
from lab.engines.emulators.base import RESTART_KEY
from lab.engines.emulators.fetch_file import fetch_file
from lab.engines.scripts import SCRIPTS, assembled
from lab.windows import layout
from lab.windows.agent import AgentProxy, AgentThrottle
from lab.windows.installers import content, package
from lab.windows.machine import Certificate, Machine
from lab.windows.tasks import ENDED_BY_SHUTDOWN, HAS_NOT_RUN, IS_RUNNING, READY, RUNNING, ScheduledTask
from lab.windows.vmm import Registration, RunAsAccount

from .comparison import PROXY_NAME, PROXY_PASSWORD, PROXY_PORT, PROXY_USER, Case
from .fabric_cases import FABRIC

STAGING: Final = r"C:\ProgramData\siterecovery.hyperv"
SECTIONS: Final = ["host", "vmm", "provider", "registration", "agent", "hyperv", "work"]
VAULT_ID: Final = (
    "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/rg-asr"
    "/providers/Microsoft.RecoveryServices/vaults/vault-asr"
)
# What the vault's service tells vaults apart by.
VAULT_NUMBER: Final = "6066914184940990001"
_CONTRACT = "http://schemas.datacontract.org/2004/07/Microsoft.Azure.Portal.RecoveryServices.Models.Common"
_PROVIDER_URL = "https://mirror.lab.test/AzureSiteRecoveryProvider.exe"
_AGENT_URL = "https://mirror.lab.test/MARSAgentInstaller.exe"
_PROVIDER_EXE = STAGING + r"\AzureSiteRecoveryProvider.exe"
_AGENT_EXE = STAGING + r"\MARSAgentInstaller.exe"
_KEY_PATH = STAGING + r"\vault-asr.VaultCredentials"

GROUPS: Final = [
    {
        "name": "Berlin",
        "hosts": ["hv01.corp.lab.test", "hv02.corp.lab.test"],
        "children": [
            {"name": "Mitte", "hosts": ["hv03.corp.lab.test", {"fqdn": "esx1.x.test", "platform": "VMwareESX"}]}
        ],
    },
    {"name": "Ulm", "hosts": []},
]
CLOUDS: Final[list[dict[str, Any]]] = [
    {"name": "Gold", "host_groups": ["Berlin", r"All Hosts\Berlin\Mitte"], "published": True},
    {"name": "Größe L", "host_groups": ["Ulm"]},
    {"name": "Empty", "host_groups": []},
]


def vmm_server(**more: Any) -> dict[str, Any]:
    vmm = {"host_groups": GROUPS, "clouds": CLOUDS, **more.pop("vmm", {})}
    return {"name": "vmm01", "kind": "vmm_server", "vmm": vmm, **more}


def hyperv_host(**more: Any) -> dict[str, Any]:
    return {"name": "hv01", "kind": "hyperv_host", **more}


# ---- keys ----


@functools.cache
def _pair(hours: int) -> str:
    return make("CB_vault-asr-vaultcredentials", datetime.now(timezone.utc), hours).content


def key_document(
    *, hours: int = 120, certificate: str | None = None, site: str = "", vault: str = "vault-asr", version: str = "2.0"
) -> str:
    """A registration key as the portal writes it."""
    vault_part = (
        "<VaultDetails><SubscriptionId>00000000-1111-2222-3333-444444444444</SubscriptionId>"
        f"<ResourceGroup>rg-asr</ResourceGroup><ResourceName>{vault}</ResourceName>"
        f"<ResourceId>{VAULT_NUMBER}</ResourceId><Location>westeurope</Location><ResourceType>Vaults</ResourceType>"
        "<ProviderNamespace>Microsoft.RecoveryServices</ProviderNamespace></VaultDetails>"
    )
    sign_in = (
        "<AadDetails><AadAuthority>https://login.windows.net</AadAuthority>"
        "<AadTenantId>99999999-0000-0000-0000-000000000001</AadTenantId>"
        "<ServicePrincipalClientId>99999999-0000-0000-0000-000000000002</ServicePrincipalClientId>"
        f"<AadVaultAudience>https://RecoveryServiceVault/westeurope/vault-asr/{VAULT_NUMBER}</AadVaultAudience>"
        "<ArmManagementEndpoint>https://pod01-id1.weu.backup.windowsazure.com/restapi/</ArmManagementEndpoint></AadDetails>"
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<RSVaultAsrCreds xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="{_CONTRACT}">{vault_part}'
        f"<ManagementCert>{_pair(hours) if certificate is None else certificate}</ManagementCert>"
        f"<Version>{version}</Version>{sign_in}<ChannelIntegrityKey></ChannelIntegrityKey>"
        f"<SiteId>{site}</SiteId><SiteName>{site}</SiteName>"
        "<PrivateEndpointStateForSiteRecovery>None</PrivateEndpointStateForSiteRecovery></RSVaultAsrCreds>"
    )


# ---- states ----

Prepare = Callable[[Machine], object]


def all_of(*steps: Prepare) -> Prepare:
    def prepare(machine: Machine) -> None:
        for step in steps:
            step(machine)

    return prepare


def value(key: str, name: str, data: Any) -> Prepare:
    return lambda machine: machine.registry.set(key, name, data)


def without_key(key: str) -> Prepare:
    return lambda machine: machine.registry.remove(key)


def staged(machine: Machine) -> None:
    """The staging folder as the scripts make it."""
    machine.make_folder(STAGING)
    machine.set_access(STAGING, "O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)")


def open_folder(machine: Machine) -> None:
    machine.make_folder(STAGING)


def leftover(machine: Machine) -> None:
    machine.write_file(STAGING + r"\old.VaultCredentials", b"<x/>")


def fetched(program: str, path: str, version: str = "5.1.8095.0") -> Prepare:
    def prepare(machine: Machine) -> None:
        staged(machine)
        made = package(program, "https://x.test/x.exe", version)
        machine.web[made.url] = made
        machine.download(made.url, path)

    return prepare


def stopped(name: str) -> Prepare:
    return lambda machine: machine.stop_service(name)


def disabled(name: str) -> Prepare:
    def prepare(machine: Machine) -> None:
        machine.stop_service(name)
        machine.need_service(name).start_mode = "Disabled"

    return prepare


def registered(vault: str = "vault-asr", *, old_place: bool = False) -> Prepare:
    def prepare(machine: Machine) -> None:
        root = layout.ADAPTER_KEY if old_place else layout.PROVIDER_KEY
        machine.registry.set(root + r"\Registration", "ResourceName", vault)
        machine.registry.set(
            root + r"\Registration", "SRSUri", "https://pod01-srs1.weu.hypervrecoverymanager.windowsazure.com/"
        )
        moment = machine.now() + timedelta(days=3)
        machine.certificates.append(Certificate("AB" * 20, "CN=x", layout.CERTIFICATE_NAME + "_1", moment))
        machine.certificates.append(Certificate("CD" * 20, "CN=y", "Something else", moment))
        if machine.vmm is not None:
            identity = VAULT_ID.rsplit("/", 1)[0] + "/" + vault
            machine.vmm.registration = Registration(identity, "vmm01", "AB" * 20)

    return prepare


def provider_proxy(**values: Any) -> Prepare:
    def prepare(machine: Machine) -> None:
        for name, data in values.items():
            machine.registry.set(layout.PROXY_KEY, name, data)

    return prepare


def proxy_account(machine: Machine) -> None:
    assert machine.vmm is not None
    machine.vmm.run_as.append(
        RunAsAccount("00000000-0000-0000-0000-00000000d0a1", layout.PROXY_ACCOUNT, "u", "sha256:x")
    )


def _without_module(machine: Machine) -> None:
    assert machine.vmm is not None
    machine.remove_file(f"{machine.vmm.folder}\\{layout.VMM_MODULE}")


def agent_proxy(proxy: AgentProxy, *, bypass_supported: bool = True) -> Prepare:
    def prepare(machine: Machine) -> None:
        assert machine.agent is not None
        machine.agent.proxy, machine.agent.bypass_supported = proxy, bypass_supported

    return prepare


def agent_throttle(throttle: AgentThrottle, *, shown: bool = True) -> Prepare:
    def prepare(machine: Machine) -> None:
        assert machine.agent is not None
        machine.agent.throttle, machine.agent.throttle_shown = throttle, shown

    return prepare


def fault(point: str, action: Any = "fail", **detail: Any) -> Prepare:
    def prepare(machine: Machine) -> None:
        machine.world.faults.plan(f"windows:{machine.name}:{point}", action, **detail)

    return prepare


# ---- observe ----


def _observe(name: str, machine: Mapping[str, Any], prepare: Prepare | None = None, **more: Any) -> Case:
    parameters = {"Sections": more.pop("sections", SECTIONS), "StagingDir": STAGING}
    return Case(f"observe {name}", "observe", machine, parameters, prepare=prepare, **more)


_AGENT_SEEN = AgentProxy(True, "http://proxy", 8080, "CORP\\u", "sha256:x", "a.test; b.test;")
THROTTLED: Final = AgentThrottle(True, [1, 5], "08:30:00", "18:00:00", 512 * 1024, 2048 * 1024)
_OBSERVE = [
    _observe("a VMM server as it comes", vmm_server()),
    _observe("a host as it comes", hyperv_host()),
    _observe("in check mode", vmm_server(provider={}), check_mode=True),
    _observe("one section", vmm_server(), sections=["host"]),
    _observe("no such section", vmm_server(), sections=["nothing"], same_message=False),
    _observe("VMM 2012 R2, highly available", vmm_server(vmm={"version": "3.2.9013.0", "ha_name": "VMMROLE"})),
    _observe("VMM 2016 with running jobs", vmm_server(vmm={"version": "4.0.2413.0", "running_jobs": 2})),
    _observe("a VMM release without the flag", vmm_server(vmm={"flag_supported": False})),
    _observe("a stopped VMM service", vmm_server(provider={}), stopped(layout.VMM_SERVICE)),
    _observe("VMM as the system account", vmm_server(vmm={"service_account": "LocalSystem"})),
    _observe("a blank VMM id", vmm_server(), value(layout.VMM_SETUP_KEY, "VmmID", "")),
    _observe("no clouds", vmm_server(vmm={"clouds": [], "host_groups": []})),
    _observe("one cloud on one host", vmm_server(vmm={"clouds": CLOUDS[:1]})),
    _observe("a Provider that is installed", vmm_server(provider={"version": "5.1.7000.0"})),
    _observe(
        "a Provider whose version is only among the programs",
        vmm_server(),
        all_of(
            value(layout.UNINSTALL_KEY_32 + r"\{1}", "DisplayName", "Microsoft Azure Site Recovery"),
            value(layout.UNINSTALL_KEY_32 + r"\{1}", "DisplayVersion", "5.0.1"),
            value(layout.UNINSTALL_KEY_32 + r"\{0}", "Other", 1),
        ),
    ),
    _observe("only VMM's adapter key", vmm_server(), lambda machine: machine.ensure_key(layout.ADAPTER_KEY)),
    _observe("a registered server", vmm_server(provider={}), all_of(registered(), proxy_account)),
    _observe("a registration in the old place", vmm_server(provider={}), registered("other", old_place=True)),
    _observe("registrations in both places", vmm_server(), all_of(registered(), registered("b", old_place=True))),
    _observe("the key of the preview", vmm_server(), lambda machine: machine.ensure_key(layout.PREVIEW_KEY)),
    *(
        _observe(f"data encryption {sign!r}", vmm_server(), value(layout.REGISTRATION_KEY, "EncryptionEnabled", sign))
        for sign in (1, 0, "True", "false", "")
    ),
    _observe("an empty vault name", vmm_server(provider={}), value(layout.REGISTRATION_KEY, "ResourceName", "")),
    _observe(
        "a Provider's proxy",
        vmm_server(provider={}),
        provider_proxy(
            BypassDefault=0, ProxyAddress="http://p", ProxyPort="8080", ProxyUserName="d\\u", ProxyBypassUrls="a;b"
        ),
    ),
    _observe("a proxy port as a number", vmm_server(), provider_proxy(ProxyAddress="http://p", ProxyPort=3128)),
    _observe("a direct connection", vmm_server(provider={}), provider_proxy(BypassDefault=1)),
    _observe("a key that a killed run left", vmm_server(provider={}), all_of(staged, leftover)),
    _observe("a system proxy", hyperv_host(system_proxy={"server": "proxy:8080", "bypass": ["*.corp", "<local>"]})),
    _observe("the VMM account's proxy", vmm_server(system_proxy={"server": "proxy:8080"})),
    _observe("an account's hive that is not loaded", hyperv_host(), lambda machine: machine.registry.remove("HKU")),
    _observe("no administrator", hyperv_host(administrator=False)),
    _observe(
        "every pending restart",
        hyperv_host(pending_restart=["pending_file_rename", "component_servicing", "windows_update"]),
    ),
    _observe("an empty list of renames", hyperv_host(), value(layout.SESSION_KEY, layout.RENAMES, [])),
    _observe(
        "TLS switched by hand",
        hyperv_host(tls={"enabled": 1, "disabled_by_default": 0, "strong_crypto": 0, "system_default": 0}),
    ),
    _observe("two volumes", hyperv_host(volumes=[{"drive": "C"}, {"drive": "D", "size_gb": 2000, "free_gb": 3.5}])),
    _observe("a domain controller with an old .NET", hyperv_host(domain_role=5, dotnet_release=378389)),
    _observe(
        "no .NET, no shell",
        hyperv_host(),
        all_of(without_key(layout.FRAMEWORK_KEY), without_key(layout.SHELL_KEY)),
    ),
    _observe("a server outside of a domain", hyperv_host(fqdn="hv01")),
    _observe("switches", hyperv_host(switches=["LAN #1", "Größe"])),
    _observe("a Windows Server 2012 R2", hyperv_host(os={"version": "6.3.9600"}, hotfixes=["KB2961977", "KB1"])),
    _observe("a Windows Server 2012 R2 without hotfixes", hyperv_host(os={"version": "6.3.9600"})),
    _observe("Defender without exclusions", hyperv_host(antivirus={})),
    _observe(
        "Defender with exclusions here and by policy",
        hyperv_host(antivirus={"exclusions": [r"C:\ProgramData\ASRLogs", "D:\\Größe"]}),
        all_of(value(layout.EXCLUSION_KEYS[1], "C:\\x", "0"), stopped(layout.DEFENDER_SERVICE)),
    ),
    _observe("32-bit .NET told not to", hyperv_host(tls={"strong_crypto_32": 0})),
    _observe(
        "virtual machines",
        hyperv_host(
            vms=[
                {"name": "web 1", "generation": 1, "disks": 3, "first_disk_gb": 2049},
                {"name": "Größe", "secure_boot": True, "shared_disks": 1, "pass_through_disks": 2},
                {"name": "offline", "first_disk_gb": None},
                {"name": "bare", "disks": 0},
            ]
        ),
    ),
    _observe(
        "networks and profiles",
        vmm_server(
            vmm={
                "networks": [{"name": "Größe"}, {"name": "b", "logical_network": "L"}],
                "clouds": [{"name": "x", "capability_profiles": []}, {"name": "y", "capability_profiles": ["a", "b"]}],
            }
        ),
    ),
    _observe("no networks", vmm_server(vmm={"networks": []})),
    _observe("stopped Hyper-V", hyperv_host(), stopped(layout.HYPERV_SERVICE)),
    _observe("an agent", hyperv_host(agent={"version": "2.0.9260.0"})),
    _observe("an agent elsewhere", hyperv_host(agent={"install_path": r"C:\MARS", "cache_path": r"C:\Cache"})),
    _observe("an agent registered for backup", hyperv_host(agent={"backup_vault": "backup"})),
    _observe("a stopped agent", hyperv_host(agent={}), stopped(layout.AGENT_SERVICE)),
    _observe("an agent's proxy", hyperv_host(agent={}), agent_proxy(_AGENT_SEEN)),
    _observe("an agent's throttling", hyperv_host(agent={}), agent_throttle(THROTTLED)),
    _observe("an agent that does not show it", hyperv_host(agent={}), agent_throttle(THROTTLED, shown=False)),
    _observe(
        "an agent's threads",
        hyperv_host(agent={}),
        all_of(
            value(layout.AGENT_LIMITS_KEY, "UploadThreadsPerVM", 8),
            value(layout.AGENT_LIMITS_KEY, "DownloadThreadsPerVM", "16"),
        ),
    ),
    _observe(
        "clouds without a Hyper-V profile",
        vmm_server(
            vmm={"clouds": [{"name": "A", "capability_profiles": []}, {"name": "B", "capability_profiles": ["X"]}]}
        ),
    ),
    _observe("an old agent's proxy", hyperv_host(agent={}), agent_proxy(_AGENT_SEEN, bypass_supported=False)),
    _observe(
        "an agent that is not among the programs",
        hyperv_host(agent={}),
        lambda machine: machine.registry.remove(f"{layout.UNINSTALL_KEY}\\{layout.AGENT_PRODUCT_CODE}"),
    ),
    _observe(
        "a cache named only by the backup provider",
        hyperv_host(agent={}),
        lambda machine: machine.registry.unset(layout.AGENT_KEY + r"\Config", "ScratchLocation"),
    ),
    _observe(
        "an agent without its module",
        hyperv_host(agent={}),
        lambda m: m.remove_file(rf"{layout.AGENT_FOLDER}\bin\Modules", recurse=True),
    ),
]


def _reach(name: str, machine: Mapping[str, Any], url: str = "https://management.azure.com/", **more: Any) -> Case:
    parameters = {"Sections": ["reach"], "StagingDir": STAGING, "ReachUrls": [url], **more.pop("parameters", {})}
    return Case(f"observe reach {name}", "observe", machine, parameters, **more)


def _service_proxy(server: str, *bypass: str) -> dict[str, Any]:
    return vmm_server(egress="proxy", system_proxy={"server": server, "bypass": list(bypass)})


def through_system_proxy(form: str) -> Prepare:
    """The account's settings, with the port of the comparison's proxy in their server."""

    def prepare(machine: Machine) -> None:
        key = f"{layout.HKU}\\{machine.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
        machine.registry.set(key, "ProxyEnable", 1)
        machine.registry.set(key, "ProxyServer", form.format(f"{PROXY_NAME}:{machine.world.proxy.port}"))

    return prepare


_PROXIED = vmm_server(egress="proxy")
_LOGIN = {"ProxyCredential": (PROXY_USER, PROXY_PASSWORD)}
_WAY = {"ProxyAddress": f"http://{PROXY_NAME}", "ProxyPort": PROXY_PORT}
_MANY = [
    "https://login.microsoftonline.com",
    "https://backup.windowsazure.com/404",
    "https://nowhere.test",
    "https://a.azure.com/503",
]
_REGISTERED = {"ReachRegistered": True}
_REACH = [
    _reach("directly", hyperv_host()),
    *(
        _reach(f"that answers {status}", vmm_server(), f"https://x.azure.com/{status}")
        for status in (200, 302, 404, 407, 410, 503)
    ),
    _reach("with all other sections", vmm_server(), parameters={"Sections": [*SECTIONS, "reach"]}),
    _reach("in check mode", vmm_server(), check_mode=True),
    _reach("without an address", vmm_server(), ""),
    _reach("with plain HTTP", vmm_server(), "http://management.azure.com"),
    _reach("of an unknown name", vmm_server(), "https://nowhere.test/"),
    _reach("with no way out", _PROXIED),
    _reach("through a proxy", _PROXIED, parameters=_WAY, secrets=_LOGIN),
    _reach("through a proxy that answers 404", _PROXIED, "https://a.azure.com/404", parameters=_WAY, secrets=_LOGIN),
    _reach("through a proxy without a login", _PROXIED, parameters=_WAY),
    _reach("through a proxy with a wrong password", _PROXIED, parameters=_WAY, secrets={"ProxyCredential": ("u", "w")}),
    _reach("through a proxy to an unknown name", _PROXIED, "https://no.test/", parameters=_WAY, secrets=_LOGIN),
    _reach("through an unknown proxy", _PROXIED, parameters={"ProxyAddress": "http://p/", "ProxyPort": 8080}),
    _reach(
        "through a proxy that is closed", _PROXIED, parameters={"ProxyAddress": f"http://{PROXY_NAME}", "ProxyPort": 1}
    ),
    _reach("through the account's proxy", _PROXIED, prepare=through_system_proxy("{}")),
    _reach("through the account's proxy for HTTPS", _PROXIED, prepare=through_system_proxy("http=a:1; https={}")),
    _reach("through the account's proxy as an address", _PROXIED, prepare=through_system_proxy("http://{}/")),
    _reach("with an account's proxy for HTTP alone", _PROXIED, prepare=through_system_proxy("http={}")),
    _reach("past the account's proxy", _service_proxy("proxy:8080", "<local>", "*.azure.com")),
    _reach("not past the account's proxy", _service_proxy("proxy:8080", "*.azure.co[m", "azure.com")),
    _reach("with the service stopped", _service_proxy("proxy:8080"), prepare=stopped(layout.VMM_SERVICE)),
    _reach("without an administrator", {**_service_proxy("proxy:8080"), "administrator": False}),
    _reach("that the network breaks", vmm_server(), prepare=fault("reach *", message="The operation has timed out")),
    _reach(
        "that meets another certificate",
        vmm_server(),
        prepare=fault("reach *", message="Could not establish trust relationship.", failure="TrustFailure"),
    ),
    _reach("of many at once", vmm_server(), parameters={"ReachUrls": _MANY}),
    _reach(
        "of many through a proxy, some past it",
        _PROXIED,
        parameters={**_WAY, "ReachUrls": _MANY, "ProxyBypass": ["*.windowsazure.com", "nowhere.test"]},
        secrets=_LOGIN,
    ),
    _reach(
        "of many while one hangs",
        vmm_server(),
        prepare=fault("reach login.microsoftonline.com", "hang", seconds=2.5),
        parameters={"ReachUrls": _MANY, "ReachSeconds": 1},
    ),
    _reach("of nothing", vmm_server(), parameters={"ReachUrls": []}),
    _reach("of what registration names", vmm_server(), prepare=registered(), parameters=_REGISTERED),
    _reach(
        "of what an early registration names", vmm_server(), prepare=registered(old_place=True), parameters=_REGISTERED
    ),
    _reach("of a server without a registration", vmm_server(), parameters=_REGISTERED),
    _reach("of nothing but what registration names", vmm_server(), parameters={**_REGISTERED, "ReachUrls": []}),
    _reach(
        "of registered names that are asked for anyway",
        vmm_server(),
        "https://POD01-srs1.weu.hypervrecoverymanager.windowsazure.com",
        prepare=all_of(registered(), value(layout.REGISTRATION_KEY, "IdmgmtSVCEndpoint", "http://plain.test/")),
        parameters={"ReachRegistered": True},
    ),
]


# ---- files and services ----


def _fetch(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", hyperv_host())
    parameters = {"Source": _AGENT_URL, "Destination": _AGENT_EXE, **more.pop("parameters", {})}
    return Case(f"fetch_file {name}", "fetch_file", machine, parameters, prepare=prepare, **more)


_LINK = "https://aka.ms/downloadmarsagent"
_ASIDE = r"C:\Windows\Temp\a.exe"
_SHARE = r"\\fs01\install\MARSAgentInstaller.exe"


def broken(bytes: int, **fetched: Any) -> Prepare:
    """A download of the destination that broke after some bytes, as an earlier execution leaves it."""

    def prepare(machine: Machine) -> None:
        machine.world.faults.plan(f"windows:{machine.name}:download *", "fail", bytes=bytes)
        parameters = {"Source": _AGENT_URL, "Destination": _AGENT_EXE, **fetched}
        answer = fetch_file(machine, parameters, False)
        assert answer.result["transfer"]["received"] == bytes

    return prepare


def links(**more: str) -> Prepare:
    return lambda machine: machine.mirror.links.update({f"https://aka.ms/{name}": to for name, to in more.items()})


def mirror(**traits: bool) -> Prepare:
    def prepare(machine: Machine) -> None:
        for name, trait in traits.items():
            setattr(machine.mirror, name, trait)

    return prepare


def replaced(size: int | None = None) -> Prepare:
    """The mirror has another build under the same address."""

    def prepare(machine: Machine) -> None:
        machine.web[_AGENT_URL] = package("MARSAgentInstaller.exe", _AGENT_URL, "2.0.9999.0", size=size)

    return prepare


def on_share(machine: Machine) -> None:
    machine.files.share(_SHARE, machine.web[_AGENT_URL].content, datetime(2024, 2, 29, 1, 2, 3, 456789, timezone.utc))


def closed_share(machine: Machine) -> None:
    machine.closed_shares.add(r"\\fs01\install")


def full(machine: Machine) -> None:
    machine.volumes[0].free_bytes = 3 * 65536 - 1


_FETCHES = [
    _fetch("from the web"),
    _fetch("over one that is there", fetched("MARSAgentInstaller.exe", _AGENT_EXE, "2.0.9000.0")),
    _fetch("in check mode", check_mode=True),
    _fetch("in check mode, one is there", fetched("MARSAgentInstaller.exe", _AGENT_EXE), check_mode=True),
    _fetch("of an unknown file", parameters={"Source": "https://mirror.lab.test/none.exe"}),
    _fetch("from an unknown host", parameters={"Source": "https://nowhere.test/none.exe"}),
    _fetch("from a short link", parameters={"Source": _LINK}),
    _fetch(
        "from a link to plain HTTP",
        links(x="http://mirror.lab.test/a.exe"),
        parameters={"Source": "https://aka.ms/x"},
    ),
    _fetch("from a relative link", links(x="/downloadmarsagent"), parameters={"Source": "https://aka.ms/x"}),
    _fetch("from a link to itself", links(x="https://aka.ms/x"), parameters={"Source": "https://aka.ms/x"}),
    _fetch("from a link to nothing", links(x="https://nowhere.test/"), parameters={"Source": "https://aka.ms/x"}),
    _fetch("without a way out", machine=hyperv_host(egress="proxy"), parameters={"Source": _LINK}),
    *(
        _fetch(
            f"through a proxy {name}",
            machine=hyperv_host(egress="proxy"),
            parameters={"Source": _LINK, "ProxyMode": "custom", **_WAY},
            secrets=secrets,
        )
        for name, secrets in (
            ("with a login", _LOGIN),
            ("without a login", {}),
            ("with a wrong login", {"ProxyCredential": ("CORP\\u", "w")}),
        )
    ),
    _fetch(
        "through an unknown proxy",
        parameters={"Source": _LINK, "ProxyMode": "custom", "ProxyAddress": "http://p/", "ProxyPort": 8080},
    ),
    _fetch("past the account's proxy", through_system_proxy("{}"), parameters={"Source": _LINK, "ProxyMode": "direct"}),
    _fetch("through the account's proxy", through_system_proxy("{}"), parameters={"Source": _LINK}),
    _fetch(
        "through the account's proxy, login", through_system_proxy("{}"), parameters={"Source": _LINK}, secrets=_LOGIN
    ),
    *(_fetch(f"that is answered with {status}", fault("download *", status=status)) for status in (403, 407, 503)),
    _fetch("that the network breaks", fault("download *", message="The connection was closed unexpectedly.")),
    _fetch("that breaks in the middle", fault("download *", bytes=1000)),
    _fetch("that breaks at once", fault("download *", bytes=0)),
    _fetch("that goes on", broken(1000)),
    _fetch("that goes on and breaks again", all_of(broken(1000), fault("download *", bytes=500))),
    _fetch("that goes on, another address", broken(1000), parameters={"Source": _LINK}),
    _fetch("that goes on, another signature", broken(9), parameters={"Source": _AGENT_URL + "?sig=1"}),
    _fetch("that goes on with another build", all_of(broken(1000), replaced())),
    _fetch("that goes on with a shorter build", all_of(broken(1000), replaced(500))),
    _fetch("that goes on without ranges", all_of(broken(1000), mirror(ranges=False))),
    _fetch("that goes on without tags", all_of(mirror(tags=False), broken(1000))),
    _fetch("that goes on by its date", all_of(mirror(tags=False, dates=True), broken(1000))),
    _fetch("that goes on by its date, another build", all_of(mirror(tags=False, dates=True), broken(1000), replaced())),
    _fetch("that goes on by its date, the tag is weak", all_of(mirror(weak=True, dates=True), broken(1000))),
    _fetch("that goes on with a weak tag alone", all_of(mirror(weak=True), broken(1000))),
    _fetch("that goes on where tags went away", all_of(broken(1000), mirror(tags=False))),
    _fetch("that the server has no more of", all_of(broken(1000), fault("download *", status=416))),
    _fetch("that goes on without its mark", all_of(broken(9), lambda m: m.remove_file(_AGENT_EXE + ".partial.id"))),
    _fetch("that goes on with a mark alone", all_of(broken(9), lambda m: m.remove_file(_AGENT_EXE + ".partial"))),
    _fetch(
        "that goes on with a bad mark", all_of(broken(9), lambda m: m.write_file(_AGENT_EXE + ".partial.id", b"x 1"))
    ),
    _fetch("in two times", replaced(3 * 2**20), parameters={"Seconds": 0}),
    _fetch("onto a full disk", full),
    _fetch("onto a disk that is not full", full, parameters={"SpaceFactor": 2}),
    _fetch("into a folder that is open to others", open_folder),
    _fetch(
        "of a file on the machine", lambda m: m.write_file(_ASIDE, content("x", "1")), parameters={"Source": _ASIDE}
    ),
    _fetch("of a file that is not on the machine", parameters={"Source": _ASIDE}),
    _fetch("of itself", fetched("MARSAgentInstaller.exe", _AGENT_EXE), parameters={"Source": _AGENT_EXE}),
    _fetch("from a share", on_share, parameters={"Source": _SHARE}),
    _fetch("from a closed share", all_of(on_share, closed_share), parameters={"Source": _SHARE}),
    _fetch("from a share that is away", all_of(on_share, fault("read *")), parameters={"Source": _SHARE}),
    _fetch("from a share, the disk is full", all_of(on_share, full), parameters={"Source": _SHARE}),
    _fetch(
        "from a share that goes on",
        all_of(
            on_share,
            replaced(3 * 2**20),
            lambda m: m.files.write(_SHARE, content("y", "2", 2**21), m.now()),
            lambda m: fetch_file(m, {"Source": _SHARE, "Destination": _AGENT_EXE, "Seconds": 0}, False),
        ),
        parameters={"Source": _SHARE},
    ),
]


def _append(name: str, offset: int, piece: bytes, prepare: Prepare | None = None, **more: Any) -> Case:
    text = base64.b64encode(piece).decode()
    parameters = {"Destination": _AGENT_EXE, "Origin": "ab" * 32, "Total": 10, "Offset": offset, "Content": text}
    return Case(
        f"append_file {name}",
        "append_file",
        hyperv_host(),
        {**parameters, **more.pop("parameters", {})},
        prepare=prepare,
        **more,
    )


def sent(piece: bytes, origin: str = "ab" * 32, total: int = 10) -> Prepare:
    text = base64.b64encode(piece).decode()
    parameters = {"Destination": _AGENT_EXE, "Origin": origin, "Total": total, "Offset": 0, "Content": text}
    return lambda machine: append_file(machine, parameters, False)


_AGENT_CONTENT = content("MARSAgentInstaller.exe", "2.0.9260.0")
_APPENDS = [
    _append("the first piece", 0, b"0123"),
    _append("the last piece", 4, b"456789", sent(b"0123")),
    _append("the only piece", 0, _AGENT_CONTENT, parameters={"Total": len(_AGENT_CONTENT)}),
    _append("a piece that is there already", 0, b"0123", sent(b"0123")),
    _append("a piece too early", 4, b"4567"),
    _append("a piece of another file", 4, b"4567", sent(b"0123", "cd" * 32)),
    _append("a piece of a longer file", 4, b"4567", sent(b"0123", total=11)),
    _append("the first piece of another file", 0, b"4567", sent(b"0123", "cd" * 32)),
    _append("a piece after a broken download", 0, b"4567", broken(1000)),
    _append("a piece onto a full disk", 0, b"0123", full, parameters={"Total": 2**20}),
    _append("a piece into a folder that is open to others", 0, b"0123", open_folder),
    _append(
        "over one that is there", 4, b"456789", all_of(fetched("MARSAgentInstaller.exe", _AGENT_EXE), sent(b"0123"))
    ),
    _append("in check mode", 0, b"0123", check_mode=True),
    _append("nothing", 0, b"", same_message=False),
]
_FILES = [
    *_FETCHES,
    *_APPENDS,
    Case(
        "inspect_file that is there",
        "inspect_file",
        hyperv_host(),
        {"Path": _AGENT_EXE},
        prepare=fetched("MARSAgentInstaller.exe", _AGENT_EXE),
    ),
    Case("inspect_file that is not there", "inspect_file", hyperv_host(), {"Path": _AGENT_EXE}, check_mode=True),
    Case("inspect_file of a folder", "inspect_file", hyperv_host(), {"Path": r"C:\Windows"}),
    Case(
        "inspect_file without signature",
        "inspect_file",
        hyperv_host(),
        {"Path": r"C:\Windows\Temp\a.exe"},
        prepare=lambda machine: machine.write_file(r"C:\Windows\Temp\a.exe", b""),
    ),
    Case(
        "remove_file",
        "remove_file",
        vmm_server(),
        {"Paths": [STAGING + r"\old.VaultCredentials", r"C:\none"]},
        prepare=all_of(staged, leftover),
    ),
    Case(
        "remove_file in check mode",
        "remove_file",
        vmm_server(),
        {"Paths": [STAGING + r"\old.VaultCredentials"]},
        prepare=all_of(staged, leftover),
        check_mode=True,
    ),
    Case("remove_file leaves folders", "remove_file", vmm_server(), {"Paths": [r"C:\Windows\Temp"]}),
    Case("start_service that runs", "start_service", vmm_server(), {"Name": layout.VMM_SERVICE}),
    Case(
        "start_service that is stopped",
        "start_service",
        vmm_server(),
        {"Name": "scvmmservice"},
        prepare=stopped(layout.VMM_SERVICE),
    ),
    Case(
        "start_service in check mode",
        "start_service",
        vmm_server(),
        {"Name": "SCVMMService"},
        prepare=stopped(layout.VMM_SERVICE),
        check_mode=True,
    ),
    Case(
        "start_service that is disabled",
        "start_service",
        vmm_server(),
        {"Name": "SCVMMService"},
        prepare=disabled(layout.VMM_SERVICE),
    ),
    Case("start_service that does not exist", "start_service", vmm_server(), {"Name": "nothing"}),
]


# ---- Provider ----


def _install(name: str, prepare: Prepare | None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server())
    parameters = {
        "InstallerPath": _PROVIDER_EXE,
        "ExtractDir": STAGING + r"\provider",
        **more.pop("parameters", {}),
    }
    return Case(f"install_provider {name}", "install_provider", machine, parameters, prepare=prepare, **more)


_PACKAGE = fetched("AzureSiteRecoveryProvider.exe", _PROVIDER_EXE)


def marked(service: str, process: int | None = None) -> Prepare:
    """As a run leaves it that was cut off before a restart; `process` for another one than the service's."""

    def prepare(machine: Machine) -> None:
        found = machine.service(service)
        assert found is not None
        data = found.process_id if process is None else process
        machine.registry.set(f"HKLM\\{RESTART_KEY}", service, data, "REG_DWORD")

    return prepare


def _restart(name: str, machine: dict[str, Any], parameters: dict[str, Any], *prepare: Prepare, **more: Any) -> Case:
    return Case(f"restart_service {name}", "restart_service", machine, parameters, prepare=all_of(*prepare), **more)


_VMM_RESTART = {"Name": layout.VMM_SERVICE, "WhenIdle": True}
_AGENT_RESTART = {"Name": layout.AGENT_SERVICE}
_BUSY = vmm_server(vmm={"running_jobs": 2})
_RESTARTS = [
    _restart("of VMM", vmm_server(), _VMM_RESTART, marked(layout.VMM_SERVICE)),
    _restart("of VMM without a mark", vmm_server(), _VMM_RESTART),
    _restart("of VMM while jobs run", _BUSY, _VMM_RESTART, marked(layout.VMM_SERVICE)),
    _restart("of VMM while jobs run, all the same", _BUSY, {"Name": layout.VMM_SERVICE}),
    _restart("of VMM that is stopped", vmm_server(), _VMM_RESTART, stopped(layout.VMM_SERVICE)),
    _restart("in check mode", vmm_server(), _VMM_RESTART, marked(layout.VMM_SERVICE), check_mode=True),
    _restart("of the agent", hyperv_host(agent={}), _AGENT_RESTART, marked(layout.AGENT_SERVICE)),
    _restart("that stops nothing", hyperv_host(agent={}), _AGENT_RESTART, fault("stop obengine")),
    Case(
        "start_service with a mark of before",
        "start_service",
        hyperv_host(agent={}),
        _AGENT_RESTART,
        prepare=all_of(marked(layout.AGENT_SERVICE), stopped(layout.AGENT_SERVICE)),
    ),
    _restart("of a service that is not there", hyperv_host(), _AGENT_RESTART),
    _observe("a restart of VMM that is due", vmm_server(), marked(layout.VMM_SERVICE)),
    _observe("a restart of VMM that has happened", vmm_server(), marked(layout.VMM_SERVICE, 7)),
    _observe(
        "a mark of VMM while it is stopped",
        vmm_server(),
        all_of(marked(layout.VMM_SERVICE), stopped(layout.VMM_SERVICE)),
    ),
    _observe("a restart of the agent that is due", hyperv_host(agent={}), marked(layout.AGENT_SERVICE)),
]


def _register(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server(provider={}))
    key = more.pop("key", None)
    configurator = layout.vmm_folder("10.19") + r"\bin\DRConfigurator.exe"
    parameters = {
        "ConfiguratorPath": configurator,
        "FriendlyName": 'vmm01 "main"',
        "KeyPath": _KEY_PATH,
        **more.pop("parameters", {}),
    }
    secrets = {"KeyContent": key_document() if key is None else key, **more.pop("secrets", {})}
    return Case(f"register_vmm_server {name}", "register_vmm_server", machine, parameters, secrets, prepare, **more)


def _through_proxy(**more: Any) -> dict[str, Any]:
    return {"ProxyAddress": f"http://{PROXY_NAME}", "ProxyPort": PROXY_PORT, **more}


_BOTH_KEYS = [layout.REGISTRATION_KEY, layout.ADAPTER_KEY + r"\Registration"]


def _clean(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server(provider={}))
    parameters = {
        "ExportFolder": STAGING,
        "RegistryKeys": [_BOTH_KEYS[0]],
        "Thumbprints": ["ab" * 20],
        **more.pop("parameters", {}),
    }
    return Case(f"clean_registration {name}", "clean_registration", machine, parameters, prepare=prepare, **more)


def _exported_before(machine: Machine) -> None:
    machine.write_file(STAGING + r"\registration-1.reg", b"old")


_CLEAN = [
    _clean("of a registered server", registered()),
    _clean("in check mode", registered(), check_mode=True),
    _clean("of nothing"),
    _clean(
        "of both places, with keys below and values of many kinds",
        all_of(
            registered(),
            registered("b", old_place=True),
            value(_BOTH_KEYS[0] + r"\a\b", 'a "quoted" \\ name', ["x", "y"]),
            value(_BOTH_KEYS[0], "Number", 7),
        ),
        parameters={"RegistryKeys": _BOTH_KEYS},
    ),
    _clean("keeps earlier exports", all_of(registered(), staged, _exported_before)),
    _clean("into a folder that is open to others", all_of(registered(), open_folder)),
    _clean("without certificates", registered(), parameters={"Thumbprints": []}),
    _clean("of certificates alone", registered(), parameters={"RegistryKeys": []}),
    _clean("whose export fails", all_of(registered(), fault("reg.exe", exit_code=1))),
    _clean("whose export lies", all_of(registered(), fault("reg.exe", exit_code=0))),
    _clean("without an administrator", registered(), machine={**vmm_server(provider={}), "administrator": False}),
]

_CREDENTIAL = {"ProxyCredential": (PROXY_USER, PROXY_PASSWORD)}
_BEHIND_PROXY = vmm_server(provider={}, egress="proxy")

_PROVIDER = [
    _install("and takes the installer away", _PACKAGE, parameters={"RemoveInstaller": True}),
    _install(
        "that fails and keeps the installer",
        all_of(_PACKAGE, fault("setupdr.exe", exit_code=1)),
        parameters={"RemoveInstaller": True},
    ),
    _install("on a VMM server", _PACKAGE),
    _install("over an older one", _PACKAGE, machine=vmm_server(provider={"version": "5.1.7000.0"})),
    _install("over a later one", _PACKAGE, machine=vmm_server(provider={"version": "5.24.902.11"})),
    _install("with the service stopped before", all_of(_PACKAGE, stopped(layout.VMM_SERVICE))),
    _install("with a pending restart", _PACKAGE, machine=vmm_server(pending_restart=["component_servicing"])),
    _install("on a host", _PACKAGE, machine=hyperv_host()),
    _install("in check mode", _PACKAGE, check_mode=True),
    _install("without the package", None),
    _install(
        "with a package that does not unpack", all_of(_PACKAGE, fault("AzureSiteRecoveryProvider.exe", exit_code=1603))
    ),
    _install("with a setup that fails", all_of(_PACKAGE, fault("setupdr.exe", exit_code=1, message="Fatal"))),
    _install("with a service that does not stop", all_of(_PACKAGE, fault("stop SCVMMService"))),
    _install("with a service that does not start", all_of(_PACKAGE, fault("start SCVMMService"))),
    _register("directly"),
    _register(
        "with published clouds",
        machine=vmm_server(provider={}, vmm={"version": "4.0.2413.0"}),
        parameters={"ConfiguratorPath": layout.vmm_folder("4.0") + r"\bin\DRConfigurator.exe"},
    ),
    _register("in check mode", check_mode=True),
    _register(
        "through a proxy",
        machine=_BEHIND_PROXY,
        parameters=_through_proxy(BypassUrls=["a.test", "b.test"]),
        secrets=_CREDENTIAL,
    ),
    _register(
        "through a proxy with a wrong password",
        machine=_BEHIND_PROXY,
        parameters=_through_proxy(),
        secrets={"ProxyCredential": (PROXY_USER, "wrong")},
    ),
    _register("through a proxy without a login", machine=_BEHIND_PROXY, parameters=_through_proxy()),
    _register("with no way out", machine=_BEHIND_PROXY),
    _register(
        "through an HTTPS proxy", machine=_BEHIND_PROXY, parameters={"ProxyAddress": "https://p", "ProxyPort": 443}
    ),
    _register(
        "through an unknown proxy", machine=_BEHIND_PROXY, parameters={"ProxyAddress": "http://p", "ProxyPort": 443}
    ),
    _register("with an expired key", key=key_document(hours=-1)),
    _register("with a damaged key", key="<RSVaultAsrCreds"),
    _register("with a key without private key", key=key_document(certificate="AAAA")),
    _register("with a key for a Hyper-V site", key=key_document(site="site")),
    _register("with a key for a later Provider", key=key_document(version="3.0")),
    _register(
        "with elements in a wrong order",
        key=key_document().replace("<ManagementCert>", "<Version>2.0</Version><ManagementCert>"),
    ),
    _register("with umlauts in the key", key=key_document().replace("rg-asr", "rg-größe")),
    _register("again", registered()),
    _register("again and with a restart to come", registered(), parameters={"NeedsRestart": True}),
    _register(
        "again and with a restart to come, VMM stopped",
        all_of(registered(), stopped(layout.VMM_SERVICE)),
        parameters={"NeedsRestart": True},
    ),
    _register("that hangs", fault("DRConfigurator.exe", "hang", seconds=0.01), parameters={"TimeoutSeconds": 1}),
    _register("while in another vault", registered("other")),
    _register("while in another vault, old place", registered("other", old_place=True)),
    _register("refused by the vault", refused=("CertificateExpired", "The certificate is not valid.")),
    _register("with VMM stopped", stopped(layout.VMM_SERVICE)),
    _register("with a blank VMM id", value(layout.VMM_SETUP_KEY, "VmmID", "")),
    _register("without a Provider", machine=vmm_server()),
    _register("into a folder that is open to others", open_folder),
    _register(
        "with a program that logs its command line",
        fault("DRConfigurator.exe", exit_code=1, message='/proxyPassword "p\\"w\\\\" and p"w\\'),
        machine=_BEHIND_PROXY,
        parameters=_through_proxy(),
        secrets=_CREDENTIAL,
    ),
    _register(
        "beside a folder that a killed run left open", lambda m: m.make_folder(f"{STAGING}.siterecovery.hyperv-new")
    ),
    _register("over a key that a killed run left", all_of(staged, lambda m: m.write_file(_KEY_PATH, b"old"))),
    _register("under a name that needs quotes", parameters={"FriendlyName": 'a \\"b\\\\'}),
    _register(
        "with a failing program", fault("DRConfigurator.exe", exit_code=3010, message=f"secret {PROXY_PASSWORD}")
    ),
]


def _configure(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server(provider={}))
    configurator = layout.vmm_folder("10.19") + r"\bin\DRConfigurator.exe"
    parameters = {"ConfiguratorPath": configurator, **more.pop("parameters", {})}
    return Case(f"configure_provider {name}", "configure_provider", machine, parameters, prepare=prepare, **more)


def _password(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server())
    parameters = {"AccountName": "draproxyaccount", **more.pop("parameters", {})}
    secrets = {"Credential": ("CORP\\new", "n3w")}
    return Case(f"set_run_as_password {name}", "set_run_as_password", machine, parameters, secrets, prepare, **more)


@functools.cache
def _cloud_ids() -> tuple[str, ...]:
    from .comparison import Stage

    vmm = Stage().set(Case("", "", vmm_server())).vmm
    assert vmm is not None
    return tuple(cloud.id for cloud in vmm.clouds)


def _publish(name: str, ids: list[str], prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", vmm_server())
    parameters = {"CloudIds": ids, **({} if more.pop("publish", True) else {"Publish": False})}
    return Case(f"publish_cloud {name}", "publish_cloud", machine, parameters, prepare=prepare, **more)


_VMM = [
    _configure("through a proxy", registered(), parameters=_through_proxy(), secrets=_CREDENTIAL),
    _configure("through a proxy, account there", proxy_account, parameters=_through_proxy(), secrets=_CREDENTIAL),
    _configure("while VMM is stopped", stopped(layout.VMM_SERVICE), parameters={"BypassUrls": ["a.test"]}),
    _configure("after an earlier mark", marked(layout.VMM_SERVICE, 7), parameters={"BypassUrls": ["a.test"]}),
    _configure("an empty bypass list", provider_proxy(ProxyBypassUrls="a;b"), parameters={"BypassUrls": []}),
    _configure(
        "that hangs",
        fault("DRConfigurator.exe", "hang", seconds=0.01),
        parameters={"BypassUrls": ["a.test"], "TimeoutSeconds": 1},
    ),
    _configure(
        "that wants a restart of the server",
        fault("DRConfigurator.exe", exit_code=3010, message="m"),
        parameters={"BypassUrls": ["a.test"]},
    ),
    _configure("bypass alone", parameters={"BypassUrls": ["a.test", "b.test"]}),
    _configure("with a wrong password", parameters=_through_proxy(), secrets={"ProxyCredential": ("u", "w")}),
    _configure("with nothing"),
    _configure("in check mode", parameters=_through_proxy(), check_mode=True),
    _password("of the proxy account", proxy_account),
    _password("of an account that is not there"),
    _password("in check mode", proxy_account, check_mode=True),
    _password("while VMM is stopped", all_of(proxy_account, stopped(layout.VMM_SERVICE))),
    _publish("two of them", list(_cloud_ids()[:2])),
    _publish("of a registered server", list(_cloud_ids()[1:2]), registered()),
    _publish("no longer", list(_cloud_ids()[:1]), registered(), publish=False),
    _publish(
        "no longer while it is paired",
        list(_cloud_ids()[:1]),
        machine=vmm_server(vmm={"clouds": [{**CLOUDS[0], "paired": True}]}),
        publish=False,
    ),
    _publish("one that does not exist", [_cloud_ids()[1], "00000000-0000-0000-0000-000000000000"]),
    _publish("in check mode", list(_cloud_ids()), check_mode=True),
    _publish("while VMM is stopped", list(_cloud_ids()), stopped(layout.VMM_SERVICE)),
    _publish("without VMM's module", list(_cloud_ids()), _without_module),
    _password("without VMM's module", _without_module),
    _publish(
        "without VMM's folder", list(_cloud_ids()), lambda m: m.registry.unset(layout.VMM_SETUP_KEY, "InstallPath")
    ),
    _publish("on a host", list(_cloud_ids()), machine=hyperv_host()),
]


# ---- agent ----


def _agent(name: str, prepare: Prepare | None, **more: Any) -> Case:
    machine = more.pop("machine", hyperv_host())
    parameters = {"InstallerPath": _AGENT_EXE, **more.pop("parameters", {})}
    return Case(f"install_agent {name}", "install_agent", machine, parameters, prepare=prepare, **more)


def _proxy(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", hyperv_host(agent={}))
    wanted = {"Mode": "proxy", "ProxyServer": "http://proxy", "ProxyPort": 8080}
    parameters = more.pop("parameters", wanted)
    return Case(f"set_agent_proxy {name}", "set_agent_proxy", machine, parameters, prepare=prepare, **more)


def _limits(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
    machine = more.pop("machine", hyperv_host(agent={}))
    parameters = {"Throttle": "limit", **_HOURS, **more.pop("parameters", {})}
    return Case(f"set_agent_limits {name}", "set_agent_limits", machine, parameters, prepare=prepare, **more)


_HOURS = {
    "WorkDays": [1, 2, 6],
    "StartWorkHour": "09:00:00",
    "EndWorkHour": "18:30:00",
    "WorkHourBandwidth": 512 * 1024,
    "NonWorkHourBandwidth": 1023 * 1024 * 1024,
}
_INSTALLER = fetched("MARSAgentInstaller.exe", _AGENT_EXE, "2.0.9260.0")
_WITH_BYPASS = {"Mode": "proxy", "ProxyServer": "http://p", "ProxyPort": 1, "BypassUrls": ["a.test", "b.test"]}
_AGENT = [
    _agent("plainly", _INSTALLER),
    _agent("and takes the installer away", _INSTALLER, parameters={"RemoveInstaller": True}),
    _agent(
        "that fails and keeps the installer",
        all_of(_INSTALLER, fault("MARSAgentInstaller.exe", exit_code=1603)),
        parameters={"RemoveInstaller": True},
    ),
    _agent("elsewhere", _INSTALLER, parameters={"InstallPath": "C:\\MARS\\", "CachePath": r"C:\My Cache"}),
    _agent("over an older one", _INSTALLER, machine=hyperv_host(agent={"version": "2.0.9000.0"})),
    _agent("over a later one", _INSTALLER, machine=hyperv_host(agent={"version": "2.0.9938.0"})),
    _agent("on a drive that is not there", _INSTALLER, parameters={"CachePath": r"X:\Cache"}),
    _agent("in check mode", _INSTALLER, check_mode=True),
    _agent("without the installer", None),
    _agent("that fails", all_of(_INSTALLER, fault("MARSAgentInstaller.exe", exit_code=1603))),
    _agent(
        "over a stopped one",
        all_of(_INSTALLER, stopped(layout.AGENT_SERVICE)),
        machine=hyperv_host(agent={}),
        parameters={"ServiceTimeout": 10},
    ),
    _limits("throttled"),
    _limits("throttled anew", agent_throttle(THROTTLED)),
    _limits("with no throttling", agent_throttle(THROTTLED), parameters={"Throttle": "none"}),
    _limits("with threads alone", parameters={"Throttle": "keep", "UploadThreads": 8, "DownloadThreads": 32}),
    _limits("with all", agent_throttle(AgentThrottle(), shown=False), parameters={"UploadThreads": 1}),
    _limits("in check mode", parameters={"UploadThreads": 1}, check_mode=True),
    _limits("in no way", parameters={"Throttle": "other"}, same_message=False),
    _limits("without an agent", machine=hyperv_host()),
    _limits("while the agent is stopped", stopped(layout.AGENT_SERVICE)),
    _limits(
        "by no administrator",
        machine=hyperv_host(agent={}, administrator=False),
        parameters={"Throttle": "keep", "UploadThreads": 2},
    ),
    _limits(
        "with a service that does not stop", fault("stop obengine"), parameters={"Throttle": "keep", "UploadThreads": 2}
    ),
    _limits("without an agent, threads", machine=hyperv_host(), parameters={"Throttle": "keep", "UploadThreads": 2}),
    _limits(
        "with a stopped agent, threads",
        stopped(layout.AGENT_SERVICE),
        parameters={"Throttle": "keep", "DownloadThreads": 2},
    ),
    _limits(
        "with a service that does not come back",
        fault("start obengine"),
        parameters={"Throttle": "keep", "UploadThreads": 2},
    ),
    _proxy("without a login"),
    _proxy(
        "with a login",
        parameters={"Mode": "proxy", "ProxyServer": "http://p", "ProxyPort": 1, "ProxyUsername": "CORP\\u"},
        secrets={"ProxyPassword": 'ä"p'},
    ),
    _proxy("with a bypass list", parameters=_WITH_BYPASS),
    _proxy(
        "with a bypass list in an old build", agent_proxy(AgentProxy(), bypass_supported=False), parameters=_WITH_BYPASS
    ),
    _proxy("taken away", agent_proxy(_AGENT_SEEN), parameters={"Mode": "none"}),
    _proxy("in check mode", check_mode=True),
    _proxy("without an agent", machine=hyperv_host()),
    _proxy("while the agent is stopped", stopped(layout.AGENT_SERVICE)),
    _proxy("with an unknown mode", parameters={"Mode": "other"}, same_message=False),
    _proxy("without the agent's module", lambda m: m.remove_file(rf"{layout.AGENT_FOLDER}\bin\Modules", recurse=True)),
]

# ---- long work ----

_WORK_PLACE: Final = STAGING + r"\work"


def _script(name: str) -> str:
    """The text of a script of the collection that this package lies in."""
    return assembled(SCRIPTS, name)


def work(
    name: str = "provider",
    *,
    script: str = "start_service",
    parameters: Mapping[str, Any] | None = None,
    state: str | None = RUNNING,
    code: int = IS_RUNNING,
    answer: str | None = None,
) -> Prepare:
    """Work that was begun, with its task in the given state, or none at all (None)."""

    def prepare(machine: Machine) -> None:
        staged(machine)
        folder = rf"{_WORK_PLACE}\{name}"
        machine.make_folder(folder)
        wanted = {"Name": layout.VMM_SERVICE} if parameters is None else parameters
        machine.write_file(rf"{folder}\script.ps1", (script if "\n" in script else _script(script)).encode())
        machine.write_file(rf"{folder}\parameters.json", json.dumps(wanted).encode())
        if answer is not None:
            machine.write_file(rf"{folder}\result.json", answer.encode())
        if state is not None:
            task = ScheduledTask(f"siterecovery.hyperv-{name}", "CORP\\a", "S4U", "Highest", "p", "a", state, code)
            machine.tasks[task.name.lower()] = task

    return prepare


def _folder_alone(machine: Machine) -> None:
    staged(machine)
    machine.make_folder(_WORK_PLACE)


def _log(place: str, *lines: str) -> Prepare:
    def prepare(machine: Machine) -> None:
        machine.files.folder(place.rsplit("\\", 1)[0], machine.now())
        machine.write_file(place, "\r\n".join(lines).encode())

    return prepare


def _start(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
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


def _about(script: str) -> Callable[..., Case]:
    def made(name: str, prepare: Prepare | None = None, **more: Any) -> Case:
        parameters = {"Name": "provider", "StagingDir": STAGING, **more.pop("parameters", {})}
        machine = more.pop("machine", vmm_server())
        return Case(f"{script} {name}", script, machine, parameters, prepare=prepare, **more)

    return made


_poll, _end = _about("poll_background_task"), _about("end_background_task")
_ENDED: dict[str, Any] = {"state": READY, "code": 0, "answer": '{"failed":false}'}
_LOG = layout.SETUP_LOGS + r"\DRASetupWizard_1.log"


def _ran(name: str, prepare: Prepare, **more: Any) -> Case:
    parameters = {"Folder": _WORK_PLACE + r"\provider"}
    return Case(f"run_background_task {name}", "run_background_task", vmm_server(), parameters, prepare=prepare, **more)


def _opt(name: str, more: Mapping[str, Any], *, wanted: bool = True, check_mode: bool = False) -> Case:
    machine, parameters = vmm_server(**more), {"OptIn": wanted}
    return Case(f"set_microsoft_update {name}", "set_microsoft_update", machine, parameters, check_mode=check_mode)


_WORK = [
    _start("in a new folder"),
    _start("in a folder that is there", staged),
    _start("in a folder with a blank", parameters={"StagingDir": r"C:\ProgramData\Größe M"}),
    _start("in an open folder", open_folder),
    _start("beside other work", work("agent")),
    _start("over work that was not ended", work()),
    _start("over a task without a folder", all_of(work(), lambda m: m.remove_file(_WORK_PLACE, recurse=True))),
    _start("in check mode", check_mode=True),
    _start("that the scheduler refuses", fault("start task *")),
    _start("as the system", lambda m: setattr(m, "identity", replace(m.identity, account_user="SYSTEM"))),
    _poll("that runs", work()),
    _poll("that runs, with patience", work(), parameters={"Seconds": 7}),
    _poll("that has not begun", work(state=READY, code=HAS_NOT_RUN), parameters={"Seconds": 7}),
    _poll("that ended", work(**_ENDED), parameters={"Seconds": 7}),
    _poll("that ended, its task still there", work(answer="{}")),
    _poll("that is lost", work(state=READY, code=ENDED_BY_SHUTDOWN)),
    _poll("whose task is gone", work(state=None)),
    _poll("that was never begun"),
    _poll("in check mode", work(), check_mode=True),
    _poll("with a log", all_of(work(), _log(_LOG, "one", "two größer"))),
    _poll("with an empty log", all_of(work(), _log(_LOG))),
    _poll("with a log of before", all_of(_log(_LOG, "one"), work())),
    _poll("with a folder of logs", all_of(work(), lambda m: m.make_folder(layout.SETUP_LOGS))),
    _poll(
        "of an agent",
        all_of(work("agent"), _log(layout.AGENT_LOG, "a", "b")),
        machine=hyperv_host(),
        parameters={"Name": "agent"},
    ),
    _poll("of another name", all_of(work("updates"), _log(_LOG, "x")), parameters={"Name": "updates"}),
    _end("that ended", work(**_ENDED)),
    _end("that ended, its task still there", work(answer="{}")),
    _end("that runs", work()),
    _end("that is lost", work(state=READY, code=ENDED_BY_SHUTDOWN)),
    _end("whose task is gone", work(state=None)),
    _end("that was never begun"),
    _end("beside other work", all_of(work("agent"), work(**_ENDED))),
    _end("in check mode", work(**_ENDED), check_mode=True),
    _ran("that does its work", all_of(stopped(layout.VMM_SERVICE), work())),
    _ran("with nothing to do", work()),
    _ran("that throws", work(parameters={"Name": "nothing"})),
    _ran(
        "of a setup",
        all_of(
            work(
                script="install_provider",
                parameters={"InstallerPath": _PROVIDER_EXE, "ExtractDir": STAGING + r"\p", "RemoveInstaller": True},
            ),
            _PACKAGE,
        ),
    ),
    _ran("without parameters", all_of(work(), lambda m: m.remove_file(_WORK_PLACE + r"\provider\parameters.json"))),
    _ran("in check mode", work(), check_mode=True),
    _opt("in", {}),
    _opt("in again", {"microsoft_update": True}),
    _opt("out", {"microsoft_update": True}, wanted=False),
    _opt("out again", {}, wanted=False),
    _opt("in, in check mode", {}, check_mode=True),
    _observe("Microsoft Update", vmm_server(microsoft_update=True), sections=["updates"]),
    _observe("no Microsoft Update", vmm_server(), sections=["updates", "host"]),
    _observe("no Visual C++ runtime", vmm_server(visual_cpp=None), sections=["host"]),
    _observe("a Visual C++ runtime that went", vmm_server(), value(layout.RUNTIME_KEY, "Installed", 0)),
    _observe("work that runs", vmm_server(), work()),
    _observe("work that ended", vmm_server(), work(**_ENDED)),
    _observe("work that is lost", vmm_server(), work(state=READY, code=ENDED_BY_SHUTDOWN)),
    _observe("two kinds of work", vmm_server(), all_of(work(), work("agent", state=None))),
    _observe("an empty folder of work", vmm_server(), _folder_alone),
    _observe("work in check mode", vmm_server(), work(), check_mode=True),
]


def cluster_node(*, name: str = "vmm01", provider: bool = True, **cluster: Any) -> dict[str, Any]:
    """One of the two nodes of a highly available VMM; the first one owns it."""
    described = {"nodes": ["vmm01", "vmm02"], **cluster}
    more: dict[str, Any] = {"provider": {}} if provider else {}
    return {**vmm_server(vmm={"ha_name": "VMMROLE", "cluster": described}, **more), "name": name}


_RESOURCE = {"ClusterResource": "VMM Service VMMROLE"}
_RESTART = {"Name": layout.VMM_SERVICE, **_RESOURCE}
_UNNAMED = cluster_node(resource="Virtueller Maschinen-Dienst")
_CLUSTER_STOPPED = cluster_node(running=False)
_START = {"Name": layout.VMM_SERVICE, **_RESOURCE}
_ELSEWHERE = cluster_node(owner="vmm02")
_CLUSTER = [
    _observe("the node that owns a cluster's VMM", cluster_node()),
    _observe("a node that does not own VMM", _ELSEWHERE),
    _observe("a cluster's VMM by another name", _UNNAMED),
    _observe("a cluster's VMM that is offline", cluster_node(state="Offline")),
    _observe("a cluster with a node that is down", cluster_node(nodes=["vmm01", {"name": "vmm02", "state": "Down"}])),
    _observe("a cluster service that does not run", _CLUSTER_STOPPED),
    _install("on the owner", _PACKAGE, machine=cluster_node(provider=False), parameters=_RESOURCE),
    _install("on a node that does not own VMM", _PACKAGE, machine=_ELSEWHERE, parameters=_RESOURCE),
    _install("on the owner, not through the cluster", _PACKAGE, machine=cluster_node()),
    _install(
        "on the owner, whose cluster does not stop it",
        all_of(_PACKAGE, fault("stop cluster resource")),
        machine=cluster_node(),
        parameters=_RESOURCE,
    ),
    _install(
        "on the owner, whose cluster does not start it again",
        all_of(_PACKAGE, fault("start cluster resource")),
        machine=cluster_node(),
        parameters=_RESOURCE,
    ),
    _install("without a cluster service", _PACKAGE, machine=_CLUSTER_STOPPED, parameters=_RESOURCE),
    _install("of another resource", _PACKAGE, machine=cluster_node(), parameters={"ClusterResource": "nothing"}),
    _install("on the owner, in check mode", _PACKAGE, machine=cluster_node(), parameters=_RESOURCE, check_mode=True),
    _register("on the owner", machine=cluster_node(), parameters=_RESOURCE),
    _register("after the role has moved", machine=_ELSEWHERE, parameters=_RESOURCE),
    _register("on a secondary node, whatever the cluster says", machine=_ELSEWHERE),
    _configure("on the owner", machine=cluster_node(), parameters={**_RESOURCE, "BypassUrls": ["a.test"]}),
    _configure("after the role has moved", machine=_ELSEWHERE, parameters={**_RESOURCE, "BypassUrls": ["a.test"]}),
    _password("on the owner", proxy_account, machine=cluster_node(), parameters=_RESOURCE),
    _password("after the role has moved", proxy_account, machine=_ELSEWHERE, parameters=_RESOURCE),
    _restart("in a cluster", cluster_node(), _RESTART),
    _restart("in a cluster when idle", cluster_node(), {**_RESTART, "WhenIdle": True}),
    _restart("after the role has moved", _ELSEWHERE, _RESTART),
    _restart("in a cluster that does not stop it", cluster_node(), _RESTART, fault("stop cluster resource")),
    Case("start_service in a cluster", "start_service", cluster_node(state="Offline"), _START),
    Case("start_service that a cluster runs", "start_service", cluster_node(), _START),
    Case(
        "start_service in a cluster, check mode", "start_service", cluster_node(state="Failed"), _START, check_mode=True
    ),
    Case("start_service beside the cluster", "start_service", _ELSEWHERE, {"Name": layout.VMM_SERVICE}),
]

_PROGRAMS: Final = (*_PROVIDER, *_CLEAN, *_RESTARTS, *_VMM, *_AGENT, *_WORK, *_CLUSTER)
_AT_HOME: Final = (*_OBSERVE, *_REACH, *_FILES, *_PROGRAMS, *FABRIC)


# ---- machines that speak another language ----


def abroad(case: Case, language: str) -> Case:
    """The same on a machine that words its errors, names its services and writes its numbers in its own way."""
    os = {**(case.machine.get("os") or {}), "language": language}
    return replace(case, name=f"{case.name}, in {language}", machine={**case.machine, "os": os})


# What each language's administrators name folders, clouds and hosts like: a blank, letters beyond ASCII, an apostrophe.
NATIVE: Final[dict[str, dict[str, str]]] = {
    "de-DE": {
        "cloud": "Größe L, Köln",
        "group": "Rechenzentrum Süd",
        "host": "hv-münchen.corp.lab.test",
        "folder": "C:\\Ablage für Größe 'L'",
    },
    "ja-JP": {
        "cloud": "ゴールド クラウド",
        "group": "東京 データセンター",
        "host": "ハイパー01.corp.lab.test",
        "folder": "C:\\ソフトウェア 保管庫",
    },
}


def native_server(language: str, **more: Any) -> dict[str, Any]:
    """A VMM server whose names are those of its language."""
    names = NATIVE[language]
    groups = [{"name": names["group"], "hosts": [names["host"]]}]
    clouds = [{"name": names["cloud"], "host_groups": [names["group"]]}]
    networks = [{"name": names["group"], "logical_network": names["cloud"]}]
    vmm = {"host_groups": groups, "clouds": clouds, "networks": networks, **more.pop("vmm", {})}
    return vmm_server(vmm=vmm, os={"language": language}, **more)


def native_host(language: str, **more: Any) -> dict[str, Any]:
    """A host with an agent in folders of its language, and room that is no whole number of gigabytes."""
    folder = NATIVE[language]["folder"]
    agent = {"install_path": folder + r"\agent", "cache_path": folder + r"\cache"}
    volumes = [{"drive": "C", "size_gb": 127.5, "free_gb": 80.25}]
    return hyperv_host(os={"language": language}, volumes=volumes, **{"agent": agent, **more})


def _native(language: str) -> list[Case]:
    folder = NATIVE[language]["folder"]
    installer = folder + r"\MARSAgentInstaller.exe"
    bare = native_host(language, agent=None)
    cases = [
        _observe("its own names", native_server(language), registered(NATIVE[language]["group"])),
        _observe("its own folders", native_host(language), agent_throttle(THROTTLED)),
        _fetch("into its own folder", machine=bare, parameters={"Destination": installer}),
        Case("remove_file in its own folder", "remove_file", bare, {"Paths": [installer]}, prepare=_laid(installer)),
        Case("inspect_file in its own folder", "inspect_file", bare, {"Path": installer}, prepare=_laid(installer)),
        _agent(
            "from and into its own folder",
            all_of(lambda m: m.make_folder(folder), fetched("MARSAgentInstaller.exe", installer, "2.0.9260.0")),
            machine=bare,
            parameters={"InstallerPath": installer, "InstallPath": folder + r"\a", "CachePath": folder + r"\c"},
        ),
        _start("in its own folder", parameters={"StagingDir": folder}),
    ]
    worded = [abroad(case, language) for case in _AT_HOME if case.name in _WORDED]
    return [*(replace(case, name=f"{case.name}, in {language}") for case in cases), *worded]


def _laid(path: str) -> Prepare:
    return all_of(
        lambda machine: machine.make_folder(path.rpartition("\\")[0]), lambda machine: machine.write_file(path, b"MZ")
    )


# Windows itself words what is wrong there.
_WORDED = {
    "start_service that is disabled",
    "fetch_file of a file that is not on the machine",
    "fetch_file from a closed share",
    "append_file a piece onto a full disk",
    "install_provider without the package",
    "run_background_task without parameters",
}
# One state of every script, beside those.
_EVERYWHERE: Final = {case.script: case for case in reversed(_AT_HOME)}
_ABROAD: Final = (
    *(case for language in NATIVE for case in _native(language)),
    *(abroad(case, "de-DE") for case in _EVERYWHERE.values()),
)

CASES: Final[tuple[Case, ...]] = (*_AT_HOME, *_ABROAD)
