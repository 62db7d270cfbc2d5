# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs with the machines that a test needs, and a proxy without authentication. The rest is as in `small`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

from lab.lab import EngineName, Lab, find_document, read_document
from lab.proxy import ProxyServer
from lab.windows import layout
from lab.windows.machine import Machine
from tests.e2e.conftest import SCALE, Labs

Description = dict[str, Any]


class Fleets(Labs):
    """Start labs with given machines, so that one run covers many cases."""

    def start(
        self,
        *,
        description: str = "small",
        engine: EngineName = "python",
        scale: float = SCALE,
        machines: Sequence[Description] = (),
    ) -> Lab:
        document = {**read_document(find_document(description)), "machines": list(machines)}
        lab = Lab(document, engine=engine, time_scale=scale, directory=None)
        file = self._folder / f"traffic-{len(self._started)}.jsonl"
        lab.context.traffic_file = file
        self._started.append((lab, file))
        return lab.start()


def vmm_server(name: str, *, provider: bool = True, egress: str = "proxy", **more: Any) -> Description:
    """Describe a VMM server with one cloud. Set `provider` to false when the test installs the Provider."""
    return {
        "name": name,
        "fqdn": f"{name}.lab.example",
        "kind": "vmm_server",
        "egress": egress,
        "vmm": {"clouds": [{"name": f"Cloud of {name}"}]},
        "provider": {} if provider else None,
        **more,
    }


def hyperv_host(name: str, *, agent: bool = True, egress: str = "proxy", **more: Any) -> Description:
    return {
        "name": name,
        "fqdn": f"{name}.lab.example",
        "kind": "hyperv_host",
        "egress": egress,
        "agent": {} if agent else None,
        **more,
    }


def set_system_proxy(machine: Machine, server: str) -> None:
    """Set the proxy of the account that the Provider or the agent runs as, as an administrator does."""
    key = f"{layout.HKU}\\{machine.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
    machine.registry.set(key, "ProxyEnable", 1)
    machine.registry.set(key, "ProxyServer", server)


class _OpenProxy(ProxyServer):
    """Allow every machine without a login."""

    def _allowed(self, authorization: str) -> bool:
        return True


@contextmanager
def open_proxy(lab: Lab) -> Iterator[int]:
    """Run a proxy without authentication, and yield its port."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="open proxy", daemon=True)
    thread.start()
    server = _OpenProxy(lab.context)
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield server.port
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
