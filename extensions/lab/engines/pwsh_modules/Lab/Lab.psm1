# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Windows commands that a PowerShell on Linux lacks, imitated over the state of a machine of the lab.
# Found by its exports as soon as a script calls one of them. The file commands shadow PowerShell's own for paths of the
# machine (C:\, \\server\, Cert:\) and hand everything else on. A parameter that no script uses is not imitated: it fails.
# The bridge: LAB_BRIDGE (host:port), LAB_TOKEN, LAB_MACHINE.

Set-StrictMode -Version 2.0

foreach ($pair in @{ ProgramData = 'C:\ProgramData'; ProgramFiles = 'C:\Program Files'; SystemRoot = 'C:\Windows' }.GetEnumerator()) {
    if (-not [Environment]::GetEnvironmentVariable($pair.Key)) {
        [Environment]::SetEnvironmentVariable($pair.Key, $pair.Value)
    }
}

$script:stream = $null
$script:reader = $null

# ---- the bridge ----

function Connect-Bridge {
    if ($null -ne $script:stream) {
        return
    }
    $address, $port = $env:LAB_BRIDGE.Split(':')
    $client = [System.Net.Sockets.TcpClient]::new($address, [int] $port)
    $client.NoDelay = $true
    $script:stream = $client.GetStream()
    $script:reader = [System.IO.StreamReader]::new($script:stream, [System.Text.UTF8Encoding]::new($false))
    $ExecutionContext.SessionState.Module.OnRemove = { if ($null -ne $script:stream) { $script:stream.Dispose() } }
}

function ConvertFrom-Element {
    # ConvertFrom-Json would make dates of texts that look like one.
    param([System.Text.Json.JsonElement] $Element)

    switch ($Element.ValueKind.ToString()) {
        'Object' {
            $table = @{}
            foreach ($property in $Element.EnumerateObject()) {
                $table[$property.Name] = ConvertFrom-Element -Element $property.Value
            }
            return $table
        }
        'Array' {
            $items = @(foreach ($item in $Element.EnumerateArray()) { , (ConvertFrom-Element -Element $item) })
            return , $items
        }
        'String' { return $Element.GetString() }
        'Number' { return $Element.GetInt64() }
        'True' { return $true }
        'False' { return $false }
    }
    return $null
}

function New-Failure {
    # The error as the imitated command throws it; a type that is not here becomes an InvalidOperationException.
    param([string] $Type, [string] $Message)

    $exception = $null
    $known = $Type -as [type]
    if ($null -ne $known) {
        try { $exception = [Activator]::CreateInstance($known, [object[]] @($Message)) } catch { $exception = $null }
    }
    if ($null -eq $exception) {
        $exception = [System.InvalidOperationException]::new($Message)
    }
    return [System.Management.Automation.ErrorRecord]::new($exception, 'Lab', 'NotSpecified', $null)
}

function Invoke-Bridge {
    param([string] $Call, [hashtable] $Arguments = @{})

    Connect-Bridge
    $request = @{ token = $env:LAB_TOKEN; machine = $env:LAB_MACHINE; call = $Call; args = $Arguments }
    $text = ConvertTo-Json -InputObject $request -Depth 12 -Compress
    $bytes = [System.Text.Encoding]::UTF8.GetBytes($text + "`n")
    $script:stream.Write($bytes, 0, $bytes.Length)
    $line = $script:reader.ReadLine()
    if ($null -eq $line) {
        throw "The lab's bridge is gone."
    }
    $document = [System.Text.Json.JsonDocument]::Parse($line)
    try {
        $answer = ConvertFrom-Element -Element $document.RootElement
    } finally {
        $document.Dispose()
    }
    if (-not $answer.ok) {
        throw (New-Failure -Type $answer.error.type -Message $answer.error.message)
    }
    if ($answer.value -is [array]) {
        return , $answer.value
    }
    return $answer.value
}

function Confirm-Action {
    # A module's function does not inherit the caller's $WhatIfPreference as a cmdlet does: it has to be asked for.
    param($Cmdlet, [hashtable] $Bound)

    if ($Bound.ContainsKey('WhatIf')) {
        return -not $Bound['WhatIf']
    }
    return -not [bool] $Cmdlet.SessionState.PSVariable.GetValue('WhatIfPreference')
}

function Test-LabPath {
    param([string] $Path)

    return $Path -match '^([A-Za-z]:|\\\\|Cert:)'
}

function ConvertTo-PlainText {
    param([System.Security.SecureString] $Secret)

    return [System.Net.NetworkCredential]::new('', $Secret).Password
}

