# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves Resource Manager: faults, tokens, api-versions, routing, headers, journal and traffic log around each call."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import web

from ..context import Fault
from . import (
    authorization,
    blob,
    drills,
    failovers,
    filters,
    generic_resources,
    guardrails,
    identity,
    index,
    locks,
    network,
    plan_drills,
    plan_failovers,
    protectable_items,
    protected_items,
    recovery_plans,
    recovery_services,
    resources,
    site_recovery,
    site_recovery_associations,
    site_recovery_jobs,
    site_recovery_networks,
    site_recovery_policies,
    site_recovery_servers,
    storage,
    virtual_machines,
)
from .messages import Answer, ArmError, Call, not_simulated
from .records import guid
from .routes import Route, split_path
from .state import AzureState
from .traffic import Exchange, redact, write_line
from .views import copied, not_registered

_ALL_ROUTES = (
    resources.ROUTES,
    resources.SUBSCRIPTION_ROUTES,
    authorization.ROUTES,
    locks.ROUTES,
    generic_resources.ROUTES,
    guardrails.ROUTES,
    recovery_services.ROUTES,
    site_recovery.ROUTES,
    protectable_items.ROUTES,
    protected_items.ROUTES,
    site_recovery_associations.ROUTES,
    drills.ROUTES,
    recovery_plans.ROUTES,
    plan_drills.ROUTES,
    plan_failovers.ROUTES,
    failovers.ROUTES,
    virtual_machines.ROUTES,
    site_recovery_jobs.ROUTES,
    site_recovery_networks.ROUTES,
    site_recovery_policies.ROUTES,
    site_recovery_servers.ROUTES,
    storage.ROUTES,
    network.ROUTES,
)

# The client ends a hanging call long before this limit.
_HANG_SECONDS = 3600.0
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
# documented: buckets of Resource Manager's throttling; recorded: header names, and that they fall by one.
_LIMITS = {"reads": 11999, "writes": 1199, "deletes": 14999}
# recorded: Azure PowerShell in 2024, the limits of a region, and of the whole subscription.
_NEW_LIMITS = {"reads": (1099, 16499), "writes": (799, 11999), "deletes": (799, 11999)}


