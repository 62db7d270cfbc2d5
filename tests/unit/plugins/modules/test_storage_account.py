# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The special features of storage accounts: firewall, log account, keys, and names that are unique in Azure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.mgmt.storage import models

from tests.lab.arm import oracle
from tests.lab.arm.conftest import SUBSCRIPTION
from tests.support.properties import unaccounted
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
JUMP = f"{NETWORK}/subnets/jump"
PAIR: dict[str, Any] = {"sku": "Premium_LRS", "log_account": {"name": "stlogs", "sku": "Standard_GRS"}}


def run(subscription: Subscription, **options: Any) -> Ended:
    return subscription.run(
        "storage_account", **{"name": "stdr", "resource_group": GROUP, "location": "westeurope", **options}
    )


def shown(ended: Ended) -> dict[str, Any]:
    found: dict[str, Any] = ended.result["storage_account"]
    return found


def seed_subnet(subscription: Subscription, *endpoints: str) -> None:
    network = subscription.state.seed_network(GROUP, "hub", "westeurope", ["10.1.0.0/16"], {"jump": "10.1.0.0/24"})
    properties = network["properties"]["subnets"][0]["properties"]
    properties["serviceEndpoints"] = [{"service": endpoint} for endpoint in endpoints]


# Writable properties ------------------------------------------------------------------------------------------------

OPTIONS = {
    "location": "location",
    "sku.name": "sku",
    "kind": "kind",
    "tags": "tags",
    "properties.accessTier": "access_tier",
    "properties.supportsHttpsTrafficOnly": "https_only",
    "properties.minimumTlsVersion": "minimum_tls_version",
    "properties.allowBlobPublicAccess": "allow_blob_public_access",
    "properties.allowCrossTenantReplication": "allow_cross_tenant_replication",
    "properties.allowSharedKeyAccess": "allow_shared_key_access",
    "properties.defaultToOAuthAuthentication": "default_to_oauth_authentication",
    "properties.publicNetworkAccess": "public_network_access",
    "properties.networkAcls.bypass": "network_acls",
    "properties.networkAcls.defaultAction": "network_acls",
    "properties.networkAcls.ipRules": "network_acls",
    "properties.networkAcls.virtualNetworkRules": "network_acls",
    "properties.encryption.requireInfrastructureEncryption": "require_infrastructure_encryption",
}
_NEW = "newer than the oldest SDK that is declared, and nothing of replication needs it"
_FILES = "of file shares, which replication does not use"
_OWN_KEY = "a key of one's own needs a key vault, an identity and their roles, which are set up together; it is kept"
LEFT_OUT = {
    "extendedLocation": "edge zones are no regions of Site Recovery",
    "placement": _NEW,
    "zones": _NEW,
    "identity": _OWN_KEY,
    "properties.encryption.identity": _OWN_KEY,
    "properties.encryption.keySource": _OWN_KEY,
    "properties.encryption.keyvaultproperties": _OWN_KEY,
    "properties.encryption.services": "all services are always encrypted",
    "properties.allowCrossTenantDelegationSas": _NEW,
    "properties.allowSharedKeyAccessForServices": _NEW,
    "properties.allowedCopyScope": "limits copies that people start; it can't be taken back, so it is theirs to choose",
    "properties.azureFilesIdentityBasedAuthentication": _FILES,
    "properties.customDomain": "replication uses the account's own names",
    "properties.dataCollaborationPolicyProperties": _NEW,
    "properties.dnsEndpointType": "replication is documented with standard endpoints alone",
    "properties.dualStackEndpointPreference": _NEW,
    "properties.enableExtendedGroups": _FILES,
    "properties.geoPriorityReplicationStatus": _NEW,
    "properties.immutableStorageWithVersioning": "replicas are rewritten all the time",
    "properties.isHnsEnabled": "an account with it has no page blobs, so it can't be a target",
    "properties.isLocalUserEnabled": "of SFTP, which a target can't have",
    "properties.isNfsV3Enabled": "needs a hierarchical namespace, which a target can't have",
    "properties.isSftpEnabled": "needs a hierarchical namespace, which a target can't have",
    "properties.keyPolicy": "reminds of old keys and changes nothing; policies of the subscription set it",
    "properties.largeFileSharesState": _FILES,
    "properties.networkAcls.ipv6Rules": "newer than the oldest SDK that is declared; rules that are there are kept",
    "properties.networkAcls.resourceAccessRules": "Site Recovery is a trusted service; rules that are there are kept",
    "properties.routingPreference": "replication uses the default endpoint and its route",
    "properties.sasPolicy": "Site Recovery makes its own signatures; how long they last is not for a client to say",
    "properties.turboTier": _NEW,
}


