# siterecovery.hyperv script: probe_assumptions
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads what decides assumptions about a machine, and changes nothing. Every reading may fail without ending the others:
# it then has the failure's type and number. A reading whose subject the machine does not have is null.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('system', 'shell', 'hashing', 'registry', 'products', 'files', 'tasks', 'updates', 'urls', 'vmm', 'clouds', 'inventory', 'jobs', 'run_as', 'cluster', 'checkpoints', 'logs', 'certificates', 'connections', 'account_proxy', 'agent_setting', 'guests', 'replication', 'defender')]
    [string[]] $Readings,

    [string[]] $RegistryKeys,

    [string[]] $ValueNames,

    [string[]] $Urls,

    [string[]] $LogSigns,

    [string] $ProxyAddress,

    [int] $ProxyPort,

    [System.Management.Automation.PSCredential] $ProxyCredential
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$computer = Get-CimInstance -ClassName Win32_ComputerSystem
$localMachine = [uint32] 2147483650
$users = [uint32] 2147483651
$vmmKey = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Setup'
$agentKey = 'SOFTWARE\Microsoft\Windows Azure Backup\Setup'

# ---- registry ----

function Invoke-RegistryMethod {
    param([string] $Method, [hashtable] $Arguments)

    # -WhatIf:$false because these calls only read and must also run in check mode.
    Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName $Method -Arguments $Arguments -WhatIf:$false
}

function Get-Answer {
    # One member of a method's answer: whether it is absent, null or a value is itself an assumption.
    param($Answer, [string] $Name)

    $property = $Answer.PSObject.Properties[$Name]
    if ($null -eq $property) { return @{ form = 'absent'; value = $null } }
    if ($null -eq $property.Value) { return @{ form = 'null'; value = $null } }
    return @{ form = 'value'; value = $property.Value }
}

function Get-RegistryText {
    param([string] $Key, [string] $Name)

    $answer = Invoke-RegistryMethod -Method GetStringValue -Arguments @{ hDefKey = $localMachine; sSubKeyName = $Key; sValueName = $Name }
    if ($answer.ReturnValue -ne 0) {
        return ''
    }
    return "$((Get-Answer -Answer $answer -Name sValue).value)"
}

function Get-RegistryFact {
    # The values of a key with their types, the data of those that were named, and the keys below; null without such a key.
    param([uint32] $Hive, [string] $Key)

    $known = Invoke-RegistryMethod -Method EnumValues -Arguments @{ hDefKey = $Hive; sSubKeyName = $Key }
    if ($known.ReturnValue -eq 2) {
        return $null
    }
    $fact = @{ error = [long] $known.ReturnValue; entries = @{}; entries_form = $null; subkeys = @(); subkeys_form = $null }
    if ($known.ReturnValue -ne 0) {
        return $fact
    }
    $readers = @{ 1 = 'GetStringValue'; 2 = 'GetExpandedStringValue'; 4 = 'GetDWORDValue'; 7 = 'GetMultiStringValue'; 11 = 'GetQWORDValue' }
    $names = Get-Answer -Answer $known -Name sNames
    $types = Get-Answer -Answer $known -Name Types
    $fact.entries_form = $names.form
    if ($null -ne $names.value) {
        for ($index = 0; $index -lt $names.value.Count; $index++) {
            $name = "$($names.value[$index])"
            $type = [int] $types.value[$index]
            $value = @{ type = $type; form = $null; data = $null }
            if ($ValueNames -contains $name -and $null -ne $readers[$type]) {
                $answer = Invoke-RegistryMethod -Method $readers[$type] -Arguments @{ hDefKey = $Hive; sSubKeyName = $Key; sValueName = $name }
                $member = 'sValue'
                if ($type -eq 4 -or $type -eq 11) {
                    $member = 'uValue'
                }
                $data = Get-Answer -Answer $answer -Name $member
                $value.form = $data.form
                $value.data = $data.value
            }
            $fact.entries[$name] = $value
        }
    }
    $below = Invoke-RegistryMethod -Method EnumKey -Arguments @{ hDefKey = $Hive; sSubKeyName = $Key }
    if ($below.ReturnValue -eq 0) {
        $subkeys = Get-Answer -Answer $below -Name sNames
        $fact.subkeys_form = $subkeys.form
        if ($null -ne $subkeys.value) {
            $fact.subkeys = @($subkeys.value | ForEach-Object { "$_" })
        }
    }
    return $fact
}

function Get-RegistryReading {
    $facts = @{}
    foreach ($key in $RegistryKeys) {
        $facts[$key] = Get-RegistryFact -Hive $localMachine -Key $key
    }
    return $facts
}

