# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned fault of a script happens before the script changes anything."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from lab.context import LabContext
from lab.engines.base import CommandOutput, ConnectionDropped
from lab.engines.payload import ModuleCall
from lab.engines.scripts import planned_output
from lab.windows.machine import Machine
from tests.lab.conftest import Build

CALL = ModuleCall("ansible.windows.win_powershell", {"script": "# siterecovery.hyperv script: start_service\n"})


def meet(machine: Machine) -> CommandOutput | None:
    return asyncio.run(planned_output(machine, CALL))


@pytest.fixture
def machine(build: Build) -> Machine:
    return build()


def test_without_a_plan_nothing_happens(machine: Machine, context: LabContext) -> None:
    context.faults.plan("windows:m2:*", "fail")
    context.faults.plan("windows:m1:stop_service", "fail")
    assert meet(machine) is None
    assert context.journal.counts["script:start_service"] == 1


@pytest.mark.parametrize("action", ["fail", "throttle"])
def test_a_failure_is_the_scripts_own_error(machine: Machine, context: LabContext, action: str) -> None:
    context.faults.plan("windows:*:start_service", action, after=1, message="no")  # type: ignore[arg-type]
    assert meet(machine) is None
    answer = meet(machine)
    assert answer is not None
    result = json.loads(answer.stdout)
    assert (result["failed"], result["error"][0]["exception"]["message"]) == (True, "no")
    assert meet(machine) is None


@pytest.mark.parametrize("action", ["drop", "hang"])
def test_a_connection_may_break(machine: Machine, context: LabContext, action: str) -> None:
    context.faults.plan("windows:m1:start_service", action, seconds=0.01)  # type: ignore[arg-type]
    with pytest.raises(ConnectionDropped):
        meet(machine)


def test_a_delay_takes_time_and_the_script_runs(machine: Machine, context: LabContext) -> None:
    context.faults.plan("windows:m1:start_service", "delay", seconds=0.1)
    started = time.monotonic()
    assert meet(machine) is None
    assert time.monotonic() - started >= 0.1