def test_every_writable_property_is_an_option_or_left_out_for_a_reason() -> None:
    assert unaccounted(models.StorageAccountCreateParameters, OPTIONS, LEFT_OUT) == []


def test_an_update_has_no_additional_properties() -> None:
    problems = unaccounted(models.StorageAccountUpdateParameters, OPTIONS, LEFT_OUT)
    assert [line for line in problems if line.startswith("neither list has")] == []


def test_the_module_has_the_options() -> None:
    from ansible_collections.siterecovery.hyperv.plugins.modules.storage_account import OPTIONS as known

    assert set(OPTIONS.values()) <= known.keys()


# One account --------------------------------------------------------------------------------------------------------

CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # The options, and the properties that the only write sends.
    "tenants": ({"allow_cross_tenant_replication": True}, {"allowCrossTenantReplication": True}),
    "shared keys": ({"allow_shared_key_access": False}, {"allowSharedKeyAccess": False}),
    "portal": ({"default_to_oauth_authentication": True}, {"defaultToOAuthAuthentication": True}),
    "private": ({"public_network_access": "disabled"}, {"publicNetworkAccess": "Disabled"}),
    "perimeter": ({"public_network_access": "secured_by_perimeter"}, {"publicNetworkAccess": "SecuredByPerimeter"}),
    "firewall": (
        {
            "network_acls": {
                "default_action": "deny",
                "bypass": ["azure_services", "logging"],
                "ip_rules": ["203.0.113.0/24"],
                "virtual_network_rules": [JUMP],
            }
        },
        {
            "networkAcls": {
                "defaultAction": "Deny",
                "bypass": "AzureServices, Logging",
                "ipRules": [{"value": "203.0.113.0/24", "action": "Allow"}],
                "virtualNetworkRules": [{"id": JUMP, "action": "Allow"}],
            }
        },
    ),
}


@pytest.mark.needs("contracts")
@pytest.mark.parametrize("name", CHANGES)
def test_an_option_is_planned_sent_separately_and_read_back(name: str, subscription: Subscription) -> None:
    asked, sent = CHANGES[name]
    seed_subnet(subscription, "Microsoft.Storage")
    made = run(subscription)
    planned = run(subscription, check=True, **asked)
    done = run(subscription, **asked)
    assert subscription.writes == ["patch stdr"]
    (write,) = (exchange for exchange in subscription.azure.server.traffic if exchange.method == "PATCH")
    assert write.request == {"properties": sent}
    assert oracle.validate(subscription.azure.server.traffic) == []
    assert shown(done) == shown(planned) == {**shown(made), **asked}
    assert done.result["plan"] == planned.result["plan"]
    assert not run(subscription, **asked).result["changed"]
    assert not run(subscription).result["changed"]


@pytest.mark.needs("contracts")
def test_a_new_account_takes_all_options_at_once(subscription: Subscription) -> None:
    seed_subnet(subscription, "Microsoft.Storage.Global")
    asked = {name: value for options, _ in CHANGES.values() for name, value in options.items()}
    asked["require_infrastructure_encryption"] = True
    planned, made = run(subscription, check=True, **asked), run(subscription, **asked)
    assert oracle.validate(subscription.azure.server.traffic) == []
    assert {name: shown(made)[name] for name in asked} == asked
    assert {**shown(planned), "id": shown(made)["id"]} == shown(made)
    again = run(subscription, **asked)
    assert (again.result["changed"], subscription.requests) == (False, ["GET storageAccounts/stdr"])


