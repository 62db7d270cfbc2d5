# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of others are clean, short and without logins before a person sees them."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import checked_tags
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import Evidence
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.shown_text import (
    LONGEST_MESSAGE,
    LONGEST_TEXT,
    foreign,
    one_line,
    shown_address,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.text_rules import (
    is_drive_path,
    is_host_name,
)

EVIL = "\x1b]0;TITLE\x07\x1b[2J\x9b31m\u202eevil\r\nline"
CLEAN = "]0;TITLE[2J31mevil line"


def test_control_characters_never_reach_a_person() -> None:
    assert one_line(EVIL) == CLEAN
    assert RemoteFailure(EVIL, log=[EVIL], code=EVIL).to_result() == {
        "msg": CLEAN,
        "error": {"kind": "remote_failure", "log": [CLEAN], "code": CLEAN},
    }
    check = Check.failed("x", "P1", EVIL, EVIL)
    assert (check.message, check.fix) == (CLEAN, CLEAN)
    assert Evidence("P1", EVIL, EVIL, EVIL) == Evidence("P1", CLEAN, CLEAN, CLEAN)


def test_a_long_text_loses_its_middle() -> None:
    text = foreign("start " + "A" * 5_000_000 + " end")
    assert len(text) <= LONGEST_TEXT
    assert (text[:5], text[-3:]) == ("start", "end")
    assert len(RemoteFailure("A" * 5_000_000, log=["A" * 5_000_000]).message) <= LONGEST_MESSAGE


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://user:S3cret@proxy", "http://***@proxy"),
        ("http://user:S3@cret@proxy:8080", "http://***@proxy:8080"),
        ("http://user:S3/cret@proxy", "http://***@proxy"),
        ("user:S3cret@proxy", "***@proxy"),
        ("http://user:S3?cret@proxy", "http://***"),
        ("http://user:S3#cret@proxy", "http://***"),
        ("https://host/x.exe?sig=S3cret", "https://host/x.exe?***"),
        ("https://host/x.exe#sig=S3cret", "https://host/x.exe#***"),
        ("https://host/x.exe?sig=a@S3cret", "https://***"),
        ("http://proxy:8080/", "http://proxy:8080/"),
        ("proxy", "proxy"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert shown_address(address) == shown
    assert "cret" not in shown


@pytest.mark.parametrize("name", ["proxy", "proxy.corp.test", "10.0.0.1", "a_b", "m\u00fcnchen.test"])
def test_a_host_name(name: str) -> None:
    assert is_host_name(name)


@pytest.mark.parametrize("name", ["", "..", "a..b", "-a", "p|x", "%X%", "a b", "a\n", "a" * 64])
def test_no_host_name(name: str) -> None:
    assert not is_host_name(name)


@pytest.mark.parametrize("path", [r"C:\Staging", r"D:\a b\c.d", r"C:\CONSOLE"])
def test_a_folder_on_a_drive(path: str) -> None:
    assert is_drive_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "C:",
        "C:\\",
        r"\\server\share",
        r"C:\CON",
        r"C:\a\nul.txt",
        r"C:\a.",
        r"C:\a ",
        r"C:\x\..\y",
        "C:\\" + "a" * 300,
        "C:\\a\n",
    ],
)
def test_no_folder_on_a_drive(path: str) -> None:
    assert not is_drive_path(path)


@pytest.mark.parametrize(
    ("tags", "line"),
    [
        ({"a": {"b": 1}}, "tags: the value of 'a' must be a text; put it in quotation marks"),
        ({"a": [1]}, "tags: the value of 'a' must be a text; put it in quotation marks"),
        ({"a": "x" * 257}, "tags: the value of 'a' has more than 256 characters; use a shorter value"),
        ({"x" * 513: "a"}, f"tags: the name '{'x' * 20}...' has more than 512 characters; use a shorter name"),
        ({f"t{number}": "x" for number in range(51)}, "tags must have at most 50 entries, not 51; remove some"),
    ],
)
def test_tags_that_azure_refuses(tags: dict[str, object], line: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_tags(tags)
    assert refused.value.message == line
