# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every remote step of every Windows noun goes wrong in every way, and the run is repeated (S3, P1 to P9, H1 to H5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import Outcome
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import staging
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import background_task as detached
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
from tests.unit.plugins.model.keys import key_file
from tests.unit.plugins.model.test_agent_limits import HOURS
from tests.unit.plugins.plugin_utils.bench import Bench, Build
from tests.unit.plugins.plugin_utils.mishaps import (
    KINDS,
    Disturbed,
    Kind,
    Mishap,
    Step,
    count,
    end_of,
    mishaps,
    not_in_force,
    watched_programs,
)
from tests.unit.plugins.plugin_utils.test_installing import ONE, OTHER
from tests.unit.plugins.plugin_utils.test_limiting import agent
from tests.unit.plugins.plugin_utils.test_proxy_and_clouds import HAS_LOGIN, HOST, LOGIN, clouds, proxy
from tests.unit.plugins.plugin_utils.test_registering import SEEN, SERVER, behind_proxy, login, noun


class Time:
    """Time that only passes when somebody sleeps, and with each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 5.0
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class MainPath:
    """One main path: a machine, and what is wanted of it. `build` gets the bench and the path of a key."""

    entry: dict[str, Any]
    build: Callable[[Bench, str], Build[Any]]
    prepare: Prepare | None = None
    #: What the role asks for before it: a service that an interrupted run left stopped runs again.
    before: Build[Any] | None = None
    #: A password that is set each time changes something in each run.
    settles: bool = True


def _azure(bench: Bench) -> dict[str, bool]:
    """What the play reads in Azure before each run."""
    return {"registered": bool(bench.stage.azure.calls)}


#: Done twice they hurt; a package that is unpacked or a key that is exported twice does not.
ONCE = ("setupdr.exe", "MARSAgentInstaller.exe", "DRConfigurator.exe")


PATHS: dict[str, MainPath] = {
    "P1 install": MainPath(ONE.entry("none"), lambda _bench, _key: ONE.noun()),
    "P1 service": MainPath(ONE.entry(), lambda _bench, _key: ONE.noun(), stopped(layout.VMM_SERVICE)),
    "P2 opt in": MainPath(ONE.entry(microsoft_update=False), lambda _bench, _key: ONE.noun(microsoft_update=True)),
    "S3 from the controller": MainPath(OTHER.entry("none"), lambda _bench, key: OTHER.noun(source=key + ".exe")),
    "P4 register": MainPath(SERVER, lambda _bench, key: noun(key_path=key)),
    "P5 leftovers": MainPath(SERVER, lambda _bench, _key: noun(), all_of(registered(), staged, leftover)),
    "P8 clean up": MainPath(
        SERVER,
        lambda bench, key: noun(key_path=key, remove_stale_registration=True, azure_registration=_azure(bench)),
        registered(),
    ),
    "P6 another port": MainPath(
        SERVER,
        lambda bench, _key: noun(proxy=login(bench)),
        behind_proxy(provider_proxy(ProxyPort="1")),
        before=ONE.noun(),
    ),
    "P6 password": MainPath(
        SERVER,
        lambda bench, _key: noun(proxy=login(bench), update_password="always"),
        behind_proxy(),
        before=ONE.noun(),
        settles=False,
    ),
    "P6 back to direct": MainPath(
        SERVER,
        lambda _bench, key: noun(key_path=key, proxy={"mode": "direct"}, **SEEN),
        behind_proxy(),
        before=ONE.noun(),
    ),
    "P9 clouds": MainPath(SERVER, lambda _bench, _key: clouds("all"), registered()),
    "H4 install": MainPath(OTHER.entry("none"), lambda _bench, _key: OTHER.noun()),
    "H4 service": MainPath(OTHER.entry(), lambda _bench, _key: OTHER.noun(), stopped(layout.AGENT_SERVICE)),
    "H4 limits": MainPath(HOST, lambda _bench, _key: agent(throttle=HOURS, upload_threads=8)),
    "H5 proxy": MainPath(HOST, lambda _bench, _key: proxy(LOGIN), before=OTHER.noun()),
    "H5 password": MainPath(
        HOST, lambda _bench, _key: proxy(LOGIN, always=True), agent_proxy(HAS_LOGIN), OTHER.noun(), settles=False
    ),
    "H5 back to direct": MainPath(
        HOST,
        lambda _bench, _key: proxy({"mode": "direct"}),
        agent_proxy(HAS_LOGIN),
        before=OTHER.noun(),
    ),
}


@pytest.fixture(scope="module")
def use() -> Iterator[Callable[[Disturbed], Disturbed]]:
    with watched_programs() as watched, pytest.MonkeyPatch.context() as patch:
        # Whether there is a way to Azure is no matter here, and asking for it takes most of the time.
        patch.setattr(drconfigurator, "reach", lambda _machine, _host, _wish: None)
        yield watched


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()
    monkeypatch.setattr(detached, "time", time)
    monkeypatch.setattr(staging, "time", time)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("key") / "vault-asr.VaultCredentials"
    path.write_bytes(key_file())
    Path(f"{path}.exe").write_bytes(OTHER.package.content)
    return str(path)


class Table:
    """One main path, recorded once, and each of its mishaps."""

    def __init__(self, make: Callable[[], Disturbed], path: MainPath, key: str) -> None:
        self._make, self.path, self._key = make, path, key
        calm = make()
        assert isinstance(calm.disturbed(self._build(calm), None), Outcome)
        self.steps: list[Step] = list(calm.steps)
        self.calm, self.end, self.journal = calm, end_of(calm), list(calm.stage.world.journal.entries)

    def _build(self, bench: Bench) -> Build[Any]:
        return self.path.build(bench, self._key)

    def problems(self, mishap: Mishap) -> list[str]:
        """What is wrong after a disturbed run and one more."""
        bench = self._make()
        journal = bench.stage.world.journal.entries
        first = bench.disturbed(self._build(bench), mishap, self.steps)
        found = []
        if isinstance(first, Exception) and "\n" in str(first):
            found.append(f"told in more than one line: {first}")
        done = len(journal)
        if self.path.before is not None:
            bench.disturbed(self.path.before, None)
        again = bench.disturbed(self._build(bench), None)
        if not isinstance(again, Outcome):
            return [*found, f"the next run fails: {again!r} (the first: {first!r})"]
        end = end_of(bench)
        found += [f"{part}: {_difference(end[part], self.end[part])}" for part in end if end[part] != self.end[part]]
        for program in ONCE:
            if bench.completed[program] > self.calm.completed[program]:
                found.append(f"{program} did its work {bench.completed[program]} times")
        allowed = count(self.journal, "service.stop")
        for entries in (journal[:done], journal[done:]):
            found += [f"{name} was stopped too often" for name in count(entries, "service.stop") - allowed]
        if not again.changed and count(journal[done:], "service.stop"):
            found.append("a service was stopped by a run that changed nothing")
        found += not_in_force(self.journal, journal)
        if self.path.settles:
            last = bench.disturbed(self._build(bench), None)
            if not isinstance(last, Outcome) or last.changed or bench.scripts != ["observe"]:
                found.append(f"the run after is not calm: {last!r}")
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
        patch.setattr(detached, "time", Time())
        return Table(lambda: use(Disturbed(internet, path.entry, path.prepare)), path, key)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_that_goes_wrong_is_made_good_by_the_next_run(table: Table, kind: Kind) -> None:
    wrong = {str(row): found for row in mishaps(kind, table.steps) if (found := table.problems(row))}
    assert wrong == {}
