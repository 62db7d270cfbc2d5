# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify_assumptions.yml as a user runs it: a set up lab with one machine that cannot be reached."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.playbook import SITE, Run
from tests.tools.assumptions import SCHEMA, tables

VERIFY = "siterecovery.hyperv.verify_assumptions"


@dataclass(frozen=True)
class Verified:
    lab: Lab
    run: Run
    text: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found

    def statuses(self, side: str) -> dict[str, str]:
        (system,) = [each for each in self.report["systems"] if each["side"] == side and each["state"] == "read"]
        return {each["id"]: each["status"] for each in system["assumptions"]}


@pytest.fixture(scope="module")
def verified(main_cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Verified:
    lab = make_shared_lab()
    controller = controller_of(main_cell, lab)
    done = controller.run(SITE)
    assert done.returncode == 0, done.output
    lab.set_reachable("hv02", False)
    lab.context.journal.clear()
    folder = tmp_path_factory.mktemp("verified")
    file = folder / "assumptions.json"
    run = controller.run(VERIFY, "-e", f"site_assumptions_file={file.name}", folder=folder)
    assert file.exists(), run.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return Verified(lab, run, file.read_text())


def test_the_exit_status_is_0_although_one_machine_is_down(verified: Verified) -> None:
    assert verified.run.returncode == 0, verified.run.output
    assert "\nhv02: unreachable\nThe file of the anonymous report is /" in verified.run.output


def test_nothing_is_changed(verified: Verified) -> None:
    assert verified.lab.context.journal.entries == []


def test_the_report_has_its_form(verified: Verified) -> None:
    jsonschema.validate(verified.report, json.loads(SCHEMA.read_text()))
    assert [(each["side"], each["state"]) for each in verified.report["systems"]] == [
        ("vmm_server", "read"),
        ("hyperv_host", "read"),
        ("hyperv_host", "unreachable"),
        ("azure", "read"),
    ]


def test_every_assumption_is_in_report_and_table(verified: Verified) -> None:
    windows, azure = tables()
    reported = {each["id"] for system in verified.report["systems"] for each in system["assumptions"]}
    assert reported == {each.id for each in (*windows, *azure)}
    assert [identity for identity in sorted(reported) if f"\n{identity}  " not in verified.run.output] == []


def test_a_set_up_site_answers_what_an_empty_one_cannot(verified: Verified) -> None:
    vmm, host, azure = (verified.statuses(side) for side in ("vmm_server", "hyperv_host", "azure"))
    registered = ("A-W-30", "A-W-31", "A-W-32", "A-W-34", "A-W-35", "A-W-36", "A-W-37", "A-W-38")
    assert {vmm[identity] for identity in registered} == {"holds"}
    assert {host[identity] for identity in ("A-W-50", "A-W-51", "A-W-53", "A-W-55")} == {"holds"}
    # The ids that Windows gave are those of the vault.
    assert {azure[identity] for identity in ("A-A-30", "A-A-31", "A-A-32", "A-A-33", "A-A-34")} == {"holds"}


def test_calls_go_through_the_proxy_of_the_roles(verified: Verified) -> None:
    assert verified.statuses("vmm_server")["A-W-04"] == "holds"
    assert verified.statuses("hyperv_host")["A-W-04"] == "holds"


def test_no_name_of_the_site_is_in_the_report(verified: Verified) -> None:
    lab, login, text = verified.lab, verified.lab.context.login, verified.text.casefold()
    azure = lab.document["azure"]
    machines = lab.document["machines"]
    clouds = [cloud["name"] for machine in machines for cloud in (machine.get("vmm") or {}).get("clouds", [])]
    vmm = lab.machines["vmm01"].vmm
    assert vmm is not None
    planted = {
        *(machine[name] for machine in machines for name in ("name", "fqdn")),
        *clouds,
        *(azure[name] for name in ("vault", "resource_group")),
        *(each["name"] for kind in ("storage_accounts", "virtual_networks") for each in azure[kind]),
        *(login.subscription_id, login.tenant, login.client_id, login.secret, login.windows_password),
        *("lab.example", "svc-ansible", "svc-proxy", lab.context.proxy.password, "10.50.", "127.0.0.1"),
        *(vmm.vmm_id, *(cloud.id for cloud in vmm.clouds)),
        str(lab.directory),
    }
    assert [name for name in sorted(planted) if name.casefold() in text] == []
    assert len(planted) > 25


def test_only_windows_is_looked_at_without_a_vault(verified: Verified, main_cell: Cell, tmp_path: Path) -> None:
    file = tmp_path / "windows.json"
    hosts = ("-e", "site_vmm_servers=nobody", "-e", "site_hyperv_hosts=hv01", "-e", "site_check_connectivity=false")
    inventory = tmp_path / "inventory"
    inventory.mkdir()
    for name in ("hosts.yml", "group_vars/windows/main.yml", "group_vars/all/secrets.yml"):
        target = inventory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((verified.lab.inventory / name).read_text())
    controller = controller_of(main_cell, verified.lab)
    windows = type(controller)(main_cell, inventory, verified.lab.environment)
    run = windows.run(VERIFY, *hosts, "-e", f"site_assumptions_file={file}", folder=tmp_path)
    assert run.returncode == 0, run.output
    assert [each["side"] for each in json.loads(file.read_text())["systems"]] == ["hyperv_host"]
