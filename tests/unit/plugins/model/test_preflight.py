# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness: every check passes, warns and fails in a state of its own (S1, S2, P1, P5, P6, P9, H1 to H3, H6)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.preflight import (
    FAIL,
    HYPERV_HOST,
    PASS,
    VMM_SERVER,
    WARN,
    Check,
    Expectation,
    checks,
    evidence,
    parse_vault_id,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.proxy import Proxy
from tests.unit.plugins.model import observations as seen
from tests.unit.plugins.model.keys import VAULT_ID

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
STOPPED = seen.vmm(service=seen.STOPPED, running_jobs=None, flag_supported=None, clouds=None)
SEES: dict[str, Any] = {"enabled": True, "server": "proxy:8080", "bypass": []}
EVERY = [
    seen.reach(),
    *map(
        seen.reach,
        ("backup.windowsazure.com", "a.blob.core.windows.net", "a.hypervrecoverymanager.windowsazure.com", "x.test"),
    ),
]
ESX = {"id": "esx", "fqdn": "esx.x", "platform": "VMwareESX"}
SCANS: dict[str, Any] = {"status": "Running", "exclusions": [r"C:\ProgramData\ASRLogs"]}
BLIND: dict[str, Any] = {"enabled": False, "server": None, "bypass": []}


def judged(kind: str, machine: MachineFacts, **changed: Any) -> tuple[Check, ...]:
    options: dict[str, Any] = {"vault_id": VAULT_ID, "proxy": None, "minimum_cache_gb": 5, **changed}
    vault, proxy = parse_vault_id(options["vault_id"]), Proxy.from_options(options["proxy"])
    return checks(
        machine,
        Expectation(
            kind, vault, proxy, options["minimum_cache_gb"], options.get("cache_path"), NOW, options.get("clouds", ())
        ),
    )


def one(found: tuple[Check, ...], name: str) -> Check:
    (check,) = (check for check in found if check.id == name)
    return check


def tls(**changed: int) -> dict[str, Any]:
    return {"tls": {**seen.host()["tls"], **changed}}


def drive(free_gb: float) -> dict[str, Any]:
    return {"volumes": [{"drive": "C:", "free_bytes": int(free_gb * 2**30), "size_bytes": 2**40}]}


def clock(seconds: int) -> dict[str, Any]:
    return {"utc_now": f"{NOW + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"}


