# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and judging a machine of the lab: one execution, and every check that can fail there fails once."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows.host_info import read_host
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import Session
from lab.windows import layout
from lab.windows.states import (
    Prepare,
    hyperv_host,
    registered,
    stopped,
    value,
    vmm_server,
)
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER
from tests.unit.plugins.model.keys import VAULT_ID
from tests.unit.plugins.plugin_utils.bench import Bench
from tests.unit.plugins.plugin_utils.conftest import MakeBench

SIGN_IN, DATA = "https://login.microsoftonline.com", "https://backup.windowsazure.com"


def read(found: Bench, kind: str = "vmm_server", **changed: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"kind": kind, "vault_id": VAULT_ID, "proxy": None, "cache_path": None}
    options |= {
        "minimum_cache_gb": 5,
        "check_connectivity": False,
        "cloud_environment": "AzureCloud",
        "storage_accounts": None,
    }
    options |= {"endpoints": None, "vmm_clouds": None, **changed}
    found.executions.clear()
    return read_host(options, Session(found.execute))


def verdicts(result: dict[str, Any]) -> dict[str, str]:
    return {check["id"]: check["verdict"] for check in result["checks"]}


def custom(found: Bench, **changed: Any) -> dict[str, Any]:
    login = {"username": PROXY_USER, "password": PROXY_PASSWORD}
    way = {"mode": "custom", "address": f"http://{PROXY_NAME}", "port": found.stage.world.proxy.port, "bypass": None}
    return {**way, **login, **changed}


@pytest.mark.parametrize(
    ("kind", "entry", "sections"),
    [
        ("vmm_server", vmm_server(provider={}), ["host", "vmm", "provider", "registration"]),
        ("hyperv_host", hyperv_host(agent={}), ["host", "agent", "hyperv"]),
        ("hyperv_host", vmm_server(), ["host", "hyperv"]),
        ("vmm_server", hyperv_host(), ["host", "registration"]),
    ],
)
def test_one_look(bench: MakeBench, kind: str, entry: dict[str, Any], sections: list[str]) -> None:
    found = bench(entry)
    before = found.machine.snapshot()
    result = read(found, kind)
    assert (found.scripts, found.machine.snapshot(), result["changed"]) == (["observe"], before, False)
    assert [name for name, section in result["host"].items() if section is not None] == sections


BROKEN: list[tuple[str, str, dict[str, Any], Prepare | None]] = [
    ("vmm", "vmm_server", hyperv_host(), None),
    ("vmm", "vmm_server", vmm_server(vmm={"version": "3.1.0.0"}), None),
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
    ("agent", "hyperv_host", hyperv_host(agent={}), stopped(layout.AGENT_SERVICE)),
    ("vms", "hyperv_host", hyperv_host(vms=[{"name": "web_1"}]), None),
]


@pytest.mark.parametrize(("name", "kind", "entry", "prepare"), BROKEN)
def test_what_is_broken_is_found(
    bench: MakeBench, name: str, kind: str, entry: dict[str, Any], prepare: Prepare | None
) -> None:
    assert verdicts(read(bench(entry, prepare), kind))[name] in ("fail", "warn")
    whole = vmm_server(provider={}) if kind == "vmm_server" else hyperv_host(volumes=[{"drive": "C", "size_gb": 900}])
    assert set(verdicts(read(bench(whole), kind, vmm_clouds=["Gold"])).values()) == {"pass"}


def test_a_clock_that_is_off(bench: MakeBench) -> None:
    found = bench(hyperv_host())
    found.machine.clock_skew = found.machine.clock_skew.__class__(minutes=10)
    assert verdicts(read(found, "hyperv_host"))["clock"] == "fail"


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [({}, "pass"), ({"password": "wrong"}, "fail"), ({"address": "http://nowhere"}, "fail")],
)
def test_the_way_out_through_a_proxy(bench: MakeBench, changed: dict[str, Any], verdict: str) -> None:
    found = bench(vmm_server(provider={}, egress="proxy"))
    result = read(found, proxy=custom(found, **changed), check_connectivity=True)
    assert {verdicts(result)[name] for name in ("reach-sign-in", "reach-data")} == {verdict}
    assert found.sent("observe")["parameters"]["ReachUrls"] == [SIGN_IN, DATA]
    assert PROXY_PASSWORD not in f"{result} {found.plain}"
    assert [secret["name"] for secret in found.sent("observe")["sensitive_parameters"]] == ["ProxyCredential"]


@pytest.mark.parametrize("proxy", [None, {"mode": "direct"}, {"mode": "system"}])
def test_the_way_out_of_windows_itself(bench: MakeBench, proxy: dict[str, Any] | None) -> None:
    found = bench(hyperv_host())
    assert verdicts(read(found, "hyperv_host", proxy=proxy, check_connectivity=True))["reach-sign-in"] == "pass"
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
    ],
)
def test_wrong_options_send_nothing(bench: MakeBench, changed: dict[str, Any], option: str) -> None:
    found = bench(vmm_server())
    with pytest.raises(InvalidInput) as refused:
        read(found, **changed)
    assert (refused.value.details["option"], found.executions) == (option, [])


def test_what_is_called_comes_from_cloud_accounts_wishes_and_the_registration(bench: MakeBench) -> None:
    found = bench(vmm_server(provider={}), registered())
    wishes: dict[str, Any] = {
        "endpoints": ["x.azure.com", "https://LOGIN.microsoftonline.us/"],
        "storage_accounts": ["stdr"],
    }
    result = read(found, check_connectivity=True, cloud_environment="AzureUSGovernment", **wishes)
    assert [(each["url"], each["registered"]) for each in result["host"]["reach"]] == [
        ("https://login.microsoftonline.us", False),
        ("https://backup.windowsazure.us", False),
        ("https://stdr.blob.core.usgovcloudapi.net", False),
        ("https://x.azure.com", False),
        ("https://pod01-srs1.weu.hypervrecoverymanager.windowsazure.com/", True),
    ]
    assert found.scripts == ["observe"]
    assert verdicts(result)["reach-control-plane"] == "pass"


def test_a_clock_that_is_off_the_far_ends(bench: MakeBench) -> None:
    """The far end of these tests lives in March 2026: its clock counts, and not the controller's."""
    result = read(bench(hyperv_host()), "hyperv_host", check_connectivity=True)
    (check,) = (check for check in result["checks"] if check["id"] == "clock")
    assert (check["verdict"], "ahead of login.microsoftonline.com's" in check["message"]) == ("fail", True)
