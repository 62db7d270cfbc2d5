# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: removes secrets from texts of other programs, also in the forms in which programs write them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from .shown_text import one_line

MASK = "********"
# Programs break long lines and cut long texts. A shorter beginning of a secret may be a word of its own.
_SHORTEST_BROKEN, _SHORTEST_CUT = 8, 12
_WIDEST_BREAK = 200
# A secret follows these switches, in any form and even if a program cut it.
_SWITCH = re.compile(r"(?i)((?:[/-]proxypassword|\bauthorization)\b[\s:=]*)\S.*")
# Words of a language rarely have a digit or one of these marks.
_BASIC = re.compile(r"(?i)(\bbasic\s+)(?=[A-Za-z0-9+/]*[0-9+/=])[A-Za-z0-9+/]{6,}={0,2}")


def secret_forms(secret: str, username: str = "") -> frozenset[str]:
    """Return a secret and its common encodings: of command lines, JSON, XML, addresses, PowerShell and base64."""
    if not secret:
        return frozenset()
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', secret)
    argument = re.sub(r"(\\+)\Z", r"\1\1", escaped)
    xml = html.escape(secret, quote=False)
    texts = {
        secret,
        escaped,
        argument,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        xml,
        html.escape(secret),
        xml.replace('"', "&quot;").replace("'", "&apos;"),
        xml.replace('"', "&quot;"),
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        secret.replace("'", "''"),
        secret.replace('"', '""'),
        secret.replace("`", "``").replace("$", "`$").replace('"', '`"'),
        secret.encode("utf-8", "replace").decode("cp1252", "replace"),
        secret.encode("utf-8", "replace").decode("latin-1"),
    }
    login = f"{username}:{secret}"
    encoded = {
        base64.b64encode(text.encode(charset, "replace")).decode("ascii")
        for text in (secret, login if username else secret)
        for charset in ("utf-8", "utf-16-le", "latin-1")
    }
    # The form in a message, which is one line without control characters.
    return frozenset(form for text in texts | encoded for form in (text, one_line(text)) if form)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text without the secrets and without what follows a password switch.

    Secrets are found in upper and lower case, in the form of broken lines, and if their end was cut.
    """
    shown, position = [], 0
    for start, end in sorted(span for form in secrets for span in _spans(text, form)):
        # One form of a secret can begin like another one, so overlapping parts are hidden together.
        if start >= position:
            shown.append(text[position:start] + MASK)
        position = max(position, end)
    text = "".join(shown) + text[position:]
    return _BASIC.sub(rf"\1{MASK}", _SWITCH.sub(rf"\1{MASK}", text))


def _spans(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Yield where a text contains a form of a secret, or the beginning of a long one."""
    letters = "".join(form.split())
    if len(letters) < _SHORTEST_BROKEN:
        # Other texts contain the letters of a short secret by chance.
        pattern = re.escape(form)
    else:
        pattern = r"\s*".join(map(re.escape, letters[:_SHORTEST_CUT]))
    for found in re.finditer(pattern, text, re.IGNORECASE) if form else ():
        yield found.start(), _extended(text, found.end(), letters[_SHORTEST_CUT:])


def _extended(text: str, end: int, letters: str) -> int:
    """Return where the rest of a secret ends, from the end of its beginning."""
    for letter in letters:
        following = end + len(text[end : end + _WIDEST_BREAK]) - len(text[end : end + _WIDEST_BREAK].lstrip())
        if text[following : following + 1].casefold() != letter.casefold():
            return end
        end = following + 1
    return end
