# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of waves that a user may write."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.wave_sizes import wrong_sizes

WORDS = "must be a number of hosts, a percentage or one_per_cluster, not"


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([1, " 25% ", "one_per_cluster", "100%"], []),
        ([], []),
        (["all"], [f"sizes[0] {WORDS} 'all'; write a size such as 1 or 25%"]),
        (
            [1, "101%", 0],
            [
                f"sizes[{place}] {WORDS} '{text}'; write a size such as 1 or 25%"
                for place, text in ((1, "101%"), (2, "0"))
            ],
        ),
        (
            [1, "one_per_cluster"],
            [
                "sizes[1] must not be one_per_cluster, because the last size applies to all further waves; "
                "add a size such as 25%"
            ],
        ),
    ],
)
def test_wrong_sizes_are_named_with_their_place(sizes: list[object], expected: list[str]) -> None:
    assert [str(error) for error in wrong_sizes("sizes", sizes)] == expected
