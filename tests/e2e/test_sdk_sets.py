# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every Azure module with every set of SDKs: made, changed, found as it is, read; each request and answer is judged.

site.yml changes nothing that is there already; here each kind of write is sent by each set.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab
from tests.gates.test_resources import AZURE
from tests.support import modules

GROUP = {"resource_group": "rg-sets"}
MADE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("vault", {"name": "vault-sets", "location": "westeurope", "create_resource_group": True}),
    ("storage_account", {"name": "stsets", "location": "westeurope"}),
    ("virtual_network", {"name": "vnet-sets", "location": "westeurope", "address_prefixes": ["10.9.0.0/16"]}),
)
CHANGED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("vault", {"name": "vault-sets", "location": "westeurope", "tags": {"a": "1"}}),
    ("storage_account", {"name": "stsets", "location": "westeurope", "tags": {"a": "1"}}),
    ("virtual_network", {"name": "vnet-sets", "location": "westeurope", "tags": {"a": "1"}}),
    (
        "virtual_network",
        {
            "name": "vnet-sets",
            "location": "westeurope",
            "subnets": [{"name": "machines", "address_prefix": "10.9.1.0/24"}],
        },
    ),
)
READ: tuple[tuple[str, dict[str, Any]], ...] = (
    ("vault_info", {}),
    ("target_info", {"vault_name": "vault-sets"}),
    ("vmm_server_info", {"vault_name": "vault-sets"}),
)


@dataclass(frozen=True)
class Story:
    """The results of the calls, in their order: made, changed, changed again, read, and the key."""

    made: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    again: list[dict[str, Any]]
    read: list[dict[str, Any]]
    key: dict[str, Any]


def login(lab: Lab) -> dict[str, Any]:
    given = lab.world.login
    return {
        "subscription_id": given.subscription_id,
        "tenant": given.tenant,
        "client_id": given.client_id,
        "secret": given.secret,
        "cloud_environment": f"{lab.arm_url}/metadata/endpoints?api-version=2022-09-01",
        "ca_bundle": str(lab.authority_path),
    }


@pytest.fixture(scope="module")
def story(cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Story:
    lab = make_shared_lab()
    folder = tmp_path_factory.mktemp("sets")
    key = ("vault_registration_key", {"vault_name": "vault-sets", "path": str(folder / "a.VaultCredentials")})
    calls = (*MADE, *CHANGED, *CHANGED, *READ, key)
    common = {**login(lab), **GROUP, "_ansible_remote_tmp": str(folder)}
    done = subprocess.run(
        [str(cell.python), str(Path(modules.__file__))],
        input=json.dumps([{"module": name, "arguments": {**common, **options}} for name, options in calls]),
        env={**lab.environment, "PYTHONPATH": str(cell.collections_path), "HOME": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    rest = iter(results)
    made, changed, again, read = ([next(rest) for _ in part] for part in (MADE, CHANGED, CHANGED, READ))
    return Story(made, changed, again, read, next(rest))


def test_all_are_made(story: Story) -> None:
    assert [result.get("changed") for result in story.made] == [True] * len(MADE), story.made


def test_all_are_changed_once(story: Story) -> None:
    assert [result.get("changed") for result in story.changed] == [True] * len(CHANGED), story.changed
    assert [result.get("changed") for result in story.again] == [False] * len(CHANGED), story.again


def test_all_are_read(story: Story) -> None:
    vaults, target, servers = story.read
    assert "vault-sets" in [vault["name"] for vault in vaults["vaults"]]
    assert "stsets" in [account["name"] for account in target["target"]["storage_accounts"]]
    assert (servers["servers"], servers["progress"]) == ({}, [])


def test_a_key_is_made(story: Story) -> None:
    assert story.key["changed"]
    assert story.key["vault_registration_key"]["expires"]


def test_no_module_is_left_out() -> None:
    assert {name for name, _options in (*MADE, *CHANGED, *READ)} | {"vault_registration_key"} == AZURE
