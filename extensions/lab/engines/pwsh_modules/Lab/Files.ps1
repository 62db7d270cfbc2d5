# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Files, folders, certificates, access lists and file streams.

function New-FileObject {
    param([hashtable] $Row)

    $parts = @('0', '0', '0', '0')
    if ($null -ne $Row.Version) {
        $parts = @("$($Row.Version)".Split('.')) + $parts
    }
    $file = @{
        FullName = $Row.FullName
        Name = $Row.Name
        PSIsContainer = $Row.PSIsContainer
        Attributes = $(if ($Row.Link) { [System.IO.FileAttributes]::ReparsePoint } else { [System.IO.FileAttributes]::Normal })
        LastWriteTimeUtc = [System.DateTimeOffset]::Parse($Row.LastWriteTimeUtc, [cultureinfo]::InvariantCulture).UtcDateTime
        VersionInfo = [pscustomobject] @{
            FileVersion = $Row.Version
            ProductVersion = $Row.Version
            FileMajorPart = [int] $parts[0]
            FileMinorPart = [int] $parts[1]
            FileBuildPart = [int] $parts[2]
            FilePrivatePart = [int] $parts[3]
        }
    }
    if (-not $Row.PSIsContainer) {
        $file.Length = [long] $Row.Length
    }
    return [pscustomobject] $file
}

function Test-Path {
    [CmdletBinding(DefaultParameterSetName = 'Path')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Literal')] [string] $LiteralPath,
        [Parameter(Mandatory, ParameterSetName = 'Path', Position = 0)] [string] $Path,
        [string] $PathType
    )

    $target = "$LiteralPath$Path"
    if (-not (Test-LabPath -Path $target)) {
        return Microsoft.PowerShell.Management\Test-Path @PSBoundParameters
    }
    if (-not (Invoke-LabCall -Call 'file.exists' -Arguments @{ path = $target })) {
        return $false
    }
    if (-not $PathType -or $PathType -eq 'Any') {
        return $true
    }
    $folder = (Invoke-LabCall -Call 'file.item' -Arguments @{ path = $target }).PSIsContainer
    return ($folder -eq ($PathType -eq 'Container'))
}

function Get-Item {
    [CmdletBinding(DefaultParameterSetName = 'Path')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Literal')] [string] $LiteralPath,
        [Parameter(Mandatory, ParameterSetName = 'Path', Position = 0)] [string[]] $Path,
        [switch] $Force
    )

    if (-not (Test-LabPath -Path "$LiteralPath$Path")) {
        return Microsoft.PowerShell.Management\Get-Item @PSBoundParameters
    }
    New-FileObject -Row (Invoke-LabCall -Call 'file.item' -Arguments @{ path = "$LiteralPath$Path" })
}

function Get-ChildItem {
    [CmdletBinding(DefaultParameterSetName = 'Path')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Literal')] [string] $LiteralPath,
        [Parameter(ParameterSetName = 'Path', Position = 0)] [string[]] $Path,
        [string] $Filter,
        [switch] $File,
        [switch] $Force
    )

    $target = "$LiteralPath$Path"
    if ($target -like 'Cert:*') {
        foreach ($row in (Invoke-LabCall -Call 'certificate.list' -Arguments @{ store = $target.Split('\')[2] })) {
            $row.RawData = [Convert]::FromBase64String($row.RawData)
            [pscustomobject] $row
        }
        return
    }
    if (-not (Test-LabPath -Path $target)) {
        return Microsoft.PowerShell.Management\Get-ChildItem @PSBoundParameters
    }
    $rows = Invoke-LabCall -Call 'file.list' -Arguments @{ path = $target; filter = $Filter; files_only = [bool] $File }
    foreach ($row in $rows) {
        New-FileObject -Row $row
    }
}

function New-Item {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0)] [string[]] $Path,
        [string] $ItemType,
        [object] $Value,
        [switch] $Force
    )

    if (-not (Test-LabPath -Path "$Path")) {
        return Microsoft.PowerShell.Management\New-Item @PSBoundParameters
    }
    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        New-FileObject -Row (Invoke-LabCall -Call 'file.new' -Arguments @{ path = "$Path"; type = $ItemType; force = [bool] $Force })
    }
}

