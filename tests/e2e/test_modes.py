# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to the Internet, of the Provider (P6a, P6b, P6c, P6e) and of the agent (H5): set, kept, mended, changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lab.lab import Lab
from lab.windows import layout
from lab.windows.agent import AgentProxy
from lab.windows.machine import Machine
from lab.world import Entry, digest
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.fleet import Fleets, hyperv_host, open_proxy, set_system_proxy, vmm_server
from tests.support.playbook import Controller, Run, Task
from tests.support.plays import HAVE_KEY, HAVE_VAULT, KEY_PATH, VAULT_ID, noun, play, write

Wish = dict[str, Any]
NEW_PASSWORD = "the-proxys-password-of-tomorrow"

DIRECT: Wish = {"mode": "direct"}
SYSTEM: Wish = {"mode": "system"}
# Port and address are those of the run: see `wishes`.
OPEN: Wish = {"mode": "custom", "address": "http://proxy.lab.example", "port": "open"}
LOGIN: Wish = {**OPEN, "port": "login", "username": "svc-proxy", "password": "{{ proxy_password }}"}
BYPASS = ["*.lab.example", "intranet"]


@dataclass(frozen=True)
class Way:
    """One machine of each kind: the way that it is given first, what is done to it then, and what is asked for next."""

    first: Wish
    next: Wish
    tamper: Mapping[str, Any] | None = None
    next_password: str = "on_create"
    egress: str = "proxy"


WAYS = {
    "direct": Way(DIRECT, LOGIN, egress="any"),
    "system": Way(SYSTEM, SYSTEM),
    "open": Way({**OPEN, "bypass": BYPASS}, OPEN, {"port": 9}),
    "login": Way(LOGIN, {**LOGIN, "password": NEW_PASSWORD}, next_password="always"),
    "kept": Way(LOGIN, {**LOGIN, "password": NEW_PASSWORD}),
    "drift": Way({**OPEN, "bypass": BYPASS}, {**OPEN, "bypass": BYPASS}, {"address": "http://other", "bypass": "x"}),
    "back": Way(OPEN, DIRECT, egress="any"),
}
MODE = {name: way.first["mode"] for name, way in WAYS.items()}
STEP = {"direct": "P6a", "system": "P6b", "custom": "P6c"}
PROVIDER, AGENT = "provider_registration", "mars_proxy"
SERVICE = {PROVIDER: layout.VMM_SERVICE, AGENT: layout.AGENT_SERVICE}
HOST = {PROVIDER: "vmm-", AGENT: "hv-"}
#: What each kind does when it is asked for the next way.
CHANGES = {
    PROVIDER: {"direct", "open", "login", "drift"},
    AGENT: {"direct", "open", "login", "drift", "back"},
}
both = pytest.mark.parametrize("kind", [PROVIDER, AGENT])
every = pytest.mark.parametrize("way", WAYS)


@dataclass(frozen=True)
class Act:
    """One run over all machines and what it wrote."""

    run: Run
    journal: list[Entry]
    world: dict[str, Any]

    def task(self, kind: str, way: str) -> Task:
        (found,) = (task for task in self.run.of(kind) if task.host == HOST[kind] + way)
        return found

    def result(self, kind: str, way: str) -> Any:
        result = self.task(kind, way).result
        return result["registration"]["proxy"] if kind == PROVIDER else result["proxy"]

    def starts(self, kind: str, way: str) -> int:
        """How often the service was started on the machine."""
        return sum(
            entry.verb == "service.start" and entry.target == HOST[kind] + way and entry.detail["service"] == name
            for name in [SERVICE[kind]]
            for entry in self.journal
        )


@dataclass(frozen=True)
class Story:
    """The runs in their order on one lab; `machines` as they are at the end."""

    lab: Lab
    ports: Mapping[str, int]
    first: Act
    second: Act
    check: Act
    then: Act
    after: Act


