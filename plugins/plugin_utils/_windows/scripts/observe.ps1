# siterecovery.hyperv script: observe
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads one machine and changes nothing. A part that nobody asked for, or that the machine does not have, is null.
# A reading that fails is an error, never an absence; what cannot be known now (a stopped VMM service) is null.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('host', 'vmm', 'provider', 'registration', 'agent', 'hyperv', 'reach', 'work', 'updates')]
    [string[]] $Sections,

    [Parameter(Mandatory = $true)]
    [string] $StagingDir,

    [string[]] $ReachUrls,

    [bool] $ReachRegistered,

    [int] $ReachSeconds = 30,

    [string] $ProxyAddress,

    [int] $ProxyPort,

    [string[]] $ProxyBypass,

    [System.Management.Automation.PSCredential] $ProxyCredential
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$os = Get-CimInstance -ClassName Win32_OperatingSystem
$watch = [Diagnostics.Stopwatch]::StartNew()
if ([IntPtr]::Size -ne 8) {
    throw 'This session is a 32-bit process and sees a redirected registry: use the 64-bit session configuration.'
}

$localMachine = [uint32] 2147483650
$users = [uint32] 2147483651
$vmmKey = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server'
$providerKey = 'SOFTWARE\Microsoft\Azure Site Recovery'
$previewKey = 'SOFTWARE\Microsoft\Hyper-V Recovery Manager'
$agentKey = 'SOFTWARE\Microsoft\Windows Azure Backup'
$uninstallKeys = @(
    'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall',
    'SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall'
)

# ---- registry, through the WMI registry provider: the views are named, nothing is redirected ----

function Invoke-RegistryMethod {
    param([string] $Method, [hashtable] $Arguments)

    # -WhatIf:$false because these calls only read and must also run in check mode.
    Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName $Method -Arguments $Arguments -WhatIf:$false
}

function Get-RegistryValue {
    # The named values of a key (an absent value is null), or null when there is no such key.
    param([string] $Key, [string[]] $Name, [uint32] $Hive = $localMachine)

    $known = Invoke-RegistryMethod -Method EnumValues -Arguments @{ hDefKey = $Hive; sSubKeyName = $Key }
    if ($known.ReturnValue -eq 2) {
        return $null
    }
    if ($known.ReturnValue -ne 0) {
        throw "The registry key '$Key' cannot be read (error $($known.ReturnValue))."
    }
    $readers = @{ 1 = 'GetStringValue'; 2 = 'GetExpandedStringValue'; 4 = 'GetDWORDValue'; 7 = 'GetMultiStringValue'; 11 = 'GetQWORDValue' }
    $names = @($known.sNames)
    $types = @($known.Types)
    $values = @{}
    foreach ($wanted in $Name) {
        $values[$wanted] = $null
        for ($index = 0; $index -lt $names.Count; $index++) {
            if ($names[$index] -ne $wanted) {
                continue
            }
            $reader = $readers[[int] $types[$index]]
            if ($null -eq $reader) {
                throw "The registry value '$Key\$wanted' has a type that is not expected ($($types[$index]))."
            }
            $answer = Invoke-RegistryMethod -Method $reader -Arguments @{ hDefKey = $Hive; sSubKeyName = $Key; sValueName = $wanted }
            if ($answer.ReturnValue -ne 0) {
                throw "The registry value '$Key\$wanted' cannot be read (error $($answer.ReturnValue))."
            }
            if ($reader -eq 'GetDWORDValue' -or $reader -eq 'GetQWORDValue') {
                $values[$wanted] = $answer.uValue
            } else {
                $values[$wanted] = $answer.sValue
            }
        }
    }
    return $values
}

function Test-RegistryKey {
    param([string] $Key)

    return ($null -ne (Get-RegistryValue -Key $Key -Name @()))
}

function Get-InstalledProduct {
    # The first entry of "Programs and Features" whose name begins so: its name and version, or null.
    param([string] $Prefix)

    foreach ($root in $uninstallKeys) {
        $known = Invoke-RegistryMethod -Method EnumKey -Arguments @{ hDefKey = $localMachine; sSubKeyName = $root }
        if ($known.ReturnValue -eq 2) {
            continue
        }
        if ($known.ReturnValue -ne 0) {
            throw "The registry key '$root' cannot be read (error $($known.ReturnValue))."
        }
        foreach ($product in @($known.sNames)) {
            if ([string]::IsNullOrEmpty($product)) {
                continue
            }
            $shown = Invoke-RegistryMethod -Method GetStringValue -Arguments @{ hDefKey = $localMachine; sSubKeyName = "$root\$product"; sValueName = 'DisplayName' }
            if ($shown.ReturnValue -eq 0 -and "$($shown.sValue)".StartsWith($Prefix, [StringComparison]::OrdinalIgnoreCase)) {
                $entry = Get-RegistryValue -Key "$root\$product" -Name DisplayVersion
                return @{ name = $shown.sValue; version = $entry.DisplayVersion }
            }
        }
    }
    return $null
}

function Get-Text {
    # A registry value as text; an empty one counts as absent.
    param($Value)

    if ([string]::IsNullOrEmpty("$Value")) {
        return $null
    }
    return "$Value"
}

function Get-Number {
    param($Value)

    if ([string]::IsNullOrEmpty("$Value")) {
        return $null
    }
    return [long] $Value
}

