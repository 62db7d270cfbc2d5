# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts without direct egress get the agent's installer through a proxy, a mirror or the controller (H1)."""

from __future__ import annotations

from pathlib import Path

from lab.windows import layout
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.fleet import Fleets, hyperv_host
from tests.support.plays import module_task, play, write

LINK = "https://aka.ms/downloadmarsagent"


def test_each_host_gets_the_installer_from_its_source(main_cell: Cell, tmp_path: Path) -> None:
    with Fleets(tmp_path) as make_fleet:
        lab = make_fleet(machines=[hyperv_host(name, agent=False) for name in ("proxied", "mirrored", "sent")])
        agent, proxy = lab.installers["agent"], lab.context.proxy
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / "MARSAgentInstaller.exe").write_bytes(agent.content)
        lab.context.faults.plan("windows:mirrored:download *", "fail", bytes=30_000)
        login = {"username": proxy.username, "password": "{{ proxy_password }}"}
        download_proxy = {"mode": "custom", "address": f"http://{proxy.name}", "port": proxy.port, **login}
        book = write(
            tmp_path,
            play("proxied", module_task("mars_agent", {"source": LINK, "download_proxy": download_proxy})),
            play("mirrored", module_task("mars_agent", {"source": agent.url, "checksum": agent.sha256})),
            play("sent", module_task("mars_agent", {"source": "MARSAgentInstaller.exe", "keep_installer": True})),
        )
        run = controller_of(main_cell, lab).run(book)
        assert run.returncode == 0, run.output
        for machine in lab.machines.values():
            assert machine.is_running(layout.AGENT_SERVICE)
        assert "fetched MARSAgentInstaller.exe from download.microsoft.com" in run.output
        assert proxy.password not in run.output
        left = {
            name: [file.name for file in machine.files if file.name.startswith("MARSAgentInstaller.exe")]
            for name, machine in lab.machines.items()
        }
        assert left == {"proxied": [], "mirrored": [], "sent": ["MARSAgentInstaller.exe"]}
