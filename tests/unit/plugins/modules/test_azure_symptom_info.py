# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of the table of symptoms in Azure is found in a vault that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.symptoms import SYMPTOMS
from tests.lab.arm.conftest import SERVER
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription
from tests.unit.plugins.modules.test_failing import register

NAMES: dict[str, Any] = {"vault_name": "vault-dr", "resource_group": GROUP}
UNREGISTERED = [{"name": SERVER.friendly_name.upper(), "registered": False}]
Show = Callable[[Subscription, Any], object]


def job(code: str, provider: int = 0) -> Show:
    return lambda subscription, vault: subscription.state.seed_failed_job(vault, code, provider)


def of_server(code: str) -> Show:
    return lambda _subscription, vault: next(iter(vault.fabrics.values())).health_codes.append(code)


def of_machine(code: str) -> Show:
    return lambda _subscription, vault: vault.health_codes.append(code)


CASES: dict[str, Show] = {
    "job-refused-by-hyperv": job("70094", 31389),
    "job-protection-failed": job("60007"),
    "job-machine-migrates": job("23848"),
    "job-host-not-prepared": job("1", 31218),
    "job-already-protected": job("45031"),
    "job-name-taken": job("28061"),
    "job-not-committed": job("25038"),
    "job-machine-busy": job("505"),
    "server-disconnected": of_server("708"),
    "replication-stopped": of_machine("67501"),
    "replication-paused": of_machine("67502"),
    "replication-late": of_machine("67518"),
    "failover-not-tested": of_machine("161011"),
    "stale-server": lambda _subscription, _vault: None,
}


@pytest.fixture
def vault(subscription: Subscription) -> Any:
    """Create a vault with a VMM server."""
    made = subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")
    register(subscription, made)
    for fabric in made.fabrics.values():
        fabric.visible, fabric.hidden_reads = True, 0
    return made


def look(subscription: Subscription, **more: Any) -> Ended:
    return subscription.run("azure_symptom_info", **NAMES, **more)


def ids(ended: Ended) -> list[str]:
    return [each["id"] for each in ended.result["symptoms"]]


def test_every_row_has_a_case() -> None:
    assert set(CASES) == {row.id for row in SYMPTOMS}


@pytest.mark.parametrize("symptom", CASES)
def test_a_vault_that_shows_a_symptom(subscription: Subscription, vault: Any, symptom: str) -> None:
    CASES[symptom](subscription, vault)
    ended = look(subscription, vmm_servers=UNREGISTERED if symptom == "stale-server" else None)
    assert ids(ended) == [symptom]
    (row,) = ended.result["symptoms"]
    assert all(row[name] for name in ("sign", "seen", "cause", "fix", "source", "step"))
    assert (ended.result["changed"], subscription.writes) == (False, [])
    assert len(subscription.requests) == 3 + symptom.startswith("job-")
    assert {request.partition(" ")[0] for request in subscription.requests} == {"GET"}


def test_a_healthy_vault_shows_nothing(subscription: Subscription, vault: Any) -> None:
    assert vault.jobs
    registered = [{"name": SERVER.friendly_name, "registered": True}, {"name": "vmm99", "registered": False}]
    assert ids(look(subscription, vmm_servers=registered)) == []


def test_an_unknown_code_and_an_old_job_are_no_symptoms(subscription: Subscription, vault: Any) -> None:
    subscription.state.seed_failed_job(vault, "99999", 7)
    subscription.state.seed_failed_job(vault, "23848", days=20)
    assert ids(look(subscription, days=19)) == []
    assert ids(look(subscription, days=21)) == ["job-machine-migrates"]


def test_jobs_with_the_same_code_are_one_symptom(subscription: Subscription, vault: Any) -> None:
    for _each in range(3):
        subscription.state.seed_failed_job(vault, "23848")
    (row,) = look(subscription).result["symptoms"]
    assert row["seen"].endswith(", and 2 more")


def test_a_vault_that_does_not_exist_is_an_error(subscription: Subscription) -> None:
    ended = look(subscription)
    assert ended.failed
    assert "vault" in ended.result["msg"]


def test_a_refused_call_is_an_error(subscription: Subscription, vault: Any) -> None:
    assert vault.fabrics
    subscription.fault("get", "replicationjobs", "error", status=403, code="AuthorizationFailed", message="no", times=9)
    ended = look(subscription)
    assert (ended.failed, ended.error["kind"]) == (True, "access_denied")


def test_a_wrong_number_of_days_is_refused(subscription: Subscription, vault: Any) -> None:
    assert vault.fabrics
    assert "days must be at least 1" in look(subscription, days=0).result["msg"]
