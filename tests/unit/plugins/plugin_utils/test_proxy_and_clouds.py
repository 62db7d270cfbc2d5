# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's proxy and the metadata flag of clouds on machines of the lab (H5, P9)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    NotConverged,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import mars_proxy, vmm_cloud_sync
from lab.context import digest
from lab.windows import layout
from lab.windows.agent import AgentProxy
from lab.windows.states import (
    VAULT_ID,
    Prepare,
    agent_proxy,
    all_of,
    hyperv_host,
    marked,
    registered,
    stopped,
    vmm_server,
)
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import Build, ScriptHarness

CANARY = "canary-p4ssw0rd"
CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
LOGIN = {**CUSTOM, "username": "u", "password": CANARY}
HOST = hyperv_host(agent={})
SET = ["observe", "set_agent_proxy", "restart_service", "observe"]
HAS = AgentProxy(True, "http://proxy", 8080, None, None, "a.test;b.test")
HAS_LOGIN = AgentProxy(True, "http://proxy", 8080, "u", digest("old"), None)


def proxy(options: dict[str, Any], *, always: bool = False) -> Build[MachineFacts]:
    update = "always" if always else "on_create"
    return lambda session: mars_proxy.build({"proxy": options, "update_password": update}, session)


def clouds(*names: str, state: str = "present", azure: dict[str, Any] | None = None) -> Build[Any]:
    options = {"vmm_clouds": list(names), "state": state, "azure_registration": azure}
    return lambda session: vmm_cloud_sync.build(options, session)


# ---- the agent's proxy ----


@pytest.mark.parametrize(
    ("options", "has"),
    [
        ({"mode": "direct"}, AgentProxy()),
        ({"mode": "system"}, AgentProxy()),
        (CUSTOM, HAS),
        ({**CUSTOM, "bypass": ["B.test", "a.test"]}, HAS),
        (LOGIN, HAS_LOGIN),
    ],
)
def test_nothing_to_do_is_one_execution(harness: MakeHarness, options: dict[str, Any], has: AgentProxy) -> None:
    found = harness(HOST, agent_proxy(has))
    before = found.machine.snapshot()
    assert found.run(proxy(options)).changed is False
    assert (found.scripts, found.machine.snapshot()) == (["observe"], before)


CHANGES: list[tuple[str, AgentProxy, dict[str, Any], bool, AgentProxy]] = [
    ("a first one", AgentProxy(), CUSTOM, False, AgentProxy(True, "http://proxy", 8080)),
    ("a first one with login", AgentProxy(), LOGIN, False, AgentProxy(True, "http://proxy", 8080, "u", digest(CANARY))),
    (
        "another port",
        HAS,
        {**CUSTOM, "port": 1},
        False,
        AgentProxy(True, "http://proxy", 1, None, None, "a.test;b.test"),
    ),
    ("an empty bypass list", HAS, {**CUSTOM, "bypass": []}, False, AgentProxy(True, "http://proxy", 8080)),
    (
        "a bypass list",
        HAS,
        {**CUSTOM, "bypass": ["c.test"]},
        False,
        AgentProxy(True, "http://proxy", 8080, None, None, "c.test"),
    ),
    ("a new password", HAS_LOGIN, LOGIN, True, AgentProxy(True, "http://proxy", 8080, "u", digest(CANARY))),
    ("removed", HAS_LOGIN, {"mode": "direct"}, False, AgentProxy()),
]


