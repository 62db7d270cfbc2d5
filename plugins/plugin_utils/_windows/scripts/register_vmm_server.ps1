# siterecovery.hyperv script: register_vmm_server
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Registers the VMM server in the vault that the key names. The key is on the disk only while DRConfigurator runs, in a
# folder and a file that only administrators and the system can open, and that are protected before the key is written.
# DRConfigurator accepts the proxy's password only on its command line.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $ConfiguratorPath,

    [Parameter(Mandatory = $true)]
    [string] $FriendlyName,

    [Parameter(Mandatory = $true)]
    [string] $KeyPath,

    [Parameter(Mandatory = $true)]
    [System.Security.SecureString] $KeyContent,

    [string] $ProxyAddress,

    [int] $ProxyPort,

    [System.Management.Automation.PSCredential] $ProxyCredential,

    [string[]] $BypassUrls = @(),

    [int] $TimeoutSeconds = 1800,

    # Whether the VMM service, which reads the proxy when it starts, must be restarted afterwards.
    [switch] $NeedsRestart,

    # Change nothing while VMM jobs are running, except for jobs whose name or command is quiet.
    [switch] $WhenIdle,

    [string[]] $QuietJobs = @(),

    # The cluster resource of a highly available VMM, which is stopped and started only through the cluster.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$began = (Get-CimInstance -ClassName Win32_OperatingSystem).LocalDateTime

# siterecovery.hyperv functions: Confirm-ClusterOwner, Confirm-ProtectedFolder, Connect-VmmServer, ConvertTo-Argument, Get-InterruptedJob, Get-Output, Get-ServiceStatus, Get-SetupLog, Get-VmmEvent, Get-VmmJob, Initialize-ProtectedFolder, Invoke-Configurator, Open-File, Remove-RestartMark, Restore-VmmService, Set-RestartMark

function Write-KeyFile {
    param([string] $Path, [System.Security.SecureString] $Content)

    Initialize-ProtectedFolder -Path $Path.Substring(0, $Path.LastIndexOf('\'))
    if (Test-Path -LiteralPath $Path) {
        Remove-Item -LiteralPath $Path -Force
    }
    New-Item -ItemType File -Path $Path | Out-Null
    $acl = Get-Acl -LiteralPath $Path
    $acl.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;;FA;;;BA)(A;;FA;;;SY)', 'Owner, Group, Access')
    Set-Acl -LiteralPath $Path -AclObject $acl
    $bytes = [Text.Encoding]::UTF8.GetBytes((New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Content).Password)
    # Module logging (event 4103) records the arguments of cmdlets, also the bytes of Set-Content.
    $stream = Open-File -Path $Path -Mode Append
    try {
        $stream.Write($bytes, 0, $bytes.Length)
    } finally {
        $stream.Dispose()
    }
}

$result = @{ exit_code = $null; log_tail = @(); events = @(); service = $null; started = $false; running_jobs = $null }
if ($PSCmdlet.ShouldProcess($FriendlyName, 'Register the VMM server')) {
    Confirm-ClusterOwner
    # DRConfigurator stops the VMM service and starts it again.
    if ($WhenIdle) {
        $result.running_jobs = @(Get-InterruptedJob -Quiet $QuietJobs)
    }
    if (@($result.running_jobs | Where-Object { $null -ne $_ }).Count -eq 0) {
        $before = Get-ServiceStatus -Name SCVMMService
        $arguments = '/r /FriendlyName ' + (ConvertTo-Argument -Value $FriendlyName) + ' /Credentials ' + (ConvertTo-Argument -Value $KeyPath)
        $secret = ''
        if (-not [string]::IsNullOrEmpty($ProxyAddress)) {
            $arguments += ' /proxyAddress ' + (ConvertTo-Argument -Value $ProxyAddress) + ' /proxyport ' + $ProxyPort
            if ($null -ne $ProxyCredential) {
                $secret = $ProxyCredential.GetNetworkCredential().Password
                $arguments += ' /proxyUsername ' + (ConvertTo-Argument -Value $ProxyCredential.UserName) + ' /proxyPassword ' + (ConvertTo-Argument -Value $secret)
            }
        }
        if ($BypassUrls.Count -gt 0) {
            $arguments += ' /AddBypassUrls ' + (ConvertTo-Argument -Value ($BypassUrls -join ';'))
        }
        try {
            Write-KeyFile -Path $KeyPath -Content $KeyContent
            $Ansible.Changed = $true
            if ($NeedsRestart) {
                Set-RestartMark -Name SCVMMService
            }
            $result.exit_code = Invoke-Configurator -Path $ConfiguratorPath -Arguments $arguments -Seconds $TimeoutSeconds
        } finally {
            if (Test-Path -LiteralPath $KeyPath) {
                Remove-Item -LiteralPath $KeyPath -Force
            }
            $result.started = Restore-VmmService -Before $before
        }
        $result.log_tail = @(Get-SetupLog -Secret $secret)
        if ($result.exit_code -notin 0, 3010) {
            $result.events = @(Get-VmmEvent -Since $began)
        }
    }
    $result.service = Get-ServiceStatus -Name SCVMMService
}
$Ansible.Result = $result
