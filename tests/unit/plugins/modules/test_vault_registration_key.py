# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vault_registration_key: creation, renewal, removal and refusals (S4)."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import (
    parse,
)
from tests.lab.arm.conftest import SERVER
from tests.unit.plugins.modules.conftest import GROUP
from tests.unit.plugins.modules.registration_keys import CANARY, READ, Keys, keys, thumbprint
from tests.unit.plugins.modules.test_changing import agree

__all__ = ["keys"]


def test_a_key_is_created_once(keys: Keys) -> None:
    planned = keys.run(check=True)
    assert (keys.writes, keys.subscription.requests, keys.path.parent.exists()) == ([], [READ], False)
    made = keys.run()
    assert [write.startswith("put CN=CB_vault-dr-") for write in keys.writes] == [True]
    assert (planned.result["plan"], planned.result["changed"]) == (made.result["plan"], True)
    shown = made.result["vault_registration_key"]
    assert agree(planned.result["vault_registration_key"], shown)
    assert shown == {
        "path": str(keys.path),
        "exists": True,
        "expires": shown["expires"],
        "kind": "vmm",
        "mode": "0600",
        "site_name": None,
        "vault_id": keys.vault.id,
        "vault_name": "vault-dr",
    }
    assert (stat.S_IMODE(keys.path.stat().st_mode), keys.others) == (0o600, [])
    again = keys.run()
    assert (keys.subscription.requests, keys.writes) == ([READ], [])
    assert (again.result["changed"], again.result["vault_registration_key"]) == (False, shown)


def test_the_file_registers_a_server_in_the_vault(keys: Keys) -> None:
    keys.run()
    key = keys.key
    assert key.resource_id == str(keys.vault.number)
    keys.subscription.state.register_vmm_server(thumbprint(key), key.resource_id, SERVER)
    seen = keys.subscription.run("vmm_server_info", vault_name="vault-dr", resource_group=GROUP)
    assert list(seen.result["servers"]) == [SERVER.friendly_name]


def _shorter(keys: Keys) -> None:
    keys.run(validity_hours=4, renewal_margin_hours=0)


def _damaged(keys: Keys) -> None:
    keys.change(management_cert=keys.key.management_cert[:-400])


def _private(keys: Keys) -> None:
    keys.vault.document["properties"]["privateEndpointStateForSiteRecovery"] = "Enabled"


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (_shorter, "the key expires at"),
        (_damaged, "is unreadable"),
        (_private, "private endpoint state of the vault has changed to Enabled"),
    ],
)
def test_an_unusable_key_is_replaced(spoil: Callable[[Keys], None], text: str, keys: Keys) -> None:
    if spoil is not _shorter:
        keys.run()
    spoil(keys)
    before = keys.path.read_bytes()
    planned = keys.run(check=True)
    assert (keys.writes, keys.path.read_bytes()) == ([], before)
    made = keys.run()
    assert text in made.result["plan"][0]["reason"]
    assert len(keys.writes) == 1
    assert planned.result["plan"] == made.result["plan"]
    assert agree(planned.result["vault_registration_key"], made.result["vault_registration_key"])
    assert not keys.run().result["changed"]


def test_the_mode_is_corrected_without_a_new_key(keys: Keys) -> None:
    keys.run()
    before = keys.path.read_bytes()
    keys.path.chmod(0o644)
    assert keys.run(check=True).paths == ["mode"]
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o644
    assert (keys.run().paths, keys.writes, keys.path.read_bytes()) == (["mode"], [], before)
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("state", ["present", "absent"])
def test_the_partial_file_of_a_killed_run_is_removed(state: str, keys: Keys) -> None:
    keys.run()
    part = keys.path.parent / f".{keys.path.name}.part"
    part.write_text("half a key")
    assert "partial_file" not in keys.run(check=True, state=state).result["vault_registration_key"]
    assert part.exists()
    ended = keys.run(state=state)
    assert ("partial_file" in ended.paths, keys.writes, part.exists()) == (True, [], False)
    assert not keys.run(state=state).result["changed"]


def test_removing_needs_no_login_and_no_call(keys: Keys) -> None:
    keys.run()
    nothing: dict[str, Any] = dict.fromkeys(keys.subscription.login())
    planned = keys.run(check=True, state="absent", **nothing)
    assert keys.path.exists()
    removed = keys.run(state="absent", **nothing)
    assert (keys.path.exists(), keys.subscription.requests) == (False, [])
    assert planned.result["vault_registration_key"] == removed.result["vault_registration_key"]
    assert removed.result["vault_registration_key"]["exists"] is False
    assert not keys.run(state="absent", **nothing).result["changed"]


def test_the_validity_is_the_requested_one(keys: Keys) -> None:
    expires = [
        keys.run(validity_hours=hours, renewal_margin_hours=0, path=f"{keys.path}{hours}.VaultCredentials").result[
            "vault_registration_key"
        ]["expires"]
        for hours in (2, 120)
    ]
    assert expires[0] < expires[1]
    assert keys.run(validity_hours=121).error == {"kind": "invalid_input", "option": "validity_hours"}
    assert keys.subscription.requests == []


def test_a_vault_that_does_not_exist_yet(keys: Keys) -> None:
    planned = keys.run(check=True, vault_name="vault-new")
    assert planned.result["vault_registration_key"]["vault_id"].endswith("/vaults/vault-new")
    assert "does not exist yet" in planned.result["warnings"][0]
    refused = keys.run(vault_name="vault-new")
    assert (refused.error["kind"], keys.path.exists()) == ("refused", False)
    assert "vault 'vault-new' in resource group 'rg-dr' does not exist" in refused.msg
    assert "resource group 'rg-new' does not exist" in keys.run(resource_group="rg-new").msg


