# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a change window."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.change_window import require_open
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused

NOW = datetime(2026, 12, 5, 4, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize("end", [None, "", "2026-12-05T04:00:01Z", "2026-12-05 06:30+02:00"])
def test_something_begins_inside_the_window_and_without_one(end: str | None) -> None:
    require_open("begin_before", end, NOW)


@pytest.mark.parametrize("end", ["2026-12-05T04:00:00Z", "2026-12-05T05:00:00+01:00"])
def test_nothing_begins_from_the_end_on(end: str) -> None:
    with pytest.raises(Refused, match=r"^not begun, because the change window ended at 2026-12-05 .*; run"):
        require_open("begin_before", end, NOW)


def test_a_text_that_is_no_time_is_named_with_its_option() -> None:
    with pytest.raises(InvalidInput, match=r"^begin_before must be a date and a time in ISO 8601, not 'tonight'"):
        require_open("begin_before", "tonight", NOW)
