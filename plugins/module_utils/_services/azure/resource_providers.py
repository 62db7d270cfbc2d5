# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration of resource providers on a subscription."""

from __future__ import annotations

from typing import Any

from ..._azure.clients import Azure
from ..._azure.failures import translated
from ..._azure.operations import settle
from ..._azure.wire import raw
from ..._model.common.errors import RemoteFailure

#: What Azure answers to everything of a namespace that the subscription does not use yet.
NOT_REGISTERED = "MissingSubscriptionRegistration"


def says_not_registered(error: RemoteFailure) -> bool:
    return error.details.get("code") == NOT_REGISTERED


def registration(azure: Azure, namespace: str) -> str:
    """Registered, Registering, NotRegistered or Unregistering."""
    with translated(f"read resource provider {namespace}"):
        found: Any = azure.resources.providers.get(namespace, cls=raw)
    return str(found.get("registrationState") or "")


def register(azure: Azure, namespace: str, timeout: float) -> None:
    """Register and wait, at most `timeout` seconds. The SDK does it by itself for some calls, without a deadline."""
    with translated(f"register resource provider {namespace}"):
        azure.resources.providers.register(namespace)
    settle(
        registration(azure, namespace),
        lambda: registration(azure, namespace),
        lambda state: None if state == "Registered" else f"resource provider {namespace} is {state}",
        timeout,
    )
