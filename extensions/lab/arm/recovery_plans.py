# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery plans: read, create, change and delete them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .documents import stamp
from .job_answers import accepted, add_result
from .job_engine import start_job
from .job_trees import tasks_of
from .jobs import Job, JobError, JobTarget, JobTask, TaskFailed
from .messages import Answer, Call, Json, document, member, not_simulated, objects
from .plan_records import RecoveryPlan
from .protection_documents import item_id
from .protection_records import ProtectedItem
from .protection_rules import refused
from .records import Fabric, Vault
from .recovery_services import VAULT, need_vault
from .routes import Routes
from .site_recovery import list_page, missing, server_of_job, visible_fabrics
from .site_recovery_documents import KIND
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
PLANS = VAULT + "/replicationRecoveryPlans"
PLAN = PLANS + "/{plan}"

_GROUPS = ("Shutdown", "Failover", "Boot")
# documented: 100 protected instances in one plan; documented in the guide to customize a plan: seven groups.
_MOST_MACHINES, _MOST_GROUPS = 100, 7
_AZURE = "Microsoft Azure"
# recorded: azure-cli-extensions and Azure PowerShell: the operations of a plan, whatever the state of its machines is.
_READY = ("PlannedFailover", "UnplannedFailover", "TestFailover")
# inferred: the operations while a test failover waits for its cleanup, as those of a machine.
_WAITING = ("PlannedFailover", "UnplannedFailover", "TestFailoverCleanup")


def need_plan(vault: Vault, call: Call) -> RecoveryPlan:
    found = vault.plans.get(call["plan"].casefold())
    if found is None:
        raise missing(call, "plan")
    return found


def items_by_id(vault: Vault) -> dict[str, ProtectedItem]:
    """Return all items by their ids in lower case."""
    return {
        item_id(vault, fabric, item).lower(): item
        for fabric in vault.fabrics.values()
        for item in vault.items.values()
        if item.fabric == fabric.name
    }


def fabric_of(vault: Vault, plan: RecoveryPlan) -> Fabric | None:
    return vault.fabrics.get(plan.fabric.lower())


def plan_id(vault: Vault, plan: RecoveryPlan) -> str:
    return f"{vault.site_id}/replicationRecoveryPlans/{plan.name}"


def operations_of(plan: RecoveryPlan) -> tuple[str, ...]:
    """Return the operations that the service allows on a plan."""
    if plan.scenario is not None:
        return ()
    return _WAITING if plan.testing else _READY


def plan_document(vault: Vault, plan: RecoveryPlan, *, single: bool) -> Json:
    """Return a plan. An element of a list has no groups (recorded: azure-cli-extensions)."""
    fabric, running = fabric_of(vault, plan), plan.scenario
    # inferred: a running operation is shown as that of a machine is; recorded: null while none runs.
    scenario = running and {
        "scenarioName": running.name,
        "jobId": f"{vault.site_id}/replicationJobs/{running.job}",
        "startTime": stamp(running.started),
    }
    return {
        "id": plan_id(vault, plan),
        "name": plan.name,
        "type": f"{KIND}/replicationRecoveryPlans",
        "properties": {
            "friendlyName": plan.name,
            "primaryFabricId": f"{vault.site_id}/replicationFabrics/{plan.fabric}",
            "primaryFabricFriendlyName": fabric.server.friendly_name if fabric else "",
            "recoveryFabricId": _AZURE,
            "recoveryFabricFriendlyName": _AZURE,
            "failoverDeploymentModel": "ResourceManager",
            "replicationProviders": ["HyperVReplicaAzure"],
            "allowedOperations": list(operations_of(plan)),
            "currentScenario": scenario,
            "currentScenarioStatus": "InProgress" if running else None,
            "currentScenarioStatusDescription": "InProgress" if running else None,
            "groups": plan.groups if single else [],
            "providerSpecificDetails": [],
        }
        # documented: RecoveryPlanProperties; recorded: the member is missing before the first test failover.
        | ({"lastTestFailoverTime": stamp(plan.last_test)} if plan.last_test else {}),
    }


