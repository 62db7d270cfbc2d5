# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Connect-VmmServer {
    # Connects to VMM on this machine, on the port of its console: by the local name, then by the name of its cluster role.
    # VMM does not answer at once after its service has started, so this tries again until the seconds have passed.
    param([int] $Seconds = 0)

    $root = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server'
    $where = @{ hDefKey = [uint32] 2147483650; sSubKeyName = "$root\Setup"; sValueName = 'InstallPath' }
    # -WhatIf:$false because these calls only read and must also run in check mode.
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments $where -WhatIf:$false
    if ($answer.ReturnValue -ne 0) {
        throw "The install folder of VMM cannot be read from '$root\Setup' (error $($answer.ReturnValue))."
    }
    $folder = "$(Get-Output -Answer $answer -Name sValue)".TrimEnd('\')
    Import-Module -Name "$folder\bin\psModules\virtualmachinemanager\virtualmachinemanager.psd1"
    $names = @('localhost')
    $where.sValueName = 'HAVMMName'
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments $where -WhatIf:$false
    $role = "$(Get-Output -Answer $answer -Name sValue)"
    if ($answer.ReturnValue -eq 0 -and $role -ne '') {
        $names += $role
    }
    # VMM's setup lets the user choose the port.
    $place = @{}
    $where.sSubKeyName = "$root\Settings"
    $where.sValueName = 'IndigoTcpPort'
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetDWORDValue -Arguments $where -WhatIf:$false
    if ($answer.ReturnValue -eq 0) {
        $place.TCPPort = [int] (Get-Output -Answer $answer -Name uValue)
    }
    $waited = 0
    while ($true) {
        $failure = $null
        foreach ($name in $names) {
            try {
                return (Get-SCVMMServer -ComputerName $name @place)
            } catch {
                if ($null -eq $failure) {
                    $failure = "$($_.Exception.Message)"
                }
            }
        }
        # 1604: the user may not connect, which no wait changes.
        if ($waited -ge $Seconds -or $failure -match '\b1604\b') {
            throw "VMM does not answer: $failure"
        }
        Start-Sleep -Seconds 5
        $waited += 5
    }
}
