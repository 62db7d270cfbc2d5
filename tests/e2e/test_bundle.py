# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle goes from the Internet to an isolated network, by the commands of docs/air-gap.md (S3, H1)."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.lab import Lab
from lab.windows import layout
from lab.windows.installers import package
from lab.windows.state import Package
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.bundles import served, write_collection, write_index
from tests.support.fleet import Fleets, hyperv_host, vmm_server
from tests.support.guides import console_blocks
from tests.support.playbook import Controller, Run
from tests.tools.paths import ROOT

#: The build, the verification of a new controller, its installation, the survey, the verification, the installation.
BLOCKS = console_blocks(ROOT / "docs" / "air-gap.md")
OLD, BETWEEN, NEW = "2.0.9249.0", "2.0.9917.0", "2.0.9938.0"
PROVIDER = "5.1.8095.0"
SIGNER = "release@example.com"


def command(block: int) -> list[str]:
    """Return the arguments of a block with one run of ansible-playbook."""
    name, *arguments = shlex.split(BLOCKS[block])
    assert name == "ansible-playbook"
    return arguments


class Site:
    """A controller outside and one inside of the isolated network, each with its own folder."""

    def __init__(self, cell: Cell, lab: Lab, folder: Path) -> None:
        self.lab, self.outside, self.inside = lab, folder / "outside", folder / "inside"
        self._index = write_index(folder / "index")
        self._controller = controller_of(cell, lab)
        for place in (self.outside, self.inside):
            place.mkdir()
        (self.inside / "inventory").symlink_to(lab.inventory)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.outside / "bundle_key"], check=True)
        key = (self.outside / "bundle_key.pub").read_text(encoding="utf-8")
        (self.inside / "allowed_signers").write_text(f"{SIGNER} {key}", encoding="utf-8")

    def run(self, folder: Path, block: int, *more: str) -> Run:
        """Run the command of a block that the documentation shows."""
        arguments = command(block)
        controller = self._controller if "-i" in arguments else replace(self._controller, inventory=Path("/dev/null"))
        index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self._index)}
        (folder / "record.jsonl").unlink(missing_ok=True)
        return Controller(controller.cell, controller.inventory, controller.environment).run(
            arguments[0], *arguments[1:], *more, environment=index, folder=folder
        )

    def shell(self, block: str) -> None:
        """Run the commands of a block inside, without an index and a Galaxy server."""
        tools = self.inside / "bin"
        tools.mkdir(exist_ok=True)
        python = str(self._controller.cell.python)
        for name, command_line in (("python3", ""), ("ansible-galaxy", " -m ansible galaxy")):
            (tools / name).write_text(f'#!/bin/sh\nexec "{python}"{command_line} "$@"\n', encoding="utf-8")
            (tools / name).chmod(0o755)
        environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(self.inside),
            "PIP_TARGET": str(self.inside / "packages"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.inside / "galaxy"),
        }
        subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=self.inside, env=environment, check=True)

    def carry_in(self) -> None:
        """Copy the bundle. A new controller verifies it without the collection, and installs without an index."""
        shutil.copytree(self.outside / "bundle", self.inside / "bundle")
        self.shell(BLOCKS[1])
        self.shell(BLOCKS[2])
        collections = self.inside / "galaxy" / "ansible_collections"
        assert (self.inside / "packages" / "ansible_core" / "__init__.py").is_file()
        assert (collections / "siterecovery" / "hyperv" / "MANIFEST.json").is_file()

    def serve_to_machines(self, address: str, *packages: tuple[str, Package]) -> None:
        """Let the machines of the lab get the copied files at an address, and nothing else."""
        for machine in self.lab.machines.values():
            machine.web.clear()
            for program, made in packages:
                path = f"installers/{program}/{made.version}/{made.program}"
                content = (self.inside / "bundle" / path).read_bytes()
                machine.web[f"{address}/{path}"] = replace(made, url=f"{address}/{path}", content=content)


def describe(folder: Path, name: str, variables: dict[str, Any]) -> None:
    (folder / name).write_text(yaml.safe_dump(variables), encoding="utf-8")


