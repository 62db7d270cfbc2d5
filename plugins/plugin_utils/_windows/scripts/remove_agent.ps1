# siterecovery.hyperv script: remove_agent
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes the Recovery Services agent with its own installer, which is the documented way. The installer can continue in
# the background after its process has ended, so the script waits until the agent's service is gone.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $InstallerPath,

    # The hash of the file that was verified.
    [Parameter(Mandatory = $true)]
    [string] $InstallerSha256,

    [int] $ServiceTimeout = 600,

    [bool] $RemoveInstaller = $false
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

# siterecovery.hyperv functions: Confirm-ProtectedFolder, Get-AgentLog, Get-Output, Get-ServiceStatus, Open-File, Open-Installer, Remove-Present

$result = @{ exit_code = $null; service = $null; log_tail = @() }
if ($PSCmdlet.ShouldProcess($InstallerPath, 'Remove the Recovery Services agent')) {
    $file = Open-Installer -Path $InstallerPath -Sha256 $InstallerSha256
    try {
        $Ansible.Changed = $true
        $process = Start-Process -FilePath $InstallerPath -ArgumentList '/q /d' -Wait -PassThru
        $result.exit_code = [int] $process.ExitCode
    } finally {
        $file.Dispose()
    }
    $waited = 0
    while ($result.exit_code -in 0, 3010 -and $waited -lt $ServiceTimeout -and $null -ne (Get-ServiceStatus -Name obengine)) {
        Start-Sleep -Seconds 5
        $waited += 5
    }
    if ($RemoveInstaller -and $result.exit_code -in 0, 3010) {
        Remove-Present -Path $InstallerPath
    }
    $result.log_tail = @(Get-AgentLog)
}
$result.service = Get-ServiceStatus -Name obengine
$Ansible.Result = $result
