# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: requirements on Windows itself, for VMM servers and Hyper-V hosts.

.NET Framework 4.6.2 is required by the support matrix (Azure documentation, hyper-v-azure-support-matrix). Windows
PowerShell 5.1 is required by ansible.windows and by the cmdlets of VMM and of the agent. No document mentions the
Visual C++ runtime, so its absence never blocks.
"""

from __future__ import annotations

from ..common.check import Check
from ..common.versions import numbers
from . import endpoints
from .expectation import VMM_SERVER
from .host_facts import RUNNING, HostFacts
from .requirement_context import Context

#: Windows Server 2012 R2, the oldest system of the support matrix.
_OLDEST_OS = (6, 3)
#: `Release` of .NET Framework 4.6.2 and 4.8 in the registry.
_DOTNET_REQUIRED, _DOTNET_ADVISED = 394802, 528040
_POWERSHELL_REQUIRED = (5, 1)
_LARGEST_SKEW_SECONDS = 300
#: KB3186955. The folders of the agent are added to it.
_LOG_FOLDER = r"C:\ProgramData\ASRLogs"
_DOMAIN_CONTROLLERS = (4, 5)


def elevated(context: Context) -> Check | None:
    """Check that the account of the connection is an elevated administrator."""
    host, step = context.machine.host, context.machine_step
    if host is None:
        return None
    if host.is_administrator:
        return Check.passed("elevated", step, f"{host.account} is an elevated administrator")
    also = " who is also a VMM administrator" if context.kind == VMM_SERVER else ""
    return Check.failed(
        "elevated",
        step,
        f"{host.account} is not an elevated administrator on {host.name}",
        f"connect as a local administrator{also}",
    )


def operating_system(context: Context) -> Check | None:
    """Check the age of Windows."""
    host, step = context.machine.host, context.machine_step
    if host is None:
        return None
    if numbers(host.os_version)[:2] >= _OLDEST_OS:
        return Check.passed("os", step, host.os_caption)
    fix = "move VMM to a supported system" if context.kind == VMM_SERVER else "use a supported host"
    return Check.failed("os", step, f"{host.os_caption} is older than Windows Server 2012 R2", fix)


def domain_controller(context: Context) -> Check | None:
    """Warn of a domain controller."""
    host, step = context.machine.host, context.machine_step
    if host is None or host.domain_role not in _DOMAIN_CONTROLLERS:
        return None
    return Check.warning(
        "domain-controller",
        step,
        f"{host.name} is a domain controller, which the Provider's setup for hosts without VMM does not support",
    )


def antivirus(context: Context) -> Check | None:
    """Check the exclusions of Microsoft Defender."""
    host, agent, step = context.machine.host, context.machine.agent, context.machine_step
    if host is None or host.defender is None:
        return None
    if host.defender.status != RUNNING:
        return Check.passed("antivirus", step, "Microsoft Defender does not run")
    folders = [_LOG_FOLDER, *((rf"{agent.install_path}\Scratch", rf"{agent.install_path}\Temp") if agent else ())]
    excluded = [path.casefold().rstrip("\\") for path in host.defender.exclusions]
    scanned = [path for path in folders if not any(f"{path.casefold()}\\".startswith(f"{each}\\") for each in excluded)]
    if scanned:
        return Check.warning(
            "antivirus",
            step,
            f"Microsoft Defender scans folders of Site Recovery: {', '.join(scanned)}",
            "add exclusions for them (KB3186955)",
        )
    return Check.passed("antivirus", step, "Microsoft Defender excludes the folders of Site Recovery")


def pending_restart(context: Context) -> Check | None:
    """Check that Windows does not wait for a restart. Setup does not start then."""
    host, step = context.machine.host, context.machine_step
    if host is None:
        return None
    if not host.pending_restart:
        return Check.passed("restart", step, "no restart is pending")
    return Check.failed(
        "restart",
        step,
        f"{host.name} has a pending restart ({host.restart_sources}), which blocks setup",
        "restart the machine",
    )


def dotnet(context: Context) -> Check | None:
    """Check the version of .NET Framework."""
    host, step = context.machine.host, context.machine_step
    if host is None:
        return None
    release = host.dotnet_release or 0
    if release >= _DOTNET_ADVISED:
        return Check.passed("dotnet", step, f".NET Framework is 4.8 or newer (release {release})")
    fix = "install .NET Framework 4.8"
    if release >= _DOTNET_REQUIRED:
        return Check.warning(
            "dotnet", step, f".NET Framework is older than 4.8 (release {release}), which current agents require", fix
        )
    return Check.failed(
        "dotnet", step, f".NET Framework is missing or older than 4.6.2 (release {release or 'unknown'})", fix
    )


def powershell(context: Context) -> Check | None:
    """Check the version of Windows PowerShell."""
    host, step = context.machine.host, context.machine_step
    if host is None:
        return None
    if numbers(host.powershell_version)[:2] >= _POWERSHELL_REQUIRED:
        return Check.passed("powershell", step, f"Windows PowerShell {host.powershell_version}")
    return Check.failed(
        "powershell",
        step,
        f"Windows PowerShell is older than 5.1 (found: {host.powershell_version or 'unknown'})",
        "install Windows Management Framework 5.1",
    )


def visual_cpp(context: Context) -> Check | None:
    """Report the Visual C++ runtime, which setup may ask for."""
    host, step = context.machine.host, context.machine_step
    if host is None:
        return None
    if host.visual_cpp is not None:
        return Check.passed("visual-cpp", step, f"Visual C++ runtime {host.visual_cpp}")
    return Check.unknown(
        "visual-cpp",
        step,
        f"{host.name} shows no Visual C++ runtime (2015 or later, x64)",
        "install it if the log of setup asks for it",
        severity="info",
    )


def tls(context: Context) -> Check | None:
    """Check that TLS 1.2 is not disabled."""
    host, step = context.machine.host, context.machine_step
    if host is None:
        return None
    values = host.tls
    if values["schannel_client_enabled"] == 0 or values["schannel_client_disabled_by_default"] == 1:
        return Check.failed(
            "tls", step, "TLS 1.2 is disabled for clients in SCHANNEL", "enable it and restart the machine"
        )
    if 0 in (values[name] for name in ("strong_crypto", "system_default", "strong_crypto_32", "system_default_32")):
        return Check.warning(
            "tls",
            step,
            ".NET does not use the TLS versions of the system",
            "set SchUseStrongCrypto and SystemDefaultTlsVersions to 1",
        )
    return Check.passed("tls", step, "TLS 1.2 is not disabled")


def clock(context: Context) -> Check | None:
    """Compare the clock with the remote one, or with the controller's if no address responded."""
    host, step = context.machine.host, context.machine_step
    if host is None or context.now is None:
        return None
    reference, skew = _skew(context, host)
    if abs(skew) <= _LARGEST_SKEW_SECONDS:
        return Check.passed(
            "clock", step, f"the clock differs from the clock of {reference} by {_LARGEST_SKEW_SECONDS} s or less"
        )
    return Check.failed(
        "clock",
        step,
        f"the clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the clock of {reference}"
        f" ({_LARGEST_SKEW_SECONDS} s are allowed)",
        "synchronize it",
    )


def _skew(context: Context, host: HostFacts) -> tuple[str, float]:
    """Return the reference and the seconds by which the clock is ahead of it. Azure's clock decides."""
    for call in context.machine.connectivity or ():
        if call.skew is not None:
            return endpoints.host_of(call.url), call.skew
    return "the controller", (host.utc_now - context.now).total_seconds() if context.now else 0.0
