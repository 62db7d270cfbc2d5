# siterecovery.hyperv script: poll_background_task
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Looks at long work that start_background_task began, for so many seconds at most or until it ends: its task, its answer, and the
# last line that its program wrote into its log since then.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Name,

    [Parameter(Mandatory = $true)]
    [string] $StagingDir,

    [int] $Seconds = 0
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Ends here where WMI does not answer: nothing has been touched yet.
$null = Get-CimInstance -ClassName Win32_OperatingSystem
$folder = "$StagingDir\work\$Name"
$task = "siterecovery.hyperv-$Name"
$logs = @{
    provider = @("$env:ProgramData\ASRLogs", 'DRASetupWizard*.log')
    agent = @("$env:SystemRoot\Temp", 'OBMsi.log')
}

function Get-Work {
    # The task first: when it does not run any more, its answer is there or will never be.
    $work = @{ task = $null; task_result = $null; folder = $false; answer = $null; log = $null }
    foreach ($known in @(Get-ScheduledTask -TaskName "$task*")) {
        if ($known.TaskName -eq $task) {
            $work.task = "$($known.State)"
            $work.task_result = [long] (Get-ScheduledTaskInfo -TaskName $task).LastTaskResult
        }
    }
    if (Test-Path -LiteralPath $folder) {
        $work.folder = $true
        if (Test-Path -LiteralPath "$folder\result.json") {
            $work.answer = "$(Get-Content -LiteralPath "$folder\result.json" -Raw -Encoding UTF8)"
        }
    }
    return $work
}

function Get-LastLine {
    if (-not $logs.ContainsKey($Name) -or -not (Test-Path -LiteralPath "$folder\script.ps1") -or -not (Test-Path -LiteralPath $logs[$Name][0])) {
        return $null
    }
    $begun = (Get-Item -LiteralPath "$folder\script.ps1").LastWriteTimeUtc
    $found = @(Get-ChildItem -LiteralPath $logs[$Name][0] -Filter $logs[$Name][1] -File | Sort-Object -Property LastWriteTimeUtc, Name)
    if ($found.Count -eq 0 -or $found[-1].LastWriteTimeUtc -lt $begun) {
        return $null
    }
    $line = @(Get-Content -LiteralPath $found[-1].FullName -Tail 1)
    if ($line.Count -eq 0) {
        return $null
    }
    return "$($line[0])"
}

$work = Get-Work
$waited = 0
while ($null -eq $work.answer -and 'Running', 'Queued' -contains $work.task -and $waited -lt $Seconds) {
    Start-Sleep -Seconds 2
    $waited += 2
    $work = Get-Work
}
$work.log = Get-LastLine
$Ansible.Result = $work
