# siterecovery.hyperv script: set_run_as_password
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sets the login of a Run As account of VMM. The VMM service reads it when it starts.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $AccountName,

    [Parameter(Mandatory = $true)]
    [System.Management.Automation.PSCredential] $Credential,

    # The cluster resource of a highly available VMM, which is stopped and started only through the cluster.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

# siterecovery.hyperv functions: Confirm-ClusterOwner, Connect-VmmServer, Get-Output, Get-ServiceStatus, Set-RestartMark

Confirm-ClusterOwner
if ((Get-ServiceStatus -Name SCVMMService) -ne 'Running') {
    throw 'The VMM service (SCVMMService) does not run on this machine: start it, then run again.'
}

$result = @{ updated = $false; service = $null }
if ($PSCmdlet.ShouldProcess($AccountName, 'Set the login of the Run As account')) {
    $vmm = Connect-VmmServer -Seconds 300
    $account = @(Get-SCRunAsAccount -VMMServer $vmm | Where-Object { $_.Name -eq $AccountName })
    if ($account.Count -eq 0) {
        throw "VMM has no Run As account '$AccountName': register the server with a proxy login first."
    }
    $Ansible.Changed = $true
    Set-RestartMark -Name SCVMMService
    # The login of a proxy is not always a domain account, which VMM would otherwise validate.
    Set-SCRunAsAccount -RunAsAccount $account[0] -Credential $Credential -NoValidation | Out-Null
    $result.updated = $true
    $result.service = Get-ServiceStatus -Name SCVMMService
}
$Ansible.Result = $result