# ---- WMI ----

function Get-CimInstance {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string] $ClassName, [string] $Namespace = 'root/cimv2', [string] $Filter)

    foreach ($row in (Invoke-Bridge -Call 'cim.instances' -Arguments @{ class = $ClassName; namespace = $Namespace; filter = $Filter })) {
        if ($row.ContainsKey('LocalDateTime')) {
            $row.LocalDateTime = [System.DateTimeOffset]::Parse($row.LocalDateTime, [cultureinfo]::InvariantCulture).LocalDateTime
        }
        $instance = [pscustomobject] $row
        $instance.PSObject.TypeNames.Insert(0, "Microsoft.Management.Infrastructure.CimInstance#$Namespace/$ClassName")
        Add-Member -InputObject $instance -MemberType NoteProperty -Name CimClass -Value ([pscustomobject] @{ CimClassName = $ClassName })
        $instance
    }
}

function Invoke-CimMethod {
    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'Class')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'Class')] [string] $ClassName,
        [Parameter(ParameterSetName = 'Class')] [string] $Namespace = 'root/cimv2',
        [Parameter(Mandatory, ParameterSetName = 'Instance')] $InputObject,
        [Parameter(Mandatory)] [string] $MethodName,
        [System.Collections.IDictionary] $Arguments = @{}
    )

    if (-not (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters)) {
        return
    }
    $key = $null
    if ($PSCmdlet.ParameterSetName -eq 'Instance') {
        $ClassName = $InputObject.CimClass.CimClassName
        if ($null -ne $InputObject.PSObject.Properties['ProcessId']) {
            $key = $InputObject.ProcessId
        }
    }
    [pscustomobject] (Invoke-Bridge -Call 'cim.method' -Arguments @{ class = $ClassName; method = $MethodName; arguments = @{} + $Arguments; key = $key })
}

# ---- services ----

function Get-Service {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string] $Name)

    [pscustomobject] (Invoke-Bridge -Call 'service.get' -Arguments @{ name = $Name })
}

function Start-Service {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'service.start' -Arguments @{ name = $Name } | Out-Null
    }
}

function Stop-Service {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name, [switch] $Force)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'service.stop' -Arguments @{ name = $Name } | Out-Null
    }
}

function Restart-Service {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name, [switch] $Force)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'service.restart' -Arguments @{ name = $Name } | Out-Null
    }
}

# ---- module FailoverClusters ----

function New-ClusterResourceObject {
    param([hashtable] $Row)

    return [pscustomobject] @{
        Name = $Row.Name
        State = $Row.State
        ResourceType = [pscustomobject] @{ Name = $Row.ResourceType }
        OwnerGroup = [pscustomobject] @{ Name = $Row.OwnerGroup }
        OwnerNode = [pscustomobject] @{ Name = $Row.OwnerNode }
        LabParameters = $Row.Parameters
    }
}

function Get-ClusterNode {
    [CmdletBinding()]
    param()

    foreach ($row in (Invoke-Bridge -Call 'cluster.nodes')) {
        [pscustomobject] $row
    }
}

function Get-ClusterResource {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string] $Name)

    foreach ($row in (Invoke-Bridge -Call 'cluster.resources' -Arguments @{ name = $Name })) {
        New-ClusterResourceObject -Row $row
    }
}

function Get-ClusterParameter {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $InputObject)

    foreach ($pair in $InputObject.LabParameters.GetEnumerator()) {
        [pscustomobject] @{ Name = $pair.Key; Value = $pair.Value }
    }
}

function Get-ClusterGroup {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string] $Name)

    foreach ($row in (Invoke-Bridge -Call 'cluster.groups' -Arguments @{ name = $Name })) {
        [pscustomobject] @{ Name = $row.Name; State = $row.State; OwnerNode = [pscustomobject] @{ Name = $row.OwnerNode } }
    }
}

function Stop-ClusterResource {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'cluster.stop' -Arguments @{ name = $Name } | Out-Null
        Get-ClusterResource -Name $Name
    }
}

function Start-ClusterResource {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'cluster.start' -Arguments @{ name = $Name } | Out-Null
        Get-ClusterResource -Name $Name
    }
}

function Move-ClusterGroup {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name, [Parameter(Mandatory)] [string] $Node)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'cluster.move' -Arguments @{ name = $Name; node = $Node } | Out-Null
        Get-ClusterGroup -Name $Name
    }
}

# ---- processes and time ----

