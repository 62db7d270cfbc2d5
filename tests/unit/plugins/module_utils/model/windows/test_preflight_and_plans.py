# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight and the plans agree: what a plan refuses, the preflight fails with the same id, and vice versa.

The states are those of all tables of the tests, combined in pairs, and every machine that the lab is compared with.
Each is evaluated with several sets of options. Plans run in check mode, as in a run that has not started: what an
earlier step provides counts as provided.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.names import parse_vault_id
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import requirements as table
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.agent import DesiredAgent, plan_agent
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.agent_proxy import plan_agent_proxy
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.expectation import (
    HYPERV_HOST,
    VMM_SERVER,
    Expectation,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.installer import Installer
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.operations import (
    Operations,
    agent_operations,
    agent_proxy_operations,
    agent_setup,
    cloud_operations,
    provider_operations,
    registration_operations,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.preflight import SECTIONS, checks
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.provider import (
    DesiredProvider,
    plan_provider,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.proxy import Proxy
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.registration import (
    DesiredRegistration,
    plan_registration,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.requirement_context import Context
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.vmm_cloud import plan_clouds
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.vmm_jobs import RunningJobs
from lab.engines.emulators import EMULATORS
from lab.windows.states import STAGING
from tests.lab.emulators.harness import Harness
from tests.lab.emulators.table import CASES
from tests.unit.plugins.module_utils.model.windows import (
    observations as seen,
)
from tests.unit.plugins.module_utils.model.windows import (
    preflight_rows,
    test_agent,
    test_agent_proxy,
    test_provider,
    test_registration,
)
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID
from tests.unit.plugins.module_utils.model.windows.registrations import CUSTOM, LOGIN, OWN, REGISTERED

Raw = dict[str, Any]
Plans = list[tuple[Operations, Callable[[], object]]]
Problems = Iterator[str]
Sections = dict[str, Any]
VAULT = parse_vault_id("vault_id", VAULT_ID)
SOURCE = "https://mirror.test/Setup.exe"

#: Options of a run. Each set is a part of an Expectation.
VMM_OPTIONS: list[Raw] = [
    {},
    {"version": "5.1.8095.0", "running_jobs": "refuse"},
    {"version": "5.1.8116.0", "install_path": r"C:\VMM"},
    {"install_path": r"D:\ASR"},
    *({"proxy": {"mode": mode}} for mode in ("direct", "system")),
    {"proxy": CUSTOM},
    {"proxy": CUSTOM, "running_jobs": "refuse"},
    {"proxy": LOGIN},
    {"proxy": LOGIN, "always_password": True, "restart_vmm": False, "running_jobs": "refuse"},
    {"proxy": LOGIN, "always_password": True},
    {"clouds": ("all",)},
    {"clouds": ("GOLD", "Silver")},
    {"clouds": ("Gold", "Tin")},
]
HOST_OPTIONS: list[Raw] = [
    {},
    {"version": "2.0.9260.0"},
    {"version": "2.0.9938.0"},
    {"cache_path": r"X:\Cache"},
    {"install_path": r"X:\MARS", "cache_path": r"C:\Cache"},
    {"minimum_cache_gb": 0},
    {"minimum_cache_gb": 900},
    *({"proxy": {"mode": mode}} for mode in ("direct", "system")),
    {"proxy": CUSTOM},
    {"proxy": {**CUSTOM, "bypass": ["*.x.test"]}},
    {"proxy": LOGIN, "always_password": True},
    {"version": "2.0.9938.0", "proxy": CUSTOM},
    {"version": "2.0.9938.0", "minimum_cache_gb": 0},
]


@dataclass(frozen=True)
class Situation:
    """A machine and the options of a run over it."""

    kind: str
    machine: MachineFacts
    expected: Expectation

    @property
    def preflight(self) -> tuple[Check, ...]:
        """Return all checks, with what host_info knows."""
        return checks(self.kind, self.machine, self.expected, preflight_rows.NOW)


def expectation(options: Raw) -> Expectation:
    """Return the expectation of host_info."""
    proxy = Proxy.from_options(options.get("proxy"))
    return Expectation(**{**options, "proxy": proxy, "vault": VAULT, "planned": True, "azure_open": True})


# ---- states ----


def variants(rows: Iterable[Sections]) -> dict[str, list[Any]]:
    """Collect the different values of each section."""
    found: dict[str, list[Any]] = {}
    for sections in rows:
        for name, value in sections.items():
            values = found.setdefault(name, [])
            if value not in values:
                values.append(value)
    return found


def singles(found: dict[str, list[Any]]) -> Iterator[Sections]:
    """Change one section of a healthy machine, or none."""
    yield {}
    for name, values in found.items():
        yield from ({name: value} for value in values)


def pairs(found: dict[str, list[Any]]) -> Iterator[Sections]:
    """Change two sections of a healthy machine."""
    for left, right in combinations(found, 2):
        yield from ({left: one, right: other} for one in found[left] for other in found[right])


def vmm_sections() -> Iterator[Sections]:
    """Yield the sections of all tables about VMM servers."""
    yield from ({"host": seen.host(**row[2])} for row in preflight_rows.HOST)
    yield from (row[3] for row in preflight_rows.VMM)
    yield from (row[1] for row in test_provider.PLANS)
    yield from ({"registration": seen.registration(**row[1])} for row in test_registration.PLANS)
    yield {"registration": seen.registration(**REGISTERED)}
    yield {"registration": seen.registration(**OWN, encryption=True)}
    yield {"vmm": seen.vmm(restart_due=True, running_jobs=seen.jobs(1))}
    yield {"vmm": seen.ha_vmm(resource=None)}
    yield {"vmm": seen.vmm(clouds=[seen.cloud("Gold"), seen.cloud("gold")])}


def host_sections() -> Iterator[Sections]:
    """Yield the sections of all tables about Hyper-V hosts."""
    yield from ({"host": seen.host(**row[2])} for row in preflight_rows.HOST)
    yield from (row[3] for row in preflight_rows.HYPERV)
    yield from ({"agent": row[1]} for row in test_agent.PLANS)
    yield from ({"agent": row[1]} for row in test_agent_proxy.PROXY_PLANS)
    yield {"agent": seen.agent(restart_due=True)}
    yield {"agent": seen.agent(service=None, proxy=None)}


def without(sections: Iterable[Sections], *names: str) -> Iterator[Sections]:
    """Drop sections that no requirement of a plan depends on."""
    for each in sections:
        yield {name: value for name, value in each.items() if name not in names}


def handmade(combine: Callable[[dict[str, list[Any]]], Iterator[Sections]]) -> Iterator[tuple[str, MachineFacts]]:
    """Yield the states of the tests' tables: one or two changed sections."""
    for sections in combine(variants(without(vmm_sections(), "connectivity"))):
        yield VMM_SERVER, seen.vmm_server(**sections)
    for sections in combine(variants(without(host_sections(), "connectivity", "hyperv"))):
        yield HYPERV_HOST, seen.hyperv_host(**sections)


def imitated() -> Iterator[tuple[str, MachineFacts]]:
    """Yield the different machines of the lab's table of cases, as the script reads them."""
    lab, known = Harness(), set[str]()
    parameters = {"StagingDir": STAGING}
    for case in CASES:
        machine = lab.set(case)
        kind = str(case.machine["kind"])
        answer = EMULATORS["observe"](machine, {**parameters, "Sections": list(SECTIONS[kind])}, False)
        if not answer.failed and repr(answer.result) not in known:
            known.add(repr(answer.result))
            yield kind, MachineFacts.from_observation(answer.result)


def situations(machines: Iterable[tuple[str, MachineFacts]], *, every: int = 1) -> Iterator[Situation]:
    """Combine machines with all options, or with each `every`-th one, starting at another one for each machine."""
    options = {
        VMM_SERVER: [expectation(each) for each in VMM_OPTIONS],
        HYPERV_HOST: [expectation(each) for each in HOST_OPTIONS],
    }
    for number, (kind, machine) in enumerate(machines):
        for expected in options[kind][number % every :: every]:
            yield Situation(kind, machine, expected)


# ---- plans ----


def installer(expected: Expectation) -> Installer:
    return Installer(SOURCE, None, expected.version, r"C:\S")


def desired_registration(expected: Expectation) -> DesiredRegistration:
    return DesiredRegistration(
        VAULT_ID,
        VAULT,
        proxy=expected.proxy,
        always_password=expected.always_password,
        restart_vmm=expected.restart_vmm,
        running_jobs=RunningJobs(expected.running_jobs),
        remove_stale_registration=expected.remove_stale,
        azure_registration=expected.azure,
    )


def plans(situation: Situation) -> Iterator[tuple[Operations, Callable[[], object]]]:
    """Yield the operations and the plan of every resource that a run manages on the machine."""
    machine, expected = situation.machine, situation.expected
    if situation.kind == VMM_SERVER:
        provider = DesiredProvider(
            installer(expected), expected.install_path, running_jobs=RunningJobs(expected.running_jobs)
        )
        yield provider_operations(machine, expected), lambda: plan_provider(machine, provider)
        registration = desired_registration(expected)
        yield (
            registration_operations(machine, expected),
            lambda: plan_registration(machine, registration, check_mode=True),
        )
        if expected.clouds:
            yield cloud_operations(expected), lambda: plan_clouds(machine, expected.clouds, check_mode=True)
        return
    agent = DesiredAgent(installer(expected), expected.install_path, expected.cache_path, expected.minimum_cache_gb)
    yield agent_operations(machine.agent, expected), lambda: plan_agent(machine, agent)
    proxy = expected.proxy
    if proxy is not None and agent_setup(machine.agent, expected.version) is None:
        # Before an upgrade, the abilities of the future build are unknown.
        yield (
            agent_proxy_operations(machine.agent, expected),
            lambda: plan_agent_proxy(machine, proxy, always_password=expected.always_password, check_mode=True),
        )


def refusal(plan: Callable[[], object]) -> str | None:
    """Return the id of the check with which a plan refuses, or None. A refusal without an id is a violation."""
    try:
        plan()
    except Refused as error:
        return str(error.details.get("check", f"no check: {error.message}"))
    return None


# ---- the rule ----


def violations(situation: Situation, checks: Iterable[Check] | None = None, plan_list: Plans | None = None) -> Problems:
    """Yield every disagreement between the preflight and the plans."""
    found = {check.id: check for check in (situation.preflight if checks is None else checks)}
    failed = {name for name, check in found.items() if check.blocks}
    for operations, plan in plans(situation) if plan_list is None else plan_list:
        refused = refusal(plan)
        if refused is not None and refused not in failed and not _open(refused, situation, found):
            yield f"the plan refuses {refused}, which the preflight reports as {found.get(refused)}"
        ignored = failed & table.required_ids(situation.kind, operations)
        if refused is None and ignored:
            yield f"the preflight fails {sorted(ignored)}, which the plan ignores"


def _open(refused: str, situation: Situation, found: dict[str, Check]) -> bool:
    """Tell whether the preflight must not fail this check, and reports it in another way."""
    if refused == "active-node":
        # The plays skip a node without the cluster role, because host_info shows that it is not active.
        return not situation.machine.active
    # Azure is asked after the preflight.
    return refused == "proxy-reset" and refused in found and found[refused].status == "unknown"


@functools.cache
def all_situations() -> list[Situation]:
    """Return the handmade situations: each changed section with all options, each pair with one set of options."""
    return [*situations(handmade(singles)), *situations(handmade(pairs), every=len(VMM_OPTIONS))]


def disagreements(given: Iterable[Situation]) -> list[str]:
    return [f"{problem}: {situation}" for situation in given for problem in violations(situation)]


def test_the_preflight_and_the_plans_agree_on_handmade_states() -> None:
    assert len(VMM_OPTIONS) == len(HOST_OPTIONS)
    assert disagreements(all_situations()) == []


def test_the_preflight_and_the_plans_agree_on_the_labs_machines() -> None:
    machines = list(imitated())
    assert len(machines) > 60
    assert disagreements(situations(machines)) == []


#: Checks that the preflight never fails: an earlier step provides them, Azure or the user's consent decides them later.
LATER = {
    "active-node",
    "agent",
    "provider",
    "proxy-reset",
    "stale-registration",
    "vmm-service",
}
#: An earlier step starts the agent's service. The preflight fails only for one that runs and cannot be read.
PARTLY = {"agent-proxy"}
REQUIRED = {row.id for rows in table.REQUIREMENTS.values() for row in rows if row.blocks}


@functools.cache
def refused_situations() -> dict[str, list[Situation]]:
    """Return the situations in which a plan refuses, by the id of the check."""
    found: dict[str, list[Situation]] = {}
    for situation in all_situations():
        for _operations, plan in plans(situation):
            name = refusal(plan)
            if name is not None:
                found.setdefault(name, []).append(situation)
    return found


def test_every_requirement_is_refused_in_some_state() -> None:
    """A requirement that no state breaks would prove nothing."""
    refused = refused_situations()
    assert REQUIRED - set(refused) == LATER - {"active-node", "proxy-reset"}
    failed = {check.id for given in refused.values() for each in given[:50] for check in each.preflight if check.blocks}
    assert REQUIRED - failed == LATER


def test_a_preflight_without_a_check_is_a_disagreement() -> None:
    for name, given in refused_situations().items():
        if name in LATER:
            continue
        situation = given[0]
        kept = [check for check in situation.preflight if check.id != name]
        assert f"the plan refuses {name}, which the preflight reports as None" in list(violations(situation, kept))


def test_a_plan_that_ignores_a_failed_check_is_a_disagreement() -> None:
    for name, given in refused_situations().items():
        if name in LATER:
            continue
        careless: Plans = [(operations, lambda: None) for operations, _plan in plans(given[0])]
        assert any(name in problem for problem in violations(given[0], plan_list=careless))


def test_a_plan_that_words_its_own_refusal_is_a_disagreement() -> None:
    def refuse() -> None:
        raise Refused("this server is too old; replace it")

    situation = Situation(VMM_SERVER, seen.vmm_server(), expectation({}))
    (problem,) = violations(situation, plan_list=[(frozenset(("manage_provider",)), refuse)])
    assert problem.startswith("the plan refuses no check: this server is too old")


def test_a_check_has_the_id_of_its_requirement() -> None:
    for situation in all_situations()[::20]:
        context = Context(situation.kind, situation.machine, situation.expected, frozenset())
        for row in table.REQUIREMENTS[situation.kind]:
            check = row.evaluate(context)
            assert check is None or check.id == row.id


# ---- outside of check mode: results of earlier steps ----


@pytest.mark.parametrize(
    ("plan", "check"),
    [
        (lambda: plan_registration(seen.vmm_server(provider=None), desired_registration(expectation({}))), "provider"),
        (
            lambda: plan_agent_proxy(seen.hyperv_host(), Proxy.required(CUSTOM), always_password=False),
            "agent",
        ),
        (
            lambda: plan_agent_proxy(
                seen.hyperv_host(agent=seen.agent(service=seen.STOPPED, proxy=None)),
                Proxy.required(CUSTOM),
                always_password=False,
            ),
            "agent-proxy",
        ),
        (lambda: plan_clouds(seen.vmm_server(vmm=preflight_rows.STOPPED), ["Gold"]), "vmm-service"),
        (
            lambda: plan_registration(
                seen.vmm_server(vmm=seen.ha_vmm(), registration=seen.registration(thumbprints=["AB"])),
                desired_registration(replace(expectation({}), remove_stale=True)),
            ),
            "stale-registration",
        ),
    ],
)
def test_checks_that_only_a_plan_fails(plan: Callable[[], object], check: str) -> None:
    assert refusal(plan) == check
    assert check in LATER | PARTLY
