# siterecovery.hyperv script: publish_cloud
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Lets VMM send the metadata of the given clouds to the vault, or no longer. VMM refuses the second while a cloud is paired.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string[]] $CloudIds,

    [bool] $Publish = $true
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"
if ($null -eq $service -or $service.State -ne 'Running') {
    throw 'The VMM service (SCVMMService) does not run on this machine: start it, then run again.'
}

function Connect-VmmServer {
    $key = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Setup'
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = 'InstallPath' }
    if ($answer.ReturnValue -ne 0) {
        throw "The install folder of VMM cannot be read from '$key' (error $($answer.ReturnValue))."
    }
    $folder = $answer.sValue.TrimEnd('\')
    Import-Module -Name "$folder\bin\psModules\virtualmachinemanager\virtualmachinemanager.psd1"
    return (Get-SCVMMServer -ComputerName localhost)
}

$done = @()
if ($PSCmdlet.ShouldProcess(($CloudIds -join ', '), 'Set whether the metadata of the VMM clouds is sent')) {
    $vmm = Connect-VmmServer
    foreach ($id in $CloudIds) {
        $cloud = Get-SCCloud -VMMServer $vmm -ID $id
        if ($null -eq $cloud) {
            throw "VMM has no cloud with the id '$id'."
        }
        Set-SCCloud -Cloud $cloud -DisasterRecoverySupported $Publish | Out-Null
        $Ansible.Changed = $true
        $done += "$($cloud.ID)"
    }
}
$Ansible.Result = @{ clouds = @($done) }
