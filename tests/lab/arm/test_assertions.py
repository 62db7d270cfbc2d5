# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed assertions at the token endpoint, and the instance metadata service."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from lab.arm.assertions import KIND, Federated, TrustedName
from lab.arm.machine_identity import PATH, MetadataService
from tests.support import logins
from tests.support.logins import CLAIMS, pair

from .conftest import LOGIN, SCOPE, SUBSCRIPTION, Azure

APP, OTHER, ROOT = pair("app"), pair("other"), pair("root")
ISSUED = pair("issued", issuer=ROOT)
EXPIRED = pair("expired", starts=-9, ends=-1)


def assertion(
    azure: Azure, signer: logins.Pair = APP, alg: str = "RS256", head: dict[str, Any] | None = None, **changed: Any
) -> str:
    """Sign an assertion as the identity library does; a claim that is None is omitted."""
    now = int(time.time())
    audience = f"{azure.server.base_url}/{LOGIN.tenant}/oauth2/v2.0/token"
    claims = {"aud": audience, "iss": LOGIN.client_id, "sub": LOGIN.client_id, "nbf": now, "exp": now + 600} | changed
    name, kind = ("x5t", hashes.SHA1()) if alg == "RS256" else ("x5t#S256", hashes.SHA256())
    header = {"alg": alg, "typ": "JWT", name: text(signer.certificate.fingerprint(kind))} | (head or {})
    content = ".".join(text(json.dumps(part).encode()) for part in (header, claims))
    pad = padding.PKCS1v15() if alg == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return f"{content}.{text(signer.key.sign(content.encode(), pad, hashes.SHA256()))}"


def text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


def ask(azure: Azure, given: str, **changed: str) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": LOGIN.client_id,
        "client_assertion_type": KIND,
        "client_assertion": given,
        "scope": SCOPE,
    } | changed
    address = f"{azure.server.base_url}/{LOGIN.tenant}/oauth2/v2.0/token"
    return requests.post(address, data=form, verify=azure.ca, timeout=10)


@pytest.fixture
def trusting(azure: Azure) -> Azure:
    application = azure.state.application
    application.certificates += [APP.certificate, EXPIRED.certificate]
    application.names.append(TrustedName(ISSUED.certificate.subject, ROOT.certificate))
    application.federated.append(
        Federated(CLAIMS["iss"], CLAIMS["sub"], CLAIMS["aud"], logins.key("cluster").public_key())
    )
    return azure


def chain(*made: logins.Pair) -> dict[str, Any]:
    from cryptography.hazmat.primitives.serialization import Encoding

    return {"x5c": [base64.b64encode(one.certificate.public_bytes(Encoding.DER)).decode() for one in made]}


@pytest.mark.parametrize(
    ("signer", "alg", "head"),
    [(APP, "RS256", {}), (APP, "PS256", {}), (ISSUED, "RS256", chain(ISSUED, ROOT)), (APP, "RS256", chain(APP))],
)
def test_a_known_certificate_is_taken(signer: logins.Pair, alg: str, head: dict[str, Any], trusting: Azure) -> None:
    answer = ask(trusting, assertion(trusting, signer, alg, head)).json()
    assert trusting.send("GET", f"/subscriptions/{SUBSCRIPTION}", "2022-12-01", token=answer["access_token"]).ok


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ({"signer": OTHER}, 700027, "[Reason - The key was not found., Thumbprint of key used by client: '"),
        ({"signer": EXPIRED}, 700027, "[Reason - The key used is expired."),
        ({"signer": ISSUED}, 700027, "The key was not found."),
        ({"signer": OTHER, "head": chain(OTHER)}, 700027, "The key was not found."),
        (
            {"signer": OTHER, "head": {"x5t": text(APP.certificate.fingerprint(hashes.SHA1()))}},
            700027,
            "did not match the expected signature value",
        ),
        ({"aud": "https://elsewhere.example"}, 700023, "audience claim does not match"),
        ({"sub": "99999999-4444-4555-8666-777777777777"}, 700021, "doesn't match 'client_id'"),
        ({"nbf": 1700000000, "exp": 1700000600}, 700024, "is not within its valid time range"),
        ({"head": {"alg": "HS256"}}, 50027, "invalid or malformed"),
        ({"head": {"x5c": ["rubbish"]}, "signer": OTHER}, 50027, "invalid or malformed"),
        ({"iss": "https://elsewhere.example"}, 700211, "presented assertion issuer 'https://elsewhere.example'"),
    ],
)
def test_each_bad_assertion_has_its_code(given: dict[str, Any], code: int, told: str, trusting: Azure) -> None:
    answer = ask(trusting, assertion(trusting, **given))
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (401, "invalid_client", [code])
    assert told in answer.json()["error_description"]
    assert not trusting.state.tokens


