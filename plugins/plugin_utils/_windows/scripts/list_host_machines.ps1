# siterecovery.hyperv script: list_host_machines
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads what VMM does not show of the virtual machines of this host, and changes nothing: shared disks, sectors, shielding,
# virtual TPMs, replication, switches, the agent's backup vault and the free space of volumes. One read per WMI class, and
# one per virtual disk. A class that cannot be read is null.

[CmdletBinding(SupportsShouldProcess)]
param()

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$service = Get-CimInstance -ClassName Win32_Service -Filter "Name='vmms'"

# siterecovery.hyperv functions: Get-Output

function Get-Instance {
    # All instances of a class of Hyper-V; null if the class cannot be read.
    param([string] $ClassName)

    try {
        return , @(Get-CimInstance -Namespace root/virtualization/v2 -ClassName $ClassName)
    } catch {
        return $null
    }
}

function Get-Flag {
    # A flag; null where this release of Windows does not have it.
    param($Item, [string] $Name)

    if ($null -eq $Item -or $null -eq $Item.PSObject.Properties[$Name]) {
        return $null
    }
    return [bool] $Item.$Name
}

function Get-OwnerId {
    # The id of the machine to which a setting belongs.
    param($Item)

    return "$($Item.InstanceID)".Split('\')[0].Split(':')[-1]
}

function Get-DiskFact {
    # The size and the sectors of a virtual disk; null if its file cannot be read now.
    param($Service, [string] $Path)

    $found = @{ MaxInternalSize = $null; LogicalSectorSize = $null }
    if ($null -ne $Service) {
        $arguments = @{ Path = $Path }
        # -WhatIf:$false because the call only reads and must also run in check mode.
        $answer = Invoke-CimMethod -InputObject $Service -MethodName GetVirtualHardDiskSettingData -Arguments $arguments -WhatIf:$false
        if ($answer.ReturnValue -eq 0) {
            foreach ($property in ([xml] (Get-Output -Answer $answer -Name SettingData)).INSTANCE.PROPERTY) {
                if ($found.ContainsKey("$($property.NAME)")) {
                    $found["$($property.NAME)"] = [long] $property.VALUE
                }
            }
        }
    }
    return $found
}

function Get-BackupVault {
    # The vault of Azure Backup that the agent serves; an empty text without one, null if the registry cannot be read.
    $key = 'SOFTWARE\Microsoft\Windows Azure Backup\Config'
    $arguments = @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = 'ServiceResourceName' }
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments $arguments -WhatIf:$false
    # 1 and 2: there is no such value or key.
    if ($answer.ReturnValue -eq 1 -or $answer.ReturnValue -eq 2) {
        return ''
    }
    if ($answer.ReturnValue -ne 0) {
        return $null
    }
    return "$(Get-Output -Answer $answer -Name sValue)"
}

$result = [ordered] @{ service = $null; switch_names = $null; backup_vault = $null; volumes = $null; machines = $null }
if ($null -ne $service) {
    $result.service = "$($service.State)"
}
if ($result.service -eq 'Running') {
    $result.backup_vault = Get-BackupVault
    $result.volumes = @(
        foreach ($volume in @(Get-CimInstance -ClassName Win32_LogicalDisk -Filter 'DriveType=3')) {
            [ordered] @{ drive = "$($volume.DeviceID)"; free_bytes = [long] $volume.FreeSpace }
        }
    )
    $switches = Get-Instance -ClassName Msvm_VirtualEthernetSwitch
    if ($null -ne $switches) {
        $result.switch_names = @(foreach ($switch in $switches) { "$($switch.ElementName)" })
    }
    $settings = Get-Instance -ClassName Msvm_VirtualSystemSettingData
    $systems = Get-Instance -ClassName Msvm_ComputerSystem
    $disks = Get-Instance -ClassName Msvm_StorageAllocationSettingData
    $drives = Get-Instance -ClassName Msvm_ResourceAllocationSettingData
    $security = Get-Instance -ClassName Msvm_SecuritySettingData
    $images = Get-Instance -ClassName Msvm_ImageManagementService
    $reader = $null
    if ($null -ne $images) {
        $reader = $images[0]
    }
    if ($null -ne $settings) {
        $modes = @{}
        foreach ($system in $systems) {
            $modes["$($system.Name)"] = [long] $system.ReplicationMode
        }
        $keys = @{}
        foreach ($setting in $security) {
            $tpm = Get-Flag -Item $setting -Name TpmEnabled
            $shielded = Get-Flag -Item $setting -Name ShieldingRequested
            $keys[(Get-OwnerId -Item $setting)] = ($tpm -or $shielded)
        }
        $physical = @{}
        foreach ($drive in $drives) {
            if ("$($drive.ResourceSubType)" -eq 'Microsoft:Hyper-V:Physical Disk Drive') {
                $physical[(Get-OwnerId -Item $drive)] = $true
            }
        }
        $attached = @{}
        foreach ($disk in $disks) {
            if ("$($disk.ResourceSubType)" -eq 'Microsoft:Hyper-V:Virtual Hard Disk') {
                $id = Get-OwnerId -Item $disk
                if (-not $attached.ContainsKey($id)) {
                    $attached[$id] = @()
                }
                $path = "$($disk.HostResource)"
                $fact = Get-DiskFact -Service $reader -Path $path
                $attached[$id] += [ordered] @{
                    path = $path
                    place = "$($disk.InstanceID)".Split('\')[1, 2, 3]
                    size_bytes = $fact.MaxInternalSize
                    sector_bytes = $fact.LogicalSectorSize
                    shared = ((Get-Flag -Item $disk -Name PersistentReservationsSupported) -or $path -like '*.vhds')
                }
            }
        }
        $result.machines = @(
            foreach ($machine in $settings) {
                if ("$($machine.VirtualSystemType)" -ne 'Microsoft:Hyper-V:System:Realized') {
                    continue
                }
                $id = Get-OwnerId -Item $machine
                $own = $null
                if ($null -ne $disks) {
                    $own = @()
                    if ($attached.ContainsKey($id)) {
                        $own = @($attached[$id])
                    }
                }
                $mode = $null
                if ($modes.ContainsKey($id)) {
                    $mode = $modes[$id]
                }
                $sealed = $null
                if ($keys.ContainsKey($id)) {
                    $sealed = $keys[$id]
                }
                $direct = $null
                if ($null -ne $drives) {
                    $direct = $physical.ContainsKey($id)
                }
                [ordered] @{
                    hyperv_id = $id
                    name = "$($machine.ElementName)"
                    generation = [long] "$($machine.VirtualSystemSubType)".Split(':')[-1]
                    secure_boot = Get-Flag -Item $machine -Name SecureBootEnabled
                    protected_keys = $sealed
                    physical_disk = $direct
                    replication_mode = $mode
                    disks = $own
                }
            }
        )
    }
}

$Ansible.Result = ConvertTo-Json -InputObject $result -Depth 5 -Compress
