# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every proxy mode of the Provider (P6a, P6b, P6c, P6e) and the agent (H5): set, kept, corrected and changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lab.context import Entry, digest
from lab.lab import Lab
from lab.windows import layout
from lab.windows.agent import AgentProxy
from lab.windows.machine import Machine
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.fleet import Fleets, hyperv_host, open_proxy, set_system_proxy, vmm_server
from tests.support.playbook import Controller, Run, Task
from tests.support.plays import ENSURE_KEY, ENSURE_VAULT, KEY_PATH, VAULT_ID, module_task, play, write

Proxy = dict[str, Any]
NEW_PASSWORD = "the-proxys-password-of-tomorrow"

DIRECT: Proxy = {"mode": "direct"}
SYSTEM: Proxy = {"mode": "system"}
# The names of ports stand for the ports of the run; see `Harness.run`.
OPEN: Proxy = {"mode": "custom", "address": "http://proxy.lab.example", "port": "open"}
LOGIN: Proxy = {**OPEN, "port": "login", "username": "svc-proxy", "password": "{{ proxy_password }}"}
BYPASS = ["*.lab.example", "intranet"]


@dataclass(frozen=True)
class Case:
    """One machine of each kind: the proxy of the first run, a manual change, and the proxy of the next run."""

    first: Proxy
    next: Proxy
    tamper: Mapping[str, Any] | None = None
    next_password: str = "on_create"
    egress: str = "proxy"


CASES = {
    "direct": Case(DIRECT, LOGIN, egress="any"),
    "system": Case(SYSTEM, SYSTEM),
    "open": Case({**OPEN, "bypass": BYPASS}, OPEN, {"port": 9}),
    "login": Case(LOGIN, {**LOGIN, "password": NEW_PASSWORD}, next_password="always"),
    "kept": Case(LOGIN, {**LOGIN, "password": NEW_PASSWORD}),
    "drift": Case({**OPEN, "bypass": BYPASS}, {**OPEN, "bypass": BYPASS}, {"address": "http://other", "bypass": "x"}),
    "back": Case(OPEN, DIRECT, egress="any"),
}
MODE = {name: case.first["mode"] for name, case in CASES.items()}
STEP = {"direct": "P6a", "system": "P6b", "custom": "P6c"}
PROVIDER, AGENT = "provider_registration", "mars_proxy"
SERVICE = {PROVIDER: layout.VMM_SERVICE, AGENT: layout.AGENT_SERVICE}
HOST = {PROVIDER: "vmm-", AGENT: "hv-"}
#: The cases in which the next run changes something.
CHANGES = {
    PROVIDER: {"direct", "open", "login", "drift"},
    AGENT: {"direct", "open", "login", "drift", "back"},
}
both = pytest.mark.parametrize("kind", [PROVIDER, AGENT])
every = pytest.mark.parametrize("case", CASES)


@dataclass(frozen=True)
class Act:
    """One run over all machines, with its writes and the state after it."""

    run: Run
    journal: list[Entry]
    state: dict[str, Any]

    def task(self, kind: str, case: str) -> Task:
        (found,) = (task for task in self.run.of(kind) if task.host == HOST[kind] + case)
        return found

    def result(self, kind: str, case: str) -> Any:
        result = self.task(kind, case).result
        return result["registration"]["proxy"] if kind == PROVIDER else result["proxy"]

    def starts(self, kind: str, case: str) -> int:
        """Return how often the service was started on the machine."""
        return sum(
            entry.verb == "service.start" and entry.target == HOST[kind] + case and entry.detail["service"] == name
            for name in [SERVICE[kind]]
            for entry in self.journal
        )


@dataclass(frozen=True)
class Story:
    """The runs in their order on one lab."""

    lab: Lab
    ports: Mapping[str, int]
    first: Act
    second: Act
    check: Act
    then: Act
    after: Act


class Harness:
    """A lab with two machines for each case, and a playbook that sets the proxy of each."""

    def __init__(self, lab: Lab, controller: Controller, ports: Mapping[str, int], folder: Path) -> None:
        self._lab, self._controller, self._ports, self._folder = lab, controller, ports, folder
        for case in CASES:
            # The other modes start with an old proxy, so that the first run changes something.
            agent = lab.machines[HOST[AGENT] + case].agent
            assert agent is not None
            if MODE[case] != "custom":
                agent.proxy = AgentProxy(True, "http://old-proxy", 3128)
        for kind in (PROVIDER, AGENT):
            set_system_proxy(lab.machines[HOST[kind] + "system"], f"proxy.lab.example:{ports['open']}")
        prepared = controller.run(write(folder, play("localhost", ENSURE_VAULT, ENSURE_KEY)))
        assert prepared.returncode == 0, prepared.output

    def run(
        self, proxies: Mapping[str, Proxy], passwords: Mapping[str, str], *arguments: str, confirmed: bool = False
    ) -> Act:
        resolved = {
            name: {**proxy, "port": self._ports[proxy["port"]]} if "port" in proxy else proxy
            for name, proxy in proxies.items()
        }
        options = {
            "proxy": "{{ proxies[case] }}",
            "update_password": "{{ passwords[case] | default('on_create') }}",
        }
        variables = {
            "proxies": resolved,
            "passwords": dict(passwords),
            "case": "{{ inventory_hostname.split('-')[1] }}",
        }
        view = {"azure_registration": {"registered": True}} if confirmed else {}
        registration = {"vault_id": VAULT_ID, "key_path": KEY_PATH, **view, **options}
        book = write(
            self._folder,
            play("vmm_servers", module_task(PROVIDER, registration), vars=variables),
            # One server refuses its proxy on purpose, and the play of the hosts runs anyway.
            play("hyperv_hosts", module_task(AGENT, options), vars=variables),
        )
        self._lab.journal.clear()
        run = self._controller.run(book, "--forks", "7", *arguments)
        # The modules don't wait until Azure shows a server: the state after a run must not depend on that moment.
        self._lab.azure.hurry()
        return Act(run, list(self._lab.journal.entries), copy.deepcopy(self._lab.snapshot()))


