# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of fault at every remote step of every Windows resource, and the next run (S3, P1 to P9, H1 to H5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import Outcome
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import staging
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import background_task as runner
from lab.windows import layout
from lab.windows.programs import drconfigurator
from lab.windows.states import (
    Prepare,
    agent_proxy,
    all_of,
    leftover,
    provider_proxy,
    registered,
    staged,
    stopped,
)
from tests.lab.emulators.internet import Internet
from tests.unit.plugins.module_utils.model.windows.keys import key_file
from tests.unit.plugins.module_utils.model.windows.registrations import CONFIRMED, absent
from tests.unit.plugins.module_utils.model.windows.test_agent_limits import HOURS
from tests.unit.plugins.plugin_utils.clock import Time
from tests.unit.plugins.plugin_utils.harness import Build, ScriptHarness
from tests.unit.plugins.plugin_utils.registration_resource import SERVER, behind_proxy, login, registration
from tests.unit.plugins.plugin_utils.setups import ONE, OTHER
from tests.unit.plugins.plugin_utils.step_faults import (
    KINDS,
    Disturbed,
    Kind,
    Step,
    StepFault,
    count,
    end_of,
    not_in_force,
    step_faults,
    watched_programs,
)
from tests.unit.plugins.plugin_utils.test_agent_limits import agent
from tests.unit.plugins.plugin_utils.test_proxy_and_clouds import HAS_LOGIN, HOST, LOGIN, clouds, proxy


@dataclass(frozen=True)
class MainPath:
    """One main path: a machine and its desired state. `build` gets the harness and the path of a key."""

    entry: dict[str, Any]
    build: Callable[[ScriptHarness, str], Build[Any]]
    prepare: Prepare | None = None
    #: The resource that the role manages before: it starts a service that an interrupted run left stopped.
    before: Build[Any] | None = None
    #: False if every run changes something: a password that is always set.
    settles: bool = True


def _azure(harness: ScriptHarness) -> dict[str, Any]:
    """Return the registration that the play reads in Azure before each run."""
    assert harness.machine.vmm is not None
    view: dict[str, Any] = absent(harness.machine.vmm.vmm_id)["azure_registration"]
    return {**view, "registered": bool(harness.lab.azure.calls)}


#: Programs that must not do their work twice. A package may be unpacked twice, and a key exported twice.
ONCE = ("setupdr.exe", "MARSAgentInstaller.exe", "DRConfigurator.exe")


PATHS: dict[str, MainPath] = {
    "P1 install": MainPath(ONE.entry("none"), lambda _bench, _key: ONE.resource()),
    "P1 service": MainPath(ONE.entry(), lambda _bench, _key: ONE.resource(), stopped(layout.VMM_SERVICE)),
    "P2 opt in": MainPath(ONE.entry(microsoft_update=False), lambda _bench, _key: ONE.resource(microsoft_update=True)),
    "S3 from the controller": MainPath(OTHER.entry("none"), lambda _bench, key: OTHER.resource(source=key + ".exe")),
    "P4 register": MainPath(SERVER, lambda _bench, key: registration(key_path=key)),
    "P5 leftovers": MainPath(SERVER, lambda _bench, _key: registration(), all_of(registered(), staged, leftover)),
    "P8 clean up": MainPath(
        SERVER,
        lambda harness, key: registration(
            key_path=key, remove_stale_registration=True, azure_registration=_azure(harness)
        ),
        registered(),
        before=ONE.resource(),
    ),
    "P6 another port": MainPath(
        SERVER,
        lambda harness, _key: registration(proxy=login(harness)),
        behind_proxy(provider_proxy(ProxyPort="1")),
        before=ONE.resource(),
    ),
    "P6 password": MainPath(
        SERVER,
        lambda harness, _key: registration(proxy=login(harness), update_password="always"),
        behind_proxy(),
        before=ONE.resource(),
        settles=False,
    ),
    "P6 back to direct": MainPath(
        SERVER,
        lambda _bench, key: registration(key_path=key, proxy={"mode": "direct"}, **CONFIRMED),
        behind_proxy(),
        before=ONE.resource(),
    ),
    "P9 clouds": MainPath(SERVER, lambda _bench, _key: clouds("all"), registered()),
    "H4 install": MainPath(OTHER.entry("none"), lambda _bench, _key: OTHER.resource()),
    "H4 service": MainPath(OTHER.entry(), lambda _bench, _key: OTHER.resource(), stopped(layout.AGENT_SERVICE)),
    "H4 limits": MainPath(HOST, lambda _bench, _key: agent(throttle=HOURS, upload_threads=8)),
    "H5 proxy": MainPath(HOST, lambda _bench, _key: proxy(LOGIN), before=OTHER.resource()),
    "H5 password": MainPath(
        HOST, lambda _bench, _key: proxy(LOGIN, always=True), agent_proxy(HAS_LOGIN), OTHER.resource(), settles=False
    ),
    "H5 back to direct": MainPath(
        HOST,
        lambda _bench, _key: proxy({"mode": "direct"}),
        agent_proxy(HAS_LOGIN),
        before=OTHER.resource(),
    ),
}


