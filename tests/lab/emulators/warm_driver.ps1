# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Reads one request a line from standard input, runs its script in a new runspace, and writes one answer a line.
# Request: id, script, parameters, secrets [{name, value} or {name, username, password}], check_mode, depth, environment.
# Answer: id, result, changed, failed, errors [{message, type, id, category}], output; as win_powershell would give them.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

function ConvertFrom-Element {
    # ConvertFrom-Json would turn text that looks like a date into a date, which a script's parameter must not become.
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
        'Number' {
            [int] $small = 0
            [long] $big = 0
            if ($Element.TryGetInt32([ref] $small)) { return $small }
            if ($Element.TryGetInt64([ref] $big)) { return $big }
            return $Element.GetDouble()
        }
        'True' { return $true }
        'False' { return $false }
    }
    return $null
}

function ConvertTo-Plain {
    # The rules of win_powershell: values stay, a container costs one level, and beyond the last it becomes text.
    param([AllowNull()] [object] $InputObject, [int] $Depth)
    if ($null -eq $InputObject) { return $null }
    $base = $InputObject.PSObject.BaseObject
    if ($base -is [enum] -and $Depth -ge 0) {
        return @{ Type = $base.GetType().FullName; String = $base.ToString(); Value = [int] $base }
    }
    if ($base -is [datetime] -or $base -is [System.DateTimeOffset]) { return $base.ToString('o') }
    if ($base -is [string]) { return $base }
    if ($base -is [switch]) { return $base.IsPresent }
    if ($base.GetType().IsValueType) { return $base }
    if ($Depth -lt 0) { return [string] $InputObject }
    if ($base -is [System.Collections.IList]) {
        $items = @(foreach ($item in $base) { , (ConvertTo-Plain -InputObject $item -Depth ($Depth - 1)) })
        return , $items
    }
    $plain = @{}
    if ($base -is [System.Collections.IDictionary]) {
        foreach ($key in @($base.Keys)) { $plain[[string] $key] = ConvertTo-Plain -InputObject $base[$key] -Depth ($Depth - 1) }
        return $plain
    }
    foreach ($property in $InputObject.PSObject.Properties) {
        $plain[$property.Name] = ConvertTo-Plain -InputObject $property.Value -Depth ($Depth - 1)
    }
    return $plain
}

function ConvertTo-Secret {
    param([string] $Text)
    $secret = [System.Security.SecureString]::new()
    foreach ($character in $Text.ToCharArray()) { $secret.AppendChar($character) }
    return $secret
}

function Get-Problem {
    param([System.Management.Automation.ErrorRecord] $Record)
    return @{
        message = $Record.Exception.Message
        type = $Record.Exception.GetType().FullName
        id = $Record.FullyQualifiedErrorId
        category = $Record.CategoryInfo.Category.ToString()
    }
}

function Get-Culture {
    # By hand, as a PowerShell without ICU knows all cultures by name and none by heart.
    param([string] $Language)
    $culture = [cultureinfo] [cultureinfo]::InvariantCulture.Clone()
    if ($Language -eq 'de-DE') {
        $culture.NumberFormat.NumberDecimalSeparator = ','
        $culture.NumberFormat.NumberGroupSeparator = '.'
        $culture.DateTimeFormat.DateSeparator = '.'
        $culture.DateTimeFormat.ShortDatePattern = 'dd.MM.yyyy'
        $culture.DateTimeFormat.LongTimePattern = 'HH:mm:ss'
    }
    if ($Language -eq 'ja-JP') {
        $culture.DateTimeFormat.ShortDatePattern = 'yyyy/MM/dd'
        $culture.DateTimeFormat.LongTimePattern = 'H:mm:ss'
    }
    return $culture
}

function Invoke-Request {
    param([hashtable] $Request)
    foreach ($name in @($Request.environment.Keys)) {
        [Environment]::SetEnvironmentVariable($name, $Request.environment[$name])
    }
    $parameters = @{}
    foreach ($name in @($Request.parameters.Keys)) { $parameters[$name] = $Request.parameters[$name] }
    foreach ($secret in $Request.secrets) {
        if ($secret.ContainsKey('username')) {
            $password = ConvertTo-Secret -Text $secret.password
            $parameters[$secret.name] = [pscredential]::new($secret.username, $password)
        }
        else { $parameters[$secret.name] = ConvertTo-Secret -Text $secret.value }
    }
    $state = [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    # The culture of this thread goes over to those of the runspace.
    $own = [cultureinfo]::CurrentCulture
    [cultureinfo]::CurrentCulture = Get-Culture -Language ([string] $Request.environment['LAB_LANGUAGE'])
    $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($state)
    $shell = [powershell]::Create()
    $output = [System.Collections.Generic.List[object]]::new()
    $problems = @()
    try {
        $runspace.Open()
        $shell.Runspace = $runspace
        $ansible = [pscustomobject] @{
            CheckMode = [bool] $Request.check_mode
            Verbosity = 0
            Result = @{}
            Diff = @{}
            Changed = $true
            Failed = $false
            Tmpdir = $env:TEMP
        }
        $runspace.SessionStateProxy.SetVariable('Ansible', $ansible)
        $runspace.SessionStateProxy.SetVariable(
            'ErrorActionPreference', [System.Management.Automation.ActionPreference]::Stop)
        if ($Request.environment['LAB_LANGUAGE_MODE']) {
            # As win_powershell does where an application control policy applies.
            $runspace.SessionStateProxy.LanguageMode = [string] $Request.environment['LAB_LANGUAGE_MODE']
        }
        if ($Request.script -match '\[CmdletBinding\([^)]*SupportsShouldProcess') {
            $parameters['Confirm'] = $false
            $parameters['WhatIf'] = [bool] $Request.check_mode
        }
        $null = $shell.AddScript($Request.script).AddParameters($parameters)
        $threw = $false
        try { $shell.Invoke(@(), $output) }
        catch [System.Management.Automation.RuntimeException] {
            # Out of a .NET call the script's own error is the inner one.
            $threw = $true
            $inner = $_.Exception.InnerException
            $known = $inner -is [System.Management.Automation.RuntimeException]
            $problems += Get-Problem -Record $(if ($known) { $inner.ErrorRecord } else { $_ })
        }
        $problems = @(foreach ($record in $shell.Streams.Error) { Get-Problem -Record $record }) + $problems
        return @{
            id = $Request.id
            result = ConvertTo-Plain -InputObject $ansible.Result -Depth $Request.depth
            changed = $ansible.Changed
            failed = $threw -or [bool] $ansible.Failed
            errors = $problems
            output = @(foreach ($item in $output) { ConvertTo-Plain -InputObject $item -Depth $Request.depth })
        }
    }
    finally {
        [cultureinfo]::CurrentCulture = $own
        $shell.Dispose()
        $runspace.Dispose()
    }
}

$encoding = [System.Text.UTF8Encoding]::new($false)
$reader = [System.IO.StreamReader]::new([Console]::OpenStandardInput(), $encoding)
$writer = [System.IO.StreamWriter]::new([Console]::OpenStandardOutput(), $encoding)
while ($null -ne ($line = $reader.ReadLine())) {
    $document = [System.Text.Json.JsonDocument]::Parse($line)
    $request = ConvertFrom-Element -Element $document.RootElement
    $answer = Invoke-Request -Request $request
    $writer.WriteLine((ConvertTo-Json -InputObject $answer -Depth 100 -Compress))
    $writer.Flush()
}