@pytest.mark.parametrize("given", ["", "a", "a.b.c", "e30.W10.e30", "e30.e30.!"])
def test_what_is_no_assertion(given: str, trusting: Azure) -> None:
    answer = ask(trusting, given).json()
    assert answer["error_codes"] == [50027 if given else 7000216]


def test_an_assertion_needs_its_type(trusting: Azure) -> None:
    assert ask(trusting, assertion(trusting), client_assertion_type="").json()["error_codes"] == [900144]


def test_a_federated_token_is_taken(trusting: Azure) -> None:
    assert ask(trusting, logins.federated_token()).ok
    assert ask(trusting, logins.federated_token(logins.key("other"))).json()["error_codes"] == [50013]


# The metadata service -------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(azure: Azure, loop: Any) -> Iterator[str]:
    async def listen() -> web.AppRunner:
        runner = web.AppRunner(MetadataService(azure.state, azure.state.cloud.audiences).app(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = loop.run(listen())
    yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    loop.run(runner.cleanup())


GOOD = {"api-version": "2018-02-01", "resource": "https://management.azure.com"}


@pytest.mark.parametrize(
    ("system", "assigned", "client", "taken"),
    [
        (True, [], None, True),
        (True, ["a", "b"], None, True),
        (True, ["a", "b"], "b", True),
        (True, ["a"], "c", False),
        (False, ["a"], None, True),
        (False, ["a", "b"], None, False),
        (False, [], None, False),
    ],
)
def test_which_identity_a_machine_has(
    system: bool, assigned: list[str], client: str | None, taken: bool, azure: Azure, machine: str
) -> None:
    azure.state.machine.system_assigned = system
    azure.state.machine.user_assigned = set(assigned)
    query = GOOD | ({"client_id": client} if client else {})
    answer = requests.get(machine, params=query, headers={"Metadata": "true"}, timeout=10)
    assert answer.ok is taken
    if taken:
        token = answer.json()["access_token"]
        assert azure.send("GET", f"/subscriptions/{SUBSCRIPTION}", "2022-12-01", token=token).ok
    else:
        assert answer.json() == {"error": "invalid_request", "error_description": "Identity not found"}


@pytest.mark.parametrize(
    ("query", "headers", "told"),
    [
        ({}, {"Metadata": ""}, "Required metadata header not specified"),
        ({}, {"X-Forwarded-For": "192.0.2.1"}, "X-Forwarded-For"),
        ({"api-version": ""}, {}, "'api-version' is missing"),
        ({"resource": ""}, {}, "'resource' is missing"),
        ({"resource": "https://elsewhere.example"}, {}, "AADSTS500011"),
    ],
)
def test_the_metadata_service_refuses(
    query: dict[str, str], headers: dict[str, str], told: str, azure: Azure, machine: str
) -> None:
    azure.state.machine.system_assigned = True
    answer = requests.get(machine, params=GOOD | query, headers={"Metadata": "true"} | headers, timeout=10)
    assert answer.status_code == 400
    assert told in answer.json()["error_description"]
    assert not azure.state.tokens
