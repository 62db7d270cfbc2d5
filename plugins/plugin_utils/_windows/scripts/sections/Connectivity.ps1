# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Test-Bypass {
    # Whether a host matches a list of names with wildcards.
    param([string] $Name, [string[]] $Patterns)

    foreach ($pattern in $Patterns) {
        if ($Name -match ('^' + [regex]::Escape($pattern).Replace('\*', '.*') + '$')) {
            return $true
        }
    }
    return $false
}

function Get-ServiceRoute {
    # The proxy that the service account uses for a host, as http://host:port, or null.
    param([string] $Name, $Settings)

    if ($null -eq $Settings -or -not $Settings.enabled -or $null -eq $Settings.server) {
        return $null
    }
    if (Test-Bypass -Name $Name -Patterns $Settings.bypass) {
        return $null
    }
    $server = $Settings.server
    if ($server.Contains('=')) {
        # One proxy per protocol: http=a:80;https=b:80.
        $server = @(Get-UrlList -Value $server | Where-Object { $_ -match '^https=' } | ForEach-Object { $_.Substring(6) })
        if ($server.Count -eq 0) {
            return $null
        }
        $server = $server[0]
    }
    if ($server -notmatch '://') {
        $server = "http://$server"
    }
    return $server
}

function Get-RegisteredUrl {
    # The addresses of the service in the registration.
    foreach ($root in $providerKey, "$vmmKey\DRAdapter") {
        $names = 'AADAuthority', 'SRSUri', 'IdmgmtSVCEndpoint', 'ProtectionServiceSVCEndpoint'
        $names += 'TelemetryServiceSVCEndpoint'
        $registration = Get-RegistryValue -Key "$root\Registration" -Name $names
        if ($null -ne $registration) {
            foreach ($name in $names) {
                if ("$($registration[$name])" -match '^https://[^/:]') {
                    "$($registration[$name])"
                }
            }
        }
    }
}

function New-ConnectivityCall {
    # The call of one address: through the given proxy, or with the proxy of the service account.
    param([string] $Url, [bool] $Registered, $Settings)

    if ($Url -notmatch '^https://[^/:]') {
        throw "The section connectivity requires addresses that begin with https://, not '$Url'."
    }
    $options = @{ Uri = $Url; Method = 'Head'; UseBasicParsing = $true; TimeoutSec = [Math]::Min(15, $ConnectivitySeconds) }
    # A redirection is a response too. It is reported as a non-terminating error.
    $options.MaximumRedirection = 0
    $options.ErrorAction = 'SilentlyContinue'
    $name = ([Uri] $Url).Host
    $via = 'direct'
    if (-not [string]::IsNullOrEmpty($ProxyAddress)) {
        if (-not (Test-Bypass -Name $name -Patterns $ProxyBypass)) {
            $via = '{0}:{1}' -f $ProxyAddress.TrimEnd('/'), $ProxyPort
            $options.Proxy = $via
            if ($null -ne $ProxyCredential) {
                $options.ProxyCredential = $ProxyCredential
            }
        }
    } else {
        $route = Get-ServiceRoute -Name $name -Settings $Settings
        if ($null -ne $route) {
            $via = 'system'
            $options.Proxy = $route
        }
    }
    return @{ url = $Url; host = $name; registered = $Registered; via = $via; options = $options }
}

$caller = {
    # Runs one call in its own runspace and returns its outcome, independent of the language.
    param([hashtable] $Options, [Diagnostics.Stopwatch] $Watch)

    Set-StrictMode -Version 2.0
    $ProgressPreference = 'SilentlyContinue'

    function Get-Moment {
        # The header Date, from a table of headers or from a response object.
        param($Headers)

        if ($null -eq $Headers) {
            return $null
        }
        if ($null -ne $Headers.PSObject.Properties['Date']) {
            if ($null -eq $Headers.Date) {
                return $null
            }
            return ([DateTimeOffset] $Headers.Date).ToString('r', [Globalization.CultureInfo]::InvariantCulture)
        }
        $found = @($Headers['Date'])
        if ([string]::IsNullOrEmpty("$($found[0])")) {
            return $null
        }
        return "$($found[0])"
    }

    $outcome = @{ status = $null; from_proxy = $false; failure = $null; error = $null; date = $null; seconds = 0.0 }
    try {
        if ((Get-Command -Name Invoke-WebRequest).Parameters.ContainsKey('NoProxy') -and -not $Options.ContainsKey('Proxy')) {
            $Options.NoProxy = $true
        }
        $answer = Invoke-WebRequest @Options
        $outcome.status = [int] $answer.StatusCode
        $outcome.date = Get-Moment -Headers $answer.Headers
    } catch {
        $response = $null
        if ($null -ne $_.Exception.PSObject.Properties['Response']) {
            $response = $_.Exception.Response
        }
        $outcome.failure = Get-CallFailure -Problem $_.Exception
        $outcome.error = "$($_.Exception.Message)"
        if ($null -ne $response) {
            $outcome.status = [int] $response.StatusCode
            $outcome.date = Get-Moment -Headers $response.Headers
            # The proxy responds to the request for a tunnel. The method distinguishes its responses from those of the address.
            $tunnel = $null -ne $response.PSObject.Properties['Method'] -and "$($response.Method)" -eq 'CONNECT'
            $outcome.from_proxy = $tunnel -or $outcome.status -eq 407
        }
    }
    $outcome.seconds = $Watch.Elapsed.TotalSeconds
    return $outcome
}

