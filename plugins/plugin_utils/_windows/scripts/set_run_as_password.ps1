# siterecovery.hyperv script: set_run_as_password
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Gives a Run As account of VMM its login anew and restarts the VMM service, which reads it at its start.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $AccountName,

    [Parameter(Mandatory = $true)]
    [System.Management.Automation.PSCredential] $Credential
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

$result = @{ updated = $false }
if ($PSCmdlet.ShouldProcess($AccountName, 'Set the login of the Run As account')) {
    $vmm = Connect-VmmServer
    $account = @(Get-SCRunAsAccount -VMMServer $vmm | Where-Object { $_.Name -eq $AccountName })
    if ($account.Count -eq 0) {
        throw "VMM has no Run As account '$AccountName': register the server with a proxy login first."
    }
    # The login of a proxy is not always one of the domain, which VMM would otherwise check.
    Set-SCRunAsAccount -RunAsAccount $account[0] -Credential $Credential -NoValidation | Out-Null
    $Ansible.Changed = $true
    $result.updated = $true
    Restart-Service -Name SCVMMService -Force
}
$Ansible.Result = $result
