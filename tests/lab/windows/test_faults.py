# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mishap that is planned for a script happens before the script has done anything."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from lab.engines.base import Answer, ConnectionDropped
from lab.engines.payload import ModuleCall
from lab.engines.scripts import misfortune
from lab.world import World
from tests.lab.conftest import Build

CALL = ModuleCall("ansible.windows.win_powershell", {"script": "# siterecovery.hyperv script: start_service\n"})


def meet(world: World) -> Answer | None:
    return asyncio.run(misfortune(world, world.machines["m1"], CALL))


@pytest.fixture(autouse=True)
def _machine(build: Build) -> None:
    build()


def test_without_a_plan_nothing_happens(world: World) -> None:
    world.faults.plan("windows:m2:*", "fail")
    world.faults.plan("windows:m1:stop_service", "fail")
    assert meet(world) is None
    assert world.journal.counts["script:start_service"] == 1


@pytest.mark.parametrize("action", ["fail", "throttle"])
def test_a_failure_is_the_scripts_own_error(world: World, action: str) -> None:
    world.faults.plan("windows:*:start_service", action, after=1, message="no")  # type: ignore[arg-type]
    assert meet(world) is None
    answer = meet(world)
    assert answer is not None
    result = json.loads(answer.stdout)
    assert (result["failed"], result["error"][0]["exception"]["message"]) == (True, "no")
    assert meet(world) is None


@pytest.mark.parametrize("action", ["drop", "hang"])
def test_a_connection_may_break(world: World, action: str) -> None:
    world.faults.plan("windows:m1:start_service", action, seconds=0.01)  # type: ignore[arg-type]
    with pytest.raises(ConnectionDropped):
        meet(world)


def test_a_delay_takes_time_and_the_script_runs(world: World) -> None:
    world.faults.plan("windows:m1:start_service", "delay", seconds=0.1)
    started = time.monotonic()
    assert meet(world) is None
    assert time.monotonic() - started >= 0.1