function Start-Process {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $FilePath, [string[]] $ArgumentList, [switch] $Wait, [switch] $PassThru)

    if (-not (Test-LabPath -Path $FilePath)) {
        return Microsoft.PowerShell.Management\Start-Process @PSBoundParameters
    }
    if (-not (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters)) {
        return
    }
    if (-not $Wait) {
        # The program runs when it is waited for: nobody can see the difference.
        Invoke-Bridge -Call 'process.need' -Arguments @{ path = $FilePath } | Out-Null
        $process = [pscustomobject] @{ ExitCode = $null; HasExited = $false; Path = $FilePath; Arguments = $ArgumentList -join ' '; Handle = 1 }
        $bridge = ${function:Invoke-Bridge}
        Add-Member -InputObject $process -MemberType ScriptMethod -Name WaitForExit -Value {
            param($Milliseconds)
            if (-not $this.HasExited) {
                $this.ExitCode = & $bridge -Call 'process.run_for' -Arguments @{ path = $this.Path; arguments = $this.Arguments; seconds = $Milliseconds / 1000 }
                $this.HasExited = $null -ne $this.ExitCode
            }
            return $this.HasExited
        }.GetNewClosure()
        Add-Member -InputObject $process -MemberType ScriptMethod -Name Kill -Value {
            & $bridge -Call 'process.kill' -Arguments @{ path = $this.Path } | Out-Null
            $this.HasExited = $true
        }.GetNewClosure()
        return $process
    }
    $code = Invoke-Bridge -Call 'process.start' -Arguments @{ path = $FilePath; arguments = $ArgumentList -join ' ' }
    if ($PassThru) {
        [pscustomobject] @{ ExitCode = [int] $code; HasExited = $true; Path = $FilePath }
    }
}

function Start-Sleep {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [double] $Seconds)

    Invoke-Bridge -Call 'time.sleep' -Arguments @{ seconds = $Seconds } | Out-Null
}

# ---- scheduled tasks ----

function New-ScheduledTaskAction {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $Execute, [string] $Argument)

    [pscustomobject] @{ Execute = $Execute; Arguments = $Argument }
}

function New-ScheduledTaskPrincipal {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] [string] $UserId,
        [Parameter(Mandatory)] [ValidateSet('S4U')] [string] $LogonType,
        [Parameter(Mandatory)] [ValidateSet('Highest')] [string] $RunLevel
    )

    [pscustomobject] @{ UserId = $UserId; LogonType = $LogonType; RunLevel = $RunLevel }
}

function New-ScheduledTaskSettingsSet {
    [CmdletBinding()]
    param([switch] $AllowStartIfOnBatteries, [switch] $DontStopIfGoingOnBatteries, [int] $Priority = 7)

    [pscustomobject] @{ Priority = $Priority }
}

function Register-ScheduledTask {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] [string] $TaskName,
        [Parameter(Mandatory)] $Action,
        [Parameter(Mandatory)] $Principal,
        [Parameter(Mandatory)] $Settings,
        [string] $Description
    )

    $arguments = @{
        name = $TaskName
        user = $Principal.UserId
        logon_type = $Principal.LogonType
        run_level = $Principal.RunLevel
        program = $Action.Execute
        arguments = $Action.Arguments
    }
    Invoke-Bridge -Call 'task.register' -Arguments $arguments | Out-Null
    [pscustomobject] @{ TaskName = $TaskName; TaskPath = '\'; State = 'Ready' }
}

function Start-ScheduledTask {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $TaskName)

    Invoke-Bridge -Call 'task.start' -Arguments @{ name = $TaskName } | Out-Null
}

function Get-ScheduledTask {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $TaskName)

    foreach ($row in (Invoke-Bridge -Call 'task.get' -Arguments @{ name = $TaskName })) {
        [pscustomobject] @{ TaskName = $row.TaskName; TaskPath = '\'; State = $row.State }
    }
}

function Get-ScheduledTaskInfo {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $TaskName)

    foreach ($row in (Invoke-Bridge -Call 'task.get' -Arguments @{ name = $TaskName })) {
        [pscustomobject] @{ TaskName = $row.TaskName; TaskPath = '\'; LastTaskResult = [uint32] $row.LastTaskResult }
    }
}

function Unregister-ScheduledTask {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] [string] $TaskName)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'task.unregister' -Arguments @{ name = $TaskName } | Out-Null
    }
}

# ---- objects of Windows ----

