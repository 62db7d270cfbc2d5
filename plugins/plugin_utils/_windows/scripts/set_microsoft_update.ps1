# siterecovery.hyperv script: set_microsoft_update
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Opts in to updates for other Microsoft products, or out of them, with the interface of the Windows Update Agent. The agent
# rejects this in a remote session, so the script runs as a scheduled task.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [bool] $OptIn
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem
# The published id of the service.
$id = '7971f918-a847-4430-9279-4a52d1efe18d'
$manager = New-Object -ComObject 'Microsoft.Update.ServiceManager'

function Test-OptIn {
    foreach ($service in @($manager.Services)) {
        if ("$($service.ServiceID)" -eq $id -and $service.IsRegisteredWithAU) {
            return $true
        }
    }
    return $false
}

$registration = $null
if ((Test-OptIn) -ne $OptIn -and $PSCmdlet.ShouldProcess('Microsoft Update', 'Change')) {
    if ($OptIn) {
        # Allow pending and online registration, and register the service with automatic updates.
        $registration = [int] $manager.AddService2($id, 7, '').RegistrationState
    } else {
        $null = $manager.RemoveService($id)
    }
    $Ansible.Changed = $true
}
$Ansible.Result = @{ microsoft_update = (Test-OptIn); registration = $registration }