# Both kinds: facts of the machine itself.
HOST: list[tuple[str, str, dict[str, Any]]] = [
    ("elevated", PASS, {}),
    ("elevated", FAIL, {"is_administrator": False}),
    ("os", PASS, {"os_version": "6.3.9600"}),
    ("os", FAIL, {"os_version": "6.2.9200"}),
    ("restart", PASS, {}),
    ("restart", FAIL, {"pending_restart": ["windows_update"]}),
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


@pytest.mark.parametrize(("kind", "step"), [(VMM_SERVER, "S2"), (HYPERV_HOST, "H2")])
@pytest.mark.parametrize(("name", "verdict", "host"), HOST)
def test_the_machine_itself(kind: str, step: str, name: str, verdict: str, host: dict[str, Any]) -> None:
    make = seen.vmm_server if kind == VMM_SERVER else seen.hyperv_host
    check = one(judged(kind, make(host=seen.host(**host))), name)
    assert (check.verdict, check.step) == (verdict, step)


VMM: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("vmm", "S1", PASS, {}, {}),
    *(
        ("vmm", "S1", PASS, {"vmm": seen.vmm(product_version=version)}, {})
        for version in ("3.2.7510.0", "4.0.1.0", "10.19.1.0", "10.22.1.0", "10.25.1.0")
    ),
    ("vmm", "S1", WARN, {"vmm": seen.vmm(product_version="10.30.1.0")}, {}),
    ("vmm", "S1", FAIL, {"vmm": seen.vmm(product_version="3.2.7509.9")}, {}),
    ("vmm", "S1", FAIL, {"vmm": seen.vmm(product_version=None)}, {}),
    ("vmm", "S1", FAIL, {"vmm": None}, {}),
    ("vmm-service", "S1", PASS, {}, {}),
    ("vmm-service", "S1", WARN, {"vmm": STOPPED}, {}),
    ("vmm-service", "S1", WARN, {"vmm": {**STOPPED, "service": None}}, {}),
    ("vmm-jobs", "P1", PASS, {}, {}),
    ("vmm-jobs", "P1", PASS, {"vmm": seen.vmm(running_jobs=1)}, {}),
    ("vmm-jobs", "P1", WARN, {"vmm": STOPPED}, {}),
    ("vmm-jobs", "P1", FAIL, {"vmm": seen.vmm(running_jobs=1), "provider": None}, {}),
    (
        "vmm-jobs",
        "P1",
        FAIL,
        {"vmm": seen.vmm(running_jobs=1), "provider": seen.provider(adapter_present=False)},
        {},
    ),
    ("provider", "P1", PASS, {"provider": None}, {}),
    ("provider", "P1", PASS, {"provider": seen.provider(version="5.1.8116.0")}, {}),
    ("provider", "P1", PASS, {"provider": seen.provider(version="6.0.1.0")}, {}),
    ("provider", "P1", WARN, {"provider": seen.provider(version="5.1.3400.0")}, {}),
    ("provider", "P1", WARN, {"provider": seen.provider(version="5.24.1025.12")}, {}),
    ("provider", "P1", WARN, {"provider": seen.provider(adapter_present=False)}, {}),
    ("cluster", "P1", FAIL, {"vmm": seen.vmm(ha_name="VMMROLE"), "provider": None}, {}),
    ("cluster", "P1", FAIL, {"vmm": seen.vmm(ha_name="VMMROLE")}, {}),
    ("cluster", "P1", WARN, {"vmm": seen.ha_vmm("vmm02")}, {}),
    ("cluster", "P1", PASS, {"vmm": seen.ha_vmm()}, {}),
    ("vmm-service", "S1", PASS, {"vmm": seen.elsewhere()}, {}),
    ("vmm-jobs", "P1", PASS, {"vmm": seen.elsewhere()}, {}),
    ("vault", "P5", PASS, {}, {}),
    ("vault", "P5", PASS, {"registration": seen.registration(vault_name="VAULT-asr")}, {}),
    ("vault", "P5", PASS, {"registration": seen.registration(vault_name="other")}, {"vault_id": None}),
    ("vault", "P5", FAIL, {"registration": seen.registration(vault_name="other")}, {}),
    ("proxy", "P6a", PASS, {}, {}),
    ("proxy", "P6a", PASS, {"host": seen.host(system_proxy=BLIND)}, {"proxy": {"mode": "direct"}}),
    ("proxy", "P6a", WARN, {"host": seen.host(system_proxy=SEES)}, {}),
    ("proxy", "P6b", PASS, {"host": seen.host(system_proxy=SEES)}, {"proxy": {"mode": "system"}}),
    ("proxy", "P6b", WARN, {"host": seen.host(system_proxy=BLIND)}, {"proxy": {"mode": "system"}}),
    ("proxy", "P6b", WARN, {}, {"proxy": {"mode": "system"}}),
    ("proxy", "P6c", PASS, {}, {"proxy": CUSTOM}),
    *(
        (f"reach-{purpose}", "P6d", verdict, {"reach": list(found)}, {})
        for purpose, verdict, found in (
            ("sign-in", PASS, [seen.reach(status=401)]),
            ("sign-in", FAIL, [seen.unreached()]),
            ("sign-in", WARN, [seen.reach("login.chinacloudapi.cn"), seen.unreached("login.microsoftonline.cn")]),
            ("data", PASS, [seen.reach("backup.windowsazure.us", status=503)]),
            ("data", FAIL, [seen.unreached("pod1.backup.windowsazure.com", "TrustFailure")]),
            ("control-plane", PASS, [seen.reach("x.weu.hypervrecoverymanager.windowsazure.com")]),
            ("control-plane", FAIL, [seen.unreached("a.siterecovery.windowsazure.com", "Deadline")]),
            ("storage", PASS, [seen.reach("a.blob.core.windows.net", status=400)]),
            ("storage", WARN, [seen.unreached("a.blob.core.windows.net", "NameResolutionFailure")]),
            ("storage", WARN, [seen.unreached("a.blob.core.windows.net", "", status=502, from_proxy=True)]),
            ("storage", FAIL, [seen.unreached("a.blob.core.windows.net", "", status=407, from_proxy=True)]),
            ("storage", FAIL, [seen.unreached("a.blob.core.chinacloudapi.cn", "SendFailure")]),
            ("endpoint", PASS, [seen.reach("x.test")]),
            ("endpoint", FAIL, [seen.reach("x.test"), seen.unreached("y.test")]),
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
    ("cloud-flag", "P9", FAIL, {"vmm": seen.vmm(flag_supported=False)}, {}),
    ("cloud-flag", "P9", FAIL, {"vmm": seen.vmm(clouds=[seen.cloud("Gold", published=None)])}, {}),
]


@pytest.mark.parametrize(("name", "step", "verdict", "sections", "changed"), VMM)
def test_vmm_server(name: str, step: str, verdict: str, sections: dict[str, Any], changed: dict[str, Any]) -> None:
    check = one(judged(VMM_SERVER, seen.vmm_server(**sections), **changed), name)
    assert (check.verdict, check.step) == (verdict, step)


HYPERV: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("hyperv", "H1", PASS, {}, {}),
    ("hyperv", "H1", FAIL, {"hyperv": seen.hyperv(service=seen.STOPPED, switch_names=None)}, {}),
    ("hyperv", "H1", FAIL, {"hyperv": seen.hyperv(service=None, switch_names=None)}, {}),
    ("switch-names", "H2", PASS, {}, {}),
    ("switch-names", "H2", PASS, {"hyperv": seen.hyperv(switch_names=[])}, {}),
    ("switch-names", "H2", WARN, {"hyperv": seen.hyperv(service=seen.STOPPED, switch_names=None)}, {}),
    ("switch-names", "H2", FAIL, {"hyperv": seen.hyperv(switch_names=["a", "LAN #1"])}, {}),
    ("cache", "H3", PASS, {"host": seen.host(**drive(600))}, {}),
    ("cache", "H3", WARN, {"host": seen.host(**drive(599.9))}, {}),
    ("cache", "H3", WARN, {"host": seen.host(**drive(5))}, {}),
    ("cache", "H3", FAIL, {"host": seen.host(**drive(4.9))}, {}),
    ("cache", "H3", WARN, {"host": seen.host(**drive(4.9))}, {"minimum_cache_gb": 4}),
    ("cache", "H3", WARN, {"host": seen.host(**drive(1)), "agent": seen.agent()}, {}),
    ("cache", "H3", WARN, {"agent": seen.agent(cache_path=r"X:\Cache")}, {}),
    ("cache", "H3", WARN, {}, {"cache_path": r"X:\Cache"}),
    ("cache", "H3", PASS, {"agent": seen.agent()}, {"cache_path": r"X:\Cache"}),
    ("cache", "H3", PASS, {"agent": seen.agent(cache_path=None)}, {}),
    ("backup", "H1", PASS, {}, {}),
    ("backup", "H1", PASS, {"agent": seen.agent()}, {}),
    ("backup", "H1", FAIL, {"agent": seen.agent(backup_registered=True)}, {}),
    ("vms", "H2", PASS, {}, {}),
    ("vms", "H2", PASS, {"hyperv": seen.hyperv(vms=[seen.guest(generation=1, secure_boot=None, disks=16)])}, {}),
    ("vms", "H2", WARN, {"hyperv": seen.hyperv(service=seen.STOPPED, switch_names=None, vms=None)}, {}),
    *(
        ("vms", "H2", WARN, {"hyperv": seen.hyperv(vms=[seen.guest(), seen.guest(**changed)])}, {})
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
    ("hotfix", "H2", PASS, {"host": seen.host(hotfixes=["KB1", "kb2961977"])}, {}),
    ("hotfix", "H2", WARN, {"host": seen.host(hotfixes=[])}, {}),
    ("agent", "H4", PASS, {"agent": seen.agent()}, {}),
    ("agent", "H4", WARN, {"agent": seen.agent(service=seen.STOPPED)}, {}),
    ("agent", "H4", WARN, {"agent": seen.agent(version="2.0.9213.9")}, {}),
    ("antivirus", "H2", WARN, {"host": seen.host(antivirus=SCANS), "agent": seen.agent()}, {}),
    ("reach-sign-in", "H6", PASS, {"reach": [seen.reach()]}, {}),
    ("reach-sign-in", "H6", FAIL, {"reach": [seen.unreached()]}, {}),
]


@pytest.mark.parametrize(("name", "step", "verdict", "sections", "changed"), HYPERV)
def test_hyperv_host(name: str, step: str, verdict: str, sections: dict[str, Any], changed: dict[str, Any]) -> None:
    check = one(judged(HYPERV_HOST, seen.hyperv_host(**sections), **changed), name)
    assert (check.verdict, check.step) == (verdict, step)


def test_every_check_has_a_state_for_each_verdict_it_can_give() -> None:
    """A check without a failing or a passing row would prove nothing."""
    rows = {(name, verdict) for name, verdict, _ in HOST} | {(row[0], row[2]) for row in (*VMM, *HYPERV)}
    names = {name for name, _ in rows}
    whole = {
        *judged(VMM_SERVER, seen.vmm_server(reach=EVERY)),
        *judged(HYPERV_HOST, seen.hyperv_host(reach=EVERY, agent=seen.agent())),
    }
    # These two appear only where they are no good news.
    assert names == {check.id for check in whole} | {"domain-controller", "cluster"} | {"hotfix", "antivirus"}
    assert {name for name in names if (name, PASS) not in rows} == {"domain-controller"}
    assert {name for name in names if {(name, WARN), (name, FAIL)}.isdisjoint(rows)} == set()


def test_a_healthy_machine_passes_everything() -> None:
    for found in (
        judged(VMM_SERVER, seen.vmm_server(reach=EVERY)),
        judged(HYPERV_HOST, seen.hyperv_host(reach=EVERY)),
    ):
        assert {check.verdict for check in found} == {PASS}
        assert {entry.verified for entry in evidence(found)} == {"ready"}


@pytest.mark.parametrize(
    ("kind", "sections", "changed", "name", "message"),
    [
        ("vmm_server", {"vmm": None}, {}, "vmm", "this machine runs no VMM server; a console alone is not enough"),
        (
            "vmm_server",
            {"vmm": {**STOPPED, "service": None}},
            {},
            "vmm-service",
            "the VMM service is missing: clouds and jobs can't be checked",
        ),
        (
            "vmm_server",
            {"vmm": seen.vmm(running_jobs=1), "provider": None},
            {},
            "vmm-jobs",
            "VMM runs 1 job, and setup of the Provider stops its service; wait for the end",
        ),
        (
            "vmm_server",
            {"registration": seen.registration(vault_name="other")},
            {},
            "vault",
            "the server is registered in vault other, asked for was vault-asr: unregister it there first, or give that"
            " vault",
        ),
        ("vmm_server", {}, {"proxy": CUSTOM}, "proxy", "custom proxy http://proxy:8080"),
        (
            "vmm_server",
            {},
            {"proxy": {"mode": "system"}},
            "proxy",
            "which proxy the service's account sees is not known (not verified on a real server)",
        ),
        (
            "vmm_server",
            {
                "reach": [
                    seen.unreached(name, "ProtocolError", status=407, from_proxy=True, via="http://proxy:8080")
                    for name in ("x.test", "y.test")
                ]
            },
            {},
            "reach-endpoint",
            "the proxy http://proxy:8080 refuses the login (407): correct proxy.username and proxy.password",
        ),
        (
            "hyperv_host",
            {"reach": [seen.unreached("a.blob.core.windows.net", "HostNotFound")]},
            {},
            "reach-storage",
            "a.blob.core.windows.net does not resolve on this machine: correct its DNS, or give a proxy (an account"
            " that does not exist yet has no name)",
        ),
        (
            "hyperv_host",
            {"host": seen.host(dotnet_release=None)},
            {},
            "dotnet",
            ".NET Framework is older than 4.6.2 (release unknown); install 4.8",
        ),
        (
            "hyperv_host",
            {"host": seen.host(**clock(4000))},
            {},
            "clock",
            "the clock is 4000 s ahead of the controller's, 300 s are allowed; synchronize it",
        ),
    ],
)
def test_messages(kind: str, sections: dict[str, Any], changed: dict[str, Any], name: str, message: str) -> None:
    make = seen.vmm_server if kind == VMM_SERVER else seen.hyperv_host
    assert one(judged(kind, make(**sections), **changed), name).message == message


def test_evidence_tells_what_is_wrong_and_counts_the_rest() -> None:
    machine = seen.hyperv_host(host=seen.host(is_administrator=False, dotnet_release=400000))
    lines = {entry.step: entry for entry in evidence(judged(HYPERV_HOST, machine))}
    assert lines["H2"].found == (
        r"CORP\asr-admin is no elevated administrator; connect as one; .NET Framework is older than 4.8 (release"
        " 400000), which current agents want; 6 checks passed"
    )
    assert [(step, entry.verified) for step, entry in lines.items()] == [
        ("H1", "ready"),
        ("H2", "not ready"),
        ("H3", "ready"),
    ]
    assert {entry.done for entry in lines.values()} == {"nothing to do"}


@pytest.mark.parametrize(
    ("given", "found", "verified"),
    [
        ([PASS], "m0", "ready"),
        ([PASS, PASS], "2 checks passed", "ready"),
        ([PASS, WARN], "m1; 1 check passed", "ready, with a warning"),
        ([WARN, FAIL], "m0; m1", "not ready"),
    ],
)
def test_one_line_of_evidence(given: list[str], found: str, verified: str) -> None:
    (entry,) = evidence([Check(f"c{index}", "S1", verdict, f"m{index}") for index, verdict in enumerate(given)])
    assert (entry.found, entry.verified) == (found, verified)


def test_a_vault_is_optional_but_checked() -> None:
    assert parse_vault_id(None) is None
    with pytest.raises(InvalidInput, match="vault_id: is not a resource id"):
        parse_vault_id("vault-asr")
