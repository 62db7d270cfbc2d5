# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance metadata service of machines in Azure, as far as it issues tokens of managed identities.

Documented: "How to use managed identities for Azure resources on an Azure VM to acquire an access token". It uses
plain HTTP by design: only the machine itself reaches the address. The environment variable
AZURE_POD_IDENTITY_AUTHORITY_HOST, which the identity library reads, names this server.
"""

from __future__ import annotations

import json

from aiohttp import web

from .messages import Json
from .state import AzureState

PATH = "/metadata/identity/oauth2/token"
VERSION = "2018-02-01"


class MetadataService:
    """The aiohttp application; `audiences` are the resources for which it issues tokens."""

    def __init__(self, state: AzureState, audiences: tuple[str, ...]) -> None:
        self.state = state
        self.audiences = {audience.rstrip("/") for audience in audiences}

    def app(self) -> web.Application:
        application = web.Application()
        application.router.add_get(PATH, self._serve)
        return application

    async def _serve(self, request: web.Request) -> web.Response:
        context = self.state.context
        context.journal.count("azure.token")
        fault = context.faults.hit(f"imds:{request.method}:{request.path}")
        if fault is not None:
            # Documented: status codes of an instance metadata service that is updating, throttled or broken.
            return web.Response(status=int(fault.detail.get("status", 500)), text=str(fault.detail.get("page", "")))
        status, body = self._answer(request)
        return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json")

    def _answer(self, request: web.Request) -> tuple[int, Json]:
        refusal = self._refuse(request)
        if refusal is not None:
            return 400, {"error": refusal[0], "error_description": refusal[1]}
        resource, client = request.query["resource"], request.query.get("client_id", "")
        with self.state.lock:
            value = self.state.new_token()
        now = int(self.state.context.clock.now().timestamp())
        life = int(self.state.token_life.total_seconds())
        return 200, {
            "access_token": value,
            "client_id": client,
            "expires_in": str(life),
            "expires_on": str(now + life),
            "ext_expires_in": str(life),
            "not_before": str(now),
            "resource": resource,
            "token_type": "Bearer",
        }

    def _refuse(self, request: web.Request) -> tuple[str, str] | None:
        if request.headers.get("Metadata", "").casefold() != "true":
            return "invalid_request", "Required metadata header not specified"
        if "X-Forwarded-For" in request.headers:
            # Documented: requests through a proxy are rejected; inferred: code and text.
            return "invalid_request", "X-Forwarded-For header is not allowed"
        for name in ("api-version", "resource"):
            if not request.query.get(name):
                return "invalid_request", f"Required query variable '{name}' is missing"
        if request.query["resource"].rstrip("/") not in self.audiences:
            text = f"The resource principal named {request.query['resource']} was not found in the tenant."
            return "invalid_resource", f"AADSTS500011: {text}"
        machine, client = self.state.machine, request.query.get("client_id")
        known = client in machine.user_assigned if client else machine.system_assigned
        # Documented: a machine without a system-assigned identity uses its only user-assigned one.
        if not client and len(machine.user_assigned) == 1:
            known = True
        return None if known else ("invalid_request", "Identity not found")
