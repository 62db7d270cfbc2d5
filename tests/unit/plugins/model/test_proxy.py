# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy of a program: what may be asked for, and what differs from what is stored (P6a to P6c, P6e, H5)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import HIDDEN, apply_changes
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import proxy as proxies
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import ProxyFacts
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.proxy import Proxy

CANARY = "canary-p4ssw0rd"
CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
LOGIN = {"username": "u", "password": CANARY}


def wanted(**options: Any) -> Proxy:
    proxy = Proxy.from_options(options)
    assert proxy is not None
    return proxy


def facts(**changed: Any) -> ProxyFacts:
    return ProxyFacts(**{"address": "http://proxy", "port": 8080, "username": None, "bypass": (), **changed})


# ---- what may be asked for ----


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"mode": "custom"}, "proxy.address: is needed for mode custom; give it as http://name"),
        (
            {**CUSTOM, "address": "HTTPS://proxy"},
            "proxy.address: Site Recovery supports no HTTPS proxies; give a proxy that listens on http://",
        ),
        *(
            (
                {**CUSTOM, "address": address},
                f"proxy.address: '{address}' is not of the form http://name; put the port into proxy.port and leave the"
                " rest out",
            )
            for address in ("proxy", "ftp://proxy", "http://", "http://p:80", "http://p/a", "http://u@p", "http://a b")
        ),
        (
            {**CUSTOM, "address": "http://proxy\n"},
            "proxy.address: 'http://proxy ' is not of the form http://name; put the port into proxy.port and leave the"
            " rest out",
        ),
        ({**CUSTOM, "port": None}, "proxy.port: is needed for mode custom; give a number from 1 to 65534"),
        ({**CUSTOM, "port": 0}, "proxy.port: 0 is not from 1 to 65534; correct the number"),
        ({**CUSTOM, "port": 65535}, "proxy.port: 65535 is not from 1 to 65534; correct the number"),
        ({**CUSTOM, "username": "u"}, "proxy.username: user name and password go together; give both or neither"),
        ({**CUSTOM, "password": "p"}, "proxy.username: user name and password go together; give both or neither"),
        *(
            (
                {"mode": mode, name: value},
                f"proxy.{name}: has no meaning in mode {mode}; set proxy.mode to custom or leave it out",
            )
            for mode in ("direct", "system")
            for name, value in {**CUSTOM, **LOGIN, "bypass": ["a"]}.items()
            if name != "mode"
        ),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(options: dict[str, Any], line: str) -> None:
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
def test_a_good_option_passes(options: dict[str, Any] | None) -> None:
    assert (Proxy.from_options(options) is None) == (options is None)


def test_a_proxy_that_can_not_be_left_out() -> None:
    with pytest.raises(InvalidInput) as refused:
        Proxy.required(None)
    assert refused.value.message == "proxy: is needed; give proxy.mode at least"
    assert Proxy.required(CUSTOM) == wanted(**CUSTOM)


def test_a_password_is_in_no_text_of_a_proxy() -> None:
    proxy = wanted(**CUSTOM, **LOGIN)
    shown = f"{proxy!r} {proxy} {proxy.facts} {proxy.to_result()} {proxies.describe(proxy.facts, proxy.mode)}"
    assert CANARY not in shown
    assert proxy.credential == ("u", CANARY)
    assert wanted(**CUSTOM).credential is None


# ---- what differs ----

ALL = ["mode", "address", "port"]
DRIFT: list[tuple[str, ProxyFacts | None, dict[str, Any], list[str]]] = [
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
    ("a login that nobody wrote", facts(username="old"), CUSTOM, []),
    ("a bypass list that nobody wrote", facts(bypass=("a",)), CUSTOM, []),
    ("a bypass list in another order", facts(bypass=("B", "a")), {**CUSTOM, "bypass": ["A", "b"]}, []),
    ("another bypass list", facts(bypass=("a",)), {**CUSTOM, "bypass": ["b"]}, ["bypass"]),
    ("an empty bypass list", facts(bypass=("a",)), {**CUSTOM, "bypass": []}, ["bypass"]),
    ("no bypass list, an empty one asked for", facts(), {**CUSTOM, "bypass": []}, []),
]


