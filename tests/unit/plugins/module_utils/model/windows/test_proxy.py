# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy of a program: valid options, and differences from the stored one (P6a to P6c, P6e, H5)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import HIDDEN, apply_changes
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import proxy as proxies
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.proxy import Proxy, ProxyFacts

CANARY = "canary-p4ssw0rd"
CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
LOGIN = {"username": "u", "password": CANARY}


def desired(**options: Any) -> Proxy:
    proxy = Proxy.from_options(options)
    assert proxy is not None
    return proxy


def facts(**changed: Any) -> ProxyFacts:
    return ProxyFacts(**{"address": "http://proxy", "port": 8080, "username": None, "bypass": (), **changed})


# ---- valid options ----


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"mode": "custom"}, "proxy.address is required when mode is custom; set it to http://<name>"),
        (
            {**CUSTOM, "address": "HTTPS://proxy"},
            "proxy.address must not be an https address; Site Recovery supports http:// proxies only",
        ),
        *(
            (
                {**CUSTOM, "address": address},
                f"proxy.address must have the form http://<name>, not '{address}'; set the port in proxy.port and"
                " remove everything else",
            )
            for address in ("proxy", "ftp://proxy", "http://", "http://p:80", "http://p/a", "http://a b")
        ),
        (
            {**CUSTOM, "address": f"http://u:{CANARY}@proxy"},
            "proxy.address must not contain a login; set the login in proxy.username and proxy.password",
        ),
        (
            {**CUSTOM, "address": "http://proxy\n"},
            "proxy.address must not contain line breaks or other control characters; remove them from the value",
        ),
        ({**CUSTOM, "port": None}, "proxy.port is required when mode is custom; set it to a number from 1 to 65534"),
        ({**CUSTOM, "port": 0}, "proxy.port must be from 1 to 65534, not 0; correct the number"),
        ({**CUSTOM, "port": 65535}, "proxy.port must be from 1 to 65534, not 65535; correct the number"),
        ({**CUSTOM, "username": "u"}, "proxy.username must be set together with password; set both options or neither"),
        *(
            (
                {**CUSTOM, "address": f"http://{address}"},
                f"proxy.address must have the form http://<name>, not 'http://{address}'; set the port in proxy.port"
                " and remove everything else",
            )
            for address in ("..", "p|x", "%COMPUTERNAME%", "a..b")
        ),
        *(
            (
                {**CUSTOM, "bypass": [item]},
                "proxy.bypass must be host names, each without blanks around it and without semicolons; write one host"
                " name per item of the list",
            )
            for item in ("", " ", "a;b", " a")
        ),
        (
            {**CUSTOM, "bypass": ["a\n"]},
            "proxy.bypass must not contain line breaks or other control characters; remove them from the value",
        ),
        (
            {**CUSTOM, "username": "u:v", "password": "p"},
            "proxy.username must not contain a colon; a proxy would read it as the password",
        ),
        (
            {**CUSTOM, "username": "u\0", "password": "p"},
            "proxy.username must not contain line breaks or other control characters; remove them from the value",
        ),
        (
            {**CUSTOM, "username": "u", "password": f"{CANARY}\n"},
            "proxy.password must not end with a line break; encrypt the value without it (printf instead of echo), or"
            " add the filter trim",
        ),
        ({**CUSTOM, "password": "p"}, "proxy.username must be set together with password; set both options or neither"),
        *(
            (
                {"mode": mode, name: value},
                f"proxy.{name} must not be set when mode is {mode}; set proxy.mode to custom or remove the option",
            )
            for mode in ("direct", "system")
            for name, value in {**CUSTOM, **LOGIN, "bypass": ["a"]}.items()
            if name != "mode"
        ),
    ],
)
def test_an_invalid_option_is_rejected_in_one_line(options: dict[str, Any], line: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Proxy.from_options(options)
    assert refused.value.message == line
    assert CANARY not in repr(refused.value)


@pytest.mark.parametrize(
    "options",
    [
        None,
        {"mode": "direct"},
        {"mode": "system", "address": None, "port": None, "bypass": []},
        {**CUSTOM, "port": 1},
        {**CUSTOM, "port": 65534},
        {**CUSTOM, "address": "http://proxy.corp.test/"},
        {**CUSTOM, **LOGIN, "bypass": ["a.test"]},
    ],
)
def test_a_valid_option_passes(options: dict[str, Any] | None) -> None:
    assert (Proxy.from_options(options) is None) == (options is None)


def test_a_required_proxy() -> None:
    with pytest.raises(InvalidInput) as refused:
        Proxy.required(None)
    assert refused.value.message == "proxy is required; set at least proxy.mode"
    assert Proxy.required(CUSTOM) == desired(**CUSTOM)


def test_no_text_of_a_proxy_contains_the_password() -> None:
    proxy = desired(**CUSTOM, **LOGIN)
    shown = f"{proxy!r} {proxy} {proxy.facts} {proxy.to_result()} {proxies.describe(proxy.facts, proxy.mode)}"
    assert CANARY not in shown
    assert proxy.credential == ("u", CANARY)
    assert desired(**CUSTOM).credential is None


# ---- differences ----

ALL = ["mode", "address", "port"]
DIFFERENCES: list[tuple[str, ProxyFacts | None, dict[str, Any], list[str]]] = [
    ("direct, none stored", None, {"mode": "direct"}, []),
    ("system, none stored", None, {"mode": "system"}, []),
    ("direct, one stored", facts(), {"mode": "direct"}, ALL),
    (
        "system, one stored with everything",
        facts(username="u", bypass=("a",)),
        {"mode": "system"},
        [*ALL, "username", "bypass"],
    ),
    ("custom, none stored", None, CUSTOM, ALL),
    ("custom with login, none stored", None, {**CUSTOM, **LOGIN}, [*ALL, "username", "password"]),
    ("custom with bypass, none stored", None, {**CUSTOM, "bypass": ["a"]}, [*ALL, "bypass"]),
    ("the same", facts(), CUSTOM, []),
    ("the same in other letters", facts(address="HTTP://Proxy/"), {**CUSTOM, "address": "http://proxy"}, []),
    ("the same with login", facts(username="U"), {**CUSTOM, **LOGIN}, []),
    ("another port", facts(port=80), CUSTOM, ["port"]),
    ("no port stored", facts(port=None), CUSTOM, ["port"]),
    ("another name", facts(address="http://old"), CUSTOM, ["address"]),
    ("another port with the same login", facts(port=80, username="u"), {**CUSTOM, **LOGIN}, ["port", "password"]),
    ("another login", facts(username="old"), {**CUSTOM, **LOGIN}, ["username", "password"]),
    ("a first login", facts(), {**CUSTOM, **LOGIN}, ["username", "password"]),
    ("a login that is not set", facts(username="old"), CUSTOM, []),
    ("a bypass list that is not set", facts(bypass=("a",)), CUSTOM, []),
    ("a bypass list in another order", facts(bypass=("B", "a")), {**CUSTOM, "bypass": ["A", "b"]}, []),
    ("another bypass list", facts(bypass=("a",)), {**CUSTOM, "bypass": ["b"]}, ["bypass"]),
    ("an empty bypass list", facts(bypass=("a",)), {**CUSTOM, "bypass": []}, ["bypass"]),
    ("no bypass list, an empty one desired", facts(), {**CUSTOM, "bypass": []}, []),
]


@pytest.mark.parametrize(
    ("stored", "options", "paths"), [row[1:] for row in DIFFERENCES], ids=[row[0] for row in DIFFERENCES]
)
def test_diff(stored: ProxyFacts | None, options: dict[str, Any], paths: list[str]) -> None:
    changes = proxies.diff(stored, desired(**options), "proxy.", update_reason="why")
    assert [change.path for change in changes] == [f"proxy.{path}" for path in paths]
    assert {change.reason for change in changes} <= {"why"}
    assert CANARY not in repr(changes)


@pytest.mark.parametrize(
    ("stored", "options", "lost"),
    [
        (facts(port=80, username="old"), CUSTOM, True),
        (facts(username="old"), CUSTOM, False),
        (facts(port=80, username="old"), {**CUSTOM, **LOGIN}, False),
        (facts(port=80), CUSTOM, False),
        (facts(username="old"), {"mode": "direct"}, False),
        (None, CUSTOM, False),
    ],
)
def test_a_change_without_a_login_loses_the_stored_one(
    stored: ProxyFacts | None, options: dict[str, Any], lost: bool
) -> None:
    assert proxies.loses_login(stored, desired(**options)) is lost


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (CUSTOM, "the proxy login of svc is kept"),
        ({**CUSTOM, "username": "SVC", "password": "p"}, "the proxy login of svc is kept"),
        ({**CUSTOM, "username": "new", "password": "p"}, "the proxy login of svc is replaced with that of new"),
        ({"mode": "direct"}, "the proxy login of svc is removed with the proxy"),
    ],
)
def test_the_outcome_for_a_stored_login_is_named(options: dict[str, Any], message: str) -> None:
    assert proxies.describe_login("svc", desired(**options)) == message


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ({**CUSTOM, **LOGIN}, ["password"]),
        ({**CUSTOM, **LOGIN, "port": 80}, ["port", "password"]),
        (CUSTOM, []),
    ],
)
def test_always_sets_a_given_password(options: dict[str, Any], paths: list[str]) -> None:
    changes = proxies.diff(
        facts(username="u") if "username" in options else facts(), desired(**options), always_password=True
    )
    assert [change.path for change in changes] == paths
    assert [change.reason for change in changes if change.secret] in (
        [],
        ["set the password: it cannot be read back, and update_password is always"],
    )


