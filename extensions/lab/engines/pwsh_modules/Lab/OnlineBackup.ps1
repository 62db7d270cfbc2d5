# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Module MSOnlineBackup.

function Get-OBMachineSetting {
    [CmdletBinding()]
    param()

    $row = Invoke-LabCall -Call 'agent.setting'
    $setting = [pscustomobject] @{ ProxySetting = $null }
    if ($row.ContainsKey('Throttle')) {
        $found = $row.Throttle
        $row.Remove('Throttle')
        $throttle = [pscustomobject] @{
            Enabled = $found.enabled
            WorkDay = [System.DayOfWeek[]] @($found.days)
            StartWorkHour = [TimeSpan]::Parse($found.start, [cultureinfo]::InvariantCulture)
            EndWorkHour = [TimeSpan]::Parse($found.end, [cultureinfo]::InvariantCulture)
            WorkHourBandwidth = [uint32] $found.work
            NonWorkHourBandwidth = [uint32] $found.other
        }
        Add-Member -InputObject $setting -MemberType NoteProperty -Name ThrottlingSetting -Value $throttle
    }
    $setting.ProxySetting = [pscustomobject] $row
    $setting
}

function Set-OBMachineSetting {
    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'Proxy')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'None')] [switch] $NoProxy,
        [Parameter(Mandatory, ParameterSetName = 'Proxy')] [string] $ProxyServer,
        [Parameter(Mandatory, ParameterSetName = 'Proxy')] [int] $ProxyPort,
        [Parameter(ParameterSetName = 'Proxy')] [string] $ProxyUsername,
        [Parameter(ParameterSetName = 'Proxy')] [System.Security.SecureString] $ProxyPassword,
        [Parameter(Mandatory, ParameterSetName = 'NoThrottle')] [switch] $NoThrottle,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [System.DayOfWeek[]] $WorkDay,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [TimeSpan] $StartWorkHour,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [TimeSpan] $EndWorkHour,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [uint32] $WorkHourBandwidth,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [uint32] $NonWorkHourBandwidth
    )

    dynamicparam {
        # Only newer builds of the agent have this parameter.
        $parameters = [System.Management.Automation.RuntimeDefinedParameterDictionary]::new()
        if (Invoke-LabCall -Call 'agent.bypass_supported') {
            $attribute = [System.Management.Automation.ParameterAttribute]::new()
            $attribute.ParameterSetName = 'Proxy'
            $attributes = [System.Collections.ObjectModel.Collection[System.Attribute]]::new()
            $attributes.Add($attribute)
            $parameters.Add('BypassUrls', [System.Management.Automation.RuntimeDefinedParameter]::new('BypassUrls', [string], $attributes))
        }
        return $parameters
    }
    end {
        if (-not (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters)) {
            return
        }
        if ($NoProxy) {
            Invoke-LabCall -Call 'agent.set' -Arguments @{ none = $true } | Out-Null
            return
        }
        if ($NoThrottle) {
            Invoke-LabCall -Call 'agent.throttle' -Arguments @{ none = $true } | Out-Null
            return
        }
        if ($PSCmdlet.ParameterSetName -eq 'Throttle') {
            $arguments = @{
                days = @($WorkDay | ForEach-Object { [int] $_ })
                start = $StartWorkHour.ToString('c', [cultureinfo]::InvariantCulture)
                end = $EndWorkHour.ToString('c', [cultureinfo]::InvariantCulture)
                work = [long] $WorkHourBandwidth
                other = [long] $NonWorkHourBandwidth
            }
            Invoke-LabCall -Call 'agent.throttle' -Arguments $arguments | Out-Null
            return
        }
        $arguments = @{ server = $ProxyServer; port = $ProxyPort }
        if ($ProxyUsername) {
            $arguments.username = $ProxyUsername
        }
        if ($null -ne $ProxyPassword) {
            $arguments.password = ConvertTo-PlainText -Secret $ProxyPassword
        }
        if ($PSBoundParameters.ContainsKey('BypassUrls')) {
            $arguments.bypass = $PSBoundParameters['BypassUrls']
        }
        Invoke-LabCall -Call 'agent.set' -Arguments $arguments | Out-Null
    }
}