def test_the_second_layer_of_encryption_cannot_be_changed(subscription: Subscription) -> None:
    run(subscription)
    assert not run(subscription, require_infrastructure_encryption=False).result["changed"]
    refused = run(subscription, require_infrastructure_encryption=True)
    assert (refused.error["kind"], subscription.writes) == ("refused", [])
    assert "has the value false, which cannot be changed to true" in refused.msg


def test_other_kinds_of_rules_survive_a_change_of_the_firewall(subscription: Subscription) -> None:
    instance = {"tenantId": SUBSCRIPTION, "resourceId": f"{NETWORK}/x/y"}
    account = subscription.state.seed_account(
        GROUP, "stdr", "westeurope", networkAcls={"resourceAccessRules": [instance], "defaultAction": "Deny"}
    )
    run(subscription, network_acls={"ip_rules": ["203.0.113.7"]})
    acls = account["properties"]["networkAcls"]
    assert (acls["resourceAccessRules"], acls["defaultAction"]) == ([instance], "Deny")


@pytest.mark.parametrize(
    ("endpoints", "reason"),
    [
        ((), "SubnetsHaveNoServiceEndpointsConfigured"),
        (("Microsoft.Sql",), "SubnetsHaveNoServiceEndpointsConfigured"),
        (None, "SubnetsNotFound"),
    ],
)
def test_a_subnet_that_the_service_rejects_is_reported(
    endpoints: tuple[str, ...] | None, reason: str, subscription: Subscription
) -> None:
    if endpoints is not None:
        seed_subnet(subscription, *endpoints)
    failed = run(subscription, network_acls={"virtual_network_rules": [JUMP]})
    assert failed.error["code"] == "NetworkAclsValidationFailure"
    assert reason in failed.msg
    assert "\n" not in failed.msg


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (
            lambda s: s.state.seed_account("rg-2", "stdr", "westeurope"),
            "name: 'stdr' is not available: resource group rg-2 of this subscription has it; use that group",
        ),
        (lambda s: s.state.seed_foreign_account("stdr"), "already taken; account names are unique across Azure"),
    ],
)
def test_the_owner_of_the_name_is_named_if_it_is_known(
    seed: Callable[[Subscription], Any], words: str, subscription: Subscription
) -> None:
    seed(subscription)
    assert words in run(subscription).msg


@pytest.mark.parametrize(("module", "options"), [("alone", {}), ("pair", {"log_account": {"name": "stdrlog"}})])
def test_an_own_account_that_is_not_visible_yet(
    module: str, options: dict[str, Any], subscription: Subscription
) -> None:
    """Another run creates it at the same time. The list of accounts knows it before a read of the account does."""
    for name in ("stdr", "stdrlog"):
        subscription.state.seed_account(GROUP, name, "westeurope")
    missing = {"status": 404, "code": "ResourceNotFound", "headers": {"x-ms-request-id": "1"}}
    for name in ("stdr", "stdrlog"):
        subscription.fault("GET", f"storageAccounts/{name}", "fail", times=3, **missing)
    ended = run(subscription, **options)
    assert not ended.failed, ended.msg
    assert not any("create" in change["reason"] for change in ended.result["plan"])


def test_an_own_account_that_stays_invisible(subscription: Subscription) -> None:
    subscription.state.seed_account(GROUP, "stdr", "westeurope")
    missing = {"status": 404, "code": "ResourceNotFound", "headers": {"x-ms-request-id": "1"}}
    subscription.fault("GET", "storageAccounts/stdr", "fail", times=999, **missing)
    ended = run(subscription, wait_timeout=1)
    assert ended.error["kind"] == "refused"
    assert ended.msg.endswith(
        f"resource group {GROUP} has it, but Azure does not show it yet; run again in some minutes"
    )
    assert subscription.writes == []


# Two accounts -------------------------------------------------------------------------------------------------------


