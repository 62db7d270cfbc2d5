# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the registration key file: its format, its parser and its writer.

The format is that of the files that the portal offers for Site Recovery: a data contract `RSVaultAsrCreds` whose reader
skips every element that is out of order. The whole content is a secret: it can register servers until its certificate
expires.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from html import escape
from typing import Any
from xml.etree import ElementTree

from .names import vault_id
from .shown_text import foreign

_ROOT = "RSVaultAsrCreds"
#: Similar files that are easily mistaken for a key.
_OTHER_FILES = {
    "RSBackupVaultAADCreds": "it is a vault credential for Azure Backup",
    "BackupVaultCreds": "it is a vault credential for Azure Backup",
    "ASRVaultCreds": "it is for a sign-in service that was retired in 2018",
}
_NAMESPACE = "http://schemas.datacontract.org/2004/07/Microsoft.Azure.Portal.RecoveryServices.Models.Common"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_VERSION = "2.0"
LARGEST_FILE = 256 * 1024
_DECLARATION = re.compile(r"""\s*<\?xml\b[^>]*?\bencoding\s*=\s*["'](?P<encoding>[^"'<>]{0,100})["']""")


class NotAKey(ValueError):
    """The content is not a Site Recovery key. The text gives the reason and contains nothing of the content."""


@dataclass(frozen=True, slots=True)
class KeyCertificate:
    """The validity of the certificate inside a key, which is the validity of the key."""

    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class RegistrationKey:
    """The content of a key file. `resource_id` is a 64-bit number that is kept as text."""

    subscription_id: str
    resource_group: str
    vault_name: str
    resource_id: str
    location: str
    management_cert: str = field(repr=False)
    aad_authority: str
    aad_tenant_id: str
    service_principal_client_id: str
    aad_vault_audience: str
    arm_management_endpoint: str
    private_endpoint_state: str | None = "None"
    channel_integrity_key: str = field(default="", repr=False)
    site_id: str = ""
    site_name: str = ""

    @property
    def vault_id(self) -> str:
        return vault_id(self.subscription_id, self.resource_group, self.vault_name)


def needed(key: RegistrationKey) -> dict[str, str]:
    """Return the elements that registration requires, except the certificate, which has its own check."""
    return {
        "ResourceId": key.resource_id,
        "AadAuthority": key.aad_authority,
        "AadTenantId": key.aad_tenant_id,
        "ServicePrincipalClientId": key.service_principal_client_id,
        "AadVaultAudience": key.aad_vault_audience,
        "ArmManagementEndpoint": key.arm_management_endpoint,
    }


