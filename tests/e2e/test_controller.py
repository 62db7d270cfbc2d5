# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of docs/awx.md with the released awx.awx, against a stand-in that answers as AWX's sources say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cells import Cell
from tests.support.controller.server import TOKEN, StandIn, running
from tests.support.guides import Shell, console_lines
from tests.support.playbook import Controller
from tests.tools import collection, environments
from tests.tools.paths import ROOT

GUIDE = ROOT / "docs" / "awx.md"
PLAYBOOKS = "https://github.com/siterecovery/siterecovery.hyperv"
INVENTORY = "https://git.example.com/recovery/site.git"
#: The values that awx.awx sends although AWX does not take them.
IGNORED = {("credential_types", "managed"), ("job_templates", "organization"), ("workflow_job_template_nodes", "type")}
CHANGED = re.compile(r"changed=(\d+)")


@pytest.fixture
def awx(collection_root: Path, tmp_path: Path) -> Iterator[StandIn]:
    with running({PLAYBOOKS: collection_root, INVENTORY: tmp_path}) as stand_in:
        store = stand_in.store
        machine = next(each["id"] for each in store.objects["credential_types"].values() if each["name"] == "Machine")
        team = store.create("organizations", {"name": "Another team"})
        store.create(
            "credentials",
            {"name": "Recovery setup account", "credential_type": machine, "organization": team["id"]},
        )
        store.journal.clear()
        yield stand_in


@pytest.fixture
def shell(main_cell: Cell, awx: StandIn, tmp_path: Path) -> Shell:
    folder = tmp_path / "guide"
    shutil.copytree(ROOT / "docs" / "examples" / "execution-environment", folder)
    (variables,) = re.findall(
        r"^```yaml\n(# awx\.yml\n.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (folder / "awx.yml").write_text(variables, encoding="utf-8")
    programs = tmp_path / "programs"
    programs.mkdir()
    podman = programs / "podman"
    podman.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{tmp_path}/podman'\n", encoding="utf-8")
    podman.chmod(0o755)
    base = Controller(main_cell, Path("localhost,")).variables(tmp_path, None)
    tools = environments.ensure("awx").parent
    found = {
        **base,
        "PATH": f"{programs}:{main_cell.python.parent}:{tools}:{base['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": f"{main_cell.collections_path}:{collection.controller()}",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_PIPELINING": "true",
        **awx.environment(),
    }
    return Shell(folder, found)


def names(awx: StandIn) -> dict[str, set[str]]:
    objects = awx.store.objects
    return {kind: {str(entry.get("name")) for entry in found.values()} for kind, found in objects.items()}


def test_the_commands_of_the_guide_set_awx_up_once_and_remove_only_their_own_objects(
    shell: Shell, awx: StandIn, tmp_path: Path
) -> None:
    store, before = awx.store, names(awx)
    listed, build, push, host, token, check, apply, remove = console_lines(GUIDE)

    assert "24.6.1" in shell.run(listed)
    shell.run(build)
    shell.run(push)
    built, pushed = (tmp_path / "podman").read_text(encoding="utf-8").splitlines()
    assert built.startswith("build ")
    assert pushed == "push registry.example.com/siterecovery:1"
    assert host == "export CONTROLLER_HOST=https://awx.example.com"
    assert token.startswith("export CONTROLLER_OAUTH_TOKEN=")
    assert shell.environment["CONTROLLER_OAUTH_TOKEN"] == TOKEN

    planned = shell.run(check)
    assert int(CHANGED.findall(planned)[0]) > 0
    assert store.journal == []

    shell.run(apply)
    assert store.ignored <= IGNORED
    assert {kind for kind, _endpoint, _name in store.journal} == {"create", "join", "survey"}

    # Check mode compares as a run does, and would also count a write that leaves everything as it is.
    written = len(store.journal)
    again = shell.run(check)
    assert (CHANGED.findall(again), store.journal[written:]) == (["0"], []), again

    shell.run(remove)
    after = names(awx)
    assert after.pop("organizations") == before.pop("organizations") | {"Recovery"}
    assert after == before
