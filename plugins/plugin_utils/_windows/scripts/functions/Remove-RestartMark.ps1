# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Remove-RestartMark {
    # Removes the mark of Set-RestartMark, which does not have to exist (2).
    param([string] $Name)

    $key = 'SOFTWARE\siterecovery.hyperv'
    $removed = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName DeleteValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = $Name }
    if ($removed.ReturnValue -notin 0, 2) {
        throw "The registry value '$key\$Name' cannot be removed (error $($removed.ReturnValue))."
    }
}
