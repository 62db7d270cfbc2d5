# siterecovery.hyperv script: poll_background_task
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Waits for a task that start_background_task started, until it ends or the given seconds have passed. Returns the state
# of the scheduled task, its answer, and the last line that its program has written to its log since the start.

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

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem
$folder = "$StagingDir\work\$Name"
$task = "siterecovery.hyperv-$Name"
$logs = @{
    provider = @("$env:ProgramData\ASRLogs", 'DRASetupWizard*.log')
    agent = @("$env:SystemRoot\Temp", 'OBMsi.log')
}

function Get-TaskState {
    # Read the task first: once it has stopped, its answer exists or never will.
    $observed = @{ task = $null; task_result = $null; folder = $false; answer = $null; log = $null }
    foreach ($known in @(Get-ScheduledTask -TaskName "$task*")) {
        if ($known.TaskName -eq $task) {
            $observed.task = "$($known.State)"
            $observed.task_result = [long] (Get-ScheduledTaskInfo -TaskName $task).LastTaskResult
        }
    }
    if (Test-Path -LiteralPath $folder) {
        $observed.folder = $true
        if (Test-Path -LiteralPath "$folder\result.json") {
            $observed.answer = "$(Get-Content -LiteralPath "$folder\result.json" -Raw -Encoding UTF8)"
        }
    }
    return $observed
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

$observed = Get-TaskState
$waited = 0
while ($null -eq $observed.answer -and 'Running', 'Queued' -contains $observed.task -and $waited -lt $Seconds) {
    Start-Sleep -Seconds 2
    $waited += 2
    $observed = Get-TaskState
}
$observed.log = Get-LastLine
$Ansible.Result = $observed
