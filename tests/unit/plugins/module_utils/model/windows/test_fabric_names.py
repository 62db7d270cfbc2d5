# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of groups and hosts: valid for Ansible, stable, and never shared by two things that differ."""

from __future__ import annotations

import unicodedata

import pytest
from ansible.inventory.group import to_safe_group_name
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.fabric_names import (
    PREFIXES,
    KnownHosts,
    group_names,
    host_names,
    is_host_name,
)


def cloud_names(*names: str, prefix: str = "vmm_cloud_") -> list[str]:
    found = group_names([("clouds", name) for name in names], {**PREFIXES, "clouds": prefix})
    return [found["clouds", name] for name in names]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Gold", "vmm_cloud_gold"),
        ("Gold Tier 1", "vmm_cloud_gold_tier_1"),
        ("Größe L", "vmm_cloud_größe_l"),
        ("a--b..c", "vmm_cloud_a_b_c"),
        ("  spaces  ", "vmm_cloud_spaces"),
        ("DC\\Rack", "vmm_cloud_dc_rack"),
        ("{{ lookup('pipe', 'id') }}", "vmm_cloud_lookup_pipe_id"),
        ("ソフトウェア 保管庫", "vmm_cloud_ソフトウェア_保管庫"),
        (unicodedata.normalize("NFD", "Größe"), "vmm_cloud_größe"),
    ],
)
def test_a_group_name_is_readable(name: str, group: str) -> None:
    assert cloud_names(name) == [group]


def test_a_name_of_symbols_becomes_its_hash() -> None:
    first, second = cloud_names("☁", "★★")
    assert first.startswith("vmm_cloud_")
    assert len({first, second}) == 2
    assert cloud_names("☁") == [first]


def test_names_that_differ_in_case_share_a_group() -> None:
    assert cloud_names("Gold", "GOLD", "gold") == ["vmm_cloud_gold"] * 3


def test_a_name_without_odd_characters_keeps_its_group_when_another_would_share_it() -> None:
    plain, odd, other = cloud_names("gold_1", "Gold 1", "Gold-1")
    assert plain == "vmm_cloud_gold_1"
    assert len({plain, odd, other}) == 3
    assert odd.startswith("vmm_cloud_gold_1_")
    assert cloud_names("Gold-1", "Gold 1") == [other, odd]


@pytest.mark.parametrize("name", ["all", "All", "ungrouped", "vmm_maintenance"])
def test_a_reserved_name_gets_a_suffix(name: str) -> None:
    assert cloud_names(name, prefix="")[0].startswith(f"{name.lower()}_")


def test_a_digit_does_not_come_first() -> None:
    assert cloud_names("1st", prefix="") == ["_1st"]


_names = st.lists(st.text(min_size=1, max_size=6), max_size=8)


@settings(derandomize=True, deadline=None)
@given(clouds=_names, clusters=_names, prefix=st.sampled_from(["", "vmm_", "x"]))
def test_generated_names_are_valid_and_tell_everything_apart(
    clouds: list[str], clusters: list[str], prefix: str
) -> None:
    keys = [("clouds", name) for name in clouds] + [("clusters", name) for name in clusters]
    found = group_names(keys, {"clouds": prefix, "clusters": prefix})
    folded = {(kind, unicodedata.normalize("NFC", name).casefold()) for kind, name in keys}
    assert len(set(found.values())) == len(folded)
    assert all(to_safe_group_name(name, force=True, silent=True) == name for name in found.values())
    assert not {"all", "ungrouped"} & set(found.values())


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("hv01.corp.test", True),
        ("HV_01", True),
        ("hv-größe", True),
        ("", False),
        ("hv01.", False),
        ("a b", False),
        ("{{ x }}", False),
        ("hv[1:9]", False),
        ("hv01:5986", False),
        ("hv01\n", False),
    ],
)
def test_which_texts_can_name_a_host(name: str, valid: bool) -> None:
    assert is_host_name(name) is valid


NO_HOSTS = KnownHosts({})


def test_short_names_only_where_they_tell_hosts_apart() -> None:
    fqdns = ["hv01.a.test", "hv01.b.test", "hv02.a.test", "hv03"]
    assert host_names(fqdns, short=True, known=NO_HOSTS) == {
        "hv01.a.test": "hv01.a.test",
        "hv01.b.test": "hv01.b.test",
        "hv02.a.test": "hv02",
        "hv03": "hv03",
    }
    assert host_names(fqdns, short=False, known=NO_HOSTS) == {fqdn: fqdn for fqdn in fqdns}


@pytest.mark.parametrize(
    ("known", "fqdn", "name"),
    [
        ({"HV01.CORP.test": []}, "hv01.corp.test", "HV01.CORP.test"),
        ({"hv01.corp.test.": []}, "hv01.corp.test", "hv01.corp.test."),
        ({"hv01": []}, "hv01.corp.test", "hv01"),
        ({"node": ["hv01.corp.test"]}, "hv01.corp.test", "node"),
        ({"node": ["hv01"]}, "hv01.corp.test", "node"),
        ({"hv01.other.test": []}, "hv01.corp.test", "hv01.corp.test"),
        ({"node": ["10.0.0.1"]}, "10.corp.test", "10.corp.test"),
        ({"node": ["::1"]}, "hv01.corp.test", "hv01.corp.test"),
        ({"hv01.corp.test": []}, "hv01", "hv01"),
        ({"HV01": []}, "hv01", "HV01"),
    ],
)
def test_a_host_of_another_source_keeps_its_name(known: dict[str, list[str]], fqdn: str, name: str) -> None:
    assert host_names([fqdn], short=False, known=KnownHosts(known)) == {fqdn: name}


def test_a_short_name_of_another_source_does_not_stand_for_two_machines() -> None:
    fqdns = ["hv01.a.test", "hv01.b.test"]
    assert host_names(fqdns, short=True, known=KnownHosts({"hv01": []})) == {fqdn: fqdn for fqdn in fqdns}
