# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Invoke-Configurator {
    # Runs DRConfigurator. After the timeout it is stopped, and there is no exit code.
    param([string] $Path, [string] $Arguments, [int] $Seconds)

    if (-not (Test-Path -LiteralPath $Path)) {
        throw "The program '$Path' does not exist: install the Provider again."
    }
    # The arguments can hold a password, and module logging (event 4103) records the arguments of cmdlets.
    $process = New-Object -TypeName System.Diagnostics.Process
    $process.StartInfo.FileName = $Path
    $process.StartInfo.Arguments = $Arguments
    # As Start-Process does: the program gets a console of its own, and its output does not mix with the answer.
    $process.StartInfo.UseShellExecute = $true
    $null = $process.Start()
    # Windows PowerShell keeps the exit code only if the handle was read while the process ran.
    $null = $process.Handle
    if ($process.WaitForExit($Seconds * 1000)) {
        return [int] $process.ExitCode
    }
    $process.Kill()
    $null = $process.WaitForExit(10000)
    return $null
}
