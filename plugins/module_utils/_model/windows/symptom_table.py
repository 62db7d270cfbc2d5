# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the table of symptoms of VMM servers and Hyper-V hosts.

Rows of a registration take cause and fix from the table of failures of DRConfigurator, rows of a scheduled task from
its results. A row of a check has a general cause; the check itself reports the observed one, and the fix.
"""

from __future__ import annotations

from typing import Final

from ..common.symptom import Side, Symptom
from .background_task import result_reason
from .registration_failures import FAILURES

_VMM: Final[tuple[Side, ...]] = ("vmm_server",)
_HOST: Final[tuple[Side, ...]] = ("hyperv_host",)
_BOTH: Final[tuple[Side, ...]] = ("vmm_server", "hyperv_host")
_SETUP: Final = "Microsoft's public configuration-server setup source, resources"
_TROUBLESHOOT: Final = "Azure documentation, Troubleshoot Hyper-V to Azure replication and failover"
_MATRIX: Final = "Azure documentation, Support matrix for disaster recovery of on-premises Hyper-V VMs to Azure"
_BACKUP: Final = "Azure documentation, Troubleshoot the Microsoft Azure Recovery Services (MARS) agent"
_TASKS: Final = "Windows documentation, System Error Codes, and Task Scheduler error and success constants"
#: The public logs of events that hold signs, by kind of machine.
EVENT_LOGS: Final = {
    "vmm_server": ("Microsoft-VirtualMachineManager-Server/Admin",),
    "hyperv_host": ("Microsoft-Windows-Hyper-V-VMMS-Admin", "MicrosoftAzureRecoveryServices-Replication"),
}


def _registration(id: str, key: str, source: str = _SETUP, step: str = "P4") -> Symptom:
    failure = next(failure for failure in FAILURES if key in failure.signs)
    sign = f"the newest log of setup and registration has {key}"
    return Symptom(id, _VMM, step, "log", sign, failure.signs, failure.cause, failure.fix, source)


def _log(id: str, keys: tuple[str, ...], *, sign: str, cause: str, fix: str, source: str = _BACKUP) -> Symptom:
    return Symptom(id, _HOST, "H4", "log", sign, keys, cause, fix, source)


def _event(id: str, key: str, cause: str, fix: str) -> Symptom:
    return Symptom(id, _HOST, "H2", "event", f"an event of replication has {key}", (key,), cause, fix, _TROUBLESHOOT)


def _task(id: str, code: int) -> Symptom:
    cause, fix = result_reason(code) or ("", "")
    sign = f"a scheduled task of the collection ended with 0x{code:08X}"
    return Symptom(id, _BOTH, "P1", "task", sign, (str(code),), cause, fix, _TASKS)


def _check(
    id: str, sides: tuple[Side, ...], step: str, *, sign: str, cause: str, source: str, repair: str = ""
) -> Symptom:
    return Symptom(id, sides, step, "check", sign, (id,), cause, "", source, repair)


_REGISTRATION: Final = (
    _registration("registered-elsewhere", "ReRegistrationError", "KB3093574", "P5"),
    _registration("registration-without-id", "DraIdEmptyError", "KB3139299"),
    _registration("key-expired", "CredentialFileExpired", "azure-powershell issue 9533", "S4"),
    _registration("clock-wrong", "ACS50008", "Azure documentation, Troubleshoot configuration server issues"),
    _registration("key-damaged", "SettingsFileCorrupt", step="S4"),
    _registration("key-needs-newer-provider", "DraVersionNotSupported", step="P1"),
    _registration("key-of-other-kind", "WrongSettingsFileForSMB", step="S4"),
    _registration("key-of-several-vaults", "MultipleVaultsPerCertificate", step="S4"),
    _registration("proxy-login-refused", "ProxyAuthenticationRequired", step="P6c"),
    _registration("proxy-name-unknown", "ProxyNameResolutionFailure", step="P6c"),
    _registration("proxy-blocks", "RequestProhibitedByProxy", step="P6d"),
    _registration("proxy-unusable", "InvalidProxySettings", _MATRIX, "P6c"),
    _registration("name-unresolved", "NameResolutionFailure", "azure-docs issue 66940", "P6d"),
    _registration("tls-handshake-failed", "SecureChannelFailure", _BACKUP, "P6d"),
    _registration("azure-unreachable", "NotConnectedToInternet", "azure-docs issue 66940", "P6d"),
    _registration("passive-node", "ScvmmNoRegistrationOnSecondaryNode"),
    _registration("vmm-not-stopped", "FailedToStopVmmService"),
    _registration("vmm-not-started", "FailedToStartVmmService"),
    _registration("no-vmm-server", "NoCompatibleAdapterFound", "azure-docs issue 42969", "S1"),
    _registration("setup-needs-restart", "PendingRestart", step="P1"),
    _registration("provider-older", "HigherVersionInstalled", step="P1"),
    _registration("certificate-not-stored", "SrsAuthCertCreationFailure"),
    _registration(
        "encryption-retired", "KekOperationsFailed", "Azure documentation, What's new in Site Recovery", "P7"
    ),
    _registration("setup-registry-unreadable", "MissingRegistryEntry", step="P1"),
    _registration("setup-runs-twice", "ProcessAlreadyLaunched", step="P1"),
    _registration("setup-command-line", "InvalidCommandLine", step="P1"),
)
_AGENT: Final = (
    _log(
        "backup-credentials-old",
        (r"\b34513",),
        sign="the agent's log has error 34513",
        cause="the agent was registered for Azure Backup with a file older than 48 hours",
        fix="do not register the agent: Site Recovery needs no registration of it",
    ),
    _log(
        "backup-vault-wrong",
        (r"\b100110",),
        sign="the agent's log has error 100110",
        cause="the agent was registered for Azure Backup with a file of another vault",
        fix="do not register the agent: Site Recovery needs no registration of it",
    ),
    _log(
        "agent-proxy-login-refused",
        (r"\b100050",),
        sign="the agent's log has error 100050",
        cause="the proxy of the agent requires a login, or rejects the given one",
        fix="set the login of the agent's proxy (siterecovery.hyperv.mars_proxy)",
    ),
    _log(
        "agent-package-gone",
        (r"\b1612",),
        sign="the log of the agent's setup has error 1612",
        cause="Windows Installer does not find the cached package of the installed agent, so an upgrade fails",
        fix="follow KB4020490, then run again",
        source="KB4020490",
    ),
)
_EVENTS: Final = (
    _event(
        "guest-dynamic-disks",
        "0x800700EA",
        "a virtual machine has dynamic disks, whose snapshot fails",
        "follow the section about app-consistent snapshots, or convert the dynamic disks in the guest",
    ),
    _event(
        "guest-integration-services",
        "0x80070032",
        "the integration services of a virtual machine are outdated",
        "update the integration services in the guest",
    ),
)
_TASK_ROWS: Final = (
    _task("task-batch-logon", 0x80070569),
    _task("task-login-wrong", 0x8007052E),
    _task("task-access-denied", 0x80070005),
    _task("task-account-locked", 0x80070775),
    _task("task-password-forbidden", 0x80070520),
    _task("task-command-blocked", 0xFFFD0000),
)
_CHECKS: Final = (
    _check(
        "language-mode",
        _BOTH,
        "S2",
        sign="every module fails without a result",
        cause="an application control policy limits PowerShell on the machine",
        source="ansible issue 41534",
    ),
    _check(
        "vmm-id",
        _VMM,
        "S1",
        sign="registration ends with an internal error about an incomplete installation",
        cause="VmmID is blank in the registry of VMM",
        source="KB3139299",
    ),
    _check(
        "vmm-service",
        _VMM,
        "S1",
        sign="clouds and jobs of VMM are not shown",
        cause="the VMM service does not run",
        source=_SETUP,
        repair="SCVMMService",
    ),
    _check(
        "data-encryption",
        _VMM,
        "P7",
        sign="changes of the Provider fail although the server is registered",
        cause="the registration uses the retired data encryption",
        source="Azure documentation, What's new in Site Recovery",
    ),
    _check(
        "cloud-hosts",
        _VMM,
        "P9",
        sign="a cloud in the vault has no virtual machines",
        cause="the cloud has no hosts",
        source=_MATRIX,
    ),
    _check(
        "capability",
        _VMM,
        "P9",
        sign="a cloud does not appear in the vault",
        cause="the cloud lacks the capability profile Hyper-V",
        source="Azure documentation, Set up disaster recovery of VMM clouds",
    ),
    _check(
        "restart",
        _BOTH,
        "S2",
        sign="setup ends with a failed prerequisite",
        cause="Windows has a pending restart",
        source="choco issue 1768, and the DSC module xASR",
    ),
    _check(
        "tls",
        _BOTH,
        "S2",
        sign="the remote host closes connections (10054)",
        cause="TLS 1.2 is disabled in SCHANNEL or .NET",
        source=_BACKUP,
    ),
    _check(
        "switch-names",
        _HOST,
        "H2",
        sign="the list of servers does not load",
        cause="the name of a virtual switch contains a '#'",
        source="KB3060975",
    ),
    _check(
        "hyperv",
        _HOST,
        "H1",
        sign="enabling of replication fails with 70094 or 31389",
        cause="the Hyper-V service does not run",
        source="azure-docs issue 68695",
        repair="vmms",
    ),
    _check(
        "agent",
        _HOST,
        "H4",
        sign="replication stops after a host was rebuilt or joined a cluster",
        cause="the host lacks the agent, or has an outdated one",
        source=_MATRIX,
    ),
    _check(
        "agent-service",
        _HOST,
        "H4",
        sign="replication of all virtual machines of a host stops",
        cause="the service of the agent does not run",
        source="azure-docs issue 68695",
        repair="obengine",
    ),
    _check(
        "backup",
        _HOST,
        "H1",
        sign="the agent was set up for Azure Backup",
        cause="Site Recovery and Azure Backup use the agent of one host",
        source=_MATRIX,
    ),
    _check(
        "own-registration",
        _HOST,
        "H1",
        sign="the host is already registered in a vault",
        cause="the host was registered without VMM, or by Azure Migrate",
        source="azure-docs issue 70074",
    ),
)
#: Every row, in the order in which results list them.
SYMPTOMS: Final = (*_CHECKS, *_REGISTRATION, *_AGENT, *_EVENTS, *_TASK_ROWS)
#: By kind of machine, the services that a repair can start, by the id of the symptom.
REPAIRS: Final = {
    kind: {row.id: row.repair for row in SYMPTOMS if row.repair and kind in row.sides}
    for kind in ("vmm_server", "hyperv_host")
}
