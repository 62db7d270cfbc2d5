# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-HostSection {
    $system = Get-CimInstance -ClassName Win32_ComputerSystem
    $account = $null
    $processes = Get-Instance -ClassName Win32_Process -Filter "ProcessId=$PID"
    if ($null -ne $processes) {
        $owner = Invoke-CimMethod -InputObject $processes[0] -MethodName GetOwner -WhatIf:$false
        if ($owner.ReturnValue -eq 0) {
            $account = "$(Get-Output -Answer $owner -Name Domain)\$(Get-Output -Answer $owner -Name User)"
        }
    }

    $fqdn = "$($system.DNSHostName)"
    if ($system.PartOfDomain) {
        $fqdn = "$fqdn.$($system.Domain)"
    }

    $pending = @()
    $session = Get-RegistryValue -Key 'SYSTEM\CurrentControlSet\Control\Session Manager' -Name PendingFileRenameOperations -Optional
    $files = @()
    if ($null -ne $session) {
        $files = @(Get-PendingFile -Operations $session.PendingFileRenameOperations)
    }
    if ($files.Count -gt 0) {
        $pending += 'pending_file_rename'
    }
    if (Test-RegistryKey -Key 'SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending') {
        $pending += 'component_servicing'
    }
    if (Test-RegistryKey -Key 'SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired') {
        $pending += 'windows_update'
    }

    $volumes = $null
    $disks = Get-Instance -ClassName Win32_LogicalDisk -Filter 'DriveType=3'
    if ($null -ne $disks) {
        $volumes = @(
            foreach ($disk in $disks) {
                if ($null -ne $disk.Size) {
                    @{ drive = "$($disk.DeviceID)"; free_bytes = [long] $disk.FreeSpace }
                }
            }
        )
    }

    $framework = Get-RegistryValue -Key 'SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full' -Name Release -Optional
    $shell = Get-RegistryValue -Key 'SOFTWARE\Microsoft\PowerShell\3\PowerShellEngine' -Name PowerShellVersion -Optional
    $schannel = Get-RegistryValue -Key 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client' -Name Enabled, DisabledByDefault -Optional
    $dotnet = Get-RegistryValue -Key 'SOFTWARE\Microsoft\.NETFramework\v4.0.30319' -Name SchUseStrongCrypto, SystemDefaultTlsVersions -Optional
    $release = $null
    if ($null -ne $framework) {
        $release = Get-Number -Value $framework.Release
    }
    $shellVersion = $null
    if ($null -ne $shell) {
        $shellVersion = Get-Text -Value $shell.PowerShellVersion
    }
    $runtime = Get-RegistryValue -Key 'SOFTWARE\Microsoft\VisualStudio\14.0\VC\Runtimes\x64' -Name Installed, Version -Optional
    $visualCpp = $null
    if ($null -ne $runtime -and $runtime.Installed -eq 1) {
        $visualCpp = Get-Text -Value $runtime.Version
    }
    $dotnet32 = Get-RegistryValue -Key 'SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319' -Name SchUseStrongCrypto, SystemDefaultTlsVersions -Optional
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
        account = $account
        is_administrator = Test-Administrator
        dotnet_release = $release
        powershell_version = $shellVersion
        visual_cpp = $visualCpp
        pending_restart = @($pending)
        pending_files = @($files | Select-Object -First 3)
        pending_file_count = $files.Count
        execution_policy = Get-PolicyOfScripts
        batch_logon = Get-BatchLogonPolicy
        roots = Get-RootState
        utc_now = $os.LocalDateTime.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
        volumes = $volumes
        tls = $tls
        system_proxy = Get-ServiceProxy
        hotfixes = Get-Hotfix2012
        antivirus = Get-DefenderState
        cluster = Get-HostCluster
    }
}

function Get-HostCluster {
    # The failover cluster whose running node this machine is, or null. A name that cannot be read is null.
    $service = Get-ServiceState -Name ClusSvc
    if ($null -eq $service -or $service.status -ne 'Running') {
        return $null
    }
    $name = $null
    $clusters = Get-Instance -Namespace root/MSCluster -ClassName MSCluster_Cluster
    if ($null -ne $clusters -and $clusters.Count -gt 0) {
        $name = Get-Text -Value $clusters[0].Name
    }
    return @{ name = $name }
}