def test_a_password_is_hidden_in_its_change() -> None:
    (change,) = proxies.diff(facts(username="u"), desired(**CUSTOM, **LOGIN), always_password=True)
    assert (change.secret, change.before, change.after) == (True, HIDDEN, HIDDEN)


@pytest.mark.parametrize(
    ("stored", "mode", "shown", "text"),
    [
        (None, None, "direct", "no custom proxy"),
        (None, "custom", "direct", "no custom proxy"),
        (None, "system", "system", "no custom proxy (system)"),
        (facts(), "direct", "custom", "proxy http://proxy:8080"),
        (facts(address="http://proxy/", username="u"), None, "custom", "proxy http://proxy:8080, user u"),
    ],
)
def test_a_stored_proxy_is_shown(stored: ProxyFacts | None, mode: str | None, shown: str, text: str) -> None:
    assert proxies.to_result(stored, mode)["mode"] == shown
    assert proxies.describe(stored, mode) == text


# ---- an applied plan leaves no change ----

_names = st.from_regex(r"\A[abAB]([abAB-]{0,3}[abAB])?(\.[abAB])?\Z")
_bypass = st.lists(_names, max_size=3, unique_by=str.casefold)
_stored = st.none() | st.builds(
    ProxyFacts,
    address=_names.map("http://{}".format),
    port=st.none() | st.integers(1, 65534),
    username=st.none(),
    bypass=_bypass.map(tuple),
)


@st.composite
def _desired(draw: st.DrawFn) -> Proxy:
    mode = draw(st.sampled_from(["direct", "system", "custom"]))
    if mode != "custom":
        return desired(mode=mode)
    login = draw(st.sampled_from([{}, LOGIN]))
    bypass = draw(st.none() | _bypass)
    return desired(
        mode=mode, address=f"http://{draw(_names)}", port=draw(st.integers(1, 65534)), bypass=bypass, **login
    )


@given(stored=_stored, proxy=_desired())
def test_an_applied_plan_leaves_no_change(stored: ProxyFacts | None, proxy: Proxy) -> None:
    applied = apply_changes(proxies.to_result(stored), proxies.diff(stored, proxy))
    after = None
    if applied["mode"] == "custom":
        after = ProxyFacts(applied["address"], applied["port"], applied["username"], tuple(applied["bypass"]))
    assert proxies.diff(after, proxy) == []
    assert proxies.to_result(after, proxy.mode) == {
        name: value for name, value in applied.items() if name != "password"
    } | {"mode": proxy.mode}
