# siterecovery.hyperv script: publish_cloud
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes VMM send the metadata of the given clouds to the vault, or stop doing so. VMM rejects the latter for a paired cloud.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string[]] $CloudIds,

    [bool] $Publish = $true
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"
if ($null -eq $service -or $service.State -ne 'Running') {
    throw 'The VMM service (SCVMMService) does not run on this machine: start it, then run again.'
}

# siterecovery.hyperv functions: Connect-VmmServer, Get-Output

$done = @()
if ($PSCmdlet.ShouldProcess(($CloudIds -join ', '), 'Set whether the metadata of the VMM clouds is sent')) {
    $vmm = Connect-VmmServer -Seconds 300
    foreach ($id in $CloudIds) {
        $cloud = Get-SCCloud -VMMServer $vmm -ID $id
        if ($null -eq $cloud) {
            throw "VMM has no cloud with the id '$id'."
        }
        Set-SCCloud -Cloud $cloud -DisasterRecoverySupported $Publish | Out-Null
        $Ansible.Changed = $true
        $done += "$($cloud.ID)"
    }
}
$Ansible.Result = @{ clouds = @($done) }
