# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site Recovery: associations of clouds with policies, which prepare every host of a cloud."""

from __future__ import annotations

from ..context import CloudFacts
from .filters import honors_filter
from .job_answers import accepted, add_result
from .job_engine import refused, start_job
from .job_trees import tasks_of
from .jobs import Job, JobError, JobTarget, TaskFailed
from .messages import Answer, Call, Json, document, member
from .records import Fabric, Vault
from .recovery_services import VAULT, need_vault
from .routes import Routes
from .site_recovery import CONTAINER, SiteRecoveryError, list_page, missing, need_container
from .site_recovery_documents import AZURE, KIND, fabric_id, sides_of_job
from .site_recovery_policies import policy_number, same_id
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)
ASSOCIATIONS = CONTAINER + "/replicationProtectionContainerMappings"
ASSOCIATION = ASSOCIATIONS + "/{association}"

# recorded: the id of Azure's cloud.
_AZURE_CLOUD = "d38048d4-b460-4791-8ece-108395ee8478"


@ROUTES.get(VAULT + "/replicationProtectionContainerMappings")
@honors_filter
def list_all_associations(state: AzureState, call: Call) -> Answer:
    return list_page(state, call, list(need_vault(state, call).associations.values()))


@ROUTES.get(ASSOCIATIONS)
@honors_filter
def list_associations(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    _fabric, cloud = need_container(vault, call)
    return list_page(state, call, [one for (id, _name), one in vault.associations.items() if id == cloud.id.lower()])


@ROUTES.get(ASSOCIATION)
def get_association(state: AzureState, call: Call) -> Answer:
    return Answer(200, _need_association(need_vault(state, call), call))


def _need_association(vault: Vault, call: Call) -> Json:
    _fabric, cloud = need_container(vault, call)
    found = vault.associations.get((cloud.id.lower(), call["association"].casefold()))
    if found is None:
        raise missing(call, "association")
    return found


@ROUTES.put(ASSOCIATION)
def put_association(state: AzureState, call: Call) -> Answer:
    """Associate a cloud. A second association of a cloud is accepted (recorded: azure-cli-extensions, B2A)."""
    vault = need_vault(state, call)
    fabric, cloud = need_container(vault, call)
    policy = _wanted_policy(vault, call)
    key = (cloud.id.lower(), call["association"].casefold())
    made = _association_document(vault, fabric, cloud, call["association"], policy)
    properties = vault.associations.setdefault(key, made)["properties"]
    same = same_id(properties["policyId"], policy["id"])
    if same:
        properties["state"] = "PairingInProgress"

    def check(_job: Job) -> None:
        if not same:
            # inferred: code and text; documented: the policy of a cloud is exchanged by removal.
            raise TaskFailed(
                JobError("15041", f"The association '{call['association']}' has another policy.", causes="")
            )

    def prepare(job: Job) -> None:
        refusals = state.context.fabric.prepare_cloud(fabric.server.vmm_id, cloud.id)
        errors = [refused(refusal) for _host, refusal in refusals]
        if errors and state.unfit_hosts_fail_pairing:
            raise TaskFailed(*errors)
        for error in errors:
            # recorded: associations of VMM clouds that succeeded partially; inferred: that a host without agent is why.
            job.note(error, state.context.clock.now(), outcome="PartiallySucceeded")

    def finish(done: bool) -> None:
        if same:
            # recorded: an association that failed stays in the list.
            properties["state"] = "Paired" if done else "PairingFailed"

    work = {"CloudPairingWfPreflightChecksTask": check, "CloudPairingWfPrepareCloudForPairingTask": prepare}
    scenario = "AssociateProtectionProfile"
    job = start_job(
        state,
        vault,
        scenario,
        _target(policy["id"], made, fabric, cloud, vault),
        tasks=tasks_of(scenario, work),
        finish=finish,
        affected=_affected(fabric, cloud),
    )
    return accepted(state, call, job)


@ROUTES.action(ASSOCIATION + "/remove")
def remove_association(state: AzureState, call: Call) -> Answer:
    """Remove an association and what it configured on the hosts, which needs the VMM server."""
    vault = need_vault(state, call)
    fabric, cloud = need_container(vault, call)
    association = _need_association(vault, call)
    member(member(document(call), "properties", dict) or {}, "providerSpecificInput", dict)

    def check(_job: Job) -> None:
        _refuse_while_used(vault, cloud, association)

    def clean(_job: Job) -> None:
        if not _others(vault, cloud, association):
            state.context.fabric.release_cloud(fabric.server.vmm_id, cloud.id)

    def finish(done: bool) -> None:
        if done:
            vault.associations.pop((cloud.id.lower(), call["association"].casefold()), None)

    work = {"CloudUnpairingWfPreflightChecksTask": check, "CloudUnpairingWfCleanupCloudsTask": clean}
    scenario = "DissociateProtectionProfile"
    target = _target(association["properties"]["policyId"], association, fabric, cloud, vault)
    job = start_job(
        state,
        vault,
        scenario,
        target,
        tasks=tasks_of(scenario, work),
        finish=finish,
        affected=_affected(fabric, cloud),
    )
    return accepted(state, call, job)


@ROUTES.delete(ASSOCIATION)
def purge_association(state: AzureState, call: Call) -> Answer:
    """Forget an association. The hosts keep their configuration (documented), and no server is asked (recorded)."""
    vault = need_vault(state, call)
    fabric, cloud = need_container(vault, call)
    association = _need_association(vault, call)
    _refuse_purge(call, vault, cloud, association)

    def finish(done: bool) -> None:
        if done:
            vault.associations.pop((cloud.id.lower(), call["association"].casefold()), None)

    target = _target(association["properties"]["policyId"], association, fabric, cloud, vault)
    job = start_job(
        state,
        vault,
        "PurgeProtectionProfileAssociation",
        target,
        finish=finish,
        seconds=1.0,
        affected=_affected(fabric, cloud),
    )
    return accepted(state, call, job)


add_result(ROUTES, ASSOCIATION, get_association)


def _wanted_policy(vault: Vault, call: Call) -> Json:
    properties = member(document(call), "properties", dict) or {}
    # recorded: Azure PowerShell writes `PolicyId`; the service ignores the case of members.
    given = {name.casefold(): value for name, value in properties.items()}
    if member(given, "providerspecificinput", dict) is None:
        # seen in a public issue of the API's definition: the member must be there, and may be empty.
        raise _invalid(call, "The member 'providerSpecificInput' is required.")
    if given.get("targetprotectioncontainerid") != AZURE:
        raise _invalid(call, f"The target of a VMM cloud is '{AZURE}'.")
    policy = vault.policies.get(str(given.get("policyid") or "").rsplit("/", 1)[-1].casefold())
    if policy is None:
        raise _invalid(call, f"The policy '{given.get('policyid')}' does not exist.")
    return policy


def _invalid(call: Call, text: str) -> SiteRecoveryError:
    # inferred: code and text.
    return SiteRecoveryError(call, 400, "BadRequest", "InvalidParameter", text)


def _users(vault: Vault, cloud: CloudFacts, association: Json) -> list[str]:
    policy = str(association["properties"]["policyId"]).rsplit("/", 1)[-1].casefold()
    return [
        item.machine.name
        for item in vault.items.values()
        if item.container == cloud.id.lower() and item.policy.casefold() == policy
    ]


def _others(vault: Vault, cloud: CloudFacts, association: Json) -> bool:
    return any(id == cloud.id.lower() and one is not association for (id, _name), one in vault.associations.items())


def _refuse_while_used(vault: Vault, cloud: CloudFacts, association: Json) -> None:
    users = _users(vault, cloud, association)
    if users:
        # documented: it is refused while machines are protected; inferred: code and text.
        text = f"The protection container has {len(users)} protected virtual machines."
        raise TaskFailed(JobError("15042", text, causes="", action="Disable protection of the virtual machines."))


def _refuse_purge(call: Call, vault: Vault, cloud: CloudFacts, association: Json) -> None:
    try:
        _refuse_while_used(vault, cloud, association)
    except TaskFailed as failure:
        # inferred: a purge is refused at once.
        raise _invalid(call, failure.errors[0].message) from None


def _target(policy_id: str, association: Json, fabric: Fabric, cloud: CloudFacts, vault: Vault) -> JobTarget:
    # inferred: associations of two clouds with one policy do not collide, those of one cloud do.
    busy = f"{fabric_id(vault, fabric)}/replicationProtectionContainers/{cloud.id.lower()}"
    name = policy_id.rsplit("/", 1)[-1]
    return JobTarget("ProtectionProfile", policy_number(policy_id), name, str(association["id"]), busy)


def _affected(fabric: Fabric, cloud: CloudFacts) -> Json:
    return {
        "primaryCloudId": cloud.id.lower(),
        "primaryCloudName": cloud.name,
        "recoveryCloudId": _AZURE_CLOUD,
        "recoveryCloudName": AZURE,
        **sides_of_job(fabric),
    }


def _association_document(vault: Vault, fabric: Fabric, cloud: CloudFacts, name: str, policy: Json) -> Json:
    # recorded: Azure PowerShell, AsrE2ATests and AsrB2ATests.
    container = f"{fabric_id(vault, fabric)}/replicationProtectionContainers/{cloud.id.lower()}"
    return {
        "id": f"{container}/replicationProtectionContainerMappings/{name}",
        "name": name,
        "type": f"{KIND}/replicationFabrics/replicationProtectionContainers/replicationProtectionContainerMappings",
        "properties": {
            "targetProtectionContainerId": AZURE,
            "targetProtectionContainerFriendlyName": AZURE,
            "providerSpecificDetails": None,
            "health": "Normal",
            "healthErrorDetails": [],
            "policyId": policy["id"],
            "state": "PairingInProgress",
            "sourceProtectionContainerFriendlyName": cloud.name,
            "sourceFabricFriendlyName": fabric.server.friendly_name,
            "targetFabricFriendlyName": AZURE,
            "policyFriendlyName": policy["properties"]["friendlyName"],
        },
    }
