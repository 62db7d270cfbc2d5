# siterecovery.hyperv script: run_background_task
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The program of a scheduled task: it runs the script in its folder as ansible.windows.win_powershell would, and writes the
# answer to result.json, which appears only when it is complete. This is the only script that win_powershell does not run,
# and the only one that executes text: a script of the collection, from a folder that only administrators can write to.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Folder
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

# siterecovery.hyperv functions: New-Protector

function Unprotect-Secret {
    # The secret parameters that Protect-Secret stored: one line for each, with its name, user name and secret in Base64.
    param([string] $Stored)

    $protector = New-Protector
    $bytes = $protector.Unprotect([Convert]::FromBase64String($Stored))
    $plain = [Text.Encoding]::UTF8.GetString($bytes)
    $found = @{}
    foreach ($line in $plain.Split([char] 10)) {
        # Without a pipeline, because module logging (event 4103) also records what a cmdlet receives from it.
        $words = $line.Split([char] 32)
        $name = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($words[0]))
        $user = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($words[1]))
        $word = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($words[2]))
        $made = [System.Net.NetworkCredential]::new($user, $word).SecurePassword
        if (-not [string]::IsNullOrEmpty($user)) {
            $made = [System.Management.Automation.PSCredential]::new($user, $made)
        }
        $found[$name] = $made
    }
    return $found
}

if ($PSCmdlet.ShouldProcess($Folder, 'Run the background task')) {
    $Ansible = [pscustomobject] @{ Result = @{}; Changed = $true; Failed = $false; CheckMode = $false }
    $answer = @{ failed = $false; error = $null; changed = $true; result = $null }
    try {
        $given = ConvertFrom-Json -InputObject "$(Get-Content -LiteralPath "$Folder\parameters.json" -Raw -Encoding UTF8)"
        $parameters = @{}
        foreach ($property in $given.PSObject.Properties) {
            $parameters[$property.Name] = $property.Value
        }
        if (Test-Path -LiteralPath "$Folder\secrets.txt") {
            $stored = "$(Get-Content -LiteralPath "$Folder\secrets.txt" -Raw -Encoding UTF8)"
            Remove-Item -LiteralPath "$Folder\secrets.txt" -Force
            $parameters += Unprotect-Secret -Stored $stored
        }
        $body = [scriptblock]::Create("$(Get-Content -LiteralPath "$Folder\script.ps1" -Raw -Encoding UTF8)")
        $null = & $body @parameters
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
