# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every Windows resource on German and Japanese machines, with names in these languages (P1, P4, P9, H1, H5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import RemoteFailure
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import (
    mars_agent,
    mars_proxy,
    provider,
    provider_registration,
    vmm_cloud_sync,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows.host_info import read_host
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._windows.session import Session
from lab.windows import layout
from lab.windows.installers import catalogue
from lab.windows.states import NATIVE, disabled, native_host, native_server, registered
from tests.unit.plugins.module_utils.model.windows.keys import key_file
from tests.unit.plugins.module_utils.model.windows.registrations import registration_options
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import ScriptHarness
from tests.unit.plugins.plugin_utils.options import host_info_options

PACKAGES = catalogue({})


@pytest.fixture(params=NATIVE)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


JOBS = {"running_jobs": "wait", "running_jobs_timeout": 60}


def setup(name: str, folder: str, **more: Any) -> dict[str, Any]:
    package = PACKAGES[name]
    source = {"source": package.url, "checksum": package.sha256, "version": package.version}
    logon = {"setup_logon": "s4u", "setup_password": None}
    return {**source, **logon, "staging_dir": folder + "\\Ablage", "install_path": None, "wait_timeout": 60, **more}


def agent(folder: str) -> dict[str, Any]:
    paths = {"install_path": folder + "\\Agent", "cache_path": folder + "\\Cache 1"}
    return setup("agent", folder, minimum_cache_gb=5, **paths)


def registration(key: Path, cloud: str) -> dict[str, Any]:
    return registration_options(name=cloud, key_path=str(key), running_jobs="ignore", registration_timeout=60)


RESOURCES: list[tuple[str, Callable[..., Any], bool]] = [
    ("provider", provider.build, True),
    ("provider_registration", provider_registration.build, True),
    ("vmm_cloud_sync", vmm_cloud_sync.build, True),
    ("mars_agent", mars_agent.build, False),
    ("mars_proxy", mars_proxy.build, False),
]


@pytest.mark.parametrize(("name", "build", "on_vmm"), RESOURCES, ids=[row[0] for row in RESOURCES])
def test_a_resource_converges(
    harness: MakeHarness, tmp_path: Path, language: str, name: str, build: Callable[..., Any], on_vmm: bool
) -> None:
    folder, cloud = NATIVE[language]["folder"], NATIVE[language]["cloud"]
    key = tmp_path / f"{cloud}.VaultCredentials"
    key.write_bytes(key_file())
    options: dict[str, dict[str, Any]] = {
        "provider": setup("provider", folder, microsoft_update=None, **JOBS),
        "provider_registration": registration(key, cloud),
        "vmm_cloud_sync": {"vmm_clouds": [cloud], "state": "present"},
        "mars_agent": agent(folder),
        "mars_proxy": {
            "proxy": {"mode": "custom", "address": "http://proxy", "port": 8080},
            "update_password": "always",
        },
    }
    has: dict[str, Any] = {"provider_registration": {"provider": {}}, "mars_agent": {"agent": None}}
    if on_vmm:
        found = harness(
            native_server(language, **has.get(name, {})), registered() if name == "vmm_cloud_sync" else None
        )
    else:
        found = harness(native_host(language, **has.get(name, {})))

    def wanted(session: Session) -> Any:
        return build(options[name], session)

    planned = found.run(wanted, check=True)
    assert planned.changed
    assert found.run(wanted).changed
    assert found.run(wanted).changed is False
    assert found.scripts == ["observe"]


@pytest.mark.parametrize("kind", ["vmm_server", "hyperv_host"])
def test_host_info_keeps_the_spelling(harness: MakeHarness, language: str, kind: str) -> None:
    found = harness(native_server(language) if kind == "vmm_server" else native_host(language))
    result = _read(found, kind)
    if kind == "vmm_server":
        assert [cloud["name"] for cloud in result["host"]["vmm"]["clouds"]] == [NATIVE[language]["cloud"]]
        assert NATIVE[language]["host"] in str(result["host"]["vmm"])
    else:
        assert result["host"]["agent"]["cache_path"] == NATIVE[language]["folder"] + "\\cache"
    assert [
        check["id"] for check in result["checks"] if check["severity"] == "error" and check["status"] == "fail"
    ] == []


def test_messages_of_windows_are_passed_on(harness: MakeHarness, language: str) -> None:
    found = harness(native_server(language, provider={}), disabled(layout.VMM_SERVICE))
    options = setup("provider", NATIVE[language]["folder"], microsoft_update=None, **JOBS)
    with pytest.raises(RemoteFailure) as failed:
        found.run(lambda session: provider.build(options, session))
    assert layout.VMM_SERVICE in failed.value.message
    assert "\n" not in failed.value.message
    assert "cannot be started" not in failed.value.message


def _read(found: ScriptHarness, kind: str) -> dict[str, Any]:
    return read_host(host_info_options(kind), Session(found.execute))
