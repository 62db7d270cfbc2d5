# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The connection to the cmdlet server: LAB_CMDLET_SERVER (host:port), LAB_TOKEN and LAB_MACHINE name it.

$script:stream = $null
$script:reader = $null


function Connect-Lab {
    if ($null -ne $script:stream) {
        return
    }
    $address, $port = $env:LAB_CMDLET_SERVER.Split(':')
    $client = [System.Net.Sockets.TcpClient]::new($address, [int] $port)
    $client.NoDelay = $true
    $script:stream = $client.GetStream()
    $script:reader = [System.IO.StreamReader]::new($script:stream, [System.Text.UTF8Encoding]::new($false))
    $ExecutionContext.SessionState.Module.OnRemove = { if ($null -ne $script:stream) { $script:stream.Dispose() } }
}

function ConvertFrom-Element {
    # ConvertFrom-Json would turn text that looks like a date into a date.
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
    # The error that the imitated command throws; an unknown type becomes an InvalidOperationException.
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

function Invoke-LabCall {
    param([string] $Call, [hashtable] $Arguments = @{})

    Connect-Lab
    $request = @{ token = $env:LAB_TOKEN; machine = $env:LAB_MACHINE; call = $Call; args = $Arguments }
    $text = ConvertTo-Json -InputObject $request -Depth 12 -Compress
    $bytes = [System.Text.Encoding]::UTF8.GetBytes($text + "`n")
    $script:stream.Write($bytes, 0, $bytes.Length)
    $line = $script:reader.ReadLine()
    if ($null -eq $line) {
        throw "The lab's cmdlet server closed the connection."
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
    # Unlike a cmdlet, a function of a module does not inherit the caller's $WhatIfPreference, so it reads the variable.
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
