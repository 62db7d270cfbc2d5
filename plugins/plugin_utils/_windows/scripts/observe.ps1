# siterecovery.hyperv script: observe
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads one machine and changes nothing. A section that was not requested, or that the machine does not have, is null. A
# value that cannot be known now, such as the clouds of a stopped VMM service, is null as well. A failed read is an error,
# except for a reading that only some actions need: it is null, and 'unread' names it.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('host', 'vmm', 'provider', 'registration', 'agent', 'hyperv', 'connectivity', 'background_tasks', 'updates', 'replication')]
    [string[]] $Sections,

    [Parameter(Mandatory = $true)]
    [string] $StagingDir,

    [string[]] $ConnectivityUrls,

    [bool] $ConnectivityRegistered,

    [int] $ConnectivitySeconds = 30,

    [string[]] $RootThumbprints,

    [string] $ProxyAddress,

    [int] $ProxyPort,

    [string[]] $ProxyBypass,

    [System.Management.Automation.PSCredential] $ProxyCredential
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# A constrained language mode stops the first call of .NET, so it is read before.
$result = @{ language_mode = "$($ExecutionContext.SessionState.LanguageMode)"; unread = @(); host = $null; vmm = $null; provider = $null; registration = $null; agent = $null; hyperv = $null; connectivity = $null; background_tasks = $null; updates = $null; replication = $null }
if ($result.language_mode -ne 'FullLanguage') {
    $Ansible.Result = $result
    return
}

$os = Get-CimInstance -ClassName Win32_OperatingSystem
$watch = [Diagnostics.Stopwatch]::StartNew()
if ([IntPtr]::Size -ne 8) {
    throw 'This session is a 32-bit process and sees a redirected registry: use the 64-bit session configuration.'
}

# siterecovery.hyperv functions: Connect-VmmServer, Enable-Tls12, Get-CallFailure, Get-Output, Get-VmmJob

# siterecovery.hyperv sections: Registry, Service, Host, Vmm, Provider, Registration, Agent, HyperV, Replication, BackgroundTask, Update, Connectivity

if ($Sections -contains 'host') { $result.host = Get-HostSection }
if ($Sections -contains 'vmm') { $result.vmm = Get-VmmSection }
if ($Sections -contains 'provider') { $result.provider = Get-ProviderSection }
if ($Sections -contains 'registration') { $result.registration = Get-RegistrationSection }
if ($Sections -contains 'agent') { $result.agent = Get-AgentSection }
if ($Sections -contains 'hyperv') { $result.hyperv = Get-HyperVSection }
if ($Sections -contains 'connectivity') { $result.connectivity = Get-ConnectivitySection }
if ($Sections -contains 'background_tasks') { $result.background_tasks = Get-BackgroundTaskSection }
if ($Sections -contains 'replication') { $result.replication = Get-ReplicationSection }
if ($Sections -contains 'updates') { $result.updates = Get-UpdateSection }
$result.unread = @($script:unread)
# A later section can find that VMM does not answer any more.
if ($null -ne $result.vmm) { $result.vmm.connection_error = $script:vmmError }

$Ansible.Result = $result
