# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Invoke-RegistryMethod {
    param([string] $Method, [hashtable] $Arguments)

    # -WhatIf:$false because these calls only read and must also run in check mode.
    Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName $Method -Arguments $Arguments -WhatIf:$false
}

function Get-RegistryValue {
    # The named values of a key, or null if the key does not exist. A missing value is null.
    param([string] $Key, [string[]] $Name, [uint32] $Hive = $localMachine)

    $known = Invoke-RegistryMethod -Method EnumValues -Arguments @{ hDefKey = $Hive; sSubKeyName = $Key }
    if ($known.ReturnValue -eq 2) {
        return $null
    }
    if ($known.ReturnValue -ne 0) {
        throw "The registry key '$Key' cannot be read (error $($known.ReturnValue))."
    }
    $readers = @{ 1 = 'GetStringValue'; 2 = 'GetExpandedStringValue'; 4 = 'GetDWORDValue'; 7 = 'GetMultiStringValue'; 11 = 'GetQWORDValue' }
    $names = @($known.sNames)
    $types = @($known.Types)
    $values = @{}
    foreach ($wanted in $Name) {
        $values[$wanted] = $null
        for ($index = 0; $index -lt $names.Count; $index++) {
            if ($names[$index] -ne $wanted) {
                continue
            }
            $reader = $readers[[int] $types[$index]]
            if ($null -eq $reader) {
                throw "The registry value '$Key\$wanted' has an unexpected type ($($types[$index]))."
            }
            $answer = Invoke-RegistryMethod -Method $reader -Arguments @{ hDefKey = $Hive; sSubKeyName = $Key; sValueName = $wanted }
            if ($answer.ReturnValue -ne 0) {
                throw "The registry value '$Key\$wanted' cannot be read (error $($answer.ReturnValue))."
            }
            if ($reader -eq 'GetDWORDValue' -or $reader -eq 'GetQWORDValue') {
                $values[$wanted] = $answer.uValue
            } else {
                $values[$wanted] = $answer.sValue
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
    # Name and version of the first entry of "Programs and Features" with a prefix, or null.
    param([string] $Prefix)

    foreach ($root in $uninstallKeys) {
        $known = Invoke-RegistryMethod -Method EnumKey -Arguments @{ hDefKey = $localMachine; sSubKeyName = $root }
        if ($known.ReturnValue -eq 2) {
            continue
        }
        if ($known.ReturnValue -ne 0) {
            throw "The registry key '$root' cannot be read (error $($known.ReturnValue))."
        }
        foreach ($product in @($known.sNames)) {
            if ([string]::IsNullOrEmpty($product)) {
                continue
            }
            $shown = Invoke-RegistryMethod -Method GetStringValue -Arguments @{ hDefKey = $localMachine; sSubKeyName = "$root\$product"; sValueName = 'DisplayName' }
            if ($shown.ReturnValue -eq 0 -and "$($shown.sValue)".StartsWith($Prefix, [StringComparison]::OrdinalIgnoreCase)) {
                $entry = Get-RegistryValue -Key "$root\$product" -Name DisplayVersion
                return @{ name = $shown.sValue; version = $entry.DisplayVersion }
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

    if ([string]::IsNullOrEmpty("$Value")) {
        return $null
    }
    return [long] $Value
}

function Get-UrlList {
    param($Value)

    return @("$Value".Split(';') | ForEach-Object { $_.Trim() } | Where-Object { $_ -ne '' })
}
