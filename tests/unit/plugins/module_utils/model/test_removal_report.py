# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a removal: the objects that go, and the reasons of the others."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.removal_report import (
    PARTS,
    Machine,
    removal_rows,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.export_file import add_export
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.tables import removal_table

VAULT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/vault-dr"
REGISTRATION = {
    "vault_name": "vault-dr",
    "places": [{"key": "HKLM\\A", "vault_name": "vault-dr"}],
    "proxy_keys": ["HKLM\\B"],
    "thumbprints": ["AB"],
    "run_as_account": "DRAProxyAccount",
}
PROVIDER = {"version": "5.1", "configurator_path": None, "product_code": None}
AGENT = {"version": "2.0", "backup_registered": False}
NOW = datetime(2026, 11, 30, tzinfo=timezone.utc)


def azure(*objects: dict[str, Any], going: bool = False) -> dict[str, Any]:
    steps = [{"step": "servers", "objects": list(objects)}, {"step": "programs", "objects": [{"name": "Provider"}]}]
    return {"vault_id": VAULT, "steps": steps, "removal": {"servers": [{"name": "vmm01"}] if going else []}}


def entry(*, stays: str = "", blocks: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"name": "vmm01", "blocked_by": list(blocks), "goes": not stays, "stays": stays}


def server(*, active: bool = True, **registration: Any) -> Machine:
    host = {"registration": {**REGISTRATION, **registration}, "provider": PROVIDER, "agent": None}
    return Machine("vmm01", {"host": host, "active_node": active})


def host(**agent: Any) -> Machine:
    return Machine("hv01", {"host": {"registration": None, "provider": None, "agent": {**AGENT, **agent}}})


def shown(*machines: Machine, found: dict[str, Any] | None = None, parts: tuple[str, ...] = PARTS) -> dict[str, str]:
    rows = removal_rows(found or azure(), machines, parts)
    return {f"{row.place} {row.step} {row.name}": row.removal for row in rows}


@pytest.mark.parametrize(
    ("given", "removal"),
    [
        (entry(), "goes"),
        (entry(blocks=("1 association (a)",)), "goes after: 1 association (a)"),
        (entry(stays="no consent"), "stays: no consent"),
    ],
)
def test_an_object_of_the_vault_has_its_decision(given: dict[str, Any], removal: str) -> None:
    assert shown(found=azure(given)) == {"Azure servers vmm01": removal}


def test_every_part_of_a_server_is_shown_and_a_passive_node_has_only_its_provider() -> None:
    parts = {
        "vmm01 registry HKLM\\A": "goes",
        "vmm01 registry HKLM\\B": "goes",
        "vmm01 certificates AB": "goes",
        "vmm01 run_as_account DRAProxyAccount": "goes",
        "vmm01 provider Provider 5.1": "goes",
    }
    assert shown(server()) == parts
    assert shown(server(active=False)) == {"vmm01 provider Provider 5.1": "goes"}


def test_the_parts_of_machines_come_after_azure_and_need_their_consent() -> None:
    found = shown(server(), host(), found=azure(going=True), parts=("agent",))
    assert found["hv01 agent agent 2.0"] == "goes after the steps in Azure"
    assert found["vmm01 provider Provider 5.1"] == "stays: no consent"


@pytest.mark.parametrize(
    ("machine", "part", "block"),
    [
        (server(vault_name="vault-x"), "vmm01 provider Provider 5.1", "it is registered in vault vault-x"),
        (host(backup_registered=True), "hv01 agent agent 2.0", "it is registered for Azure Backup"),
    ],
)
def test_a_machine_that_serves_others_stays(machine: Machine, part: str, block: str) -> None:
    assert shown(machine)[part] == f"stays: blocked by: {block}"


def test_a_machine_that_was_not_read_is_named() -> None:
    assert shown(Machine("hv02", None)) == {"hv02  ": "stays: the machine was not read"}


def test_the_table_names_each_place_once() -> None:
    lines = removal_table([("Azure", "servers", "vmm01", "goes"), ("Azure", "vault", "vault-dr", "stays")], width=80)
    assert [line.split()[0] for line in lines] == ["where", "-----", "Azure", "vault"]


# ---- the export ----


def test_an_export_is_added_once_and_earlier_ones_stay(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    contents: list[dict[str, Any]] = [{"azure": {"a": 1}}, {"azure": {"a": 1}}, {"azure": {}}]
    for content in contents:
        add_export("path", str(path), content, NOW)
    found = json.loads(path.read_text())
    assert [export["azure"] for export in found["exports"]] == [{"a": 1}, {}]
    assert [each.name for each in tmp_path.iterdir()] == ["export.json"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "exports": []}', '{"version": 1, "exports": [1]}'])
def test_another_file_is_never_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(text)
    with pytest.raises(InvalidInput, match="must be a new file or an export"):
        add_export("path", str(path), {}, NOW)
    assert path.read_text() == text


def test_a_folder_that_does_not_exist_stops_the_removal(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="so nothing was removed"):
        add_export("path", str(tmp_path / "none" / "export.json"), {}, NOW)
