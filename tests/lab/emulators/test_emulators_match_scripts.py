# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script and its emulator do the same, for all known states and for generated ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.engines import emulators
from lab.engines.emulators.base import EmulatorResult
from lab.windows import layout
from lab.windows.agent import AgentProxy, AgentThrottle
from lab.windows.machine import Machine
from lab.windows.states import STAGING
from tests.lab.emulators.cases.calls import SECTIONS
from tests.lab.emulators.comparison import Comparison
from tests.lab.emulators.harness import Case
from tests.lab.emulators.table import CASES

pytestmark = [pytest.mark.needs("pwsh"), pytest.mark.xdist_group("warm-pwsh")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_known_state(comparison: Comparison, case: Case) -> None:
    assert comparison.differences(case) == []


def test_a_different_emulator_is_found(comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(case for case in CASES if case.script == "start_service")
    assert comparison.differences(case) == []
    monkeypatch.setitem(emulators.EMULATORS, "start_service", lambda *_: EmulatorResult({"status": "Other"}, False))
    assert comparison.differences(case) == [
        f"{case.name}: result.status: PowerShell has 'Running', the emulator has 'Other'"
    ]


def test_an_emulator_that_writes_elsewhere_is_found(comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(case for case in CASES if case.script == "start_service")
    honest = emulators.EMULATORS["start_service"]

    def secretly(machine: Machine, parameters: dict[str, Any], check_mode: bool) -> EmulatorResult:
        machine.set_value(layout.PROVIDER_KEY, "Version", "1")
        return honest(machine, parameters, check_mode)

    monkeypatch.setitem(emulators.EMULATORS, "start_service", secretly)
    parts = {line.split(": ")[1].split(".")[0] for line in comparison.differences(case)}
    assert parts == {"state", "journal"}


# ---- generated states ----

# Characters of registry values and names: with quotes and semicolons, without control characters.
_word = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12)
_word = _word.filter(lambda text: text.strip() == text)
_versions = st.tuples(*[st.integers(0, 9999)] * 4).map(lambda parts: ".".join(map(str, parts)))
_flag = st.integers(0, 1)
_group: st.SearchStrategy[dict[str, Any]] = st.deferred(
    lambda: st.fixed_dictionaries(
        {
            "name": _word.filter(lambda name: "\\" not in name),
            "hosts": st.lists(st.sampled_from(["hv1.x", "hv2.x", "hv3.x"]), unique=True),
        },
        optional={"children": st.lists(_group, max_size=2)},
    )
)


_state = st.sampled_from(["Up", "Down", "Paused"])
# The script reads it only for a highly available VMM.
_cluster = st.fixed_dictionaries(
    {
        "nodes": st.tuples(
            *(st.fixed_dictionaries({"name": st.just(name), "state": _state}) for name in ("vmm01", "n2"))
        ),
        "owner": st.sampled_from(["vmm01", "n2"]),
        "resource": _word,
        "state": st.sampled_from(["Online", "Offline", "Failed"]),
        "running": st.booleans(),
    }
)


@st.composite
def _vmm(draw: st.DrawFn) -> dict[str, Any]:
    groups = draw(st.lists(_group, max_size=3, unique_by=lambda group: group["name"].lower()))
    names = [group["name"] for group in groups]
    wanted = st.lists(st.sampled_from(names), unique=True) if names else st.just([])
    cloud = st.fixed_dictionaries({"name": _word, "host_groups": wanted, "published": st.booleans()})
    return {
        "version": draw(st.sampled_from(["3.2.9013.0", "4.0.2413.0", "10.19.2445.0"])),
        "host_groups": groups,
        "clouds": draw(st.lists(cloud, max_size=3, unique_by=lambda each: each["name"])),
        "ha_name": draw(st.none() | _word),
        "cluster": draw(st.none() | _cluster),
        "service_account": draw(st.sampled_from(["LocalSystem", "CORP\\svc-vmm"])),
        "running_jobs": draw(st.integers(0, 3)),
        "flag_supported": draw(st.booleans()),
        "running": draw(st.booleans()),
        "networks": draw(
            st.lists(st.fixed_dictionaries({"name": _word, "logical_network": st.none() | _word}), max_size=2)
        ),
    }


_common: dict[str, st.SearchStrategy[Any]] = {
    "pending_restart": st.lists(st.sampled_from(["pending_file_rename", "component_servicing", "windows_update"])),
    "dotnet_release": st.integers(0, 2**31 - 1),
    "domain_role": st.integers(0, 5),
    "visual_cpp": st.sampled_from(["", "v14.38.33135.00"]),
    "microsoft_update": st.booleans(),
    "administrator": st.booleans(),
    "system_proxy": st.none()
    | st.fixed_dictionaries({"server": _word, "bypass": st.lists(_word.filter(lambda text: ";" not in text))}),
    "tls": st.fixed_dictionaries({}, optional={"enabled": _flag, "disabled_by_default": _flag, "strong_crypto": _flag}),
    "os": st.fixed_dictionaries({"version": st.sampled_from(["6.3.9600", "10.0.17763"])}),
    "hotfixes": st.lists(_word, max_size=2),
    "antivirus": st.none() | st.fixed_dictionaries({"exclusions": st.lists(_word, unique_by=str.lower, max_size=2)}),
    "volumes": st.lists(
        st.fixed_dictionaries({"drive": st.sampled_from("CDE"), "free_gb": st.floats(0, 900)}),
        min_size=1,
        unique_by=lambda volume: volume["drive"],
    ).filter(lambda volumes: any(volume["drive"] == "C" for volume in volumes)),
}
_vmm_server = st.fixed_dictionaries(
    {"name": st.just("vmm01"), "kind": st.just("vmm_server"), "vmm": _vmm(), **_common},
    optional={"provider": st.fixed_dictionaries({"version": _versions})},
)
_guest = st.fixed_dictionaries(
    {"name": _word, "generation": st.integers(1, 2), "disks": st.integers(0, 3)},
    optional={
        "secure_boot": st.booleans(),
        "first_disk_gb": st.none() | st.integers(1, 5000),
        "shared_disks": st.integers(0, 3),
        "pass_through_disks": st.integers(0, 2),
    },
)
_agent = st.fixed_dictionaries({"version": _versions}, optional={"backup_vault": _word, "cache_path": _word})
_sometimes: dict[str, st.SearchStrategy[Any]] = {
    "vms": st.lists(_guest, max_size=3, unique_by=lambda guest: str(guest["name"])),
    "agent": _agent,
}
_host = st.fixed_dictionaries(
    {"name": st.just("hv01"), "kind": st.just("hyperv_host"), "switches": st.lists(_word, min_size=1), **_common},
    optional=_sometimes,
)
_places = [
    (root, name) for root in (layout.PROVIDER_KEY, layout.ADAPTER_KEY) for name in ("Registration", "ProxySettings")
]
_texts = ["ResourceName", "EncryptionEnabled", "SRSUri", "ProxyAddress", "ProxyUserName", "ProxyBypassUrls"]
_writes = st.lists(
    st.tuples(st.sampled_from(_places), st.sampled_from(_texts), st.just("") | _word)
    | st.tuples(st.sampled_from(_places), st.just("ProxyPort"), st.integers(0, 65535) | st.integers(0, 65535).map(str))
)
_proxies = st.builds(
    AgentProxy,
    enabled=st.booleans(),
    server=st.none() | _word,
    port=st.none() | st.integers(0, 65535),
    username=st.none() | _word,
    bypass=st.none() | _word,
)
_throttles = st.builds(
    AgentThrottle,
    enabled=st.booleans(),
    days=st.lists(st.integers(0, 6), unique=True),
    start=st.times().map(lambda time: time.strftime("%H:%M:%S")),
    end=st.times().map(lambda time: time.strftime("%H:%M:%S")),
    work=st.integers(0, 2**32 - 1),
    other=st.integers(0, 2**32 - 1),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    machine=_vmm_server | _host,
    writes=_writes,
    proxy=_proxies,
    throttle=_throttles,
    bypass=st.booleans(),
    check_mode=st.booleans(),
)
def test_generated_state(
    comparison: Comparison,
    *,
    machine: dict[str, Any],
    writes: list[tuple[tuple[str, str], str, str | int]],
    proxy: AgentProxy,
    throttle: AgentThrottle,
    bypass: bool,
    check_mode: bool,
) -> None:
    def prepare(made: Machine) -> None:
        for (root, key), name, data in writes:
            made.registry.set(f"{root}\\{key}", name, data)
        if made.agent is not None:
            made.agent.proxy, made.agent.bypass_supported = replace(proxy), bypass
            made.agent.throttle, made.agent.throttle_shown = replace(throttle), not bypass

    entry = {key: value for key, value in machine.items() if value is not None}
    if "agent" in entry and "cache_path" in entry["agent"]:
        entry["agent"] = {**entry["agent"], "cache_path": "C:\\" + entry["agent"]["cache_path"]}
    parameters = {"Sections": [*SECTIONS, "updates"], "StagingDir": STAGING}
    case = Case("generated", "observe", entry, parameters, prepare=prepare, check_mode=check_mode)
    assert comparison.differences(case) == []
