# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-UpdateSection {
    # Whether automatic updates include other Microsoft products, according to the Windows Update Agent.
    $manager = New-Object -ComObject 'Microsoft.Update.ServiceManager'
    $section = @{ microsoft_update = $false }
    foreach ($service in @($manager.Services)) {
        if ("$($service.ServiceID)" -eq '7971f918-a847-4430-9279-4a52d1efe18d' -and $service.IsRegisteredWithAU) {
            $section.microsoft_update = $true
        }
    }
    return $section
}
