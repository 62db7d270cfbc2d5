# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run in this process through their own entry, against a simulated Azure over TLS with the real SDK."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest
from ansible.module_utils import basic

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import clients
from tests.conftest import missing
from tests.lab.arm import oracle
from tests.lab.arm.conftest import LOGIN, Azure, authority, azure, loop

__all__ = ["authority", "azure", "loop"]

GROUP = "rg-dr"
# Of the traffic, what is no question about a running operation.
POLLS = ("/operationstatus/", "/operationresults/", "/asyncoperations/", "/operations/")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a module ended."""

    result: dict[str, Any]

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def msg(self) -> str:
        return str(self.result["msg"])

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.result["error"]
        return found

    @property
    def paths(self) -> list[str]:
        return [change["path"] for change in self.result["plan"]]


def run_module(name: str, arguments: Mapping[str, Any], *, check: bool = False) -> Ended:
    """One run of a module's `main` with diff mode on; works for ansible-core 2.16 and later."""
    module = importlib.import_module(f"ansible_collections.siterecovery.hyperv.plugins.modules.{name}")
    given = {**arguments, "_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": "/tmp"}
    output = io.StringIO()
    told: list[str] = []
    with _arguments(given), _bare(told), contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        module.main()
    result = json.loads(output.getvalue())
    # It repeats the options; only some cores show it.
    result.pop("invocation", None)
    return Ended({**result, "warnings": told})


@contextlib.contextmanager
def _arguments(given: dict[str, Any]) -> Iterator[None]:
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:
        content = json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()
        with mock.patch.object(basic, "_ANSIBLE_ARGS", content):
            yield
    else:
        with patch_module_args(given):
            yield


@contextlib.contextmanager
def _bare(told: list[str]) -> Iterator[None]:
    """A process that is shared by many modules: warnings go to `told`, not to where the core keeps them until its end.

    And secrets are not masked in results: they must not be there in the first place.
    """
    with (
        mock.patch.object(basic.AnsibleModule, "warn", lambda _module, text, **_more: told.append(text)),
        mock.patch.object(basic, "remove_values", lambda value, _secrets: value),
    ):
        yield


class Subscription:
    """A simulated subscription with one empty group, and modules that sign in to it."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.state = azure.state
        self.world = azure.world
        #: Everything that modules sent in this test.
        self.sent: list[Any] = []

    def login(self, **changed: Any) -> dict[str, Any]:
        return {
            "subscription_id": LOGIN.subscription_id,
            "tenant": LOGIN.tenant,
            "client_id": LOGIN.client_id,
            "secret": LOGIN.secret,
            "cloud_environment": f"{self.azure.server.base_url}/metadata/endpoints?api-version=2022-09-01",
            "ca_bundle": self.azure.ca,
            **changed,
        }

    def run(self, module: str, *, check: bool = False, **options: Any) -> Ended:
        """One run; what was sent before is forgotten first. No run may show the secret."""
        self.azure.server.traffic.clear()
        self.world.journal.clear()
        arguments = {**self.login(), **options}
        ended = run_module(module, {name: value for name, value in arguments.items() if value is not None}, check=check)
        self.sent += self.azure.server.traffic
        assert LOGIN.secret not in json.dumps(ended.result)
        return ended

    @property
    def requests(self) -> list[str]:
        """What the last run asked for, without polls: method and the end of the path."""
        return [
            f"{exchange.method} {'/'.join(exchange.path.split('/')[-2:])}"
            for exchange in self.azure.server.traffic
            if not any(poll in exchange.path.lower() for poll in POLLS)
        ]

    @property
    def writes(self) -> list[str]:
        """What the last run changed."""
        return [f"{verb} {name}" for verb, name in self.azure.writes()]

    def fault(self, method: str, path: str, action: Any, **detail: Any) -> Any:
        return self.world.faults.plan(f"arm:{method}:*/{path}".lower(), action, **detail)


@pytest.fixture
def subscription(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subscription]:
    """In the end all that modules sent is held to the API definitions, whatever it was answered."""
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(variable, raising=False)
    # The pauses between attempts would make the tests slow; how often is asked is a matter of its own test.
    monkeypatch.setattr(clients, "_RETRIES", 1)
    monkeypatch.setattr(clients, "_POLL_SECONDS", 0.1)
    azure.state.seed_group(GROUP, "westeurope")
    started = Subscription(azure)
    yield started
    assert wrong_requests(started) == []


def wrong_requests(subscription: Subscription) -> list[str]:
    """What the definitions do not let a client send; test_requests.py is reported as not run where they are missing."""
    return [] if missing("contracts") else oracle.validate_requests(subscription.sent)