class ArmServer:
    """The aiohttp application over the state; set `base_url` once the port is known."""

    def __init__(self, state: AzureState) -> None:
        self.state = state
        self.context = state.context
        self.base_url = ""
        self.traffic: list[Exchange] = []
        self._used: Counter[str] = Counter()
        routes = [route for routes in _ALL_ROUTES for route in routes]
        self._table = _table([*routes, *generic_resources.existence(routes)])

    def app(self) -> web.Application:
        application = web.Application(client_max_size=4 * 1024 * 1024)
        application.router.add_route("*", "/{tail:.*}", self._serve)
        return application

    # One request --------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        account = blob.account_of(request.host)
        if account is not None:
            with self.state.lock:
                return blob.serve(self.state, account, request)
        raw = await request.read()
        base = self.base_url or f"https://{request.host}"
        segments = split_path(request.rel_url.raw_path)
        path = "/" + "/".join(segments)
        query = {name.lower(): value for name, value in request.query.items()}
        given = {name.lower(): value for name, value in request.headers.items()}
        call = Call(request.method, path, query, None, base, headers=given)
        fault = self.context.faults.hit(f"arm:{request.method}:{path.lower()}")
        if fault is not None:
            answer = await self._apply_fault(fault, request)
            if answer is not None and fault.action == "drop":
                # The client does not receive this answer, so the log does not record the exchange.
                return web.Response(status=answer.status)
            if answer is not None:
                return _twisted(fault, self._respond(request, call, raw, answer))
        with self.state.lock:
            self.state.settle()
            answer = self._answer(request, call, segments, raw)
        if fault is not None and fault.action == "drop":
            _cut(request)
        return self._respond(request, call, raw, answer)

    async def _apply_fault(self, fault: Fault, request: web.Request) -> Answer | None:
        """Apply a planned fault, and return its answer; None lets the call continue.

        Details: fail: status, code, message, headers, body (a document) or page (text that is not JSON), cut (the
        connection ends within the answer); throttle: retry_after (seconds, None for none), code, message;
        delay: seconds (scaled as all times of the lab); drop: when (`before` or `after` the call was done).
        """
        detail = fault.detail
        if fault.action == "delay":
            await asyncio.sleep(float(detail.get("seconds", 5.0)) * self.context.clock.scale)
            return None
        if fault.action == "hang":
            await asyncio.sleep(float(detail.get("seconds", _HANG_SECONDS)))
            return None
        if fault.action == "drop":
            if detail.get("when") != "after":
                _cut(request)
                return Answer(500)
            return None
        return _throttled(detail) if fault.action == "throttle" else _failed(detail)

    def _answer(self, request: web.Request, call: Call, segments: tuple[str, ...], raw: bytes) -> Answer:
        for method, pattern, handler in identity.OPEN_ROUTES:
            found = pattern.fullmatch(call.path)
            if found and method == call.method:
                return handler(self.state, _named(call, found.groupdict()), raw)
        refusal = identity.check_bearer(self.state, request.headers.get("Authorization"))
        if refusal is not None:
            return refusal
        route: Route | None = None
        try:
            route, names = self._find(call, segments)
            ready = _named(call, names, _parse_body(route, raw))
            authorization.check(self.state, route, ready, segments)
            answer = authorization.visible(self.state, route, ready, segments, self._handle(route, ready, segments))
        except ArmError as error:
            answer = error.answer()
        if route is not None:
            self._note(route, call, answer)
        return answer

    def _handle(self, route: Route, call: Call, segments: tuple[str, ...]) -> Answer:
        """Let the handler answer, or a replica that does not know the last write yet."""
        views = self.state.views
        found = views.outdated(call.method, call.path)
        if found is not None:
            return found
        before = None
        if route.writes and views.lagging:
            views.refuse_new_registration(route.family.namespace, call.method)
            if call.method != "DELETE":
                views.refuse_unknown_parent(segments)
            before = self._read(call, segments)
        answer = route.handler(self.state, call)
        if answer.status < 400:
            views.remember(call.method, call.path, before)
        return answer

    def _read(self, call: Call, segments: tuple[str, ...]) -> Answer | None:
        """Return what a GET of the path answers now; None for a path that cannot be read."""
        for route in self._table.get(("GET", len(segments)), ()):
            names = route.match(segments)
            if names is not None:
                query = {"api-version": call.api_version}
                try:
                    return copied(route.handler(self.state, Call("GET", call.path, query, None, call.base_url, names)))
                except ArmError as error:
                    return error.answer()
        return None

    def _find(self, call: Call, segments: tuple[str, ...]) -> tuple[Route, dict[str, str]]:
        self._check_subscription(segments)
        for route in self._table.get((call.method, len(segments)), ()):
            names = route.match(segments)
            if names is not None:
                self._check_version(route, call, segments)
                self._check_registered(route)
                if call.query.get("$filter") and not filters.is_honored(route.handler):
                    raise not_simulated(f"the filter '{call.query['$filter']}' of {call.path}")
                return route, names
        raise self._unknown(call, segments)

    def _check_subscription(self, segments: tuple[str, ...]) -> None:
        if len(segments) < 2 or segments[0].casefold() != "subscriptions":
            return
        given = segments[1]
        try:
            UUID(given)
        except ValueError:
            # documented: InvalidSubscriptionId.
            text = f"The provided subscription identifier '{given}' is malformed or invalid."
            raise ArmError(400, "InvalidSubscriptionId", text, gateway=True) from None
        if given.casefold() != self.context.login.subscription_id.casefold():
            # documented: SubscriptionNotFound.
            text = f"The subscription '{given}' could not be found."
            raise ArmError(404, "SubscriptionNotFound", text, gateway=True)

    def _check_version(self, route: Route, call: Call, segments: tuple[str, ...]) -> None:
        family, version = route.family, call.api_version
        if not version:
            # documented: MissingApiVersionParameter.
            text = "The api-version query parameter (?api-version=) is required for all requests."
            raise ArmError(400, "MissingApiVersionParameter", text, gateway=True)
        if version in family.versions:
            return
        supported = ", ".join(family.versions)
        kind = _kind(segments)
        if kind is None or not _VERSION.fullmatch(version):
            # documented: InvalidApiVersionParameter.
            text = f"The api-version '{version}' is invalid. The supported versions are '{supported}'."
            raise ArmError(400, "InvalidApiVersionParameter", text, gateway=True)
        # documented: NoRegisteredProviderFound.
        text = (
            f"No registered resource provider found for location '' and API version '{version}' for type '{kind}'. "
            f"The supported api-versions are '{supported}'."
        )
        raise ArmError(400, "NoRegisteredProviderFound", text, gateway=True)

    def _check_registered(self, route: Route) -> None:
        name = route.family.namespace
        if self.state.providers.get(name.casefold(), "Registered") == "NotRegistered":
            # inferred: reading calls get it as well.
            raise not_registered(name)

    def _unknown(self, call: Call, segments: tuple[str, ...]) -> ArmError:
        """Return the refusal of a call without a route: it is an error of the client, or it is not simulated."""
        if not call.api_version:
            text = "The api-version query parameter (?api-version=) is required for all requests."
            return ArmError(400, "MissingApiVersionParameter", text, gateway=True)
        lowered = [segment.casefold() for segment in segments]
        namespace, kind = "", ""
        if "providers" in lowered[:-1]:
            place = len(lowered) - 1 - lowered[::-1].index("providers")
            namespace = segments[place + 1]
            kind = "/".join(segments[place + 2 :: 2])
            if not index.is_namespace(namespace):
                # documented: InvalidResourceNamespace.
                text = f"The resource namespace '{namespace}' is invalid."
                return ArmError(404, "InvalidResourceNamespace", text, gateway=True)
        exists = index.methods(namespace, kind) if kind else frozenset()
        if exists is None:
            # documented: InvalidResourceType.
            text = (
                f"The resource type '{kind}' could not be found in the namespace '{namespace}' for api version "
                f"'{call.api_version}'."
            )
            return ArmError(404, "InvalidResourceType", text, gateway=True)
        if exists and call.method not in exists | {"HEAD"}:
            # inferred: text of the web framework behind the service.
            text = f"The requested resource does not support http method '{call.method}'."
            return ArmError(405, "MethodNotAllowed", text, gateway=True)
        return not_simulated(f"{call.method} {call.path}")

    # Journal, headers, log ----------------------------------------------------------------------------------------

    def _note(self, route: Route, call: Call, answer: Answer) -> None:
        """Write accepted writes to the journal, also those without a change, and count everything else."""
        journal = self.context.journal
        if not route.writes:
            journal.count(route.counts)
        elif answer.status >= 400:
            journal.count("azure.refused")
        else:
            journal.write("azure", call.path, _verb(route), status=answer.status)

    def _respond(self, request: web.Request, call: Call, raw: bytes, answer: Answer) -> web.Response:
        headers = _standard_headers(request) | self._limits(request.method) | answer.headers
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        if body:
            headers["Content-Type"] = "application/json; charset=utf-8"
        file = self.context.traffic_file
        if self.state.record_traffic or file:
            self._log(call, raw, answer, headers, Path(file) if file else None)
        return web.Response(status=answer.status, body=body, headers=headers)

    def _limits(self, method: str) -> dict[str, str]:
        """Return how many requests are left; the lab's subscription never runs out of them."""
        kind = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(method, "writes")
        used, name = self._used[kind], f"x-ms-ratelimit-remaining-subscription-{kind}"
        self._used[kind] += 1
        if not self.state.shows_new_limits:
            return {name: str(_LIMITS[kind] - used % _LIMITS[kind])}
        region, whole = _NEW_LIMITS[kind]
        wide = name.replace("-subscription-", "-subscription-global-")
        return {name: str(region - used % region), wide: str(whole - used % whole)}

    def _log(self, call: Call, raw: bytes, answer: Answer, headers: dict[str, str], file: Path | None) -> None:
        if any(pattern.fullmatch(call.path) for _method, pattern, _handler in identity.OPEN_ROUTES):
            return
        sent: Any = None
        with suppress(ValueError, RecursionError):
            sent = json.loads(raw) if raw else None
        exchange = Exchange(
            call.method,
            call.path,
            dict(call.query),
            redact(sent),
            answer.status,
            headers,
            redact(answer.body),
            answer.outdated,
        )
        if self.state.record_traffic:
            self.traffic.append(exchange)
        if file is not None:
            write_line(exchange, file)