@pytest.mark.parametrize("content", [b"somebody's canary", b"\xff", b"<a/>"])
def test_another_file_is_refused_before_any_call(content: bytes, keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "other.VaultCredentials"
    path.write_bytes(content)
    for state in ("present", "absent"):
        refused = keys.run(path=str(path), state=state)
        assert (refused.error["kind"], keys.subscription.requests) == ("refused", [])
        assert (path.read_bytes(), "canary" in refused.msg) == (content, False)


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        ({"status": 500, "times": 9}, "remote_failure", "could not create a key for vault vault-dr: "),
        ({"status": 403, "times": 9, "code": "AuthorizationFailed"}, "access_denied", "the identity lacks"),
        (
            {"status": 200, "body": {"properties": {"certificate": CANARY}}},
            "remote_failure",
            "lacks properties.authType, properties.resourceId, properties.aadAuthority, properties.aadTenantId, ",
        ),
        (
            {"status": 200, "body": {"value": CANARY}},
            "remote_failure",
            "lacks properties.authType, properties.certificate, ",
        ),
        (
            {"status": 200, "body": {"properties": {"authType": "AccessControlService", "certificate": CANARY}}},
            "remote_failure",
            "the sign-in of the retired Access Control Service (authType AccessControlService)",
        ),
        ({"status": 200, "body": CANARY}, "remote_failure", "the answer is not a document of the service"),
        ({"status": 200, "body": {"properties": CANARY}}, "remote_failure", "vault vault-dr"),
    ],
)
def test_a_failed_request_keeps_the_old_key_and_shows_no_content(
    fault: dict[str, Any], kind: str, text: str, keys: Keys
) -> None:
    keys.run(validity_hours=4, renewal_margin_hours=0)
    before = keys.path.read_bytes()
    keys.subscription.fault("PUT", "certificates/*", "fail", **fault)
    ended = keys.run()
    assert (ended.error["kind"], keys.path.read_bytes(), keys.others) == (kind, before, [])
    assert text in ended.msg
    assert CANARY not in json.dumps(ended.result)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_unexpired_key_of_another_vault_is_kept(state: str, keys: Keys) -> None:
    keys.run()
    for changed in ({"vault_name": "vault-2"}, {"resource_group": "rg-2"}, {"subscription_id": "s-2"}):
        keys.change(**{"vault_name": "vault-dr", "resource_group": GROUP, **changed})
        before = keys.path.read_bytes()
        refused = keys.run(state=state)
        assert (refused.error["kind"], keys.subscription.requests) == ("refused", [])
        assert "contains a key of /subscriptions/" in refused.msg
        assert keys.path.read_bytes() == before


@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_expired_key_of_another_vault_is_replaced_or_removed(state: str, keys: Keys) -> None:
    keys.run()
    keys.change(vault_name="vault-2", management_cert="")
    assert keys.run(state=state).result["changed"]
    assert keys.path.exists() is (state == "present")


def untouched(path: Path) -> tuple[int, ...]:
    """What stays as it is while nobody touches a file; reading it may change when it was last read."""
    found = os.lstat(path)
    return found.st_ino, found.st_mode, found.st_nlink, found.st_mtime_ns


def _hard_link(path: Path) -> None:
    os.link(path, path.with_suffix(".copy"))


def _link(path: Path) -> None:
    path.rename(path.with_suffix(".copy"))
    path.symlink_to(path.with_suffix(".copy"))


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(("spoil", "text"), [(_hard_link, "2 names"), (_link, "a link")])
def test_a_file_with_another_name_is_kept(spoil: Callable[[Path], None], text: str, state: str, keys: Keys) -> None:
    keys.run()
    spoil(keys.path)
    before = untouched(keys.path)
    refused = keys.run(state=state)
    assert (refused.error["kind"], keys.subscription.requests) == ("refused", [])
    assert text in refused.msg
    assert untouched(keys.path) == before


def test_a_folder_that_is_writable_by_all_users_is_refused(keys: Keys) -> None:
    keys.path.parent.mkdir()
    keys.path.parent.chmod(0o777)
    refused = keys.run(check=True)
    assert (refused.error["kind"], keys.subscription.requests) == ("refused", [])
    assert f"folder {keys.path.parent} is writable by all users (0777)" in refused.msg
    keys.path.parent.chmod(0o1777)
    assert keys.run().result["changed"]


def test_no_key_is_requested_that_cannot_be_written(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_given: False)
    refused = keys.run()
    assert (refused.error["kind"], keys.writes, keys.path.exists()) == ("refused", [], False)
    assert refused.msg.startswith(f"path: could not write {keys.path} (Permission denied); ")
    monkeypatch.undo()
    # Something in the way that this user can't remove.
    (keys.path.parent / f".{keys.path.name}.part").mkdir(parents=True)
    refused = keys.run(channel_integrity_key=True)
    assert (refused.error["kind"], keys.writes) == ("refused", [])
    assert refused.msg.startswith(f"path: could not remove {keys.path.parent}/.{keys.path.name}.part (")


def test_the_libraries_never_log_a_key(keys: Keys, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        keys.run(channel_integrity_key=True)
        keys.run(certificate="client", path=f"{keys.path}2.VaultCredentials")
    other = parse(Path(f"{keys.path}2.VaultCredentials").read_bytes())
    assert "certificates/" in caplog.text
    for secret in (keys.key.management_cert, keys.key.channel_integrity_key, other.management_cert):
        assert secret[-80:] not in caplog.text
