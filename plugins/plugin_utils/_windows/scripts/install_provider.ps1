# siterecovery.hyperv script: install_provider
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Unpacks the Site Recovery Provider's package and runs its setup while the VMM service is stopped, as setup needs it.
# The service is started again whatever happens, and the unpacked files go; after a success the installer too, if told so.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $InstallerPath,

    [Parameter(Mandatory = $true)]
    [string] $ExtractDir,

    [bool] $RemoveInstaller = $false
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$before = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"

function Get-ServiceStatus {
    param([string] $Name)

    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($null -eq $service) {
        return $null
    }
    return "$($service.State)"
}

function Get-LogTail {
    # The last lines of the newest log of setup and registration.
    param([string] $Secret)

    $folder = "$env:ProgramData\ASRLogs"
    if (-not (Test-Path -LiteralPath $folder)) {
        return
    }
    $log = @(Get-ChildItem -LiteralPath $folder -Filter 'DRASetupWizard*.log' -File | Sort-Object -Property LastWriteTimeUtc, Name)
    if ($log.Count -eq 0) {
        return
    }
    foreach ($line in @(Get-Content -LiteralPath $log[-1].FullName -Tail 40)) {
        if ([string]::IsNullOrEmpty($Secret)) {
            "$line"
        } else {
            "$line".Replace($Secret, '********')
        }
    }
}

function Start-Setup {
    param([string] $Path, [string] $Arguments)

    $process = Start-Process -FilePath $Path -ArgumentList $Arguments -Wait -PassThru
    return [int] $process.ExitCode
}

$result = @{ extract_exit = $null; setup_exit = $null; service_before = $null; service_after = $null; log_tail = @() }
if ($null -ne $before) {
    $result.service_before = "$($before.State)"
}

if ($PSCmdlet.ShouldProcess($InstallerPath, 'Install the Site Recovery Provider')) {
    $Ansible.Changed = $true
    try {
        $result.extract_exit = Start-Setup -Path $InstallerPath -Arguments ('/x:"' + $ExtractDir.TrimEnd('\') + '" /q')
        if ($result.extract_exit -eq 0) {
            if ($null -ne $before) {
                Stop-Service -Name SCVMMService -Force
            }
            $result.setup_exit = Start-Setup -Path "$ExtractDir\setupdr.exe" -Arguments '/i'
        }
    } finally {
        try {
            if ($null -ne $before) {
                Start-Service -Name SCVMMService
            }
        } finally {
            # Also when the service does not start.
            if (Test-Path -LiteralPath $ExtractDir) {
                Remove-Item -LiteralPath $ExtractDir -Recurse -Force
            }
            if ($RemoveInstaller -and $result.setup_exit -in 0, 3010) {
                Remove-Item -LiteralPath $InstallerPath -Force
            }
        }
    }
    $result.log_tail = @(Get-LogTail)
}
$result.service_after = Get-ServiceStatus -Name SCVMMService
$Ansible.Result = $result
