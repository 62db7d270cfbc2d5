# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric of a VMM server of the lab: one execution, one document, one export file."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.fabric import Fabric
from lab.windows import layout
from tests.lab.emulators.cases.fabric import vmm_server
from tests.unit.plugins.action.conftest import Runner

MakeRunner = Callable[..., Runner]
MODULE = "vmm_fabric_info"
HA: dict[str, Any] = {"ha_name": "VMMROLE", "cluster": {"nodes": ["vmm01", "vmm02"], "owner": "vmm01"}}


@pytest.mark.parametrize("check", [False, True])
def test_one_execution_reads_everything(runner: MakeRunner, check: bool) -> None:
    found = runner(vmm_server())
    before = found.machine.machine.snapshot()
    result = found.run(MODULE, check=check)
    assert (found.scripts, found.machine.machine.snapshot()) == (["list_vmm_fabric"], before)
    assert set(result) == {"changed", "server", "fabric"}
    assert result["changed"] is False
    assert result["server"] == result["fabric"]["server"]
    fabric = Fabric.from_document(result["fabric"], "x")
    assert sorted(host.fqdn.partition(".")[0] for host in fabric.hosts) == [
        "esx01",
        "hv00",
        "hv01",
        "hv02",
        "hv03",
        "hv04",
    ]
    assert sorted(cloud.name for cloud in fabric.clouds) == ["Gold", "Größe L", "No groups"]
    (maintained,) = [host for host in fabric.hosts if host.maintenance]
    assert fabric.clusters[maintained.cluster_id or ""] == "hvc01.corp.lab.test"
    assert next(host for host in fabric.hosts if host.platform != "HyperV").agent_version is None


def test_the_export_is_written_once_for_its_owner_only(runner: MakeRunner, tmp_path: Path) -> None:
    found = runner(vmm_server())
    found.folder, target = tmp_path, tmp_path / "vmm01.json"
    planned = found.run(MODULE, check=True, export_path="vmm01.json")
    assert (planned["changed"], target.exists()) == (True, False)
    done = found.run(MODULE, export_path="vmm01.json")
    assert (done["changed"], stat.S_IMODE(target.stat().st_mode)) == (True, 0o600)
    assert Fabric.from_json(target.read_text(encoding="utf-8"), "x") == Fabric.from_document(done["fabric"], "x")
    assert "Räume & Gänge" in target.read_text(encoding="utf-8")
    written = target.stat()
    again = found.run(MODULE, export_path="vmm01.json")
    assert (again["changed"], target.stat()) == (False, written)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("change", [lambda path: path.chmod(0o644), lambda path: path.write_text("{}")])
def test_another_mode_or_content_is_replaced(
    runner: MakeRunner, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    found, target = runner(vmm_server()), tmp_path / "vmm01.json"
    found.run(MODULE, export_path=str(target))
    content = target.read_text(encoding="utf-8")
    change(target)
    assert found.run(MODULE, export_path=str(target))["changed"]
    assert (target.read_text(encoding="utf-8"), stat.S_IMODE(target.stat().st_mode)) == (content, 0o600)


def test_a_missing_folder_is_refused_before_anything_is_sent(runner: MakeRunner, tmp_path: Path) -> None:
    found = runner(vmm_server())
    result = found.run(MODULE, export_path=str(tmp_path / "exports" / "vmm01.json"))
    assert (result["failed"], found.scripts) == (True, [])
    assert (
        result["msg"] == f"export_path: the folder {tmp_path / 'exports'} does not exist; create it on the controller"
    )


def test_a_folder_in_the_place_of_the_file_is_refused(runner: MakeRunner, tmp_path: Path) -> None:
    found = runner(vmm_server())
    result = found.run(MODULE, export_path=str(tmp_path))
    assert (result["failed"], found.scripts) == (True, [])
    assert result["msg"] == f"export_path: '{tmp_path}' is a folder; give the path of a file"


def test_a_passive_node_returns_no_fabric(runner: MakeRunner, tmp_path: Path) -> None:
    found, target = (
        runner(vmm_server(**{**HA, "cluster": {**HA["cluster"], "owner": "vmm02"}})),
        tmp_path / "vmm01.json",
    )
    result = found.run(MODULE, export_path=str(target))
    assert (result["changed"], result["fabric"], target.exists()) == (False, None, False)
    assert (result["server"]["owner_node"], result["server"]["service"]) == ("vmm02", "Stopped")
    assert result["warnings"] == [
        "vmm01.corp.lab.test is a passive node of VMMROLE, so no export was written; run this on vmm02"
    ]


def test_the_active_node_returns_the_nodes(runner: MakeRunner) -> None:
    result = runner(vmm_server(**HA)).run(MODULE)
    assert (result["server"]["ha_name"], result["server"]["nodes"]) == ("VMMROLE", ["vmm01", "vmm02"])
    assert result["fabric"] is not None


@pytest.mark.parametrize(
    ("entry", "service", "message"),
    [
        (
            vmm_server(),
            layout.VMM_SERVICE,
            "the VMM service (SCVMMService) on vmm01.corp.lab.test is Stopped; start it, then run again",
        ),
        (
            {"name": "hv01", "kind": "hyperv_host"},
            None,
            "hv01.corp.lab.test is not a VMM server; run this on a machine that has System Center VMM installed",
        ),
    ],
)
def test_a_machine_that_cannot_tell(
    runner: MakeRunner, entry: dict[str, Any], service: str | None, message: str
) -> None:
    found = runner(entry)
    if service is not None:
        found.machine.machine.stop_service(service)
    result = found.run(MODULE)
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, message)
    assert result["error"]["kind"] == "refused"