function New-Object {
    [CmdletBinding(DefaultParameterSetName = 'Net')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Net')] [string] $TypeName,
        [Parameter(Position = 1, ParameterSetName = 'Net')] [object[]] $ArgumentList,
        [Parameter(ParameterSetName = 'Net')] [System.Collections.IDictionary] $Property,
        [Parameter(Mandatory, ParameterSetName = 'Com')] [string] $ComObject
    )

    if ($PSCmdlet.ParameterSetName -eq 'Net') {
        if ($TypeName -eq 'System.IO.FileStream' -and (Test-LabPath -Path "$($ArgumentList[0])")) {
            return New-FileStream -Path "$($ArgumentList[0])" -Mode "$($ArgumentList[1])"
        }
        return Microsoft.PowerShell.Utility\New-Object @PSBoundParameters
    }
    if ($ComObject -ne 'Microsoft.Update.ServiceManager') {
        throw "The lab imitates no object '$ComObject'."
    }
    # The Windows Update Agent: the services that it knows, Microsoft Update among them once somebody opted in.
    $manager = [pscustomobject] @{ }
    Add-Member -InputObject $manager -MemberType ScriptProperty -Name Services -Value {
        [pscustomobject] @{ ServiceID = '9482f4b4-e343-43b6-b170-9a65bc822c77'; Name = 'Windows Update'; IsRegisteredWithAU = $false }
        if (Invoke-Bridge -Call 'updates.microsoft') {
            [pscustomobject] @{ ServiceID = '7971f918-a847-4430-9279-4a52d1efe18d'; Name = 'Microsoft Update'; IsRegisteredWithAU = $true }
        }
    }
    Add-Member -InputObject $manager -MemberType ScriptMethod -Name AddService2 -Value {
        param($ServiceId, $Flags, $AuthorizationCabPath)
        Invoke-Bridge -Call 'updates.opt_in' -Arguments @{ value = $true } | Out-Null
        [pscustomobject] @{ RegistrationState = 3 }
    }
    Add-Member -InputObject $manager -MemberType ScriptMethod -Name RemoveService -Value {
        param($ServiceId)
        Invoke-Bridge -Call 'updates.opt_in' -Arguments @{ value = $false } | Out-Null
    }
    return $manager
}

# ---- files ----

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
    if (-not (Invoke-Bridge -Call 'file.exists' -Arguments @{ path = $target })) {
        return $false
    }
    if (-not $PathType -or $PathType -eq 'Any') {
        return $true
    }
    $folder = (Invoke-Bridge -Call 'file.item' -Arguments @{ path = $target }).PSIsContainer
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
    New-FileObject -Row (Invoke-Bridge -Call 'file.item' -Arguments @{ path = "$LiteralPath$Path" })
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
        foreach ($row in (Invoke-Bridge -Call 'certificate.list')) {
            [pscustomobject] $row
        }
        return
    }
    if (-not (Test-LabPath -Path $target)) {
        return Microsoft.PowerShell.Management\Get-ChildItem @PSBoundParameters
    }
    $rows = Invoke-Bridge -Call 'file.list' -Arguments @{ path = $target; filter = $Filter; files_only = [bool] $File }
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
        New-FileObject -Row (Invoke-Bridge -Call 'file.new' -Arguments @{ path = "$Path"; type = $ItemType; force = [bool] $Force })
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
            Invoke-Bridge -Call 'certificate.remove' -Arguments @{ thumbprint = "$LiteralPath$Path".Split('\')[-1] } | Out-Null
        }
        return
    }
    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'file.remove' -Arguments @{ path = "$LiteralPath$Path"; recurse = [bool] $Recurse } | Out-Null
    }
}

function Copy-Item {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] [string] $LiteralPath, [Parameter(Mandatory)] [string] $Destination, [switch] $Force)

    if (-not (Test-LabPath -Path $LiteralPath)) {
        return Microsoft.PowerShell.Management\Copy-Item @PSBoundParameters
    }
    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'file.copy' -Arguments @{ source = $LiteralPath; target = $Destination } | Out-Null
    }
}

function Move-Item {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] [string] $LiteralPath, [Parameter(Mandatory)] [string] $Destination, [switch] $Force)

    if (-not (Test-LabPath -Path $LiteralPath)) {
        return Microsoft.PowerShell.Management\Move-Item @PSBoundParameters
    }
    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-Bridge -Call 'file.move' -Arguments @{ source = $LiteralPath; target = $Destination } | Out-Null
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
    $text = [System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String((Invoke-Bridge -Call 'file.read' -Arguments @{ path = $target })))
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
        Invoke-Bridge -Call 'file.write' -Arguments @{ path = $target; content = $content } | Out-Null
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
    [pscustomobject] @{ Algorithm = $Algorithm; Hash = Invoke-Bridge -Call 'file.hash' -Arguments @{ path = $target }; Path = $target }
}

