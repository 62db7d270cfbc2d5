# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""host_info on machines of the lab: one execution, and every check that can fail there fails once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import converge
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import mars_agent, mars_proxy
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows.host_info import read_host
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import Session
from lab.windows import layout
from lab.windows.states import (
    Prepare,
    all_of,
    cluster_node,
    disabled,
    fault,
    hyperv_host,
    registered,
    stopped,
    value,
    vmm_server,
)
from tests.lab.emulators.cases.background_tasks import background_task
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import ScriptHarness
from tests.unit.plugins.plugin_utils.options import host_info_options
from tests.unit.plugins.plugin_utils.registration_resource import KEY_PATH, SERVER

SIGN_IN, DATA = "https://login.microsoftonline.com", "https://backup.windowsazure.com"
AUTHORITY = "https://login.windows.net"


def read(found: ScriptHarness, kind: str = "vmm_server", **changed: Any) -> dict[str, Any]:
    found.executions.clear()
    return read_host(host_info_options(kind, **changed), Session(found.execute))


def statuses(result: dict[str, Any]) -> dict[str, str]:
    """Return the overall status of every check."""
    return {check["id"]: Check(**check).overall for check in result["checks"]}


def custom(found: ScriptHarness, **changed: Any) -> dict[str, Any]:
    login = {"username": PROXY_USER, "password": PROXY_PASSWORD}
    way = {"mode": "custom", "address": f"http://{PROXY_NAME}", "port": found.lab.context.proxy.port, "bypass": None}
    return {**way, **login, **changed}


@pytest.mark.parametrize(
    ("kind", "entry", "sections"),
    [
        ("vmm_server", vmm_server(provider={}), ["host", "vmm", "provider", "registration"]),
        ("hyperv_host", hyperv_host(agent={}), ["host", "registration", "agent", "hyperv"]),
        ("hyperv_host", vmm_server(provider={}), ["host", "provider", "registration", "hyperv"]),
        ("vmm_server", hyperv_host(), ["host", "registration"]),
    ],
)
def test_one_execution(harness: MakeHarness, kind: str, entry: dict[str, Any], sections: list[str]) -> None:
    found = harness(entry)
    before = found.machine.snapshot()
    result = read(found, kind)
    assert (found.scripts, found.machine.snapshot(), result["changed"]) == (["observe"], before, False)
    assert (result["host"].pop("language_mode"), result["host"].pop("unread")) == ("FullLanguage", [])
    assert [name for name, section in result["host"].items() if section is not None] == sections


BROKEN: list[tuple[str, str, dict[str, Any], Prepare | None]] = [
    ("vmm", "vmm_server", hyperv_host(), None),
    ("vmm-version", "vmm_server", vmm_server(vmm={"version": "3.1.0.0"}), None),
    ("vmm-service", "vmm_server", vmm_server(), stopped(layout.VMM_SERVICE)),
    ("vmm-jobs", "vmm_server", vmm_server(vmm={"running_jobs": 2}), None),
    ("vault", "vmm_server", vmm_server(provider={}), registered("other")),
    ("cloud-flag", "vmm_server", vmm_server(vmm={"flag_supported": False}), None),
    ("elevated", "vmm_server", vmm_server(administrator=False), None),
    ("os", "hyperv_host", hyperv_host(os={"version": "6.2.9200"}), None),
    ("restart", "hyperv_host", hyperv_host(pending_restart=["windows_update"]), None),
    ("dotnet", "hyperv_host", hyperv_host(dotnet_release=378389), None),
    ("tls", "hyperv_host", hyperv_host(tls={"enabled": 0}), None),
    ("domain-controller", "hyperv_host", hyperv_host(domain_role=5), None),
    ("hyperv", "hyperv_host", hyperv_host(), stopped(layout.HYPERV_SERVICE)),
    ("own-registration", "hyperv_host", hyperv_host(registration={"vault": "migrate"}), None),
    ("switch-names", "hyperv_host", hyperv_host(switches=["LAN #1"]), None),
    ("cache", "hyperv_host", hyperv_host(volumes=[{"drive": "C", "free_gb": 1}]), None),
    ("backup", "hyperv_host", hyperv_host(agent={"backup_vault": "b"}), None),
    ("vmm-id", "vmm_server", vmm_server(), value(layout.VMM_SETUP_KEY, "VmmID", "")),
    ("cloud-hosts", "vmm_server", vmm_server(), None),
    ("capability", "vmm_server", vmm_server(vmm={"clouds": [{"name": "x", "capability_profiles": []}]}), None),
    ("vm-networks", "vmm_server", vmm_server(vmm={"networks": [{"name": "x"}]}), None),
    ("antivirus", "vmm_server", vmm_server(antivirus={}), None),
    ("hotfix", "hyperv_host", hyperv_host(os={"version": "6.3.9600"}), None),
    ("space", "hyperv_host", hyperv_host(volumes=[{"drive": "C", "free_gb": 0.5}]), None),
    ("agent-service", "hyperv_host", hyperv_host(agent={}), stopped(layout.AGENT_SERVICE)),
    ("agent-service", "hyperv_host", hyperv_host(agent={}), disabled(layout.AGENT_SERVICE)),
    ("powershell", "hyperv_host", hyperv_host(), value(layout.SHELL_KEY, "PowerShellVersion", "4.0")),
    (
        "data-encryption",
        "vmm_server",
        vmm_server(provider={}),
        all_of(registered(), value(layout.REGISTRATION_KEY, "EncryptionEnabled", "True")),
    ),
    ("vms", "hyperv_host", hyperv_host(vms=[{"name": "web_1"}]), None),
]


