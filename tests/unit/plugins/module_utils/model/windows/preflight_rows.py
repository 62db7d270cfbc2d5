# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machine states and options for the preflight: rows of a check's id, its step, its expected status, and the state."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.trusted_roots import THUMBPRINTS
from tests.unit.plugins.module_utils.model.windows import observations as seen

PASS, WARN, FAIL = "pass", "warning", "error"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
REFUSE = {"running_jobs": "refuse"}
SILENT = seen.vmm(connection_error="VMM does not answer: (Error ID: 1602)", running_jobs=None, clouds=None)
STOPPED = seen.vmm(service=seen.STOPPED, running_jobs=None, flag_supported=None, clouds=None)
SEES: dict[str, Any] = {"enabled": True, "server": "proxy:8080", "bypass": []}
EVERY = [
    seen.call(),
    *map(
        seen.call,
        ("backup.windowsazure.com", "a.blob.core.windows.net", "a.hypervrecoverymanager.windowsazure.com", "x.test"),
    ),
]
OWN: dict[str, Any] = {"registration": seen.registration(vault_name="vault-asr")}
FOREIGN_ACCOUNT = {"registration": seen.registration(run_as_account="DRAProxyAccount", run_as_user="CORP\\sql")}
PROXIED: dict[str, Any] = {
    "registration": seen.registration(vault_name="vault-asr", proxy=seen.proxy(username="u", port=80))
}
HOST_OF_CLOUD = {"id": "h", "fqdn": "h.x", "platform": "HyperV"}
ESX = {"id": "esx", "fqdn": "esx.x", "platform": "VMwareESX"}
SCANS: dict[str, Any] = {"status": "Running", "exclusions": [r"C:\ProgramData\ASRLogs"]}
DISABLED = {"status": "Stopped", "start_mode": "Disabled"}
UPGRADE = {"version": "2.0.9919.0"}
UNSUPPORTED = {"unsupported_upgrade": True}
BYPASS: dict[str, Any] = {"proxy": {**CUSTOM, "bypass": ["*.x.test"]}}
BLIND: dict[str, Any] = {"enabled": False, "server": None, "bypass": []}


def tls(**changed: int) -> dict[str, Any]:
    return {"tls": {**seen.host()["tls"], **changed}}


def drive(free_gb: float) -> dict[str, Any]:
    return {"volumes": [{"drive": "C:", "free_bytes": int(free_gb * 2**30)}]}


def clock(seconds: int) -> dict[str, Any]:
    return {"utc_now": f"{NOW + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"}


DIGICERT, RSA_2017 = "DF3C24F9BFD666761B268073FE06D1CC8D4F82A4", "73A5E64A3BFF8316FF0EDCCC618A906E4EAE4D74"


def roots(*missing: str, fetched: bool = True) -> dict[str, Any]:
    present = [each.lower() for each in THUMBPRINTS if each not in missing]
    return {"roots": {"present": present, "fetched": fetched}}


def policy(machine: str | None, user: str | None = None) -> dict[str, Any]:
    return {"host": seen.host(execution_policy={"machine": machine, "user": user})}


