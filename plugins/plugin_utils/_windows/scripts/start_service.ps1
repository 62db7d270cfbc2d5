# siterecovery.hyperv script: start_service
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Starts a service and waits until it runs. A clustered service is started by its resource, on the node that owns it.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Name,

    # The cluster resource of a highly available VMM, which is stopped and started only through the cluster.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"

# siterecovery.hyperv functions: Get-ServiceStatus, Remove-RestartMark

if ($null -eq $service) {
    throw "There is no service '$Name' on this machine."
}
if (-not [string]::IsNullOrEmpty($ClusterResource)) {
    if ("$((Get-ClusterResource -Name $ClusterResource).State)" -ne 'Online' -and $PSCmdlet.ShouldProcess($ClusterResource, 'Start the resource of the cluster')) {
        Start-ClusterResource -Name $ClusterResource | Out-Null
        $Ansible.Changed = $true
        Remove-RestartMark -Name $Name
    }
} elseif ($service.State -ne 'Running' -and $PSCmdlet.ShouldProcess($Name, 'Start the service')) {
    Start-Service -Name $Name
    $Ansible.Changed = $true
    Remove-RestartMark -Name $Name
}
$Ansible.Result = @{ status = Get-ServiceStatus -Name $Name }
