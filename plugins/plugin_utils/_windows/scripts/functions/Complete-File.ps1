# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Complete-File {
    # Replaces the destination with the complete file in one step.
    param([string] $Partial, [string] $Path)

    Move-Item -LiteralPath $Partial -Destination $Path -Force
    Remove-Present -Path "$Partial.id"
    $transfer.complete = $true
}
