# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

$script:vmmServer = $null

$script:vmmError = $null

function Get-VmmConnection {
    # The VMM server on this machine. Null while its service does not run or does not answer.
    $service = Get-ServiceState -Name SCVMMService
    if ($null -eq $service -or $service.status -ne 'Running') {
        return $null
    }
    if ($null -eq $script:vmmServer -and $null -eq $script:vmmError) {
        try {
            $script:vmmServer = Connect-VmmServer
        } catch {
            $message = "$($_.Exception.Message)"
            if (-not $message.StartsWith('VMM does not answer: ')) {
                throw
            }
            $script:vmmError = $message
        }
    }
    return $script:vmmServer
}

function Test-VmmLost {
    # Whether VMM stopped answering while it was read, such as in a restart. Its later readings are unknown, too.
    param([string] $Problem)

    if ($null -eq $script:vmmServer) {
        return $false
    }
    $answers = $false
    $service = Get-ServiceState -Name SCVMMService
    if ($null -ne $service -and $service.status -eq 'Running') {
        try {
            $null = Connect-VmmServer
            $answers = $true
        } catch {
            $answers = $false
        }
    }
    if ($answers) {
        return $false
    }
    $script:vmmServer = $null
    $script:vmmError = "VMM does not answer: $Problem"
    return $true
}

function Get-PropertyText {
    # A property as text, or null if this release of VMM does not have it.
    param($From, [string] $Name)

    if ($null -eq $From.PSObject.Properties[$Name]) {
        return $null
    }
    return Get-Text -Value $From.$Name
}

function Get-GroupClosure {
    # A host group and all groups below it, which also belong to a cloud of the host group.
    param($Group)

    $Group
    foreach ($child in @($Group.ChildHostGroups)) {
        if ($null -ne $child) {
            Get-GroupClosure -Group $child
        }
    }
}

function Get-ClusterFacts {
    # The cluster of a highly available VMM, as this node sees it. Its resource is identified by the service that it runs,
    # else by the name that VMM's setup gives it.
    $service = Get-ServiceState -Name ClusSvc
    if ($null -eq $service) {
        return $null
    }
    $facts = @{
        service = $service.status
        node = "$((Get-CimInstance -ClassName Win32_ComputerSystem).Name)"
        nodes = $null
        resource = $null
        resource_state = $null
        owner_node = $null
    }
    if ($service.status -ne 'Running' -or $null -eq (Get-Command -Name Get-ClusterResource -ErrorAction SilentlyContinue)) {
        return $facts
    }
    $facts.nodes = @(foreach ($each in @(Get-ClusterNode)) { @{ name = "$($each.Name)"; state = "$($each.State)" } })
    $resources = @(Get-ClusterResource)
    $found = @(
        foreach ($each in $resources) {
            $names = @(Get-ClusterParameter -InputObject $each | Where-Object { $_.Name -eq 'ServiceName' })
            if ($names.Count -gt 0 -and "$($names[0].Value)" -eq 'SCVMMService') {
                $each
            }
        }
    )
    if ($found.Count -eq 0) {
        $found = @($resources | Where-Object { "$($_.Name)" -like '*VMM Service*' })
    }
    if ($found.Count -eq 1) {
        $facts.resource = "$($found[0].Name)"
        $facts.resource_state = "$($found[0].State)"
        $facts.owner_node = "$($found[0].OwnerNode.Name)"
    }
    return $facts
}

function Get-VmmSection {
    $setup = Get-RegistryValue -Key "$vmmKey\Setup" -Name ProductVersion, VmmID, HAVMMName, InstallPath
    if ($null -eq $setup) {
        return $null
    }
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"
    $section = @{
        product_version = Get-Text -Value $setup.ProductVersion
        vmm_id = Get-Text -Value $setup.VmmID
        ha_name = Get-Text -Value $setup.HAVMMName
        cluster = $null
        install_path = Get-Text -Value $setup.InstallPath
        service = $null
        restart_due = Test-RestartDue -Name SCVMMService
        connection_error = $null
        running_jobs = $null
        flag_supported = $null
        clouds = $null
        networks = $null
    }
    if ($null -ne $service) {
        $section.service = @{ status = "$($service.State)"; start_mode = "$($service.StartMode)" }
    }
    if ($null -ne $section.ha_name) {
        $section.cluster = Get-ClusterFacts
    }
    $vmm = Get-VmmConnection
    if ($null -eq $vmm) {
        return $section
    }
    try {
        Add-VmmInventory -Section $section -Vmm $vmm
    } catch {
        if (-not (Test-VmmLost -Problem "$($_.Exception.Message)")) {
            throw
        }
        foreach ($name in 'running_jobs', 'flag_supported', 'clouds', 'networks') {
            $section[$name] = $null
        }
    }
    return $section
}

function Add-VmmInventory {
    param([hashtable] $Section, $Vmm)

    $section.running_jobs = @(Get-VmmJob -Vmm $vmm)
    $section.flag_supported = (Get-Command -Name Set-SCCloud).Parameters.ContainsKey('DisasterRecoverySupported')
    $hostsOfGroup = @{}
    foreach ($vmHost in @(Get-SCVMHost -VMMServer $vmm)) {
        $group = "$($vmHost.VMHostGroup.ID)"
        if (-not $hostsOfGroup.ContainsKey($group)) {
            $hostsOfGroup[$group] = @()
        }
        $hostsOfGroup[$group] += $vmHost
    }
    $section.clouds = @(
        foreach ($cloud in @(Get-SCCloud -VMMServer $vmm)) {
            $published = $null
            if ($null -ne $cloud.PSObject.Properties['DisasterRecoverySupported']) {
                $published = [bool] $cloud.DisasterRecoverySupported
            }
            $profiles = $null
            if ($null -ne $cloud.PSObject.Properties['CapabilityProfiles']) {
                $profiles = @($cloud.CapabilityProfiles | Where-Object { $null -ne $_ } | ForEach-Object { "$($_.Name)" })
            }
            $seen = @{}
            $found = @(
                foreach ($root in @($cloud.HostGroup)) {
                    if ($null -eq $root) {
                        continue
                    }
                    foreach ($group in @(Get-GroupClosure -Group $root)) {
                        foreach ($vmHost in @($hostsOfGroup["$($group.ID)"])) {
                            if ($null -ne $vmHost -and -not $seen.ContainsKey("$($vmHost.ID)")) {
                                $seen["$($vmHost.ID)"] = $true
                                @{
                                    id = "$($vmHost.ID)"
                                    fqdn = "$($vmHost.FQDN)"
                                    platform = "$($vmHost.VirtualizationPlatform)"
                                    state = Get-PropertyText -From $vmHost -Name OverallState
                                    communication_state = Get-PropertyText -From $vmHost -Name CommunicationState
                                    maintenance = "$(Get-PropertyText -From $vmHost -Name MaintenanceHost)" -eq 'True'
                                }
                            }
                        }
                    }
                }
            )
            @{
                id = "$($cloud.ID)"
                name = "$($cloud.Name)"
                published = $published
                capability_profiles = $profiles
                hosts = @($found)
            }
        }
    )
    $section.networks = @(
        foreach ($network in @(Get-SCVMNetwork -VMMServer $vmm)) {
            if ($null -ne $network) {
                $logical = $null
                if ($null -ne $network.LogicalNetwork) {
                    $logical = Get-Text -Value $network.LogicalNetwork.Name
                }
                @{ name = "$($network.Name)"; logical_network = $logical }
            }
        }
    )
}
