# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Test-VmmHere {
    # Whether this machine runs VMM. Its role may move at any time.
    if ([string]::IsNullOrEmpty($ClusterResource)) {
        return $null -ne $before
    }
    $node = (Get-CimInstance -ClassName Win32_ComputerSystem).Name
    return "$((Get-ClusterResource -Name $ClusterResource).OwnerNode.Name)" -eq $node
}
