# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

$script:unread = @()
$localMachine = [uint32] 2147483650
$users = [uint32] 2147483651
$vmmKey = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server'
$providerKey = 'SOFTWARE\Microsoft\Azure Site Recovery'
$previewKey = 'SOFTWARE\Microsoft\Hyper-V Recovery Manager'
$agentKey = 'SOFTWARE\Microsoft\Windows Azure Backup'
$uninstallKeys = @(
    'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall',
    'SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall'
)

function Add-Unread {
    # Notes a reading that failed. The observation goes on without it.
    param([string] $Name, [string] $Reason)

    foreach ($each in $script:unread) {
        if ($each.name -eq $Name) {
            return
        }
    }
    $script:unread += @{ name = $Name; reason = $Reason }
}

function Get-Instance {
    # The instances of a class that only some actions need, or null if they cannot be read; 'unread' then names the class.
    param([string] $ClassName, [string] $Namespace = 'root/cimv2', [string] $Filter)

    $wanted = @{ Namespace = $Namespace; ClassName = $ClassName }
    if (-not [string]::IsNullOrEmpty($Filter)) {
        $wanted.Filter = $Filter
    }
    try {
        return , @(Get-CimInstance @wanted)
    } catch {
        Add-Unread -Name $ClassName -Reason "$($_.Exception.Message)".Trim()
    }
    return $null
}

function Invoke-RegistryMethod {
    param([string] $Method, [hashtable] $Arguments)

    # -WhatIf:$false because these calls only read and must also run in check mode.
    Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName $Method -Arguments $Arguments -WhatIf:$false
}

function Get-RegistryValue {
    # The named values of a key, or null if the key does not exist. A missing value is null. A value that cannot be read is
    # an error, or null if it is optional. Bytes are a text of hexadecimal digits.
    param([string] $Key, [string[]] $Name, [uint32] $Hive = $localMachine, [switch] $Optional)

    $known = Invoke-RegistryMethod -Method EnumValues -Arguments @{ hDefKey = $Hive; sSubKeyName = $Key }
    if ($known.ReturnValue -eq 2) {
        return $null
    }
    if ($known.ReturnValue -ne 0) {
        if ($Optional) {
            Add-Unread -Name $Key -Reason "error $($known.ReturnValue)"
            return $null
        }
        throw "The registry key '$Key' cannot be read (error $($known.ReturnValue))."
    }
    $readers = @{ 1 = 'GetStringValue'; 2 = 'GetExpandedStringValue'; 3 = 'GetBinaryValue'; 4 = 'GetDWORDValue'; 7 = 'GetMultiStringValue'; 11 = 'GetQWORDValue' }
    $names = @(Get-Output -Answer $known -Name sNames)
    $types = @(Get-Output -Answer $known -Name Types)
    $values = @{}
    foreach ($wanted in $Name) {
        $values[$wanted] = $null
        for ($index = 0; $index -lt $names.Count; $index++) {
            if ($names[$index] -ne $wanted) {
                continue
            }
            $reader = $readers[[int] $types[$index]]
            if ($null -eq $reader) {
                if ($Optional) {
                    Add-Unread -Name "$Key\$wanted" -Reason "type $($types[$index])"
                    continue
                }
                throw "The registry value '$Key\$wanted' has an unexpected type ($($types[$index]))."
            }
            $answer = Invoke-RegistryMethod -Method $reader -Arguments @{ hDefKey = $Hive; sSubKeyName = $Key; sValueName = $wanted }
            if ($answer.ReturnValue -ne 0) {
                if ($Optional) {
                    Add-Unread -Name "$Key\$wanted" -Reason "error $($answer.ReturnValue)"
                    continue
                }
                throw "The registry value '$Key\$wanted' cannot be read (error $($answer.ReturnValue))."
            }
            if ($reader -eq 'GetBinaryValue') {
                $bytes = @(Get-Output -Answer $answer -Name uValue | Where-Object { $null -ne $_ } | ForEach-Object { '{0:X2}' -f [int] $_ })
                $values[$wanted] = 'hex:' + ($bytes -join '')
            } elseif ($reader -eq 'GetDWORDValue' -or $reader -eq 'GetQWORDValue') {
                $values[$wanted] = Get-Output -Answer $answer -Name uValue
            } else {
                $values[$wanted] = Get-Output -Answer $answer -Name sValue
            }
        }
    }
    return $values
}

function Test-RegistryKey {
    param([string] $Key)

    return ($null -ne (Get-RegistryValue -Key $Key -Name @()))
}

function Get-InstalledProduct {
    # Name and version of the first entry of "Programs and Features" with one of the names, or null. Other products begin
    # with the same words, such as the Mobility Service of a machine that is protected itself.
    param([string[]] $Name)

    foreach ($root in $uninstallKeys) {
        $known = Invoke-RegistryMethod -Method EnumKey -Arguments @{ hDefKey = $localMachine; sSubKeyName = $root }
        if ($known.ReturnValue -eq 2) {
            continue
        }
        if ($known.ReturnValue -ne 0) {
            throw "The registry key '$root' cannot be read (error $($known.ReturnValue))."
        }
        foreach ($product in @(Get-Output -Answer $known -Name sNames)) {
            if ([string]::IsNullOrEmpty($product)) {
                continue
            }
            $shown = Invoke-RegistryMethod -Method GetStringValue -Arguments @{ hDefKey = $localMachine; sSubKeyName = "$root\$product"; sValueName = 'DisplayName' }
            $text = "$(Get-Output -Answer $shown -Name sValue)".Trim()
            if ($shown.ReturnValue -eq 0 -and $Name -contains $text) {
                $version = $null
                $entry = Get-RegistryValue -Key "$root\$product" -Name DisplayVersion -Optional
                if ($null -ne $entry) {
                    $version = $entry.DisplayVersion
                }
                return @{ name = $text; version = $version; code = "$product" }
            }
        }
    }
    return $null
}

function Get-Text {
    # A registry value as text, or null for an empty one.
    param($Value)

    if ([string]::IsNullOrEmpty("$Value")) {
        return $null
    }
    return "$Value"
}

function Get-Number {
    param($Value)

    if ("$Value" -notmatch '^\s*-?[0-9]{1,18}\s*$') {
        return $null
    }
    return [long] $Value
}

function Get-UrlList {
    # The parts of a list that is one text with semicolons, or several texts.
    param($Value)

    return @(@($Value) | ForEach-Object { "$_".Split(';') } | ForEach-Object { $_.Trim() } | Where-Object { $_ -ne '' })
}
