# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-NodeState {
    # The state of a node of the cluster, or an empty text.
    param([string] $Name)

    foreach ($each in @(Get-ClusterNode)) {
        if ("$($each.Name)" -eq $Name) {
            return "$($each.State)"
        }
    }
    return ''
}
