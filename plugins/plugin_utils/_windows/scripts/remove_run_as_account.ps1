# siterecovery.hyperv script: remove_run_as_account
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes a Run As account of VMM. VMM itself refuses to remove one that is in use.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $AccountName,

    # The cluster resource of a highly available VMM.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

# siterecovery.hyperv functions: Confirm-ClusterOwner, Connect-VmmServer, Get-Output, Get-ServiceStatus

Confirm-ClusterOwner
if ((Get-ServiceStatus -Name SCVMMService) -ne 'Running') {
    throw 'The VMM service (SCVMMService) does not run on this machine: start it, then run again.'
}

$result = @{ removed = $false; refusal = $null }
if ($PSCmdlet.ShouldProcess($AccountName, 'Remove the Run As account')) {
    $vmm = Connect-VmmServer -Seconds 300
    foreach ($account in @(Get-SCRunAsAccount -VMMServer $vmm | Where-Object { $_.Name -eq $AccountName })) {
        try {
            Remove-SCRunAsAccount -RunAsAccount $account | Out-Null
            $Ansible.Changed = $true
            $result.removed = $true
        } catch {
            $result.refusal = "$($_.Exception.Message)".Trim()
        }
    }
}
$Ansible.Result = $result
