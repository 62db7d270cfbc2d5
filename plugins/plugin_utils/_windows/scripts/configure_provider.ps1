# siterecovery.hyperv script: configure_provider
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Changes the Provider's proxy after registration. No key is needed for that.
# DRConfigurator takes the proxy's password on its command line and in no other way.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $ConfiguratorPath,

    [string] $ProxyAddress,

    [int] $ProxyPort,

    [System.Management.Automation.PSCredential] $ProxyCredential,

    [string[]] $BypassUrls = @(),

    [bool] $RestartService = $true
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Ends here where WMI does not answer: nothing has been touched yet.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

function ConvertTo-Argument {
    # One quoted argument as the C runtime takes command lines apart: backslashes count only before a quote.
    param([string] $Value)

    $escaped = $Value -replace '(\\*)"', '$1$1\"'
    return '"' + ($escaped -replace '(\\+)$', '$1$1') + '"'
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

$result = @{ exit_code = $null; log_tail = @() }
if ($PSCmdlet.ShouldProcess($ConfiguratorPath, 'Change the proxy of the Site Recovery Provider')) {
    $arguments = '/configure'
    $secret = ''
    if (-not [string]::IsNullOrEmpty($ProxyAddress)) {
        $arguments += ' /proxyAddress ' + (ConvertTo-Argument -Value $ProxyAddress) + ' /proxyport ' + $ProxyPort
        if ($null -ne $ProxyCredential) {
            $secret = $ProxyCredential.GetNetworkCredential().Password
            $arguments += ' /proxyUsername ' + (ConvertTo-Argument -Value $ProxyCredential.UserName) + ' /proxyPassword ' + (ConvertTo-Argument -Value $secret)
        }
    }
    if ($BypassUrls.Count -gt 0) {
        $arguments += ' /AddBypassUrls ' + (ConvertTo-Argument -Value ($BypassUrls -join ';'))
    }
    $Ansible.Changed = $true
    $process = Start-Process -FilePath $ConfiguratorPath -ArgumentList $arguments -Wait -PassThru
    $result.exit_code = [int] $process.ExitCode
    $result.log_tail = @(Get-LogTail -Secret $secret)
    if ($result.exit_code -eq 0 -and $RestartService) {
        Restart-Service -Name SCVMMService -Force
    }
}
$Ansible.Result = $result
