# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts parse, in the language that Windows PowerShell 5.1 and PowerShell 7 share, and use only known commands.

This stands in for ansible-test's PowerShell lint, which takes its analyzer from a gallery.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.engines.scripts import assembled
from tests.tools.paths import ROOT

pytestmark = pytest.mark.needs("pwsh")

SCRIPTS = sorted((ROOT / "plugins" / "plugin_utils" / "_windows" / "scripts").glob("*.ps1"))
READER = Path(__file__).with_name("read_scripts.ps1")

# Commands that the scripts can call in addition to their own functions. The lab imitates only these.
READING = {"Get-CimInstance", "Get-OBMachineSetting", "Get-SCCloud", "Get-SCJob", "Get-SCRunAsAccount", "Get-SCVMHost"}
READING |= {"Get-SCVMMServer", "Get-SCVMHostCluster", "Get-SCVMHostGroup", "Get-SCVMNetwork"}
READING |= {"Get-SCVirtualMachine"}
READING |= {"Get-AuthenticodeSignature", "Get-Acl", "Get-ChildItem", "Get-Command", "Get-Content"}
READING |= {"Get-ExecutionPolicy", "Get-FileHash", "Get-Item", "Get-Service", "Test-Path", "Import-Module"}
CHANGING = {"Copy-Item", "Invoke-CimMethod", "Invoke-WebRequest", "Move-Item", "New-Item", "Remove-Item", "Set-Acl"}
CHANGING |= {
    "Set-Content",
    "Set-OBMachineSetting",
    "Set-SCCloud",
    "Remove-SCRunAsAccount",
    "Set-SCRunAsAccount",
    "Start-Process",
    "Start-Service",
}
CHANGING |= {"Stop-Service", "Restart-Service"}
READING |= {"Get-ClusterCheckpoint", "Get-ClusterNode", "Get-ClusterParameter", "Get-ClusterResource"}
CHANGING |= {"Resume-ClusterNode", "Start-ClusterResource", "Stop-ClusterResource", "Suspend-ClusterNode"}
LANGUAGE = {"ForEach-Object", "New-Object", "Out-Null", "Select-Object", "Set-StrictMode", "Sort-Object", "Start-Sleep"}
LANGUAGE |= {"Where-Object", "Write-Warning", "Write-Verbose"}
READING |= {"Get-ScheduledTask", "Get-ScheduledTaskInfo", "Get-WinEvent"}
CHANGING |= {"Register-ScheduledTask", "Start-ScheduledTask", "Unregister-ScheduledTask"}
LANGUAGE |= {"ConvertFrom-Json", "ConvertTo-Json", "New-ScheduledTaskAction", "New-ScheduledTaskPrincipal"}
LANGUAGE |= {"New-ScheduledTaskSettingsSet"}
# The parser reads these numbers as commands where an argument begins with a bracket.
NOT_COMMANDS = {"0"}


def read(paths: list[Path]) -> list[dict[str, Any]]:
    command = ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(READER), *map(str, paths)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("assembled")
    for path in SCRIPTS:
        (folder / path.name).write_text(assembled(path.parent, path.stem))
    return {Path(entry["file"]).stem: entry for entry in read(sorted(folder.iterdir()))}


NAMES = [path.stem for path in SCRIPTS]


@pytest.mark.parametrize("name", NAMES)
def test_it_parses(name: str, scripts: dict[str, dict[str, Any]]) -> None:
    assert scripts[name]["errors"] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_uses_nothing_that_5_1_lacks(name: str, scripts: dict[str, dict[str, Any]]) -> None:
    assert scripts[name]["newer"] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_calls_only_what_is_imitated(name: str, scripts: dict[str, dict[str, Any]]) -> None:
    """Aliases, programs without a path, and commands that the lab does not imitate are rejected."""
    known = READING | CHANGING | LANGUAGE | NOT_COMMANDS | set(scripts[name]["functions"])
    assert set(scripts[name]["commands"]) - known == set()


@pytest.mark.parametrize("name", NAMES)
def test_it_uses_no_type_that_only_windows_has(name: str, scripts: dict[str, dict[str, Any]]) -> None:
    assert not [kind for kind in scripts[name]["types"] if kind.startswith(("Microsoft.Win32", "wmi"))]


@pytest.mark.parametrize("name", NAMES)
def test_it_also_runs_in_check_mode(name: str, scripts: dict[str, dict[str, Any]]) -> None:
    """In check mode, win_powershell skips scripts that do not declare SupportsShouldProcess."""
    assert scripts[name]["bound"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_strict_before_anything_else(name: str, scripts: dict[str, dict[str, Any]]) -> None:
    assert scripts[name]["statements"][0] == "Set-StrictMode -Version 2.0"


def test_the_labs_own_powershell_parses() -> None:
    files = [path for path in (ROOT / "extensions").rglob("*.ps*1") if path.suffix in (".ps1", ".psm1", ".psd1")]
    assert files
    assert {entry["file"]: entry["errors"] for entry in read(files) if entry["errors"]} == {}


def test_the_reader_finds_errors_and_new_syntax(tmp_path: Path) -> None:
    broken, newer = tmp_path / "broken.ps1", tmp_path / "newer.ps1"
    broken.write_text("if ($true) {\n")
    newer.write_text("$a = $b ?? 1\nls && [Microsoft.Win32.Registry]::LocalMachine\n$c = $a ? 1 : 2\n")
    first, second = read([broken, newer])
    assert first["errors"]
    assert second["errors"] == []
    assert len(second["newer"]) == 3
    assert "ls" in second["commands"]
    assert second["types"] == ["Microsoft.Win32.Registry"]
    assert not second["bound"]
