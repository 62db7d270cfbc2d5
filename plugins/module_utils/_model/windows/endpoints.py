# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the addresses that a machine needs, and what a call to one of them shows.

Names: "Support matrix for disaster recovery of on-premises Hyper-V VMs to Azure", and for the bare backup name issue
66940 of MicrosoftDocs/azure-docs. Most names are documented with a wildcard, and only a name that exists can be called:
the sign-in hosts, the bare backup name, the names in the registration, and those of the given accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..common.cloud_names import CHINA, GOVERNMENT, PUBLIC, cloud_key, require_cloud
from ..common.errors import InvalidInput
from ..common.names import require_account_name
from ..common.shown_text import has_controls, shown_address
from .facts import ConnectivityFacts

SIGN_IN, DATA, CONTROL, STORAGE, OTHER = "sign-in", "data", "control-plane", "storage", "endpoint"


@dataclass(frozen=True, slots=True)
class EnvironmentNames:
    """Host names of one Azure cloud. `backup` is also the suffix of the names of the data plane.

    `authority` is the sign-in host that registration keys name as AadAuthority: the Provider calls this one.
    """

    sign_in: tuple[str, ...]
    authority: str
    backup: str
    control: str
    blob: str


ENVIRONMENTS = {
    PUBLIC: EnvironmentNames(
        ("login.microsoftonline.com",),
        "login.windows.net",
        "backup.windowsazure.com",
        "hypervrecoverymanager.windowsazure.com",
        "blob.core.windows.net",
    ),
    GOVERNMENT: EnvironmentNames(
        ("login.microsoftonline.us",),
        "login.microsoftonline.us",
        "backup.windowsazure.us",
        "hypervrecoverymanager.windowsazure.us",
        "blob.core.usgovcloudapi.net",
    ),
    CHINA: EnvironmentNames(
        ("login.chinacloudapi.cn", "login.microsoftonline.cn"),
        "login.chinacloudapi.cn",
        "backup.windowsazure.cn",
        "hypervrecoverymanager.windowsazure.cn",
        "blob.core.chinacloudapi.cn",
    ),
}
#: The suffix of the control plane names of a vault's private endpoints.
_PRIVATE_CONTROL = "siterecovery.windowsazure.com"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")

_DNS = ("NameResolutionFailure", "HostNotFound", "NoData", "TryAgain")
_TCP = ("ConnectFailure", "ConnectionRefused", "TimedOut", "HostUnreachable", "NetworkUnreachable")
_LATE = ("Timeout", "Deadline")
_LOGIN_REQUIRED = 407
_SYSTEM_FIX = "correct the proxy in the settings of Windows"


def addresses(
    environment: str, accounts: Iterable[str] = (), more: Iterable[str] = (), *, registers: bool = False
) -> tuple[str, ...]:
    """Return the https addresses to call, each host once. Raises InvalidInput.

    A machine that `registers` itself calls the sign-in host of registration keys, too.
    A cloud that is given by its address has the names of the public cloud.
    """
    require_cloud(environment)
    known = ENVIRONMENTS.get(cloud_key(environment), ENVIRONMENTS[PUBLIC])
    hosts = [*known.sign_in, *((known.authority,) if registers else ()), known.backup]
    for account in accounts:
        require_account_name(account, "storage_accounts")
        hosts.append(f"{account}.{known.blob}")
    urls: dict[str, str] = {host: f"https://{host}" for host in hosts}
    for text in more:
        url = _address(text)
        urls.setdefault(host_of(url), url)
    return tuple(urls.values())


def _address(text: str) -> str:
    """Return an https address, also for a host name only. Raises InvalidInput."""
    scheme, mark, rest = text.partition("://")
    host = (rest if mark else text).partition("/")[0]
    if (mark and scheme.lower() != "https") or not _HOST.fullmatch(host) or has_controls(text):
        raise InvalidInput(
            "endpoints",
            f"must be https addresses or host names, not '{shown_address(text)}'",
            "correct or remove the entry",
        )
    return f"https://{rest}" if mark else f"https://{host}"


