# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of observe: states of a machine."""

from __future__ import annotations

from typing import Final

from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.roots import ROOTS
from lab.windows.states import (
    CLOUDS,
    STAGING,
    THROTTLED,
    Prepare,
    agent_proxy,
    agent_throttle,
    all_of,
    fault,
    hyperv_host,
    leftover,
    provider_proxy,
    proxy_account,
    registered,
    staged,
    stopped,
    value,
    vmm_server,
    without_empty_outputs,
    without_key,
)
from tests.lab.emulators.cases.calls import (
    AGENT_PROXY,
    observe,
)

_WINHTTP: Final = f"{layout.HKLM}\\{layout.INTERNET_SETTINGS}\\Connections"


def _of_machine(machine: Machine) -> None:
    """Let a policy make the Internet settings of the machine those of every account."""
    machine.registry.set(layout.INTERNET_POLICY_KEY, "ProxySettingsPerUser", 0)
    key = f"{layout.HKLM}\\{layout.INTERNET_SETTINGS}"
    machine.registry.set(key, "ProxyEnable", 1)
    machine.registry.set(key, "ProxyServer", "central:8080")


def _mobility(name: str) -> Prepare:
    return all_of(
        value(layout.UNINSTALL_KEY + r"\{0}", "DisplayName", name),
        value(layout.UNINSTALL_KEY + r"\{0}", "DisplayVersion", "9.66.1.1"),
    )


_GUESTS: Final = hyperv_host(vms=[{"name": "a"}, {"name": "b"}])
#: Classes that only some actions need, on a machine that has them.
UNREADABLE_CLASSES: Final = {
    "Win32_LogicalDisk": hyperv_host(),
    "Win32_Process": vmm_server(),
    "Win32_QuickFixEngineering": hyperv_host(os={"version": "6.3.9600"}),
    "Msvm_VirtualEthernetSwitch": _GUESTS,
    "Msvm_StorageAllocationSettingData": _GUESTS,
    "Msvm_VirtualSystemSettingData": _GUESTS,
    "Msvm_ImageManagementService": _GUESTS,
}
#: States of readings that fail, or that have an unexpected form.
UNREADABLE: Final = [
    observe("a constrained language mode", vmm_server(provider={}, language_mode="ConstrainedLanguage")),
    observe("a constrained host in check mode", hyperv_host(language_mode="ConstrainedLanguage"), check_mode=True),
    *(
        observe(f"the execution policy {policy}", hyperv_host(execution_policy=policy))
        for policy in ("Restricted", "AllSigned", "RemoteSigned")
    ),
    observe("a denied logon as a batch job", hyperv_host(batch_logon=False)),
    observe(
        "rights of Group Policy",
        vmm_server(logon_policy={"SeBatchLogonRight": ["*S-1-5-32-544", "CORP\\Größe"], "SeDenyBatchLogonRight": []}),
    ),
    observe("another right of Group Policy", hyperv_host(logon_policy={"SeServiceLogonRight": ["x"]})),
    observe(
        "rights that cannot be read",
        hyperv_host(batch_logon=False),
        fault("class RSOP_UserPrivilegeRight", times=9),
    ),
    observe("a missing root", hyperv_host(missing_roots=[ROOTS[0]])),
    observe("no roots, and none that Windows fetches", hyperv_host(missing_roots=ROOTS, root_updates=False)),
    *(
        observe(f"a {name} that cannot be read", entry, fault(f"class {name}", times=99))
        for name, entry in UNREADABLE_CLASSES.items()
    ),
    observe("roots that cannot be read", hyperv_host(), fault("read trusted roots", times=9)),
    observe("renames of several files", hyperv_host(pending_files=["C:\\a.tmp", "C:\\Größe b.dll", "C:\\c", "C:\\d"])),
    observe("clouds that do not show the flag", vmm_server(vmm={"flag_shown": False})),
    observe(
        "hosts in maintenance and without an answer",
        vmm_server(
            vmm={
                "host_groups": [
                    {
                        "name": "G",
                        "hosts": [{"fqdn": "a.x", "maintenance": True}, {"fqdn": "b.x", "state": "NeedsAttention"}],
                    }
                ],
                "clouds": [{"name": "C", "host_groups": ["G"]}],
            }
        ),
    ),
    observe(
        "the Mobility Service",
        vmm_server(),
        _mobility("Microsoft Azure Site Recovery Mobility Service/Master Target Server"),
    ),
    observe("the Provider with a blank", vmm_server(), _mobility("Microsoft Azure Site Recovery Provider ")),
    observe("agent settings that cannot be read", hyperv_host(agent={}), fault("read agent settings", times=9)),
    observe(
        "a proxy script",
        hyperv_host(),
        value(f"{layout.HKU}\\S-1-5-18\\{layout.INTERNET_SETTINGS}", "AutoConfigURL", "http://x/p"),
    ),
    observe("Internet settings of the machine", vmm_server(), _of_machine),
    observe("a proxy of WinHTTP", hyperv_host(), value(_WINHTTP, "WinHttpSettings", bytes([24, 0, 0, 0]))),
    observe(
        "a list of proxy exceptions",
        vmm_server(),
        provider_proxy(ProxyAddress="http://p", ProxyBypassUrls=["a;b", "c"]),
    ),
    *(
        observe(f"encryption as {data!r}", vmm_server(), value(layout.REGISTRATION_KEY, "EncryptionEnabled", data))
        for data in (b"", bytes([0, 0]), bytes([1, 0]))
    ),
    observe("a release in bytes", hyperv_host(), value(layout.FRAMEWORK_KEY, "Release", bytes([1]))),
    observe(
        "values without a type",
        hyperv_host(agent={}),
        all_of(
            lambda machine: machine.registry.set(layout.FRAMEWORK_KEY, "Release", "x", "REG_NONE"),
            lambda machine: machine.registry.set(layout.AGENT_LIMITS_KEY, "UploadThreadsPerVM", "x", "REG_NONE"),
        ),
    ),
    observe(
        "a vault name without a type",
        vmm_server(),
        lambda machine: machine.registry.set(layout.REGISTRATION_KEY, "ResourceName", "x", "REG_NONE"),
    ),
    observe(
        "outputs that are absent",
        vmm_server(provider={}),
        all_of(without_empty_outputs, lambda machine: machine.ensure_key(layout.ADAPTER_KEY), registered()),
    ),
    observe("outputs that are absent on a host", hyperv_host(agent={}, antivirus={}), without_empty_outputs),
]

