# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook awx with the released awx.awx, against a stand-in for AWX that answers from AWX's published sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cells import Cell
from tests.support.controller.server import StandIn, running
from tests.support.playbook import Controller, Run
from tests.tools import collection

PLAYBOOKS = "https://github.com/siterecovery/siterecovery.hyperv"
INVENTORY = "https://git.example.com/recovery/site.git"
SETTINGS: dict[str, Any] = {
    "awx_setup_image": "registry.example.com/siterecovery:1",
    "awx_setup_inventory_url": INVENTORY,
    "awx_setup_logins": "azure_certificate\nwindows\nvmm_inventory\nprovider_proxy\nagent_proxy\ninstaller_share",
    "awx_setup_credentials": {"windows": "Account of the team", "provider_proxy": ""},
    "awx_setup_instance_groups": "default",
    "awx_setup_slices": "2",
    "awx_setup_mail": {
        "host": "mail.example.com",
        "sender": "awx@example.com",
        "recipients": ["recovery@example.com"],
    },
    "awx_setup_registry_credential": "",
}
#: What awx.awx sends although AWX does not take it.
IGNORED = {("credential_types", "managed"), ("job_templates", "organization"), ("workflow_job_template_nodes", "type")}


@pytest.fixture(scope="module")
def awx(collection_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running({PLAYBOOKS: collection_root, INVENTORY: tmp_path_factory.mktemp("inventory")}) as stand_in:
        machine = next(
            each["id"] for each in stand_in.store.objects["credential_types"].values() if each["name"] == "Machine"
        )
        stand_in.store.create(
            "credentials", {"name": "Account of the team", "credential_type": machine, "organization": 5}
        )
        yield stand_in


def controller(cell: Cell, awx: StandIn) -> Controller:
    both = f"{cell.collections_path}:{collection.controller()}"
    variables = {**awx.environment(), "ANSIBLE_COLLECTIONS_PATH": both, "ANSIBLE_PIPELINING": "true"}
    return Controller(replace(cell), Path("localhost,"), variables)


def run(cell: Cell, awx: StandIn, *arguments: str, **more: Any) -> Run:
    values = json.dumps({**SETTINGS, **more})
    return controller(cell, awx).run("siterecovery.hyperv.awx", "-e", values, *arguments)


def names(awx: StandIn, endpoint: str) -> set[str]:
    return {str(entry["name"]) for entry in awx.store.objects[endpoint].values()}


def test_the_playbook_sets_awx_up_once_and_removes_only_its_own_objects(main_cell: Cell, awx: StandIn) -> None:
    store = awx.store
    store.journal.clear()
    before = {endpoint: names(awx, endpoint) for endpoint in store.objects if "nodes" not in endpoint}

    planned = run(main_cell, awx, "--check")
    assert planned.returncode == 0, planned.output
    assert planned.changed > 0
    assert store.journal == []

    first = run(main_cell, awx)
    assert first.returncode == 0, first.output
    assert store.ignored <= IGNORED
    assert {kind for kind, _endpoint, _name in store.journal} == {"create", "join", "survey"}

    # Check mode compares as a run does, and would count a write that leaves everything as it is.
    written = len(store.journal)
    second = run(main_cell, awx, "--check")
    assert (second.returncode, second.changed, store.journal[written:]) == (0, 0, []), second.output

    removed = run(main_cell, awx, awx_setup_state="absent")
    assert removed.returncode == 0, removed.output
    assert {endpoint: names(awx, endpoint) for endpoint in before} == before
    assert store.objects["workflow_job_template_nodes"] == {}
