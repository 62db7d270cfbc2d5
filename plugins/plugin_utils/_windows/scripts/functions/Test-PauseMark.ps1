# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Test-PauseMark {
    # Whether this collection has paused the node. -WhatIf:$false because the call only reads.
    $mark = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetDWORDValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = 'SOFTWARE\siterecovery.hyperv'; sValueName = 'paused_node' } -WhatIf:$false
    return ($mark.ReturnValue -eq 0)
}
