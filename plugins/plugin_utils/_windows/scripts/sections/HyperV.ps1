# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-HyperVSection {
    $service = Get-ServiceState -Name vmms
    $names = $null
    $machines = $null
    if ($null -ne $service -and $service.status -eq 'Running') {
        $switches = Get-Instance -Namespace root/virtualization/v2 -ClassName Msvm_VirtualEthernetSwitch
        if ($null -ne $switches) {
            $names = @($switches | ForEach-Object { "$($_.ElementName)" })
        }
        $machines = Get-VirtualMachineFact
    }
    return @{ service = $service; switch_names = $names; vms = $machines }
}

function Get-VirtualMachineFact {
    # The properties that decide whether a virtual machine can be replicated. Instance ids link disks and machines. Checkpoints
    # have other ids. Null if one of the classes cannot be read.
    $space = 'root/virtualization/v2'
    $disks = Get-Instance -Namespace $space -ClassName Msvm_StorageAllocationSettingData -Filter "ResourceSubType='Microsoft:Hyper-V:Virtual Hard Disk'"
    $drives = Get-Instance -Namespace $space -ClassName Msvm_ResourceAllocationSettingData -Filter "ResourceSubType='Microsoft:Hyper-V:Physical Disk Drive'"
    $settings = Get-Instance -Namespace $space -ClassName Msvm_VirtualSystemSettingData -Filter "VirtualSystemType='Microsoft:Hyper-V:System:Realized'"
    if ($null -eq $disks -or $null -eq $drives -or $null -eq $settings) {
        return $null
    }
    $machines = @(foreach ($machine in $settings) {
        $own = @($disks | Where-Object { "$($_.InstanceID)".Split('\')[0] -eq "$($machine.InstanceID)" })
        $shared = @(
            $own | Where-Object {
                ($null -ne $_.PSObject.Properties['PersistentReservationsSupported'] -and $_.PersistentReservationsSupported) -or
                "$($_.HostResource)" -like '*.vhds'
            }
        )
        $secure = $null
        if ($null -ne $machine.PSObject.Properties['SecureBootEnabled']) {
            $secure = [bool] $machine.SecureBootEnabled
        }
        # The disk in the first slot of the controller, from which a machine starts by default. Generation 1 starts from an IDE
        # controller, whose id is fixed. With several SCSI controllers the boot disk is not known.
        $slot = '*\0\0\L'
        if ("$($machine.VirtualSystemSubType)" -like '*:1') {
            $slot = '*\83F8638B-8DCA-4152-9EDA-2CA8B33039B4\0\0\L'
        }
        $first = @($own | Where-Object { "$($_.InstanceID)" -like $slot })
        $size = $null
        if ($first.Count -eq 1) {
            $size = Get-VirtualDiskSize -Path "$($first[0].HostResource)"
        }
        @{
            name = "$($machine.ElementName)"
            generation = [int] "$($machine.VirtualSystemSubType)".Split(':')[-1]
            secure_boot = $secure
            disks = $own.Count
            first_disk_bytes = $size
            shared_disks = $shared.Count
            pass_through_disks = @($drives | Where-Object { "$($_.InstanceID)".Split('\')[0] -eq "$($machine.InstanceID)" }).Count
        }
    })
    return , $machines
}

$script:imageService = $null

function Get-VirtualDiskSize {
    # The maximum size of a virtual disk, or null if its file cannot be read now.
    param([string] $Path)

    if ($null -eq $script:imageService) {
        $script:imageService = Get-Instance -Namespace root/virtualization/v2 -ClassName Msvm_ImageManagementService
    }
    if ($null -eq $script:imageService) {
        return $null
    }
    $answer = Invoke-CimMethod -InputObject $script:imageService[0] -MethodName GetVirtualHardDiskSettingData -Arguments @{ Path = $Path } -WhatIf:$false
    if ($answer.ReturnValue -ne 0) {
        return $null
    }
    $size = @(([xml] (Get-Output -Answer $answer -Name SettingData)).INSTANCE.PROPERTY | Where-Object { $_.NAME -eq 'MaxInternalSize' })
    if ($size.Count -eq 0) {
        return $null
    }
    return [long] $size[0].VALUE
}
