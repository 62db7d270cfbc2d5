# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the task of a setup logs on: setup_logon, setup_password and what Windows refuses (A5, A6)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows import background_task as runner
from lab.windows.states import vmm_server
from tests.lab.emulators.harness import LOGIN
from tests.unit.plugins.plugin_utils.clock import Time
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.registration_resource import SERVER, registration
from tests.unit.plugins.plugin_utils.setups import BOTH, ONE, Installed
from tests.unit.plugins.plugin_utils.test_detached_registration import gone

PASSWORD: dict[str, Any] = {"setup_logon": "password", "setup_password": LOGIN.windows_password}
_REMOTE = {"vmm": {"remote_database": True}}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(runner, "time", made)
    return made


def test_a_setup_with_a_remote_database_needs_the_password(harness: MakeHarness) -> None:
    found = harness(vmm_server(**_REMOTE))
    with pytest.raises(RemoteFailure, match="ANONYMOUS LOGON"):
        found.run(ONE.resource())
    assert found.run(ONE.resource(**PASSWORD)).after["installed"] is True
    assert gone(found)


def test_a_registration_with_a_remote_database_needs_the_password(harness: MakeHarness, key: str) -> None:
    found = harness(vmm_server(provider={}, **_REMOTE))
    with pytest.raises(RemoteFailure, match="ANONYMOUS LOGON"):
        found.run(registration(key_path=key))
    assert found.run(registration(key_path=key, **PASSWORD)).after["registered"] is True
    assert gone(found)


@pytest.mark.parametrize("what", BOTH, ids=["provider", "agent"])
def test_a_wrong_password_starts_nothing(harness: MakeHarness, what: Installed) -> None:
    found = harness(what.entry("none"))
    with pytest.raises(RemoteFailure) as failed:
        found.run(what.resource(setup_logon="password", setup_password="w0rd"))
    assert failed.value.message == (
        "setup_password: the scheduler does not accept it for the connecting user (0x8007052E), so nothing was started;"
        " correct it, before repeated attempts lock the account, then run again"
    )
    assert gone(found)
    assert "process.start" not in [entry.verb for entry in found.lab.context.journal.entries]


def test_a_policy_against_stored_passwords_is_named(harness: MakeHarness) -> None:
    found = harness({**vmm_server(), "stores_passwords": False})
    with pytest.raises(RemoteFailure, match=r"^setup_password: a policy .*0x80070520.*set setup_logon to s4u"):
        found.run(ONE.resource(**PASSWORD))
    assert gone(found)


def test_a_missing_right_is_named_and_nothing_is_left(harness: MakeHarness, key: str) -> None:
    """The case batch-logon-right-missing, for the registration too."""
    for entry, wanted in ((vmm_server(), ONE.resource()), (SERVER, registration(key_path=key))):
        found = harness({**entry, "batch_logon": False})
        with pytest.raises(RemoteFailure, match=r"has not the right 'Log on as a batch job'.*0x80070569"):
            found.run(wanted)
        assert gone(found)


def test_the_password_is_sent_as_a_secret_only(harness: MakeHarness) -> None:
    found = harness(vmm_server())
    password = "Passw0rd-of-the-task"
    found.lab.context.login = type(LOGIN)(**{**_fields(LOGIN), "windows_password": password})
    found.run(ONE.resource(setup_logon="password", setup_password=password))
    assert password not in found.plain
    secrets = found.sent("start_background_task")["sensitive_parameters"]
    assert secrets == [{"name": "LogonPassword", "value": password}]
    assert password not in str([entry.detail for entry in found.lab.context.journal.entries])


def _fields(login: Any) -> dict[str, Any]:
    return {name: getattr(login, name) for name in login.__dataclass_fields__}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"setup_logon": "password"},
            "setup_password must be set when setup_logon is password; set it to the password of the connecting user, or"
            " of the become user",
        ),
        (
            {"setup_password": "x"},
            "setup_password must not be set when setup_logon is s4u, which uses no password; set setup_logon to"
            " password, or remove the option",
        ),
    ],
)
def test_options_are_evaluated_before_any_call(harness: MakeHarness, options: dict[str, Any], message: str) -> None:
    found = harness(SERVER)
    for build in (ONE.resource(**options), registration(**options)):
        with pytest.raises(InvalidInput) as refused:
            found.run(build)
        assert (refused.value.message, found.scripts) == (message, [])
