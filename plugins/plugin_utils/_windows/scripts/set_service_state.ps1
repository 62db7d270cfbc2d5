# siterecovery.hyperv script: set_service_state
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sets the startup type of a service, or starts or stops it. A service of a cluster is refused by the caller.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Name,

    [ValidateSet('Auto', 'Manual', 'Disabled')]
    [string] $StartMode,

    [ValidateSet('Running', 'Stopped')]
    [string] $Status
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"

# siterecovery.hyperv functions: Remove-RestartMark

if ($null -eq $service) {
    throw "There is no service '$Name' on this machine."
}
if ($PSBoundParameters.ContainsKey('StartMode') -and "$($service.StartMode)" -ne $StartMode -and $PSCmdlet.ShouldProcess($Name, "Set the startup type to $StartMode")) {
    # Its property calls a type Auto that its method calls Automatic.
    $mode = $StartMode -replace '^Auto$', 'Automatic'
    $answer = Invoke-CimMethod -InputObject $service -MethodName ChangeStartMode -Arguments @{ StartMode = $mode }
    if ($answer.ReturnValue -ne 0) {
        throw "The startup type of service '$Name' cannot be set (error $($answer.ReturnValue))."
    }
    $Ansible.Changed = $true
}
if ($PSBoundParameters.ContainsKey('Status') -and "$($service.State)" -ne $Status -and $PSCmdlet.ShouldProcess($Name, "Make the service $Status")) {
    if ($Status -eq 'Running') {
        Start-Service -Name $Name
        Remove-RestartMark -Name $Name
    } else {
        Stop-Service -Name $Name
    }
    $Ansible.Changed = $true
}
$service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
$Ansible.Result = @{ status = "$($service.State)"; start_mode = "$($service.StartMode)" }