class Stage:
    """The lab with two machines for each way, and a playbook that gives each its way."""

    def __init__(self, lab: Lab, controller: Controller, ports: Mapping[str, int], folder: Path) -> None:
        self._lab, self._controller, self._ports, self._folder = lab, controller, ports, folder
        for way in WAYS:
            # The agent's way is set by command only, so the two that are set first have something to change from.
            agent = lab.machines[HOST[AGENT] + way].agent
            assert agent is not None
            if MODE[way] != "custom":
                agent.proxy = AgentProxy(True, "http://proxy.of.before", 3128)
        for kind in (PROVIDER, AGENT):
            set_system_proxy(lab.machines[HOST[kind] + "system"], f"proxy.lab.example:{ports['open']}")
        prepared = controller.run(write(folder, play("localhost", HAVE_VAULT, HAVE_KEY)))
        assert prepared.returncode == 0, prepared.output

    def act(
        self, wishes: Mapping[str, Wish], passwords: Mapping[str, str], *arguments: str, confirmed: bool = False
    ) -> Act:
        resolved = {
            name: {**wish, "port": self._ports[wish["port"]]} if "port" in wish else wish
            for name, wish in wishes.items()
        }
        options = {
            "proxy": "{{ wishes[way] }}",
            "update_password": "{{ passwords[way] | default('on_create') }}",
        }
        variables = {
            "wishes": resolved,
            "passwords": dict(passwords),
            "way": "{{ inventory_hostname.split('-')[1] }}",
        }
        view = {"azure_registration": {"registered": True}} if confirmed else {}
        wish = {"vault_id": VAULT_ID, "key_path": KEY_PATH, **view, **options}
        book = write(
            self._folder,
            play("vmm_servers", noun(PROVIDER, wish), vars=variables),
            # The hosts' play goes on when a server refused: a refusal is one of the things to look at.
            play("hyperv_hosts", noun(AGENT, options), vars=variables),
        )
        self._lab.journal.clear()
        run = self._controller.run(book, "--forks", "7", *arguments)
        return Act(run, list(self._lab.journal.entries), copy.deepcopy(self._lab.snapshot()))


