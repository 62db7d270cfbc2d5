# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Management locks at a subscription, a resource group or a resource, and their effect on writes."""

from __future__ import annotations

from .common import GROUP, ROOT, need_group, page
from .filters import honors_filter
from .messages import Answer, ArmError, Call, Json, canonical_value, document, member, not_simulated
from .routes import Route, Routes
from .state import AzureState
from .versions import LOCKS

ROUTES = Routes(LOCKS)

_LOCKS = "/providers/Microsoft.Authorization/locks"
# A resource, and a resource below it: a subnet, for example.
_RESOURCE = GROUP + "/providers/{namespace}/{kind}/{name}"
_CHILD = _RESOURCE + "/{child_kind}/{child}"
_SCOPES = (ROOT, GROUP, _RESOURCE, _CHILD)
# documented: API definition, LockLevel.
_LEVELS = ("NotSpecified", "CanNotDelete", "ReadOnly")


@honors_filter
def list_locks(state: AzureState, call: Call) -> Answer:
    """List the locks at and below a scope (documented: Management Locks - List At Resource Level and others).

    Inferred: also the locks above it.
    """
    scope, text = _scope(state, call), call.query.get("$filter", "")
    exact = text.casefold() == "atscope()"
    if text and not exact:
        raise not_simulated(f"the filter '{text}'")
    found = [lock for lock in state.locks if _covers(_locked(lock), scope)]
    found += [lock for lock in state.locks if lock not in found and not exact and _covers(scope, _locked(lock))]
    return page(state, call, found)


def get_lock(state: AzureState, call: Call) -> Answer:
    return Answer(200, _need(state, call))


def put_lock(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Management Locks - Create Or Update: 201 for a new lock, 200 for a changed one.
    scope, body = _scope(state, call), document(call)
    given = member(body, "properties", dict) or {}
    level = canonical_value(given.get("level"), _LEVELS)
    if level not in _LEVELS[1:]:
        # inferred: code and text.
        raise ArmError(400, "LockPropertiesInvalid", f"The lock level '{level}' is not valid.", gateway=True)
    owners = member(given, "owners", list)
    made: Json = {
        "properties": {name: value for name, value in {**given, "level": level, "owners": owners}.items() if value},
        "id": f"{scope}{_LOCKS}/{call['lock']}",
        "type": "Microsoft.Authorization/locks",
        "name": call["lock"],
    }
    existing = _find(state, call)
    if existing is not None:
        existing.update(made)
        return Answer(200, existing)
    state.locks.append(made)
    return Answer(201, made)


def delete_lock(state: AzureState, call: Call) -> Answer:
    # documented: REST reference, Management Locks - Delete: 200, or 204 for a missing lock.
    existing = _find(state, call)
    if existing is None:
        return Answer(204)
    state.locks.remove(existing)
    return Answer(200)


for _template in _SCOPES:
    ROUTES.get(_template + _LOCKS)(list_locks)
    ROUTES.get(_template + _LOCKS + "/{lock}")(get_lock)
    ROUTES.put(_template + _LOCKS + "/{lock}")(put_lock)
    ROUTES.delete(_template + _LOCKS + "/{lock}")(delete_lock)


def check_locks(state: AzureState, route: Route, call: Call) -> None:
    """Refuse calls under a lock (documented: ScopeLocked): ReadOnly stops every write, CanNotDelete only deletions.

    Locks themselves can be written and deleted (documented: "To delete the lock").
    """
    if route.family is LOCKS:
        return
    verb = "delete" if call.method == "DELETE" else "write"
    for lock in state.locks:
        level = lock["properties"]["level"]
        if _covers(_locked(lock), call.path) and (level == "ReadOnly" or verb == "delete"):
            raise ArmError(
                409,
                "ScopeLocked",
                f"The scope '{call.path}' cannot perform {verb} operation because following scope(s) are locked: "
                f"'{_locked(lock)}'. Please remove the lock and try again.",
                gateway=True,
            )


def _scope(state: AzureState, call: Call) -> str:
    """Return the id of the locked scope; its group must exist."""
    if "group" in call.names:
        need_group(state, call["group"])
    path = call.path
    return path[: path.casefold().rindex(_LOCKS.casefold())]


def _find(state: AzureState, call: Call) -> Json | None:
    wanted = f"{_scope(state, call)}{_LOCKS}/{call['lock']}".casefold()
    return next((lock for lock in state.locks if str(lock["id"]).casefold() == wanted), None)


def _need(state: AzureState, call: Call) -> Json:
    lock = _find(state, call)
    if lock is None:
        # documented: LockNotFound.
        raise ArmError(404, "LockNotFound", f"The lock '{call['lock']}' could not be found.", gateway=True)
    return lock


def _locked(lock: Json) -> str:
    return str(lock["id"]).partition(_LOCKS)[0]


def _covers(scope: str, path: str) -> bool:
    return f"{path}/".casefold().startswith(f"{scope}/".casefold())
