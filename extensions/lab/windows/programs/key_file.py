# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a vault registration key as a data-contract reader does: in the order of the contract and no other.

The format is public: Azure PowerShell, models RSVaultAsrCreds and RSBackupVaultAADCreds. The reasons to
reject a file are inferred from the texts of Microsoft's public configuration-server setup source (host/ASRSetup
resources).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .outcome import PREREQUISITE_FAILED, Refusal

_CONTRACT: Final = "{http://schemas.datacontract.org/2004/07/Microsoft.Azure.Portal.RecoveryServices.Models.Common}"
_MEMBERS: Final = (
    "VaultDetails",
    "ManagementCert",
    "Version",
    "AadDetails",
    "ChannelIntegrityKey",
    "SiteId",
    "SiteName",
    "PrivateEndpointStateForSiteRecovery",
)
_VAULT_MEMBERS: Final = (
    "SubscriptionId",
    "ResourceGroup",
    "ResourceName",
    "ResourceId",
    "Location",
    "ResourceType",
    "ProviderNamespace",
)
_AAD_MEMBERS: Final = (
    "AadAuthority",
    "AadTenantId",
    "ServicePrincipalClientId",
    "AadVaultAudience",
    "ArmManagementEndpoint",
)
_KNOWN_VERSION: Final = "2.0"
_DAMAGED = "The vault registration key file is not valid. Download a new one from the vault."


@dataclass(frozen=True, slots=True)
class VaultKey:
    """The data for a registration: the vault, the sign-in, and the certificate that authorizes it."""

    subscription_id: str
    resource_group: str
    vault_name: str
    resource_id: str
    location: str
    aad_authority: str
    management_endpoint: str
    thumbprint: str
    subject: str
    not_after: datetime

    @property
    def vault_id(self) -> str:
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.RecoveryServices/vaults/{self.vault_name}"
        )


def members(parent: Element, names: Sequence[str]) -> dict[str, Element]:
    """Return the children in contract order. The reader only moves forward, so it ignores a misplaced child."""
    found: dict[str, Element] = {}
    position = 0
    for child in parent:
        name = child.tag.removeprefix(_CONTRACT)
        if child.tag.startswith(_CONTRACT) and name in names[position:]:
            found[name] = child
            position = names.index(name) + 1
    return found


def read_key(content: bytes, now: datetime) -> VaultKey:
    """Read a key file. Raises Refusal with the reason of setup."""
    root = _document(content)
    found = members(root, _MEMBERS)
    if _text(found, "SiteId") or _text(found, "SiteName"):
        raise Refusal(
            "The registration key file is meant for a Hyper-V site: this server is managed by VMM.",
            key="WrongSettingsFileForSMB",
        )
    version = _text(found, "Version")
    if version and version != _KNOWN_VERSION:
        raise Refusal(
            "The registration key file needs a later version of the Provider.",
            PREREQUISITE_FAILED,
            key="DraVersionNotSupported",
        )
    vault = members(_need(found, "VaultDetails"), _VAULT_MEMBERS)
    aad = members(_need(found, "AadDetails"), _AAD_MEMBERS)
    certificate = _certificate(_required(found, "ManagementCert"), now)
    for name in _VAULT_MEMBERS:
        _required(vault, name)
    for name in _AAD_MEMBERS:
        _required(aad, name)
    return VaultKey(
        subscription_id=_required(vault, "SubscriptionId"),
        resource_group=_required(vault, "ResourceGroup"),
        vault_name=_required(vault, "ResourceName"),
        resource_id=_required(vault, "ResourceId"),
        location=_required(vault, "Location"),
        aad_authority=_required(aad, "AadAuthority"),
        management_endpoint=_required(aad, "ArmManagementEndpoint"),
        # The vault's service names certificates by the SHA-1 of their DER form.
        thumbprint=hashlib.sha1(certificate.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest().upper(),
        subject=certificate.subject.rfc4514_string(),
        not_after=certificate.not_valid_after_utc,
    )


def _document(content: bytes) -> Element:
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as exc:
        raise Refusal(_DAMAGED, key="SettingsFileCorrupt") from exc
    name = root.tag.removeprefix(_CONTRACT)
    if name == "RSBackupVaultAADCreds":
        raise Refusal("The file is a vault credential for Azure Backup and not a Site Recovery registration key.")
    if name == "ASRVaultCreds":
        raise Refusal("The registration key file uses a sign-in service that was retired. Download a new one.")
    if root.tag != _CONTRACT + "RSVaultAsrCreds":
        raise Refusal(_DAMAGED, key="SettingsFileCorrupt")
    return root


def _text(found: dict[str, Element], name: str) -> str:
    return (found[name].text or "").strip() if name in found else ""


def _need(found: dict[str, Element], name: str) -> Element:
    if name not in found:
        raise Refusal(_DAMAGED, key="SettingsFileCorrupt")
    return found[name]


def _required(found: dict[str, Element], name: str) -> str:
    text = _text(found, name)
    if not text:
        raise Refusal(_DAMAGED, key="SettingsFileCorrupt")
    return text


def _certificate(encoded: str, now: datetime) -> x509.Certificate:
    try:
        key, certificate, _others = pkcs12.load_key_and_certificates(base64.b64decode(encoded, validate=True), None)
    except (ValueError, binascii.Error) as exc:
        raise Refusal(_DAMAGED, key="SettingsFileCorrupt") from exc
    if key is None or certificate is None:
        raise Refusal("The registration key file has no private key. Download a new one from the vault.")
    moment = now.astimezone(timezone.utc)
    if certificate.not_valid_after_utc <= moment:
        raise Refusal(
            "The vault registration key has expired. Download a new one from the vault.", key="CredentialFileExpired"
        )
    if certificate.not_valid_before_utc > moment:
        raise Refusal("The vault registration key is not valid yet. Check the time and the time zone of this server.")
    return certificate
