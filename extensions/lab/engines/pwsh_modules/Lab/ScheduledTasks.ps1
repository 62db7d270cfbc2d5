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

function New-ScheduleService {
    # The COM object of Task Scheduler, for a task that exists already.
    $call = ${function:Invoke-LabCall}
    $root = [pscustomobject] @{ Path = '\' }
    Add-Member -InputObject $root -MemberType ScriptMethod -Name GetTask -Value {
        param($Path)
        & $call -Call 'task.get' -Arguments @{ name = $Path } | Out-Null
        [pscustomobject] @{ Definition = [pscustomobject] @{ Principal = [pscustomobject] @{ LogonType = 2 } } }
    }.GetNewClosure()
    Add-Member -InputObject $root -MemberType ScriptMethod -Name RegisterTaskDefinition -Value {
        param($Path, $Definition, $Flags, $UserId, $Password, $LogonType)
        if ($Flags -ne 4 -or $LogonType -ne 1 -or $Definition.Principal.LogonType -ne 1) {
            throw 'The lab imitates RegisterTaskDefinition only for the update of a task with a password.'
        }
        $code = & $call -Call 'task.password' -Arguments @{ name = $Path; user = $UserId; password = $Password }
        if ($code -ne 0) {
            throw [System.Runtime.InteropServices.COMException]::new('The task was refused.', [int] ($code - 4294967296))
        }
        [pscustomobject] @{ Name = $Path }
    }.GetNewClosure()
    $service = [pscustomobject] @{ Connected = $false; Root = $root }
    Add-Member -InputObject $service -MemberType ScriptMethod -Name Connect -Value { $this.Connected = $true }
    Add-Member -InputObject $service -MemberType ScriptMethod -Name GetFolder -Value {
        param($Path)
        if (-not $this.Connected -or $Path -ne '\') {
            throw 'The lab imitates only the root folder, after Connect.'
        }
        $this.Root
    }
    return $service
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
