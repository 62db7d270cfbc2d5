# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Set-PauseMark {
    # Shows a later run that this collection has paused the node.
    $key = 'SOFTWARE\siterecovery.hyperv'
    $made = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName CreateKey -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key }
    if ($made.ReturnValue -ne 0) {
        throw "The registry key '$key' cannot be made (error $($made.ReturnValue))."
    }
    $set = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName SetDWORDValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = 'paused_node'; uValue = [uint32] 1 }
    if ($set.ReturnValue -ne 0) {
        throw "The registry value '$key\paused_node' cannot be set (error $($set.ReturnValue))."
    }
}