@pytest.mark.parametrize(("name", "kind", "entry", "prepare"), BROKEN)
def test_each_defect_is_found(
    harness: MakeHarness, name: str, kind: str, entry: dict[str, Any], prepare: Prepare | None
) -> None:
    assert statuses(read(harness(entry, prepare), kind))[name] in ("error", "warning")
    healthy = vmm_server(provider={}) if kind == "vmm_server" else hyperv_host(volumes=[{"drive": "C", "size_gb": 900}])
    assert set(statuses(read(harness(healthy), kind, vmm_clouds=["Gold"])).values()) == {"pass"}


@pytest.mark.parametrize(("kind", "entry"), [("vmm_server", vmm_server), ("hyperv_host", hyperv_host)])
def test_a_constrained_language_mode_is_one_clear_check(
    harness: MakeHarness, kind: str, entry: Callable[..., dict[str, Any]]
) -> None:
    found = harness(entry(language_mode="ConstrainedLanguage"))
    (check,) = read(found, kind, check_connectivity=True)["checks"]
    assert (check["id"], check["status"], check["severity"]) == ("language-mode", "fail", "error")
    assert "application control policy" in check["message"]
    assert "FullLanguage" in check["fix"]


def test_a_missing_root_is_named(harness: MakeHarness) -> None:
    entry = hyperv_host(missing_roots=["DF3C24F9BFD666761B268073FE06D1CC8D4F82A4"], root_updates=False)
    checks = {check["id"]: check for check in read(harness(entry), "hyperv_host")["checks"]}
    assert checks["trusted-roots"]["severity"] == "error"
    assert "DigiCert Global Root G2" in checks["trusted-roots"]["message"]


def test_the_first_files_of_a_pending_rename_are_named(harness: MakeHarness) -> None:
    files = [rf"C:\Defs\old{number}.tmp" for number in range(5)]
    checks = {check["id"]: check for check in read(harness(hyperv_host(pending_files=files)), "hyperv_host")["checks"]}
    assert r"pending_file_rename: C:\Defs\old0.tmp, C:\Defs\old1.tmp, C:\Defs\old2.tmp and 2 more)" in str(
        checks["restart"]["message"]
    )


def test_a_pending_rename_is_a_warning_where_nothing_is_to_be_installed(harness: MakeHarness) -> None:
    """A fleet that is set up goes on although an antivirus renames a file at the next start of one host."""
    found = harness(hyperv_host(agent={"version": "2.0.9260.0"}, pending_files=[r"C:\Defs\old.tmp"]))
    assert statuses(read(found, "hyperv_host", version="2.0.9260.0"))["restart"] == "warning"
    assert statuses(read(found, "hyperv_host", version="2.0.9938.0"))["restart"] == "error"


