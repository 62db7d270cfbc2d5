# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site Recovery: replication policies of Hyper-V to Azure, whose mistakes only their jobs tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from .job_answers import accepted, add_result
from .job_engine import start_job
from .job_trees import tasks_of
from .jobs import Job, JobError, JobTarget, TaskFailed
from .messages import Answer, Call, Json, document, member, not_simulated
from .records import Vault
from .recovery_services import VAULT, need_vault
from .routes import Routes
from .site_recovery import SiteRecoveryError, list_page, missing, need_used
from .site_recovery_documents import KIND
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
POLICIES = VAULT + "/replicationPolicies"
POLICY = POLICIES + "/{name}"

PROVIDER = "HyperVReplicaAzure"
# documented: five minutes, and 30 seconds; 900 is known to Azure PowerShell.
_INTERVALS = (30, 300, 900)
# documented: at most 24 hours of recovery points.
_MOST_HOURS = 24
# known to the Terraform provider: at most 12 hours between application-consistent snapshots.
_MOST_BETWEEN = 12
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
_SAME_NAMES = ("applicationConsistentSnapshotFrequencyInHours", "replicationInterval")


@ROUTES.get(POLICIES)
def list_policies(state: AzureState, call: Call) -> Answer:
    return list_page(state, call, list(need_vault(state, call).policies.values()))


@ROUTES.get(POLICY)
def get_policy(state: AzureState, call: Call) -> Answer:
    return Answer(200, _need_policy(need_vault(state, call), call))


def _need_policy(vault: Vault, call: Call) -> Json:
    need_used(vault, call)
    found = vault.policies.get(call["name"].casefold())
    if found is None:
        raise missing(call, "name")
    return found


@ROUTES.put(POLICY)
def put_policy(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    given = _settings(call, "providerSpecificInput")
    address = f"{vault.site_id}/replicationPolicies/{call['name']}"
    made = policy_document(address, call["name"], _details(given))

    def check(_job: Job) -> None:
        _refuse(*_mistakes(given), message="Replication policy creation failed.")

    def create(_job: Job) -> None:
        existing = vault.policies.setdefault(call["name"].casefold(), made)
        if existing["properties"] != made["properties"]:
            # recorded: Azure PowerShell, V2APolicy: code and texts.
            name = f"The replication policy '{call['name']}' with Id '{policy_number(address)}'"
            raise TaskFailed(
                JobError(
                    "15035",
                    f"{name} could not be added.",
                    causes=f"{name} already exists and its settings do not match with the incoming replication policy "
                    "settings.",
                    action="If the intent is to modify the policy settings, then the modify policy API should be used.",
                )
            )

    work = {"AddProtectionProfilePreflightsCheckTask": check, "AddProtectionProfileTask": create}
    return accepted(state, call, _start(state, vault, "AddProtectionProfile", made, work))


@ROUTES.patch(POLICY)
def patch_policy(state: AzureState, call: Call) -> Answer:
    """Change a policy, also one in use (documented). inferred: a field that is left out is reset to its default."""
    vault = need_vault(state, call)
    policy = _need_policy(vault, call)
    given = _settings(call, "replicationProviderSettings")

    def change(_job: Job) -> None:
        _refuse(*_mistakes(given), message="Replication policy update failed.")
        policy["properties"]["providerSpecificDetails"] = _details(given)

    return accepted(
        state, call, _start(state, vault, "UpdateProtectionProfile", policy, {"UpdateProtectionProfileTask": change})
    )


@ROUTES.delete(POLICY)
def delete_policy(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    policy = _need_policy(vault, call)

    def check(_job: Job) -> None:
        if any(same_id(one["properties"]["policyId"], policy["id"]) for one in vault.associations.values()):
            # documented: it is refused while a cloud is associated; inferred: code and texts.
            raise TaskFailed(
                JobError("15040", "The replication policy is associated with protection containers.", causes="")
            )

    def remove(_job: Job) -> None:
        vault.policies.pop(call["name"].casefold(), None)

    work = {"RemoveProtectionProfilePreflightsCheckTask": check, "RemoveProtectionProfileTask": remove}
    return accepted(state, call, _start(state, vault, "RemoveProtectionProfile", policy, work))


add_result(ROUTES, POLICY, get_policy)


def policy_number(address: str) -> str:
    """Return the number of a policy, which jobs name (recorded: a UUID of version 5)."""
    return str(uuid5(NAMESPACE_URL, address.casefold()))


def same_id(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def policy_document(address: str, name: str, details: Json) -> Json:
    return {
        "id": address,
        "name": name,
        "type": f"{KIND}/replicationPolicies",
        "properties": {"friendlyName": name, "providerSpecificDetails": details},
    }


def _start(
    state: AzureState, vault: Vault, scenario: str, policy: Json, work: Mapping[str, Callable[[Job], None]]
) -> Job:
    target = JobTarget("ProtectionProfile", policy_number(policy["id"]), policy["name"], policy["id"])
    return start_job(state, vault, scenario, target, tasks=tasks_of(scenario, work))


def _settings(call: Call, name: str) -> Json:
    properties = member(document(call), "properties", dict) or {}
    given = member(properties, name, dict)
    if given is None:
        # inferred: code and text.
        raise SiteRecoveryError(call, 400, "BadRequest", "InvalidParameter", f"The member '{name}' is required.")
    if given.get("instanceType") != PROVIDER:
        raise not_simulated(f"policies of the provider {given.get('instanceType')}")
    for field in ("recoveryPointHistoryDuration", *_SAME_NAMES):
        member(given, field, int)
    member(given, "storageAccounts", list)
    member(given, "onlineReplicationStartTime", str)
    return dict(given)


def _details(given: Json) -> Json:
    """Return the settings of a policy under the names that a read shows."""
    accounts = given.get("storageAccounts") or []
    found: Json = {
        "instanceType": PROVIDER,
        "recoveryPointHistoryDurationInHours": given.get("recoveryPointHistoryDuration") or 0,
        **{name: given.get(name) or 0 for name in _SAME_NAMES},
        "encryption": "Disabled",
        "activeStorageAccountId": accounts[0] if accounts else None,
    }
    if given.get("onlineReplicationStartTime"):
        # inferred: it is shown only when it was given; the recorded policies have none.
        found["onlineReplicationStartTime"] = given["onlineReplicationStartTime"]
    return found


def _mistakes(given: Json) -> Iterator[str]:
    kept: Any = given.get("recoveryPointHistoryDuration") or 0
    between: Any = given.get("applicationConsistentSnapshotFrequencyInHours") or 0
    if not 0 <= kept <= _MOST_HOURS:
        yield f"recoveryPointHistoryDuration must be between 0 and {_MOST_HOURS}."
    if not 0 <= between <= _MOST_BETWEEN or (between and between >= kept):
        yield "applicationConsistentSnapshotFrequencyInHours must be lower than the number of recovery points."
    if given.get("replicationInterval") not in _INTERVALS:
        yield f"replicationInterval must be one of {', '.join(map(str, _INTERVALS))}."
    start = given.get("onlineReplicationStartTime")
    if start and not _TIME.fullmatch(start):
        yield "onlineReplicationStartTime must be a time of day."
    if len(given.get("storageAccounts") or ()) > 1:
        yield "storageAccounts must have one member."


def _refuse(*mistakes: str, message: str) -> None:
    if mistakes:
        # seen in a public issue: the code, for wrong numbers of another provider; inferred: the texts.
        raise TaskFailed(JobError("150261", message, causes=" ".join(mistakes)))
