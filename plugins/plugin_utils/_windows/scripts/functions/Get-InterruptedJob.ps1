# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-InterruptedJob {
    # The jobs that a stop of VMM would interrupt, without those whose name or command is quiet. A stopped service has none.
    param([string[]] $Quiet)

    if ((Get-ServiceStatus -Name SCVMMService) -ne 'Running') {
        return
    }
    foreach ($job in @(Get-VmmJob -Vmm (Connect-VmmServer -Seconds 300))) {
        if ($Quiet -notcontains $job.name -and $Quiet -notcontains $job.command) {
            $job
        }
    }
}
