# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's network limits on machines of the lab: set, read back and kept (H4)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    NotConverged,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import mars_agent
from lab.windows import layout
from lab.windows.agent import AgentThrottle
from lab.windows.installers import catalogue
from lab.windows.states import STAGING, THROTTLED, agent_throttle, hyperv_host, stopped
from tests.unit.plugins.module_utils.model.windows.test_agent_limits import HOURS, OFF
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import Build, ScriptHarness

PACKAGE = catalogue({})["agent"]
HOST = hyperv_host(agent={"version": PACKAGE.version})
SET = ["observe", "set_agent_limits", "observe"]
WANTED = AgentThrottle(True, [1, 5], "09:00:00", "18:00:00", 512 * 1024, 2048 * 1024)


def agent(**changed: Any) -> Build[MachineFacts]:
    options = {
        "source": PACKAGE.url,
        "checksum": PACKAGE.sha256,
        "version": PACKAGE.version,
        "staging_dir": STAGING,
        "install_path": None,
        "cache_path": None,
        "minimum_cache_gb": 5,
        "wait_timeout": 60,
        "setup_logon": "s4u",
        "setup_password": None,
        **changed,
    }
    return lambda session: mars_agent.build(options, session)


def throttle(found: ScriptHarness) -> AgentThrottle:
    assert found.machine.agent is not None
    return found.machine.agent.throttle


def threads(found: ScriptHarness) -> list[Any]:
    names = ("UploadThreadsPerVM", "DownloadThreadsPerVM")
    return [found.machine.registry.get(layout.AGENT_LIMITS_KEY, name) for name in names]


def restarts(found: ScriptHarness) -> int:
    return sum(entry.verb == "service.start" for entry in found.lab.context.journal.entries)


@pytest.mark.parametrize(
    ("has", "options", "gets"),
    [
        (AgentThrottle(), {"throttle": HOURS}, WANTED),
        (THROTTLED, {"throttle": HOURS}, WANTED),
        (THROTTLED, {"throttle": OFF}, AgentThrottle()),
    ],
)
def test_throttling_needs_no_restart(
    harness: MakeHarness, has: AgentThrottle, options: dict[str, Any], gets: AgentThrottle
) -> None:
    found = harness(HOST, agent_throttle(has))
    planned = found.run(agent(**options), check=True)
    assert (found.scripts, throttle(found)) == (["observe"], has)
    outcome = found.run(agent(**options))
    assert (found.scripts, outcome.plan, outcome.after) == (SET, planned.plan, planned.after)
    assert (throttle(found), restarts(found)) == (gets, 0)
    assert found.run(agent(**options)).changed is False
    assert found.scripts == ["observe"]


def test_threads_restart_the_service_once(harness: MakeHarness) -> None:
    found = harness(HOST, agent_throttle(THROTTLED))
    options = {"upload_threads": 8, "download_threads": 16}
    outcome = found.run(agent(**options))
    assert (found.scripts, threads(found), restarts(found)) == (SET, [8, 16], 1)
    assert (outcome.after["upload_threads"], throttle(found)) == (8, THROTTLED)
    assert found.run(agent(**options)).changed is False


def test_limits_that_are_not_set_are_kept(harness: MakeHarness) -> None:
    found = harness(HOST, agent_throttle(THROTTLED))
    found.run(agent(upload_threads=8))
    found.run(agent(download_threads=9))
    assert (throttle(found), threads(found)) == (THROTTLED, [8, 9])
    outcome = found.run(agent())
    assert (outcome.changed, "throttle" in outcome.after) == (False, False)


def test_a_new_agent_is_installed_and_limited_in_one_run(harness: MakeHarness) -> None:
    found = harness(hyperv_host())
    planned = found.run(agent(throttle=HOURS, upload_threads=8), check=True)
    outcome = found.run(agent(throttle=HOURS, upload_threads=8))
    assert (throttle(found), threads(found)) == (WANTED, [8, None])
    assert (outcome.plan, outcome.after) == (planned.plan, planned.after)
    assert found.run(agent(throttle=HOURS, upload_threads=8)).changed is False


def test_a_stopped_agent_is_started_and_limited(harness: MakeHarness) -> None:
    found = harness(HOST, stopped(layout.AGENT_SERVICE))
    found.run(agent(throttle=HOURS))
    assert found.scripts == ["observe", "start_service", "set_agent_limits", "observe"]
    assert throttle(found) == WANTED


def test_hidden_throttling_is_set_in_every_run(harness: MakeHarness) -> None:
    found = harness(HOST, agent_throttle(AgentThrottle(), shown=False))
    for _run in range(2):
        outcome = found.run(agent(throttle=HOURS))
        assert (found.scripts, outcome.changed, outcome.after["throttle"]) == (SET, True, None)
        assert "this build of the agent does not show it" in outcome.plan.describe()
    assert throttle(found) == WANTED


def test_threads_of_an_interrupted_run_apply_after_the_next(harness: MakeHarness) -> None:
    found = harness(HOST)
    found.fail(f"start {layout.AGENT_SERVICE}")
    with pytest.raises(RemoteFailure, match="cannot be started"):
        found.run(agent(upload_threads=8))
    assert (found.session.changed, found.machine.is_running(layout.AGENT_SERVICE)) == (True, False)
    assert found.run(agent(upload_threads=8)).changed
    assert found.scripts == ["observe", "start_service", "observe"]
    assert (threads(found), found.machine.is_running(layout.AGENT_SERVICE)) == ([8, None], True)


def test_a_service_that_does_not_stop_keeps_its_threads(harness: MakeHarness) -> None:
    found = harness(HOST)
    found.fail(f"stop {layout.AGENT_SERVICE}")
    with pytest.raises(RemoteFailure):
        found.run(agent(upload_threads=8))
    assert threads(found) == [None, None]
    assert found.run(agent(upload_threads=8)).changed
    assert threads(found) == [8, None]


def test_a_lie_about_limits_is_detected(harness: MakeHarness) -> None:
    found = harness(HOST)
    found.lies["set_agent_limits"] = {"applied": True, "service": "Running"}
    with pytest.raises(NotConverged, match="set upload_threads of the agent to 8"):
        found.run(agent(upload_threads=8))
    found.lies["set_agent_limits"] = {"applied": True, "service": "Stopped"}
    with pytest.raises(RemoteFailure, match=r"^the agent's limits were set, but service obengine is Stopped after"):
        found.run(agent(upload_threads=8))


def test_an_invalid_limit_sends_nothing(harness: MakeHarness) -> None:
    found = harness(HOST)
    with pytest.raises(InvalidInput, match="upload_threads"):
        found.run(agent(upload_threads=64))
    assert found.executions == []
