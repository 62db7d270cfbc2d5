# siterecovery.hyperv script: install_provider
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Unpacks the package of the Site Recovery Provider and runs its setup, which requires a stopped VMM service. On a node
# that does not own the role of a highly available VMM, the service does not run, and the role is not touched. The script
# always starts the service again and removes the unpacked files. After a success it removes the installer if requested.
# Setup can end before its product is installed. Like Microsoft's instructions, the script waits for the registry key,
# and in an upgrade also until the registry shows another version.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $InstallerPath,

    # The hash of the file that was verified.
    [Parameter(Mandatory = $true)]
    [string] $InstallerSha256,

    [Parameter(Mandatory = $true)]
    [string] $ExtractDir,

    [bool] $RemoveInstaller = $false,

    # The version that an upgrade replaces.
    [string] $EarlierVersion,

    [int] $ProductTimeout = 600,

    # Change nothing while VMM jobs are running, except for jobs whose name or command is quiet.
    [switch] $WhenIdle,

    [string[]] $QuietJobs = @(),

    # The cluster resource of a highly available VMM, which is stopped and started only through the cluster.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$before = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"

# siterecovery.hyperv functions: Confirm-ProtectedFolder, Connect-VmmServer, ConvertTo-Argument, Get-InterruptedJob, Get-Output, Get-ServiceStatus, Get-SetupLog, Get-VmmEvent, Get-VmmJob, Open-File, Open-Installer, Remove-Present, Start-Vmm, Stop-Vmm, Test-VmmHere

function Test-Product {
    $place = @{ hDefKey = [uint32] 2147483650; sSubKeyName = 'SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\DRAdapter' }
    if ((Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName EnumKey -Arguments $place).ReturnValue -ne 0) {
        return $false
    }
    if ($EarlierVersion -eq '') {
        return $true
    }
    $version = Get-ShownVersion
    # Without a version, setup has removed the earlier one and has not registered the new one.
    return $version -ne '' -and $version -ne $EarlierVersion
}

function Get-RegistryText {
    param([string] $Key, [string] $Name)

    $place = @{ hDefKey = [uint32] 2147483650; sSubKeyName = $Key; sValueName = $Name }
    $answer = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName GetStringValue -Arguments $place
    return "$(Get-Output -Answer $answer -Name sValue)"
}

function Get-ShownVersion {
    # The Provider's own value, else the version in "Programs and Features". An observation reads them in the same order.
    $version = Get-RegistryText -Key 'SOFTWARE\Microsoft\Azure Site Recovery' -Name Version
    if ($version -ne '') {
        return $version
    }
    foreach ($root in 'SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall', 'SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall') {
        $known = Invoke-CimMethod -Namespace root/default -ClassName StdRegProv -MethodName EnumKey -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = $root }
        foreach ($product in @(Get-Output -Answer $known -Name sNames)) {
            $name = (Get-RegistryText -Key "$root\$product" -Name DisplayName).Trim()
            if ('Microsoft Azure Site Recovery Provider', 'Microsoft Azure Site Recovery' -contains $name) {
                return Get-RegistryText -Key "$root\$product" -Name DisplayVersion
            }
        }
    }
    return ''
}

function Start-Setup {
    param([string] $Path, [string] $Arguments)

    $process = Start-Process -FilePath $Path -ArgumentList $Arguments -Wait -PassThru
    return [int] $process.ExitCode
}

$result = @{ extract_exit = $null; setup_exit = $null; service_before = $null; service_after = $null; resource_after = $null; running_jobs = $null; log_tail = @(); events = @() }
$began = (Get-CimInstance -ClassName Win32_OperatingSystem).LocalDateTime
if ($null -ne $before) {
    $result.service_before = "$($before.State)"
}

if ($PSCmdlet.ShouldProcess($InstallerPath, 'Install the Site Recovery Provider')) {
    $file = Open-Installer -Path $InstallerPath -Sha256 $InstallerSha256
    $Ansible.Changed = $true
    $here = [string]::IsNullOrEmpty($ClusterResource) -and $null -ne $before
    try {
        $result.extract_exit = Start-Setup -Path $InstallerPath -Arguments ('/x:"' + $ExtractDir.TrimEnd('\') + '" /q')
        if ($result.extract_exit -eq 0) {
            $here = Test-VmmHere
            # Jobs can have started while the installer was transferred.
            if ($here -and $WhenIdle) {
                $result.running_jobs = @(Get-InterruptedJob -Quiet $QuietJobs)
            }
            if (@($result.running_jobs | Where-Object { $null -ne $_ }).Count -gt 0) {
                $here = $false
            } else {
                if ($here) {
                    Stop-Vmm
                }
                $result.setup_exit = Start-Setup -Path "$ExtractDir\setupdr.exe" -Arguments '/i'
                $waited = 0
                while ($result.setup_exit -in 0, 3010 -and $waited -lt $ProductTimeout -and -not (Test-Product)) {
                    Start-Sleep -Seconds 5
                    $waited += 5
                }
            }
        }
    } finally {
        try {
            if ($here) {
                Start-Vmm
            }
        } finally {
            # Even if the service does not start.
            $file.Dispose()
            if (Test-Path -LiteralPath $ExtractDir) {
                Remove-Present -Path $ExtractDir
            }
            if ($RemoveInstaller -and $result.setup_exit -in 0, 3010) {
                Remove-Present -Path $InstallerPath
            }
        }
    }
    $result.log_tail = @(Get-SetupLog)
    if ($null -ne $result.setup_exit -and $result.setup_exit -notin 0, 3010) {
        $result.events = @(Get-VmmEvent -Since $began)
    }
    if ($here -and -not [string]::IsNullOrEmpty($ClusterResource)) {
        $result.resource_after = "$((Get-ClusterResource -Name $ClusterResource).State)"
    }
}
$result.service_after = Get-ServiceStatus -Name SCVMMService
$Ansible.Result = $result