def _table(routes: Iterable[Route]) -> dict[tuple[str, int], list[Route]]:
    """Sort routes by method and length; those with more literal segments come first."""
    table: dict[tuple[str, int], list[Route]] = {}
    for route in routes:
        table.setdefault((route.method, len(route.segments)), []).append(route)
    for same in table.values():
        same.sort(key=lambda route: sum(segment.startswith("{") for segment in route.segments))
    return table


def _named(call: Call, names: dict[str, Any], body: Any = None) -> Call:
    return Call(call.method, call.path, call.query, body, call.base_url, names, call.headers)


def _parse_body(route: Route, raw: bytes) -> Any:
    if route.method not in {"PUT", "PATCH", "POST"} or not raw:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        # documented: InvalidRequestContent.
        text = f"The request content was invalid and could not be deserialized: '{error}'."
        raise ArmError(400, "InvalidRequestContent", text, gateway=True) from None


def _verb(route: Route) -> str:
    return route.segments[-1] if route.method == "POST" else route.method.lower()


def _kind(segments: tuple[str, ...]) -> str | None:
    """Return the resource type in a path: every second segment after the namespace."""
    lowered = [segment.casefold() for segment in segments]
    if "providers" not in lowered:
        return None
    rest = segments[lowered.index("providers") + 2 :]
    return "/".join(rest[::2]) or None