function Get-UrlList {
    param($Value)

    return @("$Value".Split(';') | ForEach-Object { $_.Trim() } | Where-Object { $_ -ne '' })
}

# ---- services, files, VMM ----

function Get-ServiceState {
    param([string] $Name)

    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($null -eq $service) {
        return $null
    }
    return @{ status = "$($service.State)"; start_mode = "$($service.StartMode)" }
}

function Test-RestartDue {
    # Whether a setting was changed that the service's process has not read: one that started later has.
    param([string] $Name)

    $marks = Get-RegistryValue -Key 'SOFTWARE\siterecovery.hyperv' -Name $Name
    if ($null -eq $marks -or $null -eq $marks[$Name]) {
        return $false
    }
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    return ($null -ne $service -and $service.ProcessId -eq $marks[$Name])
}

function Get-FileVersion {
    # The numeric file version; the text form may carry the name of a branch.
    param([string] $Path)

    $version = (Get-Item -LiteralPath $Path).VersionInfo
    if ([string]::IsNullOrEmpty($version.FileVersion)) {
        return $null
    }
    return '{0}.{1}.{2}.{3}' -f $version.FileMajorPart, $version.FileMinorPart, $version.FileBuildPart, $version.FilePrivatePart
}

$script:vmmServer = $null

function Connect-VmmServer {
    # The connection to the VMM server on this machine, or null while its service does not run.
    $service = Get-ServiceState -Name SCVMMService
    if ($null -eq $service -or $service.status -ne 'Running') {
        return $null
    }
    if ($null -eq $script:vmmServer) {
        $setup = Get-RegistryValue -Key "$vmmKey\Setup" -Name InstallPath
        $folder = $setup.InstallPath.TrimEnd('\')
        Import-Module -Name "$folder\bin\psModules\virtualmachinemanager\virtualmachinemanager.psd1"
        $script:vmmServer = Get-SCVMMServer -ComputerName localhost
    }
    return $script:vmmServer
}

function Get-GroupClosure {
    # A cloud names host groups; the groups below them belong to it too.
    param($Group)

    $Group
    foreach ($child in @($Group.ChildHostGroups)) {
        if ($null -ne $child) {
            Get-GroupClosure -Group $child
        }
    }
}

function Test-Administrator {
    # Only an elevated administrator may set values here: says more than membership in a group, in any language.
    $access = Invoke-RegistryMethod -Method CheckAccess -Arguments @{ hDefKey = $localMachine; sSubKeyName = 'SOFTWARE\Microsoft'; uRequired = [uint32] 2 }
    return [bool] $access.bGranted
}

# ---- the sections ----

function Get-HostSection {
    $system = Get-CimInstance -ClassName Win32_ComputerSystem
    $process = Get-CimInstance -ClassName Win32_Process -Filter "ProcessId=$PID"
    $owner = Invoke-CimMethod -InputObject $process -MethodName GetOwner -WhatIf:$false

    $fqdn = "$($system.DNSHostName)"
    if ($system.PartOfDomain) {
        $fqdn = "$fqdn.$($system.Domain)"
    }

    $pending = @()
    $session = Get-RegistryValue -Key 'SYSTEM\CurrentControlSet\Control\Session Manager' -Name PendingFileRenameOperations
    if (@($session.PendingFileRenameOperations | Where-Object { $_ }).Count -gt 0) {
        $pending += 'pending_file_rename'
    }
    if (Test-RegistryKey -Key 'SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending') {
        $pending += 'component_servicing'
    }
    if (Test-RegistryKey -Key 'SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired') {
        $pending += 'windows_update'
    }

    $volumes = @(
        foreach ($disk in @(Get-CimInstance -ClassName Win32_LogicalDisk -Filter 'DriveType=3')) {
            if ($null -ne $disk.Size) {
                @{ drive = "$($disk.DeviceID)"; free_bytes = [long] $disk.FreeSpace; size_bytes = [long] $disk.Size }
            }
        }
    )

    $framework = Get-RegistryValue -Key 'SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full' -Name Release
    $shell = Get-RegistryValue -Key 'SOFTWARE\Microsoft\PowerShell\3\PowerShellEngine' -Name PowerShellVersion
    $schannel = Get-RegistryValue -Key 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client' -Name Enabled, DisabledByDefault
    $dotnet = Get-RegistryValue -Key 'SOFTWARE\Microsoft\.NETFramework\v4.0.30319' -Name SchUseStrongCrypto, SystemDefaultTlsVersions
    $release = $null
    if ($null -ne $framework) {
        $release = Get-Number -Value $framework.Release
    }
    $shellVersion = $null
    if ($null -ne $shell) {
        $shellVersion = Get-Text -Value $shell.PowerShellVersion
    }
    $runtime = Get-RegistryValue -Key 'SOFTWARE\Microsoft\VisualStudio\14.0\VC\Runtimes\x64' -Name Installed, Version
    $visualCpp = $null
    if ($null -ne $runtime -and $runtime.Installed -eq 1) {
        $visualCpp = Get-Text -Value $runtime.Version
    }
    $dotnet32 = Get-RegistryValue -Key 'SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319' -Name SchUseStrongCrypto, SystemDefaultTlsVersions
    $tls = @{
        schannel_client_enabled = $null
        schannel_client_disabled_by_default = $null
        strong_crypto = $null
        system_default = $null
        strong_crypto_32 = $null
        system_default_32 = $null
    }
    if ($null -ne $dotnet32) {
        $tls.strong_crypto_32 = Get-Number -Value $dotnet32.SchUseStrongCrypto
        $tls.system_default_32 = Get-Number -Value $dotnet32.SystemDefaultTlsVersions
    }
    if ($null -ne $schannel) {
        $tls.schannel_client_enabled = Get-Number -Value $schannel.Enabled
        $tls.schannel_client_disabled_by_default = Get-Number -Value $schannel.DisabledByDefault
    }
    if ($null -ne $dotnet) {
        $tls.strong_crypto = Get-Number -Value $dotnet.SchUseStrongCrypto
        $tls.system_default = Get-Number -Value $dotnet.SystemDefaultTlsVersions
    }

    return @{
        name = "$($system.DNSHostName)"
        fqdn = $fqdn
        domain_role = [int] $system.DomainRole
        os_version = "$($os.Version)"
        os_caption = "$($os.Caption)".Trim()
        account = "$($owner.Domain)\$($owner.User)"
        is_administrator = Test-Administrator
        dotnet_release = $release
        powershell_version = $shellVersion
        visual_cpp = $visualCpp
        pending_restart = @($pending)
        utc_now = $os.LocalDateTime.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
        volumes = @($volumes)
        tls = $tls
        system_proxy = Get-ServiceProxy
        hotfixes = Get-Hotfix2012
        antivirus = Get-DefenderState
    }
}

function Get-Hotfix2012 {
    # Of the one system where a hotfix matters, Windows Server 2012 R2; null on all others, because the list is slow.
    if ("$($os.Version)" -notlike '6.3.*') {
        return $null
    }
    return , @(Get-CimInstance -ClassName Win32_QuickFixEngineering | ForEach-Object { "$($_.HotFixID)" })
}

function Get-DefenderState {
    # Microsoft Defender's service and the folders that it leaves out: those of this machine and those of a policy.
    $service = Get-ServiceState -Name WinDefend
    if ($null -eq $service) {
        return $null
    }
    $excluded = @(
        foreach ($root in 'SOFTWARE\Microsoft\Windows Defender', 'SOFTWARE\Policies\Microsoft\Windows Defender') {
            $known = Invoke-RegistryMethod -Method EnumValues -Arguments @{ hDefKey = $localMachine; sSubKeyName = "$root\Exclusions\Paths" }
            if ($known.ReturnValue -eq 0) {
                foreach ($path in @($known.sNames)) {
                    if (-not [string]::IsNullOrEmpty($path)) {
                        "$path"
                    }
                }
            } elseif ($known.ReturnValue -ne 2 -and $known.ReturnValue -ne 5) {
                throw "The registry key '$root\Exclusions\Paths' cannot be read (error $($known.ReturnValue))."
            }
        }
    )
    return @{ status = $service.status; exclusions = @($excluded) }
}

function Get-ServiceProxy {
    # The Internet settings of the account that runs the VMM service, or of the system where there is no VMM.
    # Null: cannot be known now (the service does not run, the account's hive is not loaded or not open to this session).
    if (-not (Test-Administrator)) {
        return $null
    }
    $sid = 'S-1-5-18'
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"
    if ($null -ne $service) {
        if ($service.ProcessId -eq 0) {
            return $null
        }
        $process = Get-CimInstance -ClassName Win32_Process -Filter "ProcessId=$($service.ProcessId)"
        if ($null -eq $process) {
            return $null
        }
        $sid = (Invoke-CimMethod -InputObject $process -MethodName GetOwnerSid -WhatIf:$false).Sid
    }
    $settings = Get-RegistryValue -Hive $users -Key "$sid\Software\Microsoft\Windows\CurrentVersion\Internet Settings" -Name ProxyEnable, ProxyServer, ProxyOverride
    if ($null -eq $settings) {
        return $null
    }
    return @{
        enabled = ($settings.ProxyEnable -eq 1)
        server = Get-Text -Value $settings.ProxyServer
        bypass = @(Get-UrlList -Value $settings.ProxyOverride)
    }
}

function Get-ClusterFacts {
    # The cluster of a highly available VMM as this node sees it. Its resource is found by the service that it runs, else
    # by what its name contains as VMM's setup gives it.
    $service = Get-ServiceState -Name ClusSvc
    if ($null -eq $service) {
        return $null
    }
    $facts = @{
        service = $service.status
        node = "$((Get-CimInstance -ClassName Win32_ComputerSystem).Name)"
        nodes = $null
        resource = $null
        resource_state = $null
        owner_node = $null
    }
    if ($service.status -ne 'Running' -or $null -eq (Get-Command -Name Get-ClusterResource -ErrorAction SilentlyContinue)) {
        return $facts
    }
    $facts.nodes = @(foreach ($each in @(Get-ClusterNode)) { @{ name = "$($each.Name)"; state = "$($each.State)" } })
    $resources = @(Get-ClusterResource)
    $found = @(
        foreach ($each in $resources) {
            $names = @(Get-ClusterParameter -InputObject $each | Where-Object { $_.Name -eq 'ServiceName' })
            if ($names.Count -gt 0 -and "$($names[0].Value)" -eq 'SCVMMService') {
                $each
            }
        }
    )
    if ($found.Count -eq 0) {
        $found = @($resources | Where-Object { "$($_.Name)" -like '*VMM Service*' })
    }
    if ($found.Count -eq 1) {
        $facts.resource = "$($found[0].Name)"
        $facts.resource_state = "$($found[0].State)"
        $facts.owner_node = "$($found[0].OwnerNode.Name)"
    }
    return $facts
}

function Get-VmmSection {
    $setup = Get-RegistryValue -Key "$vmmKey\Setup" -Name ProductVersion, VmmID, HAVMMName, InstallPath
    if ($null -eq $setup) {
        return $null
    }
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"
    $section = @{
        product_version = Get-Text -Value $setup.ProductVersion
        vmm_id = Get-Text -Value $setup.VmmID
        ha_name = Get-Text -Value $setup.HAVMMName
        cluster = $null
        install_path = Get-Text -Value $setup.InstallPath
        service = $null
        restart_due = Test-RestartDue -Name SCVMMService
        running_jobs = $null
        flag_supported = $null
        clouds = $null
        networks = $null
    }
    if ($null -ne $service) {
        $section.service = @{ status = "$($service.State)"; start_mode = "$($service.StartMode)"; account = "$($service.StartName)" }
    }
    if ($null -ne $section.ha_name) {
        $section.cluster = Get-ClusterFacts
    }
    $vmm = Connect-VmmServer
    if ($null -eq $vmm) {
        return $section
    }

    $section.running_jobs = @(Get-SCJob -VMMServer $vmm -Running).Count
    $section.flag_supported = (Get-Command -Name Set-SCCloud).Parameters.ContainsKey('DisasterRecoverySupported')
    $hostsOfGroup = @{}
    foreach ($vmHost in @(Get-SCVMHost -VMMServer $vmm)) {
        $group = "$($vmHost.VMHostGroup.ID)"
        if (-not $hostsOfGroup.ContainsKey($group)) {
            $hostsOfGroup[$group] = @()
        }
        $hostsOfGroup[$group] += $vmHost
    }
    $section.clouds = @(
        foreach ($cloud in @(Get-SCCloud -VMMServer $vmm)) {
            $published = $null
            if ($null -ne $cloud.PSObject.Properties['DisasterRecoverySupported']) {
                $published = [bool] $cloud.DisasterRecoverySupported
            }
            $profiles = $null
            if ($null -ne $cloud.PSObject.Properties['CapabilityProfiles']) {
                $profiles = @($cloud.CapabilityProfiles | Where-Object { $null -ne $_ } | ForEach-Object { "$($_.Name)" })
            }
            $seen = @{}
            $found = @(
                foreach ($root in @($cloud.HostGroup)) {
                    if ($null -eq $root) {
                        continue
                    }
                    foreach ($group in @(Get-GroupClosure -Group $root)) {
                        foreach ($vmHost in @($hostsOfGroup["$($group.ID)"])) {
                            if ($null -ne $vmHost -and -not $seen.ContainsKey("$($vmHost.ID)")) {
                                $seen["$($vmHost.ID)"] = $true
                                @{ id = "$($vmHost.ID)"; fqdn = "$($vmHost.FQDN)"; platform = "$($vmHost.VirtualizationPlatform)" }
                            }
                        }
                    }
                }
            )
            @{
                id = "$($cloud.ID)"
                name = "$($cloud.Name)"
                published = $published
                capability_profiles = $profiles
                host_groups = @($cloud.HostGroup | Where-Object { $null -ne $_ } | ForEach-Object { "$($_.Path)" })
                hosts = @($found)
            }
        }
    )
    $section.networks = @(
        foreach ($network in @(Get-SCVMNetwork -VMMServer $vmm)) {
            if ($null -ne $network) {
                $logical = $null
                if ($null -ne $network.LogicalNetwork) {
                    $logical = Get-Text -Value $network.LogicalNetwork.Name
                }
                @{ name = "$($network.Name)"; logical_network = $logical }
            }
        }
    )
    return $section
}

function Get-ProviderSection {
    $root = Get-RegistryValue -Key $providerKey -Name Version
    $product = Get-InstalledProduct -Prefix 'Microsoft Azure Site Recovery'
    $setup = Get-RegistryValue -Key "$vmmKey\Setup" -Name InstallPath
    $adapter = Test-RegistryKey -Key "$vmmKey\DRAdapter"

    # The folder differs between VMM versions, so it is looked up and never assumed.
    $folders = @()
    if ($null -ne $setup -and -not [string]::IsNullOrEmpty($setup.InstallPath)) {
        $folders += $setup.InstallPath.TrimEnd('\') + '\bin'
    }
    $folders += "$env:ProgramFiles\Microsoft Azure Site Recovery Provider"
    $configurator = $null
    foreach ($folder in $folders) {
        if ($null -eq $configurator -and (Test-Path -LiteralPath "$folder\DRConfigurator.exe")) {
            $configurator = "$folder\DRConfigurator.exe"
        }
    }

    $version = $null
    if ($null -ne $root) {
        $version = Get-Text -Value $root.Version
    }
    $name = $null
    if ($null -ne $product) {
        $name = Get-Text -Value $product.name
        if ($null -eq $version) {
            $version = Get-Text -Value $product.version
        }
    }
    if ($null -eq $version -and $null -eq $name -and $null -eq $configurator -and -not $adapter) {
        return $null
    }
    $configuratorVersion = $null
    if ($null -ne $configurator) {
        $configuratorVersion = Get-FileVersion -Path $configurator
    }
    return @{
        version = $version
        product_name = $name
        adapter_present = $adapter
        configurator_path = $configurator
        configurator_version = $configuratorVersion
    }
}

function Get-RegistrationSection {
    # Two places: the Provider's own key, and the one that early releases kept below VMM's key.
    $section = @{
        vault_name = $null
        hive = $null
        management_uri = $null
        proxy = $null
        run_as_account = $null
        certificates = 0
        thumbprints = @()
        places = @()
        encryption = $false
        key_leftovers = @()
    }
    foreach ($root in $providerKey, "$vmmKey\DRAdapter") {
        $registration = Get-RegistryValue -Key "$root\Registration" -Name ResourceName, SRSUri, EncryptionEnabled
        if ($null -ne $registration) {
            if (-not [string]::IsNullOrEmpty($registration.ResourceName)) {
                $section.places += @{ key = "HKLM\$root\Registration"; vault_name = "$($registration.ResourceName)" }
            }
            # Where the ended data encryption leaves its sign is not documented: any value but 0 and False counts.
            $sign = Get-Text -Value $registration.EncryptionEnabled
            if ($null -ne $sign -and $sign -ne '0' -and $sign -ne 'False') {
                $section.encryption = $true
            }
        }
        if ($null -eq $section.vault_name -and $null -ne $registration -and -not [string]::IsNullOrEmpty($registration.ResourceName)) {
            $section.vault_name = "$($registration.ResourceName)"
            $section.hive = "HKLM\$root\Registration"
            $section.management_uri = Get-Text -Value $registration.SRSUri
        }
        $proxy = Get-RegistryValue -Key "$root\ProxySettings" -Name ProxyAddress, ProxyPort, ProxyUserName, ProxyBypassUrls
        if ($null -eq $section.proxy -and $null -ne $proxy -and -not [string]::IsNullOrEmpty($proxy.ProxyAddress)) {
            $section.proxy = @{
                address = "$($proxy.ProxyAddress)"
                port = Get-Number -Value $proxy.ProxyPort
                username = Get-Text -Value $proxy.ProxyUserName
                bypass = @(Get-UrlList -Value $proxy.ProxyBypassUrls)
            }
        }
    }

    # The name that the product had before its release.
    if (Test-RegistryKey -Key $previewKey) {
        $section.places += @{ key = "HKLM\$previewKey"; vault_name = $null }
    }

    $vmm = Connect-VmmServer
    if ($null -ne $vmm) {
        foreach ($account in @(Get-SCRunAsAccount -VMMServer $vmm)) {
            if ($null -ne $account -and $account.Name -eq 'DRAProxyAccount') {
                $section.run_as_account = "$($account.Name)"
            }
        }
    }
    $section.thumbprints = @(
        Get-ChildItem -LiteralPath 'Cert:\LocalMachine\My' | Where-Object {
            $_.FriendlyName -like 'ASR_SRSAUTH_CERT_KEY_CONTAINER*' -or $_.FriendlyName -like 'ASR_HYPER_V_HOST_CERT_KEY_CONTAINER*'
        } | ForEach-Object { "$($_.Thumbprint)" }
    )
    $section.certificates = $section.thumbprints.Count
    if (Test-Path -LiteralPath $StagingDir) {
        $section.key_leftovers = @(Get-ChildItem -LiteralPath $StagingDir -Filter '*.VaultCredentials' -File -Force | ForEach-Object { $_.FullName })
    }
    return $section
}

function Get-AgentThrottle {
    # How the agent limits its traffic. The names of these properties are not documented: they are looked for by the
    # names of the parameters that set them. Null: this build does not show them.
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
        # As numbers, Sunday is 0: names of days and the form of times depend on the language.
        $throttle.work_days = @($values.WorkDay | ForEach-Object { [int] [DayOfWeek] $_ })
        $throttle.start = ([TimeSpan] $values.StartWorkHour).ToString('c', [Globalization.CultureInfo]::InvariantCulture)
        $throttle.end = ([TimeSpan] $values.EndWorkHour).ToString('c', [Globalization.CultureInfo]::InvariantCulture)
        $throttle.work_bandwidth = [long] $values.WorkHourBandwidth
        $throttle.non_work_bandwidth = [long] $values.NonWorkHourBandwidth
    }
    return $throttle
}

function Get-AgentSection {
    $setup = Get-RegistryValue -Key "$agentKey\Setup" -Name InstallPath
    if ($null -eq $setup -or [string]::IsNullOrEmpty($setup.InstallPath)) {
        return $null
    }
    $folder = $setup.InstallPath.TrimEnd('\')
    $product = Get-InstalledProduct -Prefix 'Microsoft Azure Recovery Services Agent'
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
    $backup = Get-RegistryValue -Key "$agentKey\Config\CloudBackupProvider" -Name ScratchLocation
    if ($null -eq $cache -and $null -ne $backup) {
        $cache = Get-Text -Value $backup.ScratchLocation
    }

    $uploadThreads = $null
    $downloadThreads = $null
    $threads = Get-RegistryValue -Key "$agentKey\Replication" -Name UploadThreadsPerVM, DownloadThreadsPerVM
    if ($null -ne $threads) {
        $uploadThreads = Get-Number -Value $threads.UploadThreadsPerVM
        $downloadThreads = Get-Number -Value $threads.DownloadThreadsPerVM
    }

    $service = Get-ServiceState -Name obengine
    $proxy = $null
    $throttle = $null
    $bypassSupported = $null
    $module = "$folder\bin\Modules\MSOnlineBackup\MSOnlineBackup.psd1"
    if ($null -ne $service -and $service.status -eq 'Running' -and (Test-Path -LiteralPath $module)) {
        Import-Module -Name $module
        $proxy = @{ enabled = $false; server = $null; port = $null; username = $null; login_shown = $false; bypass = @() }
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
                # Builds differ in whether they show these two.
                if ($null -ne $found.PSObject.Properties['ProxyUsername']) {
                    $proxy.login_shown = $true
                    $proxy.username = Get-Text -Value $found.ProxyUsername
                }
                if ($null -ne $found.PSObject.Properties['BypassUrls']) {
                    $proxy.bypass = @(Get-UrlList -Value $found.BypassUrls)
                }
            }
        }
    }
    return @{
        version = $version
        install_path = $folder
        cache_path = $cache
        service = $service
        restart_due = Test-RestartDue -Name obengine
        backup_registered = ($null -ne $vault)
        proxy = $proxy
        bypass_supported = $bypassSupported
        throttle = $throttle
        upload_threads = $uploadThreads
        download_threads = $downloadThreads
    }
}

