# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder with an inventory, VMM servers that answer from files, and ansible-inventory over them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.inventories import Answer, ansible_inventory
from tests.unit.plugins.module_utils.model.windows.fabrics import Document

CONNECTIONS = Path(__file__).parents[3] / "support" / "connection"
PLUGIN = "siterecovery.hyperv.vmm"


@dataclass
class Site:
    """The inventory of one test."""

    folder: Path
    collections: Path
    environment: dict[str, str] = field(default_factory=dict)
    #: The environment to test: SITERECOVERY_CELL_PYTHON names another than that of the tests.
    python: Path = Path(os.environ.get("SITERECOVERY_CELL_PYTHON") or sys.executable)

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory"

    @property
    def connection(self) -> dict[str, str]:
        """Variables that lead to the answers."""
        return {
            "ansible_connection": "standin",
            "ansible_standin_answers": str(self.folder / "answers"),
            "ansible_standin_log": str(self.folder / "log"),
        }

    def write(self, name: str, content: Any) -> Path:
        """Write a file of the inventory; anything but text as YAML."""
        path = self.inventory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True))
        return path

    def config(self, **options: Any) -> Path:
        """Write the configuration file: a server that answers is reached by the stand-in connection."""
        return self.write("20-vmm.yml", {"plugin": PLUGIN, **options})

    def servers(self, *names: Any, **options: Any) -> Path:
        """Write the configuration for servers over the stand-in connection."""
        return self.config(vmm_servers=list(names), connection_variables=self.connection, **options)

    def answer(self, address: str, document: Document) -> None:
        """Let a server answer with a fabric; null lists make a passive node."""
        raw = {name: value for name, value in document.items() if name != "schema_version"}
        result = {"changed": False, "result": json.dumps(raw, ensure_ascii=False)}
        path = self.folder / "answers" / f"{address}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(result))

    @property
    def executions(self) -> list[dict[str, Any]]:
        """One entry per execution. Every connection was closed again."""
        path = self.folder / "log"
        entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        made = [entry for entry in entries if entry != "closed"]
        assert entries.count("closed") >= len(made)
        return made

    def run(self, *arguments: str, before: Sequence[str] = (), **environment: str) -> Answer:
        """Run ansible-inventory; without arguments it lists everything."""
        return ansible_inventory(
            self.python,
            self.collections,
            self.folder,
            *("-i", str(self.inventory), *(arguments or ("--list",))),
            environment={"ANSIBLE_CONNECTION_PLUGINS": str(CONNECTIONS), **self.environment, **environment},
            before=before,
        )

    def listed(self, **environment: str) -> Answer:
        """Run --list and require that no source failed."""
        found = self.run(**{"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", **environment})
        assert found.returncode == 0, found.errors
        return found

    def refused(self, **environment: str) -> str:
        """Return the line with which the source failed."""
        found = self.run(**{"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", **environment})
        assert found.returncode != 0
        return found.warnings


@pytest.fixture
def site(tmp_path: Path, collections_path: Path) -> Site:
    made = Site(tmp_path, collections_path)
    made.inventory.mkdir()
    return made
