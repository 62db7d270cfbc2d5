# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transfer of an installer: which failures are retried, for how long, and progress lines (S3, H1)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    DeadlineExceeded,
    Refused,
    RemoteFailure,
    SiteRecoveryError,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.download import (
    TRIES,
    Attempts,
    Transfer,
    progress_line,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.installer import Installer

INSTALLER = Installer("https://aka.ms/x?sig=canary", None, None, r"D:\S", "P.exe", timeout=100)
WEB, IO = "System.Net.WebException", "System.IO.IOException"


def error(kind: str = WEB, status: int | None = None, reason: str | None = None) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": "Verbindung  verloren."}


def transfer(**changed: Any) -> Transfer:
    usual: dict[str, Any] = {"complete": False, "received": 0, "total": 10_000_000, "host": "aka.ms"}
    return Transfer(**{**usual, **changed})


@pytest.mark.parametrize(
    ("changed", "kind", "line"),
    [
        (
            {"insecure": True, "host": "m.test"},
            Refused,
            "source: https://aka.ms/x redirects to m.test without https; use an address whose redirections are all"
            " https",
        ),
        (
            {"free_bytes": 1_000_000, "needed_bytes": 30_000_000},
            Refused,
            "staging_dir: D: has 1.0 MB free, but 30.0 MB are required for the package (10.0 MB) and its unpacked"
            " content; free up space, or use a folder on another drive",
        ),
        (
            {"error": error(status=407, reason="ProtocolError")},
            RemoteFailure,
            "download_proxy: the proxy requires a login, or rejects the given one (407); set"
            " download_proxy.username and download_proxy.password",
        ),
        *(
            (
                {"error": error(status=status), "host": "cdn.test"},
                RemoteFailure,
                f"source: the machine may not read https://aka.ms/x (at cdn.test) ({status}); grant access, or use"
                " another address",
            )
            for status in (401, 403)
        ),
        (
            {"error": error(status=404)},
            RemoteFailure,
            "source: https://aka.ms/x does not exist (404); correct the address",
        ),
        (
            {"error": error(status=400)},
            RemoteFailure,
            "source: https://aka.ms/x cannot be downloaded: Verbindung verloren.; correct the address",
        ),
        (
            {"error": error(reason="TrustFailure")},
            RemoteFailure,
            "source: the machine does not trust the certificate of aka.ms, or shares no TLS version with it"
            " (TrustFailure); add the certification authority to the machine's trusted roots",
        ),
        (
            {"error": error("System.IO.FileNotFoundException"), "host": None},
            RemoteFailure,
            "source: https://aka.ms/x does not exist; correct the path",
        ),
        (
            {"error": error("System.UnauthorizedAccessException"), "host": None},
            RemoteFailure,
            "source: the account of the connection may not read https://aka.ms/x; a share also requires credentials"
            " that the connection can delegate (CredSSP, or Kerberos with delegation), so use a path on the controller"
            " without them",
        ),
        (
            {"error": error("System.Management.Automation.RuntimeException")},
            RemoteFailure,
            "source: https://aka.ms/x cannot be downloaded: Verbindung verloren.; correct the address",
        ),
    ],
)
def test_a_permanent_failure_is_not_retried(changed: dict[str, Any], kind: type, line: str) -> None:
    with pytest.raises(SiteRecoveryError) as failed:
        Attempts(INSTALLER).pause_after(transfer(**changed), 0)
    assert (type(failed.value), failed.value.message) == (kind, line)


PASSING = [
    error(reason="NameResolutionFailure"),
    error(reason="ConnectFailure"),
    error(reason="Timeout"),
    error(IO),
    error("System.Net.Sockets.SocketException"),
    *(error(status=status) for status in (408, 416, 429, 500, 502, 503, 504)),
    None,
]


@pytest.mark.parametrize("problem", PASSING, ids=str)
def test_a_passing_failure_is_retried_with_growing_pauses(problem: dict[str, Any] | None) -> None:
    attempts = Attempts(INSTALLER)
    pauses = [attempts.pause_after(transfer(error=problem), 0) for _try in range(TRIES - 1)]
    assert pauses == [2.0, 4.0, 8.0]
    with pytest.raises(
        RemoteFailure, match=r"^source: the download of https://aka\.ms/x failed 4 times: .*0\.0 MB of 10\.0"
    ):
        attempts.pause_after(transfer(error=problem), 0)


def test_progress_resets_the_attempts() -> None:
    attempts = Attempts(INSTALLER)
    for part in range(1, 20):
        assert attempts.pause_after(transfer(received=part, error=error(IO)), 0) == 2.0
    for part in range(20, 40):
        assert attempts.pause_after(transfer(received=part), 0) == 0.0
    with pytest.raises(DeadlineExceeded, match=r"last state: 5\.0 MB of 10\.0 MB \(50 %\); run again to resume"):
        attempts.pause_after(transfer(received=5_000_000), 100)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "fetching P.exe from aka.ms: 0.0 MB of 10.0 MB (0 %) in 1 min 5 s"),
        (
            {"complete": True, "received": 10_000_000},
            "fetched P.exe from aka.ms: 10.0 MB of 10.0 MB (100 %) in 1 min 5 s",
        ),
        (
            {"total": None, "host": None, "error": error(IO)},
            "fetching P.exe: 0.0 MB in 1 min 5 s; Verbindung verloren.",
        ),
    ],
)
def test_progress_is_one_line(changed: dict[str, Any], line: str) -> None:
    assert progress_line(transfer(**changed), INSTALLER, 65) == line