@pytest.mark.parametrize(
    ("has", "options", "always", "gets"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_a_change(
    harness: MakeHarness, has: AgentProxy, options: dict[str, Any], always: bool, gets: AgentProxy
) -> None:
    found = harness(HOST, agent_proxy(has))
    planned = found.run(proxy(options, always=always), check=True)
    assert found.scripts == ["observe"]
    outcome = found.run(proxy(options, always=always))
    assert (found.scripts, outcome.plan) == (SET, planned.plan)
    assert found.machine.agent is not None
    assert found.machine.agent.proxy == gets
    assert CANARY not in f"{found.plain} {outcome!r} {planned!r}"
    assert outcome.after == {name: value for name, value in planned.after.items() if name != "password"}


def test_a_build_that_hides_the_login_converges(harness: MakeHarness) -> None:
    found = harness(HOST, agent_proxy(AgentProxy(), bypass_supported=False))
    assert found.run(proxy(LOGIN)).changed
    assert found.run(proxy(LOGIN)).changed is False


def test_a_hidden_login_is_not_lost_without_a_warning(harness: MakeHarness) -> None:
    found = harness(HOST, agent_proxy(HAS_LOGIN, bypass_supported=False))
    change = {**CUSTOM, "port": 1}
    for check in (True, False):
        (warning,) = found.run(proxy(change), check=check).warnings
        assert "does not show whether its proxy has a login" in warning
    assert found.run(proxy(change)).warnings == ()


def test_an_agent_of_azure_backup_is_not_changed(harness: MakeHarness) -> None:
    found = harness(hyperv_host(agent={"backup_vault": "backup"}), agent_proxy(HAS))
    with pytest.raises(Refused, match="registered for Azure Backup"):
        found.run(proxy({"mode": "direct"}))
    assert found.scripts == ["observe"]


def test_a_bypass_list_that_the_build_does_not_support(harness: MakeHarness) -> None:
    found = harness(HOST, agent_proxy(AgentProxy(), bypass_supported=False))
    for check in (True, False):
        with pytest.raises(Refused, match="does not support a proxy bypass list; upgrade the agent"):
            found.run(proxy({**CUSTOM, "bypass": ["a"]}), check=check)
        assert found.scripts == ["observe"]
    assert found.run(proxy({**CUSTOM, "bypass": []})).changed


@pytest.mark.parametrize(
    ("entry", "prepare", "words"),
    [(hyperv_host(), None, "is not installed"), (HOST, stopped(layout.AGENT_SERVICE), "\\(obengine\\) is Stopped")],
)
def test_an_agent_that_cannot_be_read(
    harness: MakeHarness, entry: dict[str, Any], prepare: Prepare | None, words: str
) -> None:
    found = harness(entry, prepare)
    assert found.run(proxy(CUSTOM), check=True).changed
    with pytest.raises(Refused, match=words):
        found.run(proxy(CUSTOM))
    assert found.scripts == ["observe"]


@pytest.mark.parametrize("options", [{"mode": "custom"}, {"mode": "direct", "port": 1}, {**CUSTOM, "port": 70000}])
def test_an_invalid_proxy_sends_nothing(harness: MakeHarness, options: dict[str, Any]) -> None:
    found = harness(HOST)
    with pytest.raises(InvalidInput):
        found.run(proxy(options))
    assert found.executions == []


def test_a_lie_about_the_proxy_is_detected(harness: MakeHarness) -> None:
    found = harness(HOST)
    found.lies["set_agent_proxy"] = {"applied": True}
    with pytest.raises(NotConverged):
        found.run(proxy(CUSTOM))


@pytest.mark.parametrize(("status", "state"), [("Stopped", "Stopped"), (None, "missing")])
def test_an_agent_that_does_not_start_again(harness: MakeHarness, status: str | None, state: str) -> None:
    found = harness(HOST)
    found.lies["restart_service"] = {"restarted": True, "running_jobs": None, "status": status}
    with pytest.raises(RemoteFailure, match=f"^the proxy was set, but service obengine is {state} after its restart;"):
        found.run(proxy(CUSTOM))


def test_a_failed_restart_has_changed_the_proxy(harness: MakeHarness) -> None:
    found = harness(HOST)
    found.fail(f"start {layout.AGENT_SERVICE}")
    with pytest.raises(RemoteFailure, match="cannot be started"):
        found.run(proxy(LOGIN))
    assert found.session.changed


def test_a_restart_that_an_earlier_run_missed(harness: MakeHarness) -> None:
    found = harness(HOST, all_of(agent_proxy(HAS), marked(layout.AGENT_SERVICE)))
    planned = found.run(proxy(CUSTOM), check=True)
    outcome = found.run(proxy(CUSTOM))
    assert found.scripts == ["observe", "restart_service", "observe"]
    assert (planned.plan, planned.after) == (outcome.plan, outcome.after)
    assert (outcome.before["restart_due"], outcome.after["restart_due"]) == (True, False)
    assert found.run(proxy(CUSTOM)).changed is False


# ---- the metadata flag of clouds ----

SERVER = vmm_server()


def published(found: ScriptHarness) -> list[str]:
    assert found.machine.vmm is not None
    return [cloud.name for cloud in found.machine.vmm.clouds if cloud.published]


@pytest.mark.parametrize("names", [["Gold"], ["GOLD", "gold"]])
def test_published_clouds_are_one_execution(harness: MakeHarness, names: list[str]) -> None:
    found = harness(SERVER)
    assert found.run(clouds(*names)).changed is False
    assert found.scripts == ["observe"]


@pytest.mark.parametrize(
    ("names", "after"),
    [
        (["all"], ["Gold", "Größe L", "Empty"]),
        (["empty"], ["Gold", "Empty"]),
        # A sharp s has two letters in upper case. Names are compared without case.
        (["GRÖSSE L", "Gold"], ["Gold", "Größe L"]),
        (["größe l", "Größe L", "Gold"], ["Gold", "Größe L"]),
    ],
)
def test_clouds_are_published_once(harness: MakeHarness, names: list[str], after: list[str]) -> None:
    found = harness(SERVER, registered())
    planned = found.run(clouds(*names), check=True)
    assert (found.scripts, published(found)) == (["observe"], ["Gold"])
    outcome = found.run(clouds(*names))
    assert found.scripts == ["observe", "publish_cloud", "observe"]
    assert (published(found), planned.after) == (after, outcome.after)
    assert len(found.sent("publish_cloud")["parameters"]["CloudIds"]) == len(after) - 1
    assert found.run(clouds(*names)).changed is False


def test_clouds_are_not_sent_to_a_vault_of_the_same_name(harness: MakeHarness) -> None:
    """A server that is registered elsewhere sends the metadata of its clouds there."""
    found = harness(vmm_server(provider={}), registered())
    azure: dict[str, Any] = {"registered": False, "lookup": {"same_named_vaults": [VAULT_ID]}}
    with pytest.raises(Refused, match="other vaults have the same name"):
        found.run(clouds("Empty", azure=azure))
    assert found.scripts == ["observe"]
    for shown in ({**azure, "registered": True}, {"registered": False, "lookup": {"same_named_vaults": []}}, None):
        assert found.run(clouds("Empty", azure=shown), check=True).changed
    assert not found.run(clouds("Gold", azure=azure)).changed


def test_one_unknown_name_stops_all(harness: MakeHarness) -> None:
    found = harness(SERVER)
    for check in (True, False):
        with pytest.raises(Refused, match="does not have the cloud None; its clouds are Empty, Gold, Größe L"):
            found.run(clouds("Empty", "None"), check=check)
        assert (found.scripts, published(found)) == (["observe"], ["Gold"])


@pytest.mark.parametrize("check", [True, False])
def test_a_release_without_the_flag(harness: MakeHarness, check: bool) -> None:
    found = harness(vmm_server(vmm={"flag_supported": False}))
    with pytest.raises(Refused, match="enable it on the General page"):
        found.run(clouds("all"), check=check)


def test_a_stopped_vmm(harness: MakeHarness) -> None:
    found = harness(SERVER, stopped(layout.VMM_SERVICE))
    planned = found.run(clouds("Gold"), check=True)
    assert (planned.changed, planned.after["clouds"]) == (
        True,
        [{"id": "(known after apply)", "name": "Gold", "synchronized": True, "hosts": []}],
    )
    assert [entry.found for entry in planned.evidence] == ["unknown while service SCVMMService does not run"]
    with pytest.raises(Refused, match="\\(SCVMMService\\) is Stopped"):
        found.run(clouds("Gold"))


@pytest.mark.parametrize("names", [[], ["all", "Gold"]])
def test_invalid_names_send_nothing(harness: MakeHarness, names: list[str]) -> None:
    found = harness(SERVER)
    with pytest.raises(InvalidInput):
        found.run(clouds(*names))
    assert found.executions == []


@pytest.mark.parametrize("check", [True, False])
def test_a_cloud_is_withdrawn_on_request(harness: MakeHarness, check: bool) -> None:
    found = harness(SERVER, registered())
    outcome = found.run(clouds("gold", state="absent"), check=check)
    assert (found.scripts[:2], published(found)) == (
        (["observe"], ["Gold"]) if check else (["observe", "publish_cloud"], [])
    )
    assert [cloud["synchronized"] for cloud in outcome.after["clouds"]] == [False, False, False]
    assert outcome.warnings == ()
    assert [entry.done for entry in outcome.evidence] == [
        ("planned: " if check else "") + "stop sending metadata of cloud Gold"
    ]
    assert found.run(clouds("Gold", state="absent"), check=check).changed is check


def test_vmm_rejects_the_withdrawal_of_a_paired_cloud(harness: MakeHarness) -> None:
    found = harness(vmm_server(vmm={"clouds": [{"name": "Gold", "published": True, "paired": True}]}))
    with pytest.raises(RemoteFailure, match="The cloud Gold is configured for protection"):
        found.run(clouds("Gold", state="absent"))
    assert (published(found), found.session.changed) == (["Gold"], False)


def test_two_clouds_of_the_same_name_are_refused(harness: MakeHarness) -> None:
    same = [{"name": "Gold", "id": f"00000000-0000-0000-0000-00000000000{number}"} for number in (1, 2)]
    found = harness(vmm_server(vmm={"clouds": same}))
    with pytest.raises(Refused, match="more than one cloud with the name Gold"):
        found.run(clouds("Gold"))
    assert found.run(clouds("all")).changed
    assert published(found) == ["Gold", "Gold"]


def test_clouds_whose_machines_cannot_be_protected_are_warned_of(harness: MakeHarness) -> None:
    bare = [{"name": "A", "host_groups": ["Berlin"], "capability_profiles": []}, {"name": "B"}]
    found = harness(vmm_server(vmm={"clouds": bare}))
    assert [warning.split(";")[0] for warning in found.run(clouds("all")).warnings] == [
        "clouds without a Hyper-V host, whose machines cannot be protected: B",
        "clouds without the capability profile Hyper-V: A (has none)",
    ]
    assert len(found.run(clouds("A")).warnings) == 1


def test_a_flag_that_vmm_does_not_show_is_set_and_proven_by_azure(harness: MakeHarness) -> None:
    found = harness(vmm_server(vmm={"flag_shown": False}))
    first = found.run(clouds("Empty", "Gold", azure={"registered": False, "clouds": []}))
    assert (first.changed, published(found)) == (True, ["Gold", "Empty"])
    assert "the cloud in the vault proves it (P10)" in first.warnings[0]
    assert found.run(clouds("Empty", "Gold", azure={"registered": True, "clouds": ["EMPTY", "gold"]})).changed is False
    # Azure was not asked, so only another write makes sure.
    assert found.run(clouds("Empty")).changed is True


def test_a_lie_about_clouds_is_detected(harness: MakeHarness) -> None:
    found = harness(SERVER)
    found.lies["publish_cloud"] = {"clouds": []}
    with pytest.raises(NotConverged, match="send metadata of cloud Empty to the vault"):
        found.run(clouds("Empty"))


def test_hosts_are_shown_with_their_clouds(harness: MakeHarness) -> None:
    (gold, *_) = harness(SERVER).run(clouds("Gold")).after["clouds"]
    assert gold["hosts"] == [
        "hv01.corp.lab.test",
        "hv02.corp.lab.test",
        "hv03.corp.lab.test",
        "esx1.x.test",
    ]


def test_a_host_has_no_clouds(harness: MakeHarness) -> None:
    with pytest.raises(Refused, match="is not a VMM server"):
        harness(hyperv_host()).run(clouds("all"))
