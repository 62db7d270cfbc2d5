# siterecovery.hyperv script: fetch_file
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Brings an installer to the machine when told to, and says what lies at the destination.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Source,

    [Parameter(Mandatory = $true)]
    [string] $Destination,

    [bool] $Download = $true
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
    New-Item -ItemType Directory -Path $Path -Force | Out-Null
    $acl = Get-Acl -LiteralPath $Path
    # SDDL names the two groups by their well-known ids, so no display language matters.
    $acl.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)', 'Owner, Group, Access')
    Set-Acl -LiteralPath $Path -AclObject $acl
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

$downloaded = $false
if ($Download -and $PSCmdlet.ShouldProcess($Destination, "Fetch $Source")) {
    Initialize-ProtectedFolder -Path $Destination.Substring(0, $Destination.LastIndexOf('\'))
    $partial = "$Destination.partial"
    try {
        if ($Source -match '^https?://') {
            # Windows PowerShell offers old protocols only unless told otherwise, and its progress bar costs most of the time.
            [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
            $ProgressPreference = 'SilentlyContinue'
            Invoke-WebRequest -Uri $Source -OutFile $partial -UseBasicParsing
        } else {
            Copy-Item -LiteralPath $Source -Destination $partial -Force
        }
        Move-Item -LiteralPath $partial -Destination $Destination -Force
    } finally {
        if (Test-Path -LiteralPath $partial) {
            Remove-Item -LiteralPath $partial -Force
        }
    }
    $downloaded = $true
    $Ansible.Changed = $true
}

$facts = Get-FileFact -Path $Destination
$facts.downloaded = $downloaded
$Ansible.Result = $facts
