# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Confirm-ClusterOwner {
    # Fails if the role of a highly available VMM has moved to another node since it was read.
    if ([string]::IsNullOrEmpty($ClusterResource)) {
        return
    }
    $owner = "$((Get-ClusterResource -Name $ClusterResource).OwnerNode.Name)"
    $node = (Get-CimInstance -ClassName Win32_ComputerSystem).Name
    if ($owner -ne $node) {
        throw "The cluster's resource '$ClusterResource' has moved from this node to '$owner', and nothing was touched: run again."
    }
}