@pytest.mark.needs("contracts")
def test_a_premium_account_and_its_log_account_in_one_task(subscription: Subscription) -> None:
    planned = run(subscription, check=True, tags={"a": "1"}, https_only=True, **PAIR)
    assert subscription.writes == []
    made = run(subscription, tags={"a": "1"}, https_only=True, **PAIR)
    assert subscription.writes == ["put stlogs", "put stdr"]
    assert oracle.validate(subscription.azure.server.traffic) == []
    assert made.result["plan"] == planned.result["plan"]
    assert made.result["warnings"] == []
    log = shown(made)["log_account"]
    assert (shown(made)["sku"], log["name"], log["sku"], log["tags"]) == (
        "Premium_LRS",
        "stlogs",
        "Standard_GRS",
        {"a": "1"},
    )
    assert shown(planned).keys() == shown(made).keys()
    assert shown(planned)["log_account"].keys() == log.keys()
    words = [(entry["step"], entry["found"], entry["done"]) for entry in made.result["evidence"]]
    assert words == [
        ("T4", "no storage account", "create storage account stdr (Premium_LRS) in westeurope"),
        ("T5", "no storage account", "create storage account stlogs (Standard_GRS) in westeurope"),
    ]
    again = run(subscription, tags={"a": "1"}, https_only=True, **PAIR)
    assert (again.result["changed"], subscription.requests) == (
        False,
        ["GET storageAccounts/stdr", "GET storageAccounts/stlogs"],
    )
    assert [entry["done"] for entry in again.result["evidence"]] == ["nothing to do", "nothing to do"]


@pytest.mark.parametrize(
    ("changed", "writes", "paths"),
    [
        ({"log_account": {"name": "stlogs", "sku": "Standard_RAGRS"}}, ["patch stlogs"], ["log_account.sku"]),
        (
            {"minimum_tls_version": "TLS1_3"},
            ["patch stlogs", "patch stdr"],
            ["log_account.minimum_tls_version", "minimum_tls_version"],
        ),
    ],
)
def test_only_the_account_that_differs_is_changed(
    changed: dict[str, Any], writes: list[str], paths: list[str], subscription: Subscription
) -> None:
    run(subscription, **PAIR)
    planned, done = run(subscription, check=True, **{**PAIR, **changed}), run(subscription, **{**PAIR, **changed})
    assert (subscription.writes, done.paths) == (writes, paths)
    assert shown(planned) == shown(done)
    assert not run(subscription, **{**PAIR, **changed}).result["changed"]


@pytest.mark.parametrize("drifted", ["stdr", "stlogs"])
def test_only_the_account_that_drifted_is_written(drifted: str, subscription: Subscription) -> None:
    for name, sku in (("stdr", "Premium_LRS"), ("stlogs", "Standard_GRS")):
        subscription.state.seed_account(
            GROUP, name, "westeurope", sku=sku, minimumTlsVersion="TLS1_0" if name == drifted else "TLS1_2"
        )
    done = run(subscription, minimum_tls_version="TLS1_2", **PAIR)
    assert subscription.writes == [f"patch {drifted}"]
    assert [entry["done"] == "nothing to do" for entry in done.result["evidence"]] == [
        drifted == "stlogs",
        drifted == "stdr",
    ]


def test_a_missing_account_is_created_and_the_other_one_is_kept(subscription: Subscription) -> None:
    subscription.state.seed_account(GROUP, "stdr", "westeurope", sku="Premium_LRS", allowBlobPublicAccess=True)
    made = run(subscription, **PAIR)
    assert subscription.writes == ["put stlogs"]
    assert {path.split(".")[0] for path in made.paths} == {"log_account"}
    assert shown(made)["allow_blob_public_access"] is True


def test_a_missing_group_is_created_once_for_both(subscription: Subscription) -> None:
    refused = run(subscription, resource_group="rg-new", **PAIR)
    assert (refused.error["kind"], subscription.writes) == ("refused", [])
    made = run(subscription, resource_group="rg-new", create_resource_group=True, **PAIR)
    assert subscription.writes == ["put rg-new", "put stlogs", "put stdr"]
    assert made.paths.index("resource_group") == 0
    assert made.paths.count("log_account.resource_group") == 1
    assert not run(subscription, resource_group="rg-new", create_resource_group=True, **PAIR).result["changed"]


