# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are hidden in every form in which a program may write them."""

from __future__ import annotations

import base64
import html
import json
import textwrap
import urllib.parse

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.masking import (
    MASK,
    masked,
    secret_forms,
)

PASSWORD = 'PRXcanary7Q "q\\" \u00fc %41 $x <&> end\\'
FORMS = {
    "raw": PASSWORD,
    "json": json.dumps(PASSWORD),
    "xml": html.escape(PASSWORD),
    "url": urllib.parse.quote(PASSWORD),
    "doubled": PASSWORD.replace('"', '""'),
    "argument": '"PRXcanary7Q \\"q\\\\\\" \u00fc %41 $x <&> end\\\\"',
    "base64": base64.b64encode(PASSWORD.encode()).decode(),
    "base64 of UTF-16": base64.b64encode(PASSWORD.encode("utf-16-le")).decode(),
    "login": base64.b64encode(f"u:{PASSWORD}".encode()).decode(),
    "upper case": PASSWORD.upper(),
    "wrong code page": PASSWORD.encode().decode("cp1252", "replace"),
    "broken into lines": f"{PASSWORD[:9]}\n{PASSWORD[9:15]}\r\n    {PASSWORD[15:]}",
    "broken and encoded": "\n".join(textwrap.wrap(base64.b64encode(PASSWORD.encode()).decode(), 20)),
    "cut": PASSWORD[:14],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_encoded_secret_is_hidden(form: str) -> None:
    shown = masked(f"Cannot convert {form} to SecureString", secret_forms(PASSWORD, "u"))
    assert "canary7q" not in shown.lower()
    assert form not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        # The encoded form begins like the secret itself.
        ("abcdefghijklmnop q", "at abcdefghijklmnop%20q.", f"at {MASK}."),
        ("short", "a short s hort shor", f"a {MASK} s hort shor"),
        ("ab", "ab cab", f"{MASK} c{MASK}"),
        ("Password123!", "Password not accepted", "Password not accepted"),
    ],
)
def test_only_the_secret_is_hidden(secret: str, text: str, shown: str) -> None:
    assert masked(text, secret_forms(secret)) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("DRConfigurator.exe /r /proxyPassword PRXcan", f"DRConfigurator.exe /r /proxyPassword {MASK}"),
        ("Proxy-Authorization: Basic dTpwdw==\nnext", f"Proxy-Authorization: {MASK}\nnext"),
        ("sent Basic dTpQUlhjYW5hcnk3 to the proxy", f"sent Basic {MASK} to the proxy"),
        ("Basic authentication is off", "Basic authentication is off"),
    ],
)
def test_what_follows_a_switch_is_hidden(line: str, shown: str) -> None:
    assert masked(line, ()) == shown


def test_no_secret_has_no_forms() -> None:
    assert secret_forms("") == frozenset()