# Rows for both kinds of machines. Setup is due on each.
HOST: list[tuple[str, str, dict[str, Any]]] = [
    ("elevated", PASS, {}),
    ("powershell", PASS, {}),
    ("powershell", FAIL, {"powershell_version": "5.0"}),
    ("powershell", FAIL, {"powershell_version": None}),
    ("visual-cpp", PASS, {}),
    ("visual-cpp", PASS, {"visual_cpp": None}),
    ("elevated", FAIL, {"is_administrator": False}),
    ("os", PASS, {"os_version": "6.3.9600"}),
    ("os", FAIL, {"os_version": "6.2.9200"}),
    ("restart", PASS, {}),
    ("restart", FAIL, {"pending_restart": ["windows_update"]}),
    (
        "restart",
        FAIL,
        {"pending_restart": ["pending_file_rename"], "pending_files": ["C:\\a"], "pending_file_count": 4},
    ),
    ("trusted-roots", PASS, roots()),
    ("trusted-roots", WARN, roots(DIGICERT)),
    ("trusted-roots", FAIL, roots(DIGICERT, fetched=False)),
    ("trusted-roots", WARN, roots(RSA_2017, fetched=False)),
    ("execution-policy", PASS, {}),
    ("execution-policy", PASS, {"execution_policy": {"machine": "RemoteSigned", "user": "AllSigned"}}),
    ("batch-logon", PASS, {}),
    ("batch-logon", PASS, {"batch_logon": None}),
    *(
        ("batch-logon", status, {"batch_logon": {"granted": granted, "denied": denied}})
        for status, granted, denied in (
            (WARN, None, ["CORP\\ASR-Admin"]),
            (WARN, ["*S-1-5-32-544"], ["*S-1-1-0"]),
            (WARN, None, ["S-1-5-32-544"]),
            (PASS, None, ["CORP\\Domain Admins"]),
            (PASS, ["CORP\\operators"], None),
            (PASS, ["*S-1-5-32-544"], []),
        )
    ),
    ("dotnet", PASS, {"dotnet_release": 528040}),
    ("dotnet", WARN, {"dotnet_release": 528039}),
    ("dotnet", WARN, {"dotnet_release": 394802}),
    ("dotnet", FAIL, {"dotnet_release": 394801}),
    ("dotnet", FAIL, {"dotnet_release": None}),
    ("tls", PASS, tls(schannel_client_enabled=1, schannel_client_disabled_by_default=0)),
    ("tls", WARN, tls(strong_crypto=0)),
    ("tls", WARN, tls(system_default=0)),
    ("tls", FAIL, tls(schannel_client_enabled=0)),
    ("tls", FAIL, tls(schannel_client_disabled_by_default=1)),
    ("clock", PASS, clock(300)),
    ("clock", PASS, clock(-300)),
    ("clock", FAIL, clock(301)),
    ("clock", FAIL, clock(-301)),
    ("tls", WARN, tls(strong_crypto_32=0)),
    ("tls", WARN, tls(system_default_32=0)),
    ("antivirus", PASS, {"antivirus": {"status": "Stopped", "exclusions": []}}),
    ("antivirus", PASS, {"antivirus": {"status": "Running", "exclusions": ["c:\\programdata\\"]}}),
    ("antivirus", WARN, {"antivirus": {"status": "Running", "exclusions": [r"C:\ProgramData\ASR"]}}),
    ("domain-controller", WARN, {"domain_role": 4}),
    ("domain-controller", WARN, {"domain_role": 5}),
]


