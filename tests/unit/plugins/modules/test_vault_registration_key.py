# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vault_registration_key: a key that registers a server, kept while it is good, and never shown (S4)."""

from __future__ import annotations

import base64
import json
import logging
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import (
    RegistrationKey,
    parse,
    render,
)
from lab.arm.records import Vault
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
        ended = self.subscription.run("vault_registration_key", check=check, **{**options, **changed})
        if self.path.is_file() and not self.path.is_symlink():
            secret = self.key.management_cert
            assert not secret or secret[:60] not in json.dumps(ended.result)
        return ended

    @property
    def key(self) -> RegistrationKey:
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


def thumbprint(key: RegistrationKey) -> str:
    _, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(key.management_cert), None)
    assert certificate is not None
    return certificate.fingerprint(SHA1()).hex().upper()


def test_made_once(keys: Keys) -> None:
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
    assert agree(planned.result["vault_registration_key"], made.result["vault_registration_key"])
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
    assert "leftover" not in keys.run(check=True, state=state).result["vault_registration_key"]
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
    assert planned.result["vault_registration_key"] == removed.result["vault_registration_key"]
    assert removed.result["vault_registration_key"]["exists"] is False
    assert not keys.run(state="absent", **nothing).result["changed"]


def test_the_life_is_the_one_that_was_asked_for(keys: Keys) -> None:
    expires = [
        keys.run(validity_hours=hours, renewal_margin_hours=0, path=f"{keys.path}{hours}.VaultCredentials").result[
            "vault_registration_key"
        ]["expires"]
        for hours in (2, 120)
    ]
    assert expires[0] < expires[1]
    assert keys.run(validity_hours=121).error == {"kind": "invalid_input", "option": "validity_hours"}
    assert keys.subscription.requests == []


def test_a_vault_that_is_not_there_yet(keys: Keys) -> None:
    planned = keys.run(check=True, vault_name="vault-new")
    assert planned.result["vault_registration_key"]["vault_id"] == UNKNOWN
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
        (
            {"status": 200, "body": {"value": CANARY}},
            "remote_failure",
            "lacks properties.authType, properties.certificate, ",
        ),
        (
            {"status": 200, "body": {"properties": {"authType": "AccessControlService", "certificate": CANARY}}},
            "remote_failure",
            "the sign-in of the Access Control Service (authType AccessControlService), which was retired",
        ),
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


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_living_key_of_another_vault_is_left_alone(state: str, keys: Keys) -> None:
    keys.run()
    for changed in ({"vault_name": "vault-2"}, {"resource_group": "rg-2"}, {"subscription_id": "s-2"}):
        keys.change(**{"vault_name": "vault-dr", "resource_group": GROUP, **changed})
        before = keys.path.read_bytes()
        refused = keys.run(state=state)
        assert (refused.error["kind"], keys.subscription.requests) == ("refused", [])
        assert "holds a key of /subscriptions/" in refused.msg
        assert keys.path.read_bytes() == before


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_dead_key_of_another_vault_is_nobodys(state: str, keys: Keys) -> None:
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
@pytest.mark.parametrize(("spoil", "told"), [(_hard_link, "2 names"), (_link, "a link")])
def test_a_file_with_another_name_is_left_alone(
    spoil: Callable[[Path], None], told: str, state: str, keys: Keys
) -> None:
    keys.run()
    spoil(keys.path)
    before = untouched(keys.path)
    refused = keys.run(state=state)
    assert (refused.error["kind"], keys.subscription.requests) == ("refused", [])
    assert told in refused.msg
    assert untouched(keys.path) == before


def test_a_folder_in_which_everybody_could_swap_the_key_is_refused(keys: Keys) -> None:
    keys.path.parent.mkdir()
    keys.path.parent.chmod(0o777)
    refused = keys.run(check=True)
    assert (refused.error["kind"], keys.subscription.requests) == ("refused", [])
    assert f"folder {keys.path.parent} is writable for everybody (0777)" in refused.msg
    keys.path.parent.chmod(0o1777)
    assert keys.run().result["changed"]


