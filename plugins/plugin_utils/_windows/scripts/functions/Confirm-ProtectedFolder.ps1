# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Confirm-ProtectedFolder {
    # Throws unless only administrators and the system can change the folder, what is in it, and the way to it.
    param([string] $Path)

    $parts = $Path.TrimEnd('\').Split('\')
    foreach ($depth in 1..$parts.Length) {
        $each = $parts[0..($depth - 1)] -join '\'
        if ($depth -eq 1) {
            $each += '\'
        } elseif ((Get-Item -LiteralPath $each -Force).Attributes -band [IO.FileAttributes]::ReparsePoint) {
            throw "The folder '$each' is a link or a mount point, which can lead elsewhere at any time: name a folder whose path has none."
        }
        if ($depth -lt $parts.Length -and (Test-Replaceable -Sddl (Get-Acl -LiteralPath $each).Sddl)) {
            throw "The folder '$each' lets users rename or replace '$Path': name a folder below one that only administrators can change, or restrict it."
        }
    }
    if ((Get-Acl -LiteralPath $Path).Sddl -notmatch '^O:(BA|SY)G:[^:]+D:P(AI|AR)*(\(A;[A-Z]*;[A-Z0-9x]+;;;(BA|SY)\))+(S:.*)?$') {
        throw "The folder '$Path' is open to others than administrators: name one that does not exist yet, or restrict it to Administrators and SYSTEM."
    }
    # Files of a time when the folder was open keep their owner, who can still change them.
    foreach ($child in @(Get-ChildItem -LiteralPath $Path -Force)) {
        $owner = (Get-Acl -LiteralPath $child.FullName).Sddl -replace '^O:([^:]+)G:.*$', '$1'
        if ('BA', 'SY', 'LA', 'DA', 'EA' -notcontains $owner -and $owner -ne (Get-SessionSid)) {
            throw "'$($child.FullName)' belongs to another user ($owner), who can change it: move it elsewhere, or give it to Administrators if you trust it."
        }
    }
}

function Get-SessionSid {
    # The account of this session, which owns what it creates where a policy does not give it to Administrators.
    $process = Get-CimInstance -ClassName Win32_Process -Filter "ProcessId=$PID"
    return Get-Output -Answer (Invoke-CimMethod -InputObject $process -MethodName GetOwnerSid -WhatIf:$false) -Name Sid
}

function Test-Replaceable {
    # Whether the access lets ordinary users delete, rename or take over the folder, or delete what is in it.
    param([string] $Sddl)

    foreach ($entry in [regex]::Matches($Sddl, '\(A;([A-Z]*);([^;]*);;;(WD|AU|BU|IU|BG|AN|NU)\)')) {
        $rights = $entry.Groups[2].Value
        if ($entry.Groups[1].Value -match '^(..)*IO') {
            # Only for what is created in it.
            continue
        }
        if ($rights -match '^0x') {
            # DELETE, WRITE_DAC, WRITE_OWNER and FILE_DELETE_CHILD.
            if ([Convert]::ToInt64($rights, 16) -band 0xD0040) {
                return $true
            }
        } elseif ($rights -match '^(..)*(GA|FA|SD|WD|WO|DT)') {
            return $true
        }
    }
    return $false
}