VMM: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("language-mode", "S2", PASS, {"language_mode": "FullLanguage"}, {}),
    ("language-mode", "S2", FAIL, {"language_mode": "ConstrainedLanguage"}, {}),
    ("execution-policy", "S2", PASS, policy("AllSigned"), {}),
    ("execution-policy", "S2", WARN, {**policy("AllSigned"), "vmm": STOPPED}, {}),
    ("trusted-roots", "S2", WARN, {**OWN, "host": seen.host(**roots(DIGICERT, fetched=False))}, {}),
    ("unread", "S2", WARN, {"unread": [{"name": "HKLM\\x", "reason": "type 0"}]}, {}),
    ("cloud-flag-hidden", "P9", WARN, {"vmm": seen.vmm(clouds=[seen.cloud("Gold", published=None)])}, {}),
    ("cloud-host-state", "P9", PASS, {}, {}),
    *(
        (
            "cloud-host-state",
            "P9",
            WARN,
            {"vmm": seen.vmm(clouds=[seen.cloud("A", hosts=[{**HOST_OF_CLOUD, **state}])])},
            {},
        )
        for state in (
            {"maintenance": True},
            {"communication_state": "NotResponding"},
            {"state": "NeedsAttention", "communication_state": "Responding"},
        )
    ),
    ("vmm", "S1", PASS, {}, {}),
    ("vmm", "S1", FAIL, {"vmm": None}, {}),
    ("vmm-version", "S1", PASS, {}, {}),
    *(
        ("vmm-version", "S1", PASS, {"vmm": seen.vmm(product_version=version)}, {})
        for version in ("3.2.7510.0", "4.0.1.0", "10.19.1.0", "10.22.1.0", "10.25.1.0")
    ),
    ("vmm-version", "S1", WARN, {"vmm": seen.vmm(product_version="10.30.1.0")}, {}),
    ("vmm-version", "S1", FAIL, {"vmm": seen.vmm(product_version="3.2.7509.9")}, {}),
    ("vmm-version", "S1", FAIL, {"vmm": seen.vmm(product_version=None)}, {}),
    ("vmm-service", "S1", PASS, {}, {}),
    ("vmm-service", "S1", WARN, {"vmm": STOPPED}, {}),
    ("vmm-service", "S1", WARN, {"vmm": {**STOPPED, "service": None}}, {}),
    ("vmm-answers", "S2", PASS, {}, {}),
    ("vmm-answers", "S2", FAIL, {"vmm": SILENT}, {}),
    ("vmm-answers", "S2", FAIL, {"vmm": {**SILENT, "connection_error": "VMM does not answer: (Error ID: 1604)"}}, {}),
    ("vmm-jobs", "P1", WARN, {"vmm": SILENT}, {}),
    ("vmm-jobs", "P1", PASS, {}, {}),
    ("vmm-jobs", "P1", FAIL, {"vmm": seen.vmm(running_jobs=seen.jobs(1))}, REFUSE),
    ("vmm-jobs", "P1", WARN, {"vmm": STOPPED}, {}),
    *(
        ("vmm-jobs", "P1", status, {"vmm": seen.vmm(running_jobs=seen.jobs(1)), "provider": None}, changed)
        for status, changed in (
            (FAIL, REFUSE),
            (WARN, {}),
            (WARN, {"running_jobs": "wait"}),
            (WARN, {"running_jobs": "ignore"}),
        )
    ),
    *(
        ("vmm-jobs", "P1", PASS, {"vmm": seen.vmm(running_jobs=[seen.job(*quiet)]), "provider": None}, REFUSE)
        for quiet in (("Refresh host",), ("REFRESH LIBRARY SHARE",))
    ),
    (
        "vmm-jobs",
        "P1",
        PASS,
        {"vmm": seen.vmm(running_jobs=[seen.job("Host aktualisieren", command="Read-SCVMHost")]), "provider": None},
        REFUSE,
    ),
    (
        "vmm-jobs",
        "P1",
        FAIL,
        {"vmm": seen.vmm(running_jobs=seen.jobs(1)), "provider": seen.provider(adapter_present=False)},
        REFUSE,
    ),
    *(
        ("vmm-jobs", "P1", status, {"vmm": seen.vmm(running_jobs=seen.jobs(1)), "registration": registered}, changed)
        for registered in (seen.registration(vault_name="vault-asr"),)
        for status, changed in (
            (PASS, REFUSE),
            (FAIL, {"proxy": CUSTOM, **REFUSE}),
            (WARN, {"proxy": CUSTOM, "running_jobs": "ignore"}),
            # DRConfigurator stops VMM itself.
            (FAIL, {"proxy": CUSTOM, "restart_vmm": False, **REFUSE}),
            (FAIL, {"version": "5.1.8116.0", **REFUSE}),
        )
    ),
    ("vmm-jobs", "P1", FAIL, {**OWN, "vmm": seen.vmm(running_jobs=seen.jobs(1), restart_due=True)}, REFUSE),
    ("provider", "P1", PASS, {"provider": None}, {}),
    ("provider", "P1", PASS, {"provider": seen.provider(version="5.1.8116.0")}, {}),
    ("provider", "P1", PASS, {"provider": seen.provider(version="6.0.1.0")}, {}),
    ("provider", "P1", WARN, {"provider": seen.provider(version="5.1.3400.0")}, {}),
    ("provider", "P1", WARN, {"provider": seen.provider(version="5.24.1025.12")}, {}),
    ("provider", "P1", WARN, {"provider": seen.provider(adapter_present=False)}, {}),
    ("cluster", "P1", FAIL, {"vmm": seen.vmm(ha_name="VMMROLE"), "provider": None}, {}),
    ("cluster", "P1", WARN, {"vmm": seen.vmm(ha_name="VMMROLE")}, {}),
    ("cluster", "P1", FAIL, {"vmm": seen.vmm(ha_name="VMMROLE", service=seen.STOPPED)}, {}),
    ("cluster", "P1", FAIL, {**OWN, "vmm": seen.vmm(ha_name="VMMROLE")}, {"proxy": CUSTOM}),
    ("active-node", "P4", PASS, {"vmm": seen.ha_vmm()}, {}),
    ("active-node", "P4", PASS, {"vmm": seen.elsewhere()}, {}),
    ("provider-upgrade", "P1", PASS, {}, {"version": "5.1.8095.0"}),
    ("provider-upgrade", "P1", PASS, {"provider": seen.provider(version="5.1.7882.0")}, {"version": "5.1.8095.0"}),
    ("provider-upgrade", "P1", FAIL, {"provider": seen.provider(version="5.1.4600.0")}, {"version": "5.1.8095.0"}),
    (
        "provider-upgrade",
        "P1",
        WARN,
        {"provider": seen.provider(version="5.1.4600.0")},
        {"version": "5.1.8095.0", **UNSUPPORTED},
    ),
    ("provider-folder", "P3", PASS, {}, {"install_path": r"c:\vmm"}),
    ("provider-folder", "P3", FAIL, {}, {"install_path": r"D:\ASR"}),
    ("data-encryption", "P7", PASS, {}, {}),
    ("data-encryption", "P7", FAIL, {"registration": seen.registration(encryption=True)}, {}),
    (
        "data-encryption",
        "P7",
        WARN,
        {"registration": seen.registration(vault_name="vault-asr", encryption=True)},
        {},
    ),
    *(
        (
            "data-encryption",
            "P7",
            FAIL,
            {"registration": seen.registration(**{"vault_name": "vault-asr", "encryption": True, **facts})},
            changed,
        )
        for facts, changed in (({}, {"proxy": CUSTOM}), ({"orphaned_key_files": [r"C:\S\a.VaultCredentials"]}, {}))
    ),
    ("elevated", "S2", WARN, {**OWN, "host": seen.host(is_administrator=False)}, {}),
    ("elevated", "S2", FAIL, {"host": seen.host(is_administrator=False)}, {}),
    ("elevated", "S2", FAIL, {**OWN, "host": seen.host(is_administrator=False)}, {"proxy": CUSTOM}),
    *(
        (name, "S2", WARN, {"host": seen.host(**changed)}, {})
        for name, changed in (
            ("os", {"os_version": "6.2.9200"}),
            ("restart", {"pending_restart": ["windows_update"]}),
            ("dotnet", {"dotnet_release": None}),
            ("powershell", {"powershell_version": "4.0"}),
        )
    ),
    ("cluster", "P1", WARN, {"vmm": seen.ha_vmm("vmm02")}, {}),
    ("cluster", "P1", PASS, {"vmm": seen.ha_vmm()}, {}),
    ("vmm-service", "S1", PASS, {"vmm": seen.elsewhere()}, {}),
    ("vmm-jobs", "P1", PASS, {"vmm": seen.elsewhere()}, {}),
    ("vault", "P5", PASS, {}, {}),
    ("vault", "P5", PASS, {"registration": seen.registration(vault_name="VAULT-asr")}, {}),
    ("vault", "P5", PASS, {"registration": seen.registration(vault_name="other")}, {"vault": None}),
    ("vault", "P5", FAIL, {"registration": seen.registration(vault_name="other")}, {}),
    ("proxy", "P6a", PASS, {}, {}),
    ("proxy", "P6a", PASS, {"host": seen.host(system_proxy=BLIND)}, {"proxy": {"mode": "direct"}}),
    ("proxy", "P6a", WARN, {"host": seen.host(system_proxy=SEES)}, {}),
    ("proxy", "P6b", PASS, {"host": seen.host(system_proxy=SEES)}, {"proxy": {"mode": "system"}}),
    ("proxy", "P6b", WARN, {"host": seen.host(system_proxy=BLIND)}, {"proxy": {"mode": "system"}}),
    ("proxy", "P6b", WARN, {}, {"proxy": {"mode": "system"}}),
    (
        "proxy",
        "P6b",
        PASS,
        {"host": seen.host(system_proxy={**BLIND, "script_url": "http://x/p"})},
        {"proxy": {"mode": "system"}},
    ),
    ("proxy", "P6a", WARN, {"host": seen.host(system_proxy={**BLIND, "script_url": "http://x/p"})}, {}),
    ("proxy", "P6c", PASS, {}, {"proxy": CUSTOM}),
    ("proxy-reset", "P6a", WARN, PROXIED, {"proxy": {"mode": "direct"}}),
    ("proxy-reset", "P6b", PASS, PROXIED, {"proxy": {"mode": "system"}, "azure": {"registered": True}}),
    ("proxy-login", "P6e", PASS, PROXIED, {"proxy": {**CUSTOM, "username": "u", "password": "p"}}),
    ("proxy-login", "P6e", FAIL, PROXIED, {"proxy": CUSTOM}),
    ("run-as-account", "P6e", PASS, FOREIGN_ACCOUNT, {"proxy": {**CUSTOM, "username": "sql", "password": "p"}}),
    ("run-as-account", "P6e", FAIL, FOREIGN_ACCOUNT, {"proxy": {**CUSTOM, "username": "u", "password": "p"}}),
    (
        "run-as-account",
        "P6e",
        WARN,
        FOREIGN_ACCOUNT,
        {"proxy": {**CUSTOM, "username": "u", "password": "p"}, "always_password": True},
    ),
    *(
        (f"connectivity-{purpose}", "P6d", status, {"connectivity": list(found)}, {})
        for purpose, status, found in (
            ("sign-in", PASS, [seen.call(status=401)]),
            ("sign-in", FAIL, [seen.failed_call()]),
            ("sign-in", WARN, [seen.call("login.chinacloudapi.cn"), seen.failed_call("login.microsoftonline.cn")]),
            ("sign-in", FAIL, [seen.call(), seen.failed_call("login.windows.net")]),
            ("sign-in", WARN, [seen.failed_call(), seen.call("login.windows.net")]),
            ("data", PASS, [seen.call("backup.windowsazure.us", status=503)]),
            ("data", WARN, [seen.failed_call("backup.windowsazure.com", "NameResolutionFailure")]),
            ("data", FAIL, [seen.failed_call("pod1.backup.windowsazure.com", "TrustFailure")]),
            ("control-plane", PASS, [seen.call("x.weu.hypervrecoverymanager.windowsazure.com")]),
            ("control-plane", FAIL, [seen.failed_call("a.siterecovery.windowsazure.com", "Deadline")]),
            ("storage", PASS, [seen.call("a.blob.core.windows.net", status=400)]),
            ("storage", WARN, [seen.failed_call("a.blob.core.windows.net", "NameResolutionFailure")]),
            ("storage", WARN, [seen.failed_call("a.blob.core.windows.net", "", status=502, from_proxy=True)]),
            ("storage", FAIL, [seen.failed_call("a.blob.core.windows.net", "", status=407, from_proxy=True)]),
            ("storage", FAIL, [seen.failed_call("a.blob.core.chinacloudapi.cn", "SendFailure")]),
            ("endpoint", PASS, [seen.call("x.test")]),
            ("endpoint", FAIL, [seen.call("x.test"), seen.failed_call("y.test")]),
        )
    ),
    ("vmm-id", "S1", PASS, {}, {}),
    ("vmm-id", "S1", FAIL, {"vmm": seen.vmm(vmm_id=None)}, {}),
    ("cloud-hosts", "P9", PASS, {}, {}),
    ("cloud-hosts", "P9", PASS, {"vmm": seen.vmm(clouds=[seen.cloud("A", hosts=[])])}, {"clouds": ("b",)}),
    ("cloud-hosts", "P9", WARN, {"vmm": seen.vmm(clouds=[seen.cloud("A", hosts=[])])}, {"clouds": ("a",)}),
    ("cloud-hosts", "P9", WARN, {"vmm": seen.vmm(clouds=[seen.cloud("A", hosts=[])])}, {"clouds": ("ALL",)}),
    ("cloud-hosts", "P9", WARN, {"vmm": seen.vmm(clouds=[seen.cloud("A", hosts=[ESX])])}, {}),
    ("capability", "P9", PASS, {}, {}),
    ("capability", "P9", PASS, {"vmm": seen.vmm(clouds=[seen.cloud("A", capability_profiles=None)])}, {}),
    ("capability", "P9", WARN, {"vmm": seen.vmm(clouds=[seen.cloud("A", capability_profiles=["ESX Server"])])}, {}),
    ("vm-networks", "S2", PASS, {}, {}),
    ("vm-networks", "S2", WARN, {"vmm": seen.vmm(networks=[])}, {}),
    ("vm-networks", "S2", WARN, {"vmm": seen.vmm(networks=[{"name": "x", "logical_network": None}])}, {}),
    ("cloud-flag", "P9", PASS, {}, {}),
    ("cloud-flag", "P9", PASS, {"vmm": seen.vmm(clouds=[])}, {}),
    ("cloud-flag", "P9", WARN, {"vmm": seen.vmm(flag_supported=False)}, {}),
    ("cloud-flag", "P9", FAIL, {"vmm": seen.vmm(flag_supported=False)}, {"clouds": ("Gold",)}),
    ("cloud-flag", "P9", PASS, {"vmm": seen.vmm(clouds=[seen.cloud("Gold", published=None)])}, {"clouds": ("all",)}),
    ("cloud-unknown", "P9", PASS, {}, {"clouds": ("GOLD", "silver")}),
    ("cloud-unknown", "P9", FAIL, {}, {"clouds": ("Gold", "Tin")}),
    ("cloud-unknown", "P9", FAIL, {"vmm": seen.vmm(clouds=[])}, {"clouds": ("Gold",)}),
    ("cloud-ambiguous", "P9", PASS, {}, {"clouds": ("Gold",)}),
    (
        "cloud-ambiguous",
        "P9",
        FAIL,
        {"vmm": seen.vmm(clouds=[seen.cloud("Gold"), seen.cloud("gold")])},
        {"clouds": ("Gold",)},
    ),
]


