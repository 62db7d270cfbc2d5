# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Set-Mark {
    # The mark is written before the first byte, so that a partial file is never continued with another source.
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
