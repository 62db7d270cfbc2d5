# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of Site Recovery: their tasks, their lists, and what faults, collisions and people do to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from lab.arm import job_engine
from lab.arm.jobs import JobTarget, JobTask
from lab.arm.records import Vault
from lab.arm.state_core import StateCore

from .conftest import SERVER, SUBSCRIPTION, Azure
from .test_site_recovery import ID, register

ROOT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/vault1"
VERSION = "2025-08-01"
Json = dict[str, Any]


@pytest.fixture
def vault(slow: Azure) -> Vault:
    """Provide a vault with a server, whose jobs go on only when a test lets them."""
    made = slow.state.seed_vault("rg", "vault1", "westeurope")
    register(slow, made)
    slow.state.hurry()
    made.jobs.clear()
    return made


def get(azure: Azure, path: str) -> Json:
    answer = azure.send("GET", path if path.startswith("https://") else f"{ROOT}/{path}", _version(path))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _version(path: str) -> str | None:
    return None if "api-version=" in path else VERSION


def refresh(azure: Azure, vault: Vault) -> requests.Response:
    (fabric,) = vault.fabrics.values()
    path = f"{ROOT}/replicationFabrics/{fabric.name}/replicationRecoveryServicesProviders/{ID}/refreshProvider"
    answer = azure.send("POST", path, VERSION)
    assert (answer.status_code, answer.content) == (202, b"")
    return answer


def name_of(answer: requests.Response) -> str:
    return answer.headers["Azure-AsyncOperation"].split("?")[0].rsplit("/", 1)[-1]


def act(azure: Azure, name: str, action: str, body: Json | None = None) -> int:
    return azure.send("POST", f"{ROOT}/replicationJobs/{name}/{action}", VERSION, body).status_code


def tasks(azure: Azure, name: str) -> list[tuple[str, str]]:
    job = get(azure, f"replicationJobs/{name}")["properties"]
    return [(task["taskId"], task["state"]) for task in job["tasks"]]


def state_of(azure: Azure, name: str) -> tuple[str, list[str]]:
    job = get(azure, f"replicationJobs/{name}")["properties"]
    return job["state"], job["allowedActions"]


FIRST, SECOND = "RefreshFabricLayoutTask", "WaitForLayoutProcessingTask"


def test_a_job_goes_through_its_tasks_behind_both_links(slow: Azure, vault: Vault) -> None:
    answer = refresh(slow, vault)
    name = name_of(answer)
    assert answer.headers["Retry-After"] == "30"
    assert f"/replicationRecoveryServicesProviders/{ID}/operationresults/{name}?" in answer.headers["Location"]
    assert answer.headers["x-ms-request-id"].endswith(f"/replicationJobs/{name}")
    status = get(slow, answer.headers["Azure-AsyncOperation"])
    assert (status["status"], status["startTime"], status["name"]) == ("NotStarted", None, name)
    waiting = get(slow, f"replicationJobs/{name}")["properties"]
    assert (waiting["scenarioName"], waiting["friendlyName"], waiting["tasks"]) == (None, None, [])
    seen = []
    for _step in range(4):
        slow.state.hurry()
        seen.append(tasks(slow, name))
    assert seen[0] == [(FIRST, "InProgress"), (SECOND, "NotStarted")]
    assert seen[1] == [(FIRST, "Succeeded"), (SECOND, "InProgress")]
    assert seen[3] == [(FIRST, "Succeeded"), (SECOND, "Succeeded")]
    job = get(slow, f"replicationJobs/{name}")["properties"]
    assert (job["state"], job["stateDescription"], job["allowedActions"]) == ("Succeeded", "Completed", [])
    assert job["targetObjectName"] == SERVER.friendly_name
    assert job["customDetails"]["affectedObjectDetails"]["primaryFabricProviderId"] == "VMM"
    assert get(slow, answer.headers["Azure-AsyncOperation"])["status"] == "Succeeded"
    assert get(slow, answer.headers["Location"])["name"] == ID


def test_a_list_is_poorer_than_its_job_and_ends_at_the_newest_200(slow: Azure, vault: Vault) -> None:
    for _number in range(205):
        slow.state.seed_failed_job(vault, "23848")
    listed = get(slow, "replicationJobs")
    assert (len(listed["value"]), listed["nextLink"]) == (200, None)
    newest = listed["value"][0]
    assert newest["name"] == list(vault.jobs)[-1]
    assert [newest["properties"][key] for key in ("tasks", "errors", "customDetails")] == [[], [], None]
    single = get(slow, f"replicationJobs/{newest['name']}")["properties"]
    assert single["errors"][0]["serviceErrorDetails"]["code"] == "23848"


