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
$null = Get-CimInstance -ClassName Win32_OperatingSystem

# siterecovery.hyperv functions: Confirm-ClusterOwner, Connect-VmmServer, Get-InterruptedJob, Get-Output, Get-ServiceStatus, Get-VmmJob, Remove-RestartMark

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
        $result.running_jobs = @(Get-InterruptedJob -Quiet $QuietJobs)
    }
    if (@($result.running_jobs | Where-Object { $null -ne $_ }).Count -eq 0) {
        $Ansible.Changed = $true
        Restart-Target
        $result.restarted = $true
        Remove-RestartMark -Name $Name
    }
}
$result.status = Get-ServiceStatus -Name $Name
$Ansible.Result = $result
