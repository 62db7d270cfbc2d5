# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Windows commands that a PowerShell on Linux lacks, imitated over the state of a machine of the lab.
# PowerShell finds this module by its exports as soon as a script calls one of them. The file commands replace
# PowerShell's own for paths of the machine (C:\, \\server\, Cert:\) and pass every other path on. A parameter that no
# script uses is not imitated, so its use is an error.

Set-StrictMode -Version 2.0

foreach ($pair in @{ ProgramData = 'C:\ProgramData'; ProgramFiles = 'C:\Program Files'; SystemRoot = 'C:\Windows' }.GetEnumerator()) {
    if (-not [Environment]::GetEnvironmentVariable($pair.Key)) {
        [Environment]::SetEnvironmentVariable($pair.Key, $pair.Value)
    }
}

. $PSScriptRoot/Connection.ps1
. $PSScriptRoot/Management.ps1
. $PSScriptRoot/ScheduledTasks.ps1
. $PSScriptRoot/FailoverClusters.ps1
. $PSScriptRoot/Files.ps1
. $PSScriptRoot/Web.ps1
. $PSScriptRoot/VirtualMachineManager.ps1
. $PSScriptRoot/OnlineBackup.ps1
