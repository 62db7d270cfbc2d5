# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every Windows noun on German and Japanese machines, with names and folders of theirs (P1, P4, P9, H1, H5)."""

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
from lab.windows.states import (
    NATIVE,
    disabled,
    native_host,
    native_server,
    registered,
)
from tests.unit.plugins.model.keys import VAULT_ID, key_file
from tests.unit.plugins.plugin_utils.bench import Bench
from tests.unit.plugins.plugin_utils.conftest import MakeBench

PACKAGES = catalogue({})


@pytest.fixture(params=NATIVE)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def setup(name: str, folder: str, **more: Any) -> dict[str, Any]:
    package = PACKAGES[name]
    source = {"source": package.url, "checksum": package.sha256, "version": package.version}
    return {**source, "staging_dir": folder + "\\Ablage", "install_path": None, "wait_timeout": 60, **more}


def agent(folder: str) -> dict[str, Any]:
    paths = {"install_path": folder + "\\Agent", "cache_path": folder + "\\Cache 1"}
    return setup("agent", folder, minimum_cache_gb=5, **paths)


def registration(key: Path, cloud: str) -> dict[str, Any]:
    options = {
        "azure_registration": None,
        "proxy": None,
        "update_password": "on_create",
        "tenant_id": None,
        "remove_stale_registration": False,
    }
    return {
        **options,
        "vault_id": VAULT_ID,
        "name": cloud,
        "key_path": str(key),
        "restart_vmm": "always",
        "registration_timeout": 60,
    }


NOUNS: list[tuple[str, Callable[..., Any], bool]] = [
    ("provider", provider.build, True),
    ("provider_registration", provider_registration.build, True),
    ("vmm_cloud_sync", vmm_cloud_sync.build, True),
    ("mars_agent", mars_agent.build, False),
    ("mars_proxy", mars_proxy.build, False),
]


@pytest.mark.parametrize(("name", "build", "on_vmm"), NOUNS, ids=[row[0] for row in NOUNS])
def test_a_noun_does_its_work_once(
    bench: MakeBench, tmp_path: Path, language: str, name: str, build: Callable[..., Any], on_vmm: bool
) -> None:
    folder, cloud = NATIVE[language]["folder"], NATIVE[language]["cloud"]
    key = tmp_path / f"{cloud}.VaultCredentials"
    key.write_bytes(key_file())
    options: dict[str, dict[str, Any]] = {
        "provider": setup("provider", folder, microsoft_update=None),
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
        found = bench(native_server(language, **has.get(name, {})), registered() if name == "vmm_cloud_sync" else None)
    else:
        found = bench(native_host(language, **has.get(name, {})))

    def wish(session: Session) -> Any:
        return build(options[name], session)

    planned = found.run(wish, check=True)
    assert planned.changed
    assert found.run(wish).changed
    assert found.run(wish).changed is False
    assert found.scripts == ["observe"]


@pytest.mark.parametrize("kind", ["vmm_server", "hyperv_host"])
def test_host_info_reads_it_as_it_is(bench: MakeBench, language: str, kind: str) -> None:
    found = bench(native_server(language) if kind == "vmm_server" else native_host(language))
    result = _read(found, kind)
    if kind == "vmm_server":
        assert [cloud["name"] for cloud in result["host"]["vmm"]["clouds"]] == [NATIVE[language]["cloud"]]
        assert NATIVE[language]["host"] in str(result["host"]["vmm"])
    else:
        assert result["host"]["agent"]["cache_path"] == NATIVE[language]["folder"] + "\\cache"
    assert [check["id"] for check in result["checks"] if check["verdict"] == "fail"] == []


def test_what_windows_says_is_passed_on(bench: MakeBench, language: str) -> None:
    found = bench(native_server(language, provider={}), disabled(layout.VMM_SERVICE))
    options = setup("provider", NATIVE[language]["folder"], microsoft_update=None)
    with pytest.raises(RemoteFailure) as failed:
        found.run(lambda session: provider.build(options, session))
    assert layout.VMM_SERVICE in failed.value.message
    assert "\n" not in failed.value.message
    assert "cannot be started" not in failed.value.message


def _read(found: Bench, kind: str) -> dict[str, Any]:
    options: dict[str, Any] = {"kind": kind, "vault_id": VAULT_ID, "proxy": None, "cache_path": None}
    options |= {
        "minimum_cache_gb": 5,
        "check_connectivity": False,
        "cloud_environment": "AzureCloud",
        "storage_accounts": None,
    }
    return read_host({**options, "endpoints": None, "vmm_clouds": None}, Session(found.execute))
