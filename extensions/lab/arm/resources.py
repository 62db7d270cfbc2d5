# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions, resource groups and the registration of resource providers."""

from __future__ import annotations

import re

from . import regions
from .common import GROUP, ROOT, need_group, need_operation, page, region_names
from .documents import group_document
from .messages import Answer, ArmError, Call, Json, document, string_map
from .routes import Routes
from .state import AzureState
from .state_core import PROVIDERS
from .versions import COMPUTE, NETWORK, RECOVERY_SERVICES, RESOURCES, STORAGE, SUBSCRIPTIONS

ROUTES = Routes(RESOURCES)
SUBSCRIPTION_ROUTES = Routes(SUBSCRIPTIONS)

_TYPES = {
    "microsoft.compute": (COMPUTE, ("virtualMachines", "disks")),
    "microsoft.network": (NETWORK, ("virtualNetworks", "locations/operations", "locations/operationResults")),
    "microsoft.recoveryservices": (RECOVERY_SERVICES, ("vaults", "locations/checkNameAvailability")),
    "microsoft.storage": (STORAGE, ("storageAccounts", "checkNameAvailability", "locations/usages")),
}

# documented: naming rules of Azure resources.
_GROUP_NAME = re.compile(r"[\w\-.()]{1,90}")


@SUBSCRIPTION_ROUTES.get("/subscriptions")
def list_subscriptions(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Subscriptions - List: those in which the caller has a role.
    return page(state, call, [_subscription(state)] if state.roles else [])


@SUBSCRIPTION_ROUTES.get("/tenants")
def list_tenants(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Tenants - List; the names are placeholders.
    tenant = state.context.login.tenant
    names: Json = {"displayName": "Site Recovery lab", "defaultDomain": "lab.example", "domains": ["lab.example"]}
    found = {"id": f"/tenants/{tenant}", "tenantId": tenant, "countryCode": "US", "tenantCategory": "Home", **names}
    return page(state, call, [found])


@SUBSCRIPTION_ROUTES.get(ROOT)
def get_subscription(state: AzureState, _call: Call) -> Answer:
    # documented: REST reference, Subscriptions - Get.
    return Answer(200, _subscription(state))


def _subscription(state: AzureState) -> Json:
    subscription = state.context.login.subscription_id
    return {
        "id": f"/subscriptions/{subscription}",
        "subscriptionId": subscription,
        "tenantId": state.context.login.tenant,
        "displayName": "Site Recovery lab",
        "state": state.subscription_state,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
        "authorizationSource": "RoleBased",
    }


@SUBSCRIPTION_ROUTES.get(ROOT + "/locations")
def list_locations(state: AzureState, _call: Call) -> Answer:
    # documented: REST reference, Subscriptions - List Locations.
    items: list[Json] = [
        {
            "id": f"/subscriptions/{state.context.login.subscription_id}/locations/{name}",
            "name": name,
            "displayName": regions.title(name),
        }
        for name in state.cloud.regions
    ]
    return Answer(200, {"value": items})


@ROUTES.head(GROUP)
def group_exists(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Resource Groups - Check Existence: 204 or 404 without a body.
    return Answer(204 if call["group"].casefold() in state.groups else 404)


@ROUTES.get(GROUP)
def get_group(state: AzureState, call: Call) -> Answer:
    return Answer(200, need_group(state, call["group"]))


@ROUTES.get(ROOT + "/resourceGroups")
def list_groups(state: AzureState, call: Call) -> Answer:
    return page(state, call, list(state.groups.values()))


@ROUTES.put(GROUP)
def put_group(state: AzureState, call: Call) -> Answer:
    body, name = document(call), call["group"]
    if not _GROUP_NAME.fullmatch(name) or name.endswith("."):
        # documented: naming rules; inferred: code.
        raise ArmError(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' has these invalid characters or ends with a period.",
            gateway=True,
        )
    location = _group_location(state, body)
    existing = state.groups.get(name.casefold())
    if existing is None:
        made = group_document(state.context.login.subscription_id, name, location, string_map(body, "tags"))
        state.groups[name.casefold()] = made
        return Answer(201, made)
    if existing["location"] != location:
        # documented: InvalidResourceGroupLocation.
        raise ArmError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{existing['location']}'.",
            gateway=True,
        )
    _set_tags(existing, string_map(body, "tags"))
    return Answer(200, existing)


@ROUTES.patch(GROUP)
def patch_group(state: AzureState, call: Call) -> Answer:
    group, body = need_group(state, call["group"]), document(call)
    if "tags" in body:
        _set_tags(group, string_map(body, "tags"))
    return Answer(200, group)


@ROUTES.delete(GROUP)
def delete_group(state: AzureState, call: Call) -> Answer:
    """Answer 202 with a Location to poll (documented: Resource Groups - Delete), and delete everything inside."""
    group = need_group(state, call["group"])
    group["properties"]["provisioningState"] = "Deleting"
    prefix = f"{group['id']}/".casefold()

    def finish(done: bool) -> None:
        if not done:
            group["properties"]["provisioningState"] = "Succeeded"
            return
        state.groups.pop(str(group["name"]).casefold(), None)
        for store in (state.vaults, state.accounts, state.networks, state.blob_services, state.account_keys):
            for key in [key for key in store if key.startswith(prefix)]:
                del store[key]

    operation = state.begin("DELETE", str(group["id"]), state.context.delays.vault_create, finish)
    link = call.link(f"/subscriptions/{state.context.login.subscription_id}/operationresults/{operation.id}")
    return Answer(202, None, {"Location": link, "Retry-After": state.retry_after()})


@ROUTES.poll(ROOT + "/operationresults/{operation}")
def group_result(state: AzureState, call: Call) -> Answer:
    operation = need_operation(state, call, signature=False)
    if operation.running:
        link = call.link(call.path)
        return Answer(202, None, {"Location": link, "Retry-After": state.retry_after()})
    if operation.error is not None:
        raise ArmError(409, str(operation.error["code"]), str(operation.error["message"]))
    return Answer(200, None)


@ROUTES.get(ROOT + "/providers/{namespace}")
def get_provider(state: AzureState, call: Call) -> Answer:
    return Answer(200, provider_document(state, call["namespace"]))


@ROUTES.get(ROOT + "/providers")
def list_providers(state: AzureState, call: Call) -> Answer:
    return page(state, call, [provider_document(state, name) for name in PROVIDERS])


@ROUTES.action(ROOT + "/providers/{namespace}/register")
def register_provider(state: AzureState, call: Call) -> Answer:
    """Register a resource provider: Registering first, Registered later (documented: resource providers and types)."""
    key = call["namespace"].casefold()
    provider_document(state, key)
    if state.providers[key] == "NotRegistered":
        state.providers[key] = "Registering"

        def done() -> None:
            state.providers[key] = "Registered"
            # recorded in public threads: the registration reaches the regions later than the state shows it.
            state.views.remember_registration(key)

        state.later(state.context.delays.network_create, done)
    return Answer(200, provider_document(state, key))


def provider_document(state: AzureState, namespace: str) -> Json:
    """Return a resource provider as in the REST reference, Providers - Get."""
    key = namespace.casefold()
    name = next((known for known in PROVIDERS if known.casefold() == key), None)
    if name is None:
        # documented: InvalidResourceNamespace.
        raise ArmError(
            404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.", gateway=True
        )
    family, types = _TYPES[key]
    places = region_names(state.cloud.regions)
    return {
        "id": f"/subscriptions/{state.context.login.subscription_id}/providers/{name}",
        "namespace": name,
        "resourceTypes": [
            {
                "resourceType": kind,
                "locations": places,
                "apiVersions": sorted(family.versions, reverse=True),
                "capabilities": "SupportsTags, SupportsLocation" if "/" not in kind else "None",
            }
            for kind in types
        ],
        "registrationState": state.providers[key],
        "registrationPolicy": "RegistrationRequired",
    }


def _group_location(state: AzureState, body: Json) -> str:
    given = body.get("location")
    if not isinstance(given, str) or not given.strip():
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.", gateway=True)
    if regions.canonical(given) not in state.cloud.regions:
        # documented: LocationNotAvailableForResourceGroup.
        raise ArmError(
            400,
            "LocationNotAvailableForResourceGroup",
            f"The provided location '{given}' is not available for resource group. List of available regions is "
            f"'{','.join(state.cloud.regions)}'.",
            gateway=True,
        )
    return regions.canonical(given)


def _set_tags(group: Json, tags: dict[str, str]) -> None:
    group.pop("tags", None)
    if tags:
        group["tags"] = tags
