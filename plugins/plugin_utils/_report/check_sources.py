# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the public source of each check, by its id. Rules about virtual machines have their own sources."""

from __future__ import annotations

from typing import Final

from ...module_utils._model.common.eligibility import RULES

_MATRIX: Final = "Support matrix for disaster recovery of Hyper-V VMs to Azure"
_VMM_TUTORIAL: Final = "Set up disaster recovery of Hyper-V VMs in VMM clouds to Azure"
_PREPARE: Final = "Prepare on-premises Hyper-V servers for disaster recovery to Azure"
_BACKUP: Final = "Azure Backup documentation, MARS agent"
_XASR: Final = "xASR, the PowerShell DSC module of Microsoft staff for both installers"
_CMDLETS: Final = "Virtual Machine Manager 2016, cmdlet reference"

_SOURCES: Final[dict[str, str]] = {
    # Any Windows machine
    "elevated": _VMM_TUTORIAL,
    "os": _MATRIX,
    "dotnet": _MATRIX,
    "tls": f"{_BACKUP}, TLS 1.2",
    "trusted-roots": f"{_BACKUP}, TLS 1.2",
    "clock": "Azure Backup documentation, error ACS50008",
    "restart": _XASR,
    "domain-controller": "azure-docs issue 42969",
    "antivirus": "KB3186955, exclusions for Site Recovery",
    "powershell": "about_Windows_PowerShell_5.1",
    "execution-policy": "about_Execution_Policies",
    "language-mode": "about_Language_Modes",
    "batch-logon": "Log on as a batch job, security policy settings",
    # A VMM server
    "vmm": "KB3139299, VMM registry",
    "vmm-id": "KB3139299, VMM registry",
    "vmm-version": _MATRIX,
    "vmm-service": _VMM_TUTORIAL,
    "vmm-answers": _CMDLETS,
    "vmm-jobs": f"{_CMDLETS}, Get-SCJob",
    "vm-networks": _PREPARE,
    "active-node": "Unregister a VMM server, script for a cluster",
    "cluster": "Unregister a VMM server, script for a cluster",
    "stale-registration": "KB3093574, a server that is registered in another vault",
    "vault": "KB3093574, a server that is registered in another vault",
    "data-encryption": "Azure updates, data encryption of Site Recovery ended on 2022-04-30",
    "proxy": _MATRIX,
    "run-as-account": f"{_VMM_TUTORIAL}, DRAProxyAccount",
    "provider-upgrade": "Site Recovery, service updates and support policy (N-4)",
    "cloud-unknown": f"{_CMDLETS}, Get-SCCloud",
    "cloud-ambiguous": f"{_CMDLETS}, Get-SCCloud",
    "cloud-hosts": _VMM_TUTORIAL,
    "cloud-flag": f"{_CMDLETS}, Set-SCCloud",
    "cloud-flag-hidden": f"{_CMDLETS}, Set-SCCloud",
    "capability": "Set up disaster recovery of Hyper-V VMs to a secondary site, capability profile",
    # A Hyper-V host
    "hyperv": _PREPARE,
    "hotfix": "KB2961977, prerequisites of 2017",
    "switch-names": "KB3060975, special characters in the names of virtual switches",
    "backup": _MATRIX,
    "agent-upgrade": f"{_BACKUP}, KB4020490",
    "cache": "Set up the source and target for Hyper-V replication with VMM, 2017-07-25",
    "space": "Set up the source and target for Hyper-V replication with VMM, 2017-07-25",
    # The vault and the target
    "server-identity": "SupportArticles-docs issue 379",
    "locks": "Lock your resources, Azure Resource Manager",
    "azure-login": "Azure built-in roles",
    "target-scope": "Azure built-in roles",
    **{rule.id: rule.source for rule in RULES},
}


def source_of(id: str) -> str:
    """Return the public source of a check; empty for a rule of this collection itself."""
    return _SOURCES.get(id, "")
