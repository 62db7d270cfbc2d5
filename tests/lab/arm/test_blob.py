# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blob endpoint of an account: its service properties for clients with a key of the account."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
import requests

from lab.arm import blob

from .conftest import Azure

HOST = "account1.blob.core.windows.net"
VERSION = "2025-07-05"


@pytest.fixture(name="key")
def _key(azure: Azure) -> str:
    azure.state.seed_account("rg", "account1", "westeurope", soft_delete=True)
    return str(azure.storage.storage_accounts.list_keys("rg", "account1")["keys"][0]["value"])


def ask(azure: Azure, key: str, *, host: str = HOST, comp: str = "properties") -> requests.Response:
    headers = {"Host": host, "x-ms-version": VERSION, "x-ms-date": "Fri, 26 Jun 2026 23:39:12 GMT"}
    account = host.partition(".")[0]
    text = blob.string_to_sign("GET", account, "/", {"restype": "service", "comp": comp}, headers)
    headers["Authorization"] = f"SharedKey {account}:{blob.sign(text, key)}"
    address = f"{azure.server.base_url}/?restype=service&comp={comp}"
    return requests.get(address, headers=headers, verify=azure.ca, timeout=10)


def test_the_text_that_a_key_signs_is_that_of_the_documentation() -> None:
    """The example of Authorize with Shared Key: Get Container Metadata."""
    headers = {"x-ms-version": "2015-02-21", "x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT", "Content-Length": "0"}
    query = {"restype": "container", "comp": "metadata", "timeout": "20"}
    assert blob.string_to_sign("GET", "myaccount", "/mycontainer", query, headers) == (
        "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
        "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
    )


def test_service_properties_say_what_resource_manager_says(azure: Azure, key: str) -> None:
    answer = ask(azure, key)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml")
    root = ElementTree.fromstring(answer.content)
    assert root.tag == "StorageServiceProperties"
    assert [root.findtext(f"DeleteRetentionPolicy/{name}") for name in ("Enabled", "Days")] == ["true", "7"]
    assert root.findtext("StaticWebsite/Enabled") == "false"
    assert azure.context.journal.counts["storage.blob"] == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"key": "AAAA"}, 403, "AuthenticationFailed"),
        ({"host": "account2.blob.core.windows.net"}, 404, "ResourceNotFound"),
        ({"comp": "stats"}, 400, "InvalidQueryParameterValue"),
    ],
    ids=["a key of somebody else", "no such account", "nothing that is served here"],
)
def test_refusals(azure: Azure, key: str, change: dict[str, str], status: int, code: str) -> None:
    answer = ask(azure, **{"key": key, **change})
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (status, code)
    assert ElementTree.fromstring(answer.content).findtext("Code") == code


def test_resource_manager_is_found_under_every_other_name(azure: Azure) -> None:
    assert [blob.account_of(host) for host in (HOST, f"{HOST}:443", "127.0.0.1:4711", "management.azure.com")] == [
        "account1",
        "account1",
        None,
        None,
    ]
