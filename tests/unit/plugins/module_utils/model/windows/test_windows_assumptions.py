# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every assumption about Windows machines: what makes it hold, what contradicts it, and what settles nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import probe_readings as at
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.assumptions import (
    ASSUMPTIONS,
    LOG_SIGNS,
)
from tests.unit.plugins.module_utils.model.assumption_readings import (
    NO,
    OPEN,
    YES,
    Answers,
    Case,
    decide,
    failed,
    key,
    read,
    registry,
    statuses,
)

GUID = "9a54cf2c-9ea0-48ca-82e9-70fbff7771e7"
CONTROL, DATA, AUTHORITY = at.URLS
ANSWERED, NO_NAME = {"status": 401, "failure": "none"}, {"status": None, "failure": "NameResolutionFailure"}
SIGNED = {
    "version": "5.1.8095.0",
    "signature": "Valid",
    "signer": "CN=Microsoft Corporation, O=Microsoft Corporation, C=US",
}
REGISTERED = {
    at.REGISTRATION: key(
        ResourceName="vault-dr",
        SRSUri="https://a",
        AADAuthority="https://b",
        IdmgmtSVCEndpoint="https://c",
        ProtectionServiceSVCEndpoint="https://d",
    )
}
OWN_PROXY = key(ProxyAddress="http://p", ProxyPort="8080", ProxyUserName="u", ProxyBypassUrls="a;b")
PROVIDER = "Microsoft Azure Site Recovery Provider"
AGENT = "Microsoft Azure Recovery Services Agent"
DISK = rf"Microsoft:{GUID}\83F8638B-8DCA-4152-9EDA-2CA8B33039B4"


def files(**found: Any) -> Answers:
    names = ("vmm_module", "configurator_vmm", "configurator_other", "agent_engine", "agent_module")
    return {"files": read({**dict.fromkeys(names), **found})}


def products(*names: str) -> Answers:
    return {"products": read({"products": [{"name": name, "version": "5.1.8095.0"} for name in names]})}


def account_proxy(**values: Any) -> Answers:
    return {"account_proxy": read({"settings": key(**values)})}


def clouds(*members: str, flag: str | None = "System.Boolean", profiles: Any = ("Hyper-V",), **more: Any) -> Answers:
    cloud = {"id": GUID, "members": list(members), "flag": flag, "profiles": profiles, "group_members": [], **more}
    return {"clouds": read({"flag_parameter": True, "clouds": [cloud]})}


def cluster(*, owned: bool = True, by_service: int = 1) -> Answers:
    resource = {"name": "VMM Service R", "by_service": True, "by_name": True, "type": "Generic Service", "owned": owned}
    return {"cluster": read({"nodes": 2, "resources": [resource] * by_service})}


def agent(**found: Any) -> Answers:
    setting = {
        "members": ["ProxySetting"],
        "proxy_members": ["Enabled", "ProxyPort", "ProxyServer"],
        "throttle_name": None,
        "throttle_members": None,
        "bypass_parameter": False,
    }
    return {"agent_setting": read({**setting, **found})}


def engine(version: str) -> Answers:
    return files(agent_engine={**SIGNED, "version": version}, agent_module=True)


def guests(*places: str, kind: str = "2", **more: Any) -> Answers:
    machine = {"id": f"Microsoft:{GUID}", "kind": f"Microsoft:Hyper-V:SubType:{kind}", "secure_boot": True}
    disks = [rf"{DISK}\{place}\L" for place in places]
    return {"guests": read({"machines": [machine], "disks": disks, "disks_with_reservations": len(disks), **more})}


WITHOUT_MEMBER = key(LegalNoticeCaption="")
WITHOUT_MEMBER["entries"]["LegalNoticeCaption"] |= {"form": "absent", "data": None}
STOPPED = {"vmm": read(None)}
NO_CLUSTER = {"cluster": read(None)}