FILTERS = [
    ("( JobStatus eq 'Succeeded' )", 0),
    ("( JobStatus eq 'Failed' )", 2),
    ("( JobStatus eq 'Succeeded' or JobStatus eq 'Failed' )", 2),
    ("StartTime eq '{yesterday}' and EndTime eq '{tomorrow}'", 1),
    ("StartTime eq '{yesterday}' and ( JobStatus eq 'Cancelled' or JobStatus eq 'Failed' )", 1),
]


@pytest.mark.parametrize(("text", "count"), FILTERS)
def test_a_list_honors_the_recorded_filters(slow: Azure, vault: Vault, text: str, count: int) -> None:
    slow.state.seed_failed_job(vault, "1")
    slow.state.seed_failed_job(vault, "2", days=3)
    now = slow.context.clock.now()
    times = {"yesterday": now - timedelta(days=1), "tomorrow": now + timedelta(days=1)}
    chosen = text.format(**{key: f"{moment:%Y-%m-%dT%H:%M:%S}.0000000Z" for key, moment in times.items()})
    assert len(get(slow, f"replicationJobs?$filter={chosen}&api-version={VERSION}")["value"]) == count


def test_a_second_job_of_a_target_is_accepted_and_fails(slow: Azure, vault: Vault) -> None:
    refresh(slow, vault)
    slow.state.hurry()
    name = name_of(refresh(slow, vault))
    slow.state.hurry()
    job = get(slow, f"replicationJobs/{name}")["properties"]
    assert (job["state"], job["allowedActions"]) == ("Failed", [])
    assert {(task["state"], task["stateDescription"]) for task in job["tasks"]} == {("Other", "Skipped")}
    (error,) = job["errors"]
    assert (error["serviceErrorDetails"]["code"], error["taskId"]) == ("532", None)
    assert "Refresh server details" in error["serviceErrorDetails"]["possibleCauses"]
    status = get(slow, f"replicationOperationStatus/{name}")
    assert (status["status"], status["error"]["code"]) == ("Failed", "532")


def test_a_task_fails_as_planned_and_its_job_can_be_restarted(slow: Azure, vault: Vault) -> None:
    slow.context.faults.plan(
        f"job:RefreshVaultHealth:*:{''}",
        "fail",
        code="60007",
        provider_code=31389,
        provider_message="Hyper-V refuses",
    )
    answer = slow.send("POST", f"{ROOT}/replicationVaultHealth/default/refresh", VERSION)
    name = name_of(answer)
    for _step in range(2):
        slow.state.hurry()
    job = get(slow, f"replicationJobs/{name}")["properties"]
    assert (job["state"], job["allowedActions"]) == ("Failed", ["Restart"])
    (error,) = job["errors"]
    assert error == job["tasks"][0]["errors"][0]
    assert (error["taskId"], error["serviceErrorDetails"]["code"]) == ("RefreshFailoverHealthTask", "60007")
    provider = error["providerErrorDetails"]
    assert (provider["errorCode"], provider["errorMessage"]) == (31389, " Hyper-V\u00a0refuses\r\n")
    assert act(slow, name, "restart") == 202
    for _step in range(2):
        slow.state.hurry()
    assert state_of(slow, name) == ("Succeeded", [])
    assert act(slow, name, "restart") == 400


def test_a_hanging_task_hangs_until_its_job_is_canceled(slow: Azure, vault: Vault) -> None:
    slow.context.faults.plan(f"job:RefreshFabricLayout:{SECOND}:{SERVER.friendly_name}", "hang")
    name = name_of(refresh(slow, vault))
    for _step in range(5):
        slow.state.hurry()
    assert state_of(slow, name) == ("InProgress", ["Cancel"])
    assert act(slow, name, "cancel") == 202
    assert tasks(slow, name) == [(FIRST, "Succeeded"), (SECOND, "Cancelled")]
    assert state_of(slow, name)[0] == "Cancelled"
    assert get(slow, f"replicationOperationStatus/{name}")["status"] == "Cancelled"
    assert act(slow, name, "cancel") == 400


def test_a_partial_success_is_a_success_of_the_operation(slow: Azure, vault: Vault) -> None:
    slow.context.faults.plan("job:RefreshVaultHealth:*", "fail", code="1", state="PartiallySucceeded")
    name = name_of(slow.send("POST", f"{ROOT}/replicationVaultHealth/default/refresh", VERSION))
    for _step in range(3):
        slow.state.hurry()
    assert state_of(slow, name) == ("PartiallySucceeded", ["Restart"])
    assert get(slow, f"replicationOperationStatus/{name}")["status"] == "Succeeded"


