# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: cloud environments: the addresses and the token audience of an Azure cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .._model.common.cloud_names import CHINA, CLOUDS, GOVERNMENT, PUBLIC, cloud_key, require_cloud
from .._model.common.controller_proxy import proxy_fix
from .._model.common.errors import InvalidInput, RemoteFailure, Unreachable
from .._model.common.shown_text import shown_address
from .pipeline import RETRIES, RETRY_BACKOFF_MAX, retries
from .transport import broken_reason, open_transport, seconds_of

_READ_SECONDS = 30
_RETRIES = RETRIES


@dataclass(frozen=True, slots=True)
class CloudEnvironment:
    """One cloud: the addresses of Resource Manager and of the sign-in service, and the audience of tokens."""

    name: str
    resource_manager: str
    authority: str
    audience: str
    #: Whether the identity library can validate the authority, which is not possible for a private cloud.
    well_known: bool = True

    @property
    def scope(self) -> str:
        return self.audience.rstrip("/") + "/.default"


# Addresses: azure-mgmt-core, get_arm_endpoints, and the national clouds pages of the Microsoft documentation.
_CLOUDS = {
    PUBLIC: CloudEnvironment(
        CLOUDS[PUBLIC],
        "https://management.azure.com",
        "https://login.microsoftonline.com",
        "https://management.azure.com",
    ),
    CHINA: CloudEnvironment(
        CLOUDS[CHINA],
        "https://management.chinacloudapi.cn",
        "https://login.chinacloudapi.cn",
        "https://management.chinacloudapi.cn",
    ),
    GOVERNMENT: CloudEnvironment(
        CLOUDS[GOVERNMENT],
        "https://management.usgovcloudapi.net",
        "https://login.microsoftonline.us",
        "https://management.core.usgovcloudapi.net",
    ),
}


# Other names of the same sign-in addresses (documented: national clouds, authentication endpoints).
_AUTHORITIES = {
    "login.windows.net": PUBLIC,
    "login.microsoft.com": PUBLIC,
    "sts.windows.net": PUBLIC,
    "login.partner.microsoftonline.cn": CHINA,
    "login-us.microsoftonline.com": GOVERNMENT,
    **{urlsplit(cloud.authority).netloc: key for key, cloud in _CLOUDS.items()},
}


def is_known(name: str) -> bool:
    """Tell whether a name is that of a public or national cloud."""
    return cloud_key(name) in _CLOUDS


def of_authority(environment: Mapping[str, str]) -> str:
    """Return the cloud of AZURE_AUTHORITY_HOST, or the public cloud without that variable. Raises InvalidInput."""
    given = environment.get("AZURE_AUTHORITY_HOST", "")
    if not given:
        return "AzureCloud"
    address = urlsplit(given if "://" in given else f"https://{given}")
    cloud = _AUTHORITIES.get(address.netloc.lower())
    if cloud is None or address.scheme != "https":
        raise InvalidInput(
            "cloud_environment",
            f"is required, because AZURE_AUTHORITY_HOST ({shown_address(given)}) is not the address of a known cloud",
            "give the https address of the cloud's metadata",
        )
    return _CLOUDS[cloud].name


def find(name: str, ca_bundle: str | None = None, seconds: float | None = None) -> CloudEnvironment:
    """Return the cloud of a name, or of a metadata address with one call. No retry begins after `seconds`.

    Raises InvalidInput, Unreachable, RemoteFailure.
    """
    require_cloud(name)
    if is_known(name):
        return _CLOUDS[cloud_key(name)]
    return from_metadata(name, _download(name, ca_bundle, seconds))


