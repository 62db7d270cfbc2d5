# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-AgentLog {
    # The last lines of the only log of the agent's installer.
    $log = "$env:SystemRoot\Temp\OBMsi.log"
    if (Test-Path -LiteralPath $log) {
        foreach ($line in @(Get-Content -LiteralPath $log -Tail 40)) {
            "$line"
        }
    }
}
