# siterecovery.hyperv script: configure_provider
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Changes the Provider's proxy after registration, which does not require a key.
# DRConfigurator accepts the proxy's password only on its command line.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $ConfiguratorPath,

    [string] $ProxyAddress,

    [int] $ProxyPort,

    [System.Management.Automation.PSCredential] $ProxyCredential,

    # An empty list empties the list of the Provider.
    [string[]] $BypassUrls,

    [int] $TimeoutSeconds = 1800,

    # Change nothing while VMM jobs are running, except for jobs whose name or command is quiet.
    [switch] $WhenIdle,

    [string[]] $QuietJobs = @(),

    # The cluster resource of a highly available VMM, which is stopped and started only through the cluster.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$began = (Get-CimInstance -ClassName Win32_OperatingSystem).LocalDateTime

# siterecovery.hyperv functions: Confirm-ClusterOwner, Connect-VmmServer, ConvertTo-Argument, Get-InterruptedJob, Get-Output, Get-ServiceStatus, Get-SetupLog, Get-VmmEvent, Get-VmmJob, Invoke-Configurator, Remove-RestartMark, Restore-VmmService, Set-RestartMark

$result = @{ exit_code = $null; log_tail = @(); events = @(); service = $null; started = $false; running_jobs = $null }
if ($PSCmdlet.ShouldProcess($ConfiguratorPath, 'Change the proxy of the Site Recovery Provider')) {
    Confirm-ClusterOwner
    # DRConfigurator stops the VMM service and starts it again.
    if ($WhenIdle) {
        $result.running_jobs = @(Get-InterruptedJob -Quiet $QuietJobs)
    }
    if (@($result.running_jobs | Where-Object { $null -ne $_ }).Count -eq 0) {
        $before = Get-ServiceStatus -Name SCVMMService
        $arguments = '/configure'
        $secret = ''
        if (-not [string]::IsNullOrEmpty($ProxyAddress)) {
            $arguments += ' /proxyAddress ' + (ConvertTo-Argument -Value $ProxyAddress) + ' /proxyport ' + $ProxyPort
            if ($null -ne $ProxyCredential) {
                $secret = $ProxyCredential.GetNetworkCredential().Password
                $arguments += ' /proxyUsername ' + (ConvertTo-Argument -Value $ProxyCredential.UserName) + ' /proxyPassword ' + (ConvertTo-Argument -Value $secret)
            }
        }
        if ($PSBoundParameters.ContainsKey('BypassUrls')) {
            $arguments += ' /AddBypassUrls ' + (ConvertTo-Argument -Value ($BypassUrls -join ';'))
        }
        $Ansible.Changed = $true
        Set-RestartMark -Name SCVMMService
        try {
            $result.exit_code = Invoke-Configurator -Path $ConfiguratorPath -Arguments $arguments -Seconds $TimeoutSeconds
        } finally {
            $result.started = Restore-VmmService -Before $before
        }
        $result.log_tail = @(Get-SetupLog -Secret $secret)
        if ($result.exit_code -notin 0, 3010) {
            $result.events = @(Get-VmmEvent -Since $began)
        }
    }
    $result.service = Get-ServiceStatus -Name SCVMMService
}
$Ansible.Result = $result
