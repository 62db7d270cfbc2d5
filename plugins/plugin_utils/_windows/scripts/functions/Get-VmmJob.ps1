# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-VmmJob {
    # The running jobs of VMM. A property that VMM does not show is null.
    param($Vmm)

    $now = (Get-CimInstance -ClassName Win32_OperatingSystem).LocalDateTime
    foreach ($job in @(Get-SCJob -VMMServer $Vmm -Running)) {
        if ($null -eq $job) {
            continue
        }
        $shown = @{}
        foreach ($name in 'Name', 'CmdletName', 'Owner', 'ProgressValue', 'StartTime') {
            $shown[$name] = $null
            if ($null -ne $job.PSObject.Properties[$name]) {
                $shown[$name] = $job.PSObject.Properties[$name].Value
            }
        }
        $progress = $null
        if ("$($shown.ProgressValue)" -match '^[0-9]{1,3}$') {
            $progress = [int] "$($shown.ProgressValue)"
        }
        $minutes = $null
        if ($shown.StartTime -is [DateTime]) {
            $minutes = [int] [Math]::Max(0, [Math]::Floor(($now.ToUniversalTime() - $shown.StartTime.ToUniversalTime()).TotalMinutes))
        }
        @{ name = "$($shown.Name)"; command = "$($shown.CmdletName)"; owner = "$($shown.Owner)"; progress = $progress; minutes = $minutes }
    }
}