HYPERV: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("language-mode", "H2", FAIL, {"language_mode": "ConstrainedLanguage"}, {}),
    ("execution-policy", "H2", WARN, policy(None, "Restricted"), {}),
    ("execution-policy", "H2", PASS, {**policy("Restricted"), "agent": seen.agent()}, {}),
    ("agent-proxy", "H5", FAIL, {"agent": seen.agent(proxy=None, setting_error="CBException")}, {"proxy": CUSTOM}),
    (
        "agent-proxy",
        "H5",
        WARN,
        {"agent": seen.agent(proxy=None, setting_error="CBException")},
        {"proxy": CUSTOM, **UPGRADE},
    ),
    ("agent-service", "H4", PASS, {"agent": seen.agent(proxy=None, setting_error="CBException")}, {}),
    ("hyperv", "H1", PASS, {}, {}),
    ("hyperv", "H1", FAIL, {"hyperv": seen.hyperv(service=seen.STOPPED, switch_names=None)}, {}),
    ("hyperv", "H1", FAIL, {"hyperv": seen.hyperv(service=None, switch_names=None)}, {}),
    ("own-registration", "H1", PASS, {"registration": seen.registration()}, {}),
    ("own-registration", "H1", WARN, {"registration": seen.registration(vault_name="migrate")}, {}),
    (
        "own-registration",
        "H1",
        WARN,
        {"registration": seen.registration(vault_name="migrate"), "provider": seen.provider(adapter_present=False)},
        {},
    ),
    # VMM on the same machine stores its registration in the same place.
    (
        "own-registration",
        "H1",
        PASS,
        {"registration": seen.registration(vault_name="vault-dr"), "provider": seen.provider()},
        {},
    ),
    ("switch-names", "H2", PASS, {}, {}),
    ("switch-names", "H2", PASS, {"hyperv": seen.hyperv(switch_names=[])}, {}),
    ("switch-names", "H2", WARN, {"hyperv": seen.hyperv(service=seen.STOPPED, switch_names=None)}, {}),
    ("switch-names", "H2", FAIL, {"hyperv": seen.hyperv(switch_names=["a", "LAN #1"])}, {}),
    ("cache", "H3", PASS, {"host": seen.host(**drive(600))}, {}),
    ("cache", "H3", PASS, {"host": seen.host(**drive(599.9))}, {}),
    ("cache", "H3", PASS, {"host": seen.host(**drive(5))}, {}),
    ("cache", "H3", FAIL, {"host": seen.host(**drive(4.9))}, {}),
    ("cache", "H3", PASS, {"host": seen.host(**drive(4.9))}, {"minimum_cache_gb": 4}),
    ("cache", "H3", WARN, {"host": seen.host(**drive(1)), "agent": seen.agent()}, {}),
    ("cache", "H3", WARN, {"agent": seen.agent(cache_path=r"X:\Cache")}, {}),
    ("cache", "H3", FAIL, {}, {"cache_path": r"X:\Cache"}),
    ("install-drive", "H3", PASS, {}, {"install_path": r"C:\MARS"}),
    ("install-drive", "H3", FAIL, {}, {"install_path": r"X:\MARS", "cache_path": r"C:\Cache"}),
    ("agent-folder", "H3", PASS, {"agent": seen.agent()}, {}),
    ("agent-folder", "H3", FAIL, {"agent": seen.agent()}, {"cache_path": r"C:\Cache"}),
    ("agent-folder", "H3", FAIL, {"agent": seen.agent()}, {"install_path": r"C:\MARS"}),
    ("cache", "H3", PASS, {"agent": seen.agent()}, {"cache_path": r"X:\Cache"}),
    ("cache", "H3", PASS, {"agent": seen.agent(cache_path=None)}, {}),
    ("backup", "H1", PASS, {}, {}),
    ("backup", "H1", PASS, {"agent": seen.agent()}, {}),
    ("backup", "H1", FAIL, {"agent": seen.agent(backup_registered=True)}, {}),
    ("vms", "H2", PASS, {}, {}),
    (
        "vms",
        "H2",
        PASS,
        {"hyperv": seen.hyperv(vms=[seen.virtual_machine(generation=1, secure_boot=None, disks=16)])},
        {},
    ),
    ("vms", "H2", WARN, {"hyperv": seen.hyperv(service=seen.STOPPED, switch_names=None, vms=None)}, {}),
    *(
        ("vms", "H2", WARN, {"hyperv": seen.hyperv(vms=[seen.virtual_machine(), seen.virtual_machine(**changed)])}, {})
        for changed in (
            {"name": "web_1"},
            {"name": "x" * 64},
            {"secure_boot": True},
            {"disks": 17},
            {"shared_disks": 1},
            {"pass_through_disks": 1},
            {"generation": 1, "first_disk_bytes": 2049 * 2**30},
            {"first_disk_bytes": 4096 * 2**30},
        )
    ),
    ("space", "H3", PASS, {"host": seen.host(**drive(1))}, {}),
    ("space", "H3", FAIL, {"host": seen.host(**drive(0.9))}, {}),
    ("failover-cluster", "H1", PASS, {"host": seen.host(cluster={"name": "HVC01"})}, {}),
    ("failover-cluster", "H1", WARN, {"host": seen.host(cluster={"name": None})}, {}),
    ("hotfix", "H2", PASS, {"host": seen.host(hotfixes=["KB1", "kb2961977"])}, {}),
    ("hotfix", "H2", WARN, {"host": seen.host(hotfixes=[])}, {}),
    ("agent", "H4", PASS, {}, {}),
    ("agent", "H4", PASS, {"agent": seen.agent()}, {}),
    ("agent-service", "H4", PASS, {"agent": seen.agent()}, {}),
    ("agent-service", "H4", WARN, {"agent": seen.agent(service=seen.STOPPED)}, {}),
    ("agent-service", "H4", FAIL, {"agent": seen.agent(service=DISABLED)}, {}),
    ("agent-service", "H4", WARN, {"agent": seen.agent(service=DISABLED, version="2.0.9260.0")}, UPGRADE),
    ("agent-service", "H4", FAIL, {"agent": seen.agent(service=None)}, {}),
    ("agent-upgrade", "H1", PASS, {"agent": seen.agent()}, UPGRADE),
    ("agent-upgrade", "H1", FAIL, {"agent": seen.agent(version="2.0.9249.0")}, UPGRADE),
    ("agent-upgrade", "H1", WARN, {"agent": seen.agent(version="2.0.9249.0")}, {**UPGRADE, **UNSUPPORTED}),
    ("agent-proxy", "H5", PASS, {"agent": seen.agent()}, {"proxy": CUSTOM}),
    ("agent-proxy", "H5", WARN, {"agent": seen.agent(service=seen.STOPPED, proxy=None)}, {"proxy": CUSTOM}),
    ("proxy-bypass", "H5", PASS, {"agent": seen.agent()}, BYPASS),
    ("proxy-bypass", "H5", FAIL, {"agent": seen.agent(bypass_supported=False)}, BYPASS),
    ("proxy-bypass", "H5", WARN, {"agent": seen.agent(bypass_supported=False)}, {**BYPASS, **UPGRADE}),
    ("proxy-login", "H5", PASS, {"agent": seen.agent(proxy=seen.agent_proxy(username="u"))}, {"proxy": CUSTOM}),
    (
        "proxy-login",
        "H5",
        FAIL,
        {"agent": seen.agent(proxy=seen.agent_proxy(username="u", port=1))},
        {"proxy": CUSTOM},
    ),
    ("restart", "H2", WARN, {"agent": seen.agent(), "host": seen.host(pending_restart=["windows_update"])}, {}),
    ("restart", "H2", FAIL, {"agent": seen.agent(), "host": seen.host(pending_restart=["windows_update"])}, UPGRADE),
    ("elevated", "H2", WARN, {"agent": seen.agent(), "host": seen.host(is_administrator=False)}, {}),
    ("elevated", "H2", FAIL, {"agent": seen.agent(), "host": seen.host(is_administrator=False)}, {"proxy": CUSTOM}),
    ("agent", "H4", WARN, {"agent": seen.agent(version="2.0.9213.9")}, {}),
    ("antivirus", "H2", WARN, {"host": seen.host(antivirus=SCANS), "agent": seen.agent()}, {}),
    ("connectivity-sign-in", "H6", PASS, {"connectivity": [seen.call()]}, {}),
    ("connectivity-sign-in", "H6", FAIL, {"connectivity": [seen.failed_call()]}, {}),
]