CASES: Final = [
    observe("a VMM server as it comes", vmm_server()),
    observe("a host as it comes", hyperv_host()),
    observe("in check mode", vmm_server(provider={}), check_mode=True),
    observe("one section", vmm_server(), sections=["host"]),
    observe("no such section", vmm_server(), sections=["nothing"], same_message=False),
    observe("VMM 2012 R2, highly available", vmm_server(vmm={"version": "3.2.9013.0", "ha_name": "VMMROLE"})),
    observe("VMM that does not answer", vmm_server(), fault("connect to VMM", times=9)),
    *(
        observe(
            f"VMM that restarts while its {what} are read",
            vmm_server(provider={}),
            all_of(fault(f"read {what} of VMM"), fault("connect to VMM", after=1)),
        )
        for what in ("jobs", "hosts", "clouds", "networks", "accounts")
    ),
    observe("VMM on another port", vmm_server(vmm={"console_port": 8200})),
    observe("VMM 2016 with running jobs", vmm_server(vmm={"version": "4.0.2413.0", "running_jobs": 2})),
    observe("a VMM release without the flag", vmm_server(vmm={"flag_supported": False})),
    observe("a stopped VMM service", vmm_server(provider={}), stopped(layout.VMM_SERVICE)),
    observe("VMM as the system account", vmm_server(vmm={"service_account": "LocalSystem"})),
    observe("a blank VMM id", vmm_server(), value(layout.VMM_SETUP_KEY, "VmmID", "")),
    observe("no clouds", vmm_server(vmm={"clouds": [], "host_groups": []})),
    observe("one cloud on one host", vmm_server(vmm={"clouds": CLOUDS[:1]})),
    observe("a Provider that is installed", vmm_server(provider={"version": "5.1.7000.0"})),
    observe(
        "a Provider whose version is only among the programs",
        vmm_server(),
        all_of(
            value(layout.UNINSTALL_KEY_32 + r"\{1}", "DisplayName", "Microsoft Azure Site Recovery"),
            value(layout.UNINSTALL_KEY_32 + r"\{1}", "DisplayVersion", "5.0.1"),
            value(layout.UNINSTALL_KEY_32 + r"\{0}", "Other", 1),
        ),
    ),
    observe("only VMM's adapter key", vmm_server(), lambda machine: machine.ensure_key(layout.ADAPTER_KEY)),
    observe("a registered server", vmm_server(provider={}), all_of(registered(), proxy_account)),
    observe(
        "a server with the account of others", vmm_server(provider={}), lambda m: proxy_account(m, "CORP\\sql-admin")
    ),
    observe(
        "a server with key files",
        vmm_server(provider={}),
        all_of(staged, leftover, lambda m: m.write_file(STAGING + r"\theirs.VaultCredentials", b"x")),
    ),
    observe("a registration in the old place", vmm_server(provider={}), registered("other", old_place=True)),
    observe("registrations in both places", vmm_server(), all_of(registered(), registered("b", old_place=True))),
    observe("the key of the preview", vmm_server(), lambda machine: machine.ensure_key(layout.PREVIEW_KEY)),
    *(
        observe(f"data encryption {sign!r}", vmm_server(), value(layout.REGISTRATION_KEY, "EncryptionEnabled", sign))
        for sign in (1, 0, "True", "false", "")
    ),
    observe("an empty vault name", vmm_server(provider={}), value(layout.REGISTRATION_KEY, "ResourceName", "")),
    observe(
        "a Provider's proxy",
        vmm_server(provider={}),
        provider_proxy(
            BypassDefault=0, ProxyAddress="http://p", ProxyPort="8080", ProxyUserName="d\\u", ProxyBypassUrls="a;b"
        ),
    ),
    observe("a proxy port as a number", vmm_server(), provider_proxy(ProxyAddress="http://p", ProxyPort=3128)),
    observe("a direct connection", vmm_server(provider={}), provider_proxy(BypassDefault=1)),
    observe("a key that a killed run left", vmm_server(provider={}), all_of(staged, leftover)),
    observe("a system proxy", hyperv_host(system_proxy={"server": "proxy:8080", "bypass": ["*.corp", "<local>"]})),
    observe("the VMM account's proxy", vmm_server(system_proxy={"server": "proxy:8080"})),
    observe("an account's hive that is not loaded", hyperv_host(), lambda machine: machine.registry.remove("HKU")),
    observe("no administrator", hyperv_host(administrator=False)),
    observe(
        "every pending restart",
        hyperv_host(pending_restart=["pending_file_rename", "component_servicing", "windows_update"]),
    ),
    observe("an empty list of renames", hyperv_host(), value(layout.SESSION_KEY, layout.RENAMES, [])),
    observe(
        "TLS switched by hand",
        hyperv_host(tls={"enabled": 1, "disabled_by_default": 0, "strong_crypto": 0, "system_default": 0}),
    ),
    observe("two volumes", hyperv_host(volumes=[{"drive": "C"}, {"drive": "D", "size_gb": 2000, "free_gb": 3.5}])),
    observe("a domain controller with an old .NET", hyperv_host(domain_role=5, dotnet_release=378389)),
    observe(
        "no .NET, no shell",
        hyperv_host(),
        all_of(without_key(layout.FRAMEWORK_KEY), without_key(layout.SHELL_KEY)),
    ),
    observe("a server outside of a domain", hyperv_host(fqdn="hv01")),
    observe("switches", hyperv_host(switches=["LAN #1", "Größe"])),
    observe("a Windows Server 2012 R2", hyperv_host(os={"version": "6.3.9600"}, hotfixes=["KB2961977", "KB1"])),
    observe("a Windows Server 2012 R2 without hotfixes", hyperv_host(os={"version": "6.3.9600"})),
    observe("Defender without exclusions", hyperv_host(antivirus={})),
    observe(
        "Defender with exclusions here and by policy",
        hyperv_host(antivirus={"exclusions": [r"C:\ProgramData\ASRLogs", "D:\\Größe"]}),
        all_of(value(layout.EXCLUSION_KEYS[1], "C:\\x", "0"), stopped(layout.DEFENDER_SERVICE)),
    ),
    observe("32-bit .NET told not to", hyperv_host(tls={"strong_crypto_32": 0})),
    observe(
        "virtual machines",
        hyperv_host(
            vms=[
                {"name": "web 1", "generation": 1, "disks": 3, "first_disk_gb": 2049},
                {"name": "Größe", "secure_boot": True, "shared_disks": 1, "pass_through_disks": 2},
                {"name": "offline", "first_disk_gb": None},
                {"name": "bare", "disks": 0},
                {"name": "old with SCSI", "generation": 1, "disks": 6, "first_disk_gb": 2049},
                {"name": "two controllers", "disks": 3, "scsi_controllers": 2},
            ]
        ),
    ),
    observe(
        "networks and profiles",
        vmm_server(
            vmm={
                "networks": [{"name": "Größe"}, {"name": "b", "logical_network": "L"}],
                "clouds": [{"name": "x", "capability_profiles": []}, {"name": "y", "capability_profiles": ["a", "b"]}],
            }
        ),
    ),
    observe("no networks", vmm_server(vmm={"networks": []})),
    observe("stopped Hyper-V", hyperv_host(), stopped(layout.HYPERV_SERVICE)),
    observe("an agent", hyperv_host(agent={"version": "2.0.9260.0"})),
    observe("an agent elsewhere", hyperv_host(agent={"install_path": r"C:\MARS", "cache_path": r"C:\Cache"})),
    observe("an agent registered for backup", hyperv_host(agent={"backup_vault": "backup"})),
    observe("a stopped agent", hyperv_host(agent={}), stopped(layout.AGENT_SERVICE)),
    observe("an agent's proxy", hyperv_host(agent={}), agent_proxy(AGENT_PROXY)),
    observe("an agent's throttling", hyperv_host(agent={}), agent_throttle(THROTTLED)),
    observe("an agent that does not show it", hyperv_host(agent={}), agent_throttle(THROTTLED, shown=False)),
    observe(
        "an agent's threads",
        hyperv_host(agent={}),
        all_of(
            value(layout.AGENT_LIMITS_KEY, "UploadThreadsPerVM", 8),
            value(layout.AGENT_LIMITS_KEY, "DownloadThreadsPerVM", "16"),
        ),
    ),
    observe(
        "clouds without a Hyper-V profile",
        vmm_server(
            vmm={"clouds": [{"name": "A", "capability_profiles": []}, {"name": "B", "capability_profiles": ["X"]}]}
        ),
    ),
    observe("an old agent's proxy", hyperv_host(agent={}), agent_proxy(AGENT_PROXY, bypass_supported=False)),
    observe(
        "an agent that is not among the programs",
        hyperv_host(agent={}),
        lambda machine: machine.registry.remove(f"{layout.UNINSTALL_KEY}\\{layout.AGENT_PRODUCT_CODE}"),
    ),
    observe(
        "a cache named only by the backup provider",
        hyperv_host(agent={}),
        lambda machine: machine.registry.unset(layout.AGENT_KEY + r"\Config", "ScratchLocation"),
    ),
    observe(
        "an agent without its module",
        hyperv_host(agent={}),
        lambda m: m.remove_file(rf"{layout.AGENT_FOLDER}\bin\Modules", recurse=True),
    ),
    *UNREADABLE,
]