def host_of(url: str) -> str:
    """Return the host name of an address in lower case."""
    return url.partition("://")[2].partition("/")[0].partition(":")[0].lower()


def purpose_of(host: str) -> str:
    """Return the purpose of a host name, which its suffix shows."""
    for environment in ENVIRONMENTS.values():
        if host in (*environment.sign_in, environment.authority):
            return SIGN_IN
        if host == environment.backup or host.endswith(f".{environment.backup}"):
            return DATA
        if host.endswith(f".{environment.control}"):
            return CONTROL
        if host.endswith(f".{environment.blob}"):
            return STORAGE
    return CONTROL if host.endswith(f".{_PRIVATE_CONTROL}") else OTHER


def is_service_address(url: str) -> bool:
    """Tell whether an https address belongs to the sign-in service, the data plane or the control plane of a cloud."""
    scheme, _mark, rest = url.partition("://")
    if scheme.lower() != "https" or not _HOST.fullmatch(rest.partition("/")[0]):
        return False
    return purpose_of(host_of(url)) in (SIGN_IN, DATA, CONTROL)


def is_authority(host: str) -> bool:
    """Tell whether a host is the sign-in host of registration keys, which no other host replaces."""
    return any(host == environment.authority for environment in ENVIRONMENTS.values())


def is_unproven(host: str) -> bool:
    """Tell whether no document shows that the name itself exists: only names below it are documented."""
    return any(host == environment.backup for environment in ENVIRONMENTS.values())


def stage_of(call: ConnectivityFacts) -> str | None:
    """Return the stage at which a call failed: dns, proxy-dns, tcp, tls, login, proxy or late. None means success."""
    if call.reachable:
        return None
    if call.from_proxy:
        return "login" if call.status == _LOGIN_REQUIRED else "proxy"
    if call.failure == "ProxyNameResolutionFailure":
        return "proxy-dns"
    for stage, failures in (("dns", _DNS), ("tcp", _TCP), ("late", _LATE)):
        if call.failure in failures:
            # With a proxy, the machine resolves the name of the proxy only.
            return "proxy-dns" if stage == "dns" and call.via != "direct" else stage
    return "tls"


def explain(call: ConnectivityFacts) -> tuple[str, str]:
    """Return what a call shows, and the fix, which is empty for an address that responded."""
    host, via = (
        host_of(call.url),
        "the system proxy" if call.via == "system" else f"the proxy {shown_address(call.via)}",
    )
    direct = call.via == "direct"
    path = "directly" if direct else f"through {via}"
    system = call.via == "system"
    explanations: dict[str | None, tuple[str, str]] = {
        None: (f"{host} responds {path}", ""),
        "dns": (
            f"{host} does not resolve on this machine",
            "correct the DNS settings, or set O(proxy)",
        ),
        "proxy-dns": (
            f"the name of {via} does not resolve on this machine",
            _SYSTEM_FIX if system else "correct O(proxy.address)",
        ),
        "tcp": (
            f"{host} does not accept connections on port 443",
            "allow the connection in the firewall, or set O(proxy)",
        )
        if direct
        else (
            f"{via} does not accept connections",
            f"{_SYSTEM_FIX if system else 'correct O(proxy.address) and O(proxy.port)'}, or allow it in the firewall",
        ),
        "tls": (
            f"the TLS handshake with {host} fails ({call.failure})",
            "exclude it from TLS inspection, and check TLS 1.2 and the trusted roots",
        ),
        "login": (f"{via} rejects the login (407)", "correct O(proxy.username) and O(proxy.password)"),
        "proxy": (f"{via} blocks {host} (status {call.status})", "allow the connection in the proxy"),
        "late": (
            f"{host} does not respond in time {path}",
            "find the firewall or proxy that drops the packets",
        ),
    }
    return explanations[stage_of(call)]