def test_a_job_that_waits_for_a_person_goes_on_when_it_is_resumed(slow: Azure, vault: Vault) -> None:
    steps: list[JobTask] = [JobTask("", "ManualTask", "Ask", 1.0, waits=True), JobTask("", "NextTask", "Go on")]
    job = job_engine.start_job(
        slow.state, vault, "TestFailover", JobTarget("RecoveryPlan", "1", "plan", f"{ROOT}/x"), tasks=steps
    )
    assert act(slow, job.id, "resume", {"properties": {"comments": " "}}) == 400
    for _step in range(2):
        slow.state.hurry()
    assert state_of(slow, job.id) == ("Suspended", ["Resume", "Cancel"])
    assert act(slow, job.id, "resume", {"properties": {"comments": " "}}) == 202
    for _step in range(2):
        slow.state.hurry()
    assert state_of(slow, job.id)[0] == "Succeeded"


def test_tasks_take_scaled_times_one_after_the_other(
    slow: Azure, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    later = StateCore.later

    def noted(self: StateCore, seconds: float, action: Any) -> None:
        waits.append(seconds)
        later(self, seconds, action)

    monkeypatch.setattr(StateCore, "later", noted)
    slow.context.clock.scale = 0.0
    name = name_of(refresh(slow, vault))
    assert state_of(slow, name)[0] == "Succeeded"
    assert waits == [1.0, 15, 15, 0.0]


def test_links_of_2024_carry_signed_parts_and_work_only_unchanged(slow: Azure, vault: Vault) -> None:
    slow.state.signs_links = True
    answer = refresh(slow, vault)
    link = answer.headers["Azure-AsyncOperation"]
    assert len(link) > 5000
    assert get(slow, link)["name"] == name_of(answer)
    bare = slow.send("GET", f"{ROOT}/replicationOperationStatus/{name_of(answer)}", VERSION)
    assert bare.status_code == 404
    assert state_of(slow, name_of(answer))[0] == "NotStarted"


ROLES = [("Site Recovery Contributor", 202, 200, 200), ("Site Recovery Operator", 202, 403, 200)]


@pytest.mark.parametrize(("role", "write", "status", "job"), [*ROLES, ("Site Recovery Reader", 403, 403, 200)])
def test_only_a_contributor_reads_the_state_of_an_operation(
    slow: Azure, vault: Vault, role: str, write: int, status: int, job: int
) -> None:
    name = name_of(refresh(slow, vault))
    slow.state.give_role(role, only=True)
    (fabric,) = vault.fabrics.values()
    provider = f"{ROOT}/replicationFabrics/{fabric.name}/replicationRecoveryServicesProviders/{ID}"
    assert slow.send("POST", f"{provider}/refreshProvider", VERSION).status_code == write
    assert slow.send("GET", f"{ROOT}/replicationOperationStatus/{name}", VERSION).status_code == status
    assert slow.send("GET", f"{ROOT}/replicationJobs/{name}", VERSION).status_code == job
    # All three read below a server, and none reads the lists of the whole vault.
    assert slow.send("GET", provider, VERSION).status_code == 200
    assert slow.send("GET", f"{ROOT}/replicationRecoveryServicesProviders", VERSION).status_code == 403


@pytest.mark.parametrize("path", ["replicationFabrics/none", "replicationPolicies/none"])
def test_a_vault_that_was_never_used_refuses_to_look_for_an_object(azure: Azure, path: str) -> None:
    made = azure.state.seed_vault("rg", "vault1", "westeurope")
    answer = azure.send("GET", f"{ROOT}/{path}", VERSION)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["code"] == "SubscriptionIdNotRegisteredWithSrs"
    azure.state.seed_policy(made, "policy1")
    assert azure.send("GET", f"{ROOT}/{path}", VERSION).status_code == 404


def test_the_limits_in_the_headers_fall_by_one(azure: Azure) -> None:
    def left(name: str) -> int:
        headers = azure.send("GET", f"/subscriptions/{SUBSCRIPTION}", "2022-12-01").headers
        return int(headers[f"x-ms-ratelimit-remaining-subscription-{name}"])

    first = left("reads")
    assert [left("reads") for _ in range(2)] == [first - 1, first - 2]
    azure.state.shows_new_limits = True
    assert (left("reads"), left("global-reads")) == (1099 - 11999 + first - 3, 16499 - 11999 + first - 4)


def test_times_of_health_errors_have_the_offset_of_a_zone(slow: Azure, vault: Vault) -> None:
    (fabric,) = vault.fabrics.values()
    fabric.health_codes.append("708")
    found = get(slow, f"replicationFabrics/{fabric.name}")["properties"]["healthErrorDetails"]
    assert found[0]["creationTimeUtc"].endswith("+05:30")
