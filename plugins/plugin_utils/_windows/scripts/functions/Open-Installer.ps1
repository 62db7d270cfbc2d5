# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Open-Installer {
    # Checks the file and its folder again, right before it runs. While the returned stream is open, no process can replace
    # the file or rename a folder above it.
    param([string] $Path, [string] $Sha256)

    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) {
        throw "The installer '$Path' is missing: another run, a person or an antivirus program removed it after it was verified. Run again."
    }
    $file = Open-File -Path $Path -Mode Open
    try {
        Confirm-ProtectedFolder -Path $Path.Substring(0, $Path.LastIndexOf('\'))
        if ((Get-FileHash -LiteralPath $Path -Algorithm SHA256).Hash -ne $Sha256) {
            throw "The installer '$Path' was replaced after it was verified, and was not started: find out who did it, then run again."
        }
    } catch {
        $file.Dispose()
        throw
    }
    return $file
}
