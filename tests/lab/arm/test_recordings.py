# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded traffic of the real service, sent again: the same status, the same headers, the same shape of the body.

The recordings are those that Azure CLI, its extensions and Azure PowerShell publish with their tests, one JSON file for
each topic; SITERECOVERY_RECORDINGS names the folder (`azure/<topic>.json` with `entries` of source, request, response).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab.context import CloudFacts, VmmServerFacts, VmNetworkFacts

from .conftest import Azure

pytestmark = pytest.mark.needs("recordings")

Json = dict[str, Any]
Prepare = Callable[[Azure, "Names"], None]


@dataclass(frozen=True, slots=True)
class Names:
    """The resources in a recorded path."""

    group: str
    kind: str = ""
    name: str = ""

    @classmethod
    def of(cls, path: str) -> Names:
        found = re.match(
            r"/subscriptions/[^/]+/resourceGroups/([^/]+)(?:/providers/([^/]+/[^/]+)/([^/]+))?", path, re.I
        )
        return cls(*(part or "" for part in found.groups())) if found else cls("")


def nothing(azure: Azure, names: Names) -> None:
    """Create an empty group."""
    azure.state.seed_group(names.group, "westus")


def empty(azure: Azure, names: Names) -> None:
    """Create no resource at all."""


def group_with_tags(azure: Azure, names: Names) -> None:
    azure.state.seed_group(names.group, "eastus", {"CreatedOnDate": "2023-08-11T07:03:00.9604999Z"})


def vault_in(location: str) -> Prepare:
    def prepare(azure: Azure, names: Names) -> None:
        vault = azure.state.seed_vault(names.group, names.name, location)
        vault.document["properties"]["monitoringSettings"] = {
            "azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"},
            "classicAlertSettings": {"alertsForCriticalOperations": "Enabled"},
        }

    return prepare


def registered(
    *clouds: str, named: str = "9a54cf2c-9ea0-48ca-82e9-70fbff7771e7", networks: tuple[VmNetworkFacts, ...] = ()
) -> Prepare:
    """Create a vault with a VMM server that has published clouds."""

    def prepare(azure: Azure, names: Names) -> None:
        vault = azure.state.seed_vault(names.group, names.name, "eastus")
        answer = azure.recovery.vault_certificates.create(names.group, names.name, "CN=x", {})
        assert answer.properties is not None
        facts = tuple(
            CloudFacts(f"{number}a61894df-5760-42cb-ae76-b852ccd9f8ec", name) for number, name in enumerate(clouds)
        )
        server = VmmServerFacts(named, "host01", "host01.contoso.example", "5.1.2300.0", "3.2.8228.0", facts, networks)
        azure.state.register_vmm_server(str(answer.properties.thumbprint), str(vault.number), server)

    return prepare


def policy(azure: Azure, names: Names) -> None:
    """Create a vault with the recorded policy."""
    vault = azure.state.seed_vault(names.group, names.name, "eastus")
    azure.state.seed_policy(vault, "cli-test-policy-H2A-E2A-1")


CORP = VmNetworkFacts("68A19C46-18A9-47EC-9829-E814038FF99D", "corp")
VIRTUAL = VmNetworkFacts("5C", "VN-Corp-1", "WindowsNetworkVirtualization", (("subnet-lorem-1", "192.168.1.0/24"),))


def network(
    location: str, name: str | None = None, *, prefix: str = "10.0.0.0/16", subnets: dict[str, str], used: bool = False
) -> Prepare:
    def prepare(azure: Azure, names: Names) -> None:
        azure.state.seed_network(names.group, name or names.name, location, [prefix], subnets)
        if used:
            azure.state.seed_subnet_user(names.group, name or names.name, next(iter(subnets)))

    return prepare


@dataclass(frozen=True, slots=True)
class Replay:
    """One recorded exchange, and the state in which the test sends it again.

    `absent`: members and headers that the recording has and the lab does not, with the reason at the case.
    `more`: members that the lab has and the (older) recording does not.
    """

    topic: str
    index: int
    prepare: Prepare
    absent: frozenset[str] = field(default_factory=frozenset)
    more: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return f"{self.topic}-{self.index}"


_OLD_VAULT = frozenset(
    {
        "properties.privateEndpointStateForBackup",
        "properties.privateEndpointStateForSiteRecovery",
        "properties.publicNetworkAccess",
        "properties.restoreSettings",
        "properties.backupStorageVersion",
        "properties.securitySettings",
    }
)
_NEWER_NETWORK = frozenset({"properties.privateEndpointVNetPolicies"})
# Pools of addresses: a part of newer networks that the lab leaves out.
_POOLS = frozenset(
    {"properties.addressSpace.ipamPoolPrefixAllocations", "properties.subnets[].properties.ipamPoolPrefixAllocations"}
)
_SUBNET = {"MySubnet": "10.0.0.0/24"}

