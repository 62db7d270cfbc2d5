# siterecovery.hyperv script: end_background_task
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Takes away what start_background_task made, once the work has ended in whatever way. Work that goes on is left alone.

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

# Ends here where WMI does not answer: nothing has been touched yet.
$null = Get-CimInstance -ClassName Win32_OperatingSystem
$parent = "$StagingDir\work"
$folder = "$parent\$Name"
$task = "siterecovery.hyperv-$Name"
$removed = @()

foreach ($known in @(Get-ScheduledTask -TaskName "$task*")) {
    if ($known.TaskName -ne $task) {
        continue
    }
    if ("$($known.State)" -eq 'Running' -and -not (Test-Path -LiteralPath "$folder\result.json")) {
        throw "The task '$task' still runs: wait for its end."
    }
    if ($PSCmdlet.ShouldProcess($task, 'Remove')) {
        Unregister-ScheduledTask -TaskName $task -Confirm:$false
        $removed += $task
        $Ansible.Changed = $true
    }
}
foreach ($path in $folder, $parent) {
    if (-not (Test-Path -LiteralPath $path)) {
        continue
    }
    # Other work may have its folder there.
    if ($path -eq $parent -and @(Get-ChildItem -LiteralPath $parent -Force).Count -gt 0) {
        continue
    }
    if ($PSCmdlet.ShouldProcess($path, 'Remove')) {
        Remove-Item -LiteralPath $path -Recurse -Force
        $removed += $path
        $Ansible.Changed = $true
    }
}
$Ansible.Result = @{ removed = @($removed) }
