# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of a login that need neither the environment nor Azure."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure import sign_in
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.cloud_names import require_cloud
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput

GUID = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize("text", [GUID, GUID.upper().replace("1", "A")])
def test_a_subscription_is_a_guid(text: str) -> None:
    sign_in.require_subscription_id(text)


@pytest.mark.parametrize("text", ["", "sub-1", "{" + GUID + "}", GUID + "\n", GUID[:-1], "Production"])
def test_anything_else_is_not_a_subscription(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^mine must be a GUID; copy it from the subscription's overview page$"):
        sign_in.require_subscription_id(text, "mine")


@pytest.mark.parametrize("text", [GUID, "contoso.onmicrosoft.com", "contoso"])
def test_a_tenant_is_an_id_or_a_domain(text: str) -> None:
    sign_in.require_tenant(text)


@pytest.mark.parametrize("text", [None, "", "-", "a b", "https://contoso", "contoso\n"])
def test_anything_else_is_not_a_tenant(text: str | None) -> None:
    with pytest.raises(InvalidInput, match=r"^mine must be an id or a domain name; "):
        sign_in.require_tenant(text, "mine")


@pytest.mark.parametrize(
    "name", ["AzureCloud", "azurecloud", "AZURE_US_GOV_CLOUD", "https://management.example/metadata"]
)
def test_a_cloud_is_known_by_name_or_has_an_https_address(name: str) -> None:
    require_cloud(name)


@pytest.mark.parametrize("name", ["", "AzureMoon", "http://management.example", "https://"])
def test_other_clouds_are_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^mine: .*; use one of AzureCloud, AzureChinaCloud, AzureUSGovernment, "):
        require_cloud(name, "mine")
