# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of a Windows server: registry keys, folders, names of services and products.

Sources: Azure documentation "Set up disaster recovery of VMM clouds" (classic and PowerShell pages), "Troubleshoot
Hyper-V to Azure replication", "Back up with PowerShell"; KB3093574, KB3139299; the DSC module xASR.
"""

from __future__ import annotations

from typing import Final

HKLM: Final = "HKLM"
HKU: Final = "HKU"

#: The policies of PowerShell ("Turn on Script Execution").
SHELL_POLICY_KEY: Final = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell"
#: Whether Windows fetches trusted roots that it lacks ("Turn off Automatic Root Certificates Update" and its value).
ROOT_POLICY_KEY: Final = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot"
#: With ProxySettingsPerUser = 0 the Internet settings of the machine are those of every account.
INTERNET_POLICY_KEY: Final = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
VMM_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server"
VMM_SETUP_KEY: Final = VMM_KEY + r"\Setup"
VMM_CONSOLE_KEY: Final = VMM_KEY + r"\Settings"
ADAPTER_KEY: Final = VMM_KEY + r"\DRAdapter"
PROVIDER_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Azure Site Recovery"
PREVIEW_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Hyper-V Recovery Manager"
REGISTRATION_KEY: Final = PROVIDER_KEY + r"\Registration"
PROXY_KEY: Final = PROVIDER_KEY + r"\ProxySettings"
AGENT_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup"
AGENT_LIMITS_KEY: Final = AGENT_KEY + r"\Replication"
UNINSTALL_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_KEY_32: Final = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
FRAMEWORK_KEY: Final = r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full"
DOTNET_KEY: Final = r"HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319"
DOTNET_KEY_32: Final = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319"
EXCLUSION_KEYS: Final = (
    r"HKLM\SOFTWARE\Microsoft\Windows Defender\Exclusions\Paths",
    r"HKLM\SOFTWARE\Policies\Microsoft\Windows Defender\Exclusions\Paths",
)
SHELL_KEY: Final = r"HKLM\SOFTWARE\Microsoft\PowerShell\3\PowerShellEngine"
RUNTIME_KEY: Final = r"HKLM\SOFTWARE\Microsoft\VisualStudio\14.0\VC\Runtimes\x64"
SCHANNEL_KEY: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client"
SESSION_KEY: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
RENAMES: Final = "PendingFileRenameOperations"
SERVICING_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
UPDATE_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"
INTERNET_SETTINGS: Final = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"

VMM_SERVICE: Final = "SCVMMService"
CLUSTER_SERVICE: Final = "ClusSvc"
AGENT_SERVICE: Final = "obengine"
HYPERV_SERVICE: Final = "vmms"
DEFENDER_SERVICE: Final = "WinDefend"

PROVIDER_PRODUCT: Final = "Microsoft Azure Site Recovery Provider"
PROVIDER_SHORT_PRODUCT: Final = "Microsoft Azure Site Recovery"
AGENT_PRODUCT: Final = "Microsoft Azure Recovery Services Agent"
PROVIDER_PRODUCT_CODE: Final = "{6D2C1B4E-2F0A-4B52-9B37-6A0E5E0F3C11}"
AGENT_PRODUCT_CODE: Final = "{FFE6D16C-3F87-4192-AF94-DCBE2DB06A26}"

AGENT_FOLDER: Final = r"C:\Program Files\Microsoft Azure Recovery Services Agent"
SETUP_LOGS: Final = r"C:\ProgramData\ASRLogs"
AGENT_LOG: Final = r"C:\Windows\Temp\OBMsi.log"
VMM_MODULE: Final = r"bin\psModules\virtualmachinemanager\virtualmachinemanager.psd1"
AGENT_MODULE: Final = r"bin\Modules\MSOnlineBackup\MSOnlineBackup.psd1"

REG: Final = r"C:\Windows\System32\reg.exe"
MSIEXEC: Final = r"C:\Windows\System32\msiexec.exe"

#: Of the collection's scripts, below HKLM: one value per service, the id of a process without the latest settings.
RESTART_KEY: Final = r"SOFTWARE\siterecovery.hyperv"

PROXY_ACCOUNT: Final = "DRAProxyAccount"
CERTIFICATE_NAME: Final = "ASR_SRSAUTH_CERT_KEY_CONTAINER"

SYSTEM_SID: Final = "S-1-5-18"


def vmm_folder(version: str) -> str:
    """Return the install folder of VMM by product version, as its setup chooses it (2012 R2 = 3.2, 2016 = 4.0)."""
    if version.startswith("3."):
        edition = " 2012 R2"
    elif version.startswith("4.0"):
        edition = " 2016"
    else:
        edition = ""
    return rf"C:\Program Files\Microsoft System Center{edition}\Virtual Machine Manager"
