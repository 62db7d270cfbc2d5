# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site Recovery: the VMM servers of a vault, and the lists that are empty before any server is registered."""

from __future__ import annotations

from collections.abc import Iterator

from ..context import CloudFacts
from .common import page
from .filters import honors_filter
from .job_answers import accepted, add_result
from .job_engine import start_job
from .jobs import JobTarget
from .known_machines import read_machines
from .messages import Answer, ArmError, Call, Json, not_simulated
from .records import Fabric, Vault, guid
from .recovery_services import VAULT, need_vault
from .routes import Handler, Routes
from .site_recovery_documents import (
    KIND,
    container_document,
    fabric_document,
    health_issue,
    provider_document,
    site_document,
)
from .state import AzureState
from .versions import SITE_RECOVERY

ROUTES = Routes(SITE_RECOVERY)

FABRICS = VAULT + "/replicationFabrics"
FABRIC = FABRICS + "/{fabric}"
CONTAINER = FABRIC + "/replicationProtectionContainers/{container}"


def visible_fabrics(vault: Vault) -> list[Fabric]:
    return [fabric for fabric in vault.fabrics.values() if fabric.visible]


def need_fabric(vault: Vault, call: Call) -> Fabric:
    if call["fabric"].lower() in vault.sites:
        raise not_simulated(f"the contents of the Hyper-V site {call['fabric']}")
    need_used(vault, call)
    fabric = vault.fabrics.get(call["fabric"].lower())
    if fabric is None or not fabric.visible:
        # recorded in a public issue: FabricArmEntityMissing; inferred: the texts of causes and action.
        raise absent(call, "FabricArmEntityMissing", f"Fabric with name {call['fabric']} could not be located.")
    return fabric


def need_used(vault: Vault, call: Call) -> None:
    """Refuse to look for an object in a vault that never had any (seen by the Terraform provider; lists are empty)."""
    if not (vault.fabrics or vault.sites or vault.policies or vault.jobs):
        # inferred: the text.
        text = "The subscription is not registered with the Site Recovery service."
        raise SiteRecoveryError(call, 400, "BadRequest", "SubscriptionIdNotRegisteredWithSrs", text)


def absent(call: Call, code: str, text: str) -> SiteRecoveryError:
    return SiteRecoveryError(call, 404, "NotFound", code, text)


class SiteRecoveryError(ArmError):
    """An error in Site Recovery's form: a detail holds the real code, causes and a recommended action (recorded)."""

    def __init__(self, call: Call, status: int, code: str, inner: str, text: str) -> None:
        detail = {
            "code": inner,
            "message": text,
            "possibleCauses": "Ensure correct resource name was specified.",
            "recommendedAction": "Verify ARM resource name details.",
            "clientRequestId": call.headers.get("x-ms-client-request-id") or guid(),
            "activityId": guid(),
        }
        super().__init__(status, code, text, details=[detail])


def missing(call: Call, name: str) -> SiteRecoveryError:
    # recorded: azure-cli-extensions; Azure PowerShell (a recovery plan): causes, action and ids.
    return absent(call, "ArmResourceDoesNotExist", f"Specified resource with name '{call[name]}' does not exist.")


def list_page(state: AzureState, call: Call, items: list[Json]) -> Answer:
    return page(state, call, items, always_null=True)


# Fabrics, providers, containers --------------------------------------------------------------------------------------


