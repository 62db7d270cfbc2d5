# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-ReplicationSection {
    # The names of the machines in a relationship; null if unknown.
    $service = Get-ServiceState -Name vmms
    $systems = @()
    if ($null -ne $service) {
        $systems = $null
        if ($service.status -eq 'Running') {
            $systems = Get-Instance -Namespace root/virtualization/v2 -ClassName Msvm_ComputerSystem
        }
    }
    if ($null -eq $systems) {
        return @{ machines = $null }
    }
    # Documented values of ReplicationMode: 0 is none.
    return @{ machines = @($systems | Where-Object { $_.ReplicationMode -gt 0 } | ForEach-Object { "$($_.ElementName)" }) }
}
