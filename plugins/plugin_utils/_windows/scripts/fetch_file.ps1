# siterecovery.hyperv script: fetch_file
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Copies a file to the machine from an https address, a share or a local folder, and returns how much of it is here. When
# the time is over or the connection breaks, the next execution continues.

[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Source,

    [Parameter(Mandatory = $true)]
    [string] $Destination,

    # system, direct or custom.
    [string] $ProxyMode = 'system',

    [string] $ProxyAddress,

    [int] $ProxyPort,

    [System.Management.Automation.PSCredential] $ProxyCredential,

    # The required free space, in sizes of the file.
    [int] $SpaceFactor = 3,

    [int] $Seconds = 60
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$Ansible.Changed = $false

# Fails here if WMI does not respond, before anything is changed.
$null = Get-CimInstance -ClassName Win32_OperatingSystem

# siterecovery.hyperv functions: Complete-File, Confirm-ProtectedFolder, Enable-Tls12, Get-FileFact, Get-Mark, Get-Output, Initialize-ProtectedFolder, Open-File, Remove-Present, Set-Mark, Test-Room

function Get-Origin {
    # Identifies the source. The query of an address is left out, because it may be a signature that changes.
    $bytes = [Text.Encoding]::UTF8.GetBytes($Source.Split('?')[0])
    $hash = [Security.Cryptography.SHA256]::Create().ComputeHash($bytes)
    return [BitConverter]::ToString($hash).Replace('-', '').ToLowerInvariant()
}

function Get-Proxy {
    # The proxy, or nothing for a direct connection.
    if ($ProxyMode -eq 'direct') {
        return
    }
    if ($ProxyMode -eq 'custom') {
        $proxy = New-Object -TypeName System.Net.WebProxy -ArgumentList ('{0}:{1}' -f $ProxyAddress.TrimEnd('/'), $ProxyPort)
    } else {
        $proxy = [Net.WebRequest]::GetSystemWebProxy()
        $proxy.Credentials = [Net.CredentialCache]::DefaultCredentials
    }
    if ($null -ne $ProxyCredential) {
        $proxy.Credentials = $ProxyCredential.GetNetworkCredential()
    }
    return $proxy
}

function Open-Address {
    # The response to a request for the bytes after the offset. All redirections must use https.
    param([long] $Offset, [string] $Validator)

    $uri = [Uri] $Source
    foreach ($hop in 0..10) {
        $transfer.host = $uri.Host
        if ($uri.Scheme -ne 'https') {
            $transfer.insecure = $true
            throw "The address leads to $($uri.Scheme)://$($uri.Host), which is not https."
        }
        $request = [Net.WebRequest]::Create($uri)
        $request.AllowAutoRedirect = $false
        $request.Proxy = Get-Proxy
        $request.Timeout = 30000
        $request.ReadWriteTimeout = 60000
        if ($Offset -gt 0) {
            $request.AddRange($Offset)
            $request.Headers.Add('If-Range', $Validator)
        }
        $response = $request.GetResponse()
        $location = "$($response.Headers['Location'])"
        if ([int] $response.StatusCode -lt 300 -or $location -eq '') {
            return $response
        }
        $response.Close()
        $uri = New-Object -TypeName System.Uri -ArgumentList $uri, $location
    }
    throw 'The address leads through more than ten redirections.'
}

function Receive-Address {
    # Downloads the file. Continues where the last attempt ended if the server still has the same file.
    param([string] $Partial, [string] $Origin)

    Enable-Tls12
    $offset = [long] 0
    $mark = Get-Mark -Path $Partial
    if ($null -ne $mark -and $mark.origin -eq $Origin -and $mark.validator -ne '-' -and $mark.length -lt $mark.total) {
        $offset = $mark.length
    }
    $response = Open-Address -Offset $offset -Validator $(if ($offset -gt 0) { $mark.validator } else { '' })
    try {
        $start = [long] 0
        if ([int] $response.StatusCode -eq 206) {
            if ("$($response.Headers['Content-Range'])" -ne ('bytes {0}-{1}/{2}' -f $offset, ($mark.total - 1), $mark.total)) {
                Remove-Item -LiteralPath "$Partial.id" -Force
                throw 'The server answered with another part than the one that was asked for.'
            }
            $start = $offset
        }
        $total = $null
        if ($response.ContentLength -ge 0) {
            $total = $start + [long] $response.ContentLength
        }
        # A weak tag does not guarantee identical bytes.
        $validator = "$($response.Headers['ETag'])"
        if ($validator -notmatch '^"[\x21-\x7e]*"$') {
            $validator = "$($response.Headers['Last-Modified'])"
        }
        if ($null -eq $total -or $validator -notmatch '^[\x20-\x7e]+$') {
            $validator = '-'
        }
        $stream = $response.GetResponseStream()
        try {
            Save-Stream -Stream $stream -Partial $Partial -Start $start -Total $total -Mark "$Origin $total $validator"
        } finally {
            $stream.Dispose()
        }
    } finally {
        $response.Close()
    }
}

function Receive-File {
    # Copies the file from a share or a folder. Continues where the last attempt ended if length and time are unchanged.
    param([string] $Partial, [string] $Origin)

    $stream = Open-File -Path $Source -Mode Open
    try {
        $total = [long] $stream.Length
        $validator = "$((Get-Item -LiteralPath $Source).LastWriteTimeUtc.Ticks)"
        $start = [long] 0
        $mark = Get-Mark -Path $Partial
        if ($null -ne $mark -and "$($mark.origin) $($mark.total) $($mark.validator)" -eq "$Origin $total $validator" -and $mark.length -lt $total) {
            $start = $mark.length
        }
        $stream.Position = $start
        Save-Stream -Stream $stream -Partial $Partial -Start $start -Total $total -Mark "$Origin $total $validator"
    } finally {
        $stream.Dispose()
    }
}

function Save-Stream {
    # Appends the incoming bytes to the partial file until it is complete or the time is over.
    param($Stream, [string] $Partial, [long] $Start, $Total, [string] $Mark)

    $transfer.total = $Total
    $transfer.received = $Start
    $transfer.resumed_at = $Start
    if ($null -ne $Total -and -not (Test-Room -Path $Partial -Total $Total -Present $Start)) {
        return
    }
    $Ansible.Changed = $true
    $mode = 'Append'
    if ($Start -eq 0) {
        Set-Mark -Path $Partial -Text $Mark
        $mode = 'Create'
    }
    $ended = $false
    $file = Open-File -Path $Partial -Mode $mode
    try {
        $buffer = New-Object -TypeName 'System.Byte[]' -ArgumentList 1048576
        do {
            $count = $Stream.Read($buffer, 0, $buffer.Length)
            if ($count -gt 0) {
                $file.Write($buffer, 0, $count)
                $transfer.received += [long] $count
            }
            $ended = $count -eq 0 -or $transfer.received -eq $Total
        } until ($ended -or ($null -ne $Total -and $watch.Elapsed.TotalSeconds -ge $Seconds))
    } finally {
        $file.Dispose()
    }
    # An interrupted connection looks like the end of the file.
    if ($ended -and ($null -eq $Total -or $transfer.received -eq $Total)) {
        Complete-File -Partial $Partial -Path $Destination
    }
}

function Get-Failure {
    # The failure by type and number, because the text is in the language of the system.
    param($ErrorRecord)

    $cause = $ErrorRecord.Exception
    while ($null -ne $cause.InnerException -and $cause -isnot [Net.WebException] -and $cause -isnot [IO.IOException]) {
        $cause = $cause.InnerException
    }
    $failure = @{ type = $cause.GetType().FullName; status = $null; reason = $null; message = "$($cause.Message)" }
    if ($cause -is [Net.WebException]) {
        $failure.reason = "$($cause.Status)"
        if ($null -ne $cause.Response) {
            $failure.status = [int] $cause.Response.StatusCode
        }
    }
    return $failure
}

$transfer = @{
    complete = $false; host = $null; insecure = $false; received = $null; total = $null; resumed_at = $null
    free_bytes = $null; needed_bytes = $null; error = $null
}
if ($PSCmdlet.ShouldProcess($Destination, 'Fetch')) {
    Initialize-ProtectedFolder -Path $Destination.Substring(0, $Destination.LastIndexOf('\'))
    $watch = [Diagnostics.Stopwatch]::StartNew()
    try {
        if ($Source -match '^https://') {
            Receive-Address -Partial "$Destination.partial" -Origin (Get-Origin)
        } else {
            Receive-File -Partial "$Destination.partial" -Origin (Get-Origin)
        }
    } catch {
        $transfer.error = Get-Failure -ErrorRecord $_
        # The server has another file now: start over.
        if ($transfer.error.status -eq 416 -and (Test-Path -LiteralPath "$Destination.partial.id")) {
            Remove-Present -Path "$Destination.partial.id"
        }
    }
}

$facts = Get-FileFact -Path $Destination
$facts.transfer = $transfer
$Ansible.Result = $facts