@pytest.fixture(scope="module")
def use() -> Iterator[Callable[[Disturbed], Disturbed]]:
    with watched_programs() as watched, pytest.MonkeyPatch.context() as patch:
        # Connectivity does not matter here, and checking it would take most of the time.
        patch.setattr(drconfigurator, "check_connectivity", lambda _machine, _host, _settings: None)
        yield watched


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time(reading=5.0)
    monkeypatch.setattr(runner, "time", time)
    monkeypatch.setattr(staging, "time", time)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("key") / "vault-asr.VaultCredentials"
    path.write_bytes(key_file())
    Path(f"{path}.exe").write_bytes(OTHER.package.content)
    return str(path)


class Table:
    """One main path, recorded once, with each of its faults."""

    def __init__(self, make: Callable[[], Disturbed], path: MainPath, key: str) -> None:
        self._make, self.path, self._key = make, path, key
        calm = make()
        assert isinstance(calm.disturbed(self._build(calm), None), Outcome)
        self.steps: list[Step] = list(calm.steps)
        self.calm, self.end, self.journal = calm, end_of(calm), list(calm.lab.context.journal.entries)

    def _build(self, harness: ScriptHarness) -> Build[Any]:
        return self.path.build(harness, self._key)

    def problems(self, fault: StepFault) -> list[str]:
        """Return the problems after a run with a fault and one more run."""
        harness = self._make()
        journal = harness.lab.context.journal.entries
        first = harness.disturbed(self._build(harness), fault, self.steps)
        found = []
        if isinstance(first, Exception) and "\n" in str(first):
            found.append(f"a message of more than one line: {first}")
        done = len(journal)
        if self.path.before is not None:
            harness.disturbed(self.path.before, None)
        again = harness.disturbed(self._build(harness), None)
        if not isinstance(again, Outcome):
            return [*found, f"the next run fails: {again!r} (the first: {first!r})"]
        end = end_of(harness)
        found += [f"{part}: {_difference(end[part], self.end[part])}" for part in end if end[part] != self.end[part]]
        for program in ONCE:
            if harness.completed[program] > self.calm.completed[program]:
                found.append(f"{program} did its work {harness.completed[program]} times")
        allowed = count(self.journal, "service.stop")
        for entries in (journal[:done], journal[done:]):
            found += [f"{name} was stopped too often" for name in count(entries, "service.stop") - allowed]
        if not again.changed and count(journal[done:], "service.stop"):
            found.append("a service was stopped by a run that changed nothing")
        found += not_in_force(self.journal, journal)
        if self.path.settles:
            last = harness.disturbed(self._build(harness), None)
            if not isinstance(last, Outcome) or last.changed or harness.scripts != ["observe"]:
                found.append(f"the run after it changes something: {last!r}")
        return found


def _difference(found: Any, wanted: Any) -> str:
    if not (isinstance(found, dict) and isinstance(wanted, dict)):
        return f"{found!r} is not {wanted!r}"
    names = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    return ", ".join(f"{name}: {found.get(name)!r} is not {wanted.get(name)!r}" for name in names)


@pytest.fixture(scope="module", params=PATHS)
def table(request: pytest.FixtureRequest, internet: Internet, use: Callable[[Disturbed], Disturbed], key: str) -> Table:
    path = PATHS[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "time", Time(reading=5.0))
        return Table(lambda: use(Disturbed(internet, path.entry, path.prepare)), path, key)


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_run_repairs_a_fault(table: Table, kind: Kind) -> None:
    wrong = {str(row): found for row in step_faults(kind, table.steps) if (found := table.problems(row))}
    assert wrong == {}
