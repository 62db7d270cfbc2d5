# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-CallFailure {
    # The kind of a failure as an error name of .NET, which does not depend on the language.
    param([Exception] $Problem)

    for ($cause = $Problem; $null -ne $cause; $cause = $cause.InnerException) {
        if ($cause -is [Net.WebException]) { return "$($cause.Status)" }
        if ($cause -is [Net.Sockets.SocketException]) { return "$($cause.SocketErrorCode)" }
        if ($cause -is [Security.Authentication.AuthenticationException]) { return 'AuthenticationFailure' }
        if ($cause -is [OperationCanceledException]) { return 'Timeout' }
    }
    return $Problem.GetType().Name
}
