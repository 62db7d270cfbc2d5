# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transfer of an installer to a machine of the lab, by the machine or by the controller (S3, H1)."""

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
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import ScriptHarness

AGENT = catalogue({})["agent"]
EXE = STAGING + r"\MARSAgentInstaller.exe"
SHARE = r"\\fs01\install\MARSAgentInstaller.exe"
LINK = "https://aka.ms/downloadmarsagent"


class Transport:
    """One machine, with the progress lines and the pauses of a transfer."""

    def __init__(self, found: ScriptHarness) -> None:
        self.found = found
        self.machine = found.machine
        self.shown: list[str] = []
        self.pauses: list[float] = []

    def transfer(self, **options: Any) -> Any:
        """Return the hash of the file that is provided."""
        self.found.executions.clear()
        given = {"source": AGENT.url, "checksum": AGENT.sha256, "version": None, "staging_dir": STAGING, **options}
        session = self.found.session = Session(self.found.execute, show=self.shown.append)
        with staging.staged(session, Installer.from_options(given, "MARSAgentInstaller.exe")) as verified:
            file = self.machine.files.find(verified["InstallerPath"])
            assert file is not None
            assert file.sha256 == verified["InstallerSha256"]
            return file.sha256

    def left(self) -> list[str]:
        folder = self.machine.files.find(STAGING)
        return [] if folder is None else [file.name for file in self.machine.files.below(folder)]


MakeTransport = Callable[..., Transport]


@pytest.fixture
def transport(harness: MakeHarness, monkeypatch: pytest.MonkeyPatch) -> MakeTransport:
    def made(prepare: Callable[[Machine], object] | None = None, **entry: Any) -> Transport:
        found = Transport(harness(hyperv_host(**entry), prepare))
        monkeypatch.setattr(time, "sleep", found.pauses.append)
        return found

    return made


def on_share(machine: Machine) -> None:
    machine.files.share(SHARE, AGENT.content, machine.now())


# ---- the machine downloads ----


@pytest.mark.parametrize("options", [{"source": LINK, "checksum": None}, {"source": LINK}, {}, {"source": SHARE}])
def test_each_kind_of_source(transport: MakeTransport, options: dict[str, Any]) -> None:
    found = transport(on_share)
    assert found.transfer(**options) == AGENT.sha256
    assert found.left() == []
    (line,) = found.shown
    host = {LINK: " from download.microsoft.com", SHARE: ""}.get(options.get("source", ""), " from mirror.lab.test")
    assert line == f"fetched MARSAgentInstaller.exe{host}: 0.1 MB of 0.1 MB (100 %) in 0 s"


def test_an_interrupted_download_resumes(transport: MakeTransport) -> None:
    found = transport()
    for part in (10_000, 20_000):
        found.found.fail("download *", bytes=part)
    assert found.transfer() == AGENT.sha256
    assert found.found.scripts == ["inspect_file", *["fetch_file"] * 3, "remove_file"]
    assert found.pauses == [2.0, 2.0]
    assert "0.1 MB of 0.1 MB (100 %)" in found.shown[-1]
    assert found.left() == []


def test_the_next_run_resumes_too(transport: MakeTransport) -> None:
    found = transport()
    found.found.fail("download *", bytes=10_000)
    found.found.fail("download *", times=9)
    with pytest.raises(RemoteFailure, match="failed 4 times: Unable to connect"):
        found.transfer()
    assert found.left() == ["MARSAgentInstaller.exe.partial", "MARSAgentInstaller.exe.partial.id"]
    assert found.pauses == [2.0, 4.0, 8.0]
    found.machine.context.faults.clear()
    written = len(found.machine.context.journal.entries)
    assert found.transfer() == AGENT.sha256
    sizes = [entry.detail.get("size") for entry in found.machine.context.journal.entries[written:]]
    assert len(AGENT.content) - 10_000 in sizes
    assert found.left() == []