function Get-ProductReading {
    # Entries of "Programs and Features" of Azure's products; the name is the product's own in every language.
    $found = @(
        foreach ($root in 'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall', 'SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall') {
            $known = Invoke-RegistryMethod -Method EnumKey -Arguments @{ hDefKey = $localMachine; sSubKeyName = $root }
            foreach ($entry in @((Get-Answer -Answer $known -Name sNames).value)) {
                $shown = Get-RegistryText -Key "$root\$entry" -Name DisplayName
                if ($null -ne $entry -and $shown.StartsWith('Microsoft Azure', [StringComparison]::OrdinalIgnoreCase)) {
                    @{ name = $shown; version = Get-RegistryText -Key "$root\$entry" -Name DisplayVersion }
                }
            }
        }
    )
    return @{ products = $found }
}

# ---- services, files, programs ----

function Get-RunningService {
    # The service where it runs, else null.
    param([string] $Name)

    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($null -eq $service -or "$($service.State)" -ne 'Running') {
        return $null
    }
    return $service
}

function Get-ProgramFact {
    # Version and signature of a program, or null where there is none.
    param([string] $Path)

    if (-not (Test-Path -LiteralPath $Path)) {
        return $null
    }
    $version = (Get-Item -LiteralPath $Path).VersionInfo
    $signature = Get-AuthenticodeSignature -LiteralPath $Path
    $signer = $null
    if ($null -ne $signature.SignerCertificate) {
        $signer = "$($signature.SignerCertificate.Subject)"
    }
    $number = '{0}.{1}.{2}.{3}' -f $version.FileMajorPart, $version.FileMinorPart, $version.FileBuildPart, $version.FilePrivatePart
    return @{ version = $number; signature = "$($signature.Status)"; signer = $signer }
}

