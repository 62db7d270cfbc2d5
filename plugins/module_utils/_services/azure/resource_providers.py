# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration of resource providers on a subscription."""

from __future__ import annotations

from typing import Any

from ..._azure.clients import Azure
from ..._azure.failures import translated
from ..._azure.operations import wait_until_settled
from ..._azure.wire import raw
from ..._model.common.errors import RemoteFailure

#: Azure's error code for calls to a namespace that the subscription is not registered for.
NOT_REGISTERED = "MissingSubscriptionRegistration"


def is_not_registered(error: RemoteFailure) -> bool:
    """Tell whether a failure means that the subscription is not registered for a namespace."""
    return error.details.get("code") == NOT_REGISTERED


def registration(azure: Azure, namespace: str) -> str:
    """Return the state: Registered, Registering, NotRegistered or Unregistering."""
    with translated(f"read resource provider {namespace}"):
        found: Any = azure.resources.providers.get(namespace, cls=raw)
    return str(found.get("registrationState") or "")


def register(azure: Azure, namespace: str, timeout: float) -> None:
    """Register a namespace and wait for at most `timeout` seconds. The SDK would do this without a deadline."""
    with translated(f"register resource provider {namespace}"):
        azure.resources.providers.register(namespace)
    wait_until_settled(
        registration(azure, namespace),
        lambda: registration(azure, namespace),
        lambda state: None if state == "Registered" else f"resource provider {namespace} is {state}",
        timeout,
    )
