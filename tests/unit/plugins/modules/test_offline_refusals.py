# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unsupported values are refused with option and reason before any call to Azure (T2, T4 to T7, P7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.modules.conftest import GROUP, Subscription

ACCOUNT = {"name": "stdr", "location": "westeurope"}
NETWORK = {"name": "vnet-dr", "location": "westeurope", "address_prefixes": ["10.1.0.0/16"]}
ROWS: list[tuple[str, str, dict[str, Any], str, str]] = [
    *(
        ("T4", "storage_account", {**ACCOUNT, "sku": sku}, "sku", "is zone-redundant")
        for sku in ("Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS", "Premium_ZRS")
    ),
    ("T4", "storage_account", {**ACCOUNT, "sku": "StandardV2_LRS"}, "sku", "'StandardV2_LRS' is unknown"),
    ("T4", "storage_account", {**ACCOUNT, "kind": "BlobStorage"}, "kind", "do not support page blobs"),
    *(
        ("T4", "storage_account", {**ACCOUNT, "sku": "Premium_LRS", "kind": kind}, "kind", "do not support page blobs")
        for kind in ("BlockBlobStorage", "FileStorage")
    ),
    *(
        ("T4", "storage_account", {**ACCOUNT, "access_tier": tier}, "access_tier", "is not supported for replication")
        for tier in ("Cool", "Cold", "Smart")
    ),
    *(
        (step, module, {**options, "location": place}, "location", text)
        for step, module, options in (("T4", "storage_account", ACCOUNT), ("T6", "virtual_network", NETWORK))
        for place, text in (
            ("South Central India", "Site Recovery is not offered in southcentralindia"),
            ("northeastus5", "Site Recovery is not offered in northeastus5"),
            ("germanycentral", "region germanycentral was closed"),
        )
    ),
    *(
        (step, module, {**options, "vault_location": "northeurope"}, "location", "is not the vault's region")
        for step, module, options in (("T4", "storage_account", ACCOUNT), ("T6", "virtual_network", NETWORK))
    ),
    *(
        (step, module, {**options, "location": place}, "location", text)
        for step, module, options in (("T4", "storage_account", ACCOUNT), ("T6", "virtual_network", NETWORK))
        for place, text in (("", "is required"), (" ", "' ' is not a region"))
    ),
    *(
        ("T4", "storage_account", {**ACCOUNT, "tags": tags}, "tags", "control characters")
        for tags in ({"a\nb": "c"}, {"a": "b\n"}, {"a": "\u202eb"})
    ),
    *(("B1", "vault_info", {"name": name}, "name", "must have 2 to 50 letters") for name in ("", "..", "a/b", "v\n")),
    *(
        ("F4", "job_info", {"vault_name": "v1", "name": name}, "name", "the id of a job")
        for name in ("", "..", "a/b", "a\n")
    ),
    *(
        (
            "F5",
            "test_failover",
            {"vault_name": "v1", "machines": ["web"], "network": "vnet-drill", "network_resource_group": group},
            "network_resource_group",
            "must have 1 to 90 letters",
        )
        for group in ("", "..", "a/b")
    ),
    ("B1", "vault_info", {"id": ""}, "id", "'' is not the id of a vault"),
    *(
        (step, module, {**options, "vault_name": name}, "vault_name", "must have 2 to 50 letters")
        for step, module, options in (
            ("F2", "replication_policy", {"name": "daily"}),
            ("F4", "job_info", {}),
            ("U1", "removal_info", {}),
        )
        for name in ("", "..", "vault/x")
    ),
    (
        "T4",
        "storage_account",
        {**ACCOUNT, "network_acls": {"default_action": "deny", "bypass": []}},
        "network_acls",
        "exception for trusted services",
    ),
]


@pytest.mark.parametrize(("step", "module", "options", "option", "text"), ROWS)
def test_a_module_refuses_it(
    step: str, module: str, options: dict[str, Any], option: str, text: str, subscription: Subscription
) -> None:
    for check in (False, True):
        ended = subscription.run(module, check=check, resource_group=GROUP, **options)
        assert ended.error == {"kind": "invalid_input", "option": option}
        assert text in ended.msg
        assert "\n" not in ended.msg
        assert subscription.requests == []


@pytest.mark.parametrize("option", ["hierarchical_namespace", "data_encryption", "encryption_certificate"])
@pytest.mark.parametrize("module", ["storage_account", "virtual_network", "vault", "target_info"])
def test_impossible_features_have_no_option(module: str, option: str) -> None:
    """A hierarchical namespace (T4) and data encryption (P7) cannot be requested."""
    import importlib

    found = importlib.import_module(f"ansible_collections.siterecovery.hyperv.plugins.modules.{module}")
    assert option not in found.OPTIONS


GROUPED: dict[str, dict[str, Any]] = {
    "storage_account": ACCOUNT,
    "virtual_network": NETWORK,
    "vault": {"name": "vault-dr", "location": "westeurope"},
    "vault_info": {"name": "vault-dr"},
    "vault_registration_key": {"vault_name": "vault-dr", "path": "/tmp/vault-dr.VaultCredentials"},
    "target_info": {"vault_name": "vault-dr"},
    "vmm_server_info": {"vault_name": "vault-dr"},
}


@pytest.mark.parametrize("module", GROUPED)
@pytest.mark.parametrize("group", ["..", ".", "", "rg new", "rg-new.", "a/b", "r" * 91])
def test_a_name_that_no_resource_group_has_is_refused(module: str, group: str, subscription: Subscription) -> None:
    """`..` would change the address of the request itself."""
    ended = subscription.run(module, resource_group=group, **GROUPED[module])
    assert ended.error == {"kind": "invalid_input", "option": "resource_group"}
    assert subscription.requests == []


def test_the_group_of_the_targets_has_a_name_too(subscription: Subscription) -> None:
    ended = subscription.run("target_info", vault_name="vault-dr", resource_group=GROUP, target_resource_group="..")
    assert ended.error == {"kind": "invalid_input", "option": "target_resource_group"}
