# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders of machine states: entries of a lab's document, and steps that change a machine before a run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ..arm.keys import make
from . import layout
from .agent import AgentProxy, AgentThrottle
from .installers import package
from .machine import Machine
from .state import StoreCertificate
from .vmm import Registration, RunAsAccount
from .web import download

STAGING: Final = r"C:\ProgramData\siterecovery.hyperv"
VAULT_ID: Final = (
    "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/rg-asr"
    "/providers/Microsoft.RecoveryServices/vaults/vault-asr"
)
# The number by which the vault's service distinguishes vaults.
VAULT_NUMBER: Final = "6066914184940990001"
_CONTRACT = "http://schemas.datacontract.org/2004/07/Microsoft.Azure.Portal.RecoveryServices.Models.Common"

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
THROTTLED: Final = AgentThrottle(True, [1, 5], "08:30:00", "18:00:00", 512 * 1024, 2048 * 1024)

# ---- entries of a document ----


def vmm_server(**more: Any) -> dict[str, Any]:
    vmm = {"host_groups": GROUPS, "clouds": CLOUDS, **more.pop("vmm", {})}
    return {"name": "vmm01", "kind": "vmm_server", "vmm": vmm, **more}


def hyperv_host(**more: Any) -> dict[str, Any]:
    return {"name": "hv01", "kind": "hyperv_host", **more}


def cluster_node(*, name: str = "vmm01", provider: bool = True, **cluster: Any) -> dict[str, Any]:
    """Describe one of the two nodes of a highly available VMM; the first one owns its role."""
    described = {"nodes": ["vmm01", "vmm02"], **cluster}
    more: dict[str, Any] = {"provider": {}} if provider else {}
    return {**vmm_server(vmm={"ha_name": "VMMROLE", "cluster": described}, **more), "name": name}


# Names as administrators use them in each language: with blanks, letters beyond ASCII and an apostrophe.
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
    """Describe a VMM server with names in its language."""
    names = NATIVE[language]
    groups = [{"name": names["group"], "hosts": [names["host"]]}]
    clouds = [{"name": names["cloud"], "host_groups": [names["group"]]}]
    networks = [{"name": names["group"], "logical_network": names["cloud"]}]
    vmm = {"host_groups": groups, "clouds": clouds, "networks": networks, **more.pop("vmm", {})}
    return vmm_server(vmm=vmm, os={"language": language}, **more)


def native_host(language: str, **more: Any) -> dict[str, Any]:
    """Describe a host with an agent in folders of its language, and with free space in fractions of a gigabyte."""
    folder = NATIVE[language]["folder"]
    agent = {"install_path": folder + r"\agent", "cache_path": folder + r"\cache"}
    volumes = [{"drive": "C", "size_gb": 127.5, "free_gb": 80.25}]
    return hyperv_host(os={"language": language}, volumes=volumes, **{"agent": agent, **more})


# ---- keys ----


@functools.cache
def _pair(hours: int) -> str:
    return make("CB_vault-asr-vaultcredentials", datetime.now(timezone.utc), hours).content


def key_document(
    *, hours: int = 120, certificate: str | None = None, site: str = "", vault: str = "vault-asr", version: str = "2.0"
) -> str:
    """Return a registration key as the portal writes it."""
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


# ---- changes of a machine ----

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


def without_empty_outputs(machine: Machine) -> None:
    """Let methods leave out empty outputs, on a machine whose VMM stores an empty name of its cluster role."""
    machine.leaves_out_empty = True
    if machine.vmm is not None and machine.registry.text(layout.VMM_SETUP_KEY, "HAVMMName") is None:
        machine.registry.set(layout.VMM_SETUP_KEY, "HAVMMName", "")


def staged(machine: Machine) -> None:
    """Create the staging folder as the scripts create it."""
    machine.make_folder(STAGING)
    machine.set_access(STAGING, "O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)")


def open_folder(machine: Machine) -> None:
    machine.make_folder(STAGING)


def planted(
    path: str, content: bytes = b"MZ theirs", owner: str = "S-1-5-21-1004336348-1177238915-682003330-2001"
) -> Prepare:
    """Leave a file that another user created while the staging folder was open."""

    def prepare(machine: Machine) -> None:
        staged(machine)
        machine.write_file(path, content)
        machine.set_access(path, f"O:{owner}G:DUD:(A;;FA;;;{owner})")

    return prepare


def linked(path: str) -> Prepare:
    """Make an existing folder a link (a reparse point)."""

    def prepare(machine: Machine) -> None:
        machine.files.need(path).link = True

    return prepare


def access(path: str, sddl: str) -> Prepare:
    return lambda machine: machine.set_access(path, sddl)


def leftover(machine: Machine) -> None:
    machine.write_file(STAGING + r"\siterecovery.hyperv-old.VaultCredentials", b"<x/>")


def fetched(program: str, path: str, version: str = "5.1.8095.0") -> Prepare:
    def prepare(machine: Machine) -> None:
        staged(machine)
        made = package(program, "https://x.test/x.exe", version)
        machine.web[made.url] = made
        download(machine, made.url, path)

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
        machine.certificates.append(StoreCertificate("AB" * 20, "CN=x", layout.CERTIFICATE_NAME + "_1", moment))
        machine.certificates.append(StoreCertificate("CD" * 20, "CN=y", "Something else", moment))
        if machine.vmm is not None:
            identity = VAULT_ID.rsplit("/", 1)[0] + "/" + vault
            machine.vmm.registration = Registration(identity, "vmm01", "AB" * 20)

    return prepare


def provider_proxy(**values: Any) -> Prepare:
    def prepare(machine: Machine) -> None:
        for name, data in values.items():
            machine.registry.set(layout.PROXY_KEY, name, data)

    return prepare


def proxy_account(machine: Machine, username: str = "svc-proxy") -> None:
    assert machine.vmm is not None
    machine.vmm.run_as.append(
        RunAsAccount("00000000-0000-0000-0000-00000000d0a1", layout.PROXY_ACCOUNT, username, "sha256:x")
    )


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


def marked(service: str, process: int | None = None) -> Prepare:
    """Mark a service for a restart, as an interrupted run does; `process` replaces the id of the service's process."""

    def prepare(machine: Machine) -> None:
        found = machine.service(service)
        assert found is not None
        data = found.process_id if process is None else process
        machine.registry.set(f"HKLM\\{layout.RESTART_KEY}", service, data, "REG_DWORD")

    return prepare


def through_system_proxy(form: str) -> Prepare:
    """Enable the account's proxy; `form` receives name and port of the lab's proxy."""

    def prepare(machine: Machine) -> None:
        key = f"{layout.HKU}\\{machine.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
        machine.registry.set(key, "ProxyEnable", 1)
        machine.registry.set(
            key, "ProxyServer", form.format(f"{machine.context.proxy.name}:{machine.context.proxy.port}")
        )

    return prepare


def fault(point: str, action: Any = "fail", **detail: Any) -> Prepare:
    def prepare(machine: Machine) -> None:
        machine.context.faults.plan(f"windows:{machine.name}:{point}", action, **detail)

    return prepare
