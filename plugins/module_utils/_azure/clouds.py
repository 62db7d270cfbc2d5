# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: cloud environments: the addresses and the token audience of an Azure cloud."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .._model.common.cloud_names import CHINA, CLOUDS, GOVERNMENT, PUBLIC, cloud_key, require_cloud
from .._model.common.errors import InvalidInput, RemoteFailure, Unreachable

_METADATA_TIMEOUT = 30


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
            f"is required, because AZURE_AUTHORITY_HOST ({given}) is not the address of a known cloud",
            "give the https address of the cloud's metadata",
        )
    return _CLOUDS[cloud].name


def find(name: str, ca_bundle: str | None = None) -> CloudEnvironment:
    """Return the cloud of a name, or of a metadata address with one call.

    Raises InvalidInput, Unreachable, RemoteFailure.
    """
    require_cloud(name)
    if is_known(name):
        return _CLOUDS[cloud_key(name)]
    return from_metadata(name, _download(name, ca_bundle))


def from_metadata(address: str, document: Any) -> CloudEnvironment:
    """Read a cloud metadata document in either published form: one cloud, or a list of clouds.

    Raises RemoteFailure.
    """
    entry = document[0] if isinstance(document, list) and document else document
    try:
        sign_in = entry["authentication"]
        manager = entry.get("resourceManager") or "{0.scheme}://{0.netloc}".format(urlsplit(address))
        found = CloudEnvironment(
            name=str(entry.get("name", "private")),
            resource_manager=str(manager).rstrip("/"),
            authority=str(sign_in["loginEndpoint"]).rstrip("/"),
            audience=_audience(sign_in["audiences"], str(manager)),
            well_known=False,
        )
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise RemoteFailure(
            f"cloud_environment: {address} did not answer with a cloud metadata document ({error!r} is missing);"
            " give the address that ends in /metadata/endpoints?api-version=..."
        ) from error
    for place in (found.resource_manager, found.authority):
        if urlsplit(place).scheme != "https":
            raise RemoteFailure(
                f"cloud_environment: {address} names '{place}', which is not an https address; no token is sent there"
            )
    return found


def _audience(audiences: list[str], manager: str) -> str:
    host = urlsplit(manager).netloc
    return next((audience for audience in audiences if host and host in audience), audiences[0])


def _download(address: str, ca_bundle: str | None) -> Any:
    # Imported here because only private clouds need it. A netrc file contains logins for other purposes.
    from ansible.module_utils.urls import open_url

    try:
        with open_url(address, timeout=_METADATA_TIMEOUT, ca_path=ca_bundle, use_netrc=False) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RemoteFailure(
            f"cloud_environment: {address} answered with HTTP {error.code}; check the address"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Unreachable(
            f"cloud_environment: {address} is not readable ({reason}); check address, network and ca_bundle"
        ) from error