function Get-ConnectivitySection {
    # Calls all addresses at once and returns the outcomes. No call takes longer than the deadline.
    $settings = $null
    if ([string]::IsNullOrEmpty($ProxyAddress)) {
        $settings = Get-ServiceProxy
    }
    $calls = @(foreach ($url in $ConnectivityUrls) { New-ConnectivityCall -Url $url -Registered $false -Settings $settings })
    if ($ConnectivityRegistered) {
        foreach ($url in @(Get-RegisteredUrl)) {
            if (@($calls | ForEach-Object { $_.host }) -notcontains ([Uri] $url).Host) {
                $calls += New-ConnectivityCall -Url $url -Registered $true -Settings $settings
            }
        }
    }
    if ($calls.Count -eq 0) {
        return , @()
    }
    # The Internet settings of this session's account do not apply to the service.
    [Net.WebRequest]::DefaultWebProxy = $null
    Enable-Tls12
    [Net.ServicePointManager]::DefaultConnectionLimit = [Math]::Max([Net.ServicePointManager]::DefaultConnectionLimit, $calls.Count)

    # A new runspace is empty, so it gets the module of the command and the function that it calls.
    $state = [Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    [void] $state.ImportPSModule(@((Get-Command -Name Invoke-WebRequest).ModuleName))
    $shared = New-Object -TypeName Management.Automation.Runspaces.SessionStateFunctionEntry -ArgumentList 'Get-CallFailure', ${function:Get-CallFailure}.ToString()
    $state.Commands.Add($shared)
    $pool = [Management.Automation.Runspaces.RunspaceFactory]::CreateRunspacePool(1, [Math]::Min($calls.Count, 16), $state, $Host)
    $pool.Open()
    $end = $watch.Elapsed.TotalSeconds + $ConnectivitySeconds
    foreach ($call in $calls) {
        $call.shell = [PowerShell]::Create()
        $call.shell.RunspacePool = $pool
        [void] $call.shell.AddScript($caller.ToString()).AddArgument($call.options).AddArgument($watch)
        $call.handle = $call.shell.BeginInvoke()
    }
    $late = $false
    $found = @(
        foreach ($call in $calls) {
            $left = [Math]::Max(0.0, $end - $watch.Elapsed.TotalSeconds)
            if ($call.handle.AsyncWaitHandle.WaitOne([int] ($left * 1000))) {
                $outcome = $call.shell.EndInvoke($call.handle)[0]
                $call.shell.Dispose()
            } else {
                $late = $true
                $outcome = @{ status = $null; from_proxy = $false; failure = 'Deadline'; error = $null; date = $null; seconds = 0.0 }
                [void] $call.shell.BeginStop($null, $null)
            }
            $clock = $null
            if ($null -ne $outcome.date) {
                # The time of the machine's clock when the response arrived.
                $moment = $os.LocalDateTime.ToUniversalTime().AddSeconds($outcome.seconds)
                $clock = $moment.ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
            }
            @{
                url = $call.url
                registered = $call.registered
                via = $call.via
                status = $outcome.status
                from_proxy = $outcome.from_proxy
                failure = $outcome.failure
                error = $outcome.error
                date = $outcome.date
                clock = $clock
            }
        }
    )
    if ($late) {
        # A hanging call ends by itself. Do not wait for it.
        [void] $pool.BeginClose($null, $null)
    } else {
        $pool.Dispose()
    }
    return , $found
}
