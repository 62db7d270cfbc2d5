# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines are split as by the C runtime, and secrets do not reach the journal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.context import digest
from lab.engines.emulators.base import quoted
from lab.windows.programs.commandline import masked, split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  /a   /b ", ["/a", "/b"]),
        ('/x:"C:\\My Folder" /q', ["/x:C:\\My Folder", "/q"]),
        ('"a\\\\" b', ["a\\", "b"]),
        ('"a\\"b"', ['a"b']),
        ('a\\\\\\"b', ['a\\"b']),
        ('"a""b"', ['a"b']),
        ('""', [""]),
        ("C:\\a\\b", ["C:\\a\\b"]),
    ],
)
def test_rules_of_the_c_runtime(line: str, words: list[str]) -> None:
    assert split(line) == words


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_what_is_quoted_arrives_unchanged(values: list[str]) -> None:
    assert split(" ".join(quoted(value) for value in values)) == values


@pytest.mark.parametrize("switch", ["/proxyPassword", "/PROXYPASSWORD", "/pw"])
def test_a_secret_that_stands_alone_is_masked(switch: str) -> None:
    assert masked(["/r", switch, "s3cret", "/x"]) == ["/r", switch, digest("s3cret"), "/x"]


def test_a_secret_behind_a_colon_is_masked() -> None:
    assert masked(["/pw:s3cret"]) == ["/pw:" + digest("s3cret")]
