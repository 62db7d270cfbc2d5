# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The removal of a VMM server from its vault: clean, or without a word to the server."""

from __future__ import annotations

from typing import Any

import pytest

from lab.context import ReplicationRefused

from .conftest import Azure
from .replicas import CORP, Site, associate, machine, make_site

VERSION = "2025-08-01"


@pytest.fixture
def site(slow: Azure) -> Site:
    found = make_site(slow, machine(1, "web01"))
    found.vault.associations.clear()
    return found


def send(site: Site, method: str, *, provider: bool = False) -> str:
    path = f"{site.vault.site_id}/replicationFabrics/{site.fabric.name}"
    if provider:
        path += f"/replicationRecoveryServicesProviders/{site.fabric.server.vmm_id.lower()}"
    verb = "/remove" if method == "POST" else ""
    answer = site.azure.send(method, path + verb, VERSION)
    assert answer.status_code == 202, answer.text
    return answer.headers["Azure-AsyncOperation"].split("?")[0].rsplit("/", 1)[-1]


def ended(site: Site, name: str) -> dict[str, Any]:
    for _ in range(8):
        site.azure.state.hurry()
    path = f"{site.vault.site_id}/replicationJobs/{name}"
    return dict(site.azure.send("GET", path, VERSION).json()["properties"])


@pytest.mark.parametrize("provider", [False, True], ids=["by itself", "by its Provider"])
@pytest.mark.parametrize(("method", "scenario", "told"), [("POST", "UnregisterFabric", 1), ("DELETE", "PurgeVMM", 0)])
def test_a_server_is_removed_and_only_a_purge_leaves_it_alone(
    site: Site, method: str, scenario: str, told: int, provider: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(site.fabrics, "unregister", calls.append)
    job = ended(site, send(site, method, provider=provider))
    assert (job["scenarioName"], job["state"], job["targetInstanceType"]) == (scenario, "Succeeded", "Server")
    assert (site.vault.fabrics, len(calls)) == ({}, told)


def _associated(site: Site) -> None:
    associate(site.vault)


def _mapped(site: Site) -> None:
    site.vault.network_mappings[(CORP.id.lower(), "map")] = {}


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(("use", "words"), [(_associated, "1 associated policies"), (_mapped, "1 network mappings")])
def test_a_server_in_use_stays(site: Site, method: str, use: Any, words: str) -> None:
    use(site)
    job = ended(site, send(site, method))
    assert job["state"] == "Failed"
    assert words in job["errors"][0]["serviceErrorDetails"]["message"]
    assert next(task["state"] for task in job["tasks"]) == "Failed"
    assert len(site.vault.fabrics) == 1


@pytest.mark.parametrize("known", [True, False], ids=["lost connection", "no answer"])
def test_a_server_that_is_not_connected_is_only_purged(
    site: Site, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_vmm_id: str) -> None:
        raise ReplicationRefused("25018", 0, "The server is not connected.")

    site.fabric.connected = not known
    monkeypatch.setattr(site.fabrics, "unregister", refuse)
    job = ended(site, send(site, "POST"))
    assert (job["state"], job["errors"][0]["serviceErrorDetails"]["code"]) == ("Failed", "25018")
    assert ended(site, send(site, "DELETE"))["state"] == "Succeeded"
