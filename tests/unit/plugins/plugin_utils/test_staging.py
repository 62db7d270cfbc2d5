# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An installer on its way to a machine of the lab: pulled by the machine, or sent by the controller (S3, H1)."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    DeadlineExceeded,
    Refused,
    RemoteFailure,
    SiteRecoveryError,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.installer import Installer
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import staging
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import Session
from lab.windows.installers import catalogue, content, package
from lab.windows.machine import Machine
from lab.windows.states import STAGING, fetched, hyperv_host
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER
from tests.unit.plugins.plugin_utils.bench import Bench
from tests.unit.plugins.plugin_utils.conftest import MakeBench

AGENT = catalogue({})["agent"]
EXE = STAGING + r"\MARSAgentInstaller.exe"
SHARE = r"\\fs01\install\MARSAgentInstaller.exe"
LINK = "https://aka.ms/downloadmarsagent"


class Way:
    """One machine, and what is told and waited for while an installer gets there."""

    def __init__(self, found: Bench) -> None:
        self.found = found
        self.machine = found.machine
        self.told: list[str] = []
        self.pauses: list[float] = []

    def go(self, **options: Any) -> Any:
        """The file as its user finds it."""
        self.found.executions.clear()
        given = {"source": AGENT.url, "checksum": AGENT.sha256, "version": None, "staging_dir": STAGING, **options}
        session = self.found.session = Session(self.found.execute, tell=self.told.append)
        with staging.staged(session, Installer.from_options(given, "MARSAgentInstaller.exe")) as path:
            file = self.machine.files.find(path)
            assert file is not None
            return file.sha256

    def left(self) -> list[str]:
        folder = self.machine.files.find(STAGING)
        return [] if folder is None else [file.name for file in self.machine.files.below(folder)]


MakeWay = Callable[..., Way]