def from_metadata(address: str, document: Any) -> CloudEnvironment:
    """Read a cloud metadata document in either published form: one cloud, or a list of clouds.

    A list contains other clouds as well. A secret must not be sent to their directories. Raises RemoteFailure.
    """
    entry = _entry_of_host(address, document) if isinstance(document, list) and document else document
    sign_in = entry.get("authentication") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(sign_in, dict):
        raise _no_metadata(address, "authentication is missing")
    endpoint, audiences = sign_in.get("loginEndpoint"), sign_in.get("audiences")
    if not isinstance(endpoint, str):
        raise _no_metadata(address, "authentication.loginEndpoint is missing")
    if not isinstance(audiences, list) or not audiences or not all(isinstance(item, str) for item in audiences):
        raise _no_metadata(address, "authentication.audiences is not a list of addresses")
    manager = entry.get("resourceManager") or "{0.scheme}://{0.netloc}".format(urlsplit(address))
    found = CloudEnvironment(
        name=str(entry.get("name", "private")),
        resource_manager=str(manager).rstrip("/"),
        authority=endpoint.rstrip("/"),
        audience=_audience(audiences, str(manager)),
        well_known=False,
    )
    for place in (found.resource_manager, found.authority):
        if _host(place) is None or urlsplit(place).scheme != "https":
            raise RemoteFailure(
                f"cloud_environment: {address} names '{place}', which is not an https address; no token is sent there"
            )
    return found


def _entry_of_host(address: str, entries: list[Any]) -> Any:
    """Return the cloud whose Resource Manager has the host of the address. Raises RemoteFailure without one."""
    host = _host(address)
    named = [entry for entry in entries if isinstance(entry, Mapping)]
    for entry in named:
        manager = entry.get("resourceManager")
        if not manager or _host(str(manager)) == host:
            return entry
    if not named:
        return entries[0]
    names = ", ".join(str(entry.get("name", "unnamed")) for entry in named)
    raise RemoteFailure(
        f"cloud_environment: {address} lists the clouds {names}, and none of them has its Resource Manager at {host};"
        " give the metadata address of your cloud's own Resource Manager"
    )


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _no_metadata(address: str, problem: str) -> RemoteFailure:
    return RemoteFailure(
        f"cloud_environment: {address} did not answer with a cloud metadata document ({problem});"
        " give the address that ends in /metadata/endpoints?api-version=..."
    )


def _audience(audiences: list[str], manager: str) -> str:
    host = _host(manager)
    return next((audience for audience in audiences if host and host in audience), audiences[0])


def _download(address: str, ca_bundle: str | None, seconds: float | None) -> Any:
    """Read the metadata with the retries and limits of the calls to Resource Manager."""
    from azure.core.exceptions import AzureError, DecodeError
    from azure.core.pipeline import Pipeline
    from azure.core.pipeline.policies import HeadersPolicy, ProxyPolicy, UserAgentPolicy
    from azure.core.rest import HttpRequest

    policies: list[Any] = [
        HeadersPolicy({"Accept": "application/json"}),
        UserAgentPolicy(base_user_agent="siterecovery.hyperv"),
        ProxyPolicy(),
        retries(_RETRIES, RETRY_BACKOFF_MAX, seconds),
    ]
    sender: Any = Pipeline(open_transport(ca_bundle, _READ_SECONDS), policies)
    try:
        with sender:
            answer = sender.run(HttpRequest("GET", address)).http_response
            answer.read()
    except DecodeError as error:
        raise _no_metadata(address, "the answer is not JSON") from error
    except (AzureError, OSError) as error:
        raise Unreachable(
            f"cloud_environment: {address} is not readable ({broken_reason(error)});"
            f" {proxy_fix(str(error)) or 'check address, network and ca_bundle'}"
        ) from error
    status = answer.status_code
    if status in (408, 429) or status >= 500:
        pause = seconds_of(answer.headers)
        raise RemoteFailure(
            f"cloud_environment: {address} answered with HTTP {status};"
            f" {f'wait {pause} s' if pause else 'wait some minutes'}, then run again",
            status=status,
            retry_after=pause,
        )
    if status != 200:
        raise RemoteFailure(f"cloud_environment: {address} answered with HTTP {status}; check the address")
    try:
        return json.loads(answer.text())
    except ValueError as error:
        raise _no_metadata(address, "the answer is not JSON") from error
