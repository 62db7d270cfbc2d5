# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight: every check passes, warns and fails in its own state (S1, S2, P1 to P9, H1 to H6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.names import parse_vault_id
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.expectation import (
    HYPERV_HOST,
    VMM_SERVER,
    Expectation,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.operations import (
    CHANGES,
    preflight_host_operations,
    preflight_vmm_operations,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.preflight import (
    checks,
    evidence,
    expected_clouds,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.proxy import Proxy
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.requirements import REQUIREMENTS
from tests.unit.plugins.module_utils.model.windows import observations as seen
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID
from tests.unit.plugins.module_utils.model.windows.preflight_rows import (
    CUSTOM,
    EVERY,
    FAIL,
    HOST,
    HYPERV,
    NOW,
    OWN,
    PASS,
    STOPPED,
    VMM,
    WARN,
    clock,
    drive,
)


def preflight(kind: str, machine: MachineFacts, **changed: Any) -> tuple[Check, ...]:
    """Evaluate all checks of a machine against the expectation of a whole run."""
    return checks(kind, machine, expectation(**changed), NOW)


def expectation(**changed: Any) -> Expectation:
    changed = {"vault": parse_vault_id("vault_id", VAULT_ID), **changed}
    changed["proxy"] = Proxy.from_options(changed.get("proxy"))
    return Expectation(**{"planned": True, "azure_open": True, **changed})


def one(found: tuple[Check, ...], name: str) -> Check:
    (check,) = (check for check in found if check.id == name)
    return check


def fresh(kind: str, **sections: Any) -> MachineFacts:
    """Return a machine on which setup is due."""
    return seen.vmm_server(provider=None, **sections) if kind == VMM_SERVER else seen.hyperv_host(**sections)


@pytest.mark.parametrize(("kind", "step"), [(VMM_SERVER, "S2"), (HYPERV_HOST, "H2")])
@pytest.mark.parametrize(("name", "status", "host"), HOST)
def test_windows_itself(kind: str, step: str, name: str, status: str, host: dict[str, Any]) -> None:
    check = one(preflight(kind, fresh(kind, host=seen.host(**host))), name)
    assert (check.overall, check.step) == (status, step)


@pytest.mark.parametrize(("name", "step", "status", "sections", "changed"), VMM)
def test_vmm_server(name: str, step: str, status: str, sections: dict[str, Any], changed: dict[str, Any]) -> None:
    check = one(preflight(VMM_SERVER, seen.vmm_server(**sections), **changed), name)
    assert (check.overall, check.step) == (status, step)


@pytest.mark.parametrize(("name", "step", "status", "sections", "changed"), HYPERV)
def test_hyperv_host(name: str, step: str, status: str, sections: dict[str, Any], changed: dict[str, Any]) -> None:
    check = one(preflight(HYPERV_HOST, seen.hyperv_host(**sections), **changed), name)
    assert (check.overall, check.step) == (status, step)


#: Checks that fail although nothing is due: this machine cannot meet the request, or does not show what is due.
REQUEST_REFUSED = {"vault", "backup", "agent-folder", "provider-folder", "cloud-flag", "cloud-unknown"}
NOT_KNOWN = {"language-mode", "vmm", "vmm-answers"}


def settled_states() -> Iterator[tuple[str, str, MachineFacts, dict[str, Any]]]:
    """Yield the failing rows as machines on which everything is set up: id, kind, machine and options."""
    done: dict[str, dict[str, Any]] = {VMM_SERVER: OWN, HYPERV_HOST: {"agent": seen.agent()}}
    failing = [(name, host) for name, status, host in HOST if status == FAIL]
    rows: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        (kind, name, {"host": seen.host(**host)}, {}) for kind in done for name, host in failing
    ]
    for kind, table in ((VMM_SERVER, VMM), (HYPERV_HOST, HYPERV)):
        rows += [(kind, name, sections, changed) for name, _step, status, sections, changed in table if status == FAIL]
    for kind, name, sections, changed in rows:
        make = seen.vmm_server if kind == VMM_SERVER else seen.hyperv_host
        yield name, kind, make(**{**done[kind], **sections}), changed


def test_a_check_fails_only_where_something_is_due() -> None:
    looked_at, failed = set(), set()
    for name, kind, machine, changed in settled_states():
        due = preflight_vmm_operations if kind == VMM_SERVER else preflight_host_operations
        if not due(machine, expectation(**changed)) & CHANGES:
            looked_at.add(name)
            failed |= {check.id for check in preflight(kind, machine, **changed) if check.blocks}
    assert looked_at >= {
        "clock",
        "tls",
        "space",
        "hyperv",
        "switch-names",
        "vmm-version",
        "vmm-id",
        "connectivity-data",
    }
    assert failed == REQUEST_REFUSED | NOT_KNOWN


def test_a_cloud_to_publish_needs_the_clock() -> None:
    """The vault proves a cloud that VMM sends, which needs the addresses and the clock as a registration does."""
    for published, status in ((True, WARN), (False, FAIL)):
        vmm = seen.vmm(clouds=[seen.cloud("Gold", published=published)])
        machine = seen.vmm_server(**OWN, host=seen.host(**clock(301)), vmm=vmm, connectivity=[seen.failed_call()])
        found = preflight(VMM_SERVER, machine, clouds=("gold",))
        assert {one(found, name).overall for name in ("clock", "connectivity-sign-in")} == {status}


#: The checks that can only warn, and those that never do more than inform.
NEVER_PASSED = {"domain-controller", "unread", "cloud-flag-hidden"}
NEVER_FAILED = {"visual-cpp", "active-node"}
#: Only the consent of provider_registration makes it due.
NOT_IN_THE_PREFLIGHT = {"stale-registration"}


def test_every_check_has_rows_for_success_and_failure() -> None:
    """A check without a passing or a failing row would prove nothing."""
    rows = {(name, status) for name, status, _ in HOST} | {(row[0], row[2]) for row in (*VMM, *HYPERV)}
    ids = {row.id for table in REQUIREMENTS.values() for row in table} - NOT_IN_THE_PREFLIGHT
    purposes = ("sign-in", "data", "control-plane", "storage", "endpoint")
    assert {name for name, _ in rows} == ids | {f"connectivity-{purpose}" for purpose in purposes}
    assert {name for name, _ in rows if (name, PASS) not in rows} == NEVER_PASSED
    assert {name for name, _ in rows if {(name, WARN), (name, FAIL)}.isdisjoint(rows)} == NEVER_FAILED


@pytest.mark.parametrize(("kind", "machine"), [(VMM_SERVER, seen.vmm_server), (HYPERV_HOST, seen.hyperv_host)])
def test_a_healthy_machine_passes_everything(kind: str, machine: Callable[..., MachineFacts]) -> None:
    found = preflight(kind, machine(connectivity=EVERY))
    assert {check.status for check in found} == {PASS}
    assert {entry.verified for entry in evidence(found)} == {"ready"}
    assert {row.id for row in REQUIREMENTS[kind]} >= {check.id for check in found if "connectivity" not in check.id}


def test_checks_are_in_the_order_of_the_steps() -> None:
    steps = list(dict.fromkeys(check.step for check in preflight(VMM_SERVER, seen.vmm_server(connectivity=EVERY))))
    assert steps == ["S1", "S2", "P1", "P5", "P6a", "P6d", "P7", "P9"]


@pytest.mark.parametrize(
    ("sections", "status", "severity"),
    [({"vmm": seen.ha_vmm()}, "pass", "info"), ({"vmm": seen.elsewhere()}, "fail", "info")],
)
def test_a_node_without_the_role_is_for_information(sections: dict[str, Any], status: str, severity: str) -> None:
    check = one(preflight(VMM_SERVER, seen.vmm_server(**sections)), "active-node")
    assert (check.status, check.severity) == (status, severity)


@pytest.mark.parametrize(
    ("clouds", "names", "expected"),
    [
        (["Gold", "Silver"], ("all",), ["Gold", "Silver"]),
        (["Gold", "Silver"], ("ALL",), ["Gold", "Silver"]),
        (["Gold", "Silver"], ("gold",), ["gold"]),
        (["Gold", "Silver"], (), []),
        (None, ("all",), []),
        (None, ("Gold",), ["Gold"]),
    ],
)
def test_expected_clouds(clouds: list[str] | None, names: tuple[str, ...], expected: list[str]) -> None:
    known = None if clouds is None else [seen.cloud(name) for name in clouds]
    assert expected_clouds(seen.vmm_server(vmm=seen.vmm(clouds=known)), names) == expected
    assert expected_clouds(seen.vmm_server(vmm=None), ("all",)) == []


@pytest.mark.parametrize(
    ("kind", "sections", "changed", "name", "line"),
    [
        (
            "vmm_server",
            {"vmm": None},
            {},
            "vmm",
            "this machine is not a VMM server; use the VMM server itself; its console is not enough",
        ),
        (
            "vmm_server",
            {"vmm": {**STOPPED, "service": None}},
            {},
            "vmm-service",
            "the VMM service (SCVMMService) is missing, so clouds and jobs cannot be read; start it",
        ),
        (
            "vmm_server",
            {"vmm": seen.vmm(running_jobs=seen.jobs(1)), "provider": None},
            {},
            "vmm-jobs",
            "1 VMM job is running: 'Create virtual machine' (LAB\\anna, 35 %, for 12 min), which a stop of the VMM"
            " service would interrupt; the run waits for their end before it stops the service",
        ),
        (
            "vmm_server",
            {"registration": seen.registration(vault_name="other")},
            {},
            "vault",
            "the server is registered in vault other, not in vault-asr; a VMM server belongs to one vault; unregister"
            " it from other first, or use that vault",
        ),
        ("vmm_server", {}, {"proxy": CUSTOM}, "proxy", "requested: proxy http://proxy:8080"),
        (
            "vmm_server",
            {},
            {"proxy": {"mode": "system"}},
            "proxy",
            "the proxy settings of the service account are unknown (not verified on a live system); check the proxy"
            " settings of that account",
        ),
        (
            "vmm_server",
            {
                "connectivity": [
                    seen.failed_call(name, "ProtocolError", status=407, from_proxy=True, via="http://proxy:8080")
                    for name in ("x.test", "y.test")
                ]
            },
            {},
            "connectivity-endpoint",
            "the proxy http://proxy:8080 rejects the login (407); correct proxy.username and proxy.password",
        ),
        (
            "hyperv_host",
            {"connectivity": [seen.failed_call("a.blob.core.windows.net", "HostNotFound")]},
            {},
            "connectivity-storage",
            "a.blob.core.windows.net does not resolve on this machine (a storage account that does not exist yet has"
            " no DNS name); correct the DNS settings, or set proxy",
        ),
        (
            "hyperv_host",
            {"host": seen.host(dotnet_release=None)},
            {},
            "dotnet",
            ".NET Framework is missing or older than 4.6.2 (release unknown); install .NET Framework 4.8",
        ),
        (
            "hyperv_host",
            {"host": seen.host(**clock(4000))},
            {},
            "clock",
            "the clock is 4000 s ahead of the clock of the controller (300 s are allowed); synchronize it",
        ),
        (
            "hyperv_host",
            {"host": seen.host(**drive(80))},
            {},
            "cache",
            "80 GB are free on C: (the setup guide recommends 600 GB for the cache)",
        ),
        (
            "vmm_server",
            {},
            {"clouds": ("Gold", "Tin", "Zinc")},
            "cloud-unknown",
            "VMM does not have the clouds Tin, Zinc; its clouds are Gold, Silver; correct vmm_clouds, for each"
            " server if their clouds differ",
        ),
    ],
)
def test_messages(kind: str, sections: dict[str, Any], changed: dict[str, Any], name: str, line: str) -> None:
    make = seen.vmm_server if kind == VMM_SERVER else seen.hyperv_host
    assert one(preflight(kind, make(**sections), **changed), name).describe() == line


def test_evidence_names_failures_and_counts_the_rest() -> None:
    machine = seen.hyperv_host(host=seen.host(is_administrator=False, dotnet_release=400000))
    lines = {entry.step: entry for entry in evidence(preflight(HYPERV_HOST, machine))}
    assert lines["H2"].found == (
        r"CORP\asr-admin is not an elevated administrator on VMM01; connect as a local administrator;"
        r" .NET Framework is older"
        " than 4.8 (release 400000), which current agents require; install .NET Framework 4.8; 10 checks passed"
    )
    assert [(step, entry.verified) for step, entry in lines.items()] == [
        ("H1", "ready"),
        ("H2", "not ready"),
        ("H3", "ready"),
        ("H4", "ready"),
    ]
    assert {entry.done for entry in lines.values()} == {"checked"}


FORMS = {
    PASS: Check.passed("a", "S1", "good"),
    WARN: Check.warning("b", "S1", "bad", "fix it"),
    FAIL: Check.failed("c", "S1", "worse"),
    "unknown": Check.unknown("d", "S1", "unclear"),
    "info": Check("e", "S1", "info", "fail", "noted"),
}


@pytest.mark.parametrize(
    ("given", "found", "verified"),
    [
        ([PASS], "good", "ready"),
        ([PASS, PASS], "2 checks passed", "ready"),
        ([PASS, "info"], "2 checks passed", "ready"),
        ([PASS, WARN], "bad; fix it; 1 check passed", "ready, with a warning"),
        (["unknown"], "unclear", "ready, with a warning"),
        ([WARN, FAIL], "bad; fix it; worse", "not ready"),
    ],
)
def test_one_line_of_evidence(given: list[str], found: str, verified: str) -> None:
    (entry,) = evidence([FORMS[status] for status in given])
    assert (entry.found, entry.verified) == (found, verified)


def test_a_name_that_azure_does_not_accept_is_no_obstacle() -> None:
    """The name in Azure is chosen at the protection, so such a machine can be protected."""
    machines = [seen.virtual_machine(name="web server 1"), seen.virtual_machine(secure_boot=True)]
    check = one(preflight(HYPERV_HOST, seen.hyperv_host(hyperv=seen.hyperv(vms=machines))), "vms")
    assert check.message == (
        "virtual machines that cannot be protected as they are: secure boot is enabled: web-1; virtual machines that"
        " need another name in Azure, 1 to 63 letters, digits and hyphens: web server 1"
    )


@pytest.mark.parametrize(
    ("name", "machine", "changed", "message"),
    [
        (
            "agent-upgrade",
            seen.hyperv_host(agent=seen.agent(version="2.0.9249.0")),
            {"version": "2.0.9260.0"},
            "agent 2.0.9249.0 can be upgraded directly to 2.0.9260.0",
        ),
        (
            "agent-upgrade",
            seen.hyperv_host(agent=seen.agent(version="2.0.9260.0")),
            {"version": "2.0.9249.0"},
            "agent 2.0.9260.0 needs no upgrade",
        ),
        ("vms", seen.hyperv_host(hyperv=seen.hyperv(vms=[])), {}, "the host has no virtual machines"),
        ("vms", seen.hyperv_host(), {}, "the support matrix covers the virtual machine"),
        ("clock", seen.hyperv_host(), {}, "the clock differs from the clock of the controller by 300 s or less"),
    ],
)
def test_a_passed_check_says_what_was_found(
    name: str, machine: MachineFacts, changed: dict[str, Any], message: str
) -> None:
    assert one(preflight(HYPERV_HOST, machine, **changed), name).describe() == message