@pytest.fixture(scope="module")
def story(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    machines = [
        make(HOST[kind] + name, egress=case.egress)
        for kind, make in ((PROVIDER, vmm_server), (AGENT, hyperv_host))
        for name, case in CASES.items()
    ]
    with Fleets(tmp_path_factory.mktemp("modes")) as make_fleet:
        lab = make_fleet(machines=machines)
        with open_proxy(lab) as port:
            ports = {"open": port, "login": lab.context.proxy.port}
            harness = Harness(lab, controller_of(main_cell, lab), ports, tmp_path_factory.mktemp("plays"))
            firsts = {name: case.first for name, case in CASES.items()}
            nexts = {name: case.next for name, case in CASES.items()}
            passwords = {name: case.next_password for name, case in CASES.items()}
            first, second = harness.run(firsts, {}, "--diff"), harness.run(firsts, {})
            for name, case in CASES.items():
                if case.tamper:
                    tamper(lab.machines[HOST[PROVIDER] + name], lab.machines[HOST[AGENT] + name], case.tamper)
            check = harness.run(nexts, passwords, "--check", "--diff")
            then = harness.run(nexts, passwords, "--diff")
            # A Provider returns to another mode only by a new registration under a name that Azure confirms.
            after = harness.run({**nexts, "back": SYSTEM}, {}, confirmed=True)
            yield Story(lab, ports, first, second, check, then, after)


def tamper(server: Machine, host: Machine, values: Mapping[str, Any]) -> None:
    """Change the proxy by hand, as an administrator does."""
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
def test_first_run_sets_the_requested_proxy(story: Story, kind: str, case: str) -> None:
    accepted(story.first)
    assert story.first.task(kind, case).changed
    first = CASES[case].first
    assert story.first.result(kind, case) == {
        "mode": MODE[case],
        "address": first.get("address"),
        "port": story.ports[first["port"]] if "port" in first else None,
        "username": first.get("username"),
        "bypass": first.get("bypass", []),
        **({} if kind == PROVIDER else {"restart_due": False}),
    }


@both
@every
def test_first_run_shows_the_proxy_as_a_difference(story: Story, kind: str, case: str) -> None:
    diff = story.first.task(kind, case).result["diff"]
    before, after = ((diff[side]["proxy"] if kind == PROVIDER else diff[side]) for side in ("before", "after"))
    assert after == story.first.result(kind, case)
    # A registration without a proxy does not change the reported proxy, only the registration.
    assert (before != after) is not (kind == PROVIDER and case == "direct")


@both
@every
def test_evidence_names_the_step_of_the_mode(story: Story, kind: str, case: str) -> None:
    steps = {entry["step"]: entry for entry in story.first.task(kind, case).result["evidence"]}
    if kind == AGENT:
        assert set(steps) == {"H5"}
    else:
        assert set(steps) & {*STEP.values()} == {STEP[MODE[case]]}
        assert ("P6e" in steps) is ("username" in CASES[case].first)
    shown = steps["H5" if kind == AGENT else STEP[MODE[case]]]["verified"]
    assert ("proxy http://proxy.lab.example" in shown) is (MODE[case] == "custom")


@both
def test_system_reports_the_proxy_of_the_account_as_not_verified(story: Story, kind: str) -> None:
    step = STEP["system"] if kind == PROVIDER else "H5"
    for act in (story.first, story.second):
        (entry,) = (entry for entry in act.task(kind, "system").result["evidence"] if entry["step"] == step)
        assert f"uses the proxy proxy.lab.example:{story.ports['open']}" in entry["verified"]
        assert "not verified on a live system" in entry["verified"]


def test_vmm_stores_the_login(story: Story) -> None:
    for case in CASES:
        evidence = {entry["step"]: entry for entry in story.first.task(PROVIDER, case).result["evidence"]}
        if "P6e" in evidence:
            assert (
                evidence["P6e"]["verified"]
                == f"Run As account {layout.PROXY_ACCOUNT} with the login {story.lab.context.proxy.username}"
            )
    accounts = {case: list(story.first.state["machines"][HOST[PROVIDER] + case]["vmm"]["run_as"]) for case in CASES}
    assert {case for case, names in accounts.items() if names} == {"login", "kept"}


def test_second_run_changes_nothing(story: Story) -> None:
    accepted(story.second)
    assert story.second.run.changed == 0
    assert story.second.journal == []
    assert story.second.state == story.first.state


def test_check_mode_predicts_the_next_run_and_writes_nothing(story: Story) -> None:
    def predicted(run: Run) -> dict[tuple[str, str], Any]:
        return {
            (task.host, task.action): (task.status, task.changed, task.result.get("plan"), task.result.get("diff"))
            for kind in (PROVIDER, AGENT)
            for task in run.of(kind)
        }

    assert story.check.journal == []
    assert predicted(story.check.run) == predicted(story.then.run)


@both
@every
def test_next_run_changes_what_differs_and_restarts_the_service_once(story: Story, kind: str, case: str) -> None:
    expected = case in CHANGES[kind]
    assert story.then.task(kind, case).changed is expected
    assert story.then.starts(kind, case) == int(expected)
    touched = {entry.target for entry in story.then.journal}
    assert (HOST[kind] + case in touched) is expected


@both
def test_drift_is_corrected_value_by_value(story: Story, kind: str) -> None:
    def planned(case: str) -> dict[str, Any]:
        changes = story.then.task(kind, case).result["plan"]
        return {change["path"].removeprefix("proxy."): (change["before"], change["after"]) for change in changes}

    assert planned("open") == {"port": (9, story.ports["open"])}
    assert planned("drift") == {"address": ("http://other", "http://proxy.lab.example"), "bypass": (["x"], BYPASS)}
    for case in ("open", "drift"):
        assert story.then.result(kind, case) == story.first.result(kind, case)


@both
def test_an_omitted_list_is_kept(story: Story, kind: str) -> None:
    assert "bypass" not in CASES["open"].next
    assert story.then.result(kind, "open")["bypass"] == BYPASS


def stored_password(state: Mapping[str, Any], kind: str, case: str) -> str:
    machine = state["machines"][HOST[kind] + case]
    found = machine["vmm"]["run_as"][layout.PROXY_ACCOUNT][1] if kind == PROVIDER else machine["agent"]["password"]
    return str(found)


@both
def test_a_password_is_set_again_on_request(story: Story, kind: str) -> None:
    result = story.then.task(kind, "login").result
    assert [change["path"].removeprefix("proxy.") for change in result["plan"]] == ["password"]
    assert stored_password(story.first.state, kind, "login") == "{proxy password}"
    assert stored_password(story.then.state, kind, "login") == digest(NEW_PASSWORD)
    step = "P6e" if kind == PROVIDER else "H5"
    (entry,) = (entry for entry in result["evidence"] if entry["step"] == step)
    assert "update_password is always" in entry["done"]


@both
def test_on_create_leaves_a_password_alone(story: Story, kind: str) -> None:
    assert stored_password(story.then.state, kind, "kept") == "{proxy password}"


def test_no_password_is_shown(story: Story) -> None:
    for act in (story.first, story.second, story.check, story.then, story.after):
        for secret in (NEW_PASSWORD, story.lab.context.proxy.password):
            assert secret not in act.run.output
            assert secret not in act.run.record


def test_a_provider_returns_to_direct_only_under_a_name_that_azure_confirms(story: Story) -> None:
    task = story.then.task(PROVIDER, "back")
    assert task.status == "failed"
    assert task.result["error"]["kind"] == "refused"
    message = task.result["msg"]
    for words in ("http://proxy.lab.example", "returns to direct only when", "under a name that Azure confirms"):
        assert words in message
    assert "\n" not in message
    assert "Traceback" not in story.then.run.output
    name = HOST[PROVIDER] + "back"
    assert story.then.state["machines"][name] == story.first.state["machines"][name]


def test_a_provider_returns_to_another_mode_by_a_new_registration(story: Story) -> None:
    task = story.after.task(PROVIDER, "back")
    assert (task.changed, story.after.result(PROVIDER, "back")["mode"]) == (True, "system")
    (reason,) = {change["reason"] for change in task.result["plan"]}
    assert reason.startswith("register the server again without a proxy")
    assert story.after.starts(PROVIDER, "back") == 1


def test_an_agent_returns_to_direct(story: Story) -> None:
    assert story.then.result(AGENT, "back")["mode"] == "direct"
    assert story.then.state["machines"][HOST[AGENT] + "back"]["agent"]["enabled"] is False


def test_the_last_run_changes_only_that_provider(story: Story) -> None:
    accepted(story.after)
    back = HOST[PROVIDER] + "back"
    assert [task.host for kind in (PROVIDER, AGENT) for task in story.after.run.of(kind) if task.changed] == [back]
    # The server appears in Azure some time after its registration. The journal contains that write too.
    assert {entry.target.rpartition("/")[2] for entry in story.after.journal} == {back, "vault-dr"}
    others = ({**act.state["machines"], back: None} for act in (story.after, story.then))
    assert next(others) == next(others)
