# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters for plans of check mode."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.siterecovery.hyperv.plugins.filter.planned_checks import planned_changes, planned_checks

SETTLED = {"step": "N1", "found": "mapped", "done": "nothing to do", "verified": "mapped"}
PLANNED = {"step": "N1", "found": "not mapped", "done": "planned: map it", "verified": "known after the run"}
REFUSED = {"failed": True, "msg": "the vault has no VM network; correct the name", "error": {"kind": "refused"}}
DENIED = {"failed": True, "msg": "access denied", "error": {"kind": "access_denied"}}


@pytest.mark.parametrize(
    ("result", "pending", "severity", "status", "message", "rows"),
    [
        ({"evidence": [SETTLED]}, False, "info", "pass", "mapped", 1),
        ({"evidence": [PLANNED]}, False, "info", "pass", "not mapped; planned: map it", 1),
        (REFUSED, False, "error", "fail", "the vault has no VM network; correct the name", 0),
        (REFUSED, True, "info", "unknown", "known after the earlier steps: the vault has no VM network", 1),
        # An earlier step does not help against another error.
        (DENIED, True, "error", "fail", "access denied", 0),
        ({"failed": True, "msg": "MODULE FAILURE"}, True, "error", "fail", "MODULE FAILURE", 0),
        ({"unreachable": True}, True, "error", "fail", "no answer", 0),
    ],
)
def test_a_result_is_a_check(
    result: dict[str, Any], pending: bool, severity: str, status: str, message: str, rows: int
) -> None:
    found = planned_checks([result], "N1", pending)
    (check,) = found["checks"]
    assert (check["step"], check["severity"], check["status"]) == ("N1", severity, status)
    assert check["message"].startswith(message)
    assert len(found["evidence"]) == rows


def test_a_task_that_was_skipped_is_no_check() -> None:
    assert planned_checks([{"skipped": True}], "N1") == {"checks": [], "evidence": []}


def test_only_planned_changes_are_selected() -> None:
    assert planned_changes([SETTLED, PLANNED]) == [PLANNED]


def test_something_else_than_a_list_is_refused() -> None:
    values: tuple[Any, ...] = ({}, "text")
    for value in values:
        with pytest.raises(AnsibleFilterError, match="must be a list"):
            planned_checks(value, "N1")
