# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow the guide to failovers with its own playbook, up to the machine that runs in Azure."""

from __future__ import annotations

import re
from pathlib import Path

from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.support.estate import Estate
from tests.support.guides import Shell, console_lines
from tests.support.playbook import Controller
from tests.support.protection import protect
from tests.tools.paths import ROOT

GUIDE = ROOT / "docs" / "failover.md"


def test_the_command_for_an_emergency_fails_a_machine_over(lab: Lab, main_cell: Cell, tmp_path: Path) -> None:
    """The other commands differ in the step, whose order another test reads."""
    protection = protect(lab.azure, "web01")
    estate = Estate()
    estate.add(protection.item("web01").machine)
    lab.context.fabric = estate
    login, text = lab.context.login, GUIDE.read_text(encoding="utf-8")
    (playbook,) = re.findall(r"^```yaml\n(# failover\.yml\n.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "failover.yml").write_text(playbook, encoding="utf-8")
    base = Controller(main_cell, Path("localhost,"), lab.environment).variables(tmp_path, None)
    shell = Shell(
        tmp_path,
        {
            **base,
            "PATH": f"{main_cell.python.parent}:{base['PATH']}",
            "AZURE_SUBSCRIPTION_ID": login.subscription_id,
            "AZURE_TENANT": login.tenant,
            "AZURE_CLIENT_ID": login.client_id,
            "AZURE_SECRET": login.secret,
            "AZURE_CLOUD_ENVIRONMENT": f"{lab.arm_url}/metadata/endpoints?api-version=2022-09-01",
            "REQUESTS_CA_BUNDLE": str(lab.authority_path),
        },
    )
    output = shell.run(console_lines(GUIDE)[0])
    assert "web01 runs in Azure, not committed" in output
    assert (estate.runs("web01"), protection.machines()) == (False, ["web01"])
