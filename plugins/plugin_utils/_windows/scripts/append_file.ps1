# siterecovery.hyperv script: append_file
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Appends one piece to a file from the controller and returns how much of the file is here. A piece that does not begin
# at the end of the file is rejected: the answer has the offset at which to continue.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Destination,

    # SHA-256 of the complete file.
    [Parameter(Mandatory = $true)]
    [string] $Origin,

    [Parameter(Mandatory = $true)]
    [long] $Total,

    [long] $Offset,

    # Base64 of at most eight MiB.
    [Parameter(Mandatory = $true)]
    [ValidateLength(1, 11184812)]
    [string] $Content,

    # The required free space, in sizes of the file.
    [int] $SpaceFactor = 3
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

# siterecovery.hyperv functions: Complete-File, Confirm-ProtectedFolder, Get-FileFact, Get-Mark, Get-Output, Initialize-ProtectedFolder, Open-File, Remove-Present, Set-Mark, Test-Room

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