@pytest.fixture
def way(bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> MakeWay:
    def made(prepare: Callable[[Machine], object] | None = None, **entry: Any) -> Way:
        found = Way(bench(hyperv_host(**entry), prepare))
        monkeypatch.setattr(time, "sleep", found.pauses.append)
        return found

    return made


def on_share(machine: Machine) -> None:
    machine.files.share(SHARE, AGENT.content, machine.now())


# ---- the machine pulls ----


@pytest.mark.parametrize("options", [{"source": LINK, "checksum": None}, {"source": LINK}, {}, {"source": SHARE}])
def test_each_kind_of_source(way: MakeWay, options: dict[str, Any]) -> None:
    found = way(on_share)
    assert found.go(**options) == AGENT.sha256
    assert found.left() == []
    (line,) = found.told
    host = {LINK: " from download.microsoft.com", SHARE: ""}.get(options.get("source", ""), " from mirror.lab.test")
    assert line == f"fetched MARSAgentInstaller.exe{host}: 0.1 MB of 0.1 MB (100 %) in 0s"


def test_a_broken_download_goes_on_where_it_ended(way: MakeWay) -> None:
    found = way()
    for part in (10_000, 20_000):
        found.found.fail("download *", bytes=part)
    assert found.go() == AGENT.sha256
    assert found.found.scripts == ["inspect_file", *["fetch_file"] * 3, "remove_file"]
    assert found.pauses == [2.0, 2.0]
    assert "0.1 MB of 0.1 MB (100 %)" in found.told[-1]
    assert found.left() == []


def test_the_next_run_goes_on_too(way: MakeWay) -> None:
    found = way()
    found.found.fail("download *", bytes=10_000)
    found.found.fail("download *", times=9)
    with pytest.raises(RemoteFailure, match="was tried 4 times in vain: Unable to connect"):
        found.go()
    assert found.left() == ["MARSAgentInstaller.exe.partial", "MARSAgentInstaller.exe.partial.id"]
    assert found.pauses == [2.0, 4.0, 8.0]
    found.machine.world.faults.clear()
    written = len(found.machine.world.journal.entries)
    assert found.go() == AGENT.sha256
    sizes = [entry.detail.get("size") for entry in found.machine.world.journal.entries[written:]]
    assert len(AGENT.content) - 10_000 in sizes
    assert found.left() == []


def test_a_part_of_another_build_is_never_gone_on_with(way: MakeWay) -> None:
    found = way()
    found.found.fail("download *", bytes=10_000)
    found.found.fail("download *", times=9)
    with pytest.raises(RemoteFailure):
        found.go(checksum=None)
    found.machine.world.faults.clear()
    other = package("MARSAgentInstaller.exe", AGENT.url, "2.0.9999.0")
    found.machine.web[AGENT.url] = other
    assert found.go(checksum=None) == other.sha256


@pytest.mark.parametrize("status", [403, 404, 407])
def test_a_clear_answer_is_not_asked_for_again(way: MakeWay, status: int) -> None:
    found = way()
    found.found.fail("download *", status=status)
    with pytest.raises(RemoteFailure, match=rf"\({status}\)"):
        found.go()
    assert (found.pauses, found.left()) == ([], [])


def test_a_busy_server_is(way: MakeWay) -> None:
    found = way()
    found.found.fail("download *", status=503, times=2)
    assert found.go() == AGENT.sha256
    assert found.pauses == [2.0, 4.0]


def test_a_big_file_comes_in_stretches(way: MakeWay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "SLICE_SECONDS", 0)
    found = way()
    big = found.machine.web[AGENT.url] = package("MARSAgentInstaller.exe", AGENT.url, "2.1", size=3 * 2**20)
    assert found.go(checksum=None) == big.sha256
    assert found.found.scripts == [*["fetch_file"] * 3, "remove_file"]
    assert [line.split(": ")[1].split(" in ")[0] for line in found.told] == [
        "1.0 MB of 3.1 MB (33 %)",
        "2.1 MB of 3.1 MB (66 %)",
        "3.1 MB of 3.1 MB (100 %)",
    ]
    with pytest.raises(DeadlineExceeded, match=r"the whole installer on the machine was not reached within 0 s"):
        found.go(checksum=None, download_timeout=1e-9)
    assert found.go(checksum=None) == big.sha256


def test_it_goes_through_the_proxy_that_is_named(way: MakeWay) -> None:
    found = way(egress="proxy")
    proxy = {"mode": "custom", "address": f"http://{PROXY_NAME}", "port": found.machine.world.proxy.port}
    with pytest.raises(RemoteFailure, match="in vain"):
        found.go(source=LINK)
    with pytest.raises(RemoteFailure, match=r"^download_proxy: the proxy asks for a login"):
        found.go(source=LINK, download_proxy=proxy)
    login = {"username": PROXY_USER, "password": PROXY_PASSWORD}
    assert found.go(source=LINK, download_proxy={**proxy, **login}) == AGENT.sha256
    assert PROXY_PASSWORD not in found.found.plain.replace("\\\\", "\\")
    assert PROXY_PASSWORD in found.found.session.secrets


def test_a_way_without_https_is_refused(way: MakeWay) -> None:
    found = way()
    found.machine.mirror.links[LINK] = "http://mirror.lab.test/MARSAgentInstaller.exe"
    with pytest.raises(Refused, match=r"^source: https://aka\.ms/downloadmarsagent leads to mirror\.lab\.test without"):
        found.go(source=LINK)


@pytest.mark.parametrize("source", [AGENT.url, SHARE, "own"])
def test_room_is_looked_for_first(way: MakeWay, own: str, source: str) -> None:
    found = way(on_share)
    found.machine.volumes[0].free_bytes = 3 * len(AGENT.content) - 1
    with pytest.raises(Refused, match=r"^staging_dir: C: has 0\.2 MB free, needed are 0\.2 MB for the package"):
        found.go(source=own if source == "own" else source)
    assert found.left() == []
    found.machine.volumes[0].free_bytes += 1
    assert found.go(source=own if source == "own" else source) == AGENT.sha256


def test_a_share_that_may_not_be_read_is_told(way: MakeWay) -> None:
    found = way(on_share)
    found.machine.closed_shares.add(r"\\fs01\install")
    with pytest.raises(RemoteFailure, match=r"may not be read by the account of the connection; a share also needs"):
        found.go(source=SHARE)


# ---- what is there stays there ----


def test_a_kept_installer_is_not_fetched_again(way: MakeWay) -> None:
    found = way()
    found.go(keep_installer=True)
    assert found.left() == ["MARSAgentInstaller.exe"]
    found.found.fail("download *", times=99)
    assert found.go(keep_installer=True) == AGENT.sha256
    assert len(found.told) == 1
    assert found.go() == AGENT.sha256
    assert found.left() == []


def test_what_is_not_genuine_does_not_stay_even_so(way: MakeWay) -> None:
    found = way()
    with pytest.raises(Refused, match=r"^checksum: "):
        found.go(keep_installer=True, checksum="0" * 64)
    assert found.left() == []


# ---- the controller sends ----


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "MARSAgentInstaller.exe"
    path.write_bytes(AGENT.content)
    return str(path)


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(staging, "PIECE", 20_000)
    return 4


def test_the_controllers_file_is_sent_in_pieces(way: MakeWay, own: str, pieces: int) -> None:
    found = way(egress="proxy")
    assert found.go(source=own) == AGENT.sha256
    assert found.found.scripts == ["inspect_file", *["append_file"] * pieces, "remove_file"]
    assert "0.0 MB of 0.1 MB (30 %)" in found.told[0]
    assert found.left() == []


def test_sending_goes_on_after_a_drop(way: MakeWay, own: str, pieces: int) -> None:
    found = way()
    found.found.fail("append_file", after=2)
    with pytest.raises(RemoteFailure):
        found.go(source=own)
    assert found.left() == ["MARSAgentInstaller.exe.partial", "MARSAgentInstaller.exe.partial.id"]
    assert found.go(source=own, checksum=None) == AGENT.sha256
    # The first piece asks where to go on, two were there.
    assert found.found.scripts.count("append_file") == 3


def test_a_part_of_another_file_is_not_gone_on_with(way: MakeWay, own: str, pieces: int) -> None:
    found = way()
    found.found.fail("append_file", after=2)
    with pytest.raises(RemoteFailure):
        found.go(source=own)
    other = package("MARSAgentInstaller.exe", AGENT.url, "2.0.9999.0")
    found.machine.web[AGENT.url] = other
    Path(own).write_bytes(other.content)
    assert found.go(source=own, checksum=None) == other.sha256
    assert found.found.scripts.count("append_file") == pieces


def test_what_the_machine_has_is_not_sent(way: MakeWay, own: str) -> None:
    found = way(fetched("MARSAgentInstaller.exe", EXE, AGENT.version))
    assert found.go(source=own, checksum=None) == AGENT.sha256
    assert found.found.scripts == ["inspect_file", "fetch_file", "remove_file"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(content("x", "1")), "has SHA-256"),
        (lambda path: path.unlink(), "can't be read: No such file"),
    ],
)
def test_a_wrong_file_is_found_before_anything_is_sent(
    way: MakeWay, own: str, change: Callable[[Path], object], line: str
) -> None:
    found = way()
    change(Path(own))
    with pytest.raises(SiteRecoveryError, match=line):
        found.go(source=own)
    assert found.found.executions == []


def test_a_machine_that_does_not_get_on_is_told(way: MakeWay, own: str, pieces: int) -> None:
    found = way()
    found.found.lies["append_file"] = {
        "transfer": {
            **dict.fromkeys(("host", "free_bytes", "needed_bytes", "error", "total")),
            "complete": False,
            "insecure": False,
            "received": 20_000,
        }
    }
    with pytest.raises(RemoteFailure, match="does not get beyond byte 20000"):
        found.go(source=own)