function Get-HyperVSection {
    $service = Get-ServiceState -Name vmms
    $names = $null
    if ($null -ne $service -and $service.status -eq 'Running') {
        $names = @(Get-CimInstance -Namespace root/virtualization/v2 -ClassName Msvm_VirtualEthernetSwitch | ForEach-Object { "$($_.ElementName)" })
    }
    $machines = $null
    if ($null -ne $names) {
        $machines = @(Get-VirtualMachineFact)
    }
    return @{ service = $service; switch_names = $names; vms = $machines }
}

function Get-VirtualMachineFact {
    # What decides whether a virtual machine can be replicated. Instance ids tie disks to machines; those of checkpoints differ.
    $space = 'root/virtualization/v2'
    $disks = @(Get-CimInstance -Namespace $space -ClassName Msvm_StorageAllocationSettingData -Filter "ResourceSubType='Microsoft:Hyper-V:Virtual Hard Disk'")
    $drives = @(Get-CimInstance -Namespace $space -ClassName Msvm_ResourceAllocationSettingData -Filter "ResourceSubType='Microsoft:Hyper-V:Physical Disk Drive'")
    foreach ($machine in @(Get-CimInstance -Namespace $space -ClassName Msvm_VirtualSystemSettingData -Filter "VirtualSystemType='Microsoft:Hyper-V:System:Realized'")) {
        $own = @($disks | Where-Object { "$($_.InstanceID)".Split('\')[0] -eq "$($machine.InstanceID)" })
        $shared = @(
            $own | Where-Object {
                ($null -ne $_.PSObject.Properties['PersistentReservationsSupported'] -and $_.PersistentReservationsSupported) -or
                "$($_.HostResource)" -like '*.vhds'
            }
        )
        $secure = $null
        if ($null -ne $machine.PSObject.Properties['SecureBootEnabled']) {
            $secure = [bool] $machine.SecureBootEnabled
        }
        # The disk on the first place of a controller: the one that a machine starts from, unless someone moved it.
        $first = @($own | Where-Object { "$($_.InstanceID)" -like '*\0\0\L' })
        $size = $null
        if ($first.Count -gt 0) {
            $size = Get-VirtualDiskSize -Path "$($first[0].HostResource)"
        }
        @{
            name = "$($machine.ElementName)"
            generation = [int] "$($machine.VirtualSystemSubType)".Split(':')[-1]
            secure_boot = $secure
            disks = $own.Count
            first_disk_bytes = $size
            shared_disks = $shared.Count
            pass_through_disks = @($drives | Where-Object { "$($_.InstanceID)".Split('\')[0] -eq "$($machine.InstanceID)" }).Count
        }
    }
}

$script:imageService = $null

function Get-VirtualDiskSize {
    # What a virtual disk may grow to; null when its file cannot be read now.
    param([string] $Path)

    if ($null -eq $script:imageService) {
        $script:imageService = Get-CimInstance -Namespace root/virtualization/v2 -ClassName Msvm_ImageManagementService
    }
    $answer = Invoke-CimMethod -InputObject $script:imageService -MethodName GetVirtualHardDiskSettingData -Arguments @{ Path = $Path } -WhatIf:$false
    if ($answer.ReturnValue -ne 0) {
        return $null
    }
    $size = @(([xml] $answer.SettingData).INSTANCE.PROPERTY | Where-Object { $_.NAME -eq 'MaxInternalSize' })
    if ($size.Count -eq 0) {
        return $null
    }
    return [long] $size[0].VALUE
}

function Get-WorkSection {
    # Long work that start_background_task began and nobody has ended yet; null where there is none.
    if (-not (Test-Path -LiteralPath "$StagingDir\work")) {
        return $null
    }
    $tasks = @(Get-ScheduledTask -TaskName 'siterecovery.hyperv-*')
    $found = @(
        foreach ($folder in @(Get-ChildItem -LiteralPath "$StagingDir\work" -Force)) {
            $work = @{ name = "$($folder.Name)"; task = $null; task_result = $null; finished = (Test-Path -LiteralPath "$($folder.FullName)\result.json") }
            foreach ($task in $tasks) {
                if ($task.TaskName -eq "siterecovery.hyperv-$($folder.Name)") {
                    $work.task = "$($task.State)"
                    $work.task_result = [long] (Get-ScheduledTaskInfo -TaskName $task.TaskName).LastTaskResult
                }
            }
            $work
        }
    )
    return , $found
}

function Get-UpdatesSection {
    # Whether automatic updates get updates for all of Microsoft's products, as the Windows Update Agent says it.
    $manager = New-Object -ComObject 'Microsoft.Update.ServiceManager'
    $section = @{ microsoft_update = $false }
    foreach ($service in @($manager.Services)) {
        if ("$($service.ServiceID)" -eq '7971f918-a847-4430-9279-4a52d1efe18d' -and $service.IsRegisteredWithAU) {
            $section.microsoft_update = $true
        }
    }
    return $section
}

function Test-Bypass {
    # Whether a host is on a list of names that may hold asterisks.
    param([string] $Name, [string[]] $Patterns)

    foreach ($pattern in $Patterns) {
        if ($Name -match ('^' + [regex]::Escape($pattern).Replace('\*', '.*') + '$')) {
            return $true
        }
    }
    return $false
}

function Get-ServiceRoute {
    # The proxy that the service's account uses for a host, as http://host:port; null where it goes without one.
    param([string] $Name, $Settings)

    if ($null -eq $Settings -or -not $Settings.enabled -or $null -eq $Settings.server) {
        return $null
    }
    if (Test-Bypass -Name $Name -Patterns $Settings.bypass) {
        return $null
    }
    $server = $Settings.server
    if ($server.Contains('=')) {
        # One proxy for each protocol: http=a:80;https=b:80.
        $server = @(Get-UrlList -Value $server | Where-Object { $_ -match '^https=' } | ForEach-Object { $_.Substring(6) })
        if ($server.Count -eq 0) {
            return $null
        }
        $server = $server[0]
    }
    if ($server -notmatch '://') {
        $server = "http://$server"
    }
    return $server
}

function Get-RegisteredUrl {
    # The service's own addresses, as registration wrote them down.
    foreach ($root in $providerKey, "$vmmKey\DRAdapter") {
        $names = 'SRSUri', 'IdmgmtSVCEndpoint', 'ProtectionServiceSVCEndpoint'
        $registration = Get-RegistryValue -Key "$root\Registration" -Name $names
        if ($null -ne $registration) {
            foreach ($name in $names) {
                if ("$($registration[$name])" -match '^https://[^/:]') {
                    "$($registration[$name])"
                }
            }
        }
    }
}

function Get-Road {
    # How one address is called: through the given proxy, else the way of the service's account.
    param([string] $Url, [bool] $Registered, $Settings)

    if ($Url -notmatch '^https://[^/:]') {
        throw "The section reach needs addresses that begin with https://, and not '$Url'."
    }
    $options = @{ Uri = $Url; Method = 'Head'; UseBasicParsing = $true; TimeoutSec = [Math]::Min(15, $ReachSeconds) }
    # A redirection is an answer, too: reported as an error that ends nothing, beside the response.
    $options.MaximumRedirection = 0
    $options.ErrorAction = 'SilentlyContinue'
    $name = ([Uri] $Url).Host
    $via = 'direct'
    if (-not [string]::IsNullOrEmpty($ProxyAddress)) {
        if (-not (Test-Bypass -Name $name -Patterns $ProxyBypass)) {
            $via = '{0}:{1}' -f $ProxyAddress.TrimEnd('/'), $ProxyPort
            $options.Proxy = $via
            if ($null -ne $ProxyCredential) {
                $options.ProxyCredential = $ProxyCredential
            }
        }
    } else {
        $route = Get-ServiceRoute -Name $name -Settings $Settings
        if ($null -ne $route) {
            $via = 'system'
            $options.Proxy = $route
        }
    }
    return @{ url = $Url; host = $name; registered = $Registered; via = $via; options = $options }
}

$caller = {
    # Runs in a runspace of its own: one call, and every sign of how far it came, in no language.
    param([hashtable] $Options, [Diagnostics.Stopwatch] $Watch)

    Set-StrictMode -Version 2.0
    $ProgressPreference = 'SilentlyContinue'

    function Get-Moment {
        # The header Date, from a table of headers or from a response's own object.
        param($Headers)

        if ($null -eq $Headers) {
            return $null
        }
        if ($null -ne $Headers.PSObject.Properties['Date']) {
            if ($null -eq $Headers.Date) {
                return $null
            }
            return ([DateTimeOffset] $Headers.Date).ToString('r', [Globalization.CultureInfo]::InvariantCulture)
        }
        $found = @($Headers['Date'])
        if ([string]::IsNullOrEmpty("$($found[0])")) {
            return $null
        }
        return "$($found[0])"
    }

    function Get-Failure {
        # The kind of a failure, as a name of .NET's own that no language changes.
        param([Exception] $Problem)

        for ($cause = $Problem; $null -ne $cause; $cause = $cause.InnerException) {
            if ($cause -is [Net.WebException]) { return "$($cause.Status)" }
            if ($cause -is [Net.Sockets.SocketException]) { return "$($cause.SocketErrorCode)" }
            if ($cause -is [Security.Authentication.AuthenticationException]) { return 'AuthenticationFailure' }
            if ($cause -is [OperationCanceledException]) { return 'Timeout' }
        }
        return $Problem.GetType().Name
    }

    $seen = @{ status = $null; from_proxy = $false; failure = $null; error = $null; date = $null; seconds = 0.0 }
    try {
        if ((Get-Command -Name Invoke-WebRequest).Parameters.ContainsKey('NoProxy') -and -not $Options.ContainsKey('Proxy')) {
            $Options.NoProxy = $true
        }
        $answer = Invoke-WebRequest @Options
        $seen.status = [int] $answer.StatusCode
        $seen.date = Get-Moment -Headers $answer.Headers
    } catch {
        $response = $null
        if ($null -ne $_.Exception.PSObject.Properties['Response']) {
            $response = $_.Exception.Response
        }
        $seen.failure = Get-Failure -Problem $_.Exception
        $seen.error = "$($_.Exception.Message)"
        if ($null -ne $response) {
            $seen.status = [int] $response.StatusCode
            $seen.date = Get-Moment -Headers $response.Headers
            # The proxy answers the request for a tunnel; the method tells its answers from those of the far end.
            $tunnel = $null -ne $response.PSObject.Properties['Method'] -and "$($response.Method)" -eq 'CONNECT'
            $seen.from_proxy = $tunnel -or $seen.status -eq 407
        }
    }
    $seen.seconds = $Watch.Elapsed.TotalSeconds
    return $seen
}

function Get-ReachSection {
    # How far a call of each address comes: all at once, none longer than the deadline.
    $settings = $null
    if ([string]::IsNullOrEmpty($ProxyAddress)) {
        $settings = Get-ServiceProxy
    }
    $roads = @(foreach ($url in $ReachUrls) { Get-Road -Url $url -Registered $false -Settings $settings })
    if ($ReachRegistered) {
        foreach ($url in @(Get-RegisteredUrl)) {
            if (@($roads | ForEach-Object { $_.host }) -notcontains ([Uri] $url).Host) {
                $roads += Get-Road -Url $url -Registered $true -Settings $settings
            }
        }
    }
    if ($roads.Count -eq 0) {
        return , @()
    }
    # The Internet settings of this session's own account say nothing about the service.
    [Net.WebRequest]::DefaultWebProxy = $null
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    [Net.ServicePointManager]::DefaultConnectionLimit = [Math]::Max([Net.ServicePointManager]::DefaultConnectionLimit, $roads.Count)

    # A new runspace is empty: it gets the module of the one command that it calls.
    $state = [Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    [void] $state.ImportPSModule(@((Get-Command -Name Invoke-WebRequest).ModuleName))
    $pool = [Management.Automation.Runspaces.RunspaceFactory]::CreateRunspacePool(1, [Math]::Min($roads.Count, 16), $state, $Host)
    $pool.Open()
    $end = $watch.Elapsed.TotalSeconds + $ReachSeconds
    foreach ($road in $roads) {
        $road.shell = [PowerShell]::Create()
        $road.shell.RunspacePool = $pool
        [void] $road.shell.AddScript($caller.ToString()).AddArgument($road.options).AddArgument($watch)
        $road.handle = $road.shell.BeginInvoke()
    }
    $late = $false
    $found = @(
        foreach ($road in $roads) {
            $left = [Math]::Max(0.0, $end - $watch.Elapsed.TotalSeconds)
            if ($road.handle.AsyncWaitHandle.WaitOne([int] ($left * 1000))) {
                $seen = $road.shell.EndInvoke($road.handle)[0]
                $road.shell.Dispose()
            } else {
                $late = $true
                $seen = @{ status = $null; from_proxy = $false; failure = 'Deadline'; error = $null; date = $null; seconds = 0.0 }
                [void] $road.shell.BeginStop($null, $null)
            }
            $clock = $null
            if ($null -ne $seen.date) {
                # What the machine's own clock showed when the answer came.
                $moment = $os.LocalDateTime.ToUniversalTime().AddSeconds($seen.seconds)
                $clock = $moment.ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
            }
            @{
                url = $road.url
                registered = $road.registered
                via = $road.via
                status = $seen.status
                from_proxy = $seen.from_proxy
                failure = $seen.failure
                error = $seen.error
                date = $seen.date
                clock = $clock
            }
        }
    )
    if ($late) {
        # A call that hangs ends by itself; nobody waits for it.
        [void] $pool.BeginClose($null, $null)
    } else {
        $pool.Dispose()
    }
    return , $found
}

$result = @{ host = $null; vmm = $null; provider = $null; registration = $null; agent = $null; hyperv = $null; reach = $null; work = $null; updates = $null }
if ($Sections -contains 'host') { $result.host = Get-HostSection }
if ($Sections -contains 'vmm') { $result.vmm = Get-VmmSection }
if ($Sections -contains 'provider') { $result.provider = Get-ProviderSection }
if ($Sections -contains 'registration') { $result.registration = Get-RegistrationSection }
if ($Sections -contains 'agent') { $result.agent = Get-AgentSection }
if ($Sections -contains 'hyperv') { $result.hyperv = Get-HyperVSection }
if ($Sections -contains 'reach') { $result.reach = Get-ReachSection }
if ($Sections -contains 'work') { $result.work = Get-WorkSection }
if ($Sections -contains 'updates') { $result.updates = Get-UpdatesSection }

$Ansible.Result = $result