OF_ANY_MACHINE: list[Case] = [
    ("A-W-01", registry({"k": key("null")}), YES),
    ("A-W-01", registry({"k": key("absent")}), NO),
    ("A-W-01", registry({"k": key(_subkeys=("x",), Name="v")}), OPEN),
    ("A-W-01", {"registry": failed()}, OPEN),
    ("A-W-02", registry({at.WINLOGON: key(LegalNoticeCaption="")}), YES),
    ("A-W-02", registry({at.WINLOGON: WITHOUT_MEMBER}), NO),
    ("A-W-02", registry({at.WINLOGON: key(LegalNoticeCaption="Authorized use only")}), OPEN),
    ("A-W-02", registry(), OPEN),
    ("A-W-03", products(PROVIDER, AGENT), YES),
    ("A-W-03", products(PROVIDER, "Microsoft Azure Site Recovery Mobility Service/Master Target Server"), NO),
    ("A-W-03", products("Microsoft Azure Site Recovery"), NO),
    ("A-W-03", products(AGENT), OPEN),
    ("A-W-04", {"urls": read({CONTROL: ANSWERED, DATA: ANSWERED})}, YES),
    ("A-W-04", {"urls": read({CONTROL: ANSWERED, DATA: NO_NAME})}, NO),
    ("A-W-04", {"urls": read({CONTROL: ANSWERED, DATA: {"status": None, "failure": "TrustFailure"}})}, NO),
    ("A-W-04", {"urls": read({CONTROL: NO_NAME, DATA: NO_NAME})}, OPEN),
    ("A-W-04", {}, OPEN),
    ("A-W-05", {"urls": read({CONTROL: ANSWERED, AUTHORITY: ANSWERED})}, YES),
    ("A-W-05", {"urls": read({CONTROL: ANSWERED, AUTHORITY: NO_NAME})}, NO),
    ("A-W-05", {"urls": read({CONTROL: NO_NAME, AUTHORITY: NO_NAME})}, OPEN),
    ("A-W-06", {**registry(), "shell": read({"language_mode": "FullLanguage"})}, YES),
    (
        "A-W-06",
        {
            **registry({at.SHELL_POLICY: key(EnableScripts=1, ExecutionPolicy="RemoteSigned")}),
            "shell": read({"language_mode": "FullLanguage"}),
        },
        YES,
    ),
    (
        "A-W-06",
        {
            **registry({at.SHELL_POLICY: key(EnableScripts=1, ExecutionPolicy="AllSigned")}),
            "shell": read({"language_mode": "FullLanguage"}),
        },
        YES,
    ),
    (
        "A-W-06",
        {
            **registry({at.SHELL_POLICY: key(EnableScripts=0)}),
            "shell": read({"language_mode": "FullLanguage"}),
        },
        YES,
    ),
    ("A-W-06", {**registry(), "shell": read({"language_mode": "ConstrainedLanguage"})}, NO),
    ("A-W-06", {**registry(), "shell": failed()}, OPEN),
    ("A-W-07", registry({at.MODULE_LOGGING: key(EnableModuleLogging=0)}), YES),
    ("A-W-07", registry({at.MODULE_LOGGING: key(EnableModuleLogging=1)}), NO),
    ("A-W-07", registry({at.TRANSCRIPTION: key(EnableTranscripting=1)}), NO),
    ("A-W-07", registry({at.MODULE_LOGGING: {"error": 5}}), OPEN),
    ("A-W-08", {**registry({at.FIPS: key(Enabled=1)}), "hashing": read({"usable": True})}, YES),
    ("A-W-08", {**registry({at.FIPS: key(Enabled=1)}), "hashing": failed("System.InvalidOperationException")}, NO),
    ("A-W-08", {**registry({at.FIPS: key(Enabled=0)}), "hashing": read({"usable": True})}, OPEN),
    ("A-W-09", {"tasks": read({"tasks": 0})}, YES),
    ("A-W-09", {"tasks": failed("Microsoft.Management.Infrastructure.CimException")}, NO),
    ("A-W-09", {"tasks": read({"tasks": 1})}, OPEN),
    ("A-W-10", {"updates": read({"services": 2})}, YES),
    ("A-W-10", {"updates": failed("System.UnauthorizedAccessException")}, NO),
    ("A-W-10", {}, OPEN),
    (
        "A-W-11",
        {
            **registry(
                {
                    at.SESSION: key(
                        PendingFileRenameOperations=[
                            r"\??\C:\Program Files\Microsoft Azure Recovery Services Agent\bin\x.dll",
                            "",
                        ]
                    )
                }
            ),
            **files(agent_engine=SIGNED),
        },
        NO,
    ),
    (
        "A-W-11",
        {
            **registry({at.SESSION: key(PendingFileRenameOperations=[r"\??\C:\Windows\Temp\x.dll"])}),
            **files(agent_engine=SIGNED),
        },
        OPEN,
    ),
    ("A-W-11", {**registry({at.SESSION: key(PendingFileRenameOperations=["x"])}), **files()}, OPEN),
    ("A-W-12", {**registry(), **account_proxy(ProxyEnable=0)}, YES),
    ("A-W-12", {**registry(), **account_proxy(AutoConfigURL="http://wpad/wpad.dat")}, NO),
    ("A-W-12", {**registry({at.INTERNET_POLICY: key(ProxySettingsPerUser=0)}), **account_proxy()}, NO),
    ("A-W-12", {**registry(), "account_proxy": read(None)}, OPEN),
    ("A-W-12", {**registry(), "account_proxy": read({"settings": {"error": 5}})}, OPEN),
    ("A-W-13", account_proxy(), YES),
    ("A-W-13", {"account_proxy": read({"settings": None})}, NO),
    ("A-W-13", {"account_proxy": read(None)}, OPEN),
    ("A-W-14", files(configurator_vmm=SIGNED), YES),
    ("A-W-14", files(configurator_vmm={**SIGNED, "signer": "CN=x, O=Microsoft Corporation Ltd"}), NO),
    ("A-W-14", files(agent_engine={**SIGNED, "signature": "NotSigned", "signer": None}), NO),
    ("A-W-14", files(), OPEN),
]

