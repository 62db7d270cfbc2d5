# siterecovery.hyperv script: clean_registration
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes registry keys and certificates of a stale registration. Every key is exported first, to a folder that only
# administrators and the system can open. The script removes data only if all exports succeed.
# The private keys of the certificates stay in their containers.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $ExportFolder,

    # With the hive: HKLM\SOFTWARE\...
    [string[]] $RegistryKeys = @(),

    [string[]] $Thumbprints = @()
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem
$localMachine = [uint32] 2147483650

# siterecovery.hyperv functions: Confirm-ProtectedFolder, Initialize-ProtectedFolder

function Get-FreePath {
    # Exports of earlier runs are never overwritten.
    param([string] $Folder)

    $number = 1
    while (Test-Path -LiteralPath "$Folder\registration-$number.reg") {
        $number++
    }
    return "$Folder\registration-$number.reg"
}

function Get-ChildKey {
    # The names of the direct subkeys, or null if the key does not exist.
    param([string] $Key)

    $known = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName EnumKey -Arguments @{ hDefKey = $localMachine; sSubKeyName = $Key }
    if ($known.ReturnValue -eq 2) {
        return $null
    }
    if ($known.ReturnValue -ne 0) {
        throw "The registry key '$Key' cannot be read (error $($known.ReturnValue))."
    }
    return , @($known.sNames | Where-Object { -not [string]::IsNullOrEmpty($_) })
}

function Remove-RegistryKey {
    # The method removes a key only if it has no subkeys.
    param([string] $Key)

    foreach ($child in (Get-ChildKey -Key $Key)) {
        Remove-RegistryKey -Key "$Key\$child"
    }
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName DeleteKey -Arguments @{ hDefKey = $localMachine; sSubKeyName = $Key }
    if ($answer.ReturnValue -ne 0) {
        throw "The registry key '$Key' cannot be removed (error $($answer.ReturnValue))."
    }
}

$result = @{ exports = @(); removed_keys = @(); removed_certificates = @() }
if ($PSCmdlet.ShouldProcess(($RegistryKeys -join ', '), 'Export and remove a stale registration')) {
    $found = @()
    foreach ($full in $RegistryKeys) {
        $key = $full -replace '^HKLM\\', ''
        if ($null -eq (Get-ChildKey -Key $key)) {
            continue
        }
        Initialize-ProtectedFolder -Path $ExportFolder
        $file = Get-FreePath -Folder $ExportFolder
        $process = Start-Process -FilePath "$env:SystemRoot\System32\reg.exe" -ArgumentList ('export "HKLM\' + $key + '" "' + $file + '" /y') -Wait -PassThru
        if ($process.ExitCode -ne 0 -or -not (Test-Path -LiteralPath $file)) {
            throw "The registry key '$key' could not be exported to '$file' (reg.exe ended with $($process.ExitCode)): nothing was removed."
        }
        $Ansible.Changed = $true
        $result.exports += $file
        $found += $key
    }
    foreach ($key in $found) {
        Remove-RegistryKey -Key $key
        $result.removed_keys += "HKLM\$key"
    }
    foreach ($certificate in @(Get-ChildItem -LiteralPath 'Cert:\LocalMachine\My' | Where-Object { $Thumbprints -contains $_.Thumbprint })) {
        $Ansible.Changed = $true
        Remove-Item -LiteralPath "Cert:\LocalMachine\My\$($certificate.Thumbprint)" -Force
        $result.removed_certificates += "$($certificate.Thumbprint)"
    }
}
$Ansible.Result = $result
