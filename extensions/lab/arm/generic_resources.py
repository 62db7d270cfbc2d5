# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations of Resource Manager for resources of every type: the list of resources, and the check of existence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .common import GROUP, ROOT, need_group, page
from .filters import Value, filtered, honors_filter
from .messages import Answer, ArmError, Call, Json, not_simulated
from .routes import Handler, Route, Routes
from .state import AzureState
from .versions import RESOURCES

ROUTES = Routes(RESOURCES)

# documented: REST reference, Resources - List: the members of GenericResourceExpanded that do not need $expand.
_SHOWN = ("id", "name", "type", "location", "tags", "kind", "sku", "identity", "zones", "extendedLocation", "managedBy")
# documented: REST reference, Resources - List: properties of a filter. A comparison ignores the case.
_FILTERS: dict[str, Value] = {
    "resourceType": lambda item: str(item["type"]),
    "name": lambda item: str(item["name"]),
    "location": lambda item: str(item["location"]),
    "resourceGroup": lambda item: str(item["id"]).split("/")[4],
}


@ROUTES.get(ROOT + "/resources")
@honors_filter
def list_resources(state: AzureState, call: Call) -> Answer:
    return page(state, call, filtered(call, [_generic(call, item) for item in _resources(state)], _FILTERS))


@ROUTES.get(GROUP + "/resources")
@honors_filter
def list_group_resources(state: AzureState, call: Call) -> Answer:
    prefix = f"{need_group(state, call['group'])['id']}/".casefold()
    found = [_generic(call, item) for item in _resources(state) if str(item["id"]).casefold().startswith(prefix)]
    return page(state, call, filtered(call, found, _FILTERS))


def _resources(state: AzureState) -> Iterator[Json]:
    """Yield the top-level resources: a subnet or a fabric is not in the list (documented: Resources - List)."""
    yield from (vault.document for vault in state.vaults.values())
    yield from state.accounts.values()
    yield from state.networks.values()
    yield from state.machines.values()


def _generic(call: Call, item: Json) -> Json:
    expanded = {name.strip().casefold() for name in call.query.get("$expand", "").split(",")} - {""}
    # The lab does not know the times of seeds, so it leaves out createdTime and changedTime.
    if unknown := expanded - {"createdtime", "changedtime", "provisioningstate"}:
        raise not_simulated(f"the expansion of {', '.join(sorted(unknown))}")
    shown = {name: item[name] for name in _SHOWN if name in item}
    if "provisioningstate" in expanded:
        shown["provisioningState"] = item["properties"]["provisioningState"]
    return shown


def existence(routes: Iterable[Route]) -> Iterator[Route]:
    """Yield a HEAD for each resource that a GET reads.

    documented: REST reference, Resources - Check Existence By Id: 204, or 404 without a body.
    """
    routes = list(routes)
    known = {route.segments for route in routes if route.method == "HEAD"}
    for route in routes:
        reads = route.method == "GET" and route.counts != "azure.poll" and len(route.segments) > 1
        if reads and _names_resource(route) and route.segments not in known:
            yield Route(route.family, "HEAD", route.segments, _exists(route.handler), False, route.counts)


def _names_resource(route: Route) -> bool:
    """Tell whether a path ends with a name and not with a type: `default` is the name of a single resource."""
    lowered = [segment.casefold() for segment in route.segments]
    if "providers" not in lowered:
        return route.segments[-1].startswith("{")
    place = len(lowered) - 1 - lowered[::-1].index("providers")
    return len(route.segments) - place > 2 and (len(route.segments) - place) % 2 == 0


def _exists(handler: Handler) -> Handler:
    def answer(state: AzureState, call: Call) -> Answer:
        try:
            handler(state, call)
        except ArmError as error:
            if error.status != 404:
                raise
            return Answer(404)
        return Answer(204)

    return answer
