# siterecovery.hyperv script: list_virtual_machines
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads the clouds of the VMM server on this machine and the virtual machines of the chosen ones, and changes nothing. Two
# cmdlets read everything: a public inventory of VMM reads disks, adapters and checkpoints as properties of the machines.
# The lists are null while the VMM service does not run here. The answer is one JSON text with the names of the columns
# once, because the names would be most of the answer for a thousand machines.

[CmdletBinding(SupportsShouldProcess)]
param(
    # Names or ids of clouds; an empty list means all of them.
    [string[]] $Clouds = @()
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"

# siterecovery.hyperv functions: Connect-VmmServer, Get-Output

function Get-Value {
    # A property; null where this release of VMM does not have it.
    param($Item, [string] $Name)

    if ($null -eq $Item -or $null -eq $Item.PSObject.Properties[$Name]) {
        return $null
    }
    return $Item.$Name
}

function Get-Text {
    # A property as text; null where it is empty or does not exist.
    param($Item, [string] $Name)

    $found = "$(Get-Value -Item $Item -Name $Name)"
    if ($found.Length -eq 0) {
        return $null
    }
    return $found
}

function Get-Flag {
    param($Item, [string] $Name)

    $found = Get-Value -Item $Item -Name $Name
    if ($null -eq $found) {
        return $null
    }
    return [bool] $found
}

function Get-Number {
    param($Item, [string] $Name)

    $found = Get-Value -Item $Item -Name $Name
    if ($null -eq $found) {
        return $null
    }
    return [long] $found
}

function Get-DiskRow {
    # The virtual hard disks of a machine with their places on its controllers.
    param($Drives)

    foreach ($drive in $Drives) {
        $disk = Get-Value -Item $drive -Name VirtualHardDisk
        if ($null -eq $disk) {
            continue
        }
        , @(
            "$($disk.ID)",
            "$($disk.Name)",
            "$($drive.BusType)",
            ([long] $drive.Bus),
            ([long] $drive.Lun),
            (Get-Number -Item $disk -Name MaximumSize),
            (Get-Text -Item $disk -Name VHDType),
            (Get-Text -Item $disk -Name Location)
        )
    }
}

function Get-AdapterRow {
    param($Adapters)

    foreach ($adapter in $Adapters) {
        $addresses = @(
            foreach ($name in 'IPv4Addresses', 'IPv6Addresses') {
                foreach ($address in (Get-Value -Item $adapter -Name $name)) {
                    if ("$address".Length -gt 0) {
                        "$address"
                    }
                }
            }
        )
        , @(
            "$($adapter.Name)",
            (Get-Text -Item (Get-Value -Item $adapter -Name VMNetwork) -Name Name),
            (Get-Text -Item (Get-Value -Item $adapter -Name VMSubnet) -Name Name),
            $addresses
        )
    }
}

function Get-CustomProperty {
    param($Machine)

    $found = [ordered] @{}
    $properties = Get-Value -Item $Machine -Name CustomProperty
    if ($null -ne $properties) {
        foreach ($key in $properties.Keys) {
            $found["$key"] = "$($properties[$key])"
        }
    }
    return $found
}

$state = $null
if ($null -ne $service) {
    $state = "$($service.State)"
}
$result = [ordered] @{ service = $state; clouds = $null; columns = $null; machines = $null }

if ($state -eq 'Running') {
    $vmm = Connect-VmmServer -Seconds 120
    $wanted = @{}
    $result.clouds = @(
        foreach ($cloud in @(Get-SCCloud -VMMServer $vmm)) {
            $id = "$($cloud.ID)"
            if ($Clouds.Count -eq 0 -or $Clouds -contains $id -or $Clouds -contains "$($cloud.Name)") {
                $wanted[$id] = $true
            }
            [ordered] @{ id = $id; name = "$($cloud.Name)" }
        }
    )
    $result.columns = @(
        'id', 'hyperv_id', 'name', 'cloud_id', 'host_id', 'host', 'cluster', 'host_group', 'platform', 'generation'
        'secure_boot', 'pass_through', 'fibre_channel', 'operating_system', 'processors', 'memory_mb', 'state', 'highly_available'
        'migrating', 'primary', 'recovery', 'additions', 'backup', 'checkpoints', 'tag', 'properties', 'disks', 'adapters'
    )
    $result.machines = @(
        foreach ($machine in @(Get-SCVirtualMachine -VMMServer $vmm -All)) {
            $cloud = Get-Text -Item (Get-Value -Item $machine -Name Cloud) -Name ID
            if ($null -eq $cloud -or -not $wanted.ContainsKey($cloud)) {
                continue
            }
            $vmHost = Get-Value -Item $machine -Name VMHost
            $properties = Get-CustomProperty -Machine $machine
            $disks = @(Get-DiskRow -Drives (Get-Value -Item $machine -Name VirtualDiskDrives))
            $adapters = @(Get-AdapterRow -Adapters (Get-Value -Item $machine -Name VirtualNetworkAdapters))
            , @(
                "$($machine.ID)",
                (Get-Text -Item $machine -Name VMId),
                "$($machine.Name)",
                $cloud,
                (Get-Text -Item $vmHost -Name ID),
                (Get-Text -Item $machine -Name HostName),
                (Get-Text -Item (Get-Value -Item $vmHost -Name HostCluster) -Name Name),
                (Get-Text -Item (Get-Value -Item $vmHost -Name VMHostGroup) -Name Path),
                (Get-Text -Item $machine -Name VirtualizationPlatform),
                (Get-Number -Item $machine -Name Generation),
                (Get-Flag -Item $machine -Name SecureBootEnabled),
                (Get-Flag -Item $machine -Name HasPassthroughDisk),
                (Get-Flag -Item $machine -Name HasVirtualFibreChannelAdapters),
                (Get-Text -Item (Get-Value -Item $machine -Name OperatingSystem) -Name Name),
                (Get-Number -Item $machine -Name CPUCount),
                (Get-Number -Item $machine -Name Memory),
                (Get-Text -Item $machine -Name VirtualMachineState),
                (Get-Flag -Item $machine -Name IsHighlyAvailable),
                (Get-Flag -Item $machine -Name IsUndergoingLiveMigration),
                (Get-Flag -Item $machine -Name IsPrimaryVM),
                (Get-Flag -Item $machine -Name IsRecoveryVM),
                (Get-Flag -Item $machine -Name HasVMAdditions),
                (Get-Flag -Item $machine -Name BackupEnabled),
                @(Get-Value -Item $machine -Name VMCheckpoints | Where-Object { $null -ne $_ }).Count,
                (Get-Text -Item $machine -Name Tag),
                $properties,
                $disks,
                $adapters
            )
        }
    )
}

$Ansible.Result = ConvertTo-Json -InputObject $result -Depth 6 -Compress
