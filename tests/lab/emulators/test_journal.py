# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For all known states, the journal contains every change and no secret."""

from __future__ import annotations

import pytest

from lab.context import digest
from tests.lab.emulators.harness import Case, Harness
from tests.lab.emulators.internet import Internet
from tests.lab.emulators.table import CASES


@pytest.fixture(scope="module")
def stage(internet: Internet) -> Harness:
    return Harness(internet)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_changed_is_in_the_journal(stage: Harness, case: Case) -> None:
    before = stage.set(case).snapshot()
    after = stage.imitated(case)
    if case.check_mode:
        assert (after.journal, after.azure) == ([], [])
    if after.journal == []:
        assert (after.state, after.azure) == (before, [])


def passwords(case: Case) -> list[str]:
    return [secret if isinstance(secret, str) else secret[1] for secret in case.secrets.values()]


@pytest.mark.parametrize("case", [case for case in CASES if case.secrets], ids=lambda case: case.name)
def test_no_secret_is_in_the_journal_or_the_state(stage: Harness, case: Case) -> None:
    after = stage.imitated(case)
    told = [str(value) for _verb, detail in after.journal for value in detail.values()]
    kept = [*told, repr(after.state)]
    for password in passwords(case):
        assert not any(password in text for text in kept if len(password) > 2)


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in CASES
        if "ProxyCredential" in case.secrets
        and not case.check_mode
        and case.script not in {"observe", "fetch_file", "probe_assumptions"}
    ],
    ids=lambda case: case.name,
)
def test_a_command_line_shows_the_digest_of_its_password(stage: Harness, case: Case) -> None:
    lines = [detail["arguments"] for verb, detail in stage.imitated(case).journal if verb == "process.start"]
    assert [digest(password) for line in lines for password in passwords(case) if digest(password) in line]