def test_a_partial_file_of_another_build_is_not_continued(transport: MakeTransport) -> None:
    found = transport()
    found.found.fail("download *", bytes=10_000)
    found.found.fail("download *", times=9)
    with pytest.raises(RemoteFailure):
        found.transfer(checksum=None)
    found.machine.context.faults.clear()
    other = package("MARSAgentInstaller.exe", AGENT.url, "2.0.9999.0")
    found.machine.web[AGENT.url] = other
    assert found.transfer(checksum=None) == other.sha256


@pytest.mark.parametrize("status", [403, 404, 407])
def test_a_permanent_status_is_not_retried(transport: MakeTransport, status: int) -> None:
    found = transport()
    found.found.fail("download *", status=status)
    with pytest.raises(RemoteFailure, match=rf"\({status}\)"):
        found.transfer()
    assert (found.pauses, found.left()) == ([], [])


def test_a_busy_server_is_retried(transport: MakeTransport) -> None:
    found = transport()
    found.found.fail("download *", status=503, times=2)
    assert found.transfer() == AGENT.sha256
    assert found.pauses == [2.0, 4.0]


def test_a_large_file_takes_several_executions(transport: MakeTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "SLICE_SECONDS", 0)
    found = transport()
    big = found.machine.web[AGENT.url] = package("MARSAgentInstaller.exe", AGENT.url, "2.1", size=3 * 2**20)
    assert found.transfer(checksum=None) == big.sha256
    assert found.found.scripts == [*["fetch_file"] * 3, "remove_file"]
    assert [line.split(": ")[1].split(" in ")[0] for line in found.shown] == [
        "1.0 MB of 3.1 MB (33 %)",
        "2.1 MB of 3.1 MB (66 %)",
        "3.1 MB of 3.1 MB (100 %)",
    ]
    with pytest.raises(
        DeadlineExceeded, match=r"timed out after 0 s waiting for the complete installer on the machine"
    ):
        found.transfer(checksum=None, download_timeout=1e-9)
    assert found.transfer(checksum=None) == big.sha256


def test_the_download_uses_the_given_proxy(transport: MakeTransport) -> None:
    found = transport(egress="proxy")
    proxy = {"mode": "custom", "address": f"http://{PROXY_NAME}", "port": found.machine.context.proxy.port}
    with pytest.raises(RemoteFailure, match="failed 4 times"):
        found.transfer(source=LINK)
    with pytest.raises(RemoteFailure, match=r"^download_proxy: the proxy requires a login"):
        found.transfer(source=LINK, download_proxy=proxy)
    login = {"username": PROXY_USER, "password": PROXY_PASSWORD}
    assert found.transfer(source=LINK, download_proxy={**proxy, **login}) == AGENT.sha256
    assert PROXY_PASSWORD not in found.found.plain.replace("\\\\", "\\")
    assert PROXY_PASSWORD in found.found.session.secrets


def test_a_redirection_without_https_is_refused(transport: MakeTransport) -> None:
    found = transport()
    found.machine.mirror.links[LINK] = "http://mirror.lab.test/MARSAgentInstaller.exe"
    with pytest.raises(Refused, match=r"^source: https://aka\.ms/downloadmarsagent redirects to mirror\.lab\.test"):
        found.transfer(source=LINK)


@pytest.mark.parametrize("source", [AGENT.url, SHARE, "own"])
def test_free_space_is_checked_first(transport: MakeTransport, own: str, source: str) -> None:
    found = transport(on_share)
    found.machine.volumes[0].free_bytes = 3 * len(AGENT.content) - 1
    with pytest.raises(Refused, match=r"^staging_dir: C: has 0\.2 MB free, but 0\.2 MB are required for the package"):
        found.transfer(source=own if source == "own" else source)
    assert found.left() == []
    found.machine.volumes[0].free_bytes += 1
    assert found.transfer(source=own if source == "own" else source) == AGENT.sha256


