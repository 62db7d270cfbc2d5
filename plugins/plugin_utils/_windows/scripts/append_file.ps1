# siterecovery.hyperv script: append_file
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Adds one piece to a file that comes from the controller, and says how much of it is here. A piece that does not begin
# where the file ends is not taken: the answer says where to go on.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Destination,

    # SHA-256 of the whole file.
    [Parameter(Mandatory = $true)]
    [string] $Origin,

    [Parameter(Mandatory = $true)]
    [long] $Total,

    [long] $Offset,

    # Base64, of eight MiB at most.
    [Parameter(Mandatory = $true)]
    [ValidateLength(1, 11184812)]
    [string] $Content,

    # The room that has to be free, in sizes of the file.
    [int] $SpaceFactor = 3
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Ends here where WMI does not answer: nothing has been touched yet.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

function Initialize-ProtectedFolder {
    # Makes the folder for administrators and the system alone. One that exists is used only if it is as closed:
    # the access of a folder that somebody else made is never changed, and nothing goes where others could read or swap it.
    param([string] $Path)

    if (Test-Path -LiteralPath $Path) {
        $sddl = (Get-Acl -LiteralPath $Path).Sddl
        if ($sddl -notmatch '^O:(BA|SY)G:[^:]+D:P(AI|AR)*(\(A;[A-Z]*;[A-Z0-9x]+;;;(BA|SY)\))+(S:.*)?$') {
            throw "The folder '$Path' is open to others than administrators: name one that does not exist yet, or restrict it to Administrators and SYSTEM."
        }
        return
    }
    # It gets its name when it is closed: a run that breaks off in between leaves no open folder that the next refuses.
    $made = "$Path.siterecovery.hyperv-new"
    if (Test-Path -LiteralPath $made) {
        Remove-Item -LiteralPath $made -Force
    }
    New-Item -ItemType Directory -Path $made -Force | Out-Null
    $acl = Get-Acl -LiteralPath $made
    # SDDL names the two groups by their well-known ids, so no display language matters.
    $acl.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)', 'Owner, Group, Access')
    Set-Acl -LiteralPath $made -AclObject $acl
    Move-Item -LiteralPath $made -Destination $Path
}

function Get-FileFact {
    # What tells one installer from another: size, hash, signature, numeric version.
    param([string] $Path)

    $facts = @{ path = $Path; size = $null; sha256 = $null; signature_status = $null; signer = $null; version = $null }
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) {
        return $facts
    }
    $file = Get-Item -LiteralPath $Path
    $facts.size = [long] $file.Length
    $facts.sha256 = (Get-FileHash -LiteralPath $Path -Algorithm SHA256).Hash.ToLowerInvariant()
    $signature = Get-AuthenticodeSignature -LiteralPath $Path
    $facts.signature_status = "$($signature.Status)"
    if ($null -ne $signature.SignerCertificate) {
        $facts.signer = "$($signature.SignerCertificate.Subject)"
    }
    $version = $file.VersionInfo
    if (-not [string]::IsNullOrEmpty($version.FileVersion)) {
        $facts.version = '{0}.{1}.{2}.{3}' -f $version.FileMajorPart, $version.FileMinorPart, $version.FileBuildPart, $version.FilePrivatePart
    }
    return $facts
}

function Get-Mark {
    # What the unfinished file beside the destination is a part of; nothing when that is unknown.
    param([string] $Path)

    if (-not ((Test-Path -LiteralPath $Path -PathType Leaf) -and (Test-Path -LiteralPath "$Path.id" -PathType Leaf))) {
        return
    }
    $words = "$(@(Get-Content -LiteralPath "$Path.id"))".Split([char[]] ' ', 3)
    if ($words.Length -eq 3 -and $words[1] -match '^[0-9]{1,15}$') {
        @{ origin = $words[0]; total = [long] $words[1]; validator = $words[2]; length = [long] (Get-Item -LiteralPath $Path).Length }
    }
}

function Set-Mark {
    # Written before the first byte: an unfinished file is never taken for a part of another one.
    param([string] $Path, [string] $Text)

    foreach ($old in $Path, "$Path.id") {
        if (Test-Path -LiteralPath $old) {
            Remove-Item -LiteralPath $old -Force
        }
    }
    $bytes = [Text.Encoding]::ASCII.GetBytes($Text)
    $stream = Open-File -Path "$Path.id" -Mode Create
    try {
        $stream.Write($bytes, 0, $bytes.Length)
    } finally {
        $stream.Dispose()
    }
}

function Open-File {
    # Nobody else writes to the file meanwhile.
    param([string] $Path, [string] $Mode)

    if ($Mode -eq 'Open') {
        return New-Object -TypeName System.IO.FileStream -ArgumentList $Path, ([IO.FileMode]::Open), ([IO.FileAccess]::Read), ([IO.FileShare]::Read)
    }
    return New-Object -TypeName System.IO.FileStream -ArgumentList $Path, ([IO.FileMode] $Mode), ([IO.FileAccess]::Write), ([IO.FileShare]::None)
}

function Test-Room {
    # Whether the drive has room for the file and what is unpacked from it.
    param([string] $Path, [long] $Total, [long] $Present)

    $transfer.needed_bytes = [long] ($SpaceFactor * $Total - $Present)
    $drive = $Path.Substring(0, 2)
    foreach ($disk in @(Get-CimInstance -ClassName Win32_LogicalDisk -Filter "DeviceID='$drive'")) {
        $transfer.free_bytes = [long] $disk.FreeSpace
        return ($transfer.free_bytes -ge $transfer.needed_bytes)
    }
    # On a share it shows when it is full.
    return $true
}

function Complete-File {
    # The whole file takes the place of the destination in one step.
    param([string] $Partial, [string] $Path)

    Move-Item -LiteralPath $Partial -Destination $Path -Force
    Remove-Item -LiteralPath "$Partial.id" -Force
    $transfer.complete = $true
}

$transfer = @{
    complete = $false; host = $null; insecure = $false; received = [long] 0; total = $Total; resumed_at = $null
    free_bytes = $null; needed_bytes = $null; error = $null
}
if ($PSCmdlet.ShouldProcess($Destination, 'Add to the file')) {
    $partial = "$Destination.partial"
    Initialize-ProtectedFolder -Path $Destination.Substring(0, $Destination.LastIndexOf('\'))
    $mark = Get-Mark -Path $partial
    if ($null -ne $mark -and "$($mark.origin) $($mark.total) $($mark.validator)" -eq "$Origin $Total -" -and $mark.length -lt $Total) {
        $transfer.received = $mark.length
    }
    if ($transfer.received -eq $Offset -and (Test-Room -Path $partial -Total $Total -Present $Offset)) {
        $Ansible.Changed = $true
        $mode = 'Append'
        if ($Offset -eq 0) {
            Set-Mark -Path $partial -Text "$Origin $Total -"
            $mode = 'Create'
        }
        $bytes = [Convert]::FromBase64String($Content)
        $file = Open-File -Path $partial -Mode $mode
        try {
            $file.Write($bytes, 0, $bytes.Length)
        } finally {
            $file.Dispose()
        }
        $transfer.received = $Offset + [long] $bytes.Length
        if ($transfer.received -eq $Total) {
            Complete-File -Partial $partial -Path $Destination
        }
    }
}

$facts = Get-FileFact -Path $Destination
$facts.transfer = $transfer
$Ansible.Result = $facts
