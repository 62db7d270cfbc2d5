# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy of the Recovery Services agent: planned changes and refusals in every state (H5)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import agent_proxy as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.proxy import Proxy
from tests.unit.plugins.module_utils.model.windows import observations as seen

CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
LOGIN = {**CUSTOM, "username": "u", "password": "p"}


def desired(**options: Any) -> Proxy:
    proxy = Proxy.from_options(options)
    assert proxy is not None
    return proxy


PROXY_PLANS: list[tuple[str, dict[str, Any], dict[str, Any], bool, list[str]]] = [
    ("none, direct", seen.agent(), {"mode": "direct"}, False, []),
    ("none, custom", seen.agent(), CUSTOM, False, ["mode", "address", "port"]),
    ("one, direct", seen.agent(proxy=seen.agent_proxy()), {"mode": "direct"}, False, ["mode", "address", "port"]),
    ("the same", seen.agent(proxy=seen.agent_proxy()), CUSTOM, False, []),
    (
        "an old build that does not show the login",
        seen.agent(proxy=seen.agent_proxy(login_shown=False)),
        LOGIN,
        False,
        [],
    ),
    ("an old build, always", seen.agent(proxy=seen.agent_proxy(login_shown=False)), LOGIN, True, ["password"]),
    (
        "an old build, another port",
        seen.agent(proxy=seen.agent_proxy(port=1, login_shown=False)),
        LOGIN,
        False,
        ["port", "password"],
    ),
    ("a first login", seen.agent(proxy=seen.agent_proxy()), LOGIN, False, ["username", "password"]),
    (
        "another login",
        seen.agent(proxy=seen.agent_proxy(username="old")),
        LOGIN,
        False,
        ["username", "password"],
    ),
]


@pytest.mark.parametrize(
    ("agent", "options", "always", "paths"), [row[1:] for row in PROXY_PLANS], ids=[row[0] for row in PROXY_PLANS]
)
def test_plan(agent: dict[str, Any], options: dict[str, Any], always: bool, paths: list[str]) -> None:
    plan = model.plan_agent_proxy(
        seen.hyperv_host(agent=agent), desired(**options), always_password=always, check_mode=False
    )
    assert [change.path for change in plan.changes] == paths


def test_an_agent_of_azure_backup_keeps_its_proxy() -> None:
    machine = seen.hyperv_host(agent=seen.agent(backup_registered=True))
    for check in (True, False):
        with pytest.raises(Refused, match="registered for Azure Backup"):
            model.plan_agent_proxy(machine, desired(**CUSTOM), always_password=False, check_mode=check)


@pytest.mark.parametrize(
    ("found", "options", "lost"),
    [
        ({"login_shown": False, "port": 1}, CUSTOM, True),
        ({"login_shown": False}, CUSTOM, False),
        ({"login_shown": False, "port": 1}, LOGIN, False),
        ({"login_shown": False}, {"mode": "direct"}, False),
        ({"port": 1}, CUSTOM, False),
    ],
)
def test_a_hidden_login_may_be_lost(found: dict[str, Any], options: dict[str, Any], lost: bool) -> None:
    machine = seen.hyperv_host(agent=seen.agent(proxy=seen.agent_proxy(**found)))
    plan = model.plan_agent_proxy(machine, desired(**options), always_password=False)
    assert model.login_may_be_lost(machine.agent, desired(**options), plan) is lost


UNREADABLE = seen.agent(service=seen.STOPPED, proxy=None)


@pytest.mark.parametrize(
    ("agent", "line"),
    [
        (
            None,
            "the Recovery Services agent is not installed; install it first (siterecovery.hyperv.mars_agent)",
        ),
        (
            UNREADABLE,
            "the agent's proxy cannot be read while its service (obengine) is Stopped; start the service, then run"
            " again",
        ),
        (
            seen.agent(service=None, proxy=None),
            "the agent's proxy cannot be read while its service (obengine) is missing; start the service, then run"
            " again",
        ),
    ],
)
def test_an_agent_whose_proxy_cannot_be_read(agent: dict[str, Any] | None, line: str) -> None:
    machine = seen.hyperv_host(agent=agent)
    with pytest.raises(Refused) as refused:
        model.plan_agent_proxy(machine, desired(**CUSTOM), always_password=True)
    assert refused.value.message == line
    planned = model.plan_agent_proxy(machine, desired(**LOGIN), always_password=True, check_mode=True)
    assert [change.path for change in planned.changes] == ["mode", "address", "port", "username", "password"]


@pytest.mark.parametrize(
    ("agent", "mode", "text"),
    [
        (None, "direct", "no agent"),
        (UNREADABLE, "direct", "unknown while service obengine is Stopped"),
        (seen.agent(), "system", "no custom proxy (system)"),
        (seen.agent(proxy=seen.agent_proxy(username="u")), "direct", "proxy http://proxy:8080, user u"),
    ],
)
def test_description(agent: dict[str, Any] | None, mode: str, text: str) -> None:
    assert model.describe_proxy(seen.hyperv_host(agent=agent).agent, desired(mode=mode)) == text
