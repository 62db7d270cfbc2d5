# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the command line that would bypass the gates of a playbook."""

from __future__ import annotations

from typing import Any

import pytest
from ansible import context
from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.collections import ImmutableDict

from ansible_collections.siterecovery.hyperv.plugins.filter.refuse_bypass import FilterModule, refuse_bypass


def given(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(options))


@pytest.mark.parametrize(
    "options", [{}, {"skip_tags": ["other"], "tags": ["x"]}, {"start_at_task": None, "skip_tags": ["all"]}]
)
def test_other_options_pass(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    given(monkeypatch, **options)
    assert refuse_bypass("localhost:all") == "localhost:all"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start_at_task": "x"}, "--start-at-task would skip checks that later tasks rely on; run the playbook from"),
        ({"skip_tags": ["always"]}, "--skip-tags always would skip the gates of the playbook; omit it"),
        ({"skip_tags": ("a", "tagged")}, "--skip-tags tagged would skip the gates"),
    ],
)
def test_an_option_that_bypasses_the_gates_is_refused(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], words: str
) -> None:
    given(monkeypatch, **options)
    with pytest.raises(AnsibleFilterError, match=words):
        refuse_bypass("all")


def test_the_filter_has_its_documented_name() -> None:
    assert set(FilterModule().filters()) == {"refuse_bypass"}
