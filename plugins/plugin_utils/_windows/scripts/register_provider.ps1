# siterecovery.hyperv script: register_provider
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Registers the VMM server in the vault that the key names. The key lies on the disk only while DRConfigurator runs, in a
# folder and a file that are closed to all but administrators and the system before anything is written.
# DRConfigurator takes the proxy's password on its command line and in no other way.

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

    # Whether the VMM service, which reads the proxy at its start, has to be restarted afterwards.
    [switch] $NeedsRestart,

    # The cluster's resource of a highly available VMM, which is stopped and started through the cluster alone.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Ends here where WMI does not answer: nothing has been touched yet.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

function Initialize-ProtectedFolder {
    # Makes the folder for administrators and the system alone. One that exists is used only if it is as closed:
    # the access of a folder that somebody else made is never changed, and nothing goes where others could read or swap it.
    param([string] $Path)

    if (Test-Path -LiteralPath $Path) {
        $sddl = (Get-Acl -LiteralPath $Path).Sddl
        if ($sddl -notmatch '^O:(BA|SY)G:[^:]+D:P(AI|AR)*(\(A;[A-Z]*;[A-Z0-9x]+;;;(BA|SY)\))+(S:.*)?$') {
            throw "The folder '$Path' is open to others than administrators: name one that does not exist yet, or restrict it to Administrators and SYSTEM."
        }
        return
    }
    # It gets its name when it is closed: a run that breaks off in between leaves no open folder that the next refuses.
    $made = "$Path.siterecovery.hyperv-new"
    if (Test-Path -LiteralPath $made) {
        Remove-Item -LiteralPath $made -Force
    }
    New-Item -ItemType Directory -Path $made -Force | Out-Null
    $acl = Get-Acl -LiteralPath $made
    # SDDL names the two groups by their well-known ids, so no display language matters.
    $acl.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)', 'Owner, Group, Access')
    Set-Acl -LiteralPath $made -AclObject $acl
    Move-Item -LiteralPath $made -Destination $Path
}

function ConvertTo-Argument {
    # One quoted argument as the C runtime takes command lines apart: backslashes count only before a quote.
    param([string] $Value)

    $escaped = $Value -replace '(\\*)"', '$1$1\"'
    return '"' + ($escaped -replace '(\\+)$', '$1$1') + '"'
}

function Invoke-Configurator {
    # Runs DRConfigurator to its end, but no longer than the timeout: then it is ended, and there is no exit code.
    param([string] $Path, [string] $Arguments, [int] $Seconds)

    $process = Start-Process -FilePath $Path -ArgumentList $Arguments -PassThru
    # Windows PowerShell keeps the exit code only of a process whose handle was asked for while it ran.
    $null = $process.Handle
    if ($process.WaitForExit($Seconds * 1000)) {
        return [int] $process.ExitCode
    }
    $process.Kill()
    $null = $process.WaitForExit(10000)
    return $null
}

function Confirm-ClusterOwner {
    # Ends here where the role of a highly available VMM has moved away since it was read.
    if ([string]::IsNullOrEmpty($ClusterResource)) {
        return
    }
    $owner = "$((Get-ClusterResource -Name $ClusterResource).OwnerNode.Name)"
    $node = (Get-CimInstance -ClassName Win32_ComputerSystem).Name
    if ($owner -ne $node) {
        throw "The cluster's resource '$ClusterResource' has moved from this node to '$owner', and nothing was touched: run again."
    }
}

function Set-RestartMark {
    # The service reads what is set here only when it starts. The process that has not read it is noted, so that a run
    # that is cut off before the restart is made good by the next one.
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

function Get-VmmState {
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='SCVMMService'"
    if ($null -eq $service) {
        return $null
    }
    return "$($service.State)"
}

function Get-LogTail {
    # The last lines of the newest log of setup and registration.
    param([string] $Secret)

    $folder = "$env:ProgramData\ASRLogs"
    if (-not (Test-Path -LiteralPath $folder)) {
        return
    }
    $log = @(Get-ChildItem -LiteralPath $folder -Filter 'DRASetupWizard*.log' -File | Sort-Object -Property LastWriteTimeUtc, Name)
    if ($log.Count -eq 0) {
        return
    }
    foreach ($line in @(Get-Content -LiteralPath $log[-1].FullName -Tail 40)) {
        if ([string]::IsNullOrEmpty($Secret)) {
            "$line"
        } else {
            # A log may repeat the command line, where quotes and backslashes of the secret are escaped.
            $escaped = ConvertTo-Argument -Value $Secret
            "$line".Replace($escaped.Substring(1, $escaped.Length - 2), '********').Replace($Secret, '********')
        }
    }
}

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
    # Bytes, because Windows PowerShell's UTF8 writes a byte order mark; the switch for bytes changed its name in version 6.
    $asBytes = @{ Encoding = 'Byte' }
    if ($PSVersionTable.PSVersion.Major -ge 6) {
        $asBytes = @{ AsByteStream = $true }
    }
    $plain = (New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Content).Password
    Set-Content -LiteralPath $Path -Value ([Text.Encoding]::UTF8.GetBytes($plain)) @asBytes
}

$result = @{ exit_code = $null; log_tail = @(); service = $null }
if ($PSCmdlet.ShouldProcess($FriendlyName, 'Register the VMM server')) {
    Confirm-ClusterOwner
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
    }
    $result.log_tail = @(Get-LogTail -Secret $secret)
    $result.service = Get-VmmState
}
$Ansible.Result = $result