REPLAYS = (
    Replay("vault", 0, nothing),
    Replay("vault", 1, nothing),
    Replay("vault", 4, vault_in("eastus2euap")),
    Replay("vault", 5, nothing),
    Replay("vault", 7, vault_in("eastus")),
    Replay("vault", 8, vault_in("eastus")),
    Replay("vault", 10, vault_in("westus"), more=_OLD_VAULT | {"properties.monitoringSettings"}),
    Replay("vault", 12, nothing),
    Replay("vault", 14, vault_in("eastus")),
    *(Replay("vault-empty-lists", index, vault_in("eastus")) for index in range(10)),
    Replay("fabrics", 0, registered()),
    Replay("fabrics", 5, registered(), absent=frozenset({"value[].properties.failoverHealthErrorDetails"})),
    Replay("providers", 0, registered()),
    Replay("protection-containers", 0, registered("NotSend", "ForAzure", "C1")),
    Replay("protection-containers", 1, registered("AcsToAadMigrationCloud", "primary")),
    Replay("networks", 0, registered(networks=(CORP,))),
    Replay("networks", 1, registered(networks=(CORP, VIRTUAL))),
    Replay("policies", 3, policy),
    Replay("jobs-and-health", 1, vault_in("eastus")),
    Replay("jobs-and-health", 4, vault_in("eastus")),
    Replay("resource-group-and-roles", 0, group_with_tags),
    Replay("resource-group-and-roles", 1, empty),
    # The oldest api-version leaves the type out.
    Replay("resource-group-and-roles", 2, empty, more=frozenset({"type"})),
    Replay("virtual-network", 3, network("eastus", subnets=_SUBNET), more=_NEWER_NETWORK),
    Replay("virtual-network", 5, network("eastus", subnets=_SUBNET), more=_NEWER_NETWORK),
    Replay("virtual-network", 6, nothing, absent=_POOLS),
    Replay("virtual-network", 9, network("westus", subnets=_SUBNET)),
    Replay("virtual-network", 10, network("westus", subnets={"subnet1": "10.0.0.0/24"})),
    Replay("virtual-network", 11, network("westus", subnets=_SUBNET)),
    Replay("virtual-network", 12, nothing),
    Replay("virtual-network", 13, network("westus", subnets=_SUBNET)),
    Replay("virtual-network", 14, network("westus", subnets=_SUBNET, used=True)),
)

# Lengths differ with the content; the counters of newer regions have other names.
_FREE_HEADERS = {"content-length", "content-type"}


def entry(replay: Replay) -> Json:
    path = Path(os.environ["SITERECOVERY_RECORDINGS"]) / "azure" / f"{replay.topic}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))["entries"][replay.index])


@pytest.mark.parametrize("replay", REPLAYS, ids=str)
def test_the_lab_answers_like_the_recording(azure: Azure, replay: Replay) -> None:
    recorded = entry(replay)
    request, response = recorded["request"], recorded["response"]
    replay.prepare(azure, Names.of(request["path"]))
    path = _own_fabric(azure, request["path"])
    answer = azure.send(request["method"], f"{path}?{request['query']}", None, request.get("body"))
    assert answer.status_code == response["status"], answer.text
    assert not set(_missing_headers(response["headers"], {name.lower() for name in answer.headers}))
    body = answer.json() if answer.content else None
    lost, extra = shape(response["body"]) - shape(body), shape(body) - shape(response["body"])
    assert {name for name in lost if not _covered(name, replay.absent)} == set()
    assert {name for name in extra if not _covered(name, replay.more)} == set()
    if "error" in (response["body"] or {}):
        assert body is not None
        assert body["error"]["code"] == response["body"]["error"]["code"]
        assert body["error"]["message"] == response["body"]["error"]["message"] or "nic" in body["error"]["message"]


def _own_fabric(azure: Azure, path: str) -> str:
    """Replace the recorded name of a fabric, which the service chooses, by the lab's."""
    fabrics = [fabric.name for vault in azure.state.vaults.values() for fabric in vault.fabrics.values()]
    return re.sub(r"(/replicationFabrics/)[0-9a-f]{64}", rf"\g<1>{fabrics[0]}", path) if fabrics else path


