# siterecovery.hyperv script: set_agent_limits
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sets the network limits of the Recovery Services agent: throttling with the agent's commands, threads in the registry.
# The service reads the threads when it starts, so only they need a restart. It is stopped before they are written: an
# interrupted run then leaves a stopped service, which the next run notices, and not one that runs with the old threads.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('keep', 'none', 'limit')]
    [string] $Throttle,

    [int[]] $WorkDays = @(),

    [string] $StartWorkHour = '00:00:00',

    [string] $EndWorkHour = '00:00:00',

    [uint32] $WorkHourBandwidth,

    [uint32] $NonWorkHourBandwidth,

    [int] $UploadThreads,

    [int] $DownloadThreads
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$service = Get-CimInstance -ClassName Win32_Service -Filter "Name='obengine'"
$localMachine = [uint32] 2147483650
$agentKey = 'SOFTWARE\Microsoft\Windows Azure Backup'

# siterecovery.hyperv functions: Get-Output, Get-ServiceStatus

function Import-AgentModule {
    # By path: a session that was opened before the agent was installed does not find the module by name.
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments @{ hDefKey = $localMachine; sSubKeyName = "$agentKey\Setup"; sValueName = 'InstallPath' }
    if ($answer.ReturnValue -ne 0) {
        throw "The install folder of the Recovery Services agent cannot be read from '$agentKey\Setup' (error $($answer.ReturnValue))."
    }
    $folder = "$(Get-Output -Answer $answer -Name sValue)".TrimEnd('\')
    Import-Module -Name "$folder\bin\Modules\MSOnlineBackup\MSOnlineBackup.psd1"
}

function Set-ThreadCount {
    param([string] $Name, [int] $Count)

    $key = "$agentKey\Replication"
    $made = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName CreateKey -Arguments @{ hDefKey = $localMachine; sSubKeyName = $key }
    if ($made.ReturnValue -ne 0) {
        throw "The registry key '$key' cannot be made (error $($made.ReturnValue))."
    }
    $set = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName SetDWORDValue -Arguments @{ hDefKey = $localMachine; sSubKeyName = $key; sValueName = $Name; uValue = [uint32] $Count }
    if ($set.ReturnValue -ne 0) {
        throw "The registry value '$key\$Name' cannot be set (error $($set.ReturnValue))."
    }
}

$result = @{ applied = $false; service = $null }
if ($PSCmdlet.ShouldProcess('Recovery Services agent', 'Set its network limits')) {
    if ($Throttle -ne 'keep') {
        Import-AgentModule
        if ($Throttle -eq 'none') {
            Set-OBMachineSetting -NoThrottle -Confirm:$false | Out-Null
        } else {
            $invariant = [Globalization.CultureInfo]::InvariantCulture
            $setting = @{
                WorkDay = [DayOfWeek[]] $WorkDays
                StartWorkHour = [TimeSpan]::Parse($StartWorkHour, $invariant)
                EndWorkHour = [TimeSpan]::Parse($EndWorkHour, $invariant)
                WorkHourBandwidth = $WorkHourBandwidth
                NonWorkHourBandwidth = $NonWorkHourBandwidth
                Confirm = $false
            }
            Set-OBMachineSetting @setting | Out-Null
        }
        $Ansible.Changed = $true
    }
    if ($UploadThreads -gt 0 -or $DownloadThreads -gt 0) {
        $Ansible.Changed = $true
        Stop-Service -Name obengine -Force
        try {
            if ($UploadThreads -gt 0) {
                Set-ThreadCount -Name UploadThreadsPerVM -Count $UploadThreads
            }
            if ($DownloadThreads -gt 0) {
                Set-ThreadCount -Name DownloadThreadsPerVM -Count $DownloadThreads
            }
        } finally {
            Start-Service -Name obengine
        }
    }
    $result.applied = $true
}
$result.service = Get-ServiceStatus -Name obengine
$Ansible.Result = $result
