# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulators answer only for the texts that they were compared with. These tests do not need PowerShell."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

from lab.engines import emulators
from lab.engines.emulators import EMULATORS
from lab.engines.scripts import assembled, load_bindings
from tests.lab.emulators import bind
from tests.lab.emulators.table import CASES
from tests.unit.scripts import gate
from tests.unit.scripts.powershell import functions

EMULATOR_FILES = sorted(Path(emulators.__file__).parent.glob("*.py"))
MODULE = Path(emulators.__file__).parents[1] / "pwsh_modules" / "Lab"
# PowerShell's own on every system; the module shadows none of these.
CORE = {"ConvertFrom-Json", "ConvertTo-Json", "ForEach-Object", "Get-Command", "Out-Null", "Set-StrictMode"}
CORE |= {"Select-Object", "Sort-Object", "Where-Object"}


def test_every_script_is_bound_with_the_text_on_disk(scripts: Path) -> None:
    """After a change of a script this fails until `make bind` has run with pwsh on PATH."""
    assert load_bindings() == bind.texts(scripts)


def test_a_changed_script_is_found(scripts: Path, tmp_path: Path) -> None:
    for folder in ("functions", "sections"):
        shutil.copytree(scripts / folder, tmp_path / folder)
    for path in scripts.glob("*.ps1"):
        text = path.read_text()
        (tmp_path / path.name).write_text(text + "# more\n" if path.stem == "observe" else text)
    changed = bind.texts(tmp_path)
    assert [name for name, digest in load_bindings().items() if changed[name] != digest] == ["observe"]
    function = tmp_path / "functions" / "Remove-RestartMark.ps1"
    function.write_text(function.read_text().replace("{", "{ ", 1))
    again = bind.texts(tmp_path)
    users = [
        *("clean_registration", "configure_provider", "register_vmm_server"),
        *("restart_service", "resume_node", "set_service_state", "start_service"),
    ]
    assert [name for name in again if again[name] != changed[name]] == users


def test_every_function_is_used_by_several(scripts: Path) -> None:
    """A function of only one script belongs in that script."""
    texts = {path.stem: assembled(scripts, path.stem) for path in scripts.glob("*.ps1")}
    for path in (scripts / "functions").iterdir():
        users = [name for name, text in texts.items() if f"function {path.stem} {{" in text]
        assert len(users) > 1, path.stem
        assert all(text.count(path.stem) > 1 for text in map(texts.get, users) if text), path.stem


def test_every_script_has_an_emulator(scripts: Path) -> None:
    assert sorted(EMULATORS) == sorted(path.stem for path in scripts.glob("*.ps1"))


def test_every_emulator_is_compared() -> None:
    assert bind.uncovered() == set()


@pytest.mark.parametrize("script", sorted(EMULATORS))
def test_every_emulator_is_also_compared_in_check_mode(script: str) -> None:
    assert any(case.check_mode for case in CASES if case.script == script) or script == "inspect_file"


def test_case_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("path", EMULATOR_FILES, ids=lambda path: path.stem)
def test_an_emulator_imports_nothing_of_the_collection(path: Path) -> None:
    modules = [
        name
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    assert [name for name in modules if "plugins" in name or "ansible" in name] == []


def exported() -> set[str]:
    return set(re.findall(r"^\s+'([A-Z]\w+-\w+)'$", (MODULE / "Lab.psd1").read_text(), re.MULTILINE))


def test_the_module_imitates_every_command_that_scripts_may_use() -> None:
    assert set(gate.ALLOWED) - CORE <= exported()


def test_what_the_module_exports_is_defined() -> None:
    assert exported() <= {name for path in MODULE.glob("*.ps1") for name in functions(path.read_text())}
