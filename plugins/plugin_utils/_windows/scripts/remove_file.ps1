# siterecovery.hyperv script: remove_file
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes files and returns the removed ones.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string[]] $Paths
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem
$removed = @()

# siterecovery.hyperv functions: Remove-Present

foreach ($path in $Paths) {
    if ((Test-Path -LiteralPath $path -PathType Leaf) -and $PSCmdlet.ShouldProcess($path, 'Remove')) {
        Remove-Present -Path $path
        $Ansible.Changed = $true
        $removed += $path
    }
}
$Ansible.Result = @{ removed = @($removed) }
