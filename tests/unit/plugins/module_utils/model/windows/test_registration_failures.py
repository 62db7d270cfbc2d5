# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every known failure of the registration program has its cause and fix, in every display language (P4)."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.registration_failures import (
    FAILURES,
    Failure,
    failure_of,
    last_line,
    meaning_of,
)

#: Each sign as it may appear in a log: before a text in any language, within a longer name, in parentheses.
LINES = (
    "{sign}: Der Vorgang ist fehlgeschlagen.",
    "12:00:01 [ERROR] 登録に失敗しました ({sign})",
    "Netfailure_{sign}",
)
SIGNS = [(sign, row) for row in FAILURES for sign in row.signs]


def written(sign: str) -> str:
    return sign.replace("\\", "")


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("sign", "row"), SIGNS, ids=[sign for sign, _row in SIGNS])
def test_a_sign_shows_the_cause(sign: str, row: Failure, line: str) -> None:
    log = ["Setup begins.", line.format(sign=written(sign)), "Setup ends."]
    assert failure_of(1, log) is row
    assert meaning_of(77, log) == {77: f"{row.cause}; {row.fix}"}


@pytest.mark.parametrize("row", [row for row in FAILURES if row.code is not None], ids=lambda row: str(row.code))
def test_without_a_sign_the_code_decides(row: Failure) -> None:
    assert row.code is not None
    assert failure_of(row.code, ["Il server non risponde.", ""]) is row


@pytest.mark.parametrize("line", ["PendingRestartX", "110054", "port 407", "pid 1000500", ""])
def test_text_that_resembles_a_sign(line: str) -> None:
    assert failure_of(77, [line]) is None
    assert meaning_of(77, [line]) == {}


def test_every_row_can_match() -> None:
    assert all(row.signs or row.code is not None for row in FAILURES)
    assert len({sign for sign, _row in SIGNS}) == len(SIGNS)
    for row in FAILURES:
        assert not row.cause.endswith("."), row
        assert not row.fix.endswith("."), row
        assert "\n" not in row.cause + row.fix


@pytest.mark.parametrize(("log", "line"), [([], ""), (["a", " b ", ""], "b"), (["", " "], "")])
def test_the_last_line(log: list[str], line: str) -> None:
    assert last_line(log) == line
