# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All recorded traffic, sent to the lab in a state that the recording itself tells.

test_recordings.py prepares single exchanges with care. This file sends everything else: the answer is the same, or it
is 501, because the lab does not simulate the operation. The folder of recordings grows: exchanges without an expected
result are reported as a warning.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from lab.arm.jobs import Job, JobTarget
from lab.arm.records import Vault, VaultCertificate
from lab.arm.state import AzureState
from lab.context import CloudFacts

from .conftest import SERVER, Azure
from .recorded_replicas import replicate_like
from .recorded_setup import set_up_like
from .test_recordings import REPLAYS, Names, shape

pytestmark = pytest.mark.needs("recordings")

Json = dict[str, Any]
SAME, MISSING, ABSENT = "same", "not simulated", "no such object"
# Members that the lab leaves out or empty: details of a job, an error in a state that the recording had before, and
# members that only old api-versions have.
_LEFT_OUT = (
    "error",
    "properties.allowedActions[]",
    "properties.customDetails",
    "properties.errors[]",
    "properties.tasks[]",
    "value[].properties.allowedActions[]",
    "value[].properties.customDetails",
    "value[].properties.failoverHealthErrorDetails",
    "value[].properties.healthErrorDetails[]",
    "properties.failoverHealthErrorDetails",
    "properties.healthErrorDetails[]",
)
# Members of the lab that old api-versions do not have.
_NEWER = ("type", "value[].type", "properties.fabricType", "value[].properties.fabricType")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange of a topic."""

    topic: str
    index: int
    method: str
    path: str
    query: str
    sent: Any
    status: int
    body: Any

    @property
    def key(self) -> tuple[str, int]:
        return self.topic, self.index


def recorded() -> Iterator[Recorded]:
    for file in sorted((Path(os.environ["SITERECOVERY_RECORDINGS"]) / "azure").glob("*.json")):
        for index, entry in enumerate(json.loads(file.read_text(encoding="utf-8")).get("entries") or ()):
            request, response = entry["request"], entry["response"]
            yield Recorded(
                file.stem,
                index,
                request["method"],
                request["path"],
                request.get("query") or "",
                request.get("body"),
                response["status"],
                response.get("body"),
            )


def prepare(azure: Azure, one: Recorded) -> None:
    """Create the resources that the path and the answer name."""
    state, names = azure.state, Names.of(one.path)
    for store in (state.groups, state.vaults, state.accounts, state.networks, state.operations):
        store.clear()
    state.seed_group(names.group or "rg", "eastus")
    kind = names.kind.casefold()
    if kind == "microsoft.network/virtualnetworks" and one.status == 200:
        state.seed_network(names.group, names.name, "eastus", ["10.0.0.0/16"], {"MySubnet": "10.0.0.0/24"})
    if kind == "microsoft.storage/storageaccounts":
        state.seed_account(names.group, names.name, "eastus")
    if kind != "microsoft.recoveryservices/vaults":
        return
    if one.status == 201 or not names.name:
        return
    vault = state.seed_vault(names.group, names.name, "eastus")
    if one.path.endswith(names.name):
        return
    state.certificates["AA"] = _certificate(azure, vault)
    state.register_vmm_server("AA", str(vault.number), SERVER)
    state.hurry()
    vault.jobs.clear()
    _name_like(state, vault, one.path)
    body = one.body if isinstance(one.body, dict) else {}
    set_up_like(azure, vault, one.method, one.path, one.sent, body if one.status == 200 else {})
    replicate_like(azure, vault, one.path, one.sent, body if one.status == 200 else {})
    for policy in body.get("value") or [body]:
        if str(policy.get("id")).split("/")[-2:-1] == ["replicationPolicies"]:
            state.seed_policy(vault, str(policy["name"]))
    for job in body.get("value") or [body]:
        if "scenarioName" in (job.get("properties") or {}):
            made = _job(vault, job)
            vault.jobs[made.id.lower()] = made
    if "percentComplete" in body:
        target = JobTarget("ProtectionEntity", "", "", vault.site_id)
        found = Job(str(body["name"]), "EnableDr", "", _time(None), target, vault.site_id)
        found.state = body["status"]
        found.started = _time(body["startTime"]) if body.get("startTime") else None
        found.ended = _time(body["endTime"]) if body.get("endTime") else None
        vault.jobs[found.id.lower()] = found


def _certificate(azure: Azure, vault: Vault) -> Any:
    return VaultCertificate("AA", vault.id.casefold(), azure.context.clock.now() + timedelta(days=1))


def _name_like(state: AzureState, vault: Vault, path: str) -> None:
    """Give the fabric and its cloud the names of the path, which the real service chose, or make a Hyper-V site."""
    (fabric,) = vault.fabrics.values()
    found = re.search(r"/replicationFabrics/([^/]+)", path, re.IGNORECASE)
    if found and not re.fullmatch(r"[0-9a-f]{64}", found[1]):
        state.seed_site(vault, found[1])
    elif found:
        vault.fabrics.clear()
        fabric.name = found[1]
        vault.fabrics[found[1]] = fabric
    cloud = re.search(r"/replicationProtectionContainers/([^/]+)", path, re.IGNORECASE)
    if cloud:
        facts = next(iter(fabric.containers.values()))
        fabric.containers[cloud[1].lower()] = CloudFacts(cloud[1], facts.name)


def _job(vault: Vault, document: Json) -> Job:
    given = document["properties"]
    begun, ended = given.get("startTime"), given.get("endTime")
    target = JobTarget(given["targetInstanceType"], given["targetObjectId"], given["targetObjectName"], vault.site_id)
    job = Job(str(document["name"]), given["scenarioName"], given["friendlyName"], _time(begun), target, vault.site_id)
    job.state = given["state"]
    job.started, job.ended = (_time(begun) if begun else None), (_time(ended) if ended else None)
    return job


def _time(text: str | None) -> datetime:
    return datetime.fromisoformat((text or "2020-01-01T00:00:00")[:19]).replace(tzinfo=timezone.utc)


def result_of(azure: Azure, one: Recorded) -> str:
    """Send a request again, and describe how the answer differs."""
    prepare(azure, one)
    answer = azure.send(one.method, f"{one.path}?{one.query}", None, one.sent)
    if answer.status_code == 501:
        return MISSING
    error = (answer.json().get("error") or {}) if answer.status_code == 404 else {}
    if one.status == 200 and any(item["code"] == "ArmResourceDoesNotExist" for item in error.get("details") or ()):
        return ABSENT
    if answer.status_code != one.status:
        return f"{answer.status_code} and not {one.status}"
    body = answer.json() if answer.content else None
    if isinstance(body, dict) and body.get("value") == [] and one.body.get("value"):
        return ABSENT
    lost = {line for line in shape(one.body) - shape(body) if not _is_one_of(line, _LEFT_OUT)}
    more = {line for line in shape(body) - shape(one.body) if not _is_one_of(line, _NEWER + _LEFT_OUT)}
    return SAME if not lost | more else f"lost {sorted(lost)[:4]}, more {sorted(more)[:4]}"


def _is_new(one: Recorded) -> bool:
    return one.key[1] >= ASSESSED.get(one.key[0], 0)


def _result(azure: Azure, one: Recorded) -> str:
    """Return the result of an exchange. A new one may have a form for which nothing can be prepared."""
    try:
        return result_of(azure, one)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if not _is_new(one):
            raise
        return f"cannot be prepared ({type(error).__name__}: {error})"


def _is_one_of(line: str, names: tuple[str, ...]) -> bool:
    return line.startswith(tuple(f"{name}{mark}" for name in names for mark in (":", ".", "[")))


# Reasons for which an answer differs.
_POLL = "the polling address of a lab's own operation has a signature; the tests of the operations follow it"
_POLICY = "a policy of another kind, or with a storage account"
_SITE = "the encryption of a server without a key is not simulated"
_OLD_VAULT = "an api-version of 2016 shows fewer members, and deletes at once"
_OLD_PLAN = "an api-version of 2016 does not show the details of a provider"
_USED = "a network in use by a machine; test_recordings.py has networks"
KNOWN: dict[tuple[str, int], str] = {
    ("association-jobs", 1): "a mapping between two VMM servers",
    ("association-jobs", 18): "a failover between two VMM servers",
    ("association-jobs", 8): "the server is a VMware one, with another Provider",
    ("disable-and-remove", 3): "a machine between two VMM servers",
    ("disable-and-remove", 7): "an api-version of 2016 after a failover shows other members",
    ("disable-and-remove", 21): "a policy between two VMM servers",
    ("providers", 4): "a Provider of 2018 shows an identity",
    ("vault-certificate", 0): "the certificate was removed from the recording; test_recordings.py has whole ones",
    **dict.fromkeys(
        [("hyperv-site", 4), ("managed-disks", 0), ("policies", 7), ("policies", 11), ("policies", 12)], _POLICY
    ),
    **dict.fromkeys([("fabrics", 4), ("hyperv-site", 0)], _SITE),
    **dict.fromkeys([("vault", 2), ("vault", 3), ("vault", 6)], _POLL),
    **dict.fromkeys([("virtual-network", index) for index in (1, 4, 7, 8)], _POLL),
    **dict.fromkeys([("virtual-network", 0), ("virtual-network", 2)], _USED),
    **dict.fromkeys([("recovery-plans", 12), ("recovery-plans", 17)], _OLD_PLAN),
    **dict.fromkeys([("vault", 9), ("vault", 13)], _OLD_VAULT),
}
# The exchanges of each topic that were assessed. Later ones are reported.
ASSESSED = {
    "association-jobs": 31,
    "disable-and-remove": 43,
    "fabrics": 8,
    "failures": 3,
    "hyperv-site": 44,
    "jobs-and-health": 9,
    "managed-disks": 10,
    "network-mapping": 10,
    "networks": 2,
    "policies": 13,
    "protectable-items": 6,
    "protected-items": 12,
    "protection-containers": 3,
    "providers": 5,
    "recovery-plans": 21,
    "resource-group-and-roles": 6,
    "vault-certificate": 1,
    "vault-empty-lists": 10,
    "vault": 15,
    "virtual-network": 15,
}


def test_all_recorded_traffic_is_answered_alike_or_not_simulated(azure: Azure) -> None:
    prepared = {(replay.topic, replay.index) for replay in REPLAYS}
    exchanges = [one for one in recorded() if one.key not in prepared]
    results = {one.key: _result(azure, one) for one in exchanges}
    good = (SAME, MISSING, ABSENT)
    different = {key: result for key, result in results.items() if result not in good}
    new = {one.key for one in exchanges if _is_new(one)}
    assert {key: result for key, result in different.items() if key not in KNOWN and key not in new} == {}
    assert {key for key in KNOWN if key not in different} == set()
    assert sum(result == SAME for result in results.values()) >= 110
    if new:
        lines = [f"{topic} {index}: {results[topic, index]}" for topic, index in sorted(new)]
        warnings.warn(f"recorded exchanges without an expected result: {'; '.join(lines)}", stacklevel=1)