OF_VMM_SERVERS: list[Case] = [
    ("A-W-20", {"vmm": read({"members": ["Name", "FQDN"]})}, YES),
    ("A-W-20", {"vmm": failed("Microsoft.VirtualManager.Utils.CarmineException", 1604)}, NO),
    ("A-W-20", STOPPED, OPEN),
    ("A-W-21", {**registry(), "connections": read({"listening": [8100, 8101]})}, YES),
    ("A-W-21", {**registry({at.CONSOLE: key(IndigoTcpPort=9100)}), "connections": read({"listening": [9100]})}, YES),
    ("A-W-21", {**registry({at.CONSOLE: key(IndigoTcpPort=9100)}), "connections": read({"listening": [8100]})}, NO),
    ("A-W-21", {**registry(), "connections": read(None)}, OPEN),
    ("A-W-22", files(vmm_module=True), YES),
    ("A-W-22", files(vmm_module=False), NO),
    ("A-W-22", files(), OPEN),
    ("A-W-23", registry({at.SETUP: key(VmmID=GUID)}), YES),
    ("A-W-23", registry({at.SETUP: key(VmmID="")}), NO),
    ("A-W-23", registry(), OPEN),
    ("A-W-24", {"jobs": read({"running": 0, "commands": [], "members": []})}, YES),
    (
        "A-W-24",
        {"jobs": read({"running": 2, "commands": ["Refresh-VM", "Read-SCVirtualMachine"], "members": ["CmdletName"]})},
        NO,
    ),
    (
        "A-W-24",
        {"jobs": read({"running": 2, "commands": ["Read-SCVMHost", "read-scvirtualmachine"], "members": []})},
        YES,
    ),
    ("A-W-24", {"jobs": read({"running": 1, "commands": ["New-SCVirtualMachine"], "members": []})}, OPEN),
    ("A-W-24", {"jobs": read({"running": 1, "commands": [], "members": ["Name"]})}, OPEN),
    ("A-W-25", clouds("ID", "Name", "DisasterRecoverySupported"), YES),
    ("A-W-25", clouds("ID", "Name", flag=None), NO),
    ("A-W-25", clouds("ID", flag="System.String"), NO),
    ("A-W-25", {"clouds": read({"flag_parameter": True, "clouds": []})}, OPEN),
    ("A-W-26", {"clouds": read({"flag_parameter": True, "clouds": []})}, YES),
    ("A-W-26", {"clouds": read({"flag_parameter": False, "clouds": []})}, NO),
    ("A-W-26", {"clouds": read(None)}, OPEN),
    ("A-W-27", clouds(profiles=["Hyper-V", "Ours"]), YES),
    ("A-W-27", clouds(profiles=None), NO),
    ("A-W-27", clouds(profiles=["Ours"]), OPEN),
    (
        "A-W-28",
        {
            **clouds(group_members=["ChildHostGroups", "ID", "Name", "Path"]),
            "inventory": read(
                {
                    "host_members": ["FQDN", "ID", "VMHostGroup", "VirtualizationPlatform"],
                    "network_members": ["LogicalNetwork", "Name"],
                }
            ),
        },
        YES,
    ),
    ("A-W-28", {**clouds(), "inventory": read({"host_members": ["ID", "Name"], "network_members": []})}, NO),
    ("A-W-28", {**clouds(), "inventory": read({"host_members": [], "network_members": []})}, OPEN),
    ("A-W-29", {"inventory": read({"platforms": ["HyperV", "VMwareESX"]})}, YES),
    ("A-W-29", {"inventory": read({"platforms": ["Hyper-V"]})}, NO),
    ("A-W-29", {"inventory": read({"platforms": []})}, OPEN),
    ("A-W-30", registry(REGISTERED), YES),
    ("A-W-30", registry({at.ADAPTER_REGISTRATION: key(ResourceName="vault-dr")}), NO),
    ("A-W-30", registry({**REGISTERED, at.ADAPTER_REGISTRATION: key(ResourceName="vault-dr")}), NO),
    ("A-W-30", registry({at.REGISTRATION: key(ResourceName="")}), OPEN),
    ("A-W-31", registry(REGISTERED), YES),
    ("A-W-31", registry({at.REGISTRATION: key(ResourceName="v", SRSUri="http://a")}), NO),
    ("A-W-31", registry(), OPEN),
    ("A-W-32", {**registry(REGISTERED), "certificates": read({"of_site_recovery": 1})}, YES),
    ("A-W-32", {**registry(REGISTERED), "certificates": read({"of_site_recovery": 0})}, NO),
    ("A-W-32", {**registry(), "certificates": read({"of_site_recovery": 1})}, OPEN),
    ("A-W-33", registry({at.REGISTRATION: key(ResourceName="v", EncryptionEnabled="False")}), YES),
    ("A-W-33", registry({at.REGISTRATION: key(ResourceName="v", EncryptionEnabled=b"\x00")}), NO),
    ("A-W-33", registry(REGISTERED), OPEN),
    ("A-W-34", registry({at.PROXY: OWN_PROXY}), YES),
    ("A-W-34", registry({at.ADAPTER_PROXY: OWN_PROXY}), NO),
    ("A-W-34", registry({at.PROXY: key(ProxyAddress="http://p", ProxyBypassUrls=["a", "b"])}), NO),
    ("A-W-34", registry({at.PROXY: key(BypassDefault=1)}), OPEN),
    ("A-W-35", {**registry({at.PROXY: OWN_PROXY}), "run_as": read({"proxy_accounts": 1})}, YES),
    ("A-W-35", {**registry({at.PROXY: OWN_PROXY}), "run_as": read({"proxy_accounts": 0})}, NO),
    ("A-W-35", {**registry({at.PROXY: key(ProxyAddress="http://p", ProxyUserName="")})}, OPEN),
    ("A-W-35", {**registry({at.PROXY: OWN_PROXY}), "run_as": read(None)}, OPEN),
    ("A-W-36", files(configurator_vmm=SIGNED), YES),
    ("A-W-36", files(configurator_other=SIGNED), NO),
    ("A-W-36", files(), OPEN),
    ("A-W-37", {**registry({at.PROVIDER: key(Version="5.1.8095.0")}), **files(configurator_vmm=SIGNED)}, YES),
    ("A-W-37", {**registry(), **files(configurator_vmm=SIGNED)}, NO),
    ("A-W-37", {**registry(), **files()}, OPEN),
    ("A-W-38", {**registry({at.ADAPTER: key(_subkeys=("Registration",))}), **files(configurator_vmm=SIGNED)}, YES),
    ("A-W-38", {**registry(), **files(configurator_vmm=SIGNED)}, NO),
    ("A-W-38", {**registry(), **files()}, OPEN),
    ("A-W-39", {"logs": read({"files": 1, "signs": ["ReRegistrationError"]})}, YES),
    ("A-W-39", {"logs": read({"files": 1, "signs": []})}, OPEN),
    ("A-W-39", {"logs": read(None)}, OPEN),
    (
        "A-W-40",
        {
            **registry(REGISTERED),
            **account_proxy(ProxyEnable=1, ProxyServer="p:3128"),
            "connections": read({"connected": [3128, 8100]}),
        },
        YES,
    ),
    (
        "A-W-40",
        {
            **registry(REGISTERED),
            **account_proxy(ProxyEnable=1, ProxyServer="http=p:80;https=p:3128"),
            "connections": read({"connected": [443]}),
        },
        NO,
    ),
    (
        "A-W-40",
        {
            **registry(REGISTERED),
            **account_proxy(ProxyEnable=1, ProxyServer="http=p:80"),
            "connections": read({"connected": [443]}),
        },
        OPEN,
    ),
    (
        "A-W-40",
        {**registry(REGISTERED), **account_proxy(ProxyEnable=0), "connections": read({"connected": [443]})},
        OPEN,
    ),
    ("A-W-40", {**registry({**REGISTERED, at.PROXY: OWN_PROXY}), **account_proxy(), "connections": read({})}, OPEN),
    ("A-W-41", cluster(), YES),
    ("A-W-41", {"cluster": failed()}, NO),
    ("A-W-41", NO_CLUSTER, OPEN),
    ("A-W-42", cluster(), YES),
    ("A-W-42", cluster(by_service=2), NO),
    ("A-W-42", cluster(by_service=0), NO),
    ("A-W-42", NO_CLUSTER, OPEN),
    ("A-W-43", {"checkpoints": read({"paths": [r"SOFTWARE\Microsoft\Azure Site Recovery\Registration"]})}, YES),
    ("A-W-43", {"checkpoints": read({"paths": []})}, NO),
    ("A-W-43", {"checkpoints": read(None)}, OPEN),
    ("A-W-44", {**cluster(), "vmm": read({"members": []})}, YES),
    ("A-W-44", {**cluster(), "vmm": failed()}, NO),
    ("A-W-44", {**cluster(owned=False), "vmm": failed()}, OPEN),
    ("A-W-45", {**cluster(owned=False), "connections": read(None)}, YES),
    ("A-W-45", {**cluster(owned=False), "connections": read({"listening": []})}, NO),
    ("A-W-45", {**cluster(), "connections": read({"listening": [8100]})}, OPEN),
]

