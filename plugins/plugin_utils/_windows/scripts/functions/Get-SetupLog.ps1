# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-SetupLog {
    # The last lines of the newest log of setup and registration, without the secret.
    param([string] $Secret)

    $folder = "$env:ProgramData\ASRLogs"
    if (-not (Test-Path -LiteralPath $folder)) {
        return
    }
    $log = @(Get-ChildItem -LiteralPath $folder -Filter 'DRASetupWizard*.log' -File | Sort-Object -Property LastWriteTimeUtc, Name)
    if ($log.Count -eq 0) {
        return
    }
    foreach ($line in @(Get-Content -LiteralPath $log[-1].FullName -Tail 40)) {
        if ([string]::IsNullOrEmpty($Secret)) {
            "$line"
        } else {
            # A log may contain the command line, in which quotes and backslashes of the secret are escaped.
            $escaped = ConvertTo-Argument -Value $Secret
            "$line".Replace($escaped.Substring(1, $escaped.Length - 2), '********').Replace($Secret, '********')
        }
    }
}