def certificate_of(key: RegistrationKey) -> KeyCertificate | None:
    """Return the certificate inside a key, or None when it is unreadable or has no matching private key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12

    try:
        content = base64.b64decode(key.management_cert, validate=True)
        private_key, certificate, _chain = pkcs12.load_key_and_certificates(content, None)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    if private_key is None or certificate is None:
        return None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private_key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        return None
    return KeyCertificate(certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def render(key: RegistrationKey) -> bytes:
    """Return the content of the file: UTF-8 without a byte order mark."""
    body = "\n".join(_lines(_content(key), "  "))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<{_ROOT} xmlns:i="{_INSTANCE}" xmlns="{_NAMESPACE}">\n{body}\n</{_ROOT}>\n'
    ).encode()


def parse(content: bytes) -> RegistrationKey:
    """Parse the content of a file. Raises NotAKey."""
    texts = _texts(_root(content), _content(RegistrationKey(*[""] * len(fields(RegistrationKey)))))
    if not texts.get("ResourceName"):
        raise NotAKey("it names no vault")
    return RegistrationKey(
        subscription_id=texts.get("SubscriptionId", ""),
        resource_group=texts.get("ResourceGroup", ""),
        vault_name=texts["ResourceName"],
        resource_id=texts.get("ResourceId", ""),
        location=texts.get("Location", ""),
        management_cert=texts.get("ManagementCert", ""),
        aad_authority=texts.get("AadAuthority", ""),
        aad_tenant_id=texts.get("AadTenantId", ""),
        service_principal_client_id=texts.get("ServicePrincipalClientId", ""),
        aad_vault_audience=texts.get("AadVaultAudience", ""),
        arm_management_endpoint=texts.get("ArmManagementEndpoint", ""),
        private_endpoint_state=texts.get("PrivateEndpointStateForSiteRecovery"),
        channel_integrity_key=texts.get("ChannelIntegrityKey", ""),
        site_id=texts.get("SiteId", ""),
        site_name=texts.get("SiteName", ""),
    )


def timestamp(moment: datetime) -> str:
    """Format a moment in UTC, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _root(content: bytes) -> ElementTree.Element:
    if len(content) > LARGEST_FILE:
        raise NotAKey("it is too large")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotAKey("it is not UTF-8 text") from None
    # The program that reads the key follows the declaration.
    declared = _DECLARATION.match(text)
    if declared and declared["encoding"].casefold() not in ("utf-8", "utf8"):
        raise NotAKey(f"it declares the encoding {foreign(declared['encoding'])} instead of utf-8")
    # A key has no document type, and the parser must not expand the entities of one.
    if "<!" in text:
        raise NotAKey("it declares a document type")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        raise NotAKey("it is not XML") from None
    if root.tag != f"{{{_NAMESPACE}}}{_ROOT}":
        raise NotAKey(_OTHER_FILES.get(root.tag.rpartition("}")[2], f"its root element is not {_ROOT}"))
    return root


def _texts(parent: ElementTree.Element, members: list[tuple[str, Any]]) -> dict[str, str]:
    """Read values as the reader of a data contract does: forward only, skipping elements that are out of order."""
    names = [name for name, _value in members]
    texts: dict[str, str] = {}
    start = 0
    for element in parent:
        name = element.tag.removeprefix(f"{{{_NAMESPACE}}}")
        if name not in names[start:]:
            continue
        place = names.index(name, start)
        start = place + 1
        inner = members[place][1]
        texts |= _texts(element, inner) if isinstance(inner, list) else {name: (element.text or "").strip()}
    return texts


def _content(key: RegistrationKey) -> list[tuple[str, Any]]:
    """Return the elements in the order that the reader requires. A list is an element with children."""
    return [
        (
            "VaultDetails",
            [
                ("SubscriptionId", key.subscription_id),
                ("ResourceGroup", key.resource_group),
                ("ResourceName", key.vault_name),
                ("ResourceId", key.resource_id),
                ("Location", key.location),
                ("ResourceType", "Vaults"),
                ("ProviderNamespace", "Microsoft.RecoveryServices"),
            ],
        ),
        ("ManagementCert", key.management_cert),
        ("Version", _VERSION),
        (
            "AadDetails",
            [
                ("AadAuthority", key.aad_authority),
                ("AadTenantId", key.aad_tenant_id),
                ("ServicePrincipalClientId", key.service_principal_client_id),
                ("AadVaultAudience", key.aad_vault_audience),
                ("ArmManagementEndpoint", key.arm_management_endpoint),
            ],
        ),
        ("ChannelIntegrityKey", key.channel_integrity_key),
        ("SiteId", key.site_id),
        ("SiteName", key.site_name),
        ("PrivateEndpointStateForSiteRecovery", key.private_endpoint_state or "None"),
    ]


def _lines(content: list[tuple[str, Any]], indent: str) -> list[str]:
    lines = []
    for name, value in content:
        if isinstance(value, list):
            lines += [f"{indent}<{name}>", *_lines(value, indent + "  "), f"{indent}</{name}>"]
        else:
            lines.append(f"{indent}<{name}>{escape(value, quote=False)}</{name}>")
    return lines
