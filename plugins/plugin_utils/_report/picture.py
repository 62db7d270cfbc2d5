# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the picture of a site: a box for each cloud with a mark for each host. All lengths are in pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

_WIDTH: Final = 960
#: The side of a mark and the gap between two: for a person to read, and for a site with many machines.
_SIDES: Final = ((16, 6), (11, 3))
_MANY: Final = 150
_PADDING: Final = 14
_HEADING: Final = 26
_BETWEEN: Final = 16
_SMALLEST: Final = 200
#: A group with more machines takes the whole width; a smaller one has at most this many in a row.
_WIDE: Final = 60
_NARROW: Final = 12
_LONGEST_LABEL: Final = 34
#: The average width of a letter of a label.
_LETTER: Final = 7.5


@dataclass(frozen=True, slots=True)
class Mark:
    """A machine in the picture."""

    x: int
    y: int
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Box:
    """A cloud, or another group of machines. `server` is the mark of the VMM server of a cloud."""

    x: int
    y: int
    width: int
    height: int
    label: str
    detail: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """All boxes within a width and a height."""

    width: int
    height: int
    side: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    label: str
    detail: str
    machines: tuple[Mapping[str, Any], ...]


def draw(document: Mapping[str, Any], *, others: str, servers: str) -> Picture:
    """Arrange the machines of a document. `others` and `servers` are labels."""
    boxes: list[Box] = []
    side, gap = _SIDES[len(document["machines"]) > _MANY]
    x = y = line = 0
    for group in _groups(document, others, servers):
        width, height = _size(group, side, gap)
        if x and x + width > _WIDTH:
            x, y, line = 0, y + line + _BETWEEN, 0
        boxes.append(_box(group, Box(x, y, width, height, _short(group.label), _short(group.detail)), side, gap))
        x, line = x + width + _BETWEEN, max(line, height)
    return Picture(_WIDTH, y + line, side, tuple(boxes))


def _groups(document: Mapping[str, Any], others: str, servers: str) -> Iterator[_Group]:
    machines = document["machines"]
    above = tuple(each for each in machines if each["role"] != "hyperv_host")
    if above:
        yield _Group(servers, "", above)
    hosts = [each for each in machines if each["role"] == "hyperv_host"]
    by_name: dict[str, Mapping[str, Any]] = {}
    for host in hosts:
        for name in (host["name"], host["fqdn"]):
            if name:
                by_name.setdefault(name.casefold().rstrip("."), host)
    placed: set[int] = set()
    for cloud in document["clouds"]:
        members = [
            found
            for name in cloud["hosts"]
            if (found := by_name.get(name.casefold().rstrip(".")) or by_name.get(name.casefold().partition(".")[0]))
        ]
        placed |= {id(each) for each in members}
        yield _Group(cloud["name"], cloud["server"], tuple(members))
    left = tuple(each for each in hosts if id(each) not in placed)
    if left:
        yield _Group(others, "", left)


def _size(group: _Group, side: int, gap: int) -> tuple[int, int]:
    """Return width and height of a group. A group with many machines takes the whole width."""
    count = max(1, len(group.machines))
    room = _WIDTH - 2 * _PADDING + gap
    columns = min(count, room // (side + gap)) if count > _WIDE else min(count, _NARROW)
    rows = -(-count // columns)
    label = int(_LETTER * len(_short(group.label) + _short(group.detail))) + 2 * _PADDING
    width = max(_SMALLEST, label, columns * (side + gap) - gap + 2 * _PADDING)
    return min(width, _WIDTH), _HEADING + rows * (side + gap) - gap + 2 * _PADDING


def _box(group: _Group, empty: Box, side: int, gap: int) -> Box:
    columns = (empty.width - 2 * _PADDING + gap) // (side + gap)
    marks = tuple(
        Mark(
            empty.x + _PADDING + number % columns * (side + gap),
            empty.y + _HEADING + _PADDING + number // columns * (side + gap),
            machine["name"],
            machine["state"],
        )
        for number, machine in enumerate(group.machines)
    )
    return replace(empty, marks=marks)


def _short(text: str) -> str:
    """Return a label that fits into the picture. The list of machines has its full text."""
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}\u2026"
