# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installers: valid sources, versions, and the check that a file is genuine (S3, P1, H1)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.versions import numbers, older
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.installer import (
    Installer,
    require_genuine,
    require_success,
)

HASH = "0123456789abcdef" * 4
URL = "https://mirror.test/AzureSiteRecoveryProvider.exe"
OPTIONS: dict[str, Any] = {
    "source": URL,
    "checksum": HASH,
    "version": "5.1.8095.0",
    "staging_dir": r"C:\ProgramData\siterecovery.hyperv",
}
NO_EXE = "source must be the path or address of an .exe file; name the installer itself"
STAGED = r"C:\ProgramData\siterecovery.hyperv\AzureSiteRecoveryProvider.exe"


def installer(**changed: Any) -> Installer:
    return Installer.from_options({**OPTIONS, **changed})


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (
            {"source": "http://m.test/a.exe"},
            "source must not be an address with the scheme 'http'; use an https address or a path",
        ),
        (
            {"source": "ftp://m.test/a.exe"},
            "source must not be an address with the scheme 'ftp'; use an https address or a path",
        ),
        *(
            (
                {"source": source},
                "source must be an https address, a full Windows path or a path on the controller, not"
                f" '{source}'; correct the path",
            )
            for source in ("", r"dir\a.exe", "C:a.exe", r"C:\a*.exe")
        ),
        (
            {"source": "https://aka.ms/downloadmarsagent"},
            NO_EXE,
        ),
        *(({"source": source}, NO_EXE) for source in (r"C:\a.msi", "/tmp/a.zip", ".exe", "x/.exe")),
        *(
            (
                {"source": source},
                "source must be an https address with a host, and without a login or blanks; correct the address",
            )
            for source in ("https://", "https:///a.exe", "https://u:p@m.test/a.exe", "https://m.test/a b.exe")
        ),
        (
            {"source": "/tmp/a.exe", "download_proxy": {"mode": "system"}},
            "download_proxy must not be set when source is a path; remove it or use an https address",
        ),
        (
            {"download_proxy": {"mode": "custom", "address": "https://p", "port": 1}},
            "download_proxy.address must not be an https address; Site Recovery supports http:// proxies only",
        ),
        (
            {"download_proxy": {"mode": "direct", "port": 1}},
            "download_proxy.port must not be set when mode is direct; set download_proxy.mode to custom or remove the"
            " option",
        ),
        ({"download_timeout": 0}, "download_timeout must be positive; set it to a number of seconds"),
        *(
            (
                {"checksum": checksum},
                "checksum must be a SHA-256 hash of 64 hexadecimal digits; calculate it with Get-FileHash",
            )
            for checksum in ("abc", "g" * 64, HASH + "0", HASH + "\n", "sha256:" + HASH)
        ),
        *(
            ({"version": version}, f"version must be a version like 5.1.8095.0, not '{version}'; correct it")
            for version in ("5", "5.", "v5.1", "5.1.2.3.4", "latest", "\u0665.1")
        ),
        ({"version": "5.1\n"}, "version must be a version like 5.1.8095.0, not '5.1 '; correct it"),
        *(
            (
                {"staging_dir": folder},
                f"staging_dir must be a full path on a drive, not '{folder}'; set it to a path like C:\\Staging",
            )
            for folder in ("staging", "/tmp", "C:")
        ),
        (
            {"staging_dir": "C:\\a\n"},
            "staging_dir must be a full path on a drive, not 'C:\\a '; set it to a path like C:\\Staging",
        ),
    ],
)
def test_an_invalid_option_is_rejected_in_one_line(changed: dict[str, Any], line: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        installer(**changed)
    assert refused.value.message == line


@pytest.mark.parametrize(
    ("source", "staging", "staged", "in_place"),
    [
        (URL, OPTIONS["staging_dir"], STAGED, False),
        (URL + "?sv=1&sig=s/x.txt", OPTIONS["staging_dir"] + "\\", STAGED, False),
        (r"D:\Install\AzureSiteRecoveryProvider.exe", OPTIONS["staging_dir"], STAGED, False),
        (
            r"\\server\share\AzureSiteRecoveryProvider.EXE",
            r"D:\S",
            r"D:\S\siterecovery.hyperv\AzureSiteRecoveryProvider.EXE",
            False,
        ),
        (STAGED.lower(), OPTIONS["staging_dir"], STAGED.rsplit("\\", 1)[0] + r"\azuresiterecoveryprovider.exe", True),
    ],
)
def test_the_staged_path(source: str, staging: str, staged: str, in_place: bool) -> None:
    made = installer(source=source, staging_dir=staging)
    assert (made.staged_path, made.in_place) == (staged, in_place)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://aka.ms/downloaddra", "P.exe"),
        ("https://m.test/", "P.exe"),
        ("https://m.test/x/y.EXE?sig=a.zip", "y.EXE"),
        ("/srv/files/x.exe", "x.exe"),
        ("installers/x.exe", "x.exe"),
    ],
)
def test_a_short_link_gets_the_default_name(source: str, name: str) -> None:
    made = Installer.from_options({**OPTIONS, "source": source}, "P.exe")
    assert (made.file_name, made.from_controller) == (name, "://" not in source)
    assert made.temporary_files == [made.staged_path + end for end in ("", ".partial", ".partial.id")]


@pytest.mark.parametrize(
    ("checksum", "sha256", "matches"),
    [
        (HASH, HASH, True),
        (HASH.upper(), HASH, True),
        (HASH, HASH.upper(), True),
        (HASH, "0" * 64, False),
        (HASH, None, False),
        (None, HASH, False),
        ("", HASH, False),
    ],
)
def test_only_a_pinned_hash_matches(checksum: str | None, sha256: str | None, matches: bool) -> None:
    assert installer(checksum=checksum).matches(sha256) is matches