function Get-FileReading {
    $files = @{ vmm_module = $null; configurator_vmm = $null; configurator_other = $null; agent_engine = $null; agent_module = $null }
    $vmm = (Get-RegistryText -Key $vmmKey -Name InstallPath).TrimEnd('\')
    if ($vmm -ne '') {
        $files.vmm_module = Test-Path -LiteralPath "$vmm\bin\psModules\virtualmachinemanager\virtualmachinemanager.psd1"
        $files.configurator_vmm = Get-ProgramFact -Path "$vmm\bin\DRConfigurator.exe"
    }
    $files.configurator_other = Get-ProgramFact -Path "$env:ProgramFiles\Microsoft Azure Site Recovery Provider\DRConfigurator.exe"
    $agent = (Get-RegistryText -Key $agentKey -Name InstallPath).TrimEnd('\')
    if ($agent -ne '') {
        $files.agent_engine = Get-ProgramFact -Path "$agent\bin\CBEngine.exe"
        $files.agent_module = Test-Path -LiteralPath "$agent\bin\Modules\MSOnlineBackup\MSOnlineBackup.psd1"
    }
    return $files
}

function Get-LogReading {
    # Which of the named signs the logs of setup and registration hold.
    $folder = "$env:ProgramData\ASRLogs"
    if (-not (Test-Path -LiteralPath $folder)) {
        return $null
    }
    $files = @(Get-ChildItem -LiteralPath $folder -Filter 'DRASetupWizard*.log' -File -Force)
    $text = @($files | ForEach-Object { Get-Content -LiteralPath $_.FullName -Tail 2000 }) -join "`n"
    return @{ files = $files.Count; signs = @($LogSigns | Where-Object { $text.Contains($_) }) }
}

# siterecovery.hyperv functions: Enable-Tls12, Get-CallFailure, Get-Output

function Get-UrlReading {
    Enable-Tls12
    $found = @{}
    foreach ($url in $Urls) {
        $options = @{ Uri = $url; Method = 'Head'; UseBasicParsing = $true; TimeoutSec = 15; MaximumRedirection = 0; ErrorAction = 'SilentlyContinue' }
        if (-not [string]::IsNullOrEmpty($ProxyAddress)) {
            $options.Proxy = '{0}:{1}' -f $ProxyAddress.TrimEnd('/'), $ProxyPort
            if ($null -ne $ProxyCredential) {
                $options.ProxyCredential = $ProxyCredential
            }
        }
        $seen = @{ status = $null; failure = $null }
        try {
            $seen.status = [int] (Invoke-WebRequest @options).StatusCode
        } catch {
            $seen.failure = Get-CallFailure -Problem $_.Exception
            if ($null -ne $_.Exception.PSObject.Properties['Response'] -and $null -ne $_.Exception.Response) {
                $response = $_.Exception.Response
                # The proxy answers the request for a tunnel: the address did not answer.
                if ($null -eq $response.PSObject.Properties['Method'] -or "$($response.Method)" -ne 'CONNECT') {
                    $seen.status = [int] $response.StatusCode
                }
            }
        }
        $found[$url] = $seen
    }
    return $found
}

# ---- VMM ----

function Get-MemberName {
    param($InputObject)

    $names = [string[]] @($InputObject.PSObject.Properties | ForEach-Object { $_.Name })
    [Array]::Sort($names, [StringComparer]::Ordinal)
    return , $names
}

function Get-FirstMemberName {
    # The members of the first object of a list; none of an empty one.
    param([object[]] $Items)

    if ($null -eq $Items -or $Items.Count -eq 0) {
        return , @()
    }
    return , (Get-MemberName -InputObject $Items[0])
}

$script:vmm = $null
$script:vmmProblem = $null

function Get-VmmConnection {
    # The connection to the VMM server on this machine, or null while its service does not run. Tried only once.
    if ($null -ne $script:vmmProblem) {
        throw $script:vmmProblem
    }
    if ($null -eq $script:vmm -and $null -ne (Get-RunningService -Name SCVMMService)) {
        try {
            $folder = (Get-RegistryText -Key $vmmKey -Name InstallPath).TrimEnd('\')
            Import-Module -Name "$folder\bin\psModules\virtualmachinemanager\virtualmachinemanager.psd1"
            $script:vmm = Get-SCVMMServer -ComputerName localhost
        } catch {
            $script:vmmProblem = $_
            throw
        }
    }
    return $script:vmm
}

function Get-CloudReading {
    param($Vmm)

    $clouds = @(
        foreach ($cloud in @(Get-SCCloud -VMMServer $Vmm)) {
            $flag = $null
            $property = $cloud.PSObject.Properties['DisasterRecoverySupported']
            if ($null -ne $property -and $null -ne $property.Value) {
                $flag = $property.Value.GetType().FullName
            }
            $profiles = $null
            $property = $cloud.PSObject.Properties['CapabilityProfiles']
            if ($null -ne $property) {
                $profiles = @($property.Value | Where-Object { $null -ne $_ } | ForEach-Object { "$($_.Name)" })
            }
            $groups = @($cloud.HostGroup | Where-Object { $null -ne $_ })
            @{ id = "$($cloud.ID)"; flag = $flag; profiles = $profiles; members = Get-MemberName -InputObject $cloud; group_members = Get-FirstMemberName -Items $groups }
        }
    )
    return @{ flag_parameter = (Get-Command -Name Set-SCCloud).Parameters.ContainsKey('DisasterRecoverySupported'); clouds = $clouds }
}

function Get-InventoryReading {
    param($Vmm)

    $hosts = @(Get-SCVMHost -VMMServer $Vmm | Where-Object { $null -ne $_ })
    $networks = @(Get-SCVMNetwork -VMMServer $Vmm | Where-Object { $null -ne $_ })
    $platforms = @($hosts | Where-Object { $null -ne $_.PSObject.Properties['VirtualizationPlatform'] } | ForEach-Object { "$($_.VirtualizationPlatform)" })
    return @{ hosts = $hosts.Count; host_members = Get-FirstMemberName -Items $hosts; platforms = $platforms; networks = $networks.Count; network_members = Get-FirstMemberName -Items $networks }
}

function Get-JobReading {
    param($Vmm)

    $jobs = @(Get-SCJob -VMMServer $Vmm -Running | Where-Object { $null -ne $_ })
    $commands = @($jobs | Where-Object { $null -ne $_.PSObject.Properties['CmdletName'] } | ForEach-Object { "$($_.CmdletName)" })
    return @{ running = $jobs.Count; commands = $commands; members = Get-FirstMemberName -Items $jobs }
}

function Get-RoleResource {
    # The cluster's resources that may be VMM's service.
    foreach ($each in @(Get-ClusterResource)) {
        $names = @(Get-ClusterParameter -InputObject $each | Where-Object { $_.Name -eq 'ServiceName' })
        $byService = $names.Count -gt 0 -and "$($names[0].Value)" -eq 'SCVMMService'
        $byName = "$($each.Name)" -like '*VMM Service*'
        if ($byService -or $byName) {
            @{ name = "$($each.Name)"; by_service = $byService; by_name = $byName; type = "$($each.ResourceType.Name)"; owned = "$($each.OwnerNode.Name)" -eq "$($computer.Name)" }
        }
    }
}

function Get-ConnectionReading {
    # The ports on which VMM's process listens, and those that it is connected to.
    $service = Get-RunningService -Name SCVMMService
    if ($null -eq $service) {
        return $null
    }
    $rows = @(Get-CimInstance -Namespace root/StandardCimv2 -ClassName MSFT_NetTCPConnection -Filter "OwningProcess=$($service.ProcessId)")
    return @{
        listening = @($rows | Where-Object { $_.State -eq 2 } | ForEach-Object { [int] $_.LocalPort })
        connected = @($rows | Where-Object { $_.State -eq 5 } | ForEach-Object { [int] $_.RemotePort })
    }
}

function Get-AccountProxyReading {
    # The Internet settings of the account that runs VMM, or of the system where there is no VMM.
    $sid = 'S-1-5-18'
    if ($null -ne (Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'")) {
        $service = Get-RunningService -Name SCVMMService
        if ($null -eq $service) {
            return $null
        }
        $process = Get-CimInstance -ClassName Win32_Process -Filter "ProcessId=$($service.ProcessId)"
        $sid = Get-Output -Answer (Invoke-CimMethod -InputObject $process -MethodName GetOwnerSid -WhatIf:$false) -Name Sid
    }
    return @{ settings = Get-RegistryFact -Hive $users -Key "$sid\Software\Microsoft\Windows\CurrentVersion\Internet Settings" }
}

# ---- Hyper-V hosts ----

function Get-AgentSettingReading {
    $folder = (Get-RegistryText -Key $agentKey -Name InstallPath).TrimEnd('\')
    $module = "$folder\bin\Modules\MSOnlineBackup\MSOnlineBackup.psd1"
    if ($folder -eq '' -or $null -eq (Get-RunningService -Name obengine) -or -not (Test-Path -LiteralPath $module)) {
        return $null
    }
    Import-Module -Name $module
    $settings = @(Get-OBMachineSetting | Where-Object { $null -ne $_ })
    $found = @{ members = Get-FirstMemberName -Items $settings; proxy_members = $null; throttle_name = $null; throttle_members = $null }
    foreach ($property in @($settings | ForEach-Object { $_.PSObject.Properties })) {
        if ($property.Name -eq 'ProxySetting' -and $null -ne $property.Value) {
            $found.proxy_members = Get-MemberName -InputObject $property.Value
        }
        if ($property.Name -like '*Throttl*') {
            $found.throttle_name = $property.Name
            if ($null -ne $property.Value) {
                $found.throttle_members = Get-MemberName -InputObject $property.Value
            }
        }
    }
    $found.bypass_parameter = (Get-Command -Name Set-OBMachineSetting).Parameters.ContainsKey('BypassUrls')
    return $found
}

function Get-GuestReading {
    # Ids of virtual machines and of their disks, which contain a disk's place.
    if ($null -eq (Get-RunningService -Name vmms)) {
        return $null
    }
    $space = 'root/virtualization/v2'
    $disks = @(Get-CimInstance -Namespace $space -ClassName Msvm_StorageAllocationSettingData -Filter "ResourceSubType='Microsoft:Hyper-V:Virtual Hard Disk'")
    $machines = @(
        foreach ($machine in @(Get-CimInstance -Namespace $space -ClassName Msvm_VirtualSystemSettingData -Filter "VirtualSystemType='Microsoft:Hyper-V:System:Realized'")) {
            @{ id = "$($machine.InstanceID)"; kind = "$($machine.VirtualSystemSubType)"; secure_boot = $null -ne $machine.PSObject.Properties['SecureBootEnabled'] }
        }
    )
    $reservations = @($disks | Where-Object { $null -ne $_.PSObject.Properties['PersistentReservationsSupported'] })
    return @{ machines = $machines; disks = @($disks | ForEach-Object { "$($_.InstanceID)" }); disks_with_reservations = $reservations.Count }
}

function Get-ReplicationReading {
    if ($null -eq (Get-RunningService -Name vmms)) {
        return $null
    }
    $systems = @(Get-CimInstance -Namespace root/virtualization/v2 -ClassName Msvm_ComputerSystem)
    return @{ replicating = @($systems | Where-Object { $null -ne $_.PSObject.Properties['ReplicationMode'] -and $_.ReplicationMode -gt 0 }).Count }
}

function Get-DefenderReading {
    if ($null -eq (Get-RunningService -Name WinDefend)) {
        return $null
    }
    $preference = Get-CimInstance -Namespace root/Microsoft/Windows/Defender -ClassName MSFT_MpPreference
    return @{ excluded = @($preference.ExclusionPath | Where-Object { -not [string]::IsNullOrEmpty($_) }).Count }
}

function Get-SystemReading {
    $process = Get-CimInstance -ClassName Win32_Process -Filter "ProcessId=$PID"
    $owner = Invoke-CimMethod -InputObject $process -MethodName GetOwner -WhatIf:$false
    $os = Get-CimInstance -ClassName Win32_OperatingSystem
    return @{ os_version = "$($os.Version)"; name = "$($computer.DNSHostName)"; short_name = "$($computer.Name)"; domain = "$($computer.Domain)"; account = "$(Get-Output -Answer $owner -Name User)"; account_domain = "$(Get-Output -Answer $owner -Name Domain)" }
}

function Get-VmmReading {
    # Readings that need an answering VMM; null while its service does not run.
    param([string] $Name)

    $vmm = Get-VmmConnection
    if ($null -eq $vmm) {
        return $null
    }
    if ($Name -eq 'clouds') { return Get-CloudReading -Vmm $vmm }
    if ($Name -eq 'inventory') { return Get-InventoryReading -Vmm $vmm }
    if ($Name -eq 'jobs') { return Get-JobReading -Vmm $vmm }
    if ($Name -eq 'run_as') {
        return @{ proxy_accounts = @(Get-SCRunAsAccount -VMMServer $vmm | Where-Object { $null -ne $_ -and $_.Name -eq 'DRAProxyAccount' }).Count }
    }
    return @{ members = Get-MemberName -InputObject $vmm }
}

function Get-ClusterReading {
    param([string] $Name)

    if ($null -eq (Get-RunningService -Name ClusSvc)) {
        return $null
    }
    $resources = @(Get-RoleResource)
    if ($Name -eq 'cluster') {
        return @{ nodes = @(Get-ClusterNode).Count; resources = $resources }
    }
    if ($resources.Count -eq 0) {
        return $null
    }
    return @{ paths = @(Get-ClusterCheckpoint -ResourceName $resources[0].name | ForEach-Object { "$($_.Name)" }) }
}

function Get-Reading {
    param([string] $Name)

    if ($Name -eq 'system') { return Get-SystemReading }
    if ($Name -eq 'shell') { return @{ language_mode = "$($ExecutionContext.SessionState.LanguageMode)"; bits = 8 * [IntPtr]::Size } }
    if ($Name -eq 'hashing') { return @{ usable = $null -ne [Security.Cryptography.SHA256]::Create() } }
    if ($Name -eq 'registry') { return Get-RegistryReading }
    if ($Name -eq 'products') { return Get-ProductReading }
    if ($Name -eq 'files') { return Get-FileReading }
    if ($Name -eq 'tasks') { return @{ tasks = @(Get-ScheduledTask -TaskName 'siterecovery.hyperv-*').Count } }
    if ($Name -eq 'updates') { return @{ services = @((New-Object -ComObject 'Microsoft.Update.ServiceManager').Services).Count } }
    if ($Name -eq 'urls') { return Get-UrlReading }
    if ($Name -eq 'logs') { return Get-LogReading }
    if ($Name -eq 'certificates') {
        $ours = @(Get-ChildItem -LiteralPath 'Cert:\LocalMachine\My' | Where-Object { $_.FriendlyName -like 'ASR_SRSAUTH_CERT_KEY_CONTAINER*' -or $_.FriendlyName -like 'ASR_HYPER_V_HOST_CERT_KEY_CONTAINER*' })
        return @{ of_site_recovery = $ours.Count }
    }
    if ($Name -eq 'connections') { return Get-ConnectionReading }
    if ($Name -eq 'account_proxy') { return Get-AccountProxyReading }
    if ($Name -eq 'agent_setting') { return Get-AgentSettingReading }
    if ($Name -eq 'guests') { return Get-GuestReading }
    if ($Name -eq 'replication') { return Get-ReplicationReading }
    if ($Name -eq 'defender') { return Get-DefenderReading }
    if ($Name -eq 'cluster' -or $Name -eq 'checkpoints') { return Get-ClusterReading -Name $Name }
    return Get-VmmReading -Name $Name
}

$result = @{}
foreach ($name in $Readings) {
    $entry = @{ value = $null; failure = $null }
    try {
        $entry.value = Get-Reading -Name $name
    } catch {
        $number = $null
        if ("$($_.FullyQualifiedErrorId)" -match '^\d{1,9}(?=,|$)') {
            $number = [long] $Matches[0]
        }
        $entry.failure = @{ type = $_.Exception.GetType().FullName; number = $number }
    }
    $result[$name] = $entry
}

$Ansible.Result = $result
