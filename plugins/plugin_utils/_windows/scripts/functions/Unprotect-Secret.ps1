# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Unprotect-Secret {
    # The secret parameters that Protect-Secret stored: one line for each, with its name, user name and secret in Base64.
    param([string] $Stored)

    $protector = New-Protector
    $bytes = $protector.Unprotect([Convert]::FromBase64String($Stored))
    $plain = [Text.Encoding]::UTF8.GetString($bytes)
    $found = @{}
    foreach ($line in $plain.Split([char] 10)) {
        # Without a pipeline, because module logging (event 4103) also records what a cmdlet receives from it.
        $words = $line.Split([char] 32)
        $name = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($words[0]))
        $user = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($words[1]))
        $word = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($words[2]))
        $made = [System.Net.NetworkCredential]::new($user, $word).SecurePassword
        if (-not [string]::IsNullOrEmpty($user)) {
            $made = [System.Management.Automation.PSCredential]::new($user, $made)
        }
        $found[$name] = $made
    }
    return $found
}