def _missing_headers(wanted: dict[str, str], given: set[str]) -> Iterator[str]:
    for name in wanted:
        counted = name.startswith("x-ms-ratelimit-remaining")
        if name not in given | _FREE_HEADERS and not counted:
            yield name
    if any(name.startswith("x-ms-ratelimit") for name in wanted) and not any(
        name.startswith("x-ms-ratelimit") for name in given
    ):
        yield "x-ms-ratelimit"


def shape(value: Any, where: str = "") -> set[str]:
    """Return the members with their kinds. Values and the lengths of lists do not matter; tags are content."""
    if isinstance(value, dict):
        found: set[str] = set()
        for name, item in value.items():
            inner = f"{where}.{name}" if where else name
            found |= {f"{inner}: object"} if name == "tags" else shape(item, inner)
        return found | ({f"{where}: object"} if where else set())
    if isinstance(value, list):
        return {f"{where}: list"}.union(*(shape(item, f"{where}[]") for item in value))
    return {f"{where}: {'null' if value is None else type(value).__name__}"}


def _covered(line: str, names: frozenset[str]) -> bool:
    return any(line.startswith((f"{name}:", f"{name}.", f"{name}[]")) for name in names)


def test_a_hyper_v_site_is_shown_as_recorded(azure: Azure) -> None:
    path = Path(os.environ["SITERECOVERY_RECORDINGS"]) / "azure" / "fabrics.json"
    entries = json.loads(path.read_text(encoding="utf-8"))["entries"]
    (entry,) = (entry for entry in entries if (entry["response"].get("body") or {}).get("name") == "ReleaseFabric")
    names = Names.of(entry["request"]["path"])
    site = azure.state.seed_site(azure.state.seed_vault(names.group, names.name, "westus"), "ReleaseFabric")
    place = re.sub(
        r"(?i)^/subscriptions/[^/]+", f"/Subscriptions/{azure.context.login.subscription_id}", entry["request"]["path"]
    )
    answer = azure.send("GET", place, "2018-01-10")
    recorded = entry["response"]["body"]
    assert answer.status_code == entry["response"]["status"]
    # Only the oldest version has it.
    assert shape(recorded) - shape(answer.json()) == {"properties.failoverHealthErrorDetails: list"}
    assert shape(answer.json()) <= shape(recorded)
    recorded["properties"].pop("failoverHealthErrorDetails")
    assert answer.json()["properties"] == {**recorded["properties"], "internalIdentifier": site.identifier}


def test_a_client_made_certificate_is_answered_as_recorded(azure: Azure) -> None:
    folder = Path(os.environ["SITERECOVERY_RECORDINGS"]) / "vault-credentials"
    for name in ("certificates-put-aad-client-made-2017-06.json", "certificates-put-aad-client-made-2017-11.json"):
        [exchange] = json.loads((folder / name).read_text(encoding="utf-8"))["exchanges"]
        request, response = exchange["request"], exchange["response"]
        names = Names.of(request["path"])
        azure.state.seed_vault(names.group, names.name, "westus")
        path = re.sub(
            r"(?i)^/subscriptions/[^/]+", f"/Subscriptions/{azure.context.login.subscription_id}", request["path"]
        )
        answer = azure.send("PUT", f"{path}?{request['query']}", None, request["body"])
        assert answer.status_code == response["status"]
        body = answer.json()
        # The audience came with later versions.
        assert shape(body) - shape(response["body"]) == {"properties.aadAudience: str"}
        assert shape(response["body"]) <= shape(body)
        for same in ("certificate", "thumbprint", "subject", "issuer", "friendlyName", "authType", "aadAuthority"):
            assert body["properties"][same] == response["body"]["properties"][same]


def test_extended_information_comes_and_goes_as_recorded(azure: Azure) -> None:
    folder = Path(os.environ["SITERECOVERY_RECORDINGS"]) / "vault-credentials"
    for exchange in json.loads((folder / "extended-info-create-2017.json").read_text(encoding="utf-8"))["exchanges"]:
        request, response = exchange["request"], exchange["response"]
        names = Names.of(request["path"])
        if not azure.state.vaults:
            azure.state.seed_vault(names.group, names.name, "westus")
        path = re.sub(
            r"^/subscriptions/[^/]+", f"/subscriptions/{azure.context.login.subscription_id}", request["path"]
        )
        answer = azure.send(request["method"], f"{path}?{request['query']}", None, request["body"])
        assert (answer.status_code, shape(answer.json())) == (response["status"], shape(response["body"]))
