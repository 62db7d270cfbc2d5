# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Remove-Present {
    # Removes a file or a folder. Another run, an administrator or an antivirus program may remove it at the same time.
    param([string] $Path)

    try {
        Remove-Item -LiteralPath $Path -Recurse -Force
    } catch {
        if (Test-Path -LiteralPath $Path) {
            throw
        }
    }
}
