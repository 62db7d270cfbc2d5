# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-ServiceState {
    param([string] $Name)

    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($null -eq $service) {
        return $null
    }
    return @{ status = "$($service.State)"; start_mode = "$($service.StartMode)" }
}

function Test-RestartDue {
    # Whether a setting was changed that the running process of the service has not read.
    param([string] $Name)

    $marks = Get-RegistryValue -Key 'SOFTWARE\siterecovery.hyperv' -Name $Name
    if ($null -eq $marks -or $null -eq $marks[$Name]) {
        return $false
    }
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    return ($null -ne $service -and $service.ProcessId -eq $marks[$Name])
}

function Get-FileVersion {
    # The numeric file version. Its text may contain the name of a branch.
    param([string] $Path)

    $version = (Get-Item -LiteralPath $Path).VersionInfo
    if ([string]::IsNullOrEmpty($version.FileVersion)) {
        return $null
    }
    return '{0}.{1}.{2}.{3}' -f $version.FileMajorPart, $version.FileMinorPart, $version.FileBuildPart, $version.FilePrivatePart
}

function Test-Administrator {
    # Only an elevated administrator may set values here. Unlike membership in a group, this does not depend on the language.
    $access = Invoke-RegistryMethod -Method CheckAccess -Arguments @{ hDefKey = $localMachine; sSubKeyName = 'SOFTWARE\Microsoft'; uRequired = [uint32] 2 }
    return [bool] (Get-Output -Answer $access -Name bGranted)
}

function Get-ServiceProxy {
    # The Internet settings of the account that runs the VMM service, or of the system on a machine without VMM. Null if they
    # cannot be read: the service does not run, or the hive of the account is not loaded or not accessible.
    if (-not (Test-Administrator)) {
        return $null
    }
    $sid = 'S-1-5-18'
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"
    if ($null -ne $service) {
        if ($service.ProcessId -eq 0) {
            return $null
        }
        $processes = Get-Instance -ClassName Win32_Process -Filter "ProcessId=$($service.ProcessId)"
        if ($null -eq $processes -or $processes.Count -eq 0) {
            return $null
        }
        $sid = Get-Output -Answer (Invoke-CimMethod -InputObject $processes[0] -MethodName GetOwnerSid -WhatIf:$false) -Name Sid
        if ([string]::IsNullOrEmpty("$sid")) {
            return $null
        }
    }
    $place = 'Software\Microsoft\Windows\CurrentVersion\Internet Settings'
    $names = 'ProxyEnable', 'ProxyServer', 'ProxyOverride', 'AutoConfigURL'
    $policy = Get-RegistryValue -Key 'SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings' -Name ProxySettingsPerUser -Optional
    $ofMachine = $null -ne $policy -and $policy.ProxySettingsPerUser -eq 0
    if ($ofMachine) {
        # A policy makes the settings of the machine those of every account.
        $settings = Get-RegistryValue -Key $place -Name $names -Optional
    } else {
        $settings = Get-RegistryValue -Hive $users -Key "$sid\$place" -Name $names
    }
    if ($null -eq $settings) {
        return $null
    }
    # The proxy of "netsh winhttp", which some services use instead of the Internet settings.
    $winhttp = Get-RegistryValue -Key "$place\Connections" -Name WinHttpSettings -Optional
    $stored = $null
    if ($null -ne $winhttp) {
        $stored = Get-Text -Value $winhttp.WinHttpSettings
    }
    return @{
        enabled = ($settings.ProxyEnable -eq 1)
        server = Get-Text -Value $settings.ProxyServer
        bypass = @(Get-UrlList -Value $settings.ProxyOverride)
        of_machine = $ofMachine
        script_url = Get-Text -Value $settings.AutoConfigURL
        winhttp = $stored
    }
}
