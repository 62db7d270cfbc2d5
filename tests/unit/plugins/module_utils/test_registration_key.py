# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration key: options, plan, and keys from the service's answer (S4)."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.hyperv_site import NO_SITE, HyperVSite
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.registration_key import (
    KeyState,
    StoredKey,
    creates_key,
    key_from_answer,
    key_problem,
    key_result,
    plan_key,
    validity_note,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import (
    KeyCertificate,
    render,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN, apply_changes
from tests.unit.plugins.module_utils.registration_keys import (
    FILE,
    GOOD,
    HOUR,
    KEY,
    NOW,
    PATH,
    desired,
    good_pfx,
)
from tests.unit.plugins.module_utils.resources import short
from tests.unit.plugins.module_utils.vaults import VAULT

__all__ = ["good_pfx"]


# From the service's answer --------------------------------------------------------------------------------------------


def answer(pfx: str, **changed: Any) -> dict[str, Any]:
    return {
        "properties": {
            "authType": "AzureActiveDirectory",
            "certificate": pfx,
            "resourceId": 6066914184940990001,
            "aadAuthority": KEY.aad_authority,
            "aadTenantId": KEY.aad_tenant_id,
            "servicePrincipalClientId": KEY.service_principal_client_id,
            "azureManagementEndpointAudience": KEY.arm_management_endpoint,
            "aadAudience": "api://x/RecoveryServiceVault/a/b/1",
            **changed,
        }
    }


def test_a_key_from_the_services_answer(good_pfx: str) -> None:
    made = key_from_answer(replace(VAULT, private_endpoint_state="Enabled"), answer(good_pfx))
    assert made == replace(
        KEY,
        management_cert=good_pfx,
        aad_vault_audience="api://x/RecoveryServiceVault/a/b/1",
        private_endpoint_state="Enabled",
    )
    assert key_from_answer(VAULT, answer(good_pfx, aadAudience=None)).aad_vault_audience == KEY.aad_vault_audience


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        *(
            (f"lacks properties.{name} \\(authType AzureActiveDirectory\\)", {name: None})
            for name in ("certificate", "resourceId", "aadAuthority", "aadTenantId", "servicePrincipalClientId")
        ),
        ("lacks properties.azureManagementEndpointAudience", {"azureManagementEndpointAudience": ""}),
        ("is not a PFX with a private key; no file was written", {"certificate": base64.b64encode(b"canary").decode()}),
    ],
)
def test_an_unusable_answer_creates_no_key(text: str, changed: dict[str, Any], good_pfx: str) -> None:
    with pytest.raises(RemoteFailure, match=text) as caught:
        key_from_answer(VAULT, answer(good_pfx, **changed))
    assert good_pfx not in str(caught.value)


def test_an_answer_without_properties_creates_no_key() -> None:
    with pytest.raises(RemoteFailure, match=r"authType not given"):
        key_from_answer(VAULT, {})


# Options and plan -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("path", {"path": "vault-dr.VaultCredentials"}),
        ("path", {"path": "/tmp/vault-dr.xml"}),
        ("path", {"path": "/tmp/vault-dr.vaultcredentials"}),
        ("path", {"path": "/tmp/.VaultCredentials"}),
        ("path", {"path": "/tmp/a\0b.VaultCredentials"}),
        ("validity_hours", {"validity_hours": 0}),
        ("validity_hours", {"validity_hours": 121}),
        ("renewal_margin_hours", {"renewal_margin_hours": -1}),
        ("renewal_margin_hours", {"renewal_margin_hours": 120}),
        ("renewal_margin_hours", {"renewal_margin_hours": 4, "validity_hours": 4}),
        ("vault_name", {"vault_name": "vault_dr"}),
        ("site", {"kind": "hyperv_site"}),
        ("site", {"kind": "hyperv_site", "site": " "}),
        ("site", {"site": "branch"}),
        ("site", {"site": ""}),
    ],
)
def test_refused_before_any_call(option: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=rf"^{option}(:| must| is required) .*; "):
        desired(**given)


def test_the_limits_of_the_validity_are_accepted() -> None:
    assert desired(validity_hours=1, renewal_margin_hours=0).validity_hours == 1
    assert desired(validity_hours=120, renewal_margin_hours=119).renewal_margin_hours == 119


UNUSABLE = [
    ("no vault", GOOD, None, "does not exist"),
    (
        "another subscription",
        replace(GOOD, key=replace(KEY, subscription_id="s2")),
        VAULT,
        "belongs to /subscriptions/s2",
    ),
    ("another group", replace(GOOD, key=replace(KEY, resource_group="rg-2")), VAULT, "belongs to"),
    ("another vault", replace(GOOD, key=replace(KEY, vault_name="v2")), VAULT, "belongs to"),
    ("another region", replace(GOOD, key=replace(KEY, location="northeurope")), VAULT, "in northeurope"),
    (
        "a site's key",
        replace(GOOD, key=replace(KEY, site_id="id", site_name="Site1")),
        VAULT,
        "Hyper-V site Site1 (id)",
    ),
    ("a site without an id", replace(GOOD, key=replace(KEY, site_name="S")), VAULT, "Hyper-V site S (without an id)"),
    (
        "endpoint state",
        GOOD,
        replace(VAULT, private_endpoint_state="Enabled"),
        "private endpoint state of the vault has changed to Enabled",
    ),
    ("lacks a value", replace(GOOD, key=replace(KEY, aad_tenant_id="")), VAULT, "lacks AadTenantId"),
    ("lacks its number", replace(GOOD, key=replace(KEY, resource_id="")), VAULT, "lacks ResourceId"),
    ("damaged", replace(GOOD, certificate=None), VAULT, "is unreadable"),
    (
        "not yet valid",
        replace(GOOD, certificate=KeyCertificate(NOW + HOUR, NOW + 100 * HOUR)),
        VAULT,
        "only from 2026-03-01T10:30:00Z",
    ),
    (
        "expired",
        replace(GOOD, certificate=KeyCertificate(NOW - 2 * HOUR, NOW)),
        VAULT,
        "expired at 2026-03-01T09:30:00Z",
    ),
    ("in the margin", replace(GOOD, certificate=KeyCertificate(NOW, NOW + 24 * HOUR)), VAULT, "expires at"),
]