def installers(folder: Path, *packages: tuple[str, Package]) -> list[dict[str, str]]:
    """Write installers to a folder, and return their entries."""
    entries = []
    for program, made in packages:
        path = folder / f"{made.version}-{made.program}"
        path.write_bytes(made.content)
        entries.append({"program": program, "version": made.version, "source": path.name, "checksum": made.sha256})
    return entries


@pytest.fixture
def site(main_cell: Cell, tmp_path: Path) -> Any:
    machines = [vmm_server("vmm01", provider=False), {**hyperv_host("hv01"), "agent": {"version": OLD}}]
    with Fleets(tmp_path) as make_fleet:
        yield Site(main_cell, make_fleet(machines=machines), tmp_path)


def test_machines_install_from_the_bundle_step_by_step(site: Site, tmp_path: Path) -> None:
    agents = [package("MARSAgentInstaller.exe", "", version) for version in (BETWEEN, NEW)]
    provider = package("AzureSiteRecoveryProvider.exe", "", PROVIDER)
    outside, inside = site.outside, site.inside
    found = installers(outside, ("provider", provider), *(("agent", each) for each in agents))
    windows = write_collection(tmp_path / "galaxy", "ansible.windows", "9.0.0")
    own = write_collection(tmp_path / "galaxy", "siterecovery.hyperv", "0.1.0", ansible_windows=">=2.4.0")
    build = {
        "site_bundle_installers": found,
        "site_bundle_collections": [str(own), str(windows)],
        "site_bundle_signing_key": "bundle_key",
        "site_bundle_versions_file": "versions.json",
    }

    survey = site.run(inside, 3)
    assert survey.returncode == 0, survey.output
    shutil.copy(inside / "versions.json", outside)
    seen = json.loads((inside / "versions.json").read_text(encoding="utf-8"))["machines"]
    assert seen == [
        {"host": "vmm01", "program": "provider", "version": None},
        {"host": "hv01", "program": "agent", "version": OLD},
    ]
    describe(outside, "build.yml", build)
    first = site.run(outside, 0)
    assert first.returncode == 0, first.output
    assert first.changed == 1
    again = site.run(outside, 0)
    assert (again.returncode, again.changed) == (0, 0), again.output

    site.carry_in()
    with served(inside, tmp_path) as (server, authority):
        address = f"{server}/bundle"
        verify = {
            "site_bundle_mode": "verify",
            "site_bundle_address": address,
            "site_bundle_ca_path": str(authority),
            "site_bundle_versions_file": "versions.json",
            "site_bundle_allowed_signers": "allowed_signers",
            "site_bundle_signer": SIGNER,
        }
        describe(inside, "verify.yml", verify)
        changed = inside / "bundle" / "installers" / "agent" / NEW / "MARSAgentInstaller.exe"
        content = changed.read_bytes()
        changed.write_bytes(content[:-1] + b"?")
        refused = site.run(inside, 4)
        assert refused.returncode != 0
        assert f"changed: installers/agent/{NEW}/MARSAgentInstaller.exe" in refused.output
        assert not (inside / "bundle.vars.yml").exists()

        changed.write_bytes(content)
        verified = site.run(inside, 4)
        assert verified.returncode == 0, verified.output
        assert f"hv01: agent {OLD} -> {BETWEEN} -> {NEW}" in verified.output
        newest = yaml.safe_load((inside / "bundle.vars.yml").read_text(encoding="utf-8"))
        assert newest["hyperv_host_agent_version"] == NEW
        assert newest["vmm_server_provider_source"].startswith(address)

    site.serve_to_machines(address, ("provider", provider), *(("agent", each) for each in agents))
    installed = site.run(inside, 5, "-e", "vmm_server_clouds='Cloud of vmm01'")
    assert installed.returncode == 0, installed.output
    assert site.lab.machines["vmm01"].is_running(layout.VMM_SERVICE)
    agent = f"{layout.UNINSTALL_KEY}\\{layout.AGENT_PRODUCT_CODE}"
    assert site.lab.machines["hv01"].registry.text(agent, "DisplayVersion") == BETWEEN
