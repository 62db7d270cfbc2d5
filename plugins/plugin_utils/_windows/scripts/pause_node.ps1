# siterecovery.hyperv script: pause_node
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Pauses this node of a cluster, and starts to move its roles to the other nodes. A node that is not up is not changed. The
# mark shows a later run that this collection has paused the node.

[CmdletBinding(SupportsShouldProcess)]
param()

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$system = Get-CimInstance -ClassName Win32_ComputerSystem

# siterecovery.hyperv functions: Get-NodeState, Set-PauseMark

$paused = $false
if ((Get-NodeState -Name $system.Name) -eq 'Up' -and $PSCmdlet.ShouldProcess($system.Name, 'Pause the node and move its roles')) {
    Set-PauseMark
    $Ansible.Changed = $true
    Suspend-ClusterNode -Name $system.Name -Drain | Out-Null
    $paused = $true
}
$Ansible.Result = @{ paused = $paused }
