# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-Output {
    # An output of a method. It can be absent instead of null, for example the text of an empty value.
    param($Answer, [string] $Name)

    if ($null -eq $Answer.PSObject.Properties[$Name]) {
        return $null
    }
    return $Answer.$Name
}
