# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Connect-VmmServer {
    $key = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Setup'
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $key; sValueName = 'InstallPath' }
    if ($answer.ReturnValue -ne 0) {
        throw "The install folder of VMM cannot be read from '$key' (error $($answer.ReturnValue))."
    }
    $folder = $answer.sValue.TrimEnd('\')
    Import-Module -Name "$folder\bin\psModules\virtualmachinemanager\virtualmachinemanager.psd1"
    return (Get-SCVMMServer -ComputerName localhost)
}
