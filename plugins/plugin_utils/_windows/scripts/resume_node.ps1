# siterecovery.hyperv script: resume_node
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Resumes this node of a cluster and moves its roles back, if this collection has paused it. A node that others have paused
# has no mark and is not changed. The mark stays until the cluster shows the node again. A machine that has left its cluster
# has nothing to resume.

[CmdletBinding(SupportsShouldProcess)]
param()

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$system = Get-CimInstance -ClassName Win32_ComputerSystem

# siterecovery.hyperv functions: Get-ServiceStatus, Get-NodeState, Remove-RestartMark, Test-PauseMark

$resumed = $false
$state = ''
$marked = Test-PauseMark
$service = Get-ServiceStatus -Name ClusSvc
if ($marked -and $null -eq $service -and $PSCmdlet.ShouldProcess($system.Name, 'Remove the mark of a node without a cluster')) {
    Remove-RestartMark -Name paused_node
    $marked = $false
}
if ($marked -and $service -eq 'Running') {
    $state = Get-NodeState -Name $system.Name
    if ($state -in 'Paused', 'Up' -and $PSCmdlet.ShouldProcess($system.Name, 'Resume the node and move its roles back')) {
        if ($state -eq 'Paused') {
            $Ansible.Changed = $true
            Resume-ClusterNode -Name $system.Name -Failback Immediate | Out-Null
            $resumed = $true
        }
        Remove-RestartMark -Name paused_node
        $marked = $false
    }
}
$Ansible.Result = @{ resumed = $resumed; marked = $marked; state = $state }