@pytest.mark.parametrize(("stored", "options", "paths"), [row[1:] for row in DRIFT], ids=[row[0] for row in DRIFT])
def test_drift(stored: ProxyFacts | None, options: dict[str, Any], paths: list[str]) -> None:
    changes = proxies.drift(stored, wanted(**options), "proxy.", update_reason="why")
    assert [change.path for change in changes] == [f"proxy.{path}" for path in paths]
    assert {change.reason for change in changes} <= {"why"}
    assert CANARY not in repr(changes)


def test_a_login_that_would_be_lost_is_refused() -> None:
    with pytest.raises(
        Refused, match="has the login old, whose password can't be read back; give username and password"
    ):
        proxies.drift(facts(port=80, username="old"), wanted(**CUSTOM))


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ({**CUSTOM, **LOGIN}, ["password"]),
        ({**CUSTOM, **LOGIN, "port": 80}, ["port", "password"]),
        (CUSTOM, []),
    ],
)
def test_always_sets_a_password_that_was_given(options: dict[str, Any], paths: list[str]) -> None:
    changes = proxies.drift(
        facts(username="u") if "username" in options else facts(), wanted(**options), always_password=True
    )
    assert [change.path for change in changes] == paths
    assert [change.reason for change in changes if change.secret] in (
        [],
        ["the password can't be read back, and update_password is always: set again"],
    )


def test_a_password_is_hidden_in_its_change() -> None:
    (change,) = proxies.drift(facts(username="u"), wanted(**CUSTOM, **LOGIN), always_password=True)
    assert (change.secret, change.before, change.after) == (True, HIDDEN, HIDDEN)


@pytest.mark.parametrize(
    ("stored", "mode", "shown", "told"),
    [
        (None, None, "direct", "no proxy of its own"),
        (None, "custom", "direct", "no proxy of its own"),
        (None, "system", "system", "no proxy of its own (system)"),
        (facts(), "direct", "custom", "proxy http://proxy:8080"),
        (facts(address="http://proxy/", username="u"), None, "custom", "proxy http://proxy:8080, login u"),
    ],
)
def test_a_stored_proxy_is_shown(stored: ProxyFacts | None, mode: str | None, shown: str, told: str) -> None:
    assert proxies.to_result(stored, mode)["mode"] == shown
    assert proxies.describe(stored, mode) == told


# ---- a plan that was carried out leaves nothing ----

_names = st.text("abcAB.-", min_size=1, max_size=6)
_bypass = st.lists(_names, max_size=3, unique_by=str.casefold)
_stored = st.none() | st.builds(
    ProxyFacts,
    address=_names.map("http://{}".format),
    port=st.none() | st.integers(1, 65534),
    username=st.none(),
    bypass=_bypass.map(tuple),
)


@st.composite
def _wanted(draw: st.DrawFn) -> Proxy:
    mode = draw(st.sampled_from(["direct", "system", "custom"]))
    if mode != "custom":
        return wanted(mode=mode)
    login = draw(st.sampled_from([{}, LOGIN]))
    bypass = draw(st.none() | _bypass)
    return wanted(mode=mode, address=f"http://{draw(_names)}", port=draw(st.integers(1, 65534)), bypass=bypass, **login)


@given(stored=_stored, proxy=_wanted())
def test_a_carried_out_plan_leaves_nothing_to_do(stored: ProxyFacts | None, proxy: Proxy) -> None:
    seen = apply_changes(proxies.to_result(stored), proxies.drift(stored, proxy))
    after = None
    if seen["mode"] == "custom":
        after = ProxyFacts(seen["address"], seen["port"], seen["username"], tuple(seen["bypass"]))
    assert proxies.drift(after, proxy) == []
    assert proxies.to_result(after, proxy.mode) == {
        name: value for name, value in seen.items() if name != "password"
    } | {"mode": proxy.mode}
