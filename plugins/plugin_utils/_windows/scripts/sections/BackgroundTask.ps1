# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-BackgroundTaskSection {
    # Tasks of start_background_task that were not cleaned up yet, or null if there are none.
    if (-not (Test-Path -LiteralPath "$StagingDir\work")) {
        return $null
    }
    $tasks = @(Get-ScheduledTask -TaskName 'siterecovery.hyperv-*')
    $found = @(
        foreach ($folder in @(Get-ChildItem -LiteralPath "$StagingDir\work" -Force)) {
            $observed = @{ name = "$($folder.Name)"; task = $null; task_result = $null; finished = (Test-Path -LiteralPath "$($folder.FullName)\result.json") }
            foreach ($task in $tasks) {
                if ($task.TaskName -eq "siterecovery.hyperv-$($folder.Name)") {
                    $observed.task = "$($task.State)"
                    $observed.task_result = [long] (Get-ScheduledTaskInfo -TaskName $task.TaskName).LastTaskResult
                }
            }
            $observed
        }
    )
    return , $found
}