def test_settings_that_cannot_be_read_do_not_end_the_observation(harness: MakeHarness) -> None:
    found = harness(hyperv_host(agent={}), fault("read agent settings", times=9))
    result = read(found, "hyperv_host")
    assert statuses(result)["unread"] == "warning"
    assert result["host"]["agent"]["proxy"] is None
    assert "agent-proxy" not in statuses(result)
    with_proxy = statuses(read(found, "hyperv_host", proxy=custom(found)))
    assert with_proxy["agent-proxy"] == "error"


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("Win32_LogicalDisk", {"install-drive", "cache", "space"}),
        ("Win32_Process", set()),
        ("Msvm_VirtualEthernetSwitch", {"switch-names"}),
        ("Msvm_VirtualSystemSettingData", {"vms"}),
        ("MSCluster_Cluster", {"failover-cluster"}),
    ],
)
def test_a_class_that_cannot_be_read_decides_only_what_needs_it(
    harness: MakeHarness, name: str, unknown: set[str]
) -> None:
    entry = hyperv_host(vms=[{"name": "a"}], cluster={"name": "HVC01", "nodes": ["hv01", "hv02"]})
    healthy = statuses(read(harness(entry), "hyperv_host", install_path=r"C:\Agent"))
    result = read(harness(entry, fault(f"class {name}", times=9)), "hyperv_host", install_path=r"C:\Agent")
    checks = {check["id"]: check for check in result["checks"]}
    found = {id for id, check in checks.items() if check["status"] == "unknown" and check["severity"] != "info"}
    assert found == {*unknown, "unread"}
    assert f"{name} (Provider failure)" in checks["unread"]["message"]
    assert {id: each for id, each in statuses(result).items() if id not in {*unknown, "unread"}} == {
        id: each for id, each in healthy.items() if id not in unknown
    }


def test_the_mobility_service_is_not_a_provider(harness: MakeHarness) -> None:
    name = "Microsoft Azure Site Recovery Mobility Service/Master Target Server"
    found = harness(vmm_server(), value(layout.UNINSTALL_KEY + r"\{0}", "DisplayName", name))
    assert read(found)["host"]["provider"] is None


@pytest.mark.parametrize(("state", "left"), [("Running", []), (None, [KEY_PATH])])
def test_the_key_of_a_running_registration_is_not_orphaned(
    harness: MakeHarness, state: str | None, left: list[str]
) -> None:
    found = harness(SERVER, background_task("registration", script="register_vmm_server", state=state))
    found.machine.write_file(KEY_PATH, b"key")
    assert read(found)["host"]["registration"]["orphaned_key_files"] == left


def test_a_clock_with_a_skew(harness: MakeHarness) -> None:
    found = harness(hyperv_host())
    found.machine.clock_skew = found.machine.clock_skew.__class__(minutes=10)
    assert statuses(read(found, "hyperv_host"))["clock"] == "error"


@pytest.mark.parametrize(
    ("changed", "status"),
    [({}, "pass"), ({"password": "wrong"}, "error"), ({"address": "http://nowhere"}, "error")],
)
def test_connectivity_through_a_proxy(harness: MakeHarness, changed: dict[str, Any], status: str) -> None:
    found = harness(vmm_server(provider={}, egress="proxy"))
    result = read(found, proxy=custom(found, **changed), check_connectivity=True)
    assert {statuses(result)[name] for name in ("connectivity-sign-in", "connectivity-data")} == {status}
    assert found.sent("observe")["parameters"]["ConnectivityUrls"] == [SIGN_IN, AUTHORITY, DATA]
    assert PROXY_PASSWORD not in f"{result} {found.plain}"
    assert [secret["name"] for secret in found.sent("observe")["sensitive_parameters"]] == ["ProxyCredential"]


@pytest.mark.parametrize("proxy", [None, {"mode": "direct"}, {"mode": "system"}])
def test_connectivity_as_windows_connects(harness: MakeHarness, proxy: dict[str, Any] | None) -> None:
    found = harness(hyperv_host())
    assert statuses(read(found, "hyperv_host", proxy=proxy, check_connectivity=True))["connectivity-sign-in"] == "pass"
    assert not {"ProxyAddress", "ProxyPort"} & found.sent("observe")["parameters"].keys()


