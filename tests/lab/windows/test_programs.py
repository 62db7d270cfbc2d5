# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects of the installers and DRConfigurator: exit codes, logs, results and refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lab.context import LabContext, digest
from lab.engines.emulators.base import quoted, setup_log
from lab.windows import layout, programs
from lab.windows.errors import MachineError
from lab.windows.machine import Machine
from lab.windows.programs.key_file import read_key
from lab.windows.programs.outcome import Refusal, order
from lab.windows.state import Package
from lab.windows.states import VAULT_NUMBER, key_document
from lab.windows.web import download
from tests.lab.conftest import Build
from tests.lab.emulators.harness import RecordingAzure
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER

TEMP = r"C:\Windows\Temp"
KEY = TEMP + r"\v.VaultCredentials"


def bring(machine: Machine, program: str, version: str) -> str:
    """Store a package on the machine's disk."""
    package = Package("https://x.test/" + program, b"MZ", "", version, "CN=x", program)
    machine.web[package.url] = package
    download(machine, package.url, f"{TEMP}\\{program}")
    return f"{TEMP}\\{program}"


def install(machine: Machine, version: str = "5.1.8095.0") -> int:
    package = bring(machine, "AzureSiteRecoveryProvider.exe", version)
    assert programs.run(machine, package, f'/x:"{TEMP}\\asr" /q') == 0
    return programs.run(machine, TEMP + r"\asr\setupdr.exe", "/i")


def register(machine: Machine, key: str | None = None, more: str = "") -> int:
    assert machine.vmm is not None
    machine.write_file(KEY, (key_document() if key is None else key).encode())
    arguments = f'/r /FriendlyName "vmm01" /Credentials {quoted(KEY)} {more}'
    return programs.run(machine, machine.vmm.folder + r"\bin\DRConfigurator.exe", arguments)


@pytest.fixture
def vmm(build: Build) -> Machine:
    return build(
        kind="vmm_server", provider={}, vmm={"clouds": [{"name": "Gold", "published": True}, {"name": "Silver"}]}
    )


# ---- the Provider ----


@pytest.mark.parametrize("arguments", ["", "/q", "/x:C:\\asr", "/x: /q"])
def test_a_package_without_both_switches_would_wait_at_its_window(build: Build, arguments: str) -> None:
    machine = build(kind="vmm_server")
    assert programs.run(machine, bring(machine, "AzureSiteRecoveryProvider.exe", "5.1"), arguments) == 2


def test_setup_leaves_version_adapter_program_and_entry(build: Build) -> None:
    machine = build(kind="vmm_server")
    machine.stop_service(layout.VMM_SERVICE)
    assert install(machine) == 0
    assert machine.registry.get(layout.PROVIDER_KEY, "Version") == "5.1.8095.0"
    assert machine.registry.find(layout.ADAPTER_KEY) is not None
    assert machine.files.need(layout.vmm_folder("10") + r"\bin\DRConfigurator.exe").version == "5.1.8095.0"
    assert setup_log(machine) == ["setupdr.exe 5.1.8095.0: The Azure Site Recovery Provider was installed."]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("running", {}, "must be stopped"),
    ("restart", {"pending_restart": ["windows_update"]}, "A restart of the server is pending"),
    ("later", {"provider": {"version": "5.24.0.0"}}, "A later version (5.24.0.0)"),
    ("old Windows", {"os": {"version": "6.2.9200"}}, "Windows Server 2012 R2"),
    ("host", {"kind": "hyperv_host"}, "No compatible product"),
]


