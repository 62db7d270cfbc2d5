# siterecovery.hyperv script: list_running_jobs
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Lists the VMM jobs that a stop of the VMM service would interrupt.

[CmdletBinding(SupportsShouldProcess)]
param(
    # The names and commands of jobs that a stop does not damage.
    [string[]] $QuietJobs = @()
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

# siterecovery.hyperv functions: Connect-VmmServer, Get-InterruptedJob, Get-Output, Get-ServiceStatus, Get-VmmJob

$Ansible.Result = @{ running_jobs = @(Get-InterruptedJob -Quiet $QuietJobs) }
