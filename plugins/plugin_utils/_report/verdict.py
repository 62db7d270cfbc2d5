# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the result of a run in one sentence, and its machines by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .document import STATES
from .words import phrase


def states_of(machines: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Return the states that occur, worst first, with their numbers."""
    counts = Counter(machine["state"] for machine in machines)
    return [(state, counts[state]) for state in STATES if counts[state]]


def verdict(document: Mapping[str, Any], language: str) -> str:
    """Return the result of the run as one sentence."""
    status, stage, counts = document["status"], document["run"]["stage"], document["counts"]
    every = counts["machines"]
    if status == "error":
        bad = {
            name
            for row in document["findings"]
            if row["status"] == "error"
            for case in row["cases"]
            for name in case["machines"]
        }
        return phrase(language, f"verdict_{stage}_error", len(bad), every)
    if document["run"]["check_mode"] and counts["states"]["planned"]:
        return phrase(language, "verdict_planned", counts["states"]["planned"], every)
    number = len(document["findings"]) if status == "warning" else every
    return phrase(language, f"verdict_{stage}_{status}", number, every)
