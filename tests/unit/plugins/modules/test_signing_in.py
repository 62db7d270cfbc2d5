# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to sign in with the real identity library: it works, asks for one token, and is refused in one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import login
from lab.arm import identity
from lab.arm.assertions import Federated, TrustedName
from lab.arm.machine_identity import MetadataService
from tests.lab.arm.conftest import LOGIN
from tests.support import logins
from tests.support.logins import CLAIMS, PASSWORD, pair
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

OTHER = "99999999-4444-4555-8666-777777777777"


class Desk:
    """Where somebody signs in to the simulated subscription in one of the ways."""

    def __init__(self, subscription: Subscription, home: Path, monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
        self.subscription = subscription
        self.state = subscription.state
        self.home = home
        self.monkeypatch = monkeypatch
        self.machine = machine
        self.state.seed_vault(GROUP, "vault-dr", "westeurope")

    def run(self, module: str = "vault_info", **options: Any) -> Ended:
        """One run with nothing but the address of the cloud and what is given here."""
        own = {} if module != "vault_info" else {"name": "vault-dr", "resource_group": GROUP}
        ended = self.subscription.run(module, **{"tenant": None, "client_id": None, "secret": None, **own, **options})
        assert "canary" not in str(ended.result)
        return ended

    @property
    def tokens(self) -> int:
        """How often the last run asked for a token."""
        return self.subscription.world.journal.counts["azure.token"]

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def cli(self) -> logins.FakeCli:
        self.monkeypatch.setattr(login, "CLI", "az")
        return logins.FakeCli(self.home / "cli", self.monkeypatch)

    # What each way needs; the answer are the options of a module.

    def with_certificate(self) -> dict[str, Any]:
        made = pair()
        self.state.application.certificates.append(made.certificate)
        path = made.pem(self.home / "app.pem", PASSWORD)
        return {
            "tenant": LOGIN.tenant,
            "client_id": LOGIN.client_id,
            "x509_certificate_path": path,
            "x509_certificate_password": PASSWORD,
            "thumbprint": made.thumbprint,
        }

    def with_managed_identity(self) -> dict[str, Any]:
        self.state.machine.system_assigned = True
        # A proxy that is not there: the machine's own service is never asked through one.
        self.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=self.machine, HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="")
        return {"auth_source": "msi"}

    def with_workload_identity(self, **claims: Any) -> dict[str, Any]:
        self.state.application.federated.append(
            Federated(CLAIMS["iss"], CLAIMS["sub"], CLAIMS["aud"], logins.key("cluster").public_key())
        )
        file = self.home / "token"
        file.write_text(logins.federated_token(**claims))
        return {"tenant": LOGIN.tenant, "client_id": LOGIN.client_id, "oidc_token_file_path": str(file)}

    def with_cli(self) -> dict[str, Any]:
        self.cli().answer(self.state.new_token())
        return {"auth_source": "cli"}

    def with_secret(self) -> dict[str, Any]:
        return {"tenant": LOGIN.tenant, "client_id": LOGIN.client_id, "secret": LOGIN.secret}


async def _serve(service: MetadataService) -> web.AppRunner:
    runner = web.AppRunner(service.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


@pytest.fixture
def desk(subscription: Subscription, loop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    logins.nobody(monkeypatch, tmp_path)
    runner = loop.run(_serve(MetadataService(subscription.state, identity.AUDIENCES)))
    yield Desk(subscription, tmp_path, monkeypatch, f"http://127.0.0.1:{runner.addresses[0][1]}")
    loop.run(runner.cleanup())


WAYS = {
    "secret": (Desk.with_secret, 1),
    "certificate": (Desk.with_certificate, 1),
    "managed identity": (Desk.with_managed_identity, 1),
    "workload identity": (Desk.with_workload_identity, 1),
    # Not from the estate: the program's own calls are counted below.
    "cli": (Desk.with_cli, 0),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_signs_in_with_one_token_for_all_clients(way: str, desk: Desk) -> None:
    prepare, tokens = WAYS[way]
    ended = desk.run(
        "target_info", vault_name="vault-dr", resource_group=GROUP, **prepare(desk)
    )  # vault, accounts, networks: three clients
    assert not ended.failed, ended.msg
    assert len({path.split("/providers/")[1].split("/")[0] for path in _asked(desk)}) == 3
    assert desk.tokens == tokens
    if way == "cli":
        resource = "https://management.core.windows.net"
        asked = f"account get-access-token --output json --resource {resource}"
        calls = logins.FakeCli.calls.fget(_cli(desk))  # type: ignore[attr-defined]
        assert [call.partition(" --subscription")[0] for call in calls] == [asked]


def _asked(desk: Desk) -> list[str]:
    return [exchange.path for exchange in desk.subscription.azure.server.traffic if "/providers/" in exchange.path]


def _cli(desk: Desk) -> Any:
    found = object.__new__(logins.FakeCli)
    found.folder = desk.home / "cli"
    return found
