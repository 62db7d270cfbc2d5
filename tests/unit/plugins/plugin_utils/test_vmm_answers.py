# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMM answers later than its service runs, on a port that setup chose (S2, P1, P4)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import observation
from lab.windows.states import vmm_server
from tests.unit.plugins.plugin_utils.clock import Time
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.registration_resource import SERVER, registration
from tests.unit.plugins.plugin_utils.setups import ONE

_CONNECT = "connect to VMM"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(observation, "time", made)
    return made


def test_a_run_waits_until_vmm_answers(harness: MakeHarness) -> None:
    """The service runs, and the first connections fail."""
    found = harness(ONE.entry("none"))
    found.fail(_CONNECT, times=2)
    assert found.run(ONE.resource()).changed
    assert found.scripts[:4] == ["observe", "observe", "observe", "inspect_file"]
    assert "VMM does not answer yet" in found.shown[0]


@pytest.mark.parametrize("what", ["jobs", "clouds", "accounts"])
def test_a_run_waits_for_a_vmm_that_restarts_while_it_is_read(harness: MakeHarness, what: str, key: str) -> None:
    """An account that was not read is not an account that does not exist."""
    found = harness(SERVER)
    found.fail(f"read {what} of VMM")
    found.fail(_CONNECT, after=1)
    assert found.run(registration(key_path=key)).changed
    assert found.scripts[:2] == ["observe", "observe"]
    assert "VMM does not answer yet" in found.shown[0]


def test_a_run_waits_after_setup_has_started_vmm(harness: MakeHarness) -> None:
    found = harness(ONE.entry("none"))
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = really(arguments, check_mode=check_mode)
        if found.scripts[-1] == "end_background_task":
            found.fail(_CONNECT, times=3)
        return answer

    found.execute = execute  # type: ignore[method-assign]
    assert found.run(ONE.resource()).changed
    assert found.scripts[-4:] == ["observe"] * 4


def test_a_vmm_that_never_answers_is_refused(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    found.fail(_CONNECT, times=9999)
    with pytest.raises(Refused, match=r"the VMM service runs, but VMM does not answer: .*1602.*console port"):
        found.run(registration(key_path=key))
    assert set(found.scripts) == {"observe"}
    assert len(found.scripts) > 1


def test_a_user_who_may_not_connect_is_told_at_once(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    found.fail(_CONNECT, times=9999, message="You cannot contact the server. (Error ID: 1604)")
    with pytest.raises(Refused, match="the connecting user is not a VMM administrator"):
        found.run(registration(key_path=key))
    assert found.scripts == ["observe"]


def test_the_port_of_the_console_is_read(harness: MakeHarness) -> None:
    found = harness(vmm_server(provider={}, vmm={"console_port": 8200}))
    assert found.machine.vmm is not None
    assert not found.run(ONE.resource()).changed
    found.machine.registry.unset(
        r"HKLM\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Settings", "IndigoTcpPort"
    )
    with pytest.raises(Refused, match="console port"):
        found.run(ONE.resource(version="9.0.0.0"))


def test_the_name_of_the_role_is_tried_after_the_local_name(harness: MakeHarness) -> None:
    found = harness(vmm_server(provider={}, vmm={"ha_name": "VMMROLE"}))
    found.fail(_CONNECT, times=1)
    found.run(ONE.resource())
    assert found.scripts == ["observe"]
