# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: texts as people see them: in one line, without control characters, of a limited length, without logins."""

from __future__ import annotations

import re

#: The longest text of another program in a message, and the longest message.
LONGEST_TEXT, LONGEST_MESSAGE = 600, 8000
# Controls C0 and C1, marks that change the direction of a text, and halves of characters. A terminal executes or
# obeys them. White space is folded instead.
_CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
HIDDEN_PART = "***"


def one_line(text: object, longest: int = LONGEST_MESSAGE) -> str:
    """Return a text in one line, without control characters. A text that is too long loses its middle."""
    raw = str(text)
    # White space is folded before a long text is cut, but not in megabytes of it.
    limit = 8 * longest
    raw = raw if len(raw) <= 2 * limit else f"{raw[:limit]} ... {raw[-limit:]}"
    line = " ".join(_CONTROLS.sub("", raw).split())
    return line if len(line) <= longest else _without_middle(line, longest)


def foreign(text: object, longest: int = LONGEST_TEXT) -> str:
    """Return a text that another program wrote, as part of a message."""
    return one_line(text, longest)


def has_controls(text: str) -> bool:
    """Tell whether a text has control characters, line breaks included."""
    return _CONTROLS.search(text) is not None or any(
        each in text for each in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
    )


def shown_address(text: str) -> str:
    """Return an address without the parts that may hold a secret: login, query and fragment."""
    scheme, mark, rest = text.partition("://")
    start = f"{scheme}{mark}" if mark else ""
    rest = rest if mark else scheme
    # Both marks may also be part of a password, so their order proves nothing.
    plain = re.split(r"[?#]", rest, maxsplit=1)[0]
    if "@" in rest:
        return start + (f"{HIDDEN_PART}@{rest.rpartition('@')[2]}" if plain == rest else HIDDEN_PART)
    return start + plain + (f"{rest[len(plain)]}{HIDDEN_PART}" if plain != rest else "")


def _without_middle(line: str, longest: int) -> str:
    """Return the beginning of a line, which names the problem, and its end, which names the fix."""
    gap = " ... "
    head = (longest - len(gap)) * 2 // 3
    return f"{line[:head]}{gap}{line[-(longest - len(gap) - head) :]}"
