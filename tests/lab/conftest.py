# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: a started lab, machines without a lab, and one PowerShell process for the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.context import LabContext, Login, ProxyAccount
from lab.lab import Lab
from lab.windows.build import build_machine
from lab.windows.installers import catalogue
from lab.windows.machine import Machine
from tests.lab.emulators.comparison import Comparison
from tests.lab.emulators.harness import RecordingAzure
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER, Internet

Build = Callable[..., Machine]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.load("small", time_scale=0.0) as started:
        yield started


@pytest.fixture(scope="session")
def scripts(collection_root: Path) -> Path:
    return collection_root / "plugins" / "plugin_utils" / "_windows" / "scripts"


@pytest.fixture(scope="session")
def comparison(scripts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Comparison]:
    """Start PowerShell for comparisons; the tests that use it are marked as needing pwsh."""
    with Comparison(scripts, tmp_path_factory.mktemp("pwsh")) as started:
        yield started


@pytest.fixture(scope="session")
def internet() -> Iterator[Internet]:
    """Start a server for public names, and a proxy with one login."""
    started = Internet()
    yield started
    started.close()


@pytest.fixture
def azure() -> RecordingAzure:
    return RecordingAzure()


@pytest.fixture
def context(internet: Internet, azure: RecordingAzure) -> LabContext:
    login = Login("tenant", "subscription", "client", "unused", "CORP\\asr-admin", "unused")
    proxy = ProxyAccount(PROXY_NAME, internet.proxy_port, PROXY_USER, PROXY_PASSWORD)
    made = LabContext(login=login, proxy=proxy, scale=0.0)
    made.resolve = internet.resolve
    made.azure = azure
    return made


@pytest.fixture
def build(context: LabContext) -> Build:
    """Return a function that builds a machine from an entry of a lab's document, with an empty journal."""

    def made(**entry: Any) -> Machine:
        machine = build_machine(context, {"name": "m1", **entry})
        machine.web = {package.url: package for package in catalogue({}).values()}
        context.journal.clear()
        return machine

    return made
