# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-RegistrationSection {
    # There are two places: the Provider's own key, and the key below VMM's that early releases use.
    $section = @{
        vault_name = $null
        hive = $null
        management_uri = $null
        proxy = $null
        run_as_account = $null
        run_as_user = $null
        certificates = 0
        thumbprints = @()
        places = @()
        proxy_keys = @()
        encryption = $false
        orphaned_key_files = @()
    }
    foreach ($root in $providerKey, "$vmmKey\DRAdapter") {
        $registration = Get-RegistryValue -Key "$root\Registration" -Name ResourceName, SRSUri, EncryptionEnabled
        if ($null -ne $registration) {
            if (-not [string]::IsNullOrEmpty($registration.ResourceName)) {
                $section.places += @{ key = "HKLM\$root\Registration"; vault_name = "$($registration.ResourceName)" }
            }
            # The sign of the retired data encryption is not documented: any value except 0, False and empty bytes counts.
            $sign = Get-Text -Value $registration.EncryptionEnabled
            if ($null -ne $sign -and $sign -notmatch '^(0|False|hex:0*)$') {
                $section.encryption = $true
            }
        }
        if ($null -eq $section.vault_name -and $null -ne $registration -and -not [string]::IsNullOrEmpty($registration.ResourceName)) {
            $section.vault_name = "$($registration.ResourceName)"
            $section.hive = "HKLM\$root\Registration"
            $section.management_uri = Get-Text -Value $registration.SRSUri
        }
        $proxy = Get-RegistryValue -Key "$root\ProxySettings" -Name ProxyAddress, ProxyPort, ProxyUserName, ProxyBypassUrls
        if ($null -ne $proxy) {
            $section.proxy_keys += "HKLM\$root\ProxySettings"
        }
        if ($null -eq $section.proxy -and $null -ne $proxy -and -not [string]::IsNullOrEmpty($proxy.ProxyAddress)) {
            $section.proxy = @{
                address = "$($proxy.ProxyAddress)"
                port = Get-Number -Value $proxy.ProxyPort
                username = Get-Text -Value $proxy.ProxyUserName
                bypass = @(Get-UrlList -Value $proxy.ProxyBypassUrls)
            }
        }
    }

    # The key of the preview release.
    if (Test-RegistryKey -Key $previewKey) {
        $section.places += @{ key = "HKLM\$previewKey"; vault_name = $null }
    }

    $vmm = Get-VmmConnection
    if ($null -ne $vmm) {
        $accounts = @()
        try {
            $accounts = @(Get-SCRunAsAccount -VMMServer $vmm)
        } catch {
            if (-not (Test-VmmLost -Problem "$($_.Exception.Message)")) {
                throw
            }
        }
        foreach ($account in $accounts) {
            if ($null -ne $account -and $account.Name -eq 'DRAProxyAccount') {
                $section.run_as_account = "$($account.Name)"
                # Not every release may have these properties.
                $names = @('Domain', 'UserName' | Where-Object { $null -ne $account.PSObject.Properties[$_] -and -not [string]::IsNullOrEmpty($account.$_) } | ForEach-Object { "$($account.$_)" })
                $section.run_as_user = Get-Text -Value ($names -join '\')
            }
        }
    }
    $section.thumbprints = @(
        Get-ChildItem -LiteralPath 'Cert:\LocalMachine\My' | Where-Object {
            $_.FriendlyName -like 'ASR_SRSAUTH_CERT_KEY_CONTAINER*' -or $_.FriendlyName -like 'ASR_HYPER_V_HOST_CERT_KEY_CONTAINER*'
        } | ForEach-Object { "$($_.Thumbprint)" }
    )
    $section.certificates = $section.thumbprints.Count
    if (Test-Path -LiteralPath $StagingDir) {
        $section.orphaned_key_files = @(Get-ChildItem -LiteralPath $StagingDir -Filter 'siterecovery.hyperv-*.VaultCredentials' -File -Force | ForEach-Object { $_.FullName })
    }
    return $section
}
