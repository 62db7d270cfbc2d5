# siterecovery.hyperv script: set_agent_proxy
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sets or clears the proxy of the Recovery Services agent with the agent's own commands. Its service reads it when it starts.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('none', 'proxy')]
    [string] $Mode,

    [string] $ProxyServer,

    [int] $ProxyPort,

    [string] $ProxyUsername,

    [System.Security.SecureString] $ProxyPassword,

    [string[]] $BypassUrls = @()
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# siterecovery.hyperv functions: Get-Output, Set-RestartMark

$result = @{ applied = $false }
if ($PSCmdlet.ShouldProcess('Recovery Services agent', 'Set the proxy')) {
    $key = 'SOFTWARE\Microsoft\Windows Azure Backup\Setup'
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = 'InstallPath' }
    if ($answer.ReturnValue -ne 0) {
        throw "The install folder of the Recovery Services agent cannot be read from '$key' (error $($answer.ReturnValue))."
    }
    # By path: a session that was opened before the agent was installed does not find the module by name.
    $folder = "$(Get-Output -Answer $answer -Name sValue)".TrimEnd('\')
    Import-Module -Name "$folder\bin\Modules\MSOnlineBackup\MSOnlineBackup.psd1"
    $setting = @{ Confirm = $false }
    if ($Mode -eq 'none') {
        $setting.NoProxy = $true
    } else {
        $setting.ProxyServer = $ProxyServer
        $setting.ProxyPort = $ProxyPort
        if (-not [string]::IsNullOrEmpty($ProxyUsername)) {
            $setting.ProxyUsername = $ProxyUsername
        }
        if ($null -ne $ProxyPassword) {
            $setting.ProxyPassword = $ProxyPassword
        }
        if ($BypassUrls.Count -gt 0) {
            if (-not (Get-Command -Name Set-OBMachineSetting).Parameters.ContainsKey('BypassUrls')) {
                throw 'This build of the Recovery Services agent does not support a proxy bypass list: upgrade the agent or remove the list.'
            }
            $setting.BypassUrls = ($BypassUrls -join ';')
        }
    }
    $Ansible.Changed = $true
    Set-RestartMark -Name obengine
    Set-OBMachineSetting @setting | Out-Null
    $result.applied = $true
}
$Ansible.Result = $result
