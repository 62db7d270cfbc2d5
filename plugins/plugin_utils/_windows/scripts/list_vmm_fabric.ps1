# siterecovery.hyperv script: list_vmm_fabric
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads the clouds, host groups, clusters and hosts of the VMM server on this machine, and changes nothing. Four cmdlets
# read everything at once; no call is made per host. The lists are null while the VMM service does not run here.
# The answer is one JSON text: win_powershell takes seconds to convert the values of a thousand hosts one by one.

[CmdletBinding(SupportsShouldProcess)]
param()

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$system = Get-CimInstance -ClassName Win32_ComputerSystem
$setupKey = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Setup'

function Get-SetupValue {
    # A value of VMM's setup; null when it is empty or does not exist.
    param([string] $Name)

    # -WhatIf:$false because the call only reads and must also run in check mode.
    $arguments = @{ hDefKey = [uint32] 2147483650; sSubKeyName = $setupKey; sValueName = $Name }
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments $arguments -WhatIf:$false
    if ($answer.ReturnValue -ne 0 -and $answer.ReturnValue -ne 1 -and $answer.ReturnValue -ne 2) {
        throw "The registry value '$setupKey\$Name' cannot be read (error $($answer.ReturnValue))."
    }
    $text = "$(Get-Output -Answer $answer -Name sValue)"
    if ($text -eq '') {
        return $null
    }
    return $text
}

function Get-ServiceState {
    param([string] $Name)

    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($null -eq $service) {
        return $null
    }
    return "$($service.State)"
}

function Set-ClusterFact {
    # The nodes of a highly available VMM and the node that runs it, as far as the cluster service knows them.
    param($Server)

    $ready = $null -ne (Get-Command -Name Get-ClusterResource -ErrorAction SilentlyContinue)
    if ((Get-ServiceState -Name ClusSvc) -ne 'Running' -or -not $ready) {
        return
    }
    $Server.nodes = @(Get-ClusterNode | ForEach-Object { "$($_.Name)" })
    foreach ($resource in @(Get-ClusterResource)) {
        $names = @(Get-ClusterParameter -InputObject $resource | Where-Object { $_.Name -eq 'ServiceName' })
        if ($names.Count -gt 0 -and "$($names[0].Value)" -eq 'SCVMMService') {
            $Server.owner_node = "$($resource.OwnerNode.Name)"
        }
    }
}

# siterecovery.hyperv functions: Connect-VmmServer, Get-Output

$fqdn = "$($system.DNSHostName)"
if ($system.PartOfDomain) {
    $fqdn = "$fqdn.$($system.Domain)"
}
$server = [ordered] @{
    fqdn = $fqdn
    node = "$($system.Name)"
    product_version = Get-SetupValue -Name ProductVersion
    vmm_id = Get-SetupValue -Name VmmID
    ha_name = Get-SetupValue -Name HAVMMName
    service = Get-ServiceState -Name SCVMMService
    nodes = $null
    owner_node = $null
}
if ($null -ne $server.ha_name) {
    Set-ClusterFact -Server $server
}
$fabric = [ordered] @{ server = $server; clouds = $null; host_groups = $null; clusters = $null; hosts = $null }

if ($server.service -eq 'Running' -and $null -ne $server.product_version) {
    $vmm = Connect-VmmServer -Seconds 120

    $fabric.clouds = @(
        foreach ($cloud in @(Get-SCCloud -VMMServer $vmm)) {
            $flag = $null
            if ($null -ne $cloud.PSObject.Properties['DisasterRecoverySupported']) {
                $flag = [bool] $cloud.DisasterRecoverySupported
            }
            $groups = @($cloud.HostGroup | Where-Object { $null -ne $_ } | ForEach-Object { "$($_.ID)" })
            [ordered] @{ id = "$($cloud.ID)"; name = "$($cloud.Name)"; synchronized = $flag; host_group_ids = $groups }
        }
    )
    $fabric.host_groups = @(
        foreach ($group in @(Get-SCVMHostGroup -VMMServer $vmm)) {
            $parent = $null
            if ($null -ne $group.ParentHostGroup) {
                $parent = "$($group.ParentHostGroup.ID)"
            }
            [ordered] @{ id = "$($group.ID)"; name = "$($group.Name)"; path = "$($group.Path)"; parent_id = $parent }
        }
    )
    $fabric.clusters = @(
        foreach ($cluster in @(Get-SCVMHostCluster -VMMServer $vmm)) {
            [ordered] @{ id = "$($cluster.ID)"; name = "$($cluster.Name)" }
        }
    )
    $fabric.hosts = @(
        foreach ($vmHost in @(Get-SCVMHost -VMMServer $vmm)) {
            $cluster = $null
            if ($null -ne $vmHost.HostCluster) {
                $cluster = "$($vmHost.HostCluster.ID)"
            }
            # Hosts of other platforms have no VMM agent.
            $agent = $null
            if ($null -ne $vmHost.ManagedComputer) {
                $agent = "$($vmHost.ManagedComputer.AgentVersion)"
            }
            $name = $null
            if ($null -ne $vmHost.OperatingSystem) {
                $name = "$($vmHost.OperatingSystem.Name)"
            }
            [ordered] @{
                id = "$($vmHost.ID)"
                fqdn = "$($vmHost.FQDN)"
                platform = "$($vmHost.VirtualizationPlatform)"
                host_group_id = "$($vmHost.VMHostGroup.ID)"
                cluster_id = $cluster
                state = "$($vmHost.OverallState)"
                communication_state = "$($vmHost.CommunicationState)"
                maintenance = [bool] $vmHost.MaintenanceHost
                agent_version = $agent
                operating_system = $name
            }
        }
    )
}

$Ansible.Result = ConvertTo-Json -InputObject $fabric -Depth 5 -Compress
