# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function New-Protector {
    # Encrypts for this machine (DPAPI): its accounts can decrypt the data, and a copy on another machine is useless.
    $null = [System.Reflection.Assembly]::LoadWithPartialName('System.Security')
    # Only .NET Framework, and therefore only Windows PowerShell, has the type.
    $protector = New-Object -TypeName System.Security.Cryptography.DpapiDataProtector -ArgumentList 'siterecovery.hyperv', 'background task', ([string[]] @())
    $protector.Scope = 'LocalMachine'
    return $protector
}