function Get-AuthenticodeSignature {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $LiteralPath)

    $signature = Invoke-Bridge -Call 'file.signature' -Arguments @{ path = $LiteralPath }
    $certificate = $null
    if ($null -ne $signature.Subject) {
        $certificate = [pscustomobject] @{ Subject = $signature.Subject }
    }
    [pscustomobject] @{ Status = $signature.Status; SignerCertificate = $certificate; Path = $LiteralPath }
}

function Get-Acl {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [string] $LiteralPath)

    $acl = [pscustomobject] @{ Path = $LiteralPath; Sddl = Invoke-Bridge -Call 'file.access' -Arguments @{ path = $LiteralPath } }
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
        Invoke-Bridge -Call 'file.set_access' -Arguments @{ path = $LiteralPath; sddl = $AclObject.Sddl } | Out-Null
    }
}

class LabWebResponse : System.Net.WebResponse {
    # What a failed request leaves in the exception, as far as scripts read it.
    [int] $StatusCode
    [string] $Method
    [hashtable] $Headers
}

function Invoke-WebRequest {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] [string] $Uri,
        [string] $OutFile,
        [string] $Method = 'Get',
        [string] $Proxy,
        [System.Management.Automation.PSCredential] $ProxyCredential,
        [int] $TimeoutSec,
        [int] $MaximumRedirection,
        [switch] $UseBasicParsing
    )

    if ($OutFile) {
        Invoke-Bridge -Call 'web.download' -Arguments @{ url = $Uri; target = $OutFile } | Out-Null
        return
    }
    if ($Method -ne 'Head') {
        throw 'The lab imitates Invoke-WebRequest only with -OutFile or -Method Head.'
    }
    $request = @{ url = $Uri; proxy = $Proxy }
    if ($null -ne $ProxyCredential) {
        $request.username = $ProxyCredential.UserName
        $request.password = $ProxyCredential.GetNetworkCredential().Password
    }
    $answer = Invoke-Bridge -Call 'web.head' -Arguments $request
    if ($null -eq $answer.error) {
        return [pscustomobject] @{ StatusCode = $answer.status; Headers = @{ Date = $answer.date } }
    }
    # Windows PowerShell makes an exception of every answer of 400 and more, and of none at all.
    $response = $null
    if ($null -ne $answer.status) {
        $response = [LabWebResponse]::new()
        $response.StatusCode = $answer.status
        $response.Method = $answer.method
        $response.Headers = @{ Date = $answer.date }
    }
    $cause = [System.Net.WebException]::new($answer.error, $null, [System.Net.WebExceptionStatus] $answer.failure, $response)
    $PSCmdlet.ThrowTerminatingError([System.Management.Automation.ErrorRecord]::new($cause, 'Lab', 'InvalidOperation', $Uri))
}

function Import-Module {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string[]] $Name, [switch] $Force, [switch] $PassThru)

    if (-not (Test-LabPath -Path "$Name")) {
        return Microsoft.PowerShell.Core\Import-Module @PSBoundParameters -Global
    }
    Invoke-Bridge -Call 'module.import' -Arguments @{ path = "$Name" } | Out-Null
}

# ---- streams and web requests: what scripts make with New-Object and [Net.WebRequest] ----

function New-FileStream {
    param([string] $Path, [string] $Mode)

    if ($Mode -eq 'Open') {
        $bytes = [Convert]::FromBase64String((Invoke-Bridge -Call 'file.open' -Arguments @{ path = $Path }))
        return [System.IO.MemoryStream]::new($bytes, $false)
    }
    if ($Mode -eq 'Create') {
        Invoke-Bridge -Call 'file.write' -Arguments @{ path = $Path; content = '' } | Out-Null
    } elseif ($Mode -ne 'Append') {
        throw 'The lab imitates file streams only for Open, Create and Append.'
    }
    $stream = [pscustomobject] @{ Name = $Path }
    Add-Member -InputObject $stream -MemberType ScriptMethod -Name Dispose -Value { }
    Add-Member -InputObject $stream -MemberType ScriptMethod -Name Write -Value {
        param($Buffer, $Offset, $Count)
        $content = [Convert]::ToBase64String($Buffer, $Offset, $Count)
        Invoke-Bridge -Call 'file.append' -Arguments @{ path = $this.Name; content = $content } | Out-Null
    }
    $stream
}

function Invoke-LabRequest {
    # What a request gets; called by the classes below, which belong to no runspace.
    param([hashtable] $Request)

    Invoke-Bridge -Call 'web.ask' -Arguments $Request
}