function Remove-Item {
    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'Path')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Literal')] [string] $LiteralPath,
        [Parameter(Mandatory, ParameterSetName = 'Path', Position = 0)] [string[]] $Path,
        [switch] $Recurse,
        [switch] $Force
    )

    if (-not (Test-LabPath -Path "$LiteralPath$Path")) {
        return Microsoft.PowerShell.Management\Remove-Item @PSBoundParameters
    }
    if ("$LiteralPath$Path" -like 'Cert:\LocalMachine\My\*') {
        if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
            Invoke-LabCall -Call 'certificate.remove' -Arguments @{ thumbprint = "$LiteralPath$Path".Split('\')[-1] } | Out-Null
        }
        return
    }
    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'file.remove' -Arguments @{ path = "$LiteralPath$Path"; recurse = [bool] $Recurse } | Out-Null
    }
}

function Copy-Item {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] [string] $LiteralPath, [Parameter(Mandatory)] [string] $Destination, [switch] $Force)

    if (-not (Test-LabPath -Path $LiteralPath)) {
        return Microsoft.PowerShell.Management\Copy-Item @PSBoundParameters
    }
    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'file.copy' -Arguments @{ source = $LiteralPath; target = $Destination } | Out-Null
    }
}

function Move-Item {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] [string] $LiteralPath, [Parameter(Mandatory)] [string] $Destination, [switch] $Force)

    if (-not (Test-LabPath -Path $LiteralPath)) {
        return Microsoft.PowerShell.Management\Move-Item @PSBoundParameters
    }
    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'file.move' -Arguments @{ source = $LiteralPath; target = $Destination } | Out-Null
    }
}

function Get-Content {
    [CmdletBinding(DefaultParameterSetName = 'Path')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Literal')] [string] $LiteralPath,
        [Parameter(Mandatory, ParameterSetName = 'Path', Position = 0)] [string[]] $Path,
        [int] $Tail = -1,
        [switch] $Raw,
        [object] $Encoding
    )

    $target = "$LiteralPath$Path"
    if (-not (Test-LabPath -Path $target)) {
        return Microsoft.PowerShell.Management\Get-Content @PSBoundParameters
    }
    $text = [System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String((Invoke-LabCall -Call 'file.read' -Arguments @{ path = $target })))
    if ($Raw) {
        return $text
    }
    $lines = @($text -split "`r?`n")
    if ($lines[-1] -eq '') {
        $lines = @($lines | Select-Object -SkipLast 1)
    }
    if ($Tail -ge 0) {
        $lines = @($lines | Select-Object -Last $Tail)
    }
    $lines
}

function Set-Content {
    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'Path')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Literal')] [string] $LiteralPath,
        [Parameter(Mandatory, ParameterSetName = 'Path', Position = 0)] [string[]] $Path,
        [Parameter(Mandatory)] [object[]] $Value,
        [object] $Encoding,
        [switch] $AsByteStream,
        [switch] $NoNewline
    )

    $target = "$LiteralPath$Path"
    if (-not (Test-LabPath -Path $target)) {
        return Microsoft.PowerShell.Management\Set-Content @PSBoundParameters
    }
    $bytes = $AsByteStream -or "$Encoding" -eq 'Byte'
    if (-not $bytes -and -not ("$Encoding" -eq 'UTF8' -and $NoNewline)) {
        throw 'The lab imitates Set-Content only for bytes, and for UTF8 without a line end.'
    }
    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        if ($bytes) {
            $content = [Convert]::ToBase64String([byte[]] $Value)
        } else {
            $content = [Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes(-join $Value))
        }
        Invoke-LabCall -Call 'file.write' -Arguments @{ path = $target; content = $content } | Out-Null
    }
}

function Get-FileHash {
    [CmdletBinding(DefaultParameterSetName = 'Path')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Literal')] [string] $LiteralPath,
        [Parameter(Mandatory, ParameterSetName = 'Path', Position = 0)] [string[]] $Path,
        [string] $Algorithm = 'SHA256'
    )

    $target = "$LiteralPath$Path"
    if (-not (Test-LabPath -Path $target)) {
        return Microsoft.PowerShell.Utility\Get-FileHash @PSBoundParameters
    }
    if ($Algorithm -ne 'SHA256') {
        throw 'The lab imitates Get-FileHash only for SHA256.'
    }
    [pscustomobject] @{ Algorithm = $Algorithm; Hash = Invoke-LabCall -Call 'file.hash' -Arguments @{ path = $target }; Path = $target }
}

