# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMM clouds and the synchronization of their metadata (P9)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import vmm_cloud as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from tests.unit.plugins.module_utils.model.windows import observations as seen

Raw = dict[str, Any]
CLOUDS = [
    seen.cloud("Gold", id="1", published=True),
    seen.cloud("Silver", id="2"),
    seen.cloud("Größe L", id="3"),
]


def server(clouds: list[Raw] | None = None, **changed: Any) -> MachineFacts:
    return seen.vmm_server(vmm=seen.vmm(clouds=CLOUDS if clouds is None else clouds, **changed))


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["all"], ["2", "3"]),
        (["ALL"], ["2", "3"]),
        (["Gold"], []),
        (["silver", "gold"], ["2"]),
        (["SILVER", "silver"], ["2"]),
        (["Größe l", "Silver"], ["3", "2"]),
    ],
)
def test_plan(names: list[str], ids: list[str]) -> None:
    plan = model.plan_clouds(server(), names)
    assert [(change.path, change.before, change.after) for change in plan.changes] == [(id, False, True) for id in ids]


def test_the_reason_names_the_cloud() -> None:
    assert model.plan_clouds(server(), ["Silver"]).describe() == "send metadata of cloud Silver to the vault"


@pytest.mark.parametrize(("names", "ids"), [(["gold"], ["1"]), (["Silver"], []), (["Gold", "Silver"], ["1"])])
def test_plan_to_withdraw(names: list[str], ids: list[str]) -> None:
    plan = model.plan_clouds(server(), names, publish=False)
    assert [(change.path, change.before, change.after) for change in plan.changes] == [(id, True, False) for id in ids]
    assert all(change.reason.startswith("stop sending metadata of cloud ") for change in plan.changes)


