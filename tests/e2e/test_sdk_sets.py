# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every Azure module with every set of SDKs, and check all requests and responses.

site.yml does not change existing resources, so these tests send each kind of write with each set.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.failover import CONSENT
from lab.arm.plan_records import RecoveryPlan
from lab.arm.records import VaultCertificate
from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab
from tests.gates.test_resources import AZURE
from tests.lab.arm.replicas import SERVER
from tests.support import modules, protection
from tests.support.estate import Estate

GROUP = {"resource_group": "rg-sets"}
# A vault with a VMM server, in which clouds and networks are paired.
PAIRED = {"vault_name": "vault-paired", "resource_group": "rg-paired"}
# A vault with a protected machine.
PROTECTED = {"vault_name": protection.VAULT, "resource_group": protection.GROUP}
CREATED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("vault", {"name": "vault-sets", "location": "westeurope", "create_resource_group": True}),
    ("storage_account", {"name": "stsets", "location": "westeurope"}),
    ("virtual_network", {"name": "vnet-sets", "location": "westeurope", "address_prefixes": ["10.9.0.0/16"]}),
    ("replication_policy", {**PAIRED, "name": "gold"}),
    ("policy_association", {**PAIRED, "policy": "gold", "clouds": ["Gold"]}),
    ("network_mapping", {**PAIRED, "vm_network": "corp", "azure_network": "vnet-one"}),
    ("recovery_plan", {**PROTECTED, "name": "shop", "groups": [{"machines": ["web01"]}]}),
    ("test_failover", {**PROTECTED, "machines": ["web01"], "without_network": True}),
    ("test_failover", {**PROTECTED, "recovery_plan": "shop", "without_network": True}),
)
UPDATED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("vault", {"name": "vault-sets", "location": "westeurope", "tags": {"a": "1"}}),
    ("storage_account", {"name": "stsets", "location": "westeurope", "tags": {"a": "1"}}),
    ("virtual_network", {"name": "vnet-sets", "location": "westeurope", "tags": {"a": "1"}}),
    (
        "virtual_network",
        {
            "name": "vnet-sets",
            "location": "westeurope",
            "subnets": [{"name": "machines", "address_prefix": "10.9.1.0/24"}],
        },
    ),
    ("replication_policy", {**PAIRED, "name": "gold", "copy_frequency": 30}),
    ("network_mapping", {**PAIRED, "vm_network": "corp", "azure_network": "vnet-two"}),
    ("recovery_plan", {**PROTECTED, "name": "shop", "groups": [{"machines": []}, {"machines": ["web01"]}]}),
)
#: Steps of a failover, each with the place of its machine before it. The tasks do not wait for their jobs.
STEPS = (
    ("failed_over", None, "sql01"),
    ("committed", "failed_over", "app01"),
    ("failed_back", "failover_committed", "app02"),
    ("reversed", "failback_committed", "app03"),
)
STARTED: tuple[tuple[str, dict[str, Any]], ...] = tuple(
    (
        "failover",
        {
            **PROTECTED,
            **subject,
            "state": state,
            "kind": "unplanned",
            CONSENT: protection.VAULT,
            "wait_timeout": 0,
        },
    )
    for state, _place, name in STEPS
    for subject in ({"machines": [name]}, {"recovery_plan": f"plan-{name}"})
)
READ: tuple[tuple[str, dict[str, Any]], ...] = (
    ("vault_info", {}),
    ("target_info", {"vault_name": "vault-sets"}),
    ("vmm_server_info", {"vault_name": "vault-sets"}),
    ("azure_assumption_info", {"vault_name": "vault-sets"}),
    ("azure_symptom_info", {"vault_name": "vault-sets"}),
    ("protectable_vm_info", {"vault_name": "vault-sets", "clouds": []}),
    ("job_info", {"vault_name": "vault-sets"}),
    ("removal_info", {"vault_name": "vault-sets", "details": True}),
    ("protected_vm", {**PROTECTED, "cloud": protection.CLOUD.name, "machines": [{"name": "web01"}]}),
    # A server that is not in the vault.
    ("vmm_server", {"vault_name": "vault-sets", "name": "vmm09.example.com", "state": "absent"}),
)


@dataclass(frozen=True)
class Results:
    """The results of the calls in their order. The key comes last."""

    created: list[dict[str, Any]]
    started: list[dict[str, Any]]
    updated: list[dict[str, Any]]
    again: list[dict[str, Any]]
    read: list[dict[str, Any]]
    key: dict[str, Any]


