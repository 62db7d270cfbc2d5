# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that selects the checks that block a change."""

from __future__ import annotations

from ansible_collections.siterecovery.hyperv.plugins.filter.blocking import FilterModule
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check


def test_only_failed_errors_block() -> None:
    """A warning, a note and a rule that could not be evaluated never stop a change."""
    checks = [
        Check.passed("passed", "T1", "well"),
        Check.failed("failed", "T1", "not well", "mend it"),
        Check.warning("warned", "T1", "not well", "mend it"),
        Check.unknown("unknown", "T1", "not readable"),
    ]
    blocking = FilterModule().filters()["blocking"]
    assert [check["id"] for check in blocking([check.to_result() for check in checks])] == ["failed"]
    assert [check.id for check in checks if check.blocks] == ["failed"]
