# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress lines: shown when they change, and repeated from time to time."""

from __future__ import annotations

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._progress import ProgressLines


def test_lines_are_shown_when_they_change_and_repeated_after_a_while() -> None:
    shown: list[str] = []
    lines = ProgressLines(shown.append, 60, timeout=600)
    for elapsed in (0.0, 30.0, 59.0):
        lines.show(["a: waiting", "b: waiting"], elapsed)
    assert shown == ["a: waiting (0 s of 10 min)", "b: waiting (0 s of 10 min)"]
    lines.show(["b: waiting"], 59.5)
    assert shown[2:] == ["b: waiting (59 s of 10 min)"]
    lines.show(["b: waiting"], 119.0)
    assert len(shown) == 3
    lines.show(["b: waiting"], 119.5)
    assert shown[3:] == ["b: waiting (1 min 59 s of 10 min)"]


def test_a_wait_without_a_limit() -> None:
    shown: list[str] = []
    ProgressLines(shown.append).show(["x"], 5.0)
    assert shown == ["x (5 s)"]


def test_a_state_is_shown_when_it_is_new_and_again_after_a_minute() -> None:
    counts = []
    shown: list[str] = []
    lines = ProgressLines(shown.append)
    for state, elapsed in (("a", 0), ("a", 59), ("b", 60), ("b", 119), ("b", 120)):
        lines.show([state], elapsed)
        counts.append(len(shown))
    assert counts == [1, 1, 2, 2, 3]