# ---- versions ----


@pytest.mark.parametrize(
    ("version", "wanted", "due"),
    [
        ("5.1.8095.0", None, False),
        (None, None, False),
        (None, "5.1", True),
        ("", "0.0", True),
        ("5.1.8095.0", "5.1.8095.0", False),
        ("5.1.8095", "5.1.8095.0", False),
        ("5.1", "5.1.0.1", True),
        ("5.1.9.0", "5.1.10.0", True),
        ("5.1.10.0", "5.1.9.0", False),
        ("5.01.9", "5.1.9", False),
        ("6.0", "5.9.9.9", False),
    ],
)
def test_an_upgrade_is_due(version: str | None, wanted: str | None, due: bool) -> None:
    assert older(version, wanted) is due


_versions = st.none() | st.lists(st.integers(0, 12), min_size=1, max_size=4).map(
    lambda parts: ".".join(map(str, parts))
)


@given(_versions, _versions, _versions)
def test_versions_have_one_order(a: str | None, b: str | None, c: str | None) -> None:
    left, middle, right = numbers(a), numbers(b), numbers(c)
    assert (left < middle) + (left == middle) + (left > middle) == 1
    assert not (left <= middle <= right) or left <= right
    if a and b:
        assert older(a, b) + older(b, a) + (left == middle) == 1


# ---- genuine files ----

GENUINE: dict[str, Any] = {
    "path": STAGED,
    "sha256": HASH.upper(),
    "signature_status": "Valid",
    "signer": "CN=Microsoft Corporation, OU=MOPR, O=Microsoft Corporation, L=Redmond, S=Washington, C=US",
    "version": "5.1.8095.0",
}


@pytest.mark.parametrize("changed", [{}, {"version": "5.1.9000.0"}])
def test_a_genuine_installer_passes(changed: dict[str, Any]) -> None:
    require_genuine({**GENUINE, **changed}, installer())


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"sha256": None}, f"source: {URL} did not arrive at {STAGED}; check it, then run again"),
        (
            {"sha256": "0" * 64},
            f"checksum: {STAGED} has the SHA-256 hash {'0' * 64}, not {HASH}; correct source or checksum",
        ),
        *(
            (
                {"signature_status": status},
                f"source: the signature of {STAGED} is {status}; use the installer from Microsoft or an"
                " unchanged copy of it",
            )
            for status in ("NotSigned", "HashMismatch")
        ),
        *(
            (
                {"signature_status": status},
                f"source: the signature of {STAGED} is {status}; if the hash of the file is right, this machine lacks a"
                " root or intermediate certificate of the signature: install Microsoft's roots, for example with"
                " Windows Update or from another machine, then run again",
            )
            for status in ("NotTrusted", "UnknownError")
        ),
        *(
            (
                {"signer": signer},
                f"source: {STAGED} is signed by {signer}, not by Microsoft Corporation; use the installer from"
                " Microsoft",
            )
            for signer in (
                "CN=Contoso, O=Contoso",
                "CN=Microsoft Corporation",
                "CN=x, O=Microsoft Corporation Ltd",
                None,
            )
        ),
        *(
            (
                {"version": version},
                f"version: {STAGED} has version {version}, but at least 5.1.8095.0 is required; correct source or"
                " version",
            )
            for version in ("5.1.7000.0", None)
        ),
    ],
)
def test_any_other_file_is_refused(changed: dict[str, Any], line: str) -> None:
    with pytest.raises(Refused) as refused:
        require_genuine({**GENUINE, **changed}, installer())
    assert refused.value.message == line


def test_without_pins_only_the_signature_is_checked() -> None:
    loose = installer(checksum=None, version=None)
    require_genuine({**GENUINE, "sha256": "0" * 64, "version": None}, loose)
    with pytest.raises(Refused, match="signature"):
        require_genuine({**GENUINE, "signature_status": "NotSigned"}, loose)


def test_messages_do_not_contain_the_query_of_an_address() -> None:
    with pytest.raises(Refused) as refused:
        require_genuine({**GENUINE, "sha256": None}, installer(source=URL + "?sig=canary"))
    assert "canary" not in refused.value.message


# ---- exit codes ----


@pytest.mark.parametrize(
    ("code", "log", "line"),
    [
        (1, [], "x.exe ended with exit code 1: it failed"),
        (
            7,
            ["a", " b ", "", "c"],
            "x.exe ended with exit code 7: the meaning of this code is not published; read the log; log: b | c",
        ),
        (1, ["", " "], "x.exe ended with exit code 1: it failed"),
    ],
)
def test_a_failure_has_the_meaning_of_its_code_and_the_log(code: int, log: list[str], line: str) -> None:
    with pytest.raises(RemoteFailure) as failed:
        require_success("x.exe", code, {1: "it failed"}, log)
    assert failed.value.message == line
    assert failed.value.details == {"exit_code": code, "log": log}


def test_a_failure_has_the_newest_events_of_vmm() -> None:
    events = ["20413: first\nline", "2: second", "3: third"]
    with pytest.raises(RemoteFailure) as failed:
        require_success("x.exe", 1, {1: "it failed"}, ["a"], events)
    assert failed.value.message == (
        "x.exe ended with exit code 1: it failed; log: a; event log of VMM: 20413: first line | 2: second"
    )
    assert failed.value.details["events"] == ["20413: first line", "2: second", "3: third"]


@pytest.mark.parametrize(("code", "restart"), [(0, False), (3010, True)])
def test_success_may_require_a_restart(code: int, restart: bool) -> None:
    assert require_success("x.exe", code, {}, []) is restart
