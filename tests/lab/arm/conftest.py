# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A started server with the real SDK clients against it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from aiohttp import web
from azure.identity import ClientSecretCredential
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from lab.arm.server import ArmServer
from lab.arm.state import AzureState
from lab.context import NO_LAG, CloudFacts, Delays, LabContext, Login, ProxyAccount, VmmServerFacts
from lab.windows.replication import VmmServers

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
LOGIN = Login(
    tenant="11111111-2222-4333-8444-555555555555",
    subscription_id=SUBSCRIPTION,
    client_id="33333333-4444-4555-8666-777777777777",
    secret="lab~secret~of~the~tests",
)
SCOPE = "https://management.azure.com/.default"
# Everything is done as soon as it is asked for; tests that look at the time between plan their own delays.
AT_ONCE = Delays(
    vault_create=0.0, storage_create=0.0, network_create=0.0, retry_after=1.0, fabric_appears=0.0, cloud_appears=0.0
)
SERVER = VmmServerFacts(
    vmm_id="9A54CF2C-9EA0-48CA-82E9-70FBFF7771E7",
    fqdn="vmm01.contoso.example",
    friendly_name="vmm01.contoso.example",
    provider_version="5.24.814.1",
    server_version="10.22.1287.0",
    clouds=(CloudFacts("28A7B9EB-C2F9-47E8-91FF-697D0D719963", "Gold"),),
)


class Azure:
    """One simulated Azure: its server, its state, and the five clients."""

    def __init__(self, server: ArmServer, ca: Path) -> None:
        self.server = server
        self.context: LabContext = server.context
        self.state: AzureState = server.state
        self.ca = str(ca)

    def credential(self, **changed: str) -> ClientSecretCredential:
        values = {"tenant_id": LOGIN.tenant, "client_id": LOGIN.client_id, "client_secret": LOGIN.secret} | changed
        return ClientSecretCredential(
            **values,
            authority=self.server.base_url,
            disable_instance_discovery=True,
            connection_verify=self.ca,
        )

    def options(self, **changed: Any) -> dict[str, Any]:
        """Return the keyword arguments of every management client."""
        return {
            "base_url": self.server.base_url,
            "credential_scopes": [SCOPE],
            "connection_verify": self.ca,
            "retry_total": 0,
        } | changed

    @cached_property
    def login(self) -> ClientSecretCredential:
        return self.credential()

    @cached_property
    def resources(self) -> ResourceManagementClient:
        return ResourceManagementClient(self.login, SUBSCRIPTION, **self.options())

    @cached_property
    def recovery(self) -> RecoveryServicesClient:
        return RecoveryServicesClient(self.login, SUBSCRIPTION, **self.options())

    @cached_property
    def sites(self) -> SiteRecoveryManagementClient:
        return SiteRecoveryManagementClient(self.login, SUBSCRIPTION, **self.options())

    @cached_property
    def storage(self) -> StorageManagementClient:
        return StorageManagementClient(self.login, SUBSCRIPTION, **self.options())

    @cached_property
    def network(self) -> NetworkManagementClient:
        return NetworkManagementClient(self.login, SUBSCRIPTION, **self.options())

    def send(
        self, method: str, path: str, version: str | None = "2024-04-01", body: Any = None, **extra: Any
    ) -> requests.Response:
        """Send a plain request with a token; `token=` replaces it."""
        headers: dict[str, str] = dict(extra.get("headers", {}))
        token = extra["token"] if "token" in extra else self.login.get_token(SCOPE).token
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        address = path if path.startswith("https://") else f"{self.server.base_url}{path}"
        if version is not None:
            address += ("&" if "?" in address else "?") + f"api-version={version}"
        kind = {"data": extra["raw"]} if "raw" in extra else {"json": body} if body is not None else {}
        return requests.request(
            method, address, headers=headers, verify=self.ca, timeout=10, allow_redirects=False, **kind
        )

    def writes(self) -> list[tuple[str, str]]:
        """Return the journal as pairs of the verb and the last part of the target."""
        return [(entry.verb, entry.target.rsplit("/", 1)[-1]) for entry in self.context.journal.entries]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Return a TLS context for the listener, and the file that clients trust."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return context, path


class _Loop:
    """An event loop in a thread that carries listeners."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture(scope="session")
def loop() -> Iterator[_Loop]:
    running = _Loop()
    yield running
    running.stop()


async def _listen(server: ArmServer, context: ssl.SSLContext) -> web.AppRunner:
    runner = web.AppRunner(server.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    server.base_url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    return runner


@pytest.fixture
def azure(authority: tuple[ssl.SSLContext, Path], loop: _Loop) -> Iterator[Azure]:
    """Provide an empty Azure without delays and lag, which records its traffic."""
    context = LabContext(login=LOGIN, proxy=ProxyAccount("proxy", 8080, "user", "password"), delays=AT_ONCE, lag=NO_LAG)
    context.azure = state = AzureState(context)
    context.fabric = VmmServers({})
    state.record_traffic = True
    server = ArmServer(state)
    runner = loop.run(_listen(server, authority[0]))
    yield Azure(server, authority[1])
    loop.run(runner.cleanup())


@pytest.fixture
def slow(azure: Azure) -> Azure:
    """Provide the same with the delays of a real subscription: no operation ends before `state.hurry()`."""
    azure.context.delays = Delays()
    return azure
