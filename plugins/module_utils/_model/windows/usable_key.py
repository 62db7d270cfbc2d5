# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the checks of a registration key file before it is sent to a VMM server."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..common.errors import Refused
from ..common.key_file import KeyCertificate, NotAKey, RegistrationKey, certificate_of, needed, parse
from ..common.names import same_name
from ..common.shown_text import shown_address
from .endpoints import is_service_address
from .registration import DesiredRegistration

_CREATE = "create a new one (siterecovery.hyperv.vault_registration_key)"


@dataclass(frozen=True, slots=True)
class RegistrationKeyContent:
    """The content of a checked key file."""

    content: str = field(repr=False)


def require_usable_key(
    content: bytes, path: str, desired: DesiredRegistration, now: datetime, server_now: datetime | None = None
) -> RegistrationKeyContent:
    """Return the content of a usable key. Raises Refused for an expired, foreign or damaged one.

    The validity is compared with both clocks, because setup on the server uses the server's clock.
    """
    try:
        key = parse(content)
    except NotAKey as error:
        raise Refused(f"key_path: {path} is not a valid Site Recovery key ({error}); {_CREATE}") from None
    certificate = certificate_of(key)
    if certificate is None:
        raise Refused(f"key_path: the key in {path} is damaged: it has no certificate with a private key; {_CREATE}")
    if certificate.not_after <= now:
        raise Refused(f"key_path: the key in {path} expired at {certificate.not_after:%Y-%m-%d %H:%M} UTC; {_CREATE}")
    if certificate.not_before > now:
        raise Refused(
            f"key_path: the key in {path} is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC; check the"
            " clock of the controller"
        )
    _require_key_of(key, path, desired)
    _require_complete(key, path)
    _require_azure(key, path)
    if server_now is not None:
        _require_clock(certificate, path, server_now)
    return RegistrationKeyContent(content.decode("utf-8"))


def _require_complete(key: RegistrationKey, path: str) -> None:
    missing = [name for name, value in needed(key).items() if not value]
    if missing:
        raise Refused(
            f"key_path: the key in {path} is damaged: {', '.join(missing)} is missing, or is where the Provider's setup"
            f" does not look for it; {_CREATE}"
        )


def _require_azure(key: RegistrationKey, path: str) -> None:
    """Raise Refused for a key whose addresses are not those of one Azure cloud: the server would register elsewhere."""
    for name, address in (("AadAuthority", key.aad_authority), ("ArmManagementEndpoint", key.arm_management_endpoint)):
        if not is_service_address(address):
            raise Refused(
                f"key_path: {name} of the key in {path} is {shown_address(address)}, which is not an https address of"
                f" Azure; {_CREATE}"
            )


def _require_clock(certificate: KeyCertificate, path: str, server_now: datetime) -> None:
    if not certificate.not_before <= server_now < certificate.not_after:
        raise Refused(
            f"the server's clock shows {server_now:%Y-%m-%d %H:%M} UTC, but the key in {path} is valid from"
            f" {certificate.not_before:%Y-%m-%d %H:%M} to {certificate.not_after:%Y-%m-%d %H:%M} UTC; correct the"
            " server's time and time zone, then run again"
        )


def _require_key_of(key: RegistrationKey, path: str, desired: DesiredRegistration) -> None:
    vault = desired.vault
    if not (
        same_name(key.subscription_id, vault.subscription_id)
        and same_name(key.resource_group, vault.resource_group)
        and same_name(key.vault_name, vault.name)
    ):
        raise Refused(
            f"key_path: the key in {path} belongs to {key.vault_id}, not to {desired.vault_id}; create a key of the"
            " right vault"
        )
    if desired.tenant_id and not same_name(key.aad_tenant_id, desired.tenant_id):
        raise Refused(
            f"key_path: the key in {path} names the tenant {key.aad_tenant_id}, but the vault now belongs to"
            f" {desired.tenant_id}; {_CREATE}"
        )
    if key.site_id:
        raise Refused(
            f"key_path: the key in {path} is for the Hyper-V site {key.site_name}, and VMM rejects such keys; create a"
            " key without a site"
        )
