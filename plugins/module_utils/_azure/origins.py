# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: where the values of a login are from, so that a message names what the user has to correct."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """Values by option. `origins` names the place of each value that is not an option of the task."""

    values: Mapping[str, Any] = field(repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_profile(cls, values: Mapping[str, Any], name: str) -> Source:
        """Return the values of a profile."""
        return cls(values, dict.fromkeys(values, f"the profile '{name}'"))

    def only(self, names: Iterable[str]) -> Source:
        """Return the values of some options."""
        return Source({name: self.values[name] for name in names if name in self.values}, self.origins)


def merged(sources: Sequence[Source], names: Iterable[str]) -> dict[str, Any]:
    """Return the value with the highest precedence for each option; None without a value."""
    return {name: source.values[name] if (source := _first(sources, name)) else None for name in names}


def origins_of(sources: Sequence[Source], names: Iterable[str]) -> dict[str, str]:
    """Return the places of the merged values that are not options of the task."""
    found = ((name, _first(sources, name)) for name in names)
    return {name: source.origins[name] for name, source in found if source and name in source.origins}


def describe(origins: Mapping[str, str], names: Iterable[str]) -> str:
    """Return where the values of some options are from, as the end of a message; an empty text for options."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        if name in origins:
            grouped.setdefault(origins[name], []).append(name)
    parts = [f"{_listed(options)} {_verb(options)} from {place}" for place, options in grouped.items()]
    return f"; {', '.join(parts)}" if parts else ""


def _first(sources: Sequence[Source], name: str) -> Source | None:
    return next((source for source in sources if source.values.get(name) not in (None, "")), None)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _verb(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
