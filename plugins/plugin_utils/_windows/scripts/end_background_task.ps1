# siterecovery.hyperv script: end_background_task
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes the files and the scheduled task of start_background_task after the end of the task. It never stops a running one.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Name,

    [Parameter(Mandatory = $true)]
    [string] $StagingDir
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem
$parent = "$StagingDir\work"
$folder = "$parent\$Name"
$task = "siterecovery.hyperv-$Name"
$removed = @()

# siterecovery.hyperv functions: Remove-Present

foreach ($known in @(Get-ScheduledTask -TaskName "$task*")) {
    if ($known.TaskName -ne $task) {
        continue
    }
    if ("$($known.State)" -eq 'Running' -and -not (Test-Path -LiteralPath "$folder\result.json")) {
        throw "The task '$task' is still running: wait until it ends."
    }
    if ($PSCmdlet.ShouldProcess($task, 'Remove')) {
        try {
            Unregister-ScheduledTask -TaskName $task -Confirm:$false
        } catch {
            # Another run may clean up at the same time.
            if (@(Get-ScheduledTask -TaskName "$task*").Count -gt 0) {
                throw
            }
        }
        $removed += $task
        $Ansible.Changed = $true
    }
}
foreach ($path in $folder, $parent) {
    if (-not (Test-Path -LiteralPath $path)) {
        continue
    }
    # Another background task may have its folder there.
    if ($path -eq $parent -and @(Get-ChildItem -LiteralPath $parent -Force).Count -gt 0) {
        continue
    }
    if ($PSCmdlet.ShouldProcess($path, 'Remove')) {
        Remove-Present -Path $path
        $removed += $path
        $Ansible.Changed = $true
    }
}
$Ansible.Result = @{ removed = @($removed) }