@pytest.mark.parametrize(("name", "entry", "reason"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_setup_refuses(build: Build, name: str, entry: dict[str, Any], reason: str) -> None:
    machine = build(**{"kind": "vmm_server", **entry})
    if name != "running" and machine.service(layout.VMM_SERVICE) is not None:
        machine.stop_service(layout.VMM_SERVICE)
    before = machine.registry.get(layout.PROVIDER_KEY, "Version")
    assert install(machine) == 4
    assert reason in setup_log(machine)[-1]
    assert machine.registry.get(layout.PROVIDER_KEY, "Version") == before


def test_a_registration_survives_an_upgrade(vmm: Machine) -> None:
    assert register(vmm) == 0
    vmm.stop_service(layout.VMM_SERVICE)
    assert install(vmm, "5.1.9000.0") == 0
    assert vmm.registry.get(layout.REGISTRATION_KEY, "ResourceName") == "vault-asr"


# ---- registration ----


def test_registration_tells_the_vault_and_leaves_its_traces(vmm: Machine, azure: RecordingAzure) -> None:
    assert register(vmm) == 0
    [(thumbprint, vault_number, server)] = azure.calls
    assert vault_number == VAULT_NUMBER
    assert (server.friendly_name, server.fqdn) == ("vmm01", vmm.fqdn)
    assert [cloud.name for cloud in server.clouds] == ["Gold"]
    assert vmm.registry.get(layout.REGISTRATION_KEY, "ResourceName") == "vault-asr"
    assert [each.thumbprint for each in vmm.certificates] == [thumbprint]
    assert vmm.vmm is not None
    assert vmm.vmm.run_as == []


def test_publishing_a_cloud_of_a_registered_server_reaches_the_vault(vmm: Machine, azure: RecordingAzure) -> None:
    register(vmm)
    assert vmm.vmm is not None
    vmm.publish_cloud(vmm.vmm.clouds[1].id, True)
    assert [cloud.name for cloud in azure.calls[-1][1]] == ["Silver"]


def test_a_cloud_is_withdrawn_from_the_vault_unless_it_is_paired(vmm: Machine, azure: RecordingAzure) -> None:
    register(vmm)
    assert vmm.vmm is not None
    gold = vmm.vmm.clouds[0]
    gold.paired = True
    told = len(azure.calls)
    with pytest.raises(MachineError, match="Gold is configured for protection"):
        vmm.publish_cloud(gold.id, False)
    assert (gold.published, len(azure.calls)) == (True, told)
    gold.paired = False
    vmm.publish_cloud(gold.id, False)
    assert (gold.published, azure.calls[-1][0]) == (False, "withdrawn")


def test_publishing_before_registration_stays_at_home(vmm: Machine, azure: RecordingAzure) -> None:
    assert vmm.vmm is not None
    vmm.publish_cloud(vmm.vmm.clouds[1].id, True)
    assert azure.calls == []


KEYS = [
    ("expired", {"hours": -1}, 1, "has expired"),
    ("for a Hyper-V site", {"site": "s"}, 1, "Hyper-V site"),
    ("for a later Provider", {"version": "9.0"}, 4, "later version of the Provider"),
    ("no PFX", {"certificate": "AAAA"}, 1, "not valid"),
    ("no base64", {"certificate": "*"}, 1, "not valid"),
    ("empty certificate", {"certificate": ""}, 1, "not valid"),
]


@pytest.mark.parametrize(("name", "how", "code", "reason"), KEYS, ids=[key[0] for key in KEYS])
def test_a_bad_key_is_refused(
    vmm: Machine, azure: RecordingAzure, *, name: str, how: dict[str, Any], code: int, reason: str
) -> None:
    before = vmm.snapshot()["registry"]
    assert register(vmm, key_document(**how)) == code
    assert reason in setup_log(vmm)[-1]
    assert azure.calls == []
    assert vmm.snapshot()["registry"] == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("RSVaultAsrCreds", "RSBackupVaultAADCreds"),
        ("RSVaultAsrCreds", "ASRVaultCreds"),
        ("Microsoft.Azure.Portal", "Other"),
        ("<?xml", '<!DOCTYPE x [<!ENTITY e "x">]><?xml'),
        ("<ResourceName>vault-asr</ResourceName>", ""),
        ("<Location>westeurope</Location>", "<Location></Location>"),
    ],
)
def test_a_file_of_another_shape_is_refused(vmm: Machine, old: str, new: str) -> None:
    text = key_document()
    assert old in text
    assert register(vmm, text.replace(old, new)) == 1


def test_an_element_in_the_wrong_place_is_lost_without_a_word(context: LabContext) -> None:
    """The reader only moves forward, so it ignores a certificate after the sign-in."""
    text = key_document()
    start, end = text.index("<AadDetails>"), text.index("</AadDetails>") + len("</AadDetails>")
    moved = (text[:start] + text[end:]).replace("<ManagementCert>", text[start:end] + "<ManagementCert>")
    with pytest.raises(Refusal, match="not valid"):
        read_key(moved.encode(), context.clock.now())


