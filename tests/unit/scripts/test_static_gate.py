# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every script keeps the rules; and each rule is seen to be broken once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lab.engines.scripts import assembled
from tests.tools.paths import ROOT
from tests.unit.scripts import gate
from tests.unit.scripts.gate import RULES, Rule
from tests.unit.scripts.powershell import commands, functions, tokens

FOLDER = Path("plugins", "plugin_utils", "_windows", "scripts")
NAMES = sorted(path.stem for path in (ROOT / FOLDER).glob("*.ps1"))
# The contract between scripts and the services that run them: a script with other parameters is another contract.
PARAMETERS = {
    "append_file": "Destination Origin Total Offset Content SpaceFactor",
    "clean_registration": "ExportFolder RegistryKeys Thumbprints WhenIdle QuietJobs ClusterResource",
    "configure_provider": (
        "ConfiguratorPath ProxyAddress ProxyPort ProxyCredential BypassUrls TimeoutSeconds WhenIdle QuietJobs"
        " ClusterResource"
    ),
    "end_background_task": "Name StagingDir",
    "fetch_file": "Source Destination ProxyMode ProxyAddress ProxyPort ProxyCredential SpaceFactor Seconds",
    "inspect_file": "Path",
    "install_agent": "InstallerPath InstallerSha256 InstallPath CachePath ServiceTimeout RemoveInstaller",
    "install_provider": (
        "InstallerPath InstallerSha256 ExtractDir RemoveInstaller EarlierVersion ProductTimeout WhenIdle QuietJobs"
        " ClusterResource"
    ),
    "list_restart_obstacles": "",
    "list_running_jobs": "QuietJobs",
    "pause_node": "",
    "resume_node": "",
    "list_host_machines": "",
    "list_virtual_machines": "Clouds",
    "list_vmm_fabric": "",
    "observe": (
        "Sections StagingDir ConnectivityUrls ConnectivityRegistered ConnectivitySeconds RootThumbprints ProxyAddress"
        " ProxyPort ProxyBypass ProxyCredential"
    ),
    "poll_background_task": "Name StagingDir Seconds",
    "probe_assumptions": "Readings RegistryKeys ValueNames Urls LogSigns ProxyAddress ProxyPort ProxyCredential",
    "publish_cloud": "CloudIds Publish",
    "read_symptoms": "Sections StagingDir RootThumbprints LogSigns EventLogs EventSigns Days",
    "register_vmm_server": (
        "ConfiguratorPath FriendlyName KeyPath KeyContent ProxyAddress ProxyPort ProxyCredential BypassUrls"
        " TimeoutSeconds NeedsRestart WhenIdle QuietJobs ClusterResource"
    ),
    "remove_agent": "InstallerPath InstallerSha256 ServiceTimeout RemoveInstaller",
    "remove_file": "Paths",
    "remove_provider": "ProductCode WhenIdle QuietJobs ClusterResource",
    "remove_run_as_account": "AccountName ClusterResource",
    "restart_service": "Name WhenIdle QuietJobs ClusterResource",
    "run_background_task": "Folder",
    "set_agent_limits": (
        "Throttle WorkDays StartWorkHour EndWorkHour WorkHourBandwidth NonWorkHourBandwidth UploadThreads"
        " DownloadThreads"
    ),
    "set_agent_proxy": "Mode ProxyServer ProxyPort ProxyUsername ProxyPassword BypassUrls",
    "set_microsoft_update": "OptIn",
    "set_run_as_password": "AccountName Credential ClusterResource",
    "set_service_state": "Name StartMode Status",
    "start_service": "Name ClusterResource",
    "start_background_task": "Name StagingDir Script Parameters Runner SecretParameters LogonPassword",
}


@pytest.fixture
def folder(collection_root: Path) -> Path:
    return collection_root / FOLDER


def read(folder: Path, name: str) -> str:
    return assembled(folder, name)


