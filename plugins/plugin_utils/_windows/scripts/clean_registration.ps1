# siterecovery.hyperv script: clean_registration
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes registry keys and certificates of a stale registration. Everything is exported first, to a folder that only
# administrators and the system can open. The script removes data only if all exports succeed, and while the VMM service,
# which reads the keys, is stopped. Afterwards the service is in its earlier state.
# The private keys of the certificates stay in their containers: an exported certificate can be used again with them.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $ExportFolder,

    # With the hive: HKLM\SOFTWARE\...
    [string[]] $RegistryKeys = @(),

    [string[]] $Thumbprints = @(),

    # Change nothing while VMM jobs are running, except for jobs whose name or command is quiet.
    [switch] $WhenIdle,

    [string[]] $QuietJobs = @(),

    # The cluster resource of a highly available VMM, which is stopped and started only through the cluster.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem
$localMachine = [uint32] 2147483650

# siterecovery.hyperv functions: Confirm-ClusterOwner, Confirm-ProtectedFolder, Connect-VmmServer, Get-InterruptedJob, Get-Output, Get-ServiceStatus, Get-VmmJob, Initialize-ProtectedFolder, Open-File, Remove-RestartMark, Restore-VmmService, Stop-Vmm

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
    return , @(Get-Output -Answer $known -Name sNames | Where-Object { -not [string]::IsNullOrEmpty($_) })
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

function Save-Certificate {
    # Only the public part: the private key stays where it is.
    param($Certificate)

    Initialize-ProtectedFolder -Path $ExportFolder
    $file = "$ExportFolder\registration-$($Certificate.Thumbprint).cer"
    $bytes = [byte[]] $Certificate.RawData
    $stream = Open-File -Path $file -Mode Create
    try {
        $stream.Write($bytes, 0, $bytes.Length)
    } finally {
        $stream.Dispose()
    }
    return $file
}

$result = @{ running_jobs = $null; exports = @(); removed_keys = @(); removed_certificates = @() }
if ($PSCmdlet.ShouldProcess(($RegistryKeys -join ', '), 'Export and remove a stale registration')) {
    Confirm-ClusterOwner
    if ($WhenIdle) {
        $result.running_jobs = @(Get-InterruptedJob -Quiet $QuietJobs)
    }
}
if ($PSCmdlet.ShouldProcess(($RegistryKeys -join ', '), 'Export and remove a stale registration') -and @($result.running_jobs | Where-Object { $null -ne $_ }).Count -eq 0) {
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
    $certificates = @(Get-ChildItem -LiteralPath 'Cert:\LocalMachine\My' | Where-Object { $Thumbprints -contains $_.Thumbprint })
    foreach ($certificate in $certificates) {
        $Ansible.Changed = $true
        $result.exports += Save-Certificate -Certificate $certificate
    }
    if ($result.exports.Count -gt 0) {
        $before = Get-ServiceStatus -Name SCVMMService
        try {
            if ($before -eq 'Running') {
                Stop-Vmm
            }
            foreach ($key in $found) {
                Remove-RegistryKey -Key $key
                $result.removed_keys += "HKLM\$key"
            }
            foreach ($certificate in $certificates) {
                Remove-Item -LiteralPath "Cert:\LocalMachine\My\$($certificate.Thumbprint)" -Force
                $result.removed_certificates += "$($certificate.Thumbprint)"
            }
        } finally {
            $null = Restore-VmmService -Before $before
        }
    }
}
$Ansible.Result = $result
