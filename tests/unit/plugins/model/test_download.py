# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Getting an installer: what is tried again, for how long, and what is told (S3, H1)."""

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
    Progress,
    Transfer,
    progress_line,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.installer import Installer

INSTALLER = Installer("https://aka.ms/x?sig=canary", None, None, r"D:\S", "P.exe", timeout=100)
WEB, IO = "System.Net.WebException", "System.IO.IOException"


def error(kind: str = WEB, status: int | None = None, reason: str | None = None) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": "Verbindung  verloren."}


def transfer(**changed: Any) -> Transfer:
    told: dict[str, Any] = {"complete": False, "received": 0, "total": 10_000_000, "host": "aka.ms"}
    return Transfer(**{**told, **changed})


@pytest.mark.parametrize(
    ("changed", "kind", "line"),
    [
        (
            {"insecure": True, "host": "m.test"},
            Refused,
            "source: https://aka.ms/x leads to m.test without https; give an address that is https all the way",
        ),
        (
            {"free_bytes": 1_000_000, "needed_bytes": 30_000_000},
            Refused,
            "staging_dir: D: has 1.0 MB free, needed are 30.0 MB for the package (10.0 MB) and what is unpacked from"
            " it; make room, or give a folder on another drive",
        ),
        (
            {"error": error(status=407, reason="ProtocolError")},
            RemoteFailure,
            "download_proxy: the proxy asks for a login, or does not take the one that was given (407); give"
            " download_proxy.username and download_proxy.password",
        ),
        *(
            (
                {"error": error(status=status), "host": "cdn.test"},
                RemoteFailure,
                f"source: https://aka.ms/x (at cdn.test) is refused to the machine ({status}); let it read there, or"
                " give another address",
            )
            for status in (401, 403)
        ),
        (
            {"error": error(status=404)},
            RemoteFailure,
            "source: https://aka.ms/x is not there (404); correct the address",
        ),
        (
            {"error": error(status=400)},
            RemoteFailure,
            "source: https://aka.ms/x can't be fetched: Verbindung verloren.; correct the address",
        ),
        (
            {"error": error(reason="TrustFailure")},
            RemoteFailure,
            "source: the machine does not trust the certificate of aka.ms, or has no TLS version in common with it"
            " (TrustFailure); add the authority that signed it to the machine's trusted roots",
        ),
        (
            {"error": error("System.IO.FileNotFoundException"), "host": None},
            RemoteFailure,
            "source: https://aka.ms/x is not there; correct the path",
        ),
        (
            {"error": error("System.UnauthorizedAccessException"), "host": None},
            RemoteFailure,
            "source: https://aka.ms/x may not be read by the account of the connection; a share also needs credentials"
            " that the connection can delegate (CredSSP, or Kerberos with delegation): without them give a path of the"
            " controller",
        ),
        (
            {"error": error("System.Management.Automation.RuntimeException")},
            RemoteFailure,
            "source: https://aka.ms/x can't be fetched: Verbindung verloren.; correct the address",
        ),
    ],
)
def test_what_never_gets_better_is_told_at_once(changed: dict[str, Any], kind: type, line: str) -> None:
    with pytest.raises(SiteRecoveryError) as told:
        Progress(INSTALLER).note(transfer(**changed), 0)
    assert (type(told.value), told.value.message) == (kind, line)


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
def test_what_may_pass_is_tried_some_times_with_growing_pauses(problem: dict[str, Any] | None) -> None:
    progress = Progress(INSTALLER)
    pauses = [progress.note(transfer(error=problem), 0) for _try in range(TRIES - 1)]
    assert pauses == [2.0, 4.0, 8.0]
    with pytest.raises(
        RemoteFailure, match=r"^source: https://aka\.ms/x was tried 4 times in vain: .*0\.0 MB of 10\.0"
    ):
        progress.note(transfer(error=problem), 0)


def test_as_long_as_something_comes_it_goes_on() -> None:
    progress = Progress(INSTALLER)
    for part in range(1, 20):
        assert progress.note(transfer(received=part, error=error(IO)), 0) == 2.0
    for part in range(20, 40):
        assert progress.note(transfer(received=part), 0) == 0.0
    with pytest.raises(DeadlineExceeded, match=r"last state: 5\.0 MB of 10\.0 MB \(50 %\); run again: it goes on from"):
        progress.note(transfer(received=5_000_000), 100)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "fetching P.exe from aka.ms: 0.0 MB of 10.0 MB (0 %) in 1m05s"),
        ({"complete": True, "received": 10_000_000}, "fetched P.exe from aka.ms: 10.0 MB of 10.0 MB (100 %) in 1m05s"),
        (
            {"total": None, "host": None, "error": error(IO)},
            "fetching P.exe: 0.0 MB in 1m05s; Verbindung verloren.",
        ),
    ],
)
def test_progress_is_one_line(changed: dict[str, Any], line: str) -> None:
    assert progress_line(transfer(**changed), INSTALLER, 65) == line
