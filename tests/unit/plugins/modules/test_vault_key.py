# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vault_key: a key that registers a server, kept while it is good, and never shown (S4)."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import pkcs12

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.vault_key import VaultKey, parse, render
from lab.arm.state import Vault
from tests.lab.arm.conftest import SERVER
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription
from tests.unit.plugins.modules.test_changing import UNKNOWN, agree

READ = "GET vaults/vault-dr"


class Keys:
    """A vault, and the file in which its key is kept."""

    def __init__(self, subscription: Subscription, path: Path) -> None:
        self.subscription = subscription
        self.path = path
        self.vault: Vault = subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")

    def run(self, *, check: bool = False, **changed: Any) -> Ended:
        options = {"vault_name": "vault-dr", "resource_group": GROUP, "path": str(self.path)}
        ended = self.subscription.run("vault_key", check=check, **{**options, **changed})
        if self.path.is_file() and not self.path.is_symlink():
            secret = self.key.management_cert
            assert not secret or secret[:60] not in json.dumps(ended.result)
        return ended

    @property
    def key(self) -> VaultKey:
        return parse(self.path.read_bytes())

    @property
    def others(self) -> list[str]:
        return [entry.name for entry in self.path.parent.iterdir() if entry != self.path]

    @property
    def writes(self) -> list[str]:
        return self.subscription.writes

    def change(self, **values: Any) -> None:
        self.path.write_bytes(render(replace(self.key, **values)))


@pytest.fixture
def keys(subscription: Subscription, tmp_path: Path) -> Keys:
    return Keys(subscription, tmp_path / "keys" / "vault-dr.VaultCredentials")


def thumbprint(key: VaultKey) -> str:
    _, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(key.management_cert), None)
    assert certificate is not None
    return certificate.fingerprint(SHA1()).hex().upper()


def test_made_once(keys: Keys) -> None:
    planned = keys.run(check=True)
    assert (keys.writes, keys.subscription.requests, keys.path.parent.exists()) == ([], [READ], False)
    made = keys.run()
    assert [write.startswith("put CN=CB_vault-dr-") for write in keys.writes] == [True]
    assert (planned.result["plan"], planned.result["changed"]) == (made.result["plan"], True)
    shown = made.result["vault_key"]
    assert agree(planned.result["vault_key"], shown)
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
    assert (again.result["changed"], again.result["vault_key"]) == (False, shown)


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
    ("spoil", "told"),
    [
        (_shorter, "the key expires at"),
        (_damaged, "can't be read"),
        (_private, "private endpoint state is Enabled now"),
    ],
)
def test_a_key_that_will_not_do_is_replaced(spoil: Callable[[Keys], None], told: str, keys: Keys) -> None:
    if spoil is not _shorter:
        keys.run()
    spoil(keys)
    before = keys.path.read_bytes()
    planned = keys.run(check=True)
    assert (keys.writes, keys.path.read_bytes()) == ([], before)
    made = keys.run()
    assert told in made.result["plan"][0]["reason"]
    assert len(keys.writes) == 1
    assert planned.result["plan"] == made.result["plan"]
    assert agree(planned.result["vault_key"], made.result["vault_key"])
    assert not keys.run().result["changed"]


def test_the_mode_is_put_right_without_a_new_key(keys: Keys) -> None:
    keys.run()
    before = keys.path.read_bytes()
    keys.path.chmod(0o644)
    assert keys.run(check=True).paths == ["mode"]
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o644
    assert (keys.run().paths, keys.writes, keys.path.read_bytes()) == (["mode"], [], before)
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_a_killed_run_left_goes(state: str, keys: Keys) -> None:
    keys.run()
    part = keys.path.parent / f".{keys.path.name}.part"
    part.write_text("half a key")
    assert "leftover" not in keys.run(check=True, state=state).result["vault_key"]
    assert part.exists()
    ended = keys.run(state=state)
    assert ("leftover" in ended.paths, keys.writes, part.exists()) == (True, [], False)
    assert not keys.run(state=state).result["changed"]


def test_removing_needs_no_login_and_no_call(keys: Keys) -> None:
    keys.run()
    nothing: dict[str, Any] = dict.fromkeys(keys.subscription.login())
    planned = keys.run(check=True, state="absent", **nothing)
    assert keys.path.exists()
    removed = keys.run(state="absent", **nothing)
    assert (keys.path.exists(), keys.subscription.requests) == (False, [])
    assert planned.result["vault_key"] == removed.result["vault_key"]
    assert removed.result["vault_key"]["exists"] is False
    assert not keys.run(state="absent", **nothing).result["changed"]


def test_the_life_is_the_one_that_was_asked_for(keys: Keys) -> None:
    expires = [
        keys.run(validity_hours=hours, renewal_margin_hours=0, path=f"{keys.path}{hours}.VaultCredentials").result[
            "vault_key"
        ]["expires"]
        for hours in (2, 120)
    ]
    assert expires[0] < expires[1]
    assert keys.run(validity_hours=121).error == {"kind": "invalid_input", "option": "validity_hours"}
    assert keys.subscription.requests == []


def test_a_vault_that_is_not_there_yet(keys: Keys) -> None:
    planned = keys.run(check=True, vault_name="vault-new")
    assert planned.result["vault_key"]["vault_id"] == UNKNOWN
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


CANARY = base64.b64encode(b"canary of a certificate").decode()


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        ({"status": 500, "times": 9}, "remote_failure", "could not make a key for vault vault-dr: "),
        ({"status": 403, "times": 9, "code": "AuthorizationFailed"}, "access_denied", "the login lacks"),
        (
            {"status": 200, "body": {"properties": {"certificate": CANARY}}},
            "remote_failure",
            "lacks properties.authType, properties.resourceId, properties.aadAuthority, properties.aadTenantId, ",
        ),
        ({"status": 200, "body": {"value": CANARY}}, "remote_failure", "lacks properties.authType, properties.certificate, "),
        ({"status": 200, "body": CANARY}, "remote_failure", "the answer is no document of the service"),
        ({"status": 200, "body": {"properties": CANARY}}, "remote_failure", "vault vault-dr"),
    ],
)
def test_a_failed_request_keeps_the_old_key_and_shows_no_content(
    fault: dict[str, Any], kind: str, told: str, keys: Keys
) -> None:
    keys.run(validity_hours=4, renewal_margin_hours=0)
    before = keys.path.read_bytes()
    keys.subscription.fault("PUT", "certificates/*", "fail", **fault)
    ended = keys.run()
    assert (ended.error["kind"], keys.path.read_bytes(), keys.others) == (kind, before, [])
    assert told in ended.msg
    assert CANARY not in json.dumps(ended.result)


def test_a_key_that_would_be_replaced_at_once_is_not_written(keys: Keys) -> None:
    for offset, told in ((-200, "the key expired at"), (200, "is valid only from")):
        keys.subscription.world.clock.offset = timedelta(hours=offset)
        ended = keys.run()
        assert (ended.error["kind"], keys.path.exists()) == ("remote_failure", False)
        assert told in ended.msg
        assert ended.msg.endswith("check this machine's clock and renewal_margin_hours")
