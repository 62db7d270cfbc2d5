# siterecovery.hyperv script: set_run_as_password
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Gives a Run As account of VMM its login anew. The VMM service reads it at its start.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $AccountName,

    [Parameter(Mandatory = $true)]
    [System.Management.Automation.PSCredential] $Credential,

    # What to do with the VMM service afterwards, which reads the proxy at its start.
    [ValidateSet('always', 'when_idle', 'never')]
    [string] $RestartVmm = 'always',

    # The cluster's resource of a highly available VMM, which is stopped and started through the cluster alone.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

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

function Restart-Vmm {
    # A cluster would start a service that was stopped without it again, or fail over.
    if ([string]::IsNullOrEmpty($ClusterResource)) {
        Restart-Service -Name SCVMMService -Force
        return
    }
    try {
        Stop-ClusterResource -Name $ClusterResource | Out-Null
    } finally {
        Start-ClusterResource -Name $ClusterResource | Out-Null
    }
}

function Get-VmmState {
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"
    if ($null -eq $service) {
        return $null
    }
    return "$($service.State)"
}

function Get-RunningJobCount {
    # A service that does not run has no jobs.
    if ((Get-VmmState) -ne 'Running') {
        return 0
    }
    return @(Get-SCJob -VMMServer (Connect-VmmServer) -Running).Count
}

Confirm-ClusterOwner
if ((Get-VmmState) -ne 'Running') {
    throw 'The VMM service (SCVMMService) does not run on this machine: start it, then run again.'
}

$result = @{ updated = $false; restarted = $false; running_jobs = $null; service = $null }
if ($PSCmdlet.ShouldProcess($AccountName, 'Set the login of the Run As account')) {
    $vmm = Connect-VmmServer
    $account = @(Get-SCRunAsAccount -VMMServer $vmm | Where-Object { $_.Name -eq $AccountName })
    if ($account.Count -eq 0) {
        throw "VMM has no Run As account '$AccountName': register the server with a proxy login first."
    }
    # The login of a proxy is not always one of the domain, which VMM would otherwise check.
    Set-SCRunAsAccount -RunAsAccount $account[0] -Credential $Credential -NoValidation | Out-Null
    $Ansible.Changed = $true
    $result.updated = $true
    $idle = $RestartVmm -eq 'always'
    if ($RestartVmm -eq 'when_idle') {
        $result.running_jobs = Get-RunningJobCount
        $idle = $result.running_jobs -eq 0
    }
    if ($idle) {
        Restart-Vmm
        $result.restarted = $true
    }
    $result.service = Get-VmmState
}
$Ansible.Result = $result
