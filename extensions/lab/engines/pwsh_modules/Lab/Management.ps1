# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# WMI, services, processes, time, module paths and the Windows Update Agent.

# ---- WMI ----

function Get-CimInstance {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string] $ClassName, [string] $Namespace = 'root/cimv2', [string] $Filter)

    foreach ($row in (Invoke-LabCall -Call 'cim.instances' -Arguments @{ class = $ClassName; namespace = $Namespace; filter = $Filter })) {
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
        if ($ClassName -eq 'Win32_Service') {
            $key = $InputObject.Name
        } elseif ($null -ne $InputObject.PSObject.Properties['ProcessId']) {
            $key = $InputObject.ProcessId
        }
    }
    [pscustomobject] (Invoke-LabCall -Call 'cim.method' -Arguments @{ class = $ClassName; method = $MethodName; arguments = @{} + $Arguments; key = $key })
}

# ---- services ----

function Get-Service {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string] $Name)

    [pscustomobject] (Invoke-LabCall -Call 'service.get' -Arguments @{ name = $Name })
}

function Start-Service {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'service.start' -Arguments @{ name = $Name } | Out-Null
    }
}

function Stop-Service {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name, [switch] $Force)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'service.stop' -Arguments @{ name = $Name } | Out-Null
    }
}

function Restart-Service {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0)] [string] $Name, [switch] $Force)

    if (Confirm-Action -Cmdlet $PSCmdlet -Bound $PSBoundParameters) {
        Invoke-LabCall -Call 'service.restart' -Arguments @{ name = $Name } | Out-Null
    }
}

# ---- event logs ----

function Get-WinEvent {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [hashtable] $FilterHashtable, [Parameter(Mandatory)] [long] $MaxEvents)

    $answer = Invoke-LabCall -Call 'events.read' -Arguments @{ log = $FilterHashtable.LogName; levels = @($FilterHashtable.Level); since = $FilterHashtable.StartTime.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.ffffffzzz', [cultureinfo]::InvariantCulture); most = $MaxEvents }
    if ($null -ne $answer.missing) {
        $exception = [System.Exception]::new('No events were found that match the specified selection criteria.')
        $PSCmdlet.ThrowTerminatingError([System.Management.Automation.ErrorRecord]::new($exception, $answer.missing, 'ObjectNotFound', $null))
    }
    foreach ($row in $answer.events) {
        [pscustomobject] @{ Id = $row.id; TimeCreated = [System.DateTimeOffset]::Parse($row.time, [cultureinfo]::InvariantCulture).LocalDateTime; Message = $row.message; Level = $row.level }
    }
}

# ---- policies ----

function Get-ExecutionPolicy {
    [CmdletBinding()]
    param([Parameter(Mandatory)] [switch] $List)

    foreach ($row in (Invoke-LabCall -Call 'policy.list')) {
        [pscustomobject] $row
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
    $code = Invoke-LabCall -Call 'process.start' -Arguments @{ path = $FilePath; arguments = $ArgumentList -join ' ' }
    if ($PassThru) {
        [pscustomobject] @{ ExitCode = [int] $code; HasExited = $true; Path = $FilePath }
    }
}

function New-ProcessObject {
    # A System.Diagnostics.Process. A program of the lab runs only when the script waits for it; no script can see the
    # difference.
    $process = [pscustomobject] @{ StartInfo = [System.Diagnostics.ProcessStartInfo]::new(); ExitCode = $null; HasExited = $false; Handle = 1 }
    $call = ${function:Invoke-LabCall}
    Add-Member -InputObject $process -MemberType ScriptMethod -Name Start -Value {
        & $call -Call 'process.need' -Arguments @{ path = $this.StartInfo.FileName } | Out-Null
        return $true
    }.GetNewClosure()
    Add-Member -InputObject $process -MemberType ScriptMethod -Name WaitForExit -Value {
        param($Milliseconds)
        if (-not $this.HasExited) {
            $this.ExitCode = & $call -Call 'process.run_for' -Arguments @{ path = $this.StartInfo.FileName; arguments = $this.StartInfo.Arguments; seconds = $Milliseconds / 1000 }
            $this.HasExited = $null -ne $this.ExitCode
        }
        return $this.HasExited
    }.GetNewClosure()
    Add-Member -InputObject $process -MemberType ScriptMethod -Name Kill -Value {
        & $call -Call 'process.kill' -Arguments @{ path = $this.StartInfo.FileName } | Out-Null
        $this.HasExited = $true
    }.GetNewClosure()
    return $process
}

function Start-Sleep {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [double] $Seconds)

    Invoke-LabCall -Call 'time.sleep' -Arguments @{ seconds = $Seconds } | Out-Null
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
        if ($TypeName -eq 'System.Diagnostics.Process') {
            return New-ProcessObject
        }
        if ($TypeName -eq 'System.IO.DirectoryInfo' -and (Test-LabPath -Path "$($ArgumentList[0])")) {
            return New-DirectoryInfo -Path "$($ArgumentList[0])"
        }
        if ($TypeName -eq 'System.Security.AccessControl.DirectorySecurity') {
            return New-DirectorySecurity
        }
        if ($TypeName -eq 'System.Security.Cryptography.DpapiDataProtector') {
            return New-DataProtector
        }
        return Microsoft.PowerShell.Utility\New-Object @PSBoundParameters
    }
    if ($ComObject -eq 'Schedule.Service') {
        return New-ScheduleService
    }
    if ($ComObject -ne 'Microsoft.Update.ServiceManager') {
        throw "The lab does not imitate the object '$ComObject'."
    }
    # The Windows Update Agent with its services; Microsoft Update is one of them after the opt-in.
    $manager = [pscustomobject] @{ }
    Add-Member -InputObject $manager -MemberType ScriptProperty -Name Services -Value {
        [pscustomobject] @{ ServiceID = '9482f4b4-e343-43b6-b170-9a65bc822c77'; Name = 'Windows Update'; IsRegisteredWithAU = $false }
        if (Invoke-LabCall -Call 'updates.microsoft') {
            [pscustomobject] @{ ServiceID = '7971f918-a847-4430-9279-4a52d1efe18d'; Name = 'Microsoft Update'; IsRegisteredWithAU = $true }
        }
    }
    Add-Member -InputObject $manager -MemberType ScriptMethod -Name AddService2 -Value {
        param($ServiceId, $Flags, $AuthorizationCabPath)
        Invoke-LabCall -Call 'updates.opt_in' -Arguments @{ value = $true } | Out-Null
        [pscustomobject] @{ RegistrationState = 3 }
    }
    Add-Member -InputObject $manager -MemberType ScriptMethod -Name RemoveService -Value {
        param($ServiceId)
        Invoke-LabCall -Call 'updates.opt_in' -Arguments @{ value = $false } | Out-Null
    }
    return $manager
}

# ---- modules by path ----

function Import-Module {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string[]] $Name, [switch] $Force, [switch] $PassThru)

    if (-not (Test-LabPath -Path "$Name")) {
        return Microsoft.PowerShell.Core\Import-Module @PSBoundParameters -Global
    }
    Invoke-LabCall -Call 'module.import' -Arguments @{ path = "$Name" } | Out-Null
}
