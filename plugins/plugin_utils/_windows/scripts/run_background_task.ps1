# siterecovery.hyperv script: run_background_task
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the scheduled task of long work runs: it gives the script beside it what ansible.windows.win_powershell would give,
# and leaves the answer in result.json. That file is there only as a whole. It is the one script that is not run by
# win_powershell, and the one that runs text: a script of the collection, from a folder for administrators only.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Folder
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Ends here where WMI does not answer: nothing has been touched yet.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

if ($PSCmdlet.ShouldProcess($Folder, 'Run the work')) {
    $Ansible = [pscustomobject] @{ Result = @{}; Changed = $true; Failed = $false; CheckMode = $false }
    $answer = @{ failed = $false; error = $null; changed = $true; result = $null }
    try {
        $given = ConvertFrom-Json -InputObject "$(Get-Content -LiteralPath "$Folder\parameters.json" -Raw -Encoding UTF8)"
        $parameters = @{}
        foreach ($property in $given.PSObject.Properties) {
            $parameters[$property.Name] = $property.Value
        }
        $work = [scriptblock]::Create("$(Get-Content -LiteralPath "$Folder\script.ps1" -Raw -Encoding UTF8)")
        $null = & $work @parameters
        $answer.result = $Ansible.Result
    } catch {
        $answer.failed = $true
        $answer.error = "$($_.Exception.Message)"
    }
    $answer.changed = [bool] $Ansible.Changed
    $text = ConvertTo-Json -InputObject $answer -Depth 8 -Compress
    Set-Content -LiteralPath "$Folder\result.json.partial" -Value $text -Encoding UTF8 -NoNewline
    Move-Item -LiteralPath "$Folder\result.json.partial" -Destination "$Folder\result.json" -Force
}