@pytest.mark.parametrize(
    ("changed", "option"),
    [
        ({"endpoints": ["http://x.test"]}, "endpoints"),
        ({"endpoints": ["x y"]}, "endpoints"),
        ({"storage_accounts": ["No"]}, "storage_accounts"),
        ({"vault_id": "x"}, "vault_id"),
        ({"vault_id": VAULT_ID.replace("RecoveryServices", "KeyVault")}, "vault_id"),
        ({"proxy": {"mode": "custom"}}, "proxy.address"),
        ({"name": " x"}, "name"),
        ({"version": "new"}, "version"),
        ({"install_path": "x"}, "install_path"),
        ({"cache_path": "x"}, "cache_path"),
        ({"cache_path": 'C:\\a"b'}, "cache_path"),
        ({"minimum_cache_gb": -1}, "minimum_cache_gb"),
        ({"name": "\u202evmm"}, "name"),
        *(({"staging_dir": folder}, "staging_dir") for folder in ("", " ", r"\\srv\share", "C:\\a\n", r"C:\CON")),
    ],
)
@pytest.mark.parametrize("kind", ["vmm_server", "hyperv_host"])
def test_invalid_options_send_nothing(harness: MakeHarness, kind: str, changed: dict[str, Any], option: str) -> None:
    found = harness(vmm_server())
    with pytest.raises(InvalidInput) as refused:
        read(found, kind, **changed)
    assert (refused.value.details["option"], found.executions) == (option, [])


def test_the_called_addresses(harness: MakeHarness) -> None:
    own = (
        ("AADAuthority", "https://login.windows.net/"),
        ("TelemetryServiceSVCEndpoint", "https://pod01-tel1.weu.backup.windowsazure.com"),
    )
    values = [value(layout.REGISTRATION_KEY, name, url) for name, url in own]
    found = harness(vmm_server(provider={}), all_of(registered(), *values))
    options: dict[str, Any] = {
        "endpoints": ["x.azure.com", "https://LOGIN.microsoftonline.us/"],
        "storage_accounts": ["stdr"],
    }
    result = read(found, check_connectivity=True, cloud_environment="AzureUSGovernment", **options)
    assert [(each["url"], each["registered"]) for each in result["host"]["connectivity"]] == [
        ("https://login.microsoftonline.us", False),
        ("https://backup.windowsazure.us", False),
        ("https://stdr.blob.core.usgovcloudapi.net", False),
        ("https://x.azure.com", False),
        ("https://login.windows.net/", True),
        ("https://pod01-srs1.weu.hypervrecoverymanager.windowsazure.com/", True),
        ("https://pod01-tel1.weu.backup.windowsazure.com", True),
    ]
    assert found.scripts == ["observe"]
    assert statuses(result)["connectivity-control-plane"] == "pass"


def test_a_clock_that_differs_from_the_remote_one(harness: MakeHarness) -> None:
    """The remote clock of these tests shows March 2026. It decides, not the clock of the controller."""
    result = read(harness(hyperv_host()), "hyperv_host", check_connectivity=True)
    (check,) = (check for check in result["checks"] if check["id"] == "clock")
    assert (check["severity"], check["status"]) == ("error", "fail")
    assert "ahead of the clock of login.microsoftonline.com" in check["message"]


# ---- what the plays need to know ----


def test_a_check_has_the_six_keys(harness: MakeHarness) -> None:
    result = read(harness(vmm_server()))
    assert {tuple(check) for check in result["checks"]} == {("id", "step", "severity", "status", "message", "fix")}


@pytest.mark.parametrize(
    ("entry", "changed", "name"),
    [
        (vmm_server(), {}, "vmm01.corp.lab.test"),
        (vmm_server(), {"name": "given"}, "given"),
        (vmm_server(vmm={"ha_name": "VMMROLE"}), {}, "VMMROLE"),
        (vmm_server(vmm={"ha_name": "VMMROLE"}), {"name": "given"}, "given"),
        (hyperv_host(), {}, "hv01.corp.lab.test"),
    ],
)
def test_the_name_in_the_vault(harness: MakeHarness, entry: dict[str, Any], changed: dict[str, Any], name: str) -> None:
    assert read(harness(entry), **changed)["server_name"] == name
    assert read(harness(entry), "hyperv_host", **changed)["server_name"] is None


