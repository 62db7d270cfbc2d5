# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-running operations, lists and lookups that the resource providers share."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable
from typing import Any

from .messages import Answer, ArmError, Call, Json
from .records import Operation
from .regions import canonical, title
from .state import AzureState

ROOT = "/subscriptions/{subscription}"
GROUP = ROOT + "/resourceGroups/{group}"


def need_group(state: AzureState, name: str) -> Json:
    group = state.groups.get(name.casefold())
    if group is None:
        # recorded: Azure PowerShell, TestGetRSVaultSettingsFile.
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.", gateway=True)
    return group


def not_found(group: str, kind: str, name: str) -> ArmError:
    # recorded: azure-cli-extensions, test_siterecovery_vault_scenarios.
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        gateway=True,
    )


def need_parent(state: AzureState, call: Call, kind: str, name: str, found: Any) -> None:
    """Refuse a write below a missing resource (documented: ParentResourceNotFound)."""
    if found is None:
        need_group(state, call["group"])
        raise ArmError(
            404,
            "ParentResourceNotFound",
            f"Failed to perform '{'write' if call.method == 'PUT' else call.method.lower()}' on resource(s) of type "
            f"'{kind}', because the parent resource '{name}' could not be found.",
            gateway=True,
        )


def need_location(body: Json, kind: str, locations: Iterable[str]) -> str:
    """Return the location of a body in its canonical form, or raise Resource Manager's error."""
    given = body.get("location")
    if not isinstance(given, str) or not given.strip():
        # documented: common deployment errors, LocationRequired.
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.", gateway=True)
    known = list(locations)
    if canonical(given) not in known:
        # documented: LocationNotAvailableForResourceType.
        raise ArmError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{given}' is not available for resource type '{kind}'. "
            f"List of available regions for the resource type is '{','.join(known)}'.",
            gateway=True,
        )
    return canonical(given)


def keep_location(existing: Json, wanted: str, name: str, group: str) -> None:
    """Refuse a PUT with another location: a resource never moves (recorded: Azure CLI issue 27899)."""
    if existing["location"] != wanted:
        raise ArmError(
            409,
            "InvalidResourceLocation",
            f"The resource '{name}' already exists in location '{existing['location']}' in resource group '{group}'. "
            f"A resource with the same name cannot be created in location '{wanted}'. "
            "Please select a new resource name.",
            gateway=True,
        )


def page(
    state: AzureState,
    call: Call,
    items: list[Json],
    *,
    always_null: bool = False,
    ends_empty: bool = False,
    whole: bool = False,
) -> Answer:
    """Answer with one page. A full page names a next one, so the last may be empty (recorded: protectable items).

    `always_null`: Site Recovery writes `nextLink: null` on the last page (recorded); others leave it out (recorded).
    `ends_empty`: the list ends with an empty page whatever its length (recorded: protectable items).
    `whole`: the list is one page whatever its length (recorded: jobs).
    """
    if whole:
        return Answer(200, {"value": items, "nextLink": None})
    start = _offset(call.query.get("$skiptoken"))
    shown = items[start : start + state.page_size]
    more = bool(shown) and (ends_empty or len(shown) == state.page_size)
    body: Json = {"value": shown}
    if more:
        token = base64.urlsafe_b64encode(str(start + len(shown)).encode()).decode()
        body["nextLink"] = call.link(call.path, **{"$skipToken": token})
    elif always_null:
        body["nextLink"] = None
    return Answer(200, body)


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode())
    except ValueError:
        # inferred: code and text.
        raise ArmError(400, "InvalidSkipToken", "The skip token of the request is not valid.") from None


def signed(call: Call, path: str, operation: Operation) -> str:
    """Return a polling address with Resource Manager's signature (recorded: query parts t, c, s and h since 2023)."""
    ticks = str(621355968000000000 + int(time.time() * 10_000_000))
    return call.link(path, t=ticks, c="LAB", s=operation.signature, h="LAB")


def need_operation(state: AzureState, call: Call, *, signature: bool) -> Operation:
    """Return the operation of a polling address; a cut signature counts as an unknown operation (inferred)."""
    operation = state.operations.get(call["operation"])
    if operation is None or (signature and call.query.get("s") != operation.signature):
        raise ArmError(404, "OperationNotFound", f"The operation '{call['operation']}' could not be found.")
    return operation


def region_names(locations: Iterable[str]) -> list[str]:
    """Return display names as in the provider list (recorded: `West Europe`)."""
    return [title(name) for name in locations]
