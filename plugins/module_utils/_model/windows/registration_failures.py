# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: causes of a failed DRConfigurator, derived from its exit code and its log, and their fixes.

Signs do not depend on the display language: keys of the texts in the resources of Microsoft's public
configuration-server setup source, which shares its framework with the Provider's setup, error names of .NET for
connections, and error numbers. That the log of a VMM server contains them was not verified on a live system. For a log
without a known sign, the exit code decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A cause of a failure. The first row with a sign in the log applies, else the first row with the exit code."""

    cause: str
    fix: str
    signs: tuple[str, ...] = ()
    code: int | None = None


_CLOCK = "correct the server's time and time zone"
_ADDRESSES = "allow the addresses of Site Recovery in the firewall and in the proxy"

#: Specific rows precede general ones.
FAILURES: tuple[Failure, ...] = (
    Failure(
        "the server is already registered in another vault",
        "unregister it there first, or use a key of that vault",
        ("ReRegistrationError",),
    ),
    Failure(
        "the id of the VMM server is blank in the registry (VmmID), so its installation counts as incomplete",
        "restore it from VMM's database (KB3139299)",
        ("DraIdEmptyError",),
    ),
    Failure(
        "the key has expired: it is valid for five days, by the server's clock",
        f"create a new key, or {_CLOCK}",
        ("CredentialFileExpired",),
    ),
    Failure("the server's clock is wrong", _CLOCK, ("ACS50008",)),
    Failure("the key file is damaged", "create a new key", ("SettingsFileCorrupt",)),
    Failure(
        "the key requires a newer Provider",
        "upgrade the Provider first (siterecovery.hyperv.provider)",
        ("DraVersionNotSupported",),
    ),
    Failure(
        "the key is for the other kind of deployment, Hyper-V site or VMM",
        "create a key without a site",
        ("WrongSettingsFileForSMB",),
    ),
    Failure("the key names more than one vault", "create a new key", ("MultipleVaultsPerCertificate",)),
    Failure(
        "the proxy requires a login, or rejects the given one",
        "correct proxy.username and proxy.password",
        ("ProxyAuthenticationRequired", r"\(407\)", "100050"),
    ),
    Failure("the name of the proxy does not resolve", "correct proxy.address", ("ProxyNameResolutionFailure",)),
    Failure("the proxy blocks the connection", _ADDRESSES, ("RequestProhibitedByProxy",)),
    Failure(
        "the proxy cannot be used: only HTTP proxies are supported",
        "correct proxy.address and proxy.port",
        ("InvalidProxySettings", "InvalidPort", "ProxyError"),
    ),
    Failure(
        "a name does not resolve",
        "correct the DNS settings of the server, or use a proxy",
        ("NameResolutionFailure", "0x80072EE7"),
    ),
    Failure(
        "the TLS handshake failed: TLS 1.2 is disabled, or a root certificate is missing",
        "enable TLS 1.2 for .NET and SCHANNEL, and update the trusted roots",
        ("SecureChannelFailure", "TrustFailure", "10054"),
    ),
    Failure(
        "Site Recovery could not be reached with these settings",
        _ADDRESSES,
        (
            "NotConnectedToInternet",
            "GetServiceResourceClaimError",
            "ConnectionError",
            "Netfailure_GenericFailure",
            "ConnectFailure",
            "0x80072EFD",
        ),
    ),
    Failure(
        "this node of the highly available VMM is not the active one",
        "run on the node that owns the cluster role",
        ("ScvmmNoRegistrationOnSecondaryNode", "ScvmmRegisterOnActiveNode"),
    ),
    Failure(
        "the VMM service could not be stopped",
        "wait until no VMM job runs, then run again",
        ("FailedToStopVmmService",),
    ),
    Failure(
        "the server was registered, but the VMM service could not be started",
        "start SCVMMService, then run again",
        ("FailedToStartVmmService",),
    ),
    Failure(
        "no VMM server was found on this machine",
        "run on the VMM server; its console is not enough",
        ("NoCompatibleAdapterFound", "NoCompatibleAdapterFoundVmm"),
    ),
    Failure("the server has a pending restart", "restart it, then run again", ("PendingRestart",)),
    Failure(
        "a newer Provider is installed than the running one",
        "install the newest version (siterecovery.hyperv.provider)",
        ("HigherVersionInstalled",),
    ),
    Failure(
        "the certificate of the registration could not be created or stored",
        "connect as an elevated local administrator and check the permissions of the machine's key containers",
        ("SrsAuthCertCreationFailure", "CertificateInstallationFailure"),
    ),
    Failure(
        "data encryption of Site Recovery for VMM is enabled, which was retired on 2022-04-30",
        "stop the protection of encrypted machines, and use a policy without encryption",
        ("KekOperationsFailed", "KekFileNotFound", "KekStatusFetchFailed", "InvalidKekState"),
    ),
    Failure(
        "a registry value is missing or cannot be read",
        "install the Provider again, and connect as an elevated local administrator",
        ("MissingRegistryEntry", "WrongValueDataType", "WritingProxyToRegistryFailed"),
    ),
    Failure(
        "another setup is running on the server", "wait until it ends, then run again", ("ProcessAlreadyLaunched",)
    ),
    Failure(
        "the command line was not understood",
        "report this as a bug",
        ("InvalidCommandLine", "CmdlineParameterMissing"),
    ),
    # Exit codes of the setup framework. None are published for VMM.
    Failure("registration failed", "read the log, which names the step", code=1),
    Failure("the command line was not understood", "report this as a bug", code=2),
    Failure("a prerequisite is missing", "read the log, which names it", code=4),
    Failure("the server is already registered in another vault", "unregister it there first", code=10),
)


def failure_of(code: int, log: Sequence[str]) -> Failure | None:
    """Return the matching row, or None if neither the log nor the code is known."""
    text = "\n".join(log)
    for failure in FAILURES:
        if any(re.search(rf"(?<![A-Za-z0-9]){_pattern(sign)}(?![A-Za-z0-9])", text) for sign in failure.signs):
            return failure
    return next((failure for failure in FAILURES if failure.code == code), None)


def meaning_of(code: int, log: Sequence[str]) -> dict[int, str]:
    """Return the meaning of an exit code in the form that `require_success` takes."""
    failure = failure_of(code, log)
    return {} if failure is None else {code: f"{failure.cause}; {failure.fix}"}


def last_line(log: Sequence[str]) -> str:
    """Return the last line of a log that is not blank."""
    return next((line.strip() for line in reversed(log) if line.strip()), "")


def _pattern(sign: str) -> str:
    return sign if "\\" in sign else re.escape(sign)
