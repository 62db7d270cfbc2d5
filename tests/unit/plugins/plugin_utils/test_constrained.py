# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines whose policy gives PowerShell the language mode ConstrainedLanguage: every module names it and the fix."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.host_facts import winhttp_proxy
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import mars_proxy, vmm_cloud_sync
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import Session
from lab.windows.states import hyperv_host, vmm_server
from tests.unit.plugins.plugin_utils.conftest import MakeHarness

_POLICY = "language mode ConstrainedLanguage, in which no script can call .NET; an application control policy"


@pytest.mark.parametrize("check", [True, False])
def test_a_change_is_refused(harness: MakeHarness, check: bool) -> None:
    found = harness(vmm_server(provider={}, language_mode="ConstrainedLanguage"))
    options = {"vmm_clouds": ["Gold"], "state": "present", "azure_registration": None}
    with pytest.raises(Refused, match=_POLICY) as refused:
        found.run(lambda session: vmm_cloud_sync.build(options, session), check=check)
    assert refused.value.details["check"] == "language-mode"
    host = harness(hyperv_host(agent={}, language_mode="ConstrainedLanguage"))
    proxy = {"proxy": {"mode": "direct"}, "update_password": "on_create"}
    with pytest.raises(Refused, match=_POLICY):
        host.run(lambda session: mars_proxy.build(proxy, session), check=check)


def test_a_script_that_does_not_read_it_names_it_too(harness: MakeHarness) -> None:
    found = harness(vmm_server(provider={}, language_mode="ConstrainedLanguage"))
    with pytest.raises(Refused, match=_POLICY):
        Session(found.execute).run("list_running_jobs")


@pytest.mark.parametrize(
    "answer",
    [
        {"error": [{"fully_qualified_error_id": "MethodInvocationNotSupportedInConstrainedLanguage"}]},
        {"error": [{"fully_qualified_error_id": "PropertySetterNotSupportedInConstrainedLanguage"}]},
        {"error": [{"fully_qualified_error_id": "ConversionSupportedOnlyToCoreTypes"}]},
        # Ansible's own script, whose text has the language of the machine.
        {"module_stderr": "Aufruf nicht erlaubt\n + FullyQualifiedErrorId : CannotCreateTypeConstrainedLanguage"},
    ],
)
def test_the_ids_of_its_errors_have_no_language(answer: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=_POLICY):
        Session(lambda _arguments: {"failed": True, **answer}).run("observe")


@pytest.mark.parametrize(
    ("stored", "proxy"),
    [
        (None, None),
        ("hex:", None),
        ("hex:XY", None),
        ("text", None),
        ("hex:" + bytes([24, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]).hex(), None),
        ("hex:" + (bytes([24, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0]) + b"p:8080\0\0").hex(), "p:8080"),
    ],
)
def test_the_proxy_of_winhttp(stored: str | None, proxy: str | None) -> None:
    assert winhttp_proxy(stored) == proxy
