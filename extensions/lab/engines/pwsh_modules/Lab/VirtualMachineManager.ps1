# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Module virtualmachinemanager.

function New-HostGroupObject {
    param([hashtable] $Row)

    return [pscustomobject] @{
        ID = [guid] $Row.ID
        Name = $Row.Name
        Path = $Row.Path
        ChildHostGroups = @(foreach ($child in $Row.ChildHostGroups) { New-HostGroupObject -Row $child })
    }
}

function Get-SCVMMServer {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string] $ComputerName, [int] $TCPPort = 8100)

    [pscustomobject] (Invoke-LabCall -Call 'vmm.server' -Arguments @{ name = $ComputerName; port = $TCPPort })
}

function Get-SCCloud {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer, [string] $ID)

    foreach ($row in (Invoke-LabCall -Call 'vmm.clouds' -Arguments @{ id = $ID })) {
        $cloud = [pscustomobject] @{
            ID = [guid] $row.ID
            Name = $row.Name
            CapabilityProfiles = @(foreach ($name in $row.CapabilityProfiles) { [pscustomobject] @{ Name = $name } })
            HostGroup = @(foreach ($group in $row.HostGroup) { New-HostGroupObject -Row $group })
        }
        if ($row.ContainsKey('DisasterRecoverySupported')) {
            Add-Member -InputObject $cloud -MemberType NoteProperty -Name DisasterRecoverySupported -Value $row.DisasterRecoverySupported
        }
        $cloud
    }
}

function Set-SCCloud {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $Cloud)

    dynamicparam {
        # Not every release of VMM has this parameter.
        $parameters = [System.Management.Automation.RuntimeDefinedParameterDictionary]::new()
        if (Invoke-LabCall -Call 'vmm.flag_supported') {
            $attributes = [System.Collections.ObjectModel.Collection[System.Attribute]]::new()
            $attributes.Add([System.Management.Automation.ParameterAttribute]::new())
            $name = 'DisasterRecoverySupported'
            $parameters.Add($name, [System.Management.Automation.RuntimeDefinedParameter]::new($name, [bool], $attributes))
        }
        return $parameters
    }
    end {
        if ($PSBoundParameters.ContainsKey('DisasterRecoverySupported')) {
            $value = $PSBoundParameters['DisasterRecoverySupported']
            Invoke-LabCall -Call 'vmm.publish' -Arguments @{ id = "$($Cloud.ID)"; value = $value } | Out-Null
        }
        $Cloud
    }
}

function Get-SCVMHost {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-LabCall -Call 'vmm.hosts')) {
        $cluster = $null
        if ($null -ne $row.HostCluster) {
            $cluster = [pscustomobject] @{ ID = [guid] $row.HostCluster.ID; Name = $row.HostCluster.Name }
        }
        # Inferred: VMM does not show a managed computer for a host without an agent.
        $computer = $null
        if ($null -ne $row.AgentVersion) {
            $computer = [pscustomobject] @{ Name = $row.FQDN; AgentVersion = $row.AgentVersion }
        }
        $system = $null
        if ($null -ne $row.OperatingSystem) {
            $system = [pscustomobject] @{ Name = $row.OperatingSystem }
        }
        [pscustomobject] @{
            ID = [guid] $row.ID
            FQDN = $row.FQDN
            VirtualizationPlatform = $row.VirtualizationPlatform
            VMHostGroup = [pscustomobject] @{ ID = [guid] $row.VMHostGroup.ID; Name = $row.VMHostGroup.Name; Path = $row.VMHostGroup.Path }
            HostCluster = $cluster
            OverallState = $row.OverallState
            CommunicationState = $row.CommunicationState
            MaintenanceHost = $row.MaintenanceHost
            ManagedComputer = $computer
            OperatingSystem = $system
        }
    }
}

function Get-SCVMHostGroup {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-LabCall -Call 'vmm.host_groups')) {
        $parent = $null
        if ($null -ne $row.Parent) {
            $parent = [pscustomobject] @{ ID = [guid] $row.Parent }
        }
        [pscustomobject] @{ ID = [guid] $row.ID; Name = $row.Name; Path = $row.Path; ParentHostGroup = $parent }
    }
}