def test_a_clock_that_is_late_makes_a_key_not_valid_yet(vmm: Machine) -> None:
    vmm.clock_skew = timedelta(days=-30)
    assert register(vmm) == 1
    assert "not valid yet" in setup_log(vmm)[-1]


def test_another_vault_is_exit_10_and_names_the_vault(vmm: Machine, azure: RecordingAzure) -> None:
    register(vmm)
    assert register(vmm, key_document(vault="vault-b")) == 10
    assert "vault-asr" in setup_log(vmm)[-1]
    assert len(azure.calls) == 1


def test_the_same_name_in_another_subscription_is_another_vault(vmm: Machine) -> None:
    register(vmm)
    assert register(vmm, key_document().replace("00000000-1111", "99999999-1111")) == 10


def test_the_same_vault_again_is_allowed(vmm: Machine, azure: RecordingAzure) -> None:
    register(vmm)
    assert register(vmm) == 0
    assert len(azure.calls) == 2
    assert len(vmm.certificates) == 1


def test_a_refusal_of_the_vault_leaves_the_machine_alone(vmm: Machine, azure: RecordingAzure) -> None:
    azure.refused = ("CertificateExpired", "The certificate is not valid.")
    assert register(vmm) == 1
    assert "CertificateExpired" in setup_log(vmm)[-1]
    assert vmm.registry.find(layout.REGISTRATION_KEY) is None


LINES = [
    "/Credentials x /FriendlyName y",
    "/r",
    '/r /FriendlyName y /Credentials x /EncryptionEnabled "C:\\x.pfx"',
    "/r /FriendlyName",
    "/configure",
    "/configure /proxyport 1",
    "/configure /proxyAddress http://p",
]


@pytest.mark.parametrize("line", LINES)
def test_a_bad_command_line_is_exit_2(vmm: Machine, line: str) -> None:
    assert vmm.vmm is not None
    assert programs.run(vmm, vmm.vmm.folder + r"\bin\DRConfigurator.exe", line) == 2


def test_switches_have_no_case(vmm: Machine) -> None:
    assert vmm.vmm is not None
    vmm.write_file(KEY, key_document().encode())
    line = f'/R /FRIENDLYNAME a /credentials "{KEY}"'
    assert programs.run(vmm, vmm.vmm.folder + r"\bin\DRConfigurator.exe", line) == 0


def test_the_extension_of_the_key_is_checked(vmm: Machine) -> None:
    assert vmm.vmm is not None
    line = rf'/r /FriendlyName a /Credentials "{TEMP}\key.xml"'
    assert programs.run(vmm, vmm.vmm.folder + r"\bin\DRConfigurator.exe", line) == 1
    assert ".VaultCredentials" in setup_log(vmm)[-1]


# ---- proxy ----


def proxy_line(context: LabContext, password: str = PROXY_PASSWORD, address: str = f"http://{PROXY_NAME}") -> str:
    login = f"/proxyUsername {PROXY_USER} /proxyPassword {quoted(password)}"
    return f"/proxyAddress {address} /proxyport {context.proxy.port} {login}"


@pytest.fixture
def behind(build: Build) -> Machine:
    return build(kind="vmm_server", provider={}, egress="proxy")


def test_a_proxy_with_its_login_is_kept(behind: Machine, context: LabContext) -> None:
    assert register(behind, more=proxy_line(context) + ' /AddBypassUrls "a;b"') == 0
    get = behind.registry.get
    assert get(layout.PROXY_KEY, "ProxyAddress") == f"http://{PROXY_NAME}"
    assert get(layout.PROXY_KEY, "ProxyPort") == str(context.proxy.port)
    assert get(layout.PROXY_KEY, "ProxyBypassUrls") == "a;b"
    assert behind.vmm is not None
    account = behind.vmm.run_as_account(layout.PROXY_ACCOUNT)
    assert account is not None
    assert (account.username, account.password_digest) == (PROXY_USER, digest(PROXY_PASSWORD))


PROXIES = [
    ("wrong password", {"password": "wrong"}, "407"),
    ("HTTPS", {"address": "https://p"}, "Only HTTP proxies"),
    ("unknown name", {"address": "http://nowhere"}, "cannot connect"),
]


