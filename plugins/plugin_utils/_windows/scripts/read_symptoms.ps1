# siterecovery.hyperv script: read_symptoms
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads one machine as the script observe does, and the lines of its logs and events that hold one of the given signs.
# Changes nothing. A log that cannot be read is named with the reason and ends no other reading.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('host', 'vmm', 'provider', 'registration', 'agent', 'hyperv', 'background_tasks')]
    [string[]] $Sections,

    [Parameter(Mandatory = $true)]
    [string] $StagingDir,

    [string[]] $RootThumbprints,

    [string[]] $LogSigns,

    [string[]] $EventLogs,

    [string[]] $EventSigns,

    [int] $Days = 30
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# A constrained language mode stops the first call of .NET, so it is read before.
$result = @{ language_mode = "$($ExecutionContext.SessionState.LanguageMode)"; unread = @(); host = $null; vmm = $null; provider = $null; registration = $null; agent = $null; hyperv = $null; background_tasks = $null; logs = @(); event_logs = @() }
if ($result.language_mode -ne 'FullLanguage') {
    $Ansible.Result = $result
    return
}

$os = Get-CimInstance -ClassName Win32_OperatingSystem
if ([IntPtr]::Size -ne 8) {
    throw 'This session is a 32-bit process and sees a redirected registry: use the 64-bit session configuration.'
}

# siterecovery.hyperv functions: Connect-VmmServer, Get-Output, Get-VmmJob

# siterecovery.hyperv sections: Registry, Service, Host, Vmm, Provider, Registration, Agent, HyperV, BackgroundTask

function Select-Line {
    # The lines that hold one of the signs, shortened.
    param([string[]] $Lines, [string[]] $Signs)

    foreach ($line in $Lines) {
        $text = "$line"
        if (@($Signs | Where-Object { $text.IndexOf($_, [StringComparison]::Ordinal) -ge 0 }).Count -gt 0) {
            $text.Substring(0, [Math]::Min(400, $text.Length))
        }
    }
}

function Get-LogFact {
    # The lines with a sign at the end of the newest log of a program; null without a log.
    param([string] $Program, [string] $Folder, [string] $Filter)

    $fact = @{ program = $Program; written = $null; lines = @(); error = $null }
    try {
        if (-not (Test-Path -LiteralPath $Folder)) {
            return $null
        }
        $files = @(Get-ChildItem -LiteralPath $Folder -Filter $Filter -File | Sort-Object -Property LastWriteTimeUtc, Name)
        if ($files.Count -eq 0) {
            return $null
        }
        $fact.written = $files[-1].LastWriteTimeUtc.ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
        $text = @(Get-Content -LiteralPath $files[-1].FullName -Tail 400)
        $fact.lines = @(Select-Line -Lines $text -Signs $LogSigns | Select-Object -First 20)
    } catch {
        $fact.error = $_.Exception.GetType().FullName
    }
    return $fact
}

function Get-EventFact {
    # The newest warnings and errors of a log that hold a sign. A log that the machine does not have is absent.
    param([string] $Log)

    $fact = @{ log = $Log; absent = $false; events = @(); error = $null }
    $filter = @{ LogName = $Log; Level = 1, 2, 3; StartTime = (Get-CimInstance -ClassName Win32_OperatingSystem).LocalDateTime.AddDays(-$Days) }
    try {
        $found = @(Get-WinEvent -FilterHashtable $filter -MaxEvents 500)
    } catch {
        # The ids of errors have no language.
        $id = "$($_.FullyQualifiedErrorId)".Split(',')[0]
        $fact.absent = $id -eq 'NoMatchingLogsFound'
        if (-not $fact.absent -and $id -ne 'NoMatchingEventsFound') {
            $fact.error = $_.Exception.GetType().FullName
        }
        return $fact
    }
    $fact.events = @(
        foreach ($event in $found) {
            $message = "$($event.Message)"
            $lines = @(Select-Line -Lines @($message -split "`r?`n") -Signs $EventSigns | Select-Object -First 20)
            if ($lines.Count -gt 0) {
                @{ id = [int] $event.Id; time = $event.TimeCreated.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture); lines = $lines }
            }
        }
    )
    return $fact
}

if ($Sections -contains 'host') { $result.host = Get-HostSection }
if ($Sections -contains 'vmm') { $result.vmm = Get-VmmSection }
if ($Sections -contains 'provider') { $result.provider = Get-ProviderSection }
if ($Sections -contains 'registration') { $result.registration = Get-RegistrationSection }
if ($Sections -contains 'agent') { $result.agent = Get-AgentSection }
if ($Sections -contains 'hyperv') { $result.hyperv = Get-HyperVSection }
if ($Sections -contains 'background_tasks') { $result.background_tasks = Get-BackgroundTaskSection }

$result.logs = @(
    Get-LogFact -Program 'setup' -Folder "$env:ProgramData\ASRLogs" -Filter 'DRASetupWizard*.log'
    if ($null -ne $result.agent) {
        Get-LogFact -Program 'agent_setup' -Folder "$env:SystemRoot\Temp" -Filter 'OBMsi.log'
        Get-LogFact -Program 'agent' -Folder "$($result.agent.install_path)\Temp" -Filter 'CBEngine*.errlog'
    }
)
$result.logs = @($result.logs | Where-Object { $null -ne $_ })
$result.event_logs = @(foreach ($log in $EventLogs) { Get-EventFact -Log $log })
$result.unread = @($script:unread)
# A later section can find that VMM does not answer any more.
if ($null -ne $result.vmm) { $result.vmm.connection_error = $script:vmmError }

$Ansible.Result = $result
