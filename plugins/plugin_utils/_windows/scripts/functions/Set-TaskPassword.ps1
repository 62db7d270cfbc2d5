# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

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
