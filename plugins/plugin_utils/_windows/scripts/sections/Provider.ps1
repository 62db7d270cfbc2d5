# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

function Get-ProviderSection {
    $root = Get-RegistryValue -Key $providerKey -Name Version -Optional
    # One upgrade page of Microsoft shows the name without its last word.
    $product = Get-InstalledProduct -Name 'Microsoft Azure Site Recovery Provider', 'Microsoft Azure Site Recovery'
    $setup = Get-RegistryValue -Key "$vmmKey\Setup" -Name InstallPath
    $adapter = Test-RegistryKey -Key "$vmmKey\DRAdapter"

    # The folder differs between VMM versions.
    $folders = @()
    if ($null -ne $setup -and -not [string]::IsNullOrEmpty($setup.InstallPath)) {
        $folders += $setup.InstallPath.TrimEnd('\') + '\bin'
    }
    $folders += "$env:ProgramFiles\Microsoft Azure Site Recovery Provider"
    $configurator = $null
    foreach ($folder in $folders) {
        if ($null -eq $configurator -and (Test-Path -LiteralPath "$folder\DRConfigurator.exe")) {
            $configurator = "$folder\DRConfigurator.exe"
        }
    }

    $version = $null
    if ($null -ne $root) {
        $version = Get-Text -Value $root.Version
    }
    $name = $null
    $code = $null
    if ($null -ne $product) {
        $code = $product.code
        $name = Get-Text -Value $product.name
        if ($null -eq $version) {
            $version = Get-Text -Value $product.version
        }
    }
    if ($null -eq $version -and $null -eq $name -and $null -eq $configurator -and -not $adapter) {
        return $null
    }
    return @{
        version = $version
        adapter_present = $adapter
        configurator_path = $configurator
        product_code = $code
    }
}