def test_the_scripts_of_the_contract_are_there(folder: Path) -> None:
    assert sorted(path.stem for path in folder.glob("*.ps1")) == sorted(PARAMETERS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_script_keeps_the_rule(folder: Path, name: str, rule: Rule) -> None:
    assert rule(name, read(folder, name)) == []


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_script_has_the_parameters_of_the_contract(folder: Path, name: str) -> None:
    assert own_parameters(read(folder, name)) == PARAMETERS[name].split()


def own_parameters(text: str) -> list[str]:
    """The variables on the first level of the first param block."""
    stream = [token for token in tokens(text) if token.kind not in {"comment", "newline"}]
    start = next(index for index, token in enumerate(stream) if token.text == "param")
    depth, names, value = 0, [], False
    for token in stream[start + 1 :]:
        if token.text in {"(", "@("}:
            depth += 1
        elif token.text == ")":
            depth -= 1
            if depth == 0:
                break
        elif depth == 1 and token.kind == "variable" and not value:
            names.append(token.text.removeprefix("$"))
        value = (value and token.text != ",") or token.text == "="
    return names


GOOD = """\
# siterecovery.hyperv script: sample

[CmdletBinding(SupportsShouldProcess)]
param([string] $Path)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$null = Get-CimInstance -ClassName Win32_OperatingSystem
function Get-Own { param($Value) @{ key = $Value } }
$Ansible.Result = Get-Own -Value (Test-Path -LiteralPath "$Path\\$($Path.Length)")
"""
BROKEN = [
    (gate.marker, "script: sample", "script: other"),
    (gate.plain_text, "$Path)", "$Path) # ä"),
    (gate.plain_text, "\n\n", "\r\n\r\n"),
    (gate.no_secret_for_a_cmdlet, "Test-Path -LiteralPath", "Test-Path -LiteralPath $secret"),
    (gate.parameters_block, "(SupportsShouldProcess)", "()"),
    (gate.strictness, "Set-StrictMode -Version 2.0\n", ""),
    (gate.strictness, "$Ansible.Changed = $false\n", ""),
    (gate.outputs_through_one_function, "Test-Path -LiteralPath", "Test-Path -LiteralPath $answer.sValue"),
    (gate.first_command, "$null = Get-CimInstance -ClassName Win32_OperatingSystem\n", ""),
    (gate.known_commands, "Test-Path -LiteralPath", "Test-Path -Path"),
    (gate.known_commands, "$null = Get-CimInstance", "gcim"),
    (gate.known_commands, "@{ key = $Value }", "$Value | % { $_ }"),
    (gate.known_commands, "@{ key = $Value }", "ls"),
    (gate.known_commands, "$($Path.Length)", "$(Get-Random)"),
    (gate.windows_powershell, "= $false", "= $Path ?? $false"),
    (gate.windows_powershell, "= $false", "= $Path ? $true : $false"),
    (gate.windows_powershell, "= $false", "= ${Path}?.Length"),
    (gate.windows_powershell, "$null = ", "Test-Path -LiteralPath $Path && "),
    (gate.windows_powershell, "Win32_OperatingSystem", "Win32_Product"),
    (gate.windows_powershell, "= $false", "= [Microsoft.Win32.Registry]::LocalMachine"),
    (gate.windows_powershell, "= $false", "= Test-Path -LiteralPath HKLM:\\SOFTWARE"),
    (gate.no_execution_of_text, "$null = ", "& "),
    (gate.no_execution_of_text, "$null = ", "Invoke-Expression "),
    (gate.no_execution_of_text, "$null = ", "[scriptblock]::Create('x') | "),
    (gate.windows_powershell, "= $false", "= $IsWindows"),
    (gate.windows_powershell, "= $false", "= [semver] '1.0.0'"),
    (gate.no_execution_of_text, "= $false", "= $ExecutionContext.InvokeCommand.InvokeScript('x')"),
    (gate.no_execution_of_text, "= $false", "= $ExecutionContext.InvokeCommand.ExpandString('x')"),
    (gate.one_answer, "$Ansible.Result = ", "$Ansible.Other = "),
    (gate.clear_text_only_at_the_end, '"$Path\\', '"$plain\\'),
    (gate.clear_text_only_at_the_end, "[string] $Path", "[string] $ProxyPassword"),
    (gate.clear_text_only_at_the_end, "[string] $Path", "[string[]] $accessToken"),
    (gate.no_password_on_a_command_line, "= $false", "= '/i /pw:' + $Path"),
    (gate.no_password_on_a_command_line, "= $false", "= ' /proxyPassword ' + $Path"),
    (gate.no_password_on_a_command_line, "= $false", '= "/u x --password=$Path"'),
    (gate.no_localised_text, "= $false", "= $_.Exception.Message -match 'not found'"),
    (gate.no_localised_text, "= $false", "= $Path.DisplayName -eq 'Windows Update'"),
    (gate.size, "\n\n", "\n" + "# long\n" * 3000),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_script_passes(rule: Rule) -> None:
    assert rule("sample", GOOD) == []


@pytest.mark.parametrize(("rule", "old", "new"), BROKEN, ids=[f"{rule.__name__} {new!r}" for rule, _, new in BROKEN])
def test_a_broken_rule_is_seen(rule: Rule, old: str, new: str) -> None:
    assert old in GOOD
    assert rule("sample", GOOD.replace(old, new, 1)) != []


def test_a_password_may_be_given_where_a_program_takes_it_in_no_other_way() -> None:
    line = "$arguments = ' /proxyPassword ' + $secret\n"
    assert gate.no_password_on_a_command_line("register_vmm_server", line) == []
    assert gate.no_password_on_a_command_line("install_agent", line) != []


def test_every_rule_is_seen_broken() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


_VIEW = """
$view = @{}
foreach ($file in [IO.Directory]::GetFiles($args[0], '*.ps1')) {
    $problems = $null
    $ast = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $null, [ref] $problems)
    $calls = $ast.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true)
    $view[[IO.Path]::GetFileNameWithoutExtension($file)] = @{
        problems = @($problems | ForEach-Object { "$_" })
        commands = @($calls | ForEach-Object { "$($_.GetCommandName())" })
        parameters = @($calls | ForEach-Object {
            foreach ($element in $_.CommandElements) {
                if ($element -is [System.Management.Automation.Language.CommandParameterAst]) { $element.ParameterName }
            }
        })
        own = @($ast.ParamBlock.Parameters | ForEach-Object { $_.Name.VariablePath.UserPath })
    }
}
ConvertTo-Json -InputObject $view -Depth 5
"""


@pytest.mark.needs("pwsh")
def test_powershells_own_parser_sees_the_same(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "view.ps1"
    script.write_text(_VIEW)
    texts = tmp_path / "assembled"
    texts.mkdir()
    for name in NAMES:
        (texts / f"{name}.ps1").write_text(read(folder, name))
    command = ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(script), str(texts)]
    view = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)
    assert sorted(view) == NAMES
    for name, seen in view.items():
        text = read(folder, name)
        mine = commands(text)
        assert seen["problems"] == [], name
        # The call operator's target has no name.
        assert sorted(filter(None, seen["commands"])) == sorted(command.name for command in mine), name
        assert sorted(seen["parameters"]) == sorted(each for command in mine for each in command.parameters), name
        assert seen["own"] == own_parameters(text), name
        assert functions(text).isdisjoint(gate.ALLOWED), name
