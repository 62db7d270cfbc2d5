# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry whose keys and values ignore case. The 32-bit view is the branch WOW6432Node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Data: TypeAlias = "str | int | bytes | list[str]"
Kind = Literal["REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_MULTI_SZ", "REG_QWORD", "REG_NONE"]
# The numbers of the types in the WMI registry provider (StdRegProv.EnumValues).
KIND_NUMBERS: dict[Kind, int] = {
    "REG_SZ": 1,
    "REG_EXPAND_SZ": 2,
    "REG_BINARY": 3,
    "REG_DWORD": 4,
    "REG_MULTI_SZ": 7,
    "REG_QWORD": 11,
    "REG_NONE": 0,
}


@dataclass(frozen=True, slots=True)
class Value:
    name: str
    kind: Kind
    data: Data


@dataclass(slots=True)
class Key:
    path: str
    values: dict[str, Value] = field(default_factory=dict)


def kind_of(data: Data) -> Kind:
    if isinstance(data, list):
        return "REG_MULTI_SZ"
    if isinstance(data, bytes):
        return "REG_BINARY"
    return "REG_SZ" if isinstance(data, str) else "REG_DWORD"


class Registry:
    """The keys by path; a path begins with the hive: `HKLM\\SOFTWARE\\...`."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def find(self, path: str) -> Key | None:
        return self._keys.get(path.lower())

    def ensure(self, path: str) -> Key:
        """Return a key, and create it with its parents if it does not exist."""
        parts = path.split("\\")
        for end in range(1, len(parts) + 1):
            above = "\\".join(parts[:end])
            self._keys.setdefault(above.lower(), Key(above))
        return self._keys[path.lower()]

    def get(self, path: str, name: str) -> Data | None:
        key = self.find(path)
        value = key.values.get(name.lower()) if key else None
        return value.data if value else None

    def text(self, path: str, name: str) -> str | None:
        """Return a value as text; an empty one counts as absent."""
        data = self.get(path, name)
        return str(data) if data not in (None, "") else None

    def set(self, path: str, name: str, data: Data, kind: Kind | None = None) -> None:
        self.ensure(path).values[name.lower()] = Value(name, kind or kind_of(data), data)

    def unset(self, path: str, name: str) -> None:
        key = self.find(path)
        if key is not None:
            key.values.pop(name.lower(), None)

    def remove(self, path: str) -> None:
        """Remove a key with all keys below it."""
        lower = path.lower()
        for known in [known for known in self._keys if known == lower or known.startswith(lower + "\\")]:
            del self._keys[known]

    def replace(self, path: str, other: Registry) -> None:
        """Replace a key by that of another machine."""
        self.remove(path)
        found = other.find(path)
        if found is not None:
            self.ensure(path).values = dict(found.values)

    def children(self, path: str) -> list[str]:
        """Return the names of the subkeys in the order in which Windows lists them."""
        lead = path.lower() + "\\"
        below = (
            key.path for lower, key in self._keys.items() if lower.startswith(lead) and "\\" not in lower[len(lead) :]
        )
        return sorted((full.rsplit("\\", 1)[1] for full in below), key=str.lower)

    def __iter__(self) -> Iterator[Key]:
        return iter([self._keys[lower] for lower in sorted(self._keys)])
