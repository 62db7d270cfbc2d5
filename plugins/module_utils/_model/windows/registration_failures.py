# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: why DRConfigurator failed, told from its exit code and its log, and what helps.

Signs are what no display language changes: keys of the texts in the resources of Microsoft's public
configuration-server setup source, which shares its framework with the Provider's setup, names that .NET gives to
failures of a connection, and error numbers. That the log of a VMM server names them was not verified on a real server;
a log without a known sign leaves the exit code's meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that goes wrong: the first row with a sign in the log counts, then the first with the exit code."""

    cause: str
    fix: str
    signs: tuple[str, ...] = ()
    code: int | None = None


_CLOCK = "correct the server's time and time zone"
_ADDRESSES = "let the server reach the addresses of Site Recovery, in the firewall and through the proxy"

#: More special rows stand before more general ones.
FAILURES: tuple[Failure, ...] = (
    Failure(
        "the server is already registered in another vault",
        "unregister it there first, or give a key of that vault",
        ("ReRegistrationError",),
    ),
    Failure(
        "the id of the VMM server is blank in the registry (VmmID), so its installation counts as incomplete",
        "restore it from VMM's database (KB3139299)",
        ("DraIdEmptyError",),
    ),
    Failure(
        "the key is too old for this server: it lasts five days, by the server's clock",
        f"make a new one, or {_CLOCK}",
        ("CredentialFileExpired",),
    ),
    Failure("the server's clock is wrong", _CLOCK, ("ACS50008",)),
    Failure("the key file is damaged", "make a new one", ("SettingsFileCorrupt",)),
    Failure(
        "the key asks for a newer Provider",
        "upgrade the Provider first (siterecovery.hyperv.provider)",
        ("DraVersionNotSupported",),
    ),
    Failure(
        "the key was made for the other kind of deployment, Hyper-V site or VMM",
        "make one of the vault without a site",
        ("WrongSettingsFileForSMB",),
    ),
    Failure("the key names more than one vault", "make a new one", ("MultipleVaultsPerCertificate",)),
    Failure(
        "the proxy asks for a login, or does not take the one that was given",
        "correct proxy.username and proxy.password",
        ("ProxyAuthenticationRequired", r"\(407\)", "100050"),
    ),
    Failure("the proxy's name is not known", "correct proxy.address", ("ProxyNameResolutionFailure",)),
    Failure("the proxy forbids the connection", _ADDRESSES, ("RequestProhibitedByProxy",)),
    Failure(
        "the proxy is not usable: HTTP proxies alone are supported",
        "correct proxy.address and proxy.port",
        ("InvalidProxySettings", "InvalidPort", "ProxyError"),
    ),
    Failure(
        "a name could not be resolved",
        "correct the server's name resolution, or give it a proxy",
        ("NameResolutionFailure", "0x80072EE7"),
    ),
    Failure(
        "TLS did not come about: TLS 1.2 is off, or a root certificate is missing",
        "switch TLS 1.2 on for .NET and SCHANNEL, and update the trusted roots",
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
        "wait for the end of VMM's jobs, then run again",
        ("FailedToStopVmmService",),
    ),
    Failure(
        "the server was registered, but the VMM service could not be started",
        "start SCVMMService, then run again",
        ("FailedToStartVmmService",),
    ),
    Failure(
        "no VMM server was found on this machine",
        "run on the VMM server, not on one with its console alone",
        ("NoCompatibleAdapterFound", "NoCompatibleAdapterFoundVmm"),
    ),
    Failure("the server waits for a restart", "restart it, then run again", ("PendingRestart",)),
    Failure(
        "a newer Provider is installed than the one that runs",
        "install the newest one (siterecovery.hyperv.provider)",
        ("HigherVersionInstalled",),
    ),
    Failure(
        "the certificate of the registration could not be made or stored",
        "connect as an elevated local administrator and check the rights on the machine's key containers",
        ("SrsAuthCertCreationFailure", "CertificateInstallationFailure"),
    ),
    Failure(
        "data encryption of Site Recovery for VMM is set up, and ended on 2022-04-30",
        "end the protection of encrypted machines, and use a policy without encryption",
        ("KekOperationsFailed", "KekFileNotFound", "KekStatusFetchFailed", "InvalidKekState"),
    ),
    Failure(
        "a value of the registry is missing or can't be read",
        "install the Provider again, and connect as an elevated local administrator",
        ("MissingRegistryEntry", "WrongValueDataType", "WritingProxyToRegistryFailed"),
    ),
    Failure("another setup runs on the server", "wait for its end, then run again", ("ProcessAlreadyLaunched",)),
    Failure(
        "the command line was not understood",
        "report this as a bug",
        ("InvalidCommandLine", "CmdlineParameterMissing"),
    ),
    # What the exit code alone says. None is published for VMM: they are those of the setup framework.
    Failure("registration failed", "the log says at which step", code=1),
    Failure("the command line was not understood", "report this as a bug", code=2),
    Failure("a prerequisite is missing", "the log names it", code=4),
    Failure("the server is already registered in another vault", "unregister it there first", code=10),
)


def failure_of(code: int, log: Sequence[str]) -> Failure | None:
    """The row that fits; None where neither log nor code say anything known."""
    text = "\n".join(log)
    for failure in FAILURES:
        if any(re.search(rf"(?<![A-Za-z0-9]){_pattern(sign)}(?![A-Za-z0-9])", text) for sign in failure.signs):
            return failure
    return next((failure for failure in FAILURES if failure.code == code), None)


def meaning_of(code: int, log: Sequence[str]) -> dict[int, str]:
    """What to say of a code, as the judge of exit codes wants it."""
    failure = failure_of(code, log)
    return {} if failure is None else {code: f"{failure.cause}; {failure.fix}"}


def told_log(log: Sequence[str]) -> str:
    """The last line with something in it."""
    return next((line.strip() for line in reversed(log) if line.strip()), "")


def _pattern(sign: str) -> str:
    return sign if "\\" in sign else re.escape(sign)
