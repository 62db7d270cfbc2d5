# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to writes and polls with a wrong shape: one line, and never an exception of Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription
from tests.unit.plugins.modules.test_failing import MODULES

ALWAYS = 99
HTML = "<html><body>Sign in to the guest network</body></html>"
#: The write of each changing module.
WRITES = {
    "vault": "put:*/vaults/vault-dr",
    "storage_account": "put:*/storageaccounts/stdr",
    "virtual_network": "put:*/virtualnetworks/vnet-dr",
    "vault_registration_key": "put:*/certificates/*",
}
ODD: dict[str, dict[str, Any]] = {
    "null": {"body": None},
    "a list": {"body": []},
    "a list of objects": {"body": [{}]},
    "a number": {"body": 7},
    "a text": {"body": "x"},
    "an empty object": {"body": {}},
    "properties that are a text": {"body": {"properties": "x"}},
    "properties that are null": {"body": {"properties": None}},
    "properties that are a list": {"body": {"properties": ["x"]}},
    "a page": {"page": HTML},
    "half an answer": {"cut": True},
    "nothing": {"page": ""},
}
#: Texts of exceptions of Python and of its libraries.
RAW = (
    "object is not",
    "has no attribute",
    "Expecting value",
    "Invalid HTTP date",
    "IncompleteRead",
    "Error(",
    "indices",
)


def checked(ended: Ended) -> None:
    """Check that a failure is one of our errors. `run` would have raised any other exception."""
    if not ended.failed:
        return
    assert ended.error["kind"] in ("remote_failure", "unreachable", "not_converged", "deadline_exceeded", "refused")
    for words in RAW:
        assert words not in ended.msg
    assert "\n" not in ended.msg
    assert "; " in ended.msg


def run(subscription: Subscription, module: str, folder: Path) -> Ended:
    options, _ = MODULES[module]
    if module == "vault_registration_key":
        subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
        return subscription.run(module, **options, path=str(folder / "a.VaultCredentials"))
    return subscription.run(module, **options, wait_timeout=5)


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("module", WRITES)
def test_an_odd_answer_to_a_write_is_one_line(
    module: str, case: str, status: int, subscription: Subscription, tmp_path: Path
) -> None:
    method, _, path = WRITES[module].partition(":*/")
    subscription.fault(method, path, "fail", times=1, status=status, **ODD[case])
    checked(run(subscription, module, tmp_path))


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("module", ["vault", "storage_account", "virtual_network"])
def test_an_odd_answer_to_a_poll_is_one_line(
    module: str, case: str, subscription: Subscription, tmp_path: Path
) -> None:
    for path in ("operation*", "asyncoperations/*", "*/operations/*", "*/operationresults/*", "*/operationstatus/*"):
        subscription.fault("GET", path, "fail", times=1, status=200, **ODD[case])
    checked(run(subscription, module, tmp_path))


@pytest.mark.parametrize("pause", ["soon", "-1", "1e999", "nan", "Mon, 99 Foo 2026"])
@pytest.mark.parametrize("module", ["vault", "storage_account", "virtual_network"])
def test_a_pause_that_is_not_a_number_is_ignored(
    module: str, pause: str, subscription: Subscription, tmp_path: Path
) -> None:
    _, path = MODULES[module]
    for method in ("GET", "PUT"):
        subscription.fault(method, path, "throttle", times=1, retry_after=pause)
    ended = run(subscription, module, tmp_path)
    checked(ended)
    assert not ended.failed, ended.msg