@pytest.mark.parametrize(
    ("log", "option", "words"),
    [
        ({"name": "stdr"}, "log_account.name", "is the account itself"),
        ({"name": "St-Logs"}, "log_account.name", "3 to 24 lowercase letters"),
        ({"name": "stlogs", "sku": "Premium_LRS"}, "log_account.sku", "written to a standard account"),
        ({"name": "stlogs", "sku": "Standard_ZRS"}, "log_account.sku", "is zone-redundant"),
        ({"name": "stlogs", "sku": "Cheap"}, "log_account.sku", "'Cheap' is unknown"),
    ],
)
def test_an_invalid_log_account_sends_no_request(
    log: dict[str, Any], option: str, words: str, subscription: Subscription
) -> None:
    ended = run(subscription, log_account=log)
    assert (ended.error, subscription.requests) == ({"kind": "invalid_input", "option": option}, [])
    assert words in ended.msg


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (
            lambda s: s.state.seed_account(GROUP, "stlogs", "westeurope", sku="Premium_LRS"),
            "storage account stlogs is Premium_LRS",
        ),
        (lambda s: s.state.seed_account(GROUP, "stlogs", "northeurope"), "location: storage account stlogs is in"),
        (lambda s: s.state.seed_foreign_account("stlogs"), "name: 'stlogs' is not available"),
    ],
)
def test_when_one_account_is_refused_neither_is_changed(
    seed: Callable[[Subscription], Any], words: str, subscription: Subscription
) -> None:
    seed(subscription)
    refused = run(subscription, sku="Premium_LRS", log_account={"name": "stlogs"})
    assert (refused.error["kind"], subscription.writes) == ("refused", [])
    assert words in refused.msg


# Keys ---------------------------------------------------------------------------------------------------------------


def test_keys_are_read_only_for_a_task_that_hides_its_result(subscription: Subscription) -> None:
    refused = run(subscription, return_keys=True)
    assert (refused.error, subscription.requests) == ({"kind": "invalid_input", "option": "return_keys"}, [])
    assert "no_log: true" in refused.msg
    planned = run(subscription, check=True, return_keys=True, _ansible_no_log=True, **PAIR)
    assert planned.result["keys"] == []
    made = run(subscription, return_keys=True, _ansible_no_log=True, **PAIR)
    keys = made.result.pop("keys")
    assert [(key["account"], key["name"]) for key in keys] == [
        ("stdr", "key1"),
        ("stdr", "key2"),
        ("stlogs", "key1"),
        ("stlogs", "key2"),
    ]
    assert not any(key["value"] in json.dumps(made.result) for key in keys)
    kept = [key["value"] for stored in subscription.state.account_keys.values() for key in stored]
    assert sorted(key["value"] for key in keys) == sorted(kept)


def test_keys_are_not_requested_otherwise(subscription: Subscription) -> None:
    assert "keys" not in run(subscription).result
    assert not any("listkeys" in exchange.path.lower() for exchange in subscription.azure.server.traffic)


@pytest.mark.parametrize("body", [{}, {"keys": None}, {"keys": [{"keyName": "key1", "secret": "half a key"}]}])
def test_an_answer_without_keys_is_an_error_that_quotes_nothing(body: Any, subscription: Subscription) -> None:
    run(subscription)
    subscription.fault("POST", "storageaccounts/stdr/listkeys", "fail", status=200, body=body)
    ended = run(subscription, return_keys=True, _ansible_no_log=True)
    assert (ended.failed, ended.error["kind"]) == (True, "remote_failure")
    assert "the answer has none" in ended.msg
    assert "half a key" not in json.dumps(ended.result)


def test_the_missing_permission_to_read_keys_is_named(subscription: Subscription) -> None:
    run(subscription)
    subscription.fault(
        "POST",
        "storageaccounts/stdr/listkeys",
        "fail",
        status=403,
        code="AuthorizationFailed",
        message="The client 'x' does not have authorization to perform action"
        " 'Microsoft.Storage/storageAccounts/listKeys/action' over scope '/x'.",
    )
    ended = run(subscription, return_keys=True, _ansible_no_log=True)
    assert ended.error["kind"] == "access_denied"
    assert "Storage Account Contributor" in ended.msg