[NoRunspaceAffinity()]
class LabBody : System.IO.MemoryStream {
    # A response's content; a connection that breaks says so when the rest is read.
    [bool] $Breaks

    LabBody([byte[]] $Bytes) : base($Bytes, $false) { }

    [int] Read([byte[]] $Buffer, [int] $Offset, [int] $Count) {
        $read = ([System.IO.MemoryStream] $this).Read($Buffer, $Offset, $Count)
        if ($read -eq 0 -and $this.Breaks) {
            throw [System.IO.IOException]::new('Unable to read data from the transport connection: The connection was closed.')
        }
        return $read
    }
}

[NoRunspaceAffinity()]
class LabHttpResponse : System.Net.WebResponse {
    [int] $StatusCode
    hidden [System.Net.WebHeaderCollection] $Fields = [System.Net.WebHeaderCollection]::new()
    hidden [LabBody] $Body

    [System.Net.WebHeaderCollection] get_Headers() { return $this.Fields }
    [long] get_ContentLength() {
        $length = $this.Fields['Content-Length']
        if ($null -eq $length) { return -1 }
        return [long] $length
    }
    [System.IO.Stream] GetResponseStream() { return $this.Body }
    [void] Close() { }
}

[NoRunspaceAffinity()]
class LabHttpRequest : System.Net.WebRequest {
    [bool] $AllowAutoRedirect = $true
    [int] $ReadWriteTimeout
    hidden [uri] $Target
    hidden [long] $From
    hidden [System.Net.WebHeaderCollection] $Fields = [System.Net.WebHeaderCollection]::new()
    hidden [System.Net.IWebProxy] $Way = [System.Net.WebRequest]::GetSystemWebProxy()
    hidden [int] $Patience

    [System.Net.WebHeaderCollection] get_Headers() { return $this.Fields }
    [System.Net.IWebProxy] get_Proxy() { return $this.Way }
    [void] set_Proxy([System.Net.IWebProxy] $Value) { $this.Way = $Value }
    [int] get_Timeout() { return $this.Patience }
    [void] set_Timeout([int] $Value) { $this.Patience = $Value }
    [void] AddRange([long] $Start) { $this.From = $Start }

    [System.Net.WebResponse] GetResponse() {
        if ($this.AllowAutoRedirect) {
            throw 'The lab imitates web requests only without redirections.'
        }
        $wish = @{ url = $this.Target.AbsoluteUri; offset = $this.From; validator = "$($this.Fields['If-Range'])"; mode = 'system' }
        if ($null -eq $this.Way) {
            $wish.mode = 'direct'
        } else {
            if ($this.Way -is [System.Net.WebProxy]) {
                $wish.mode = 'custom'
                $wish.proxy = $this.Way.Address.Authority
            }
            $login = $this.Way.Credentials
            if ($login -is [System.Net.NetworkCredential] -and $login.UserName) {
                $wish.username = $(if ($login.Domain) { "$($login.Domain)\$($login.UserName)" } else { $login.UserName })
                $wish.password = $login.Password
            }
        }
        $answer = Invoke-LabRequest -Request $wish
        if ($null -ne $answer.reason) {
            throw [System.Net.WebException]::new($answer.error, $null, [System.Net.WebExceptionStatus] $answer.reason, $null)
        }
        $response = [LabHttpResponse]::new()
        $response.StatusCode = [int] $answer.status
        foreach ($name in $answer.headers.Keys) {
            $response.Fields.Add($name, $answer.headers[$name])
        }
        $response.Body = [LabBody]::new([Convert]::FromBase64String($answer.content))
        $response.Body.Breaks = $answer.breaks
        if ($null -ne $answer.error) {
            throw [System.Net.WebException]::new($answer.error, $null, [System.Net.WebExceptionStatus]::ProtocolError, $response)
        }
        return $response
    }
}

[NoRunspaceAffinity()]
class LabRequests : System.Net.IWebRequestCreate {
    [System.Net.WebRequest] Create([uri] $Address) {
        $request = [LabHttpRequest]::new()
        $request.Target = $Address
        return $request
    }
}

# Once in a process: the answer to a second time is that it is known.
$null = [System.Net.WebRequest]::RegisterPrefix('https://', [LabRequests]::new())

# ---- module virtualmachinemanager ----

function New-HostGroupObject {
    param([hashtable] $Row)

    return [pscustomobject] @{
        ID = [guid] $Row.ID
        Name = $Row.Name
        Path = $Row.Path
        ChildHostGroups = @(foreach ($child in $Row.ChildHostGroups) { New-HostGroupObject -Row $child })
    }
}

