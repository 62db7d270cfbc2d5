# siterecovery.hyperv script: configure_provider
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Changes the Provider's proxy after registration. No key is needed for that.
# DRConfigurator takes the proxy's password on its command line and in no other way.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $ConfiguratorPath,

    [string] $ProxyAddress,

    [int] $ProxyPort,

    [System.Management.Automation.PSCredential] $ProxyCredential,

    # An empty list that is given empties the Provider's.
    [string[]] $BypassUrls,

    [int] $TimeoutSeconds = 1800,

    # The cluster's resource of a highly available VMM, which is stopped and started through the cluster alone.
    [string] $ClusterResource
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Ends here where WMI does not answer: nothing has been touched yet.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

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

$result = @{ exit_code = $null; log_tail = @(); service = $null }
if ($PSCmdlet.ShouldProcess($ConfiguratorPath, 'Change the proxy of the Site Recovery Provider')) {
    Confirm-ClusterOwner
    $arguments = '/configure'
    $secret = ''
    if (-not [string]::IsNullOrEmpty($ProxyAddress)) {
        $arguments += ' /proxyAddress ' + (ConvertTo-Argument -Value $ProxyAddress) + ' /proxyport ' + $ProxyPort
        if ($null -ne $ProxyCredential) {
            $secret = $ProxyCredential.GetNetworkCredential().Password
            $arguments += ' /proxyUsername ' + (ConvertTo-Argument -Value $ProxyCredential.UserName) + ' /proxyPassword ' + (ConvertTo-Argument -Value $secret)
        }
    }
    if ($PSBoundParameters.ContainsKey('BypassUrls')) {
        $arguments += ' /AddBypassUrls ' + (ConvertTo-Argument -Value ($BypassUrls -join ';'))
    }
    $Ansible.Changed = $true
    Set-RestartMark -Name SCVMMService
    $result.exit_code = Invoke-Configurator -Path $ConfiguratorPath -Arguments $arguments -Seconds $TimeoutSeconds
    $result.log_tail = @(Get-LogTail -Secret $secret)
    $result.service = Get-VmmState
}
$Ansible.Result = $result
