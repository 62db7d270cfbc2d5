# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: removes secrets from texts of other programs, also in the forms in which programs write them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from .shown_text import one_line

MASK = "********"
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
    """Return a text without the secrets, in upper and lower case, and without what follows a password switch."""
    # Longer forms contain shorter ones.
    forms = sorted((form for form in secrets if form), key=len, reverse=True)
    if forms:
        text = re.sub("|".join(map(re.escape, forms)), MASK, text, flags=re.IGNORECASE)
    return _BASIC.sub(rf"\1{MASK}", _SWITCH.sub(rf"\1{MASK}", text))
