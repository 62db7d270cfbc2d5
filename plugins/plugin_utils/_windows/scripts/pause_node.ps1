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

# siterecovery.hyperv functions: Get-NodeState

function Set-PauseMark {
    # Shows a later run that this collection has paused the node.
    $key = 'SOFTWARE\siterecovery.hyperv'
    $made = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName CreateKey -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key }
    if ($made.ReturnValue -ne 0) {
        throw "The registry key '$key' cannot be made (error $($made.ReturnValue))."
    }
    $set = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName SetDWORDValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = 'paused_node'; uValue = [uint32] 1 }
    if ($set.ReturnValue -ne 0) {
        throw "The registry value '$key\paused_node' cannot be set (error $($set.ReturnValue))."
    }
}

$paused = $false
if ((Get-NodeState -Name $system.Name) -eq 'Up' -and $PSCmdlet.ShouldProcess($system.Name, 'Pause the node and move its roles')) {
    Set-PauseMark
    $Ansible.Changed = $true
    Suspend-ClusterNode -Name $system.Name -Drain | Out-Null
    $paused = $true
}
$Ansible.Result = @{ paused = $paused }
