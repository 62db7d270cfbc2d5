# siterecovery.hyperv script: install_agent
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs or upgrades the Recovery Services agent. The installer can continue in the background after its process has
# ended, so the script waits for the agent's service. After a success it removes the installer if requested.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $InstallerPath,

    # The hash of the file that was verified.
    [Parameter(Mandatory = $true)]
    [string] $InstallerSha256,

    [string] $InstallPath,

    [string] $CachePath,

    [int] $ServiceTimeout = 600,

    [bool] $RemoveInstaller = $false
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$before = Get-CimInstance -ClassName Win32_Service -Filter "Name='obengine'"

# siterecovery.hyperv functions: Confirm-ProtectedFolder, Get-AgentLog, Get-Output, Get-ServiceStatus, Open-File, Open-Installer, Remove-Present

$result = @{ exit_code = $null; service = $null; log_tail = @() }
if ($PSCmdlet.ShouldProcess($InstallerPath, 'Install the Recovery Services agent')) {
    # /q: no window, /nu: no search for updates. A folder is passed only if it was requested.
    $arguments = '/q /nu'
    if (-not [string]::IsNullOrEmpty($InstallPath)) {
        $arguments += ' /p:"' + $InstallPath.TrimEnd('\') + '"'
    }
    if (-not [string]::IsNullOrEmpty($CachePath)) {
        $arguments += ' /s:"' + $CachePath.TrimEnd('\') + '"'
    }
    $file = Open-Installer -Path $InstallerPath -Sha256 $InstallerSha256
    try {
        $Ansible.Changed = $true
        $process = Start-Process -FilePath $InstallerPath -ArgumentList $arguments -Wait -PassThru
        $result.exit_code = [int] $process.ExitCode
    } finally {
        $file.Dispose()
    }
    $waited = 0
    while ($result.exit_code -in 0, 3010 -and $waited -lt $ServiceTimeout -and (Get-ServiceStatus -Name obengine) -ne 'Running') {
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