function Get-PendingFile {
    # The files that Windows moves or deletes at its next start. The value has pairs: a file, and its new name or nothing.
    param($Operations)

    $index = 0
    foreach ($entry in @($Operations)) {
        if ($index % 2 -eq 0 -and -not [string]::IsNullOrEmpty("$entry")) {
            "$entry" -replace '^\*?[0-9]?\\\?\?\\', ''
        }
        $index++
    }
}

function Get-PolicyOfScripts {
    # The execution policies that Group Policy sets. No session and no parameter can replace them.
    $policies = @{ machine = $null; user = $null }
    foreach ($entry in @(Get-ExecutionPolicy -List)) {
        if ("$($entry.Scope)" -eq 'MachinePolicy' -and "$($entry.ExecutionPolicy)" -ne 'Undefined') {
            $policies.machine = "$($entry.ExecutionPolicy)"
        }
        if ("$($entry.Scope)" -eq 'UserPolicy' -and "$($entry.ExecutionPolicy)" -ne 'Undefined') {
            $policies.user = "$($entry.ExecutionPolicy)"
        }
    }
    return $policies
}

function Get-BatchLogonPolicy {
    # The accounts to which Group Policy grants and denies the logon as a batch job. Null if its log has no right at all or
    # cannot be read, so that nothing is known.
    $rights = @()
    try {
        $rights = @(Get-CimInstance -Namespace root/rsop/computer -ClassName RSOP_UserPrivilegeRight -Filter 'Precedence=1')
    } catch {
        $rights = @()
    }
    if ($rights.Count -eq 0) {
        return $null
    }
    $policy = @{ granted = $null; denied = $null }
    foreach ($right in $rights) {
        $accounts = @($right.AccountList | Where-Object { $null -ne $_ } | ForEach-Object { "$_" })
        if ($right.UserRight -eq 'SeBatchLogonRight') {
            $policy.granted = $accounts
        } elseif ($right.UserRight -eq 'SeDenyBatchLogonRight') {
            $policy.denied = $accounts
        }
    }
    return $policy
}

function Get-RootState {
    # The requested certificates among the trusted roots of the machine, and whether Windows fetches missing ones itself.
    # Null if the store cannot be read.
    if ($null -eq $RootThumbprints) {
        return $null
    }
    try {
        $stored = @(Get-ChildItem -LiteralPath 'Cert:\LocalMachine\Root' | ForEach-Object { "$($_.Thumbprint)" })
    } catch {
        Add-Unread -Name 'Cert:\LocalMachine\Root' -Reason "$($_.Exception.Message)"
        return $null
    }
    $policy = Get-RegistryValue -Key 'SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot' -Name DisableRootAutoUpdate -Optional
    $fetches = $true
    if ($null -ne $policy -and $policy.DisableRootAutoUpdate -eq 1) {
        $fetches = $false
    }
    return @{ present = @($RootThumbprints | Where-Object { $stored -contains $_ }); fetched = $fetches }
}

function Get-Hotfix2012 {
    # The hotfixes of Windows Server 2012 R2, which requires one. Null on other systems, because the list is slow.
    if ("$($os.Version)" -notlike '6.3.*') {
        return $null
    }
    $found = Get-Instance -ClassName Win32_QuickFixEngineering
    if ($null -eq $found) {
        return $null
    }
    return , @($found | ForEach-Object { "$($_.HotFixID)" })
}

function Get-DefenderState {
    # The service of Microsoft Defender, and the folders that the machine or a policy excludes.
    $service = Get-ServiceState -Name WinDefend
    if ($null -eq $service) {
        return $null
    }
    $excluded = @(
        foreach ($root in 'SOFTWARE\Microsoft\Windows Defender', 'SOFTWARE\Policies\Microsoft\Windows Defender') {
            $known = Invoke-RegistryMethod -Method EnumValues -Arguments @{ hDefKey = $localMachine; sSubKeyName = "$root\Exclusions\Paths" }
            if ($known.ReturnValue -eq 0) {
                foreach ($path in @(Get-Output -Answer $known -Name sNames)) {
                    if (-not [string]::IsNullOrEmpty($path)) {
                        "$path"
                    }
                }
            } elseif ($known.ReturnValue -ne 2 -and $known.ReturnValue -ne 5) {
                Add-Unread -Name "$root\Exclusions\Paths" -Reason "error $($known.ReturnValue)"
            }
        }
    )
    return @{ status = $service.status; exclusions = @($excluded) }
}
