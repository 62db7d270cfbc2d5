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

function Set-RestartMark {
    # The service reads what is set here only when it starts. The process that has not read it is noted, so that a run
    # that is cut off before the restart is made good by the next one.
    param([string] $Name)

    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($null -eq $service -or $service.ProcessId -eq 0) {
        return
    }
    $key = 'SOFTWARE\siterecovery.hyperv'
    $made = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName CreateKey -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key }
    if ($made.ReturnValue -ne 0) {
        throw "The registry key '$key' cannot be made (error $($made.ReturnValue))."
    }
    $set = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName SetDWORDValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = $Name; uValue = [uint32] $service.ProcessId }
    if ($set.ReturnValue -ne 0) {
        throw "The registry value '$key\$Name' cannot be set (error $($set.ReturnValue))."
    }
}

function Get-VmmState {
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"
    if ($null -eq $service) {
        return $null
    }
    return "$($service.State)"
}

Confirm-ClusterOwner
if ((Get-VmmState) -ne 'Running') {
    throw 'The VMM service (SCVMMService) does not run on this machine: start it, then run again.'
}

$result = @{ updated = $false; service = $null }
if ($PSCmdlet.ShouldProcess($AccountName, 'Set the login of the Run As account')) {
    $vmm = Connect-VmmServer
    $account = @(Get-SCRunAsAccount -VMMServer $vmm | Where-Object { $_.Name -eq $AccountName })
    if ($account.Count -eq 0) {
        throw "VMM has no Run As account '$AccountName': register the server with a proxy login first."
    }
    $Ansible.Changed = $true
    Set-RestartMark -Name SCVMMService
    # The login of a proxy is not always one of the domain, which VMM would otherwise check.
    Set-SCRunAsAccount -RunAsAccount $account[0] -Credential $Credential -NoValidation | Out-Null
    $result.updated = $true
    $result.service = Get-VmmState
}
$Ansible.Result = $result
