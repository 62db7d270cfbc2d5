# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the addresses that a machine has to reach, and what the call of one says.

Names: "Support matrix for disaster recovery of on-premises Hyper-V VMs to Azure", and for the bare backup name issue
66940 of MicrosoftDocs/azure-docs. Most are documented with a wildcard; what can be called is a name that exists: the
sign-in hosts, the bare backup name, what a registration wrote down, and the accounts that are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..common.errors import InvalidInput
from ..common.names import require_account_name
from .facts import ReachFacts

SIGN_IN, DATA, CONTROL, STORAGE, OTHER = "sign-in", "data", "control-plane", "storage", "endpoint"
DEFAULT_CLOUD = "AzureCloud"


@dataclass(frozen=True, slots=True)
class CloudAddresses:
    """The names of one Azure cloud. `backup` also ends the names of the data plane."""

    sign_in: tuple[str, ...]
    backup: str
    control: str
    blob: str


CLOUDS = {
    DEFAULT_CLOUD: CloudAddresses(
        ("login.microsoftonline.com",),
        "backup.windowsazure.com",
        "hypervrecoverymanager.windowsazure.com",
        "blob.core.windows.net",
    ),
    "AzureUSGovernment": CloudAddresses(
        ("login.microsoftonline.us",),
        "backup.windowsazure.us",
        "hypervrecoverymanager.windowsazure.us",
        "blob.core.usgovcloudapi.net",
    ),
    "AzureChinaCloud": CloudAddresses(
        ("login.chinacloudapi.cn", "login.microsoftonline.cn"),
        "backup.windowsazure.cn",
        "hypervrecoverymanager.windowsazure.cn",
        "blob.core.chinacloudapi.cn",
    ),
}
#: Private endpoints of a vault have their control plane here.
_PRIVATE_CONTROL = "siterecovery.windowsazure.com"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")

_DNS = ("NameResolutionFailure", "HostNotFound", "NoData", "TryAgain")
_TCP = ("ConnectFailure", "ConnectionRefused", "TimedOut", "HostUnreachable", "NetworkUnreachable")
_LATE = ("Timeout", "Deadline")
_LOGIN_WANTED = 407


def addresses(cloud: str, accounts: Iterable[str] = (), more: Iterable[str] = ()) -> tuple[str, ...]:
    """What to call, as https addresses, each host once. Raises InvalidInput."""
    known = CLOUDS[cloud]
    hosts = [*known.sign_in, known.backup]
    for account in accounts:
        require_account_name(account, "storage_accounts")
        hosts.append(f"{account}.{known.blob}")
    found: dict[str, str] = {host: f"https://{host}" for host in hosts}
    for text in more:
        url = _address(text)
        found.setdefault(host_of(url), url)
    return tuple(found.values())


def _address(text: str) -> str:
    """An https address, also from a bare host name. Raises InvalidInput."""
    scheme, mark, rest = text.partition("://")
    host = (rest if mark else text).partition("/")[0]
    if (mark and scheme.lower() != "https") or not _HOST.fullmatch(host):
        raise InvalidInput("endpoints", f"'{text}' is no https address", "give one, or a host name")
    return f"https://{rest}" if mark else f"https://{host}"


def host_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition(":")[0].lower()


def purpose_of(host: str) -> str:
    """What a name is for, by its end."""
    for cloud in CLOUDS.values():
        if host in cloud.sign_in:
            return SIGN_IN
        if host == cloud.backup or host.endswith(f".{cloud.backup}"):
            return DATA
        if host.endswith(f".{cloud.control}"):
            return CONTROL
        if host.endswith(f".{cloud.blob}"):
            return STORAGE
    return CONTROL if host.endswith(f".{_PRIVATE_CONTROL}") else OTHER


def stage_of(seen: ReachFacts) -> str | None:
    """Where a call ended: dns, proxy-dns, tcp, tls, login, proxy or late; None when the far end answered."""
    if seen.reachable:
        return None
    if seen.from_proxy:
        return "login" if seen.status == _LOGIN_WANTED else "proxy"
    if seen.failure == "ProxyNameResolutionFailure":
        return "proxy-dns"
    for stage, failures in (("dns", _DNS), ("tcp", _TCP), ("late", _LATE)):
        if seen.failure in failures:
            # With a proxy, names are the proxy's business: the only one that the machine looks up is the proxy's own.
            return "proxy-dns" if stage == "dns" and seen.via != "direct" else stage
    return "tls"


def summary(seen: ReachFacts) -> str:
    """What is wrong with a way, and how to mend it."""
    host, via = host_of(seen.url), "the system's proxy" if seen.via == "system" else f"the proxy {seen.via}"
    direct = seen.via == "direct"
    return {
        None: f"{host} answers, {'directly' if direct else f'via {via}'}",
        "dns": f"{host} does not resolve on this machine: correct its DNS, or give a proxy",
        "proxy-dns": f"the name of {via} does not resolve on this machine: correct the proxy's address",
        "tcp": f"{host} takes no connection on port 443: let it through the firewall, or give a proxy"
        if direct
        else f"{via} takes no connection: correct its address and port, or let it through the firewall",
        "tls": f"{host} is connected to, but TLS fails ({seen.failure}): except it from TLS inspection, check TLS 1.2"
        " and the trusted roots",
        "login": f"{via} refuses the login (407): correct proxy.username and proxy.password",
        "proxy": f"{via} does not let {host} through (status {seen.status}): allow it there",
        "late": f"{host} does not answer in time, {'directly' if direct else f'via {via}'}: see what drops its packets",
    }[stage_of(seen)]
