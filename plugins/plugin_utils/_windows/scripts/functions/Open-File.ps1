# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Open-File {
    # No other process can write to the file meanwhile.
    param([string] $Path, [string] $Mode)

    if ($Mode -eq 'Open') {
        return New-Object -TypeName System.IO.FileStream -ArgumentList $Path, ([IO.FileMode]::Open), ([IO.FileAccess]::Read), ([IO.FileShare]::Read)
    }
    return New-Object -TypeName System.IO.FileStream -ArgumentList $Path, ([IO.FileMode] $Mode), ([IO.FileAccess]::Write), ([IO.FileShare]::None)
}
