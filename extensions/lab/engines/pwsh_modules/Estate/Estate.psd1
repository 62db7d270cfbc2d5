# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

@{
    RootModule = 'Estate.psm1'
    ModuleVersion = '0.1.0'
    GUID = '3f6e2f0f-3b0b-4d5e-9d0a-6c0d5a4b1e77'
    Author = 'siterecovery.hyperv contributors'
    Description = 'Windows commands imitated over the state of a machine of the embedded estate'
    PowerShellVersion = '7.4'
    # Named one by one: that is how a runspace finds this module when a script calls a command that Linux lacks.
    FunctionsToExport = @(
        'Copy-Item'
        'Get-Acl'
        'Get-AuthenticodeSignature'
        'Get-ChildItem'
        'Get-CimInstance'
        'Get-Content'
        'Get-FileHash'
        'Get-Item'
        'Get-OBMachineSetting'
        'Get-SCCloud'
        'Get-SCJob'
        'Get-SCRunAsAccount'
        'Get-SCVMHost'
        'Get-SCVMNetwork'
        'Get-SCVMMServer'
        'Get-ScheduledTask'
        'Get-ScheduledTaskInfo'
        'Get-Service'
        'Import-Module'
        'Invoke-CimMethod'
        'Invoke-EstateRequest'
        'Invoke-WebRequest'
        'Move-Item'
        'New-Item'
        'New-Object'
        'New-ScheduledTaskAction'
        'New-ScheduledTaskPrincipal'
        'New-ScheduledTaskSettingsSet'
        'Register-ScheduledTask'
        'Remove-Item'
        'Restart-Service'
        'Set-Acl'
        'Set-Content'
        'Set-OBMachineSetting'
        'Set-SCCloud'
        'Set-SCRunAsAccount'
        'Start-Process'
        'Start-ScheduledTask'
        'Start-Service'
        'Start-Sleep'
        'Stop-Service'
        'Test-Path'
        'Unregister-ScheduledTask'
    )
    CmdletsToExport = @()
    AliasesToExport = @()
    VariablesToExport = @()
}