def _throttled(detail: dict[str, Any]) -> Answer:
    # documented: throttling of Resource Manager; recorded: the vault provider's own limit uses another code.
    error = ArmError(
        429,
        str(detail.get("code", "SubscriptionRequestsThrottled")),
        str(detail.get("message", "The number of requests for the subscription exceeded the limit.")),
    )
    after = detail.get("retry_after", 1)
    if after is not None:
        error.headers["Retry-After"] = str(after)
    return error.answer()


def _failed(detail: dict[str, Any]) -> Answer:
    error = ArmError(
        int(detail.get("status", 500)),
        str(detail.get("code", "InternalServerError")),
        str(detail.get("message", "An internal error occurred. Please try again later.")),
    )
    error.headers.update({str(name): str(value) for name, value in dict(detail.get("headers") or {}).items()})
    answer = error.answer()
    if "body" in detail:
        answer.body = detail["body"]
    return answer


def _twisted(fault: Fault, response: web.Response) -> web.Response:
    """Return an answer as another host or a broken connection would deliver it."""
    if "page" in fault.detail:
        response.body = str(fault.detail["page"]).encode()
        response.content_type = "text/html"
    if fault.detail.get("cut"):
        length = len(response.body) if isinstance(response.body, bytes) else 0
        response.headers["Content-Length"] = str(length + 100)
        response.force_close()
    return response


def _cut(request: web.Request) -> None:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()


def _standard_headers(request: web.Request) -> dict[str, str]:
    """Return the headers of every answer (documented: Resource Manager request headers; recorded: rate limits)."""
    correlation = request.headers.get("x-ms-correlation-request-id") or guid()
    now = datetime.now(timezone.utc)
    headers = {
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "x-ms-request-id": guid(),
        "x-ms-correlation-request-id": correlation,
        "x-ms-routing-request-id": f"WESTEUROPE:{now:%Y%m%dT%H%M%SZ}:{guid()}",
    }
    if request.method not in ("GET", "HEAD"):
        headers["x-ms-ratelimit-remaining-subscription-resource-requests"] = "209"
    client = request.headers.get("x-ms-client-request-id")
    if client:
        headers["x-ms-client-request-id"] = client
    return headers
