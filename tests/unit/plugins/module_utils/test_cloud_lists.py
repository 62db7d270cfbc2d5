# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud metadata in the form of a list: only the cloud of the asked host counts, because a secret is sent to it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import clouds
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import RemoteFailure

PATH = "/metadata/endpoints?api-version=2022-09-01"


def cloud(name: str, manager: str, login: str) -> dict[str, Any]:
    return {
        "name": name,
        "resourceManager": f"https://{manager}",
        "authentication": {"loginEndpoint": f"https://{login}", "audiences": [f"https://{manager}"]},
    }


ALL = [
    cloud("AzureCloud", "management.azure.com", "login.microsoftonline.com"),
    cloud("AzureChinaCloud", "management.chinacloudapi.cn", "login.chinacloudapi.cn"),
    cloud("AzureUSGovernment", "management.usgovcloudapi.net", "login.microsoftonline.us"),
]


@pytest.mark.parametrize("wanted", ALL, ids=lambda each: each["name"])
def test_the_cloud_of_the_asked_host_is_taken(wanted: dict[str, Any]) -> None:
    found = clouds.from_metadata(wanted["resourceManager"].replace("management.", "Management.") + PATH, ALL)
    assert (found.name, found.resource_manager, found.authority) == (
        wanted["name"],
        wanted["resourceManager"],
        wanted["authentication"]["loginEndpoint"],
    )


@pytest.mark.parametrize("entries", [ALL, ALL[:1]])
def test_another_host_gets_no_secret(entries: list[dict[str, Any]]) -> None:
    with pytest.raises(RemoteFailure, match=r"lists the clouds AzureCloud.*, and none of them has its"):
        clouds.from_metadata(f"https://management.local.example{PATH}", entries)


def test_a_list_of_other_values_is_not_metadata() -> None:
    with pytest.raises(RemoteFailure, match=r"did not answer with a cloud metadata document"):
        clouds.from_metadata(f"https://management.local.example{PATH}", ["AzureCloud"])
