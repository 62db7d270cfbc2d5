# siterecovery.hyperv script: remove_provider
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes the Site Recovery Provider by its product code. Like its setup, this requires a stopped VMM service. On a node
# that does not own the role of a highly available VMM, the service does not run, and the role is not touched. The script
# always starts the service again.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $ProductCode,

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

# siterecovery.hyperv functions: Connect-VmmServer, Get-InterruptedJob, Get-Output, Get-ServiceStatus, Get-VmmJob, Start-Vmm, Stop-Vmm, Test-VmmHere

$result = @{ exit_code = $null; service_after = $null; resource_after = $null; running_jobs = $null }
if ($PSCmdlet.ShouldProcess($ProductCode, 'Remove the Site Recovery Provider')) {
    $here = Test-VmmHere
    if ($here -and $WhenIdle) {
        $result.running_jobs = @(Get-InterruptedJob -Quiet $QuietJobs)
    }
    if (@($result.running_jobs | Where-Object { $null -ne $_ }).Count -eq 0) {
        # A service that was stopped before stays stopped.
        $stops = $here -and "$($before.State)" -eq 'Running'
        $Ansible.Changed = $true
        try {
            if ($stops) {
                Stop-Vmm
            }
            $process = Start-Process -FilePath "$env:SystemRoot\System32\msiexec.exe" -ArgumentList "/x $ProductCode /qn /norestart" -Wait -PassThru
            $result.exit_code = [int] $process.ExitCode
        } finally {
            if ($stops) {
                Start-Vmm
            }
        }
        if ($stops -and -not [string]::IsNullOrEmpty($ClusterResource)) {
            $result.resource_after = "$((Get-ClusterResource -Name $ClusterResource).State)"
        }
    }
}
$result.service_after = Get-ServiceStatus -Name SCVMMService
$Ansible.Result = $result
