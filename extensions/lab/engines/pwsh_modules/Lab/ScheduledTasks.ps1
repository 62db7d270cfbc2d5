# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Module ScheduledTasks.

function New-ScheduledTaskAction {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $Execute, [string] $Argument)

    [pscustomobject] @{ Execute = $Execute; Arguments = $Argument }
}

function New-ScheduledTaskPrincipal {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] [string] $UserId,
        [Parameter(Mandatory)] [ValidateSet('S4U')] [string] $LogonType,
        [Parameter(Mandatory)] [ValidateSet('Highest')] [string] $RunLevel
    )

    [pscustomobject] @{ UserId = $UserId; LogonType = $LogonType; RunLevel = $RunLevel }
}

function New-ScheduledTaskSettingsSet {
    [CmdletBinding()]
    param([switch] $AllowStartIfOnBatteries, [switch] $DontStopIfGoingOnBatteries, [int] $Priority = 7)

    [pscustomobject] @{ Priority = $Priority }
}

function Register-ScheduledTask {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] [string] $TaskName,
        [Parameter(Mandatory)] $Action,
        [Parameter(Mandatory)] $Principal,
        [Parameter(Mandatory)] $Settings,
        [string] $Description
    )

    $arguments = @{
        name = $TaskName
        user = $Principal.UserId
        logon_type = $Principal.LogonType
        run_level = $Principal.RunLevel
        program = $Action.Execute
        arguments = $Action.Arguments
    }
    Invoke-LabCall -Call 'task.register' -Arguments $arguments | Out-Null
    [pscustomobject] @{ TaskName = $TaskName; TaskPath = '\'; State = 'Ready' }
}

function Start-ScheduledTask {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $TaskName)

    Invoke-LabCall -Call 'task.start' -Arguments @{ name = $TaskName } | Out-Null
}

function Get-ScheduledTask {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $TaskName)

    foreach ($row in (Invoke-LabCall -Call 'task.get' -Arguments @{ name = $TaskName })) {
        [pscustomobject] @{ TaskName = $row.TaskName; TaskPath = '\'; State = $row.State }
    }
}

function Get-ScheduledTaskInfo {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $TaskName)

    foreach ($row in (Invoke-LabCall -Call 'task.get' -Arguments @{ name = $TaskName })) {
        [pscustomobject] @{ TaskName = $row.TaskName; TaskPath = '\'; LastTaskResult = [uint32] $row.LastTaskResult }
    }
}

function Unregister-ScheduledTask {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] [string] $TaskName)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'task.unregister' -Arguments @{ name = $TaskName } | Out-Null
    }
}
