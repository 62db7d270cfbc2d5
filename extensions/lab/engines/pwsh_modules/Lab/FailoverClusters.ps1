# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Module FailoverClusters.

function New-ClusterResourceObject {
    param([hashtable] $Row)

    return [pscustomobject] @{
        Name = $Row.Name
        State = $Row.State
        ResourceType = [pscustomobject] @{ Name = $Row.ResourceType }
        OwnerGroup = [pscustomobject] @{ Name = $Row.OwnerGroup }
        OwnerNode = [pscustomobject] @{ Name = $Row.OwnerNode }
        LabParameters = $Row.Parameters
    }
}

function Get-ClusterNode {
    [CmdletBinding()]
    param()

    foreach ($row in (Invoke-LabCall -Call 'cluster.nodes')) {
        [pscustomobject] $row
    }
}

function Suspend-ClusterNode {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name, [switch] $Drain)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'cluster.pause' -Arguments @{ name = $Name } | Out-Null
        Get-ClusterNode
    }
}

function Resume-ClusterNode {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0)] [string] $Name,
        [ValidateSet('Immediate', 'NoFailback', 'Policy')] [string] $Failback
    )

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'cluster.resume' -Arguments @{ name = $Name } | Out-Null
        Get-ClusterNode
    }
}

function Get-ClusterResource {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string] $Name)

    foreach ($row in (Invoke-LabCall -Call 'cluster.resources' -Arguments @{ name = $Name })) {
        New-ClusterResourceObject -Row $row
    }
}

function Get-ClusterParameter {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $InputObject)

    foreach ($pair in $InputObject.LabParameters.GetEnumerator()) {
        [pscustomobject] @{ Name = $pair.Key; Value = $pair.Value }
    }
}

function Get-ClusterCheckpoint {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $ResourceName)

    foreach ($key in (Invoke-LabCall -Call 'cluster.checkpoints' -Arguments @{ name = $ResourceName })) {
        [pscustomobject] @{ Resource = $ResourceName; Name = $key }
    }
}

function Get-ClusterGroup {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string] $Name)

    foreach ($row in (Invoke-LabCall -Call 'cluster.groups' -Arguments @{ name = $Name })) {
        [pscustomobject] @{ Name = $row.Name; State = $row.State; OwnerNode = [pscustomobject] @{ Name = $row.OwnerNode } }
    }
}

function Stop-ClusterResource {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'cluster.stop' -Arguments @{ name = $Name } | Out-Null
        Get-ClusterResource -Name $Name
    }
}

function Start-ClusterResource {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'cluster.start' -Arguments @{ name = $Name } | Out-Null
        Get-ClusterResource -Name $Name
    }
}

function Move-ClusterGroup {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name, [Parameter(Mandatory)] [string] $Node)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'cluster.move' -Arguments @{ name = $Name; node = $Node } | Out-Null
        Get-ClusterGroup -Name $Name
    }
}
