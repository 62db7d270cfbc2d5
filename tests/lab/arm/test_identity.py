# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata, OpenID configuration, tokens, and the refusal of calls without one."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from .conftest import LOGIN, SCOPE, SUBSCRIPTION, Azure

TOKEN = f"/{LOGIN.tenant}/oauth2/v2.0/token"
FORM = {
    "grant_type": "client_credentials",
    "client_id": LOGIN.client_id,
    "client_secret": LOGIN.secret,
    "scope": SCOPE,
}


def test_metadata_of_2022_is_one_object(azure: Azure) -> None:
    cloud = azure.send("GET", "/metadata/endpoints", "2022-09-01", token=None).json()
    assert cloud["resourceManager"] == azure.server.base_url + "/"
    assert cloud["authentication"]["loginEndpoint"] == azure.server.base_url
    assert cloud["authentication"]["audiences"][1] == "https://management.azure.com/"
    assert cloud["suffixes"]["storage"] == "core.windows.net"


def test_metadata_of_2019_is_a_list(azure: Azure) -> None:
    clouds = azure.send("GET", "/metadata/endpoints", "2019-05-01", token=None).json()
    assert [cloud["name"] for cloud in clouds] == ["SiteRecoveryLab"]


def test_metadata_of_2015_is_the_small_object(azure: Azure) -> None:
    cloud = azure.send("GET", "/metadata/endpoints", "2015-01-01", token=None).json()
    assert set(cloud) == {"galleryEndpoint", "graphEndpoint", "portalEndpoint", "authentication"}


def test_metadata_of_an_unknown_version_is_refused(azure: Azure) -> None:
    answer = azure.send("GET", "/metadata/endpoints", "2001-01-01", token=None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidApiVersionParameter")


@pytest.mark.parametrize(
    ("path", "token_end"),
    [
        (f"/{LOGIN.tenant}/v2.0/.well-known/openid-configuration", "/oauth2/v2.0/token"),
        (f"/{LOGIN.tenant}/.well-known/openid-configuration", "/oauth2/token"),
    ],
)
def test_openid_configuration_names_the_token_endpoint(azure: Azure, path: str, token_end: str) -> None:
    found = azure.send("GET", path, None, token=None).json()
    assert found["token_endpoint"] == f"{azure.server.base_url}/{LOGIN.tenant}{token_end}"


def test_the_identity_library_gets_a_token_unmodified(azure: Azure) -> None:
    token = azure.credential().get_token(SCOPE)
    assert token.token in azure.state.tokens
    assert azure.context.journal.counts["azure.token"] == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_secret": "wrong"}, "AADSTS7000215"),
        ({"client_id": "99999999-4444-4555-8666-777777777777"}, "AADSTS700016"),
    ],
)
def test_a_wrong_login_is_refused_with_the_real_code(azure: Azure, changed: dict[str, str], code: str) -> None:
    with pytest.raises(ClientAuthenticationError, match=code):
        azure.credential(**changed).get_token(SCOPE)
    assert not azure.state.tokens


def test_an_unknown_tenant_has_no_openid_configuration(azure: Azure) -> None:
    tenant = "99999999-2222-4333-8444-555555555555"
    with pytest.raises(ClientAuthenticationError, match="Unable to get authority configuration"):
        azure.credential(tenant_id=tenant).get_token(SCOPE)
    for path in (f"/{tenant}/v2.0/.well-known/openid-configuration", f"/{tenant}/.well-known/openid-configuration"):
        answer = azure.send("GET", path, None, token=None)
        assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "nobody"}, 400, 700016),
        ({"client_secret": ""}, 401, 7000216),
        ({"grant_type": "password"}, 400, 70003),
        ({"scope": "https://management.azure.com/"}, 400, 1002012),
        ({"scope": "https://elsewhere.example/.default"}, 400, 500011),
    ],
)
def test_each_bad_token_request_has_its_code(azure: Azure, form: dict[str, str], status: int, code: int) -> None:
    answer = requests.post(azure.server.base_url + TOKEN, data=FORM | form, verify=azure.ca, timeout=10)
    assert (answer.status_code, answer.json()["error_codes"]) == (status, [code])
    assert answer.json()["error_description"].startswith(f"AADSTS{code}: ")
    assert LOGIN.secret not in answer.text


def test_the_first_generation_of_the_token_endpoint_takes_a_resource(azure: Azure) -> None:
    form = FORM | {"resource": "https://management.core.windows.net/"}
    form.pop("scope")
    address = f"{azure.server.base_url}/{LOGIN.tenant}/oauth2/token"
    answer = requests.post(address, data=form, verify=azure.ca, timeout=10).json()
    assert isinstance(answer["expires_on"], str)
    assert azure.send("GET", f"/subscriptions/{SUBSCRIPTION}", "2022-12-01", token=answer["access_token"]).ok


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "AuthenticationFailed"),
        ({"Authorization": "Basic eDp5"}, "AuthenticationFailedInvalidHeader"),
        ({"Authorization": "Bearer made-up"}, "InvalidAuthenticationToken"),
    ],
)
def test_a_call_without_a_valid_token_is_challenged(azure: Azure, headers: dict[str, str], code: str) -> None:
    answer = azure.send("GET", f"/subscriptions/{SUBSCRIPTION}", "2022-12-01", token=None, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    assert f'authorization_uri="https://login.microsoftonline.com/{LOGIN.tenant}"' in answer.headers["WWW-Authenticate"]


def test_a_token_expires(azure: Azure) -> None:
    azure.state.token_life = timedelta(seconds=600)
    assert azure.resources.resource_groups.check_existence("rg") is False
    azure.context.clock.offset += timedelta(seconds=601)
    with pytest.raises(HttpResponseError) as refused:
        list(azure.resources.resource_groups.list())
    assert refused.value.status_code == 401
    assert refused.value.error is not None
    assert refused.value.error.code == "ExpiredAuthenticationToken"


def test_secrets_are_in_no_log(azure: Azure, capfd: pytest.CaptureFixture[str]) -> None:
    azure.credential().get_token(SCOPE)
    azure.resources.resource_groups.check_existence("rg")
    seen = "".join(exchange.line() for exchange in azure.server.traffic)
    output = capfd.readouterr()
    for secret in (LOGIN.secret, *azure.state.tokens):
        assert secret not in seen + output.out + output.err
    assert os.linesep not in azure.server.traffic[0].line()