# Reads ---------------------------------------------------------------------------------------------------------------


@ROUTES.get(PLANS)
def list_plans(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return list_page(state, call, [plan_document(vault, plan, single=False) for plan in vault.plans.values()])


@ROUTES.get(PLAN)
def get_plan(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return Answer(200, plan_document(vault, need_plan(vault, call), single=True))


# Jobs ----------------------------------------------------------------------------------------------------------------


def plan_job(
    state: AzureState,
    vault: Vault,
    plan: RecoveryPlan,
    scenario: str,
    tasks: Iterable[JobTask],
    *,
    finish: Callable[[bool], None] | None = None,
    details: Json | None = None,
    holds: Iterable[str] = (),
) -> Job:
    """Start a job about a plan. `holds` are the keys of the machines that it works on."""
    target = JobTarget("RecoveryPlan", plan.id, plan.name, plan_id(vault, plan))
    fabric = fabric_of(vault, plan)
    affected = (server_of_job(fabric) if fabric else {}) | {"recoveryFabricProviderId": "Azure"}
    return start_job(
        state, vault, scenario, target, tasks=tasks, finish=finish, affected=affected, details=details, holds=holds
    )


# Writes --------------------------------------------------------------------------------------------------------------


@ROUTES.put(PLAN)
def create(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    properties = member(document(call), "properties", dict) or {}
    fabric, given = _fabric(vault, properties), _groups(properties)
    if given is None:
        raise refused("The member 'groups' is required.")
    # recorded: the service adds the groups Shutdown and Failover.
    added = [_group(kind) for kind in _GROUPS[:2] if not any(group["groupType"] == kind for group in given)]
    # inferred: a PUT of a plan that exists replaces its groups.
    plan = vault.plans.get(call["plan"].casefold()) or RecoveryPlan(call["plan"], fabric, [])

    def save(_job: Job) -> None:
        _check_groups(vault, fabric, given)
        _require_no_test(plan)
        plan.groups = [*added, *given]
        vault.plans[plan.name.casefold()] = plan

    return accepted(state, call, _saving(state, vault, plan, "SaveRecoveryPlan", save))


@ROUTES.patch(PLAN)
def update(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    plan = need_plan(vault, call)
    given = _groups(member(document(call), "properties", dict) or {})
    if given is not None and [group["groupType"] for group in given[:2]] != ["Shutdown", "Failover"]:
        # recorded: a change sends all groups, the added ones included; inferred: that it must.
        raise refused("The groups must begin with the groups Shutdown and Failover.")

    def save(_job: Job) -> None:
        _check_groups(vault, plan.fabric, given or plan.groups)
        _require_no_test(plan)
        plan.groups = given or plan.groups

    return accepted(state, call, _saving(state, vault, plan, "UpdateRecoveryPlan", save))


@ROUTES.delete(PLAN)
def delete(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    plan = vault.plans.get(call["plan"].casefold())
    if plan is None:
        # documented: the status 204 of the definition.
        return Answer(204)

    def forget(_job: Job) -> None:
        _require_no_test(plan)
        vault.plans.pop(plan.name.casefold(), None)

    tasks = tasks_of("DeleteRecoveryPlan", {"DeleteRecoveryPlanTask": forget})
    return accepted(state, call, plan_job(state, vault, plan, "DeleteRecoveryPlan", tasks))


add_result(ROUTES, PLAN, get_plan)


def _saving(state: AzureState, vault: Vault, plan: RecoveryPlan, scenario: str, save: Callable[[Job], None]) -> Job:
    return plan_job(state, vault, plan, scenario, tasks_of(scenario, {"SaveRecoveryPlanTask": save}))


def _fabric(vault: Vault, properties: Json) -> str:
    """Return the name of the server of a new plan."""
    source, target = (str(properties.get(name) or "") for name in ("primaryFabricId", "recoveryFabricId"))
    model = properties.get("failoverDeploymentModel")
    if model not in (None, "NotApplicable", "Classic", "ResourceManager"):
        raise refused(f"The failoverDeploymentModel '{model}' is not valid.")
    if target.casefold() != _AZURE.casefold() or model == "Classic":
        raise not_simulated("recovery plans with another target than Azure Resource Manager")
    name = source.rstrip("/").rsplit("/", 1)[-1]
    for fabric in visible_fabrics(vault):
        if fabric.name.casefold() == name.casefold():
            return fabric.name
    raise refused(f"The fabric '{name}' of the recovery plan does not exist.")


def _groups(properties: Json) -> list[Json] | None:
    """Return the groups of a body in the form of an answer. Refuse what the definition does not allow."""
    if properties.get("groups") is None:
        return None
    return [_shown_group(group) for group in objects(properties, "groups")]


def _shown_group(given: Json) -> Json:
    kind = given.get("groupType")
    if kind not in _GROUPS:
        raise refused(f"The groupType '{kind}' is not valid. Allowed: {', '.join(_GROUPS)}.")
    shown = _group(str(kind))
    for entry in objects(given, "replicationProtectedItems"):
        # recorded: azure-cli-extensions: the ARM id of the protectable item is accepted, and its name is returned.
        machine = str(entry.get("virtualMachineId") or "").rsplit("/", 1)[-1].lower()
        shown["replicationProtectedItems"].append({"id": str(entry.get("id") or ""), "virtualMachineId": machine})
    for place in ("startGroupActions", "endGroupActions"):
        shown[place] = [_action(each) for each in objects(given, place)]
    return shown


def _group(kind: str) -> Json:
    return {"groupType": kind, "replicationProtectedItems": [], "startGroupActions": [], "endGroupActions": []}


def _action(given: Json) -> Json:
    # documented: RecoveryPlanAction: all four members are required.
    details = member(given, "customDetails", dict) or {}
    lists = [member(given, name, list) for name in ("failoverTypes", "failoverDirections")]
    if not given.get("actionName") or None in lists or not details.get("instanceType"):
        raise refused("An action needs actionName, failoverTypes, failoverDirections and customDetails.")
    return given


def _check_groups(vault: Vault, fabric: str, groups: list[Json]) -> None:
    """Check the machines of a plan. Raises TaskFailed."""
    for text in _mistakes(vault, fabric, groups):
        # inferred: that the job fails and not the request, and the code.
        raise TaskFailed(JobError("150251", "The recovery plan could not be saved.", causes=text, action=""))


def _mistakes(vault: Vault, fabric: str, groups: list[Json]) -> Iterator[str]:
    known = items_by_id(vault)
    ids = [str(entry["id"]).lower() for group in groups for entry in group["replicationProtectedItems"]]
    if len(ids) > _MOST_MACHINES:
        yield f"A recovery plan can have {_MOST_MACHINES} virtual machines."
    if sum(group["groupType"] == "Boot" for group in groups) > _MOST_GROUPS:
        yield f"A recovery plan can have {_MOST_GROUPS} groups."
    for each in ids:
        if each not in known:
            yield f"The protected item '{each.rsplit('/', 1)[-1]}' does not exist."
        elif known[each].fabric.casefold() != fabric.casefold():
            # documented: one source and one target for each plan.
            yield f"The virtual machine '{known[each].machine.name}' has another source than the recovery plan."
        elif ids.count(each) > 1:
            yield f"The virtual machine '{known[each].machine.name}' is in the recovery plan twice."


def _require_no_test(plan: RecoveryPlan) -> None:
    if plan.testing:
        # inferred: the code, and that a plan is not changed while a test failover waits for its cleanup.
        raise TaskFailed(JobError("150252", f"A test failover of the recovery plan '{plan.name}' is not cleaned up."))