function Get-SCVMMServer {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string] $ComputerName)

    [pscustomobject] (Invoke-Bridge -Call 'vmm.server' -Arguments @{ name = $ComputerName })
}

function Get-SCCloud {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer, [string] $ID)

    foreach ($row in (Invoke-Bridge -Call 'vmm.clouds' -Arguments @{ id = $ID })) {
        [pscustomobject] @{
            ID = [guid] $row.ID
            Name = $row.Name
            DisasterRecoverySupported = $row.DisasterRecoverySupported
            CapabilityProfiles = @(foreach ($name in $row.CapabilityProfiles) { [pscustomobject] @{ Name = $name } })
            HostGroup = @(foreach ($group in $row.HostGroup) { New-HostGroupObject -Row $group })
        }
    }
}

function Set-SCCloud {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $Cloud)

    dynamicparam {
        # Not every release of VMM has this parameter.
        $parameters = [System.Management.Automation.RuntimeDefinedParameterDictionary]::new()
        if (Invoke-Bridge -Call 'vmm.flag_supported') {
            $attributes = [System.Collections.ObjectModel.Collection[System.Attribute]]::new()
            $attributes.Add([System.Management.Automation.ParameterAttribute]::new())
            $name = 'DisasterRecoverySupported'
            $parameters.Add($name, [System.Management.Automation.RuntimeDefinedParameter]::new($name, [bool], $attributes))
        }
        return $parameters
    }
    end {
        if ($PSBoundParameters.ContainsKey('DisasterRecoverySupported')) {
            $value = $PSBoundParameters['DisasterRecoverySupported']
            Invoke-Bridge -Call 'vmm.publish' -Arguments @{ id = "$($Cloud.ID)"; value = $value } | Out-Null
        }
        $Cloud
    }
}

function Get-SCVMHost {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-Bridge -Call 'vmm.hosts')) {
        $cluster = $null
        if ($null -ne $row.HostCluster) {
            $cluster = [pscustomobject] @{ ID = [guid] $row.HostCluster.ID; Name = $row.HostCluster.Name }
        }
        # Inferred: a host without an agent is no managed computer.
        $computer = $null
        if ($null -ne $row.AgentVersion) {
            $computer = [pscustomobject] @{ Name = $row.FQDN; AgentVersion = $row.AgentVersion }
        }
        $system = $null
        if ($null -ne $row.OperatingSystem) {
            $system = [pscustomobject] @{ Name = $row.OperatingSystem }
        }
        [pscustomobject] @{
            ID = [guid] $row.ID
            FQDN = $row.FQDN
            VirtualizationPlatform = $row.VirtualizationPlatform
            VMHostGroup = [pscustomobject] @{ ID = [guid] $row.VMHostGroup.ID; Name = $row.VMHostGroup.Name; Path = $row.VMHostGroup.Path }
            HostCluster = $cluster
            OverallState = $row.OverallState
            CommunicationState = $row.CommunicationState
            MaintenanceHost = $row.MaintenanceHost
            ManagedComputer = $computer
            OperatingSystem = $system
        }
    }
}

function Get-SCVMHostGroup {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-Bridge -Call 'vmm.host_groups')) {
        $parent = $null
        if ($null -ne $row.Parent) {
            $parent = [pscustomobject] @{ ID = [guid] $row.Parent }
        }
        [pscustomobject] @{ ID = [guid] $row.ID; Name = $row.Name; Path = $row.Path; ParentHostGroup = $parent }
    }
}

function Get-SCVMHostCluster {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-Bridge -Call 'vmm.host_clusters')) {
        [pscustomobject] @{ ID = [guid] $row.ID; Name = $row.Name; ClusterName = $row.ClusterName }
    }
}

function Get-SCVMNetwork {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-Bridge -Call 'vmm.networks')) {
        $logical = $null
        if ($null -ne $row.LogicalNetwork) {
            $logical = [pscustomobject] @{ Name = $row.LogicalNetwork }
        }
        [pscustomobject] @{ Name = $row.Name; LogicalNetwork = $logical }
    }
}

function Get-SCJob {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer, [switch] $Running)

    if (-not $Running) {
        throw 'The lab imitates Get-SCJob only with -Running.'
    }
    foreach ($row in (Invoke-Bridge -Call 'vmm.jobs')) {
        [pscustomobject] $row
    }
}

function Get-SCRunAsAccount {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $VMMServer)

    foreach ($row in (Invoke-Bridge -Call 'vmm.run_as')) {
        [pscustomobject] $row
    }
}