@pytest.mark.parametrize("name", ["all", "All"])
def test_clouds_to_withdraw_are_named(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        model.require_names_to_withdraw([name])
    assert refused.value.message == "vmm_clouds must not be 'all' when state is absent; name the clouds to withdraw"


@pytest.mark.parametrize("publish", [True, False])
def test_an_ambiguous_name_is_refused_unless_all_are_meant(publish: bool) -> None:
    machine = server([*CLOUDS, seen.cloud("GOLD", id="4")])
    with pytest.raises(Refused) as refused:
        model.plan_clouds(machine, ["Silver", "gold"], publish=publish)
    assert refused.value.message == "VMM has more than one cloud with the name gold; rename the clouds in VMM"
    assert refused.value.details == {"check": "cloud-ambiguous"}
    assert [change.path for change in model.plan_clouds(machine, ["all"]).changes] == ["2", "3", "4"]
    assert model.plan_clouds(machine, ["Silver"]).changed


@pytest.mark.parametrize(
    ("cloud", "lines"),
    [
        (seen.cloud("A", capability_profiles=["Hyper-V", "Own"]), []),
        (seen.cloud("A", capability_profiles=None), []),
        (
            seen.cloud("A", hosts=[{"id": "e", "fqdn": "esx.test", "platform": "VMwareESX"}])
            | {"capability_profiles": ["ESX Server"]},
            [
                "clouds without a Hyper-V host, whose machines cannot be protected: A; add a host group with Hyper-V"
                " hosts",
                "clouds without the capability profile Hyper-V: A (has ESX Server); add it, unless another profile of"
                " the cloud is for Hyper-V",
            ],
        ),
        (
            seen.cloud("A", capability_profiles=[]),
            [
                "clouds without the capability profile Hyper-V: A (has none); add it, unless another profile of the"
                " cloud is for Hyper-V"
            ],
        ),
    ],
)
def test_clouds_whose_machines_cannot_be_protected_are_warned_of(cloud: Raw, lines: list[str]) -> None:
    assert list(model.warnings(server([cloud, *CLOUDS]), ["a"])) == lines
    assert model.warnings(server([cloud, *CLOUDS]), ["gold"]) == ()


def test_no_cloud_at_all() -> None:
    assert not model.plan_clouds(server([]), ["all"]).changed


@pytest.mark.parametrize(
    ("clouds", "names", "line"),
    [
        (
            CLOUDS,
            ["Silver", "Bronze", "Tin"],
            "VMM does not have the clouds Bronze, Tin; its clouds are Gold, Größe L, Silver",
        ),
        (
            [],
            ["Gold"],
            "VMM does not have the cloud Gold; its clouds are none",
        ),
    ],
)
def test_one_unknown_name_stops_all(clouds: list[Raw], names: list[str], line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_clouds(server(clouds), names)
    fix = "correct vmm_clouds, for each server if their clouds differ"
    assert (refused.value.details, refused.value.message) == ({"check": "cloud-unknown"}, f"{line}; {fix}")


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ([], "vmm_clouds must not be empty; name the clouds to synchronize, or set it to all"),
        (["all", "Gold"], "vmm_clouds must not combine 'all' with other names; use only 'all', or only names"),
        (["Gold", "ALL"], "vmm_clouds must not combine 'all' with other names; use only 'all', or only names"),
    ],
)
def test_invalid_names_are_rejected_in_one_line(names: list[str], line: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        model.require_cloud_names(names)
    assert refused.value.message == line


@pytest.mark.parametrize(
    ("azure", "before"),
    [
        (None, UNKNOWN),
        ({"clouds": None}, UNKNOWN),
        ({"clouds": []}, False),
        ({"clouds": ["Silver"]}, False),
        ({"clouds": ["gold"]}, None),
    ],
)
def test_a_flag_that_is_not_shown(azure: Raw | None, before: object) -> None:
    """Azure decides if it was asked. Else the flag is set, and what was read back does not count as a failure."""
    machine = server([seen.cloud("Gold", published=None, id="1"), seen.cloud("Silver", published=True)])
    plan = model.plan_clouds(machine, ["Gold", "Silver"], azure=azure)
    expected = [] if before is None else [("1", before, True)]
    assert [(change.path, change.before, change.after) for change in plan.changes] == expected
    assert not model.remaining_clouds(plan, machine).changed
    if azure is not None and before is not UNKNOWN:
        withdrawn = model.plan_clouds(machine, ["Gold"], publish=False, azure=azure)
        assert withdrawn.changed is (before is None)


def test_a_flag_that_is_shown_outweighs_azure() -> None:
    assert not model.plan_clouds(server(), ["Gold"], azure={"clouds": []}).changed
    plan = model.plan_clouds(server(), ["Silver"], azure={"clouds": ["Silver"]})
    assert model.remaining_clouds(plan, server()).changed


UNREAD: Raw = {"service": seen.STOPPED, "clouds": None, "flag_supported": None}


@pytest.mark.parametrize(
    ("changed", "check", "line"),
    [
        *(
            (
                {**UNREAD, "service": service},
                "vmm-service",
                f"the VMM service (SCVMMService) is {state}, so clouds and jobs cannot be read; start it, then run"
                " again",
            )
            for service, state in ((seen.STOPPED, "Stopped"), (None, "missing"))
        ),
        (
            {"flag_supported": False},
            "cloud-flag",
            "this release of VMM cannot send the metadata of clouds by a cmdlet (Set-SCCloud has no"
            " DisasterRecoverySupported); enable it on the General page of the properties of each cloud in VMM, and"
            " do not set vmm_clouds",
        ),
        (
            seen.elsewhere(),
            "active-node",
            "registration and clouds of a highly available VMM are managed on the node that owns its cluster role"
            " VMMROLE, which is vmm02 and not VMM01; run there, or move the role here first (Move-ClusterGroup)",
        ),
    ],
)
def test_refusals(changed: Raw, check: str, line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_clouds(seen.vmm_server(vmm=seen.vmm(**changed)), ["Gold"])
    assert (refused.value.details, refused.value.message) == ({"check": check}, line)


def test_a_plan_in_check_mode_for_clouds_that_cannot_be_read_yet() -> None:
    machine = seen.vmm_server(vmm=seen.vmm(**UNREAD))
    (change,) = model.plan_clouds(machine, ["Gold", "Silver"], check_mode=True).changes
    assert change.describe() == "send metadata of Gold, Silver to the vault"
    assert model.plan_clouds(machine, ["all"], check_mode=True).describe() == "send metadata of all clouds to the vault"
    assert model.warnings(machine, ["all"]) == ()
