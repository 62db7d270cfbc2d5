# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Initialize-ProtectedFolder {
    # Creates the folder for administrators and the system only. An existing folder must be protected in the same way: the
    # access of a folder of others is never changed, and no file is stored where others could read or replace it.
    param([string] $Path)

    if (Test-Path -LiteralPath $Path) {
        $sddl = (Get-Acl -LiteralPath $Path).Sddl
        if ($sddl -notmatch '^O:(BA|SY)G:[^:]+D:P(AI|AR)*(\(A;[A-Z]*;[A-Z0-9x]+;;;(BA|SY)\))+(S:.*)?$') {
            throw "The folder '$Path' is open to others than administrators: name one that does not exist yet, or restrict it to Administrators and SYSTEM."
        }
        return
    }
    # The folder is renamed after it is protected, so an interrupted run leaves no open folder that the next run rejects.
    $made = "$Path.siterecovery.hyperv-new"
    if (Test-Path -LiteralPath $made) {
        Remove-Item -LiteralPath $made -Force
    }
    New-Item -ItemType Directory -Path $made -Force | Out-Null
    $acl = Get-Acl -LiteralPath $made
    # SDDL names the two groups by well-known ids, which do not depend on the display language.
    $acl.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)', 'Owner, Group, Access')
    Set-Acl -LiteralPath $made -AclObject $acl
    Move-Item -LiteralPath $made -Destination $Path
}