def test_the_active_node(harness: MakeHarness) -> None:
    found = harness(cluster_node())
    assert read(found)["active_node"] is True
    assert found.machine.cluster is not None
    found.machine.cluster.owner = "vmm02"
    result = read(found)
    assert result["active_node"] is False
    assert statuses(result)["active-node"] == "pass"
    assert read(harness(vmm_server()))["active_node"] is True
    assert read(harness(hyperv_host()), "hyperv_host")["active_node"] is True


@pytest.mark.parametrize(
    ("names", "expected", "status"),
    [
        (["Gold"], ["Gold"], "pass"),
        (["GOLD"], ["GOLD"], "pass"),
        (["ALL"], ["Gold", "Größe L", "Empty"], None),
        (["Gold", "Tin"], ["Gold", "Tin"], "error"),
        (None, [], None),
    ],
)
def test_the_expected_clouds(
    harness: MakeHarness, names: list[str] | None, expected: list[str], status: str | None
) -> None:
    result = read(harness(vmm_server()), vmm_clouds=names)
    assert (result["expected_clouds"], statuses(result).get("cloud-unknown")) == (expected, status)


def test_severity_depends_on_what_is_due(harness: MakeHarness) -> None:
    found = harness(hyperv_host(agent={"version": "2.0.9260.0"}, pending_restart=["windows_update"]))
    assert statuses(read(found, "hyperv_host"))["restart"] == "warning"
    assert statuses(read(found, "hyperv_host", version="2.0.9917.0"))["restart"] == "error"
    assert found.scripts == ["observe"]


# ---- whether a host has anything to set up ----

DIRECT = {"mode": "direct", "address": None, "port": None, "username": None, "password": None, "bypass": None}
WANTED: dict[str, Any] = {"source": r"C:\MARSAgentInstaller.exe", "version": "2.0.9260.0", "proxy": DIRECT}
INSTALLED = hyperv_host(agent={"version": "2.0.9260.0"})


@pytest.mark.parametrize("proxy", [None, DIRECT])
def test_a_host_without_anything_to_do_has_the_evidence_of_the_setup(
    harness: MakeHarness, proxy: dict[str, Any] | None
) -> None:
    found = harness(INSTALLED)
    options = host_info_options("hyperv_host", **{**WANTED, "proxy": proxy})
    settled = read(found, "hyperv_host", **{**WANTED, "proxy": proxy})["settled"]
    assert found.scripts == ["observe"]
    session = Session(found.execute)
    full = {**options, "checksum": None, "wait_timeout": 60, "setup_logon": "s4u", "setup_password": None}
    resources = [mars_agent.build(full, session), *([mars_proxy.build(full, session)] if proxy else [])]
    outcomes = [converge(resource, check_mode=False) for resource in resources]
    assert settled == [line.to_result() for outcome in outcomes for line in outcome.evidence]
    assert [outcome.changed for outcome in outcomes] == [False] * len(outcomes)


MARK = (rf"HKLM\{layout.RESTART_KEY}", "paused_node", 1)


@pytest.mark.parametrize(
    ("entry", "prepare", "changed"),
    [
        (hyperv_host(), None, {}),
        (INSTALLED, None, {"source": None}),
        (INSTALLED, None, {"version": "2.0.9917.0"}),
        (INSTALLED, stopped(layout.AGENT_SERVICE), {}),
        (INSTALLED, None, {"upload_threads": 8}),
        (INSTALLED, None, {"proxy": {**DIRECT, "mode": "custom", "address": "http://proxy", "port": 8080}}),
        # A warning and a pending restart are results of the setup.
        (INSTALLED, None, {"minimum_cache_gb": 1}),
        (hyperv_host(agent={"version": "2.0.9260.0"}, pending_restart=["windows_update"]), None, {}),
        # An earlier run left its setup, or has paused the node.
        (INSTALLED, background_task("agent", script="install_agent", state=None), {}),
        (hyperv_host(agent={"version": "2.0.9260.0"}, cluster={}), value(*MARK), {}),
    ],
)
def test_a_host_with_anything_to_do_has_none(
    harness: MakeHarness, entry: dict[str, Any], prepare: Prepare | None, changed: dict[str, Any]
) -> None:
    found = harness(entry, prepare) if prepare else harness(entry)
    assert read(found, "hyperv_host", **{**WANTED, **changed})["settled"] is None


def test_a_vmm_server_has_none(harness: MakeHarness) -> None:
    assert read(harness(vmm_server()), **WANTED)["settled"] is None
