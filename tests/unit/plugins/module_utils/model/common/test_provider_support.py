# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Provider is supported: by the statement of the service, then by the published versions."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.provider_support import (
    PUBLISHED,
    SPAN,
    by_table,
    evaluate_support,
    moment,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.versions import numbers

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("5.1.9000.0", "supported"),
        ("5.1.8116.0", "supported"),
        ("5.1.8095.0", "supported"),
        ("5.1.7802.0", "supported"),
        ("5.1.7626.0", "upgrade_recommended"),
        ("5.1.7625.9", "unsupported"),
        ("5.1.2300.0", "unsupported"),
        ("5.24.1025.12", "unsupported"),
        ("5.24.814.1", "unknown"),
        ("3.2.8228.0", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_by_the_published_versions(version: str | None, state: str) -> None:
    found, reason = by_table(version)
    assert found == state
    assert reason


def test_the_table_is_newest_first_and_reaches_to_the_last_supported_one() -> None:
    versions = [numbers(version) for version in PUBLISHED]
    assert versions == sorted(versions, reverse=True)
    assert len(set(versions)) == len(versions) > SPAN


@pytest.mark.parametrize(
    ("more", "state", "source", "expires"),
    [
        ({}, "unsupported", "table", None),
        ({"providerVersionState": "Latest"}, "supported", "service", None),
        ({"providerVersionState": "Odd"}, "unsupported", "table", None),
        ({"providerVersionState": "NotSupported"}, "unsupported", "service", None),
        ({"providerVersionDetails": {"status": "Supported"}}, "supported", "service", None),
        ({"providerVersionDetails": {"status": "SecurityUpdateRequired"}}, "upgrade_recommended", "service", None),
        ({"providerVersionDetails": {"status": "Deprecated"}}, "upgrade_recommended", "service", None),
        (
            {"providerVersionState": "Latest", "providerVersionDetails": {"status": "UpdateRequired"}},
            "upgrade_recommended",
            "service",
            None,
        ),
        ({"providerVersionExpiryDate": "2026-02-28T00:00:00Z"}, "unsupported", "service", "2026-02-28"),
        ({"providerVersionExpiryDate": "2026-05-01T00:00:00Z"}, "upgrade_recommended", "service", "2026-05-01"),
        (
            {"providerVersionState": "Supported", "providerVersionExpiryDate": "2027-01-01T00:00:00Z"},
            "supported",
            "service",
            "2027-01-01",
        ),
        (
            {"providerVersionState": "Latest", "providerVersionDetails": {"expiryDate": "2026-01-01T00:00:00Z"}},
            "unsupported",
            "service",
            "2026-01-01",
        ),
        ({"providerVersionExpiryDate": "0001-01-01T00:00:00"}, "unsupported", "table", None),
        ({"providerVersionExpiryDate": "soon", "providerVersionDetails": None}, "unsupported", "table", None),
    ],
)
def test_a_statement_of_the_service_outweighs_the_table(
    more: dict[str, Any], state: str, source: str, expires: str | None
) -> None:
    shown = evaluate_support({"providerVersion": "5.1.2300.0", **more}, NOW).to_result()
    assert (shown["state"], shown["source"], shown["expires"]) == (state, source, expires)
    assert shown["message"]


def test_a_recalled_version_is_no_better_for_being_the_latest() -> None:
    found = evaluate_support({"providerVersion": "5.24.1025.12", "providerVersionState": "Latest"}, NOW)
    assert (found.state, found.source) == ("unsupported", "table")
    assert "5.1.8116.0" in found.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-06-08T16:56:04.1120039Z", datetime(2017, 6, 8, 16, 56, 4, 112003, timezone.utc)),
        ("2017-06-08T16:56:04.1Z", datetime(2017, 6, 8, 16, 56, 4, 100000, timezone.utc)),
        ("2017-06-08T16:56:04Z", datetime(2017, 6, 8, 16, 56, 4, 0, timezone.utc)),
        ("2017-06-08T16:56:04", datetime(2017, 6, 8, 16, 56, 4, 0, timezone.utc)),
        ("yesterday", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_moments_as_the_service_writes_them(text: Any, expected: datetime | None) -> None:
    assert moment(text) == expected
