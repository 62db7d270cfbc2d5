# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vault_registration_key: client-made pairs, Hyper-V sites, channel integrity keys, content (S4)."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import (
    RegistrationKey,
)
from tests.lab.arm.conftest import SERVER
from tests.unit.plugins.modules.conftest import GROUP
from tests.unit.plugins.modules.registration_keys import CANARY, READ, Keys, keys, thumbprint
from tests.unit.plugins.modules.test_changing import agree

__all__ = ["keys"]

# Client-made pairs ----------------------------------------------------------------------------------------------------


def test_a_client_made_pair_registers_a_server_and_only_its_public_certificate_is_sent(keys: Keys) -> None:
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
    # A valid key is kept, whether the client or the service created its pair.
    assert not keys.run().result["changed"]


def test_an_answer_with_another_certificate_creates_no_key(keys: Keys) -> None:
    keys.run()
    answer = answer_with(keys.key, keys.vault.number)
    keys.path.unlink()
    keys.subscription.fault("PUT", "certificates/*", "fail", status=200, body={"properties": answer})
    ended = keys.run(certificate="client")
    assert (ended.error["kind"], keys.path.exists()) == ("remote_failure", False)
    assert "with another certificate than the one that was sent" in ended.msg
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
    # The same file is not valid for VMM servers, nor for a site that was created again.
    assert "is for Hyper-V site branch" in keys.run(check=True).result["plan"][0]["reason"]
    keys.vault.sites["branch"] = replace(site, identifier="0" * 8)
    assert "is for Hyper-V site branch" in keys.run(check=True, **options).result["plan"][0]["reason"]
    assert keys.run(state="absent", **options).result["vault_registration_key"]["exists"] is False


def test_a_site_that_does_not_exist_and_a_fabric_that_is_not_a_site(keys: Keys) -> None:
    options: dict[str, Any] = {"kind": "hyperv_site", "site": "branch"}
    planned = keys.run(check=True, **options)
    assert planned.result["warnings"] == [
        "vault 'vault-dr' has no Hyper-V site 'branch' yet; it must exist before its key is created"
    ]
    refused = keys.run(**options)
    assert (refused.error["kind"], keys.writes, keys.path.exists()) == ("refused", [], False)
    assert "vault vault-dr has no Hyper-V site 'branch'; create it first" in refused.msg
    keys.run()
    key = keys.key
    keys.subscription.state.register_vmm_server(thumbprint(key), key.resource_id, SERVER)
    refused = keys.run(kind="hyperv_site", site=SERVER.friendly_name)
    assert refused.msg.startswith(f"site: {SERVER.friendly_name} is not a Hyper-V site, its type is VMM; ")


# The channel integrity key --------------------------------------------------------------------------------------------


def test_the_channel_integrity_key_is_created_once_and_never_shown(keys: Keys) -> None:
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
    # A task that does not request the channel integrity key keeps a file that contains it.
    assert not keys.run().result["changed"]
    assert secret not in json.dumps([planned.result, made.result, again.result])


def test_an_existing_channel_integrity_key_is_used_and_not_replaced(keys: Keys) -> None:
    keys.vault.extended = {"properties": {"integrityKey": "AAECAwQFBgcICQoLDA0ODw==", "algorithm": "None"}}
    keys.run(channel_integrity_key=True)
    assert len(keys.writes) == 1
    assert keys.key.channel_integrity_key == "AAECAwQFBgcICQoLDA0ODw=="
    keys.change(channel_integrity_key="AAAA")
    assert "is not the vault's" in keys.run(channel_integrity_key=True).result["plan"][0]["reason"]


def test_the_permission_for_a_channel_integrity_key_is_named(keys: Keys) -> None:
    action = "Microsoft.RecoveryServices/vaults/extendedInformation/write"
    message = f"The client does not have authorization to perform action '{action}' over scope '{keys.vault.id}'."
    body = {"error": {"code": "AuthorizationFailed", "message": message}}
    keys.subscription.fault("PUT", "extendedinformation/*", "fail", status=403, times=9, body=body)
    ended = keys.run(channel_integrity_key=True)
    assert (ended.error["kind"], keys.writes) == ("access_denied", [])
    assert f"lacks {action} on {keys.vault.id} (request " in ended.msg
    assert "; give it the role Site Recovery Contributor on the vault" in ended.msg


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        ({"status": 500, "times": 9}, "remote_failure", "could not read the extended information of vault vault-dr: "),
        ({"status": 200, "body": {"properties": {}}}, "remote_failure", "lacks properties.integrityKey"),
        (
            {"status": 200, "body": {"properties": {"integrityKey": CANARY, "algorithm": "RSAPKCS1V15"}}},
            "refused",
            "an older portal wrapped",
        ),
    ],
)
def test_a_channel_integrity_key_that_cannot_be_read_is_never_replaced(
    fault: dict[str, Any], kind: str, text: str, keys: Keys
) -> None:
    keys.subscription.fault("GET", "extendedinformation/*", "fail", **fault)
    ended = keys.run(channel_integrity_key=True)
    assert (ended.error["kind"], keys.writes, keys.path.exists()) == (kind, [], False)
    assert text in ended.msg
    assert CANARY not in json.dumps(ended.result)


# The content ----------------------------------------------------------------------------------------------------------


def test_the_content_is_returned_only_to_a_task_with_no_log(keys: Keys) -> None:
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
    """Return the options of a task with no_log that requests the content."""
    return {
        "vault_name": "vault-dr",
        "resource_group": GROUP,
        "path": str(keys.path),
        "return_content": True,
        "_ansible_no_log": True,
    }


# Validity ------------------------------------------------------------------------------------------------------------


def test_the_certificate_determines_the_validity_and_not_the_request(keys: Keys) -> None:
    keys.run(validity_hours=100)
    answer = {"properties": answer_with(keys.key, keys.vault.number)}
    keys.path.unlink()
    keys.subscription.fault("PUT", "certificates/*", "fail", status=200, body=answer)
    ended = keys.run(validity_hours=120)
    assert keys.path.exists()
    assert ended.result["warnings"][0].startswith("a key of 120 hours was requested, but its certificate expires at ")
    assert ended.result["vault_registration_key"]["expires"] in ended.result["warnings"][0]


def answer_with(key: RegistrationKey, number: int) -> dict[str, Any]:
    """Return the response of the service to the creation of the key."""
    return {
        "authType": "AzureActiveDirectory",
        "certificate": key.management_cert,
        "resourceId": number,
        "aadAuthority": key.aad_authority,
        "aadTenantId": key.aad_tenant_id,
        "servicePrincipalClientId": key.service_principal_client_id,
        "azureManagementEndpointAudience": key.arm_management_endpoint,
    }


def test_a_key_that_would_be_replaced_immediately_is_not_written(keys: Keys) -> None:
    for offset, text in ((-200, "the key expired at"), (200, "is valid only from")):
        keys.subscription.context.clock.offset = timedelta(hours=offset)
        ended = keys.run()
        assert (ended.error["kind"], keys.path.exists()) == ("remote_failure", False)
        assert text in ended.msg
        assert ended.msg.endswith("check this machine's clock and renewal_margin_hours")
