# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control endpoint: journal, planned faults, state and time of the lab, for clients with its token."""

from __future__ import annotations

import dataclasses
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol, get_args

from aiohttp import web

from .context import Fault, FaultAction, LabContext
from .winrm.server import WinRmServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StartedLab(Protocol):
    """The part of a lab that the control endpoint uses."""

    context: LabContext
    servers: dict[str, WinRmServer]

    def snapshot(self) -> dict[str, Any]: ...


class ControlServer:
    """Plain HTTP on the loopback address; every request carries `Authorization: Bearer <token>`."""

    def __init__(self, lab: StartedLab, leave: Callable[[], None]) -> None:
        self.token = secrets.token_urlsafe(24)
        self.port = 0
        self._lab = lab
        self._leave = leave
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/journal", self._journal),
                web.delete("/journal", self._clear_journal),
                web.get("/faults", self._faults),
                web.post("/faults", self._plan_fault),
                web.delete("/faults", self._clear_faults),
                web.get("/snapshot", self._snapshot),
                web.get("/time", self._time),
                web.post("/time", self._set_time),
                web.get("/machines", self._machines),
                web.post("/machines/{name}", self._set_machine),
                web.post("/stop", self._stop),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        expected = f"Bearer {self.token}"
        if not hmac.compare_digest(request.headers.get("Authorization", ""), expected):
            return web.json_response({"error": "the token is missing or wrong"}, status=401)
        return await handler(request)

    async def _journal(self, _request: web.Request) -> web.Response:
        journal = self._lab.context.journal
        entries = [dataclasses.asdict(entry) for entry in list(journal.entries)]
        return _json({"entries": entries, "counts": dict(journal.counts)})

    async def _clear_journal(self, _request: web.Request) -> web.Response:
        self._lab.context.journal.clear()
        return _json({})

    async def _faults(self, _request: web.Request) -> web.Response:
        return _json({"faults": [dataclasses.asdict(fault) for fault in self._lab.context.faults.planned]})

    async def _plan_fault(self, request: web.Request) -> web.Response:
        try:
            fault = read_fault(await request.json())
        except (ValueError, TypeError) as exc:
            return web.json_response({"error": str(exc)}, status=400)
        planned = self._lab.context.faults.plan(
            fault.point, fault.action, times=fault.times, after=fault.after, **fault.detail
        )
        return _json(dataclasses.asdict(planned))

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._lab.context.faults.clear()
        return _json({})

    async def _snapshot(self, _request: web.Request) -> web.Response:
        return _json(self._lab.snapshot())

    async def _time(self, _request: web.Request) -> web.Response:
        clock = self._lab.context.clock
        return _json(
            {"now": clock.now().isoformat(), "scale": clock.scale, "offset_seconds": clock.offset.total_seconds()}
        )

    async def _set_time(self, request: web.Request) -> web.Response:
        body = await request.json()
        clock = self._lab.context.clock
        clock.scale = float(body.get("scale", clock.scale))
        clock.offset = timedelta(seconds=float(body.get("offset_seconds", clock.offset.total_seconds())))
        return await self._time(request)

    async def _machines(self, _request: web.Request) -> web.Response:
        return _json({"machines": {server.name: _machine(server) for server in self._lab.servers.values()}})

    async def _set_machine(self, request: web.Request) -> web.Response:
        server = self._lab.servers.get(request.match_info["name"])
        if server is None:
            return web.json_response({"error": f"no machine {request.match_info['name']}"}, status=404)
        body = await request.json()
        await (server.open() if body.get("reachable", True) else server.close())
        return _json(_machine(server))

    async def _stop(self, _request: web.Request) -> web.Response:
        self._leave()
        return _json({})


def _machine(server: WinRmServer) -> dict[str, Any]:
    return {"port": server.port, "reachable": server.reachable}


def read_fault(body: Any) -> Fault:
    """Read a planned fault from its JSON: point, action, times, after, detail.

    Raises:
        ValueError: the action is unknown, or the point is missing.
    """
    if not isinstance(body, dict) or not body.get("point"):
        raise ValueError("a fault needs a point, such as winrm:hv01:create")
    action = body.get("action", "fail")
    if action not in get_args(FaultAction):
        raise ValueError(f"a fault's action is one of {', '.join(get_args(FaultAction))}")
    return Fault(
        str(body["point"]), action, int(body.get("times", 1)), int(body.get("after", 0)), dict(body.get("detail") or {})
    )


def _json(value: Any) -> web.Response:
    return web.json_response(value, dumps=lambda item: json.dumps(item, default=str, sort_keys=True))
