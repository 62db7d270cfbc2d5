# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Set-RestartMark {
    # The service reads the changed setting only when it starts. The mark names the process that has not read it, so that
    # the next run restarts the service if this one is interrupted.
    param([string] $Name)

    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($null -eq $service -or $service.ProcessId -eq 0) {
        return
    }
    $key = 'SOFTWARE\siterecovery.hyperv'
    $made = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName CreateKey -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key }
    if ($made.ReturnValue -ne 0) {
        throw "The registry key '$key' cannot be made (error $($made.ReturnValue))."
    }
    $set = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName SetDWORDValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = $Name; uValue = [uint32] $service.ProcessId }
    if ($set.ReturnValue -ne 0) {
        throw "The registry value '$key\$Name' cannot be set (error $($set.ReturnValue))."
    }
}
