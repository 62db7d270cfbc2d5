# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-AgentThrottle {
    # The throttling of the agent, or null if this build does not show it. The names of the properties are not documented:
    # they are searched by the names of the parameters that set them.
    param($Setting)

    $place = $null
    foreach ($property in $Setting.PSObject.Properties) {
        if ($property.Name -like '*Throttl*') {
            $place = $property
        }
    }
    if ($null -eq $place) {
        return $null
    }
    $throttle = @{ enabled = $false; work_days = @(); start = $null; end = $null; work_bandwidth = $null; non_work_bandwidth = $null }
    if ($null -eq $place.Value) {
        return $throttle
    }
    $values = @{}
    foreach ($name in 'Enabled', 'WorkDay', 'StartWorkHour', 'EndWorkHour', 'WorkHourBandwidth', 'NonWorkHourBandwidth') {
        foreach ($property in $place.Value.PSObject.Properties) {
            if ($property.Name -eq $name -or $property.Name -eq "${name}s") {
                $values[$name] = $property.Value
            }
        }
        if (-not $values.ContainsKey($name)) {
            return $null
        }
    }
    $throttle.enabled = [bool] $values.Enabled
    if ($throttle.enabled) {
        # Days as numbers from 0 (Sunday), because their names and the format of times depend on the language.
        $throttle.work_days = @($values.WorkDay | ForEach-Object { [int] [DayOfWeek] $_ })
        $throttle.start = ([TimeSpan] $values.StartWorkHour).ToString('c', [Globalization.CultureInfo]::InvariantCulture)
        $throttle.end = ([TimeSpan] $values.EndWorkHour).ToString('c', [Globalization.CultureInfo]::InvariantCulture)
        $throttle.work_bandwidth = [long] $values.WorkHourBandwidth
        $throttle.non_work_bandwidth = [long] $values.NonWorkHourBandwidth
    }
    return $throttle
}

function Get-AgentSetting {
    # The proxy and the throttling of a running agent, from its own module.
    param([string] $Module)

    Import-Module -Name $Module
    $proxy = @{ enabled = $false; server = $null; port = $null; username = $null; login_shown = $false; bypass = @() }
    $throttle = $null
    $bypassSupported = (Get-Command -Name Set-OBMachineSetting).Parameters.ContainsKey('BypassUrls')
    $setting = Get-OBMachineSetting
    if ($null -ne $setting) {
        $throttle = Get-AgentThrottle -Setting $setting
    }
    if ($null -ne $setting -and $null -ne $setting.ProxySetting) {
        $found = $setting.ProxySetting
        $proxy.enabled = [bool] $found.Enabled
        if ($proxy.enabled) {
            $proxy.server = Get-Text -Value $found.ProxyServer
            $proxy.port = Get-Number -Value $found.ProxyPort
            # Not every build shows these two.
            if ($null -ne $found.PSObject.Properties['ProxyUsername']) {
                $proxy.login_shown = $true
                $proxy.username = Get-Text -Value $found.ProxyUsername
            }
            if ($null -ne $found.PSObject.Properties['BypassUrls']) {
                $proxy.bypass = @(Get-UrlList -Value $found.BypassUrls)
            }
        }
    }
    return @{ proxy = $proxy; throttle = $throttle; bypass_supported = $bypassSupported }
}

function Get-AgentSection {
    $setup = Get-RegistryValue -Key "$agentKey\Setup" -Name InstallPath
    if ($null -eq $setup -or [string]::IsNullOrEmpty($setup.InstallPath)) {
        return $null
    }
    $folder = $setup.InstallPath.TrimEnd('\')
    $product = Get-InstalledProduct -Name 'Microsoft Azure Recovery Services Agent'
    $version = $null
    if ($null -ne $product) {
        $version = Get-Text -Value $product.version
    }
    if ($null -eq $version -and (Test-Path -LiteralPath "$folder\bin\CBEngine.exe")) {
        $version = Get-FileVersion -Path "$folder\bin\CBEngine.exe"
    }

    $cache = $null
    $vault = $null
    $config = Get-RegistryValue -Key "$agentKey\Config" -Name ScratchLocation, ServiceResourceName
    if ($null -ne $config) {
        $cache = Get-Text -Value $config.ScratchLocation
        $vault = Get-Text -Value $config.ServiceResourceName
    }
    $backup = Get-RegistryValue -Key "$agentKey\Config\CloudBackupProvider" -Name ScratchLocation -Optional
    if ($null -eq $cache -and $null -ne $backup) {
        $cache = Get-Text -Value $backup.ScratchLocation
    }

    $uploadThreads = $null
    $downloadThreads = $null
    $threads = Get-RegistryValue -Key "$agentKey\Replication" -Name UploadThreadsPerVM, DownloadThreadsPerVM -Optional
    if ($null -ne $threads) {
        $uploadThreads = Get-Number -Value $threads.UploadThreadsPerVM
        $downloadThreads = Get-Number -Value $threads.DownloadThreadsPerVM
    }

    $service = Get-ServiceState -Name obengine
    $proxy = $null
    $throttle = $null
    $bypassSupported = $null
    $settingError = $null
    $module = "$folder\bin\Modules\MSOnlineBackup\MSOnlineBackup.psd1"
    if ($null -ne $service -and $service.status -eq 'Running' -and (Test-Path -LiteralPath $module)) {
        # A run that needs none of these settings goes on without them.
        try {
            $shown = Get-AgentSetting -Module $module
            $proxy = $shown.proxy
            $throttle = $shown.throttle
            $bypassSupported = $shown.bypass_supported
        } catch {
            $settingError = "$($_.Exception.Message)"
            Add-Unread -Name 'Get-OBMachineSetting' -Reason $settingError
        }
    }
    $marks = Get-RegistryValue -Key 'SOFTWARE\siterecovery.hyperv' -Name paused_node
    return @{
        version = $version
        install_path = $folder
        cache_path = $cache
        service = $service
        restart_due = Test-RestartDue -Name obengine
        paused_node = ($null -ne $marks -and $null -ne $marks.paused_node)
        backup_registered = ($null -ne $vault)
        proxy = $proxy
        setting_error = $settingError
        bypass_supported = $bypassSupported
        throttle = $throttle
        upload_threads = $uploadThreads
        download_threads = $downloadThreads
    }
}
