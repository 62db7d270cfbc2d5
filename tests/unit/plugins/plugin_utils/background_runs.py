# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures and helpers of tests about background tasks: both programs, a clock, and a task that is held."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import background_task as runner
from lab.windows.states import STAGING
from tests.unit.plugins.plugin_utils.clock import Time
from tests.unit.plugins.plugin_utils.harness import ScriptHarness
from tests.unit.plugins.plugin_utils.setups import BOTH, Installed

PLACE = STAGING + r"\work"


@pytest.fixture(params=BOTH, ids=["provider", "agent"])
def what(request: pytest.FixtureRequest) -> Installed:
    found: Installed = request.param
    return found


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(runner, "time", made)
    return made


def held(found: ScriptHarness) -> Callable[[], None]:
    """Keep the task running until the returned function is called."""
    runner, found.machine.runner = found.machine.runner, None

    def release() -> None:
        assert runner is not None
        (task,) = found.machine.tasks.values()
        found.machine._run_task(task, runner)

    return release


def gone(found: ScriptHarness) -> bool:
    return not found.machine.tasks and not found.exists(PLACE)