@pytest.fixture(scope="module")
def story(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    machines = [
        make(HOST[kind] + name, egress=way.egress)
        for kind, make in ((PROVIDER, vmm_server), (AGENT, hyperv_host))
        for name, way in WAYS.items()
    ]
    with Fleets(tmp_path_factory.mktemp("modes")) as make_fleet:
        lab = make_fleet(machines=machines)
        with open_proxy(lab) as port:
            ports = {"open": port, "login": lab.world.proxy.port}
            stage = Stage(lab, controller_of(main_cell, lab), ports, tmp_path_factory.mktemp("plays"))
            firsts = {name: way.first for name, way in WAYS.items()}
            nexts = {name: way.next for name, way in WAYS.items()}
            passwords = {name: way.next_password for name, way in WAYS.items()}
            first, second = stage.act(firsts, {}, "--diff"), stage.act(firsts, {})
            for name, way in WAYS.items():
                if way.tamper:
                    tamper(lab.machines[HOST[PROVIDER] + name], lab.machines[HOST[AGENT] + name], way.tamper)
            check = stage.act(nexts, passwords, "--check", "--diff")
            then = stage.act(nexts, passwords, "--diff")
            # A Provider goes back only by being registered again, under a name that Azure confirms.
            after = stage.act({**nexts, "back": SYSTEM}, {}, confirmed=True)
            yield Story(lab, ports, first, second, check, then, after)


def tamper(server: Machine, host: Machine, values: Mapping[str, Any]) -> None:
    """Somebody changed the proxy by hand."""
    names = {"address": "ProxyAddress", "port": "ProxyPort", "bypass": "ProxyBypassUrls"}
    for name, value in values.items():
        server.registry.set(layout.PROXY_KEY, names[name], str(value))
    assert host.agent is not None
    renamed = {"server" if name == "address" else name: value for name, value in values.items()}
    host.agent.proxy = replace(host.agent.proxy, **renamed)


def accepted(act: Act) -> None:
    assert act.run.returncode == 0, act.run.output


@both
@every
def test_first_run_sets_the_way_that_was_asked_for(story: Story, kind: str, way: str) -> None:
    accepted(story.first)
    assert story.first.task(kind, way).changed
    first = WAYS[way].first
    assert story.first.result(kind, way) == {
        "mode": MODE[way],
        "address": first.get("address"),
        "port": story.ports[first["port"]] if "port" in first else None,
        "username": first.get("username"),
        "bypass": first.get("bypass", []),
        **({} if kind == PROVIDER else {"restart_due": False}),
    }


@both
@every
def test_first_run_shows_the_way_as_a_difference(story: Story, kind: str, way: str) -> None:
    diff = story.first.task(kind, way).result["diff"]
    before, after = ((diff[side]["proxy"] if kind == PROVIDER else diff[side]) for side in ("before", "after"))
    assert after == story.first.result(kind, way)
    # A server that is registered without a proxy of its own looks as before: what differs is that it is registered.
    assert (before != after) is not (kind == PROVIDER and way == "direct")


@both
@every
def test_evidence_names_the_step_of_the_way(story: Story, kind: str, way: str) -> None:
    steps = {entry["step"]: entry for entry in story.first.task(kind, way).result["evidence"]}
    if kind == AGENT:
        assert set(steps) == {"H5"}
    else:
        assert set(steps) & {*STEP.values()} == {STEP[MODE[way]]}
        assert ("P6e" in steps) is ("username" in WAYS[way].first)
    shown = steps["H5" if kind == AGENT else STEP[MODE[way]]]["verified"]
    assert ("proxy http://proxy.lab.example" in shown) is (MODE[way] == "custom")


@both
def test_system_reports_what_the_account_sees_and_that_this_was_not_verified(story: Story, kind: str) -> None:
    step = STEP["system"] if kind == PROVIDER else "H5"
    for act in (story.first, story.second):
        (entry,) = (entry for entry in act.task(kind, "system").result["evidence"] if entry["step"] == step)
        assert f"uses the proxy proxy.lab.example:{story.ports['open']}" in entry["verified"]
        assert "not verified on a real server" in entry["verified"]


def test_login_is_kept_in_vmm(story: Story) -> None:
    for way in WAYS:
        told = {entry["step"]: entry for entry in story.first.task(PROVIDER, way).result["evidence"]}
        if "P6e" in told:
            assert told["P6e"]["verified"] == f"Run As account {layout.PROXY_ACCOUNT}"
    accounts = {way: list(story.first.world["machines"][HOST[PROVIDER] + way]["vmm"]["run_as"]) for way in WAYS}
    assert {way for way, names in accounts.items() if names} == {"login", "kept"}


def test_second_run_changes_nothing(story: Story) -> None:
    accepted(story.second)
    assert story.second.run.changed == 0
    assert story.second.journal == []
    assert story.second.world == story.first.world


def test_check_mode_foresees_the_next_run_and_writes_nothing(story: Story) -> None:
    def told(run: Run) -> dict[tuple[str, str], Any]:
        return {
            (task.host, task.action): (task.status, task.changed, task.result.get("plan"), task.result.get("diff"))
            for kind in (PROVIDER, AGENT)
            for task in run.of(kind)
        }

    assert story.check.journal == []
    assert told(story.check.run) == told(story.then.run)


@both
@every
def test_next_run_changes_what_differs_and_restarts_the_service_once(story: Story, kind: str, way: str) -> None:
    expected = way in CHANGES[kind]
    assert story.then.task(kind, way).changed is expected
    assert story.then.starts(kind, way) == int(expected)
    touched = {entry.target for entry in story.then.journal}
    assert (HOST[kind] + way in touched) is expected


@both
def test_drift_is_mended_value_by_value(story: Story, kind: str) -> None:
    def planned(way: str) -> dict[str, Any]:
        changes = story.then.task(kind, way).result["plan"]
        return {change["path"].removeprefix("proxy."): (change["before"], change["after"]) for change in changes}

    assert planned("open") == {"port": (9, story.ports["open"])}
    assert planned("drift") == {"address": ("http://other", "http://proxy.lab.example"), "bypass": (["x"], BYPASS)}
    for way in ("open", "drift"):
        assert story.then.result(kind, way) == story.first.result(kind, way)


@both
def test_a_list_that_was_not_written_is_left_alone(story: Story, kind: str) -> None:
    assert "bypass" not in WAYS["open"].next
    assert story.then.result(kind, "open")["bypass"] == BYPASS


def kept_password(world: Mapping[str, Any], kind: str, way: str) -> str:
    machine = world["machines"][HOST[kind] + way]
    found = machine["vmm"]["run_as"][layout.PROXY_ACCOUNT][1] if kind == PROVIDER else machine["agent"]["password"]
    return str(found)


@both
def test_a_password_is_set_again_when_asked_for(story: Story, kind: str) -> None:
    result = story.then.task(kind, "login").result
    assert [change["path"].removeprefix("proxy.") for change in result["plan"]] == ["password"]
    assert kept_password(story.first.world, kind, "login") == "{proxy password}"
    assert kept_password(story.then.world, kind, "login") == digest(NEW_PASSWORD)
    step = "P6e" if kind == PROVIDER else "H5"
    (entry,) = (entry for entry in result["evidence"] if entry["step"] == step)
    assert "update_password is always" in entry["done"]


@both
def test_on_create_leaves_a_password_alone(story: Story, kind: str) -> None:
    assert kept_password(story.then.world, kind, "kept") == "{proxy password}"


def test_no_password_is_shown(story: Story) -> None:
    for act in (story.first, story.second, story.check, story.then, story.after):
        for secret in (NEW_PASSWORD, story.lab.world.proxy.password):
            assert secret not in act.run.output
            assert secret not in act.run.record


def test_a_provider_goes_back_only_under_a_name_that_azure_confirms(story: Story) -> None:
    task = story.then.task(PROVIDER, "back")
    assert task.status == "failed"
    assert task.result["error"]["kind"] == "refused"
    message = task.result["msg"]
    for words in ("http://proxy.lab.example", "returns to direct only when", "under a name that Azure confirms"):
        assert words in message
    assert "\n" not in message
    assert "Traceback" not in story.then.run.output
    name = HOST[PROVIDER] + "back"
    assert story.then.world["machines"][name] == story.first.world["machines"][name]


def test_a_provider_goes_back_by_being_registered_again(story: Story) -> None:
    task = story.after.task(PROVIDER, "back")
    assert (task.changed, story.after.result(PROVIDER, "back")["mode"]) == (True, "system")
    (reason,) = {change["reason"] for change in task.result["plan"]}
    assert reason.startswith("register the server again without a proxy")
    assert story.after.starts(PROVIDER, "back") == 1


def test_an_agent_goes_back(story: Story) -> None:
    assert story.then.result(AGENT, "back")["mode"] == "direct"
    assert story.then.world["machines"][HOST[AGENT] + "back"]["agent"]["enabled"] is False


def test_a_run_after_all_of_this_changes_nothing_else(story: Story) -> None:
    accepted(story.after)
    back = HOST[PROVIDER] + "back"
    assert [task.host for kind in (PROVIDER, AGENT) for task in story.after.run.of(kind) if task.changed] == [back]
    # Azure goes on by itself: a server shows up some time after it registered. The journal holds every write there.
    assert {entry.target.rpartition("/")[2] for entry in story.after.journal} == {back, "vault-dr"}
    others = ({**act.world["machines"], back: None} for act in (story.after, story.then))
    assert next(others) == next(others)
