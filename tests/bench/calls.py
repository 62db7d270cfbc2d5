# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many calls something made, as the lab's journal has them: by method, sign-ins and polls by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

from lab.context import Journal

# Kinds that the journal counts without an entry, with their names in the table. A sign-in requests one token.
_WORDS = {
    "azure.get": "GET",
    "azure.poll": "poll",
    "azure.check": "POST",
    "azure.keys": "POST",
    "storage.blob": "blob GET",
    "azure.refused": "refused",
    "azure.token": "token",
}
_METHODS = ("put", "patch", "delete")
_ORDER = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "poll", "blob GET", "refused", "token")


def calls(journal: Journal) -> Counter[str]:
    """Count the calls since the journal was last cleared."""
    found: Counter[str] = Counter()
    for kind, count in journal.counts.items():
        if kind in _WORDS:
            found[_WORDS[kind]] += count
        elif kind.startswith("azure."):
            # Show a kind that is missing in the table.
            found[kind] += count
    for entry in journal.entries:
        # Some entries are about the effect of a call, which has an entry of its own with the status of its answer.
        if entry.side == "azure" and "status" in entry.detail:
            found[entry.verb.upper() if entry.verb in _METHODS else "POST"] += 1
    return found


def per_run(found: Mapping[str, int], runs: int) -> dict[str, Fraction]:
    """Divide the counts by the number of equal runs."""
    return {kind: Fraction(count, runs) for kind, count in found.items() if count}


def shown(found: Mapping[str, int | Fraction]) -> str:
    """Return a text such as `GET 2, token 1`, methods first."""
    ranks = {kind: rank for rank, kind in enumerate(_ORDER)}
    ordered = sorted(found.items(), key=lambda item: (ranks.get(item[0], len(_ORDER)), item[0]))
    return ", ".join(f"{kind} {_number(count)}" for kind, count in ordered if count) or "none"


def _number(value: int | Fraction) -> str:
    return str(int(value)) if value == int(value) else f"{float(value):.1f}"
