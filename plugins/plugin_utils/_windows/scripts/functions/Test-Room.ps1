# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Test-Room {
    # Whether the drive has space for the file and its unpacked content.
    param([string] $Path, [long] $Total, [long] $Present)

    $transfer.needed_bytes = [long] ($SpaceFactor * $Total - $Present)
    $drive = $Path.Substring(0, 2)
    foreach ($disk in @(Get-CimInstance -ClassName Win32_LogicalDisk -Filter "DeviceID='$drive'")) {
        $transfer.free_bytes = [long] $disk.FreeSpace
        return ($transfer.free_bytes -ge $transfer.needed_bytes)
    }
    # The free space of a share is unknown.
    return $true
}
