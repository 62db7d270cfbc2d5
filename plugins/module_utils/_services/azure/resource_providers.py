# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration of resource providers on a subscription, in one way for every resource."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from ..._azure.clients import Azure
from ..._azure.consistency import NOT_REGISTERED, UNKNOWN_PARENT
from ..._azure.failures import translated
from ..._azure.operations import retry_while_busy, wait_until_settled
from ..._azure.wire import raw
from ..._model.azure.resource_group import ResourceState, not_registered
from ..._model.common.errors import AccessDenied, Refused, RemoteFailure

Resource = TypeVar("Resource")
_REGISTERED = "Registered"


class ResourceProvider:
    """The namespace of a resource on the subscription. `allowed`: this run may register it."""

    def __init__(self, azure: Azure, namespace: str, allowed: bool, timeout: float) -> None:
        self._azure = azure
        self._namespace = namespace
        self._allowed = allowed
        self._timeout = timeout
        self._registered_now = False

    def find(self, group: str, call: Callable[[], ResourceState[Resource]]) -> ResourceState[Resource]:
        """Read a resource. Without a registration the resource is absent and the state has `unregistered`.

        A refusal that the state of the resource provider does not confirm is raised, unless this run registered it.
        """
        if self._registered_now:
            return retry_while_busy(call, f"read from {self._namespace}", self._timeout, (NOT_REGISTERED,))
        try:
            return call()
        except RemoteFailure as error:
            if not is_not_registered(error) or self._state() == _REGISTERED:
                raise
        with translated(f"read resource group {group}"):
            exists = self._azure.resources.resource_groups.check_existence(group)
        return ResourceState(None, group_missing=not exists, unregistered=True)

    def register(self) -> None:
        """Register the namespace and wait until it is registered. The SDK would do this without a deadline."""
        with translated(f"register resource provider {self._namespace}"):
            self._azure.resources.providers.register(self._namespace)
        wait_until_settled(
            self._state(),
            self._state,
            lambda state: None if state == _REGISTERED else f"resource provider {self._namespace} is {state}",
            self._timeout,
        )
        self._registered_now = True

    def create(self, put: Callable[[Collection[str]], None]) -> None:
        """Create a resource with `put`, which repeats the write on the given refusals.

        A new group, and a registration, are not known in all of Azure at once. This run or another one created the
        group, because no write begins without it. A missing registration shows first in the write when the identity
        cannot read it, or when a read did not need it.
        """
        known: tuple[str, ...] = UNKNOWN_PARENT
        if self._registered_now:
            known = (*known, NOT_REGISTERED)
        try:
            put(known)
        except RemoteFailure as error:
            if not is_not_registered(error):
                raise
            if not self._is_registered():
                if not self._allowed:
                    raise Refused(not_registered(self._namespace, self._azure.subscription_id)) from error
                self.register()
            put((*known, NOT_REGISTERED))

    def _is_registered(self) -> bool:
        try:
            return self._state() == _REGISTERED
        except AccessDenied:
            return False

    def _state(self) -> str:
        """Return the state: Registered, Registering, NotRegistered or Unregistering."""
        with translated(f"read resource provider {self._namespace}"):
            found: Any = self._azure.resources.providers.get(self._namespace, cls=raw)
        return str(found.get("registrationState") or "")


def is_not_registered(error: RemoteFailure) -> bool:
    """Tell whether a failure means that the subscription is not registered for a namespace."""
    return error.details.get("code") == NOT_REGISTERED