function Get-AuthenticodeSignature {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $LiteralPath)

    $signature = Invoke-LabCall -Call 'file.signature' -Arguments @{ path = $LiteralPath }
    $certificate = $null
    if ($null -ne $signature.Subject) {
        $certificate = [pscustomobject] @{ Subject = $signature.Subject }
    }
    [pscustomobject] @{ Status = $signature.Status; SignerCertificate = $certificate; Path = $LiteralPath }
}

function Get-Acl {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $LiteralPath)

    $acl = [pscustomobject] @{ Path = $LiteralPath; Sddl = Invoke-LabCall -Call 'file.access' -Arguments @{ path = $LiteralPath } }
    Add-Member -InputObject $acl -MemberType ScriptMethod -Name SetSecurityDescriptorSddlForm -Value {
        param($SddlForm, $IncludeSections)
        $null = [System.Security.AccessControl.AccessControlSections] $IncludeSections
        $this.Sddl = $SddlForm
    }
    $acl
}

function Set-Acl {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] [string] $LiteralPath, [Parameter(Mandatory)] $AclObject)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'file.set_access' -Arguments @{ path = $LiteralPath; sddl = $AclObject.Sddl } | Out-Null
    }
}

class LabDataProtector {
    # A DpapiDataProtector of .NET Framework.
    [object] $Scope
    [scriptblock] $Call

    [byte[]] Protect([byte[]] $userData) {
        return $this.Answer('data.protect', $userData)
    }

    [byte[]] Unprotect([byte[]] $encryptedData) {
        return $this.Answer('data.unprotect', $encryptedData)
    }

    hidden [byte[]] Answer([string] $name, [byte[]] $data) {
        if ("$($this.Scope)" -ne 'LocalMachine') {
            throw 'The lab imitates only the protection by the machine.'
        }
        return [Convert]::FromBase64String((& $this.Call -Call $name -Arguments @{ data = [Convert]::ToBase64String($data) }))
    }
}

function New-DataProtector {
    $protector = [LabDataProtector]::new()
    $protector.Call = ${function:Invoke-LabCall}
    return $protector
}

class LabDirectory {
    # A DirectoryInfo of .NET Framework, whose method Create takes the access of the new folder.
    [string] $FullName
    [scriptblock] $Call

    [void] Create([object] $directorySecurity) {
        & $this.Call -Call 'file.new_folder' -Arguments @{ path = $this.FullName; sddl = $directorySecurity.Sddl } | Out-Null
    }
}

function New-DirectoryInfo {
    param([string] $Path)

    $folder = [LabDirectory]::new()
    $folder.FullName = $Path
    $folder.Call = ${function:Invoke-LabCall}
    return $folder
}

function New-DirectorySecurity {
    $security = [pscustomobject] @{ Sddl = $null }
    Add-Member -InputObject $security -MemberType ScriptMethod -Name SetSecurityDescriptorSddlForm -Value {
        param($SddlForm)
        $this.Sddl = $SddlForm
    }
    return $security
}

function New-FileStream {
    param([string] $Path, [string] $Mode)

    if ($Mode -eq 'Open') {
        $bytes = [Convert]::FromBase64String((Invoke-LabCall -Call 'file.open' -Arguments @{ path = $Path }))
        return [System.IO.MemoryStream]::new($bytes, $false)
    }
    if ($Mode -eq 'Create') {
        Invoke-LabCall -Call 'file.write' -Arguments @{ path = $Path; content = '' } | Out-Null
    } elseif ($Mode -ne 'Append') {
        throw 'The lab imitates file streams only for Open, Create and Append.'
    }
    $stream = [pscustomobject] @{ Name = $Path }
    Add-Member -InputObject $stream -MemberType ScriptMethod -Name Dispose -Value { }
    Add-Member -InputObject $stream -MemberType ScriptMethod -Name Write -Value {
        param($Buffer, $Offset, $Count)
        $content = [Convert]::ToBase64String($Buffer, $Offset, $Count)
        Invoke-LabCall -Call 'file.append' -Arguments @{ path = $this.Name; content = $content } | Out-Null
    }
    $stream
}
