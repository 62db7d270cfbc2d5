# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the subject of a signer's certificate, as .NET writes it."""

from __future__ import annotations

import re

# One attribute with its separator. .NET quotes a value with special characters, and doubles quotes in it.
_ATTRIBUTE = re.compile(r'\s*([A-Za-z][A-Za-z0-9]*|[0-9.]+)=("(?:[^"]|"")*"|[^",+;]*?)\s*(?:[,+;]|$)')
_COMPANY = ("o", "microsoft corporation")


def attributes(subject: str) -> list[tuple[str, str]]:
    """Return the attributes of a subject as pairs of name and value, or an empty list if it cannot be parsed."""
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(subject):
        match = _ATTRIBUTE.match(subject, position)
        if match is None:
            return []
        value = match[2]
        found.append((match[1], value[1:-1].replace('""', '"') if value.startswith('"') else value))
        position = match.end()
    return found


def is_microsoft(subject: str | None) -> bool:
    """Tell whether the organization of a subject is Microsoft Corporation."""
    return _COMPANY in [(name.lower(), value.casefold()) for name, value in attributes(subject or "")]
