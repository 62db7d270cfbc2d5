# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Protect-Secret {
    # Stores secret parameters in an encrypted file.
    param([string] $Path, [System.Security.SecureString] $Content)

    $protector = New-Protector
    $plain = (New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Content).Password
    $bytes = $protector.Protect([Text.Encoding]::UTF8.GetBytes($plain))
    Set-Content -LiteralPath $Path -Value ([Convert]::ToBase64String($bytes)) -Encoding UTF8 -NoNewline
}
