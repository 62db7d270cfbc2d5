# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-FileFact {
    # The size, hash, signature and numeric version of a file.
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