def test_no_key_is_asked_for_that_has_no_place(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_libraries_log_no_key_however_much_they_are_asked_to_log(
    keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        keys.run(channel_integrity_key=True)
        keys.run(certificate="client", path=f"{keys.path}2.VaultCredentials")
    other = parse(Path(f"{keys.path}2.VaultCredentials").read_bytes())
    assert "certificates/" in caplog.text
    for secret in (keys.key.management_cert, keys.key.channel_integrity_key, other.management_cert):
        assert secret[-80:] not in caplog.text


# A pair that is made here ---------------------------------------------------------------------------------------------


def test_a_pair_of_the_client_registers_a_server_and_leaves_only_its_public_half(keys: Keys) -> None:
    planned = keys.run(check=True, certificate="client")
    assert keys.writes == []
    made = keys.run(certificate="client", validity_hours=48)
    assert agree(planned.result["vault_registration_key"], made.result["vault_registration_key"])
    (write,) = keys.writes
    assert write.startswith(f"put vault-dr{keys.subscription.login()['subscription_id']}-")
    private, certificate, others = pkcs12.load_key_and_certificates(base64.b64decode(keys.key.management_cert), None)
    assert private is not None
    assert certificate is not None
    assert (private.public_key(), others) == (certificate.public_key(), [])
    assert certificate.subject == certificate.issuer
    (usage,) = certificate.extensions
    assert list(usage.value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(hours=48, minutes=10)
    key = keys.key
    keys.subscription.state.register_vmm_server(thumbprint(key), key.resource_id, SERVER)
    # Whoever made its pair, a good key is kept.
    assert not keys.run().result["changed"]


def test_an_answer_about_another_certificate_makes_no_key(keys: Keys) -> None:
    keys.run()
    answer = answer_with(keys.key, keys.vault.number)
    keys.path.unlink()
    keys.subscription.fault("PUT", "certificates/*", "fail", status=200, body={"properties": answer})
    ended = keys.run(certificate="client")
    assert (ended.error["kind"], keys.path.exists()) == ("remote_failure", False)
    assert "about another certificate than the one that was sent" in ended.msg
    assert answer["certificate"][:60] not in json.dumps(ended.result)


# Hyper-V sites --------------------------------------------------------------------------------------------------------


def test_a_key_for_a_hyper_v_site_names_it(keys: Keys) -> None:
    site = keys.subscription.state.seed_site(keys.vault, "branch", "Branch office")
    options: dict[str, Any] = {"kind": "hyperv_site", "site": "BRANCH office"}
    planned = keys.run(check=True, **options)
    made = keys.run(**options)
    assert agree(planned.result["vault_registration_key"], made.result["vault_registration_key"])
    assert (made.result["vault_registration_key"]["kind"], made.result["vault_registration_key"]["site_name"]) == (
        "hyperv_site",
        "branch",
    )
    assert (keys.key.site_id, keys.key.site_name) == (site.identifier, "branch")
    again = keys.run(**options)
    assert (again.result["changed"], keys.subscription.requests) == (False, [READ, "GET vault-dr/replicationFabrics"])
    # The same file will not do for VMM servers, nor for a site that was made anew.
    assert "is for Hyper-V site branch" in keys.run(check=True).result["plan"][0]["reason"]
    keys.vault.sites["branch"] = replace(site, identifier="0" * 8)
    assert "is for Hyper-V site branch" in keys.run(check=True, **options).result["plan"][0]["reason"]
    assert keys.run(state="absent", **options).result["vault_registration_key"]["exists"] is False


def test_a_site_that_is_not_there_or_no_site(keys: Keys) -> None:
    options: dict[str, Any] = {"kind": "hyperv_site", "site": "branch"}
    planned = keys.run(check=True, **options)
    assert planned.result["warnings"] == [
        "vault 'vault-dr' has no Hyper-V site 'branch' yet; it must be there before a key for it can be made"
    ]
    refused = keys.run(**options)
    assert (refused.error["kind"], keys.writes, keys.path.exists()) == ("refused", [], False)
    assert "vault vault-dr has no Hyper-V site 'branch'; create it there first" in refused.msg
    keys.run()
    key = keys.key
    keys.subscription.state.register_vmm_server(thumbprint(key), key.resource_id, SERVER)
    refused = keys.run(kind="hyperv_site", site=SERVER.friendly_name)
    assert refused.msg.startswith(f"site: {SERVER.friendly_name} is no Hyper-V site but of the type VMM; ")


# The channel integrity key --------------------------------------------------------------------------------------------


def test_the_channel_integrity_key_is_made_once_and_never_shown(keys: Keys) -> None:
    keys.run()
    planned = keys.run(check=True, channel_integrity_key=True)
    assert keys.writes == []
    assert planned.paths == ["expires", "channel_integrity_key"]
    made = keys.run(channel_integrity_key=True)
    assert [write.split("_")[0] for write in keys.writes] == ["put vaultExtendedInfo", "put CN=CB"]
    assert keys.vault.extended is not None
    secret = keys.vault.extended["properties"]["integrityKey"]
    assert len(base64.b64decode(secret)) == 16
    assert keys.key.channel_integrity_key == secret
    again = keys.run(channel_integrity_key=True)
    assert (again.result["changed"], keys.writes) == (False, [])
    # Those who don't ask for it keep a file that has it.
    assert not keys.run().result["changed"]
    assert secret not in json.dumps([planned.result, made.result, again.result])


def test_an_existing_channel_integrity_key_is_used_and_not_replaced(keys: Keys) -> None:
    keys.vault.extended = {"properties": {"integrityKey": "AAECAwQFBgcICQoLDA0ODw==", "algorithm": "None"}}
    keys.run(channel_integrity_key=True)
    assert len(keys.writes) == 1
    assert keys.key.channel_integrity_key == "AAECAwQFBgcICQoLDA0ODw=="
    keys.change(channel_integrity_key="AAAA")
    assert "is not the vault's" in keys.run(channel_integrity_key=True).result["plan"][0]["reason"]


def test_the_right_that_a_channel_integrity_key_needs_is_told(keys: Keys) -> None:
    action = "Microsoft.RecoveryServices/vaults/extendedInformation/write"
    message = f"The client does not have authorization to perform action '{action}' over scope '{keys.vault.id}'."
    body = {"error": {"code": "AuthorizationFailed", "message": message}}
    keys.subscription.fault("PUT", "extendedinformation/*", "fail", status=403, times=9, body=body)
    ended = keys.run(channel_integrity_key=True)
    assert (ended.error["kind"], keys.writes) == ("access_denied", [])
    assert f"lacks {action} on {keys.vault.id} (request " in ended.msg
    assert "; give it the role Site Recovery Contributor on the vault" in ended.msg


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        ({"status": 500, "times": 9}, "remote_failure", "could not read the extended information of vault vault-dr: "),
        ({"status": 200, "body": {"properties": {}}}, "remote_failure", "lacks properties.integrityKey"),
        (
            {"status": 200, "body": {"properties": {"integrityKey": CANARY, "algorithm": "RSAPKCS1V15"}}},
            "refused",
            "was wrapped by an older portal",
        ),
    ],
)
def test_a_channel_integrity_key_that_cannot_be_read_is_never_replaced(
    fault: dict[str, Any], kind: str, told: str, keys: Keys
) -> None:
    keys.subscription.fault("GET", "extendedinformation/*", "fail", **fault)
    ended = keys.run(channel_integrity_key=True)
    assert (ended.error["kind"], keys.writes, keys.path.exists()) == (kind, [], False)
    assert told in ended.msg
    assert CANARY not in json.dumps(ended.result)


# The content ----------------------------------------------------------------------------------------------------------


def test_the_content_is_returned_only_to_a_task_without_a_log(keys: Keys) -> None:
    refused = keys.run(return_content=True)
    assert refused.error == {"kind": "invalid_input", "option": "return_content"}
    assert (refused.msg.count("no_log: true"), keys.subscription.requests) == (1, [])
    planned = keys.subscription.run("vault_registration_key", check=True, **hidden(keys))
    assert planned.result["content"] is None
    made = keys.subscription.run("vault_registration_key", **hidden(keys))
    content = made.result.pop("content")
    assert content == keys.path.read_text(encoding="utf-8")
    assert keys.key.management_cert[200:260] not in json.dumps(made.result)
    assert keys.subscription.run("vault_registration_key", **hidden(keys)).result["content"] == content
    assert "content" not in keys.run().result
    assert keys.subscription.run("vault_registration_key", state="absent", **hidden(keys)).result["content"] is None


def hidden(keys: Keys) -> dict[str, Any]:
    """The options of a task with no_log that asks for the content."""
    return {
        "vault_name": "vault-dr",
        "resource_group": GROUP,
        "path": str(keys.path),
        "return_content": True,
        "_ansible_no_log": True,
    }


# How long it lives ----------------------------------------------------------------------------------------------------


def test_the_certificate_tells_the_life_and_not_the_request(keys: Keys) -> None:
    keys.run(validity_hours=100)
    answer = {"properties": answer_with(keys.key, keys.vault.number)}
    keys.path.unlink()
    keys.subscription.fault("PUT", "certificates/*", "fail", status=200, body=answer)
    ended = keys.run(validity_hours=120)
    assert keys.path.exists()
    assert ended.result["warnings"][0].startswith("asked for was a key of 120 hours, but its certificate ends at ")
    assert ended.result["vault_registration_key"]["expires"] in ended.result["warnings"][0]


def answer_with(key: RegistrationKey, number: int) -> dict[str, Any]:
    """What the service answered when it made the key."""
    return {
        "authType": "AzureActiveDirectory",
        "certificate": key.management_cert,
        "resourceId": number,
        "aadAuthority": key.aad_authority,
        "aadTenantId": key.aad_tenant_id,
        "servicePrincipalClientId": key.service_principal_client_id,
        "azureManagementEndpointAudience": key.arm_management_endpoint,
    }


def test_a_key_that_would_be_replaced_at_once_is_not_written(keys: Keys) -> None:
    for offset, told in ((-200, "the key expired at"), (200, "is valid only from")):
        keys.subscription.world.clock.offset = timedelta(hours=offset)
        ended = keys.run()
        assert (ended.error["kind"], keys.path.exists()) == ("remote_failure", False)
        assert told in ended.msg
        assert ended.msg.endswith("check this machine's clock and renewal_margin_hours")
