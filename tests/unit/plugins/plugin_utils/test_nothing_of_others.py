# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts and files that others created on a server stay as they are."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.names import same_login
from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.states import STAGING, all_of, leftover, proxy_account, staged, vmm_server
from tests.lab.emulators.internet import PROXY_USER
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.registration_resource import SERVER, login, registration

BEHIND_PROXY = vmm_server(provider={}, egress="proxy")
THEIRS = STAGING + r"\theirs.VaultCredentials"


def sql_account(machine: Machine) -> None:
    proxy_account(machine, "CORP\\sql-admin")


def their_key(machine: Machine) -> None:
    machine.write_file(THEIRS, b"<x/>")


def test_a_run_as_account_with_another_login_is_not_overwritten(harness: MakeHarness, key: str) -> None:
    found = harness(BEHIND_PROXY, sql_account)
    with pytest.raises(Refused, match=r"Run As account DRAProxyAccount with the login CORP\\sql-admin, whose password"):
        found.run(registration(key_path=key, proxy=login(found)))
    assert found.scripts == ["observe"]
    vmm = found.machine.need_vmm()
    account = vmm.run_as_account(layout.PROXY_ACCOUNT)
    assert account is not None
    assert account.username == "CORP\\sql-admin"


def test_update_password_always_replaces_the_login(harness: MakeHarness, key: str) -> None:
    found = harness(BEHIND_PROXY, sql_account)
    assert found.run(registration(key_path=key, proxy=login(found), update_password="always")).changed
    account = found.machine.need_vmm().run_as_account(layout.PROXY_ACCOUNT)
    assert account is not None
    assert account.username == PROXY_USER


def test_a_registration_without_a_login_leaves_the_account(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, sql_account)
    assert found.run(registration(key_path=key)).changed
    account = found.machine.need_vmm().run_as_account(layout.PROXY_ACCOUNT)
    assert account is not None
    assert account.username == "CORP\\sql-admin"


def test_a_key_file_of_others_is_not_removed(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, all_of(staged, leftover, their_key))
    outcome = found.run(registration(key_path=key))
    assert outcome.changed
    assert found.exists(THEIRS)
    assert not found.exists(STAGING + r"\siterecovery.hyperv-old.VaultCredentials")


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("CORP\\svc", "corp\\SVC", True),
        ("CORP\\svc", "svc", True),
        ("svc@corp.test", "CORP\\svc", True),
        ("CORP\\svc", "LAB\\svc", False),
        ("CORP\\svc", "CORP\\sql", False),
    ],
)
def test_logins_are_compared_as_windows_does(left: str, right: str, same: bool) -> None:
    assert same_login(left, right) is same
