# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules in this process, with the real SDK and a simulated Azure over TLS."""

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
# The paths of requests that poll a running operation.
POLLS = ("/operationstatus/", "/operationresults/", "/asyncoperations/", "/operations/")


@dataclass(frozen=True, slots=True)
class Ended:
    """The result of a module."""

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
    """Run `main` of a module with diff mode on; works for ansible-core 2.16 and later."""
    module = importlib.import_module(f"ansible_collections.siterecovery.hyperv.plugins.modules.{name}")
    given = {**arguments, "_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": "/tmp"}
    output = io.StringIO()
    warnings: list[str] = []
    with _arguments(given), _unmasked(warnings), contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        module.main()
    result = json.loads(output.getvalue())
    # The invocation repeats the options. Only some releases of ansible-core return it.
    result.pop("invocation", None)
    return Ended({**result, "warnings": warnings})


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
def _unmasked(warnings: list[str]) -> Iterator[None]:
    """Collect warnings in a list, because ansible-core keeps them until the end of the process that modules share.

    Secrets are not masked in results, because no result may contain one.
    """
    with (
        mock.patch.object(basic.AnsibleModule, "warn", lambda _module, text, **_more: warnings.append(text)),
        mock.patch.object(basic, "remove_values", lambda value, _secrets: value),
    ):
        yield


class Subscription:
    """A simulated subscription with one empty group, and modules that sign in to it."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.state = azure.state
        self.context = azure.context
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
        """Run a module, and forget earlier requests. No run may show the secret."""
        self.azure.server.traffic.clear()
        self.context.journal.clear()
        arguments = {**self.login(), **options}
        ended = run_module(module, {name: value for name, value in arguments.items() if value is not None}, check=check)
        self.sent += self.azure.server.traffic
        assert LOGIN.secret not in json.dumps(ended.result)
        return ended

    @property
    def requests(self) -> list[str]:
        """The requests of the last run without polls, as method and end of the path."""
        return [
            f"{exchange.method} {'/'.join(exchange.path.split('/')[-2:])}"
            for exchange in self.azure.server.traffic
            if not any(poll in exchange.path.lower() for poll in POLLS)
        ]

    @property
    def writes(self) -> list[str]:
        """The changes of the last run."""
        return [f"{verb} {name}" for verb, name in self.azure.writes()]

    def fault(self, method: str, path: str, action: Any, **detail: Any) -> Any:
        return self.context.faults.plan(f"arm:{method}:*/{path}".lower(), action, **detail)


@pytest.fixture
def subscription(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subscription]:
    """Yield a subscription, and check all requests with the API definitions at the end, whatever the response was."""
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(variable, raising=False)
    # Pauses between attempts would make the tests slow. Another test covers the number of attempts.
    monkeypatch.setattr(clients, "_RETRIES", 1)
    monkeypatch.setattr(clients, "_POLL_SECONDS", 0.1)
    azure.state.seed_group(GROUP, "westeurope")
    started = Subscription(azure)
    yield started
    assert wrong_requests(started) == []


def wrong_requests(subscription: Subscription) -> list[str]:
    """Return the requests that the API definitions do not allow.

    Without the definitions, test_requests.py is reported as not run.
    """
    return [] if missing("contracts") else oracle.validate_requests(subscription.sent)