function Set-SCRunAsAccount {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] $RunAsAccount,
        [Parameter(Mandatory)] [System.Management.Automation.PSCredential] $Credential,
        [switch] $NoValidation
    )

    $login = $Credential.GetNetworkCredential()
    $arguments = @{ name = $RunAsAccount.Name; username = $Credential.UserName; password = $login.Password }
    Invoke-Bridge -Call 'vmm.set_run_as' -Arguments $arguments | Out-Null
    $RunAsAccount
}

# ---- module MSOnlineBackup ----

function Get-OBMachineSetting {
    [CmdletBinding()]
    param()

    $row = Invoke-Bridge -Call 'agent.setting'
    $setting = [pscustomobject] @{ ProxySetting = $null }
    if ($row.ContainsKey('Throttle')) {
        $found = $row.Throttle
        $row.Remove('Throttle')
        $throttle = [pscustomobject] @{
            Enabled = $found.enabled
            WorkDay = [System.DayOfWeek[]] @($found.days)
            StartWorkHour = [TimeSpan]::Parse($found.start, [cultureinfo]::InvariantCulture)
            EndWorkHour = [TimeSpan]::Parse($found.end, [cultureinfo]::InvariantCulture)
            WorkHourBandwidth = [uint32] $found.work
            NonWorkHourBandwidth = [uint32] $found.other
        }
        Add-Member -InputObject $setting -MemberType NoteProperty -Name ThrottlingSetting -Value $throttle
    }
    $setting.ProxySetting = [pscustomobject] $row
    $setting
}

function Set-OBMachineSetting {
    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'Proxy')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'None')] [switch] $NoProxy,
        [Parameter(Mandatory, ParameterSetName = 'Proxy')] [string] $ProxyServer,
        [Parameter(Mandatory, ParameterSetName = 'Proxy')] [int] $ProxyPort,
        [Parameter(ParameterSetName = 'Proxy')] [string] $ProxyUsername,
        [Parameter(ParameterSetName = 'Proxy')] [System.Security.SecureString] $ProxyPassword,
        [Parameter(Mandatory, ParameterSetName = 'NoThrottle')] [switch] $NoThrottle,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [System.DayOfWeek[]] $WorkDay,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [TimeSpan] $StartWorkHour,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [TimeSpan] $EndWorkHour,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [uint32] $WorkHourBandwidth,
        [Parameter(Mandatory, ParameterSetName = 'Throttle')] [uint32] $NonWorkHourBandwidth
    )

    dynamicparam {
        # Only newer builds of the agent have this parameter.
        $parameters = [System.Management.Automation.RuntimeDefinedParameterDictionary]::new()
        if (Invoke-Bridge -Call 'agent.bypass_supported') {
            $attribute = [System.Management.Automation.ParameterAttribute]::new()
            $attribute.ParameterSetName = 'Proxy'
            $attributes = [System.Collections.ObjectModel.Collection[System.Attribute]]::new()
            $attributes.Add($attribute)
            $parameters.Add('BypassUrls', [System.Management.Automation.RuntimeDefinedParameter]::new('BypassUrls', [string], $attributes))
        }
        return $parameters
    }
    end {
        if (-not (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters)) {
            return
        }
        if ($NoProxy) {
            Invoke-Bridge -Call 'agent.set' -Arguments @{ none = $true } | Out-Null
            return
        }
        if ($NoThrottle) {
            Invoke-Bridge -Call 'agent.throttle' -Arguments @{ none = $true } | Out-Null
            return
        }
        if ($PSCmdlet.ParameterSetName -eq 'Throttle') {
            $arguments = @{
                days = @($WorkDay | ForEach-Object { [int] $_ })
                start = $StartWorkHour.ToString('c', [cultureinfo]::InvariantCulture)
                end = $EndWorkHour.ToString('c', [cultureinfo]::InvariantCulture)
                work = [long] $WorkHourBandwidth
                other = [long] $NonWorkHourBandwidth
            }
            Invoke-Bridge -Call 'agent.throttle' -Arguments $arguments | Out-Null
            return
        }
        $arguments = @{ server = $ProxyServer; port = $ProxyPort }
        if ($ProxyUsername) {
            $arguments.username = $ProxyUsername
        }
        if ($null -ne $ProxyPassword) {
            $arguments.password = ConvertTo-PlainText -Secret $ProxyPassword
        }
        if ($PSBoundParameters.ContainsKey('BypassUrls')) {
            $arguments.bypass = $PSBoundParameters['BypassUrls']
        }
        Invoke-Bridge -Call 'agent.set' -Arguments $arguments | Out-Null
    }
}