def login(lab: Lab) -> dict[str, Any]:
    given = lab.context.login
    return {
        "subscription_id": given.subscription_id,
        "tenant": given.tenant,
        "client_id": given.client_id,
        "secret": given.secret,
        "cloud_environment": f"{lab.arm_url}/metadata/endpoints?api-version=2022-09-01",
        "ca_bundle": str(lab.authority_path),
    }


def pair(lab: Lab) -> None:
    """Create the vault with a server, and the networks of Azure for its VM network."""
    state, group = lab.azure, PAIRED["resource_group"]
    vault = state.seed_vault(group, PAIRED["vault_name"], "westeurope")
    tomorrow = lab.context.clock.now() + timedelta(days=1)
    state.certificates["AA"] = VaultCertificate("AA", vault.id.casefold(), tomorrow)
    state.register_vmm_server("AA", str(vault.number), SERVER)
    state.hurry()
    for name in ("vnet-one", "vnet-two"):
        state.seed_network(group, name, "westeurope", ["10.8.0.0/16"], {"a": "10.8.0.0/24"})


def replicate(lab: Lab) -> None:
    """Create the vault with protected machines, some of which are on the way to Azure and back."""
    names = [part for _state, _place, name in STEPS for part in (name, f"plan-{name}")]
    protected = protection.protect(lab.azure, "web01", *names)
    estate = Estate()
    estate.add(*(item.machine for item in protected.vault.items.values()))
    lab.context.fabric = estate
    for _state, place, name in STEPS:
        for part in (name, f"plan-{name}"):
            if place:
                protected.move(part, place)
        group = protection.boot_group(protected, f"plan-{name}")
        protected.vault.plans[f"plan-{name}"] = RecoveryPlan(f"plan-{name}", protected.fabric.name, [group])


@pytest.fixture(scope="module")
def results(cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Results:
    lab = make_shared_lab()
    pair(lab)
    replicate(lab)
    folder = tmp_path_factory.mktemp("sets")
    key = ("vault_registration_key", {"vault_name": "vault-sets", "path": str(folder / "a.VaultCredentials")})
    calls = (*CREATED, *STARTED, *UPDATED, *UPDATED, *READ, key)
    common = {**login(lab), **GROUP, "_ansible_remote_tmp": str(folder)}
    done = subprocess.run(
        [str(cell.python), str(Path(modules.__file__))],
        input=json.dumps([{"module": name, "arguments": {**common, **options}} for name, options in calls]),
        env={**lab.environment, "PYTHONPATH": str(cell.collections_path), "HOME": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rest = iter(json.loads(done.stdout))
    parts = (CREATED, STARTED, UPDATED, UPDATED, READ)
    created, started, updated, again, read = ([next(rest) for _ in part] for part in parts)
    return Results(created, started, updated, again, read, next(rest))


def test_all_are_created(results: Results) -> None:
    assert [result.get("changed") for result in results.created] == [True] * len(CREATED), results.created


def test_all_are_started(results: Results) -> None:
    kinds = [result["error"]["kind"] for result in results.started]
    assert kinds == ["deadline_exceeded"] * len(STARTED), results.started


def test_all_are_updated_once(results: Results) -> None:
    assert [result.get("changed") for result in results.updated] == [True] * len(UPDATED), results.updated
    assert [result.get("changed") for result in results.again] == [False] * len(UPDATED), results.again


def test_all_are_read(results: Results) -> None:
    vaults, target, servers, examined, found, machines, jobs, removal, protected, server = results.read
    assert "vault-sets" in [vault["name"] for vault in vaults["vaults"]]
    assert "stsets" in [account["name"] for account in target["target"]["storage_accounts"]]
    assert (servers["servers"], servers["progress"]) == ({}, [])
    assert "holds" in {row["status"] for row in examined["assumptions"]}
    assert found["symptoms"] == []
    assert machines["machines"] == []
    assert (jobs["jobs"], jobs["complete"]) == ([], True)
    assert protected["changed"] is False, protected
    assert server["changed"] is False
    assert [each["name"] for each in removal["steps"][-1]["objects"]] == ["vault-sets"]


def test_a_key_is_created(results: Results) -> None:
    assert results.key["changed"]
    assert results.key["vault_registration_key"]["expires"]


def test_no_module_is_left_out() -> None:
    assert {name for name, _options in (*CREATED, *STARTED, *UPDATED, *READ)} | {"vault_registration_key"} == AZURE