@pytest.mark.parametrize(("name", "how", "reason"), PROXIES, ids=[each[0] for each in PROXIES])
def test_a_proxy_that_does_not_work_is_refused(
    behind: Machine, context: LabContext, name: str, how: dict[str, str], reason: str
) -> None:
    assert register(behind, more=proxy_line(context, **how)) == 1
    assert reason in setup_log(behind)[-1]
    assert behind.registry.find(layout.REGISTRATION_KEY) is None
    assert behind.registry.find(layout.PROXY_KEY) is None


def test_no_way_out_without_a_proxy(behind: Machine) -> None:
    assert register(behind) == 1
    assert "cannot connect" in setup_log(behind)[-1]


def test_the_account_proxy_is_used_when_none_is_given(build: Build, context: LabContext) -> None:
    """The proxy requires a login, which proves that the connection went through it."""
    server = f"{PROXY_NAME}:{context.proxy.port}"
    machine = build(kind="vmm_server", provider={}, egress="proxy", system_proxy={"server": server})
    assert register(machine) == 1
    assert "407" in setup_log(machine)[-1]


def test_the_journal_and_the_state_keep_no_password(behind: Machine, context: LabContext) -> None:
    register(behind, more=proxy_line(context))
    kept = repr([entry.detail for entry in context.journal.entries]) + repr(behind.snapshot())
    assert PROXY_PASSWORD not in kept.replace("\\\\", "\\")
    assert digest(PROXY_PASSWORD) in kept


def test_configure_changes_the_proxy_and_keeps_the_rest(vmm: Machine, context: LabContext) -> None:
    register(vmm)
    assert vmm.vmm is not None
    assert programs.run(vmm, vmm.vmm.folder + r"\bin\DRConfigurator.exe", "/configure " + proxy_line(context)) == 0
    assert vmm.registry.get(layout.PROXY_KEY, "ProxyAddress") == f"http://{PROXY_NAME}"
    assert vmm.registry.get(layout.REGISTRATION_KEY, "ResourceName") == "vault-asr"


# ---- the agent ----


def agent(machine: Machine, arguments: str = "/q /nu", version: str = "2.0.9260.0") -> int:
    return programs.run(machine, bring(machine, "MARSAgentInstaller.exe", version), arguments)


def test_the_agent_goes_on_in_the_background(build: Build, context: LabContext) -> None:
    machine = build()
    context.clock.scale = 0.0002
    assert agent(machine) == 0
    assert machine.service(layout.AGENT_SERVICE) is None
    machine.sleep(context.delays.agent_install)
    assert machine.is_running(layout.AGENT_SERVICE)


def test_folders_of_the_agent(build: Build) -> None:
    machine = build(volumes=[{"drive": "C"}, {"drive": "D"}])
    assert agent(machine, r'/q /nu /p:"C:\MARS" /s:"D:\Cache"') == 0
    machine.settle()
    assert machine.registry.get(layout.AGENT_KEY + r"\Setup", "InstallPath") == "C:\\MARS\\"
    assert machine.registry.get(layout.AGENT_KEY + r"\Config", "ScratchLocation") == r"D:\Cache"


@pytest.mark.parametrize("arguments", ["", "/nu", "/q /z", '/q /p "C:\\x"'])
def test_bad_switches_of_the_agent(build: Build, arguments: str) -> None:
    assert agent(build(), arguments) == 2


def test_the_agent_is_not_downgraded(build: Build) -> None:
    machine = build(agent={"version": "2.0.9938.0"})
    assert agent(machine) == 1


def test_an_upgrade_keeps_proxy_and_folders(build: Build) -> None:
    machine = build(agent={"version": "2.0.9000.0", "cache_path": r"C:\Cache"})
    assert machine.agent is not None
    assert not machine.agent.bypass_supported
    machine.agent.proxy.server = "http://kept"
    assert agent(machine, '/q /nu /s:"C:\\Other"') == 0
    machine.settle()
    assert machine.agent.proxy.server == "http://kept"
    assert machine.agent.bypass_supported
    assert machine.registry.get(layout.AGENT_KEY + r"\Config", "ScratchLocation") == r"C:\Cache"


def test_the_agent_is_removed(build: Build) -> None:
    machine = build(agent={})
    assert agent(machine, "/q /d") == 0
    assert machine.service(layout.AGENT_SERVICE) is None
    assert machine.registry.find(layout.AGENT_KEY) is None


def test_versions_are_ordered_by_number() -> None:
    assert order("2.0.10000.0") > order("2.0.9260.0")
