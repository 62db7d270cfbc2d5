# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Initialize-ProtectedFolder {
    # Creates the folder for administrators and the system only. An existing folder must be protected in the same way: the
    # access of a folder of others is never changed, and no file is stored where others could read or replace it.
    param([string] $Path)

    if (-not (Test-Path -LiteralPath $Path)) {
        $security = New-Object -TypeName System.Security.AccessControl.DirectorySecurity
        # SDDL names the two groups by well-known ids, which do not depend on the display language.
        $security.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)')
        $folder = New-Object -TypeName System.IO.DirectoryInfo -ArgumentList $Path
        # The folder is born with its access: at no moment can others create a file in it. PowerShell 7 has another method.
        if ("$($folder.PSObject.Methods['Create'].OverloadDefinitions)" -match 'directorySecurity') {
            $folder.Create($security)
        } else {
            [System.IO.FileSystemAclExtensions]::Create($folder, $security)
        }
    }
    # A folder that others created meanwhile was not changed.
    Confirm-ProtectedFolder -Path $Path
}
