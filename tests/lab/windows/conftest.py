# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines outside of a running estate, and one warm PowerShell for the whole session."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.engines.twins.comparison import (
    PROXY_NAME,
    PROXY_PASSWORD,
    PROXY_USER,
    Comparison,
    ProxyHandler,
    RecordingAzure,
)
from lab.windows.build import build_machine
from lab.windows.installers import catalogue
from lab.windows.machine import Machine
from lab.world import Login, ProxyAccount, World

Build = Callable[..., Machine]


@pytest.fixture(scope="session")
def scripts(collection_root: Path) -> Path:
    return collection_root / "plugins" / "plugin_utils" / "_windows" / "scripts"


@pytest.fixture(scope="session")
def comparison(scripts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Comparison]:
    """Only for tests that are marked as needing pwsh."""
    with Comparison(scripts, tmp_path_factory.mktemp("pwsh")) as started:
        yield started


@pytest.fixture(scope="session")
def proxy_port() -> Iterator[int]:
    """A proxy with one login, as DRConfigurator meets it."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), ProxyHandler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def azure() -> RecordingAzure:
    return RecordingAzure()


@pytest.fixture
def world(proxy_port: int, azure: RecordingAzure) -> World:
    login = Login("tenant", "subscription", "client", "unused", "CORP\\asr-admin", "unused")
    made = World(login=login, proxy=ProxyAccount(PROXY_NAME, proxy_port, PROXY_USER, PROXY_PASSWORD), scale=0.0)
    made.azure = azure  # type: ignore[assignment]
    return made


@pytest.fixture
def build(world: World) -> Build:
    """A machine from an entry of an estate's document, with an empty journal."""

    def made(**entry: Any) -> Machine:
        machine = build_machine(world, {"name": "m1", **entry})
        machine.web = {package.url: package for package in catalogue({}).values()}
        world.machines[machine.name] = machine
        world.journal.clear()
        return machine

    return made
