# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Invoke-Configurator {
    # Runs DRConfigurator. After the timeout it is stopped, and there is no exit code.
    param([string] $Path, [string] $Arguments, [int] $Seconds)

    $process = Start-Process -FilePath $Path -ArgumentList $Arguments -PassThru
    # Windows PowerShell keeps the exit code only if the handle was read while the process ran.
    $null = $process.Handle
    if ($process.WaitForExit($Seconds * 1000)) {
        return [int] $process.ExitCode
    }
    $process.Kill()
    $null = $process.WaitForExit(10000)
    return $null
}
