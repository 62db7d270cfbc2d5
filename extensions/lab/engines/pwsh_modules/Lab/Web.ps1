# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Invoke-WebRequest, and [System.Net.WebRequest] for https addresses.

class LabWebResponse : System.Net.WebResponse {
    # The response in the exception of a failed request, as far as scripts read it.
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
        Invoke-LabCall -Call 'web.download' -Arguments @{ url = $Uri; target = $OutFile } | Out-Null
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
    $answer = Invoke-LabCall -Call 'web.head' -Arguments $request
    if ($null -eq $answer.error) {
        return [pscustomobject] @{ StatusCode = $answer.status; Headers = @{ Date = $answer.date } }
    }
    # Windows PowerShell throws for a status of 400 or more, and for a missing response.
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

function Invoke-LabRequest {
    # Sends a request. The classes below call it, because they do not belong to a runspace.
    param([hashtable] $Request)

    Invoke-LabCall -Call 'web.ask' -Arguments $Request
}

[NoRunspaceAffinity()]
class LabBody : System.IO.MemoryStream {
    # The content of a response; a broken connection throws at the end of what arrived.
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
        $query = @{ url = $this.Target.AbsoluteUri; offset = $this.From; validator = "$($this.Fields['If-Range'])"; mode = 'system' }
        if ($null -eq $this.Way) {
            $query.mode = 'direct'
        } else {
            if ($this.Way -is [System.Net.WebProxy]) {
                $query.mode = 'custom'
                $query.proxy = $this.Way.Address.Authority
            }
            $login = $this.Way.Credentials
            if ($login -is [System.Net.NetworkCredential] -and $login.UserName) {
                $query.username = $(if ($login.Domain) { "$($login.Domain)\$($login.UserName)" } else { $login.UserName })
                $query.password = $login.Password
            }
        }
        $answer = Invoke-LabRequest -Request $query
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

# Once per process; a second registration returns false, which changes nothing.
$null = [System.Net.WebRequest]::RegisterPrefix('https://', [LabRequests]::new())
