# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-VmmEvent {
    # The last errors and warnings in VMM's event log since a time, the newest first. No event is an error of Get-WinEvent,
    # and a log that cannot be read must not hide the failure that it would explain.
    param([datetime] $Since)

    try {
        $found = @(Get-WinEvent -FilterHashtable @{ LogName = 'Microsoft-VirtualMachineManager-Server/Admin'; Level = 1, 2, 3; StartTime = $Since } -MaxEvents 5)
    } catch {
        return
    }
    foreach ($each in $found) {
        "$($each.Id): $($each.Message)"
    }
}
