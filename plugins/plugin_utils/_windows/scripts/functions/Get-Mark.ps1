# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-Mark {
    # The source of a partial file, or nothing if it is unknown.
    param([string] $Path)

    if (-not ((Test-Path -LiteralPath $Path -PathType Leaf) -and (Test-Path -LiteralPath "$Path.id" -PathType Leaf))) {
        return
    }
    $words = "$(@(Get-Content -LiteralPath "$Path.id"))".Split([char[]] ' ', 3)
    if ($words.Length -eq 3 -and $words[1] -match '^[0-9]{1,15}$') {
        @{ origin = $words[0]; total = [long] $words[1]; validator = $words[2]; length = [long] (Get-Item -LiteralPath $Path).Length }
    }
}
