# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses to call (S2, P6d, H6), and the stage at which a call fails: DNS, TCP, TLS, login, proxy."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.endpoints import (
    ENVIRONMENTS,
    addresses,
    explain,
    purpose_of,
    stage_of,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import ConnectivityFacts
from tests.unit.plugins.module_utils.model.windows import observations as seen


@pytest.mark.parametrize(
    ("cloud", "accounts", "more", "hosts"),
    [
        ("AzureCloud", [], [], "login.microsoftonline.com backup.windowsazure.com"),
        (
            "AzureUSGovernment",
            ["a12"],
            [],
            "login.microsoftonline.us backup.windowsazure.us a12.blob.core.usgovcloudapi.net",
        ),
        ("AzureChinaCloud", [], [], "login.chinacloudapi.cn login.microsoftonline.cn backup.windowsazure.cn"),
        (
            "AzureCloud",
            [],
            ["x.test", "HTTPS://y.test:8443/a", "https://X.test/b", "Backup.windowsazure.com"],
            "login.microsoftonline.com backup.windowsazure.com x.test y.test:8443/a",
        ),
    ],
)
def test_addresses_of_each_environment(cloud: str, accounts: list[str], more: list[str], hosts: str) -> None:
    assert addresses(cloud, accounts, more) == tuple(f"https://{host}" for host in hosts.split())


def test_a_server_that_registers_calls_the_host_that_keys_name() -> None:
    assert addresses("AzureCloud", registers=True)[:2] == (
        "https://login.microsoftonline.com",
        "https://login.windows.net",
    )
    assert len(addresses("AzureUSGovernment", registers=True)) == 2


@pytest.mark.parametrize("text", ["", "http://x.test", "https://", "https:///x", "x y", "*.x.test", "ftp://x", "x\n"])
def test_an_invalid_address_is_rejected(text: str) -> None:
    with pytest.raises(InvalidInput, match="endpoints must be https addresses"):
        addresses("AzureCloud", [], [text])


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        ("azureusgovernment", "login.microsoftonline.us"),
        ("AZURE_CHINA_CLOUD", "login.chinacloudapi.cn"),
        ("https://management.contoso.example", "login.microsoftonline.com"),
    ],
)
def test_a_cloud_is_given_as_in_the_modules_for_azure(cloud: str, host: str) -> None:
    assert f"https://{host}" in addresses(cloud)


def test_an_unknown_cloud_is_rejected() -> None:
    with pytest.raises(InvalidInput, match="cloud_environment: 'AzureGermany' is not a known cloud"):
        addresses("AzureGermany")


@pytest.mark.parametrize("cloud", ENVIRONMENTS)
def test_every_address_of_an_environment_has_its_purpose(cloud: str) -> None:
    known = ENVIRONMENTS[cloud]
    assert {purpose_of(host) for host in known.sign_in} == {"sign-in"}
    assert {purpose_of(known.backup), purpose_of(f"x.{known.backup}")} == {"data"}
    assert (purpose_of(f"x.{known.control}"), purpose_of(f"x.{known.blob}")) == ("control-plane", "storage")
    assert (purpose_of("x.siterecovery.windowsazure.com"), purpose_of("x.test")) == ("control-plane", "endpoint")


PROXY = {"via": "http://p:1"}
STAGES: list[tuple[str | None, dict[str, Any], str]] = [
    (None, {"status": 200, "failure": None}, "x.test responds directly"),
    (None, {"status": 503, "failure": "ProtocolError", **PROXY}, "x.test responds through the proxy http://p:1"),
    (None, {"status": 200, "failure": None, "via": "system"}, "x.test responds through the system proxy"),
    ("dns", {"failure": "NameResolutionFailure"}, "x.test does not resolve on this machine"),
    ("dns", {"failure": "HostNotFound"}, "x.test does not resolve"),
    ("proxy-dns", {"failure": "HostNotFound", **PROXY}, "the name of the proxy http://p:1 does not resolve"),
    ("proxy-dns", {"failure": "ProxyNameResolutionFailure", **PROXY}, "the name of the proxy"),
    (
        "proxy-dns",
        {"failure": "HostNotFound", "via": "system"},
        "the name of the system proxy does not resolve on this machine; correct the proxy in the settings of Windows",
    ),
    ("tcp", {"failure": "ConnectFailure"}, "x.test does not accept connections on port 443; allow the connection"),
    (
        "tcp",
        {"failure": "ConnectionRefused", **PROXY},
        "the proxy http://p:1 does not accept connections; correct O(proxy.address)",
    ),
    ("tls", {"failure": "TrustFailure"}, "the TLS handshake with x.test fails (TrustFailure); exclude it"),
    ("tls", {"failure": "SecureChannelFailure"}, "the TLS handshake with x.test fails"),
    ("tls", {"failure": "AuthenticationFailure", **PROXY}, "the TLS handshake with x.test fails"),
    ("tls", {"failure": "SendFailure"}, "the TLS handshake with x.test fails"),
    (
        "login",
        {"failure": "ProtocolError", "status": 407, "from_proxy": True, **PROXY},
        "the proxy http://p:1 rejects the login (407); correct",
    ),
    (
        "proxy",
        {"status": 403, "from_proxy": True, **PROXY},
        "the proxy http://p:1 blocks x.test (status 403); allow",
    ),
    ("late", {"failure": "Deadline"}, "x.test does not respond in time directly"),
    ("late", {"failure": "Timeout", **PROXY}, "x.test does not respond in time through the proxy http://p:1"),
]


@pytest.mark.parametrize(("stage", "changed", "words"), STAGES)
def test_the_stage_of_a_failed_call(stage: str | None, changed: dict[str, Any], words: str) -> None:
    found = ConnectivityFacts.from_observation(seen.failed_call("x.test", **changed))
    assert stage_of(found) == stage
    assert "; ".join(explain(found)).startswith(words)


@pytest.mark.parametrize(
    ("changed", "skew"),
    [
        ({}, 1.0),
        ({"clock": "2026-03-01T11:59:00Z"}, -60.0),
        ({"date": "Sun, 01 Mar 2026 14:00:00 +0200"}, 1.0),
        ({"date": "Sun, 01 Mar 2026 12:00:00 -0000"}, 1.0),
        ({"date": "yesterday"}, None),
        ({"date": None}, None),
        ({"status": 407, "from_proxy": True}, None),
    ],
)
def test_the_skew_that_a_response_shows(changed: dict[str, Any], skew: float | None) -> None:
    assert ConnectivityFacts.from_observation(seen.call(**changed)).skew == skew
