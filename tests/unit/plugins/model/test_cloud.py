# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMM clouds: which are to send their metadata (P9)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import vmm_cloud as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import Cloud, CloudHost, VmmFacts
from tests.unit.plugins.model import observations as seen

CLOUDS = (Cloud("1", "Gold", True), Cloud("2", "Silver", False), Cloud("3", "Größe L", False))


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["all"], ["2", "3"]),
        (["Gold"], []),
        (["silver", "gold"], ["2"]),
        (["SILVER", "silver"], ["2"]),
        (["Größe l", "Silver"], ["3", "2"]),
    ],
)
def test_plan(names: list[str], ids: list[str]) -> None:
    plan = model.plan_clouds(CLOUDS, names)
    assert [(change.path, change.before, change.after) for change in plan.changes] == [(id, False, True) for id in ids]


def test_reason_names_the_cloud() -> None:
    assert model.plan_clouds(CLOUDS, ["Silver"]).describe() == "send metadata of cloud Silver to the vault"


@pytest.mark.parametrize(("names", "ids"), [(["gold"], ["1"]), (["Silver"], []), (["Gold", "Silver"], ["1"])])
def test_plan_to_withdraw(names: list[str], ids: list[str]) -> None:
    plan = model.plan_clouds(CLOUDS, names, publish=False)
    assert [(change.path, change.before, change.after) for change in plan.changes] == [(id, True, False) for id in ids]


def test_all_clouds_are_not_withdrawn_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        model.require_names_to_withdraw(["all"])
    assert refused.value.message == (
        "vmm_clouds: 'all' is not taken away at once; name the clouds, or give state present"
    )


@pytest.mark.parametrize("publish", [True, False])
def test_a_name_of_two_clouds_is_refused_unless_all_are_meant(publish: bool) -> None:
    twins = (*CLOUDS, Cloud("4", "GOLD", False))
    with pytest.raises(Refused) as refused:
        model.plan_clouds(twins, ["Silver", "gold"], publish=publish)
    assert refused.value.message == (
        "clouds: VMM has more than one cloud named gold; rename them in VMM, so that a name says which is meant"
    )
    assert [change.path for change in model.plan_clouds(twins, ["all"]).changes] == ["2", "3", "4"]
    assert model.plan_clouds(twins, ["Silver"]).changed


HYPER_V = CloudHost("h", "hv01.test", "HyperV")


@pytest.mark.parametrize(
    ("cloud", "lines"),
    [
        (Cloud("1", "A", True, (HYPER_V,), ("Hyper-V", "Own")), []),
        (Cloud("1", "A", True, (HYPER_V,), None), []),
        (
            Cloud("1", "A", True, (CloudHost("e", "esx.test", "VMwareESX"),), ("ESX Server",)),
            [
                "cloud A has no Hyper-V host, so no machine of it can be protected; give it a host group",
                "cloud A has no capability profile Hyper-V (it has ESX Server); add it, unless one of its own is for"
                " Hyper-V",
            ],
        ),
        (
            Cloud("1", "A", True, (HYPER_V,), ()),
            ["cloud A has no capability profile Hyper-V (it has none); add it, unless one of its own is for Hyper-V"],
        ),
    ],
)
def test_what_keeps_machines_from_being_protected_is_warned_of(cloud: Cloud, lines: list[str]) -> None:
    assert list(model.warnings([cloud])) == lines


def test_no_cloud_at_all() -> None:
    assert not model.plan_clouds((), ["all"]).changed


@pytest.mark.parametrize(
    ("clouds", "names", "line"),
    [
        (
            CLOUDS,
            ["Silver", "Bronze", "Tin"],
            "clouds: VMM has no cloud named Bronze, Tin; it has: Gold, Größe L, Silver; correct the names",
        ),
        ((), ["Gold"], "clouds: VMM has no cloud named Gold; it has: none; correct the names"),
    ],
)
def test_one_unknown_name_stops_all(clouds: tuple[Cloud, ...], names: list[str], line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_clouds(clouds, names)
    assert refused.value.message == line


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ([], "vmm_clouds: is empty; name the clouds to synchronize, or give 'all'"),
        (["all", "Gold"], "vmm_clouds: 'all' stands with other names; give 'all' alone, or only names"),
    ],
)
def test_wrong_names_are_refused_in_one_line(names: list[str], line: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        model.require_cloud_names(names)
    assert refused.value.message == line


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (
            {"service": seen.STOPPED, "clouds": None, "flag_supported": None},
            "VMM's clouds can't be read: service SCVMMService is Stopped; start it, then run again",
        ),
        (
            {"service": None, "clouds": None, "flag_supported": None},
            "VMM's clouds can't be read: service SCVMMService is missing; start it, then run again",
        ),
        *(
            (
                changed,
                "this VMM version has no switch DisasterRecoverySupported on its clouds; set it by hand on the General"
                " page of each cloud's properties, and leave the clouds out here",
            )
            for changed in (
                {"flag_supported": False},
                {"clouds": [seen.cloud("Gold"), seen.cloud("Silver", published=None)]},
            )
        ),
    ],
)
def test_clouds_that_can_not_be_set(changed: dict[str, Any], line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.require_readable(VmmFacts.from_observation(seen.vmm(**changed)))
    assert refused.value.message == line


def test_readable_clouds() -> None:
    found = model.require_readable(VmmFacts.from_observation(seen.vmm()))
    assert [(cloud.name, cloud.published) for cloud in found] == [("Gold", True), ("Silver", False)]


def test_what_is_planned_where_nothing_can_be_read() -> None:
    assert model.plan_unread(["Gold", "Silver"]).describe() == "send metadata of Gold, Silver to the vault"
    assert model.plan_unread(["all"]).describe() == "send metadata of all clouds to the vault"