def test_a_share_without_permission(transport: MakeTransport) -> None:
    found = transport(on_share)
    found.machine.closed_shares.add(r"\\fs01\install")
    with pytest.raises(
        RemoteFailure, match=r"^source: the account of the connection may not read .*; a share also requires"
    ):
        found.transfer(source=SHARE)


# ---- kept files ----


def test_a_kept_installer_is_not_downloaded_again(transport: MakeTransport) -> None:
    found = transport()
    found.transfer(keep_installer=True)
    assert found.left() == ["MARSAgentInstaller.exe"]
    found.found.fail("download *", times=99)
    assert found.transfer(keep_installer=True) == AGENT.sha256
    assert len(found.shown) == 1
    assert found.transfer() == AGENT.sha256
    assert found.left() == []


def test_a_file_that_is_not_genuine_is_never_kept(transport: MakeTransport) -> None:
    found = transport()
    with pytest.raises(Refused, match=r"^checksum: "):
        found.transfer(keep_installer=True, checksum="0" * 64)
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


def test_a_file_on_the_controller_is_sent_in_pieces(transport: MakeTransport, own: str, pieces: int) -> None:
    found = transport(egress="proxy")
    assert found.transfer(source=own) == AGENT.sha256
    assert found.found.scripts == ["inspect_file", *["append_file"] * pieces, "remove_file"]
    assert "0.0 MB of 0.1 MB (30 %)" in found.shown[0]
    assert found.left() == []


def test_sending_resumes_after_an_interruption(transport: MakeTransport, own: str, pieces: int) -> None:
    found = transport()
    found.found.fail("append_file", after=2)
    with pytest.raises(RemoteFailure):
        found.transfer(source=own)
    assert found.left() == ["MARSAgentInstaller.exe.partial", "MARSAgentInstaller.exe.partial.id"]
    assert found.transfer(source=own, checksum=None) == AGENT.sha256
    # The first call returns the offset at which to continue. The machine already had two pieces.
    assert found.found.scripts.count("append_file") == 3


def test_a_partial_copy_of_another_file_is_not_continued(transport: MakeTransport, own: str, pieces: int) -> None:
    found = transport()
    found.found.fail("append_file", after=2)
    with pytest.raises(RemoteFailure):
        found.transfer(source=own)
    other = package("MARSAgentInstaller.exe", AGENT.url, "2.0.9999.0")
    found.machine.web[AGENT.url] = other
    Path(own).write_bytes(other.content)
    assert found.transfer(source=own, checksum=None) == other.sha256
    assert found.found.scripts.count("append_file") == pieces


def test_a_file_that_the_machine_has_is_not_sent(transport: MakeTransport, own: str) -> None:
    found = transport(fetched("MARSAgentInstaller.exe", EXE, AGENT.version))
    assert found.transfer(source=own, checksum=None) == AGENT.sha256
    assert found.found.scripts == ["inspect_file", "fetch_file", "remove_file"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(content("x", "1")), "has the SHA-256 hash"),
        (lambda path: path.unlink(), "cannot be read: No such file"),
    ],
)
def test_a_wrong_file_is_detected_before_anything_is_sent(
    transport: MakeTransport, own: str, change: Callable[[Path], object], line: str
) -> None:
    found = transport()
    change(Path(own))
    with pytest.raises(SiteRecoveryError, match=line):
        found.transfer(source=own)
    assert found.found.executions == []


def test_a_transfer_that_does_not_proceed(transport: MakeTransport, own: str, pieces: int) -> None:
    found = transport()
    found.found.lies["append_file"] = {
        "sha256": None,
        "transfer": {
            **dict.fromkeys(("host", "free_bytes", "needed_bytes", "error", "total")),
            "complete": False,
            "insecure": False,
            "received": 20_000,
        },
    }
    with pytest.raises(RemoteFailure, match="does not proceed beyond byte 20000"):
        found.transfer(source=own)
