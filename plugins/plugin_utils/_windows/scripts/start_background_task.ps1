# siterecovery.hyperv script: start_background_task
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Starts a script of the collection as a scheduled task of the connecting user, which continues without this session. The
# task writes its answer to a folder that only administrators can open. Parameters are stored there; secret ones are
# encrypted, and the task removes them before it uses them. A task that another run has started is left alone.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Name,

    [Parameter(Mandatory = $true)]
    [string] $StagingDir,

    [Parameter(Mandatory = $true)]
    [string] $Script,

    [Parameter(Mandatory = $true)]
    [string] $Parameters,

    [Parameter(Mandatory = $true)]
    [string] $Runner,

    # Secret parameters of the script, in the form that Unprotect-Secret reads.
    [System.Security.SecureString] $SecretParameters,

    # The password of the connecting user, with which the task logs on. Without it, the task has no access to the network.
    [System.Security.SecureString] $LogonPassword
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

$process = Get-CimInstance -ClassName Win32_Process -Filter "ProcessId=$PID"
$owner = Invoke-CimMethod -InputObject $process -MethodName GetOwner -WhatIf:$false

# siterecovery.hyperv functions: Confirm-ProtectedFolder, Get-Output, Initialize-ProtectedFolder, New-Protector

function Protect-Secret {
    # Stores secret parameters in an encrypted file.
    param([string] $Path, [System.Security.SecureString] $Content)

    $protector = New-Protector
    $plain = (New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Content).Password
    $bytes = $protector.Protect([Text.Encoding]::UTF8.GetBytes($plain))
    Set-Content -LiteralPath $Path -Value ([Convert]::ToBase64String($bytes)) -Encoding UTF8 -NoNewline
}

function Set-TaskPassword {
    # Lets a task log on with the password of its user. The password is the argument of a method, because module logging
    # (event 4103) records the arguments of cmdlets.
    param([string] $Task, [string] $User, [System.Security.SecureString] $Password)

    $service = New-Object -ComObject Schedule.Service
    $service.Connect()
    $root = $service.GetFolder('\')
    $definition = $root.GetTask($Task).Definition
    # 1: TASK_LOGON_PASSWORD. 4: TASK_UPDATE.
    $definition.Principal.LogonType = 1
    $plain = (New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Password).Password
    try {
        $null = $root.RegisterTaskDefinition($Task, $definition, 4, $User, $plain, 1)
    } catch {
        $cause = $_.Exception
        while ($null -ne $cause.InnerException) {
            $cause = $cause.InnerException
        }
        throw ('Task Scheduler refused the password of the task (0x{0:X8}).' -f $cause.HResult)
    }
}

$folder = "$StagingDir\work\$Name"
$task = "siterecovery.hyperv-$Name"

if ((Get-SessionSid) -eq 'S-1-5-18') {
    throw 'This session runs as the system account, which must not run it: connect as, or become, a user who is a local administrator (and a VMM administrator on a VMM server).'
}
foreach ($known in @(Get-ScheduledTask -TaskName "$task*")) {
    if ($known.TaskName -eq $task -and -not (Test-Path -LiteralPath $folder)) {
        throw "The task '$task' exists without its folder '$folder': it was started with another staging_dir, or the folder was removed. Remove the task if it is not running."
    }
}
$free = -not (Test-Path -LiteralPath $folder)
$started = $false
if ($free -and $PSCmdlet.ShouldProcess($task, 'Start')) {
    Initialize-ProtectedFolder -Path $StagingDir
    $Ansible.Changed = $true
    try {
        # Without -Force, only one of two runs can make the folder.
        New-Item -ItemType Directory -Path $folder | Out-Null
    } catch {
        if (-not (Test-Path -LiteralPath $folder)) {
            throw
        }
        $free = $false
    }
}
if ($free -and $Ansible.Changed) {
    try {
        Set-Content -LiteralPath "$folder\script.ps1" -Value $Script -Encoding UTF8 -NoNewline
        Set-Content -LiteralPath "$folder\parameters.json" -Value $Parameters -Encoding UTF8 -NoNewline
        Set-Content -LiteralPath "$folder\run.ps1" -Value $Runner -Encoding UTF8 -NoNewline
        if ($null -ne $SecretParameters) {
            Protect-Secret -Path "$folder\secrets.txt" -Content $SecretParameters
        }
        # A command that reads the text, not -File: a policy on script files outranks -ExecutionPolicy and would stop the file.
        $quoted = [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($folder)
        $command = "& ([scriptblock]::Create((Get-Content -LiteralPath '{0}\run.ps1' -Raw -Encoding UTF8))) -Folder '{0}'" -f $quoted
        $arguments = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "{0}"' -f $command
        $action = New-ScheduledTaskAction -Execute "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe" -Argument $arguments
        # S4U: no password is stored, and no user must be logged on. 4 is the priority of an interactive program.
        $user = "$(Get-Output -Answer $owner -Name Domain)\$(Get-Output -Answer $owner -Name User)"
        $principal = New-ScheduledTaskPrincipal -UserId $user -LogonType S4U -RunLevel Highest
        $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -Priority 4
        Register-ScheduledTask -TaskName $task -Action $action -Principal $principal -Settings $settings -Description 'Background task of the Ansible collection siterecovery.hyperv, which removes it at the end.' | Out-Null
        if ($null -ne $LogonPassword) {
            Set-TaskPassword -Task $task -User $user -Password $LogonPassword
        }
        Start-ScheduledTask -TaskName $task
        $started = $true
    } catch {
        # The task does not run, so remove its files.
        foreach ($known in @(Get-ScheduledTask -TaskName "$task*")) {
            # The task may exist although its registration was reported as failed.
            if ($known.TaskName -eq $task) {
                Unregister-ScheduledTask -TaskName $task -Confirm:$false
            }
        }
        if (Test-Path -LiteralPath $folder) {
            Remove-Item -LiteralPath $folder -Recurse -Force
        }
        if ((Test-Path -LiteralPath "$StagingDir\work") -and @(Get-ChildItem -LiteralPath "$StagingDir\work" -Force).Count -eq 0) {
            Remove-Item -LiteralPath "$StagingDir\work" -Force
        }
        throw
    }
}
$Ansible.Result = @{ task = $task; folder = $folder; started = $started }
