# siterecovery.hyperv script: restart_service
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Restarts a service, which reads at its start what was set before; VMM of a cluster through the cluster.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Name,

    # Only while no job of VMM runs.
    [switch] $WhenIdle,

    # The cluster's resource of a highly available VMM, which is stopped and started through the cluster alone.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Ends here where WMI does not answer: nothing has been touched yet.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

function Connect-VmmServer {
    $key = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Setup'
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = 'InstallPath' }
    if ($answer.ReturnValue -ne 0) {
        throw "The install folder of VMM cannot be read from '$key' (error $($answer.ReturnValue))."
    }
    $folder = $answer.sValue.TrimEnd('\')
    Import-Module -Name "$folder\bin\psModules\virtualmachinemanager\virtualmachinemanager.psd1"
    return (Get-SCVMMServer -ComputerName localhost)
}

function Confirm-ClusterOwner {
    # Ends here where the role of a highly available VMM has moved away since it was read.
    if ([string]::IsNullOrEmpty($ClusterResource)) {
        return
    }
    $owner = "$((Get-ClusterResource -Name $ClusterResource).OwnerNode.Name)"
    $node = (Get-CimInstance -ClassName Win32_ComputerSystem).Name
    if ($owner -ne $node) {
        throw "The cluster's resource '$ClusterResource' has moved from this node to '$owner', and nothing was touched: run again."
    }
}

function Get-ServiceStatus {
    param([string] $Name)

    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($null -eq $service) {
        return $null
    }
    return "$($service.State)"
}

function Get-RunningJobCount {
    # A service that does not run has no jobs.
    if ((Get-ServiceStatus -Name SCVMMService) -ne 'Running') {
        return 0
    }
    return @(Get-SCJob -VMMServer (Connect-VmmServer) -Running).Count
}

function Restart-Once {
    # A cluster would start a service that was stopped without it again, or fail over.
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

function Remove-RestartMark {
    # What was noted when a script set something that the service reads at its start; it need not be there (2).
    param([string] $Name)

    $key = 'SOFTWARE\siterecovery.hyperv'
    $removed = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName DeleteValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = $Name }
    if ($removed.ReturnValue -notin 0, 2) {
        throw "The registry value '$key\$Name' cannot be removed (error $($removed.ReturnValue))."
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
        Restart-Once
        $result.restarted = $true
        Remove-RestartMark -Name $Name
    }
}
$result.status = Get-ServiceStatus -Name $Name
$Ansible.Result = $result
