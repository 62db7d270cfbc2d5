# siterecovery.hyperv script: start_background_task
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Begins long work that goes on without this session: a scheduled task of the connecting user runs a script of the
# collection and leaves its answer in a folder for administrators only. No secret may be among the parameters: they
# lie in that folder.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Name,

    [Parameter(Mandatory = $true)]
    [string] $StagingDir,

    [Parameter(Mandatory = $true)]
    [string] $Script,

    [Parameter(Mandatory = $true)]
    [string] $Parameters,

    [Parameter(Mandatory = $true)]
    [string] $Runner
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$process = Get-CimInstance -ClassName Win32_Process -Filter "ProcessId=$PID"
$owner = Invoke-CimMethod -InputObject $process -MethodName GetOwner -WhatIf:$false
$sid = (Invoke-CimMethod -InputObject $process -MethodName GetOwnerSid -WhatIf:$false).Sid

# siterecovery.hyperv functions: Initialize-ProtectedFolder

$folder = "$StagingDir\work\$Name"
$task = "siterecovery.hyperv-$Name"

if ($sid -eq 'S-1-5-18') {
    throw 'This session runs as the system account, which may not do it: connect as, or become, a user who is a local administrator (and a VMM administrator on a VMM server).'
}
foreach ($known in @(Get-ScheduledTask -TaskName "$task*")) {
    if ($known.TaskName -eq $task -and -not (Test-Path -LiteralPath $folder)) {
        throw "The task '$task' is there, but not its folder '$folder': it was begun with another staging_dir, or somebody removed the folder. Remove the task when it does not run."
    }
}
if (Test-Path -LiteralPath $folder) {
    throw "The folder '$folder' is there: other work was begun and has not been ended."
}
if ($PSCmdlet.ShouldProcess($task, 'Start')) {
    Initialize-ProtectedFolder -Path $StagingDir
    $Ansible.Changed = $true
    try {
        New-Item -ItemType Directory -Path $folder -Force | Out-Null
        Set-Content -LiteralPath "$folder\script.ps1" -Value $Script -Encoding UTF8 -NoNewline
        Set-Content -LiteralPath "$folder\parameters.json" -Value $Parameters -Encoding UTF8 -NoNewline
        Set-Content -LiteralPath "$folder\run.ps1" -Value $Runner -Encoding UTF8 -NoNewline
        $arguments = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "{0}\run.ps1" -Folder "{0}"' -f $folder
        $action = New-ScheduledTaskAction -Execute "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe" -Argument $arguments
        # S4U: no password is stored, and it needs nobody who is logged on. 4 is what an interactive program has.
        $principal = New-ScheduledTaskPrincipal -UserId "$($owner.Domain)\$($owner.User)" -LogonType S4U -RunLevel Highest
        $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -Priority 4
        Register-ScheduledTask -TaskName $task -Action $action -Principal $principal -Settings $settings -Description 'Work of the Ansible collection siterecovery.hyperv; it removes this task at the end.' | Out-Null
        Start-ScheduledTask -TaskName $task
    } catch {
        # Nothing runs: nothing stays.
        foreach ($known in @(Get-ScheduledTask -TaskName "$task*")) {
            # Also one whose registration was told as failed.
            if ($known.TaskName -eq $task) {
                Unregister-ScheduledTask -TaskName $task -Confirm:$false
            }
        }
        if (Test-Path -LiteralPath $folder) {
            Remove-Item -LiteralPath $folder -Recurse -Force
        }
        if ((Test-Path -LiteralPath "$StagingDir\work") -and @(Get-ChildItem -LiteralPath "$StagingDir\work" -Force).Count -eq 0) {
            Remove-Item -LiteralPath "$StagingDir\work" -Force
        }
        throw
    }
}
$Ansible.Result = @{ task = $task; folder = $folder }