@pytest.mark.parametrize(("name", "stored", "vault", "text"), UNUSABLE, ids=[row[0] for row in UNUSABLE])
def test_an_unusable_key_is_replaced(name: str, stored: StoredKey, vault: Any, text: str) -> None:
    assert text in str(key_problem(stored, vault, NOW, 24 * HOUR))
    plan = plan_key(KeyState(vault, stored), desired(), NOW)
    assert creates_key(plan)
    assert text in plan.describe()
    shown = apply_changes(key_result(PATH, stored), plan.changes)
    expected = {"path": PATH, "exists": True, "expires": UNKNOWN, "mode": "0600", "vault_name": "vault-dr"}
    assert {key: shown[key] for key in expected} == expected


SITE = HyperVSite("id-1", "branch")
SITE_KEY = replace(GOOD, key=replace(KEY, site_id="ID-1", site_name="Branch"))


@pytest.mark.parametrize(
    ("stored", "site", "text"),
    [
        (SITE_KEY, SITE, None),
        (SITE_KEY, NO_SITE, "is for Hyper-V site Branch (ID-1), not for VMM servers"),
        (SITE_KEY, HyperVSite("id-2", "branch"), "not for Hyper-V site branch (id-2)"),
        (SITE_KEY, HyperVSite("id-1", "other"), "not for Hyper-V site other (id-1)"),
        (SITE_KEY, None, "the vault has no such Hyper-V site"),
        (GOOD, SITE, "is for VMM servers, not for Hyper-V site branch (id-1)"),
    ],
)
def test_a_key_is_for_one_site(stored: StoredKey, site: HyperVSite | None, text: str | None) -> None:
    problem = key_problem(stored, VAULT, NOW, HOUR, site)
    assert problem is None if text is None else text in str(problem)


def test_the_file_for_a_site_has_no_other_differences() -> None:
    text = FILE.replace("<SiteId></SiteId>", "<SiteId>id-1</SiteId>").replace("<SiteName></", "<SiteName>branch</")
    assert render(replace(KEY, site_id="id-1", site_name="branch")).decode() == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [(120.9, False), (119.1, False), (121.1, True), (240, True), (48, True)],
)
def test_another_validity_than_requested_is_reported(hours: float, text: bool) -> None:
    note = validity_note(KeyCertificate(NOW, NOW + hours * HOUR), 120, NOW)
    assert (note is not None) is text


@pytest.mark.parametrize(
    "stored",
    [
        GOOD,
        replace(GOOD, certificate=KeyCertificate(NOW, NOW + 24 * HOUR + timedelta(seconds=1))),
        replace(GOOD, key=replace(KEY, vault_name="VAULT-dr", resource_group="RG-DR", private_endpoint_state=None)),
    ],
    ids=["fresh", "just outside of the margin", "another case"],
)
def test_a_good_key_is_kept(stored: StoredKey) -> None:
    assert key_problem(stored, VAULT, NOW, 24 * HOUR) is None
    assert not plan_key(KeyState(VAULT, stored), desired(), NOW).changed


@pytest.mark.parametrize(
    ("name", "state", "given", "expected"),
    [
        (
            "none there",
            KeyState(VAULT, None),
            {},
            {
                "path": PATH,
                "exists": True,
                "expires": UNKNOWN,
                "kind": "vmm",
                "mode": "0600",
                "site_name": None,
                "vault_id": VAULT.id,
                "vault_name": "vault-dr",
            },
        ),
        (
            "none there, no vault yet",
            KeyState(None, None),
            {},
            {
                "path": PATH,
                "exists": True,
                "expires": UNKNOWN,
                "kind": "vmm",
                "mode": "0600",
                "site_name": None,
                "vault_id": KEY.vault_id,
                "vault_name": "vault-dr",
            },
        ),
        ("mode", KeyState(VAULT, replace(GOOD, mode="0644")), {}, {"mode": "0600"}),
        ("partial file", KeyState(VAULT, GOOD, partial_file=True), {}, {"partial_file": False}),
        ("absent already", KeyState(None, None), {"state": "absent"}, {}),
        ("absent, partial file", KeyState(None, None, partial_file=True), {"state": "absent"}, {"partial_file": False}),
        (
            "to be removed",
            KeyState(None, GOOD),
            {"state": "absent"},
            {"exists": False, "expires": None, "kind": None, "mode": None, "vault_id": None, "vault_name": None},
        ),
    ],
)
def test_plan(name: str, state: KeyState, given: dict[str, Any], expected: dict[str, Any]) -> None:
    plan = plan_key(state, desired(**given), NOW)
    assert short(plan) == expected
    assert creates_key(plan) == ("expires" in expected and given == {})


def test_the_result_has_no_content() -> None:
    secret = replace(KEY, management_cert="canary", channel_integrity_key="canary")
    stored = replace(GOOD, key=secret)
    text = [repr(stored), key_result(PATH, stored), plan_key(KeyState(None, stored), desired(), NOW)]
    assert "canary" not in repr(text)
