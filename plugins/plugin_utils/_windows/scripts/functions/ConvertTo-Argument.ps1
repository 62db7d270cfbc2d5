# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function ConvertTo-Argument {
    # Quotes one argument for the C runtime, which treats backslashes specially only before a quote. $ would also match
    # before a final line feed.
    param([string] $Value)

    $escaped = $Value -replace '(\\*)"', '$1$1\"'
    return '"' + ($escaped -replace '(\\+)\z', '$1$1') + '"'
}
