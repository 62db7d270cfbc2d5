# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Restore-VmmService {
    # Starts the VMM service if it ran before, whatever the program did meanwhile. Returns whether it was started, which
    # means that it has read every setting.
    param([string] $Before)

    if ($Before -ne 'Running' -or (Get-ServiceStatus -Name SCVMMService) -eq 'Running') {
        return $false
    }
    if ([string]::IsNullOrEmpty($ClusterResource)) {
        Start-Service -Name SCVMMService
    } elseif ("$((Get-ClusterResource -Name $ClusterResource).State)" -ne 'Online') {
        Start-ClusterResource -Name $ClusterResource | Out-Null
    }
    Remove-RestartMark -Name SCVMMService
    return $true
}
