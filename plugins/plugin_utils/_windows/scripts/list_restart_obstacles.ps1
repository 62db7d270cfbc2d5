# siterecovery.hyperv script: list_restart_obstacles
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Lists what a restart of this machine would interrupt: the virtual machines that are neither off nor saved, and the nodes
# of its cluster with the progress of their drain.

[CmdletBinding(SupportsShouldProcess)]
param()

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$system = Get-CimInstance -ClassName Win32_ComputerSystem

# siterecovery.hyperv functions: Get-ServiceStatus, Test-PauseMark

$result = @{ node = "$($system.Name)"; machines = @(); nodes = @(); marked = Test-PauseMark }
if ($null -ne (Get-ServiceStatus -Name vmms)) {
    $machines = @(Get-CimInstance -Namespace root/virtualization/v2 -ClassName Msvm_ComputerSystem)
    # The host itself is not named by a GUID. Documented values of EnabledState: 3 is off, 6 is saved.
    $result.machines = @($machines | Where-Object { "$($_.Name)" -match '^[0-9A-Fa-f-]{36}$' -and $_.EnabledState -notin 3, 6 } | ForEach-Object { "$($_.ElementName)" })
}
if ((Get-ServiceStatus -Name ClusSvc) -eq 'Running' -and $null -ne (Get-Command -Name Get-ClusterNode -ErrorAction SilentlyContinue)) {
    $result.nodes = @(foreach ($each in @(Get-ClusterNode)) { @{ name = "$($each.Name)"; state = "$($each.State)"; drain = "$($each.DrainStatus)" } })
}
$Ansible.Result = $result
