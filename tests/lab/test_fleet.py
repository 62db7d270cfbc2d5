# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet has any size, differs as its description says, and needs little memory."""

from __future__ import annotations

import tracemalloc

import pytest

from lab.fleet import described
from lab.lab import Lab, LabError, find_document, read_document

FLEET = read_document(find_document("fleet"))


def test_a_thousand_hosts_differ_as_the_percentages_say() -> None:
    hosts = described(FLEET, 1000, 7)["machines"][1:]
    assert len({host["fqdn"] for host in hosts}) == 1000
    assert 20 <= sum(host["agent"] is None for host in hosts) <= 80
    assert 15 <= sum(host["latency_seconds"] == 20 for host in hosts) <= 45
    assert len({host["os"]["version"] for host in hosts}) == 3
    assert any("language" in host["os"] for host in hosts)
    assert any(host.get("administrator") is False for host in hosts)


def test_equal_seeds_describe_equal_fleets_and_a_larger_one_keeps_its_hosts() -> None:
    assert described(FLEET, 50, 3) == described(FLEET, 50, 3)
    assert described(FLEET, 50, 3)["machines"][1:] == described(FLEET, 80, 3)["machines"][1:51]
    assert described(FLEET, 50, 3) != described(FLEET, 50, 4)


def test_a_hundred_hosts_need_a_tenth_of_the_memory_of_a_thousand() -> None:
    tracemalloc.start()
    try:
        with Lab.load("fleet", hosts=100) as lab:
            assert len(lab.servers) == 101
            # The budget of a thousand hosts is 1 GB.
            assert tracemalloc.get_traced_memory()[0] < 100 * 1024**2
    finally:
        tracemalloc.stop()


def test_other_labs_have_no_number_of_hosts() -> None:
    with pytest.raises(LabError, match="not a fleet"):
        Lab.load("small", hosts=3)
