# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the readings of the script probe_assumptions, and typed access to its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.assumption import CouldNotLook, Readings, Side

_VMM = r"SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server"
_PROVIDER = r"SOFTWARE\Microsoft\Azure Site Recovery"
_AGENT = r"SOFTWARE\Microsoft\Windows Azure Backup"
_POLICIES = r"SOFTWARE\Policies\Microsoft\Windows"
SETUP = rf"{_VMM}\Setup"
CONSOLE = rf"{_VMM}\Settings"
ADAPTER = rf"{_VMM}\DRAdapter"
ADAPTER_REGISTRATION = rf"{ADAPTER}\Registration"
PROVIDER = _PROVIDER
REGISTRATION = rf"{_PROVIDER}\Registration"
PROXY = rf"{_PROVIDER}\ProxySettings"
ADAPTER_PROXY = rf"{ADAPTER}\ProxySettings"
AGENT_SETUP = rf"{_AGENT}\Setup"
AGENT_CONFIG = rf"{_AGENT}\Config"
EXCLUSIONS = r"SOFTWARE\Microsoft\Windows Defender\Exclusions\Paths"
POLICY_EXCLUSIONS = r"SOFTWARE\Policies\Microsoft\Windows Defender\Exclusions\Paths"
FRAMEWORK = r"SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full"
RUNTIME = r"SOFTWARE\Microsoft\VisualStudio\14.0\VC\Runtimes\x64"
WINLOGON = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
SESSION = r"SYSTEM\CurrentControlSet\Control\Session Manager"
FIPS = r"SYSTEM\CurrentControlSet\Control\Lsa\FipsAlgorithmPolicy"
SHELL_POLICY = rf"{_POLICIES}\PowerShell"
MODULE_LOGGING = rf"{SHELL_POLICY}\ModuleLogging"
TRANSCRIPTION = rf"{SHELL_POLICY}\Transcription"
INTERNET_POLICY = rf"{_POLICIES}\CurrentVersion\Internet Settings"

_EVERYWHERE = (
    *(AGENT_SETUP, AGENT_CONFIG, FRAMEWORK, RUNTIME, WINLOGON, SESSION, FIPS),
    *(SHELL_POLICY, MODULE_LOGGING, TRANSCRIPTION, INTERNET_POLICY),
)
KEYS: dict[Side, tuple[str, ...]] = {
    "vmm_server": (
        *(SETUP, CONSOLE, ADAPTER, ADAPTER_REGISTRATION, ADAPTER_PROXY, PROVIDER, REGISTRATION, PROXY),
        *_EVERYWHERE,
    ),
    "hyperv_host": (EXCLUSIONS, POLICY_EXCLUSIONS, *_EVERYWHERE),
}
#: Values whose data is read. Of all others only the name and the type are.
VALUES = (
    *("ProductVersion", "VmmID", "HAVMMName", "IndigoTcpPort", "Version", "ResourceName", "EncryptionEnabled"),
    *("SRSUri", "AADAuthority", "IdmgmtSVCEndpoint", "ProtectionServiceSVCEndpoint", "TelemetryServiceSVCEndpoint"),
    *("ProxyAddress", "ProxyUserName", "ProxyBypassUrls", "ProxyEnable", "ProxyServer", "ProxySettingsPerUser"),
    *("InstallPath", "ServiceResourceName", "Release", "Installed", "LegalNoticeCaption", "Enabled"),
    *("EnableScripts", "ExecutionPolicy", "EnableModuleLogging", "EnableTranscripting"),
    "PendingFileRenameOperations",
)
_ANY = ("system", "shell", "hashing", "registry", "products", "files", "tasks", "updates", "urls", "account_proxy")
READINGS: dict[Side, tuple[str, ...]] = {
    "vmm_server": (
        *_ANY,
        *("vmm", "clouds", "inventory", "jobs", "run_as", "cluster", "checkpoints", "logs", "certificates"),
        "connections",
    ),
    "hyperv_host": (*_ANY, "agent_setting", "guests", "replication", "defender"),
}
#: Addresses that are called. The first is known to answer, so a failure of both means that there is no egress.
CONTROL_URL = "https://login.microsoftonline.com"
DATA_URL = "https://backup.windowsazure.com"
KEY_AUTHORITY_URL = "https://login.windows.net"
URLS = (CONTROL_URL, DATA_URL, KEY_AUTHORITY_URL)

_TYPES = {1: "REG_SZ", 2: "REG_EXPAND_SZ", 3: "REG_BINARY", 4: "REG_DWORD", 7: "REG_MULTI_SZ", 11: "REG_QWORD"}


@dataclass(frozen=True, slots=True)
class Key:
    """A registry key as it was read."""

    entries: Mapping[str, Mapping[str, Any]]
    subkeys: tuple[str, ...]

    def _entry(self, name: str) -> Mapping[str, Any] | None:
        return next((entry for known, entry in self.entries.items() if known.casefold() == name.casefold()), None)

    def has(self, name: str) -> bool:
        return self._entry(name) is not None

    def kind(self, name: str) -> str:
        """Return the name of a value's type, or `absent`."""
        entry = self._entry(name)
        return "absent" if entry is None else _TYPES.get(int(entry["type"]), f"type {int(entry['type'])}")

    def data(self, name: str) -> Any:
        """Return the data of a value; None for an absent one and for a type that is not read."""
        entry = self._entry(name)
        return None if entry is None else entry.get("data")

    def text(self, name: str) -> str:
        """Return a value as text; an absent one is empty."""
        data = self.data(name)
        return "" if data is None else str(data)


def raw_keys(readings: Readings) -> Mapping[str, Any]:
    """Return all keys that were asked for, an absent one as None. Raise CouldNotLook."""
    found = readings.need("registry")
    if not isinstance(found, Mapping):
        raise CouldNotLook("registry was not read")
    return found


def find_key(readings: Readings, path: str) -> Key | None:
    """Return a key, or None where the machine does not have it. Raise CouldNotLook for a closed one."""
    raw = raw_keys(readings).get(path)
    if raw is None:
        return None
    if raw.get("error"):
        raise CouldNotLook(f"a registry key cannot be read (error {raw['error']})")
    return Key(raw.get("entries") or {}, tuple(raw.get("subkeys") or ()))


def need_key(readings: Readings, path: str, absent: str) -> Key:
    """Return a key. Raise CouldNotLook with `absent` where the machine does not have it."""
    found = find_key(readings, path)
    if found is None:
        raise CouldNotLook(absent)
    return found


def numbers_of(values: Any) -> list[int]:
    """Return a list of numbers, each once, sorted."""
    return sorted({int(value) for value in values or ()})
