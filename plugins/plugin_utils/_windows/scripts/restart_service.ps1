# siterecovery.hyperv script: restart_service
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Restarts a service, so that it reads changed settings. A clustered VMM is restarted through the cluster.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Name,

    # Restart only if no VMM job is running.
    [switch] $WhenIdle,

    # The cluster resource of a highly available VMM, which is stopped and started only through the cluster.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

# siterecovery.hyperv functions: Confirm-ClusterOwner, Connect-VmmServer, Get-ServiceStatus, Remove-RestartMark

function Get-RunningJobCount {
    # A stopped service has no jobs.
    if ((Get-ServiceStatus -Name SCVMMService) -ne 'Running') {
        return 0
    }
    return @(Get-SCJob -VMMServer (Connect-VmmServer -Seconds 300) -Running).Count
}

function Restart-Target {
    # The cluster would restart a service that was stopped without it, or fail over.
    if ([string]::IsNullOrEmpty($ClusterResource)) {
        Restart-Service -Name $Name -Force
        return
    }
    try {
        Stop-ClusterResource -Name $ClusterResource | Out-Null
    } finally {
        Start-ClusterResource -Name $ClusterResource | Out-Null
    }
}

$result = @{ restarted = $false; running_jobs = $null; status = $null }
if ($PSCmdlet.ShouldProcess($Name, 'Restart the service')) {
    Confirm-ClusterOwner
    if ($WhenIdle) {
        $result.running_jobs = Get-RunningJobCount
    }
    if ($null -eq $result.running_jobs -or $result.running_jobs -eq 0) {
        $Ansible.Changed = $true
        Restart-Target
        $result.restarted = $true
        Remove-RestartMark -Name $Name
    }
}
$result.status = Get-ServiceStatus -Name $Name
$Ansible.Result = $result