@ROUTES.get(FABRICS)
def list_fabrics(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    servers = [fabric_document(vault, fabric) for fabric in visible_fabrics(vault)]
    return list_page(state, call, servers + [site_document(vault, site) for site in vault.sites.values()])


@ROUTES.get(FABRIC)
def get_fabric(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    site = vault.sites.get(call["fabric"].lower())
    if site is not None:
        return Answer(200, site_document(vault, site))
    return Answer(200, fabric_document(vault, need_fabric(vault, call)))


@ROUTES.get(VAULT + "/replicationRecoveryServicesProviders")
def list_all_providers(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return list_page(state, call, [provider_document(state, vault, fabric) for fabric in _with_provider(vault)])


@ROUTES.get(FABRIC + "/replicationRecoveryServicesProviders")
def list_providers(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return list_page(state, call, [provider_document(state, vault, need_fabric(vault, call))])


@ROUTES.get(FABRIC + "/replicationRecoveryServicesProviders/{provider}")
def get_provider(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return Answer(200, provider_document(state, vault, need_provider(vault, call)))


@ROUTES.action(FABRIC + "/replicationRecoveryServicesProviders/{provider}/refreshProvider")
def refresh_provider(state: AzureState, call: Call) -> Answer:
    """Start a job that reads VMM's layout (documented: Refresh Provider; recorded: scenario RefreshFabricLayout)."""
    vault = need_vault(state, call)
    fabric = need_provider(vault, call)
    address = str(provider_document(state, vault, fabric)["id"])
    target = JobTarget("Server", fabric.server.vmm_id, fabric.server.friendly_name, address)
    affected = server_of_job(fabric)

    def finish(done: bool) -> None:
        if done:
            read_machines(state, fabric)

    job = start_job(state, vault, "RefreshFabricLayout", target, finish=finish, affected=affected)
    return accepted(state, call, job)


def server_of_job(fabric: Fabric) -> Json:
    """Return what a job says about its server (recorded)."""
    return {
        "primaryVmmId": fabric.server.vmm_id.lower(),
        "primaryVmmName": fabric.server.friendly_name,
        "primaryFabricProviderId": "VMM",
    }


def _with_provider(vault: Vault) -> list[Fabric]:
    """Return the servers whose Provider the list shows by now."""
    shown = []
    for fabric in visible_fabrics(vault):
        if fabric.hidden_reads > 0:
            fabric.hidden_reads -= 1
        else:
            shown.append(fabric)
    return shown


def need_provider(vault: Vault, call: Call) -> Fabric:
    fabric = need_fabric(vault, call)
    if call["provider"].lower() != fabric.server.vmm_id.lower():
        raise missing(call, "provider")
    return fabric


def _containers(vault: Vault, fabrics: list[Fabric]) -> Iterator[Json]:
    for fabric in fabrics:
        for cloud in fabric.containers.values():
            yield container_document(vault, fabric, cloud)


@ROUTES.get(VAULT + "/replicationProtectionContainers")
def list_all_containers(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return list_page(state, call, list(_containers(vault, visible_fabrics(vault))))


@ROUTES.get(FABRIC + "/replicationProtectionContainers")
def list_containers(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    return list_page(state, call, list(_containers(vault, [need_fabric(vault, call)])))


@ROUTES.get(CONTAINER)
def get_container(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    fabric, cloud = need_container(vault, call)
    return Answer(200, container_document(vault, fabric, cloud))


def need_container(vault: Vault, call: Call) -> tuple[Fabric, CloudFacts]:
    fabric = need_fabric(vault, call)
    cloud = fabric.containers.get(call["container"].lower())
    if cloud is None:
        raise missing(call, "container")
    return fabric, cloud


# Lists that later steps of a setup fill (recorded: empty in a vault without registrations) ------------------------


@honors_filter
def _empty_in_vault(state: AzureState, call: Call) -> Answer:
    need_vault(state, call)
    return list_page(state, call, [])


@honors_filter
def _empty_in_fabric(state: AzureState, call: Call) -> Answer:
    need_fabric(need_vault(state, call), call)
    return list_page(state, call, [])


# Lists of a vault whose objects belong to a fabric, so that no object has an address directly below the vault.
_OF_FABRICS = (
    "replicationMigrationItems",
    "replicationStorageClassifications",
    "replicationStorageClassificationMappings",
    "replicationvCenters",
)
_EMPTY: tuple[tuple[str, Handler, tuple[str, ...]], ...] = (
    (
        VAULT,
        _empty_in_vault,
        (
            *_OF_FABRICS,
            "replicationAppliances",
            "replicationEvents",
            "replicationAlertSettings",
            "replicationVaultSettings",
            "replicationProtectionIntents",
        ),
    ),
    (
        FABRIC,
        _empty_in_fabric,
        ("replicationLogicalNetworks", "replicationStorageClassifications", "replicationvCenters"),
    ),
)


def _nothing_of_that_name(state: AzureState, call: Call) -> Answer:
    """Refuse a read of one object of a list that is always empty."""
    vault = need_vault(state, call)
    if "fabric" in call.names:
        need_fabric(vault, call)
    raise missing(call, "name")


for _root, _handler, _names in _EMPTY:
    for _name in _names:
        ROUTES.get(f"{_root}/{_name}")(_handler)
        if _root != VAULT or _name not in _OF_FABRICS:
            ROUTES.get(f"{_root}/{_name}/{{name}}")(_nothing_of_that_name)


# Health --------------------------------------------------------------------------------------------------------------


@ROUTES.get(VAULT + "/replicationVaultHealth")
def vault_health(state: AzureState, call: Call) -> Answer:
    # recorded: azure-cli-extensions, test_siterecovery_vault_scenarios.
    vault = need_vault(state, call)
    counts = (
        "testFailoverApplicableProtectedItemsCount",
        "testFailoverInProgressProtectedItemsCount",
        "testFailoverWaitingProtectedItemsCount",
        "protectedItemsCriticalCount",
        "protectedItemsWarningCount",
        "protectedItemsNeutralCount",
        "protectedItemsTestFailoverCriticalCount",
        "protectedItemsTestFailoverWarningCount",
        "protectedItemsConfigurationCriticalCount",
        "protectedItemsConfigurationWarningCount",
        "protectedItemsFailoverHealthCriticalCount",
        "protectedItemsFailoverHealthWarningCount",
    )
    fabrics = visible_fabrics(vault)
    clouds = sum(len(fabric.containers) for fabric in fabrics)
    return Answer(
        200,
        {
            "name": "Default",
            "type": f"{KIND}/replicationVaultHealth",
            "id": f"{vault.site_id}/replicationVaultHealth/Default",
            "properties": {
                "vaultErrors": [],
                "protectedItemsHealth": {
                    "resourceCount": len(vault.items),
                    "issues": [health_issue(code) for code in vault.health_codes],
                    "categorizedResourceCounts": dict.fromkeys(counts, 0),
                },
                "fabricsHealth": {"resourceCount": len(fabrics), "issues": [], "categorizedResourceCounts": None},
                "containersHealth": {"resourceCount": clouds, "issues": [], "categorizedResourceCounts": None},
            },
        },
    )


@ROUTES.action(VAULT + "/replicationVaultHealth/default/refresh")
def refresh_health(state: AzureState, call: Call) -> Answer:
    vault = need_vault(state, call)
    # recorded: the target has the vault's number, and no name.
    target = JobTarget("Vault", str(vault.number), "", f"{vault.site_id}/replicationVaultHealth")
    return accepted(state, call, start_job(state, vault, "RefreshVaultHealth", target))


add_result(ROUTES, VAULT + "/replicationVaultHealth", vault_health)
add_result(ROUTES, FABRIC + "/replicationRecoveryServicesProviders/{provider}", get_provider)