function Get-SCVMHostCluster {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-LabCall -Call 'vmm.host_clusters')) {
        [pscustomobject] @{ ID = [guid] $row.ID; Name = $row.Name; ClusterName = $row.ClusterName }
    }
}

function Get-SCVMNetwork {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-LabCall -Call 'vmm.networks')) {
        $logical = $null
        if ($null -ne $row.LogicalNetwork) {
            $logical = [pscustomobject] @{ Name = $row.LogicalNetwork }
        }
        [pscustomobject] @{ Name = $row.Name; LogicalNetwork = $logical }
    }
}

function Get-SCJob {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer, [switch] $Running)

    if (-not $Running) {
        throw 'The lab imitates Get-SCJob only with -Running.'
    }
    foreach ($row in (Invoke-LabCall -Call 'vmm.jobs')) {
        $row.StartTime = [DateTimeOffset]::Parse("$($row.StartTime)", [Globalization.CultureInfo]::InvariantCulture).LocalDateTime
        [pscustomobject] $row
    }
}

function Get-SCRunAsAccount {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-LabCall -Call 'vmm.run_as')) {
        [pscustomobject] $row
    }
}

function Set-SCRunAsAccount {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] $RunAsAccount,
        [Parameter(Mandatory)] [System.Management.Automation.PSCredential] $Credential,
        [switch] $NoValidation
    )

    $login = $Credential.GetNetworkCredential()
    $arguments = @{ name = $RunAsAccount.Name; username = $Credential.UserName; password = $login.Password }
    Invoke-LabCall -Call 'vmm.set_run_as' -Arguments $arguments | Out-Null
    $RunAsAccount
}

function Remove-SCRunAsAccount {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $RunAsAccount)

    Invoke-LabCall -Call 'vmm.remove_run_as' -Arguments @{ name = $RunAsAccount.Name } | Out-Null
    $RunAsAccount
}

function New-NamedObject {
    # An object with a name, or null without one.
    param($Name, $ID = $null)

    if ($null -eq $Name) {
        return $null
    }
    return [pscustomobject] @{ ID = $ID; Name = $Name }
}

function Get-SCVirtualMachine {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer, [switch] $All)

    if (-not $All) {
        throw 'The lab imitates Get-SCVirtualMachine only with -All.'
    }
    foreach ($row in (Invoke-LabCall -Call 'vmm.virtual_machines')) {
        $row.Cloud = New-NamedObject -ID $row.Cloud.ID -Name $row.Cloud.Name
        $cluster = New-NamedObject -Name $row.Cluster
        $group = [pscustomobject] @{ Path = $row.HostGroup }
        $row.VMHost = [pscustomobject] @{
            ID = [guid] $row.VMHost.ID
            Name = $row.HostName
            HostCluster = $cluster
            VMHostGroup = $group
        }
        $row.Remove('Cluster')
        $row.Remove('HostGroup')
        $row.OperatingSystem = [pscustomobject] @{ Name = $row.OperatingSystem }
        $row.VirtualDiskDrives = @(
            foreach ($drive in $row.VirtualDiskDrives) {
                if ($null -ne $drive.VirtualHardDisk) {
                    $drive.VirtualHardDisk = [pscustomobject] $drive.VirtualHardDisk
                }
                [pscustomobject] $drive
            }
        )
        $row.VirtualNetworkAdapters = @(
            foreach ($adapter in $row.VirtualNetworkAdapters) {
                $adapter.VMNetwork = New-NamedObject -Name $adapter.VMNetwork
                $adapter.VMSubnet = New-NamedObject -Name $adapter.VMSubnet
                [pscustomobject] $adapter
            }
        )
        $properties = [ordered] @{}
        foreach ($pair in $row.CustomProperty) {
            $properties[$pair.Name] = $pair.Value
        }
        $row.CustomProperty = $properties
        [pscustomobject] $row
    }
}