LIMITS = ["Enabled", "EndWorkHour", "NonWorkHourBandwidth", "StartWorkHour", "WorkDays", "WorkHourBandwidth"]
REPLICATES, QUIET = {"replication": read({"replicating": 3})}, {"replication": read({"replicating": 0})}
CONFIG = {at.AGENT_CONFIG: key(_subkeys=("CloudBackupProvider",), ScratchLocation="C:\\s")}

OF_HOSTS: list[Case] = [
    ("A-W-50", agent(), YES),
    ("A-W-50", agent(proxy_members=None), NO),
    ("A-W-50", {"agent_setting": failed("Microsoft.Internal.CloudBackup.Common.CBException")}, NO),
    ("A-W-50", {"agent_setting": read(None)}, OPEN),
    ("A-W-51", agent(bypass_parameter=True, proxy_members=["BypassUrls", "ProxyUsername"]), YES),
    ("A-W-51", agent(), YES),
    ("A-W-51", agent(bypass_parameter=True), NO),
    ("A-W-51", {"agent_setting": read(None)}, OPEN),
    ("A-W-52", {**agent(bypass_parameter=True), **engine("2.0.9938.0")}, YES),
    ("A-W-52", {**agent(), **engine("2.0.9083.0")}, YES),
    ("A-W-52", {**agent(), **engine("2.0.9938.0")}, NO),
    ("A-W-52", {"agent_setting": read(None)}, OPEN),
    ("A-W-53", agent(throttle_name="ThrottlingSetting", throttle_members=LIMITS), YES),
    ("A-W-53", agent(throttle_name="ThrottlingSetting", throttle_members=["Enabled"]), NO),
    ("A-W-53", agent(), NO),
    ("A-W-53", agent(throttle_name="ThrottlingSetting"), OPEN),
    ("A-W-54", {**registry(CONFIG), **REPLICATES}, YES),
    ("A-W-54", {**registry({at.AGENT_CONFIG: key(ServiceResourceName="v")}), **REPLICATES}, NO),
    ("A-W-54", {**registry(CONFIG), **QUIET}, OPEN),
    ("A-W-54", {**registry(), **REPLICATES}, OPEN),
    ("A-W-55", {**registry({at.AGENT_SETUP: key(InstallPath="C:\\a")}), **engine("2.0"), **products(AGENT)}, YES),
    ("A-W-55", {**registry({at.AGENT_SETUP: key(InstallPath="C:\\a")}), **files(), **products(AGENT)}, NO),
    ("A-W-55", {**registry(), **files(), **products()}, OPEN),
    ("A-W-56", {**registry({at.EXCLUSIONS: key(Folder=0)}), "defender": read({"excluded": 1})}, YES),
    ("A-W-56", {**registry(), "defender": read({"excluded": 1})}, NO),
    ("A-W-56", {**registry(), "defender": read(None)}, OPEN),
    ("A-W-57", guests(r"0\0", r"0\1"), YES),
    ("A-W-57", guests(r"0\0", r"x"), NO),
    ("A-W-57", guests(), OPEN),
    ("A-W-57", {"guests": read(None)}, OPEN),
    ("A-W-58", guests(r"0\0", r"0\1"), YES),
    ("A-W-58", guests(r"0\0", r"0\0", kind="1"), NO),
    ("A-W-58", guests(r"0\1"), NO),
    ("A-W-58", guests(), OPEN),
    ("A-W-59", guests(r"0\0"), YES),
    ("A-W-59", guests(r"0\0", disks_with_reservations=0), NO),
    ("A-W-59", {"guests": read({"machines": [], "disks": []})}, OPEN),
    ("A-W-60", {**agent(), **registry({at.RUNTIME: key(Installed=1)})}, YES),
    ("A-W-60", {**agent(), **registry()}, NO),
    ("A-W-60", {"agent_setting": read(None), **registry()}, OPEN),
    ("A-W-61", {**agent(), **engine("2.0.9938.0"), **registry({at.FRAMEWORK: key(Release=461808)})}, YES),
    ("A-W-61", {**agent(), **engine("2.0.9938.0"), **registry({at.FRAMEWORK: key(Release=528049)})}, OPEN),
    ("A-W-61", {"agent_setting": read(None), **registry()}, OPEN),
]
CASES = [*OF_ANY_MACHINE, *OF_VMM_SERVERS, *OF_HOSTS]
READABLE = [each.id for each in ASSUMPTIONS if each.decide is not None]
#: Decisions that a single look cannot make, with the reason.
NEVER = {
    ("A-W-11", YES): "a restart since setup would have removed the renames",
    ("A-W-39", NO): "a log without a sign may be that of a success",
    ("A-W-61", NO): "an agent that does not run may have another reason",
}


@pytest.mark.parametrize(("identity", "answers", "status"), CASES)
def test_decision(identity: str, answers: Answers, status: str) -> None:
    decision = decide(ASSUMPTIONS, identity, answers)
    assert decision.status == status, decision
    assert (decision.reason != "") == (status == OPEN)
    assert json.loads(json.dumps(dict(decision.observed))) == decision.observed


@pytest.mark.parametrize("identity", READABLE)
def test_every_decision_is_tried(identity: str) -> None:
    wanted = {YES, NO, OPEN} - {status for each, status in NEVER if each == identity}
    assert statuses(CASES).get(identity) == wanted


@pytest.mark.parametrize("identity", READABLE)
@pytest.mark.parametrize("answers", [{}, {"registry": read(None)}, {"files": failed(), "registry": failed()}])
def test_a_look_that_brought_nothing_settles_nothing(identity: str, answers: Answers) -> None:
    assert decide(ASSUMPTIONS, identity, answers).status == OPEN


@pytest.mark.parametrize("each", [each for each in ASSUMPTIONS if each.decide is None], ids=lambda each: each.id)
def test_what_needs_a_change_is_not_settled(each: Any) -> None:
    decision = decide(ASSUMPTIONS, each.id, {})
    assert (decision.status, decision.reason) == (OPEN, f"a read cannot settle it, {each.needs}")


def test_signs_of_a_log_are_words_that_no_other_text_holds() -> None:
    assert "ReRegistrationError" in LOG_SIGNS
    assert all(sign.isalpha() and len(sign) > 8 for sign in LOG_SIGNS)
