# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the vault registration key: observed and desired state, its plan, and the key from the service's answer.

`common/key_file.py` has the format of the file. The whole content is a secret: it can register servers until its
certificate expires.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ..common.errors import InvalidInput, Refused, RemoteFailure
from ..common.key_file import KeyCertificate, NotAKey, RegistrationKey, certificate_of, needed, parse, render, timestamp
from ..common.names import require_vault_name, same_name, vault_id
from ..common.plan import UNKNOWN, Change, Plan, creation
from .channel_key import ChannelKey
from .hyperv_site import NO_SITE, HyperVSite
from .key_pair import KeyPair, is_echo
from .vault import Vault

SUFFIX = ".VaultCredentials"
MODE = "0600"
#: The portal requests five days. Whether the service grants more is not documented.
LONGEST_VALIDITY = 120
VMM_KEY = "vmm"
SITE_KEY = "hyperv_site"
SERVICE_MADE = "service"
CLIENT_MADE = "client"
#: The service's names of sign-in services: Entra ID, and a service that was retired.
_AAD = "AzureActiveDirectory"
_ACS = "AccessControlService"
#: Fields of the service's answer that the file requires.
_NEEDED = (
    "authType",
    "certificate",
    "resourceId",
    "aadAuthority",
    "aadTenantId",
    "servicePrincipalClientId",
    "azureManagementEndpointAudience",
)
_WORD = re.compile(r"[A-Za-z]{1,40}")
_NUMBER = re.compile(r"[0-9]{1,20}")
#: A new certificate may differ by this time from the requested validity without a warning.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key file on disk. Without a certificate it is damaged."""

    key: RegistrationKey
    certificate: KeyCertificate | None
    mode: str


@dataclass(frozen=True, slots=True)
class KeyState:
    """The observed state: the vault (None: it does not exist yet), the key file, and whether a partial file exists.

    `site` is the Hyper-V site of the key (None: the vault has no such site yet). `channel_key` is the one of the vault
    (None: it has none, or it was not read).
    """

    vault: Vault | None
    stored: StoredKey | None
    partial_file: bool = False
    site: HyperVSite | None = NO_SITE
    channel_key: ChannelKey | None = None


@dataclass(frozen=True, slots=True)
class DesiredKey:
    """The desired key."""

    vault_name: str
    resource_group: str
    path: str
    validity_hours: int = LONGEST_VALIDITY
    renewal_margin_hours: int = 24
    present: bool = True
    subscription_id: str | None = None
    kind: str = VMM_KEY
    site: str | None = None
    certificate: str = SERVICE_MADE
    channel_integrity_key: bool = False
    return_content: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredKey:
        """Check the options offline. Raises InvalidInput."""
        desired = cls(
            vault_name=options["vault_name"],
            resource_group=options["resource_group"],
            path=options["path"],
            validity_hours=options["validity_hours"],
            renewal_margin_hours=options["renewal_margin_hours"],
            present=options["state"] == "present",
            subscription_id=options["subscription_id"],
            kind=options["kind"],
            site=options["site"],
            certificate=options["certificate"],
            channel_integrity_key=options["channel_integrity_key"],
            return_content=options["return_content"],
        )
        require_vault_name(desired.vault_name, "vault_name")
        desired._require_path()
        desired._require_hours()
        desired._require_kind()
        return desired

    def _require_path(self) -> None:
        if "\0" in self.path:
            raise InvalidInput("path", "must not contain a NUL character", "remove it")
        if not self.path.startswith("/"):
            raise InvalidInput("path", f"'{self.path}' is not absolute", "give the absolute path of the file")
        if not self.path.endswith(SUFFIX) or self.path.endswith("/" + SUFFIX):
            raise InvalidInput(
                "path",
                f"'{self.path}' does not end in <name>{SUFFIX}, which the Provider's setup requires",
                "rename it",
            )

    def _require_hours(self) -> None:
        if not 1 <= self.validity_hours <= LONGEST_VALIDITY:
            raise InvalidInput(
                "validity_hours",
                f"must be between 1 and {LONGEST_VALIDITY}",
                "choose another number",
            )
        if not 0 <= self.renewal_margin_hours < self.validity_hours:
            raise InvalidInput(
                "renewal_margin_hours",
                f"must be at least 0 and less than validity_hours ({self.validity_hours})",
                "choose another number, or every run would create a new key",
            )

    def _require_kind(self) -> None:
        if self.kind == SITE_KEY and not (self.site or "").strip():
            raise InvalidInput("site", f"is required for a key of kind {SITE_KEY}", "give the name of the site")
        if self.kind != SITE_KEY and self.site is not None:
            raise InvalidInput(
                "site", f"must be omitted for a key of kind {self.kind}", f"use kind {SITE_KEY}, or omit site"
            )


def require_own(stored: StoredKey | None, desired: DesiredKey, path: str, now: datetime) -> None:
    """Refuse to replace or remove an unexpired key of another vault. Raises Refused."""
    if stored is None or stored.certificate is None or stored.certificate.not_after <= now:
        return
    key = stored.key
    if (
        same_name(key.vault_name, desired.vault_name)
        and same_name(key.resource_group, desired.resource_group)
        and (desired.subscription_id is None or same_name(key.subscription_id, desired.subscription_id))
    ):
        return
    raise Refused(
        f"path: {path} contains a key of {key.vault_id} that is valid until"
        f" {timestamp(stored.certificate.not_after)} and must not be replaced; remove it, or use another path"
    )


def plan_key(state: KeyState, desired: DesiredKey, now: datetime) -> Plan:
    """Decide whether to create, keep or remove a key."""
    changes = _presence(state, desired, now) if desired.present else _absence(state)
    partial = Change("partial_file", True, False, "remove the partial file of an interrupted run")
    return Plan.of([*changes, partial if state.partial_file else None])


def creates_key(plan: Plan) -> bool:
    """Tell whether the plan requests a certificate from the service."""
    return any(change.path == "expires" and change.after == UNKNOWN for change in plan.changes)


def key_result(path: str, stored: StoredKey | None) -> dict[str, Any]:
    """Return the result of a key, which never has its content."""
    certificate = stored.certificate if stored else None
    return {
        "path": path,
        "exists": stored is not None,
        "expires": timestamp(certificate.not_after) if certificate else None,
        "kind": _kind(stored.key) if stored else None,
        "mode": stored.mode if stored else None,
        "site_name": (stored.key.site_name or None) if stored else None,
        "vault_id": stored.key.vault_id if stored else None,
        "vault_name": stored.key.vault_name if stored else None,
    }


def _kind(key: RegistrationKey) -> str:
    return VMM_KEY if site_of(key) == NO_SITE else SITE_KEY


def key_problem(
    stored: StoredKey,
    vault: Vault | None,
    now: datetime,
    margin: timedelta,
    site: HyperVSite | None = NO_SITE,
) -> str | None:
    """Return why the file cannot be used, or None. Its channel integrity key has its own check."""
    key, certificate = stored.key, stored.certificate
    if vault is None:
        return "the vault of the file does not exist"
    if not belongs_to(key, vault):
        return f"the file belongs to {key.vault_id} in {key.location}"
    lacking = [name for name, value in needed(key).items() if not value]
    if lacking:
        return f"the file lacks {', '.join(lacking)}, or has it where the Provider's setup does not read it"
    if site is None:
        return "the vault has no such Hyper-V site"
    if not site_of(key).is_same(site.id, site.name):
        return f"the file is for {_servers(site_of(key))}, not for {_servers(site)}"
    if (key.private_endpoint_state or "None") != vault.private_endpoint_state:
        return f"the private endpoint state of the vault has changed to {vault.private_endpoint_state}"
    if certificate is None:
        return "the certificate in the file is unreadable, or has no private key"
    if certificate.not_before > now:
        return f"the certificate in the file is valid only from {timestamp(certificate.not_before)}"
    if certificate.not_after <= now + margin:
        verb = "expired" if certificate.not_after <= now else "expires"
        return f"the key {verb} at {timestamp(certificate.not_after)}"
    return None


def _servers(site: HyperVSite) -> str:
    return "VMM servers" if site == NO_SITE else f"Hyper-V site {site.name} ({site.id or 'without an id'})"


def site_of(key: RegistrationKey) -> HyperVSite:
    """Return the Hyper-V site of a key; `NO_SITE` for the key of a VMM server."""
    return HyperVSite(key.site_id, key.site_name)


def belongs_to(key: RegistrationKey, vault: Vault) -> bool:
    """Tell whether a key belongs to this vault.

    Its `resource_id` cannot be compared, because Azure returns it only with a new key.
    """
    return (
        same_name(key.subscription_id, vault.subscription_id)
        and same_name(key.resource_group, vault.resource_group)
        and same_name(key.vault_name, vault.name)
        and same_name(key.location, vault.location)
    )


def channel_key_problem(key: RegistrationKey, channel_key: ChannelKey | None) -> str | None:
    """Return why the channel integrity key of the file cannot be used, or None."""
    if not key.channel_integrity_key:
        return "the file has no channel integrity key"
    if channel_key is None or key.channel_integrity_key != channel_key.text:
        return "the file's channel integrity key is not the vault's"
    return None


def certificate_name(vault_name: str, now: datetime) -> str:
    """Return the X.500 name that becomes the subject of the service-made certificate."""
    day = now.astimezone(timezone.utc)
    return f"CN=CB_{vault_name}-{day.month}-{day.day}-{day.year}-vaultcredentials"


def certificate_request(validity_hours: int) -> dict[str, Any]:
    """Return the body that lets the service create the key pair, as the portal sends it."""
    return {"certificateCreateOptions": {"validityInHours": validity_hours}}


def key_from_answer(
    vault: Vault,
    answer: Mapping[str, Any],
    *,
    pair: KeyPair | None = None,
    site: HyperVSite = NO_SITE,
    channel_key: ChannelKey | None = None,
) -> RegistrationKey:
    """Build the key from the vault and the service's answer. Raises RemoteFailure, which names missing fields.

    With a client-made `pair`, the answer only repeats its public certificate. Without one, it has the service's pair.
    """
    properties = _require_answer(vault, answer)
    number = str(properties["resourceId"])
    if pair is not None and not is_echo(pair, properties):
        raise RemoteFailure(
            f"the service answered with another certificate than the one that was sent for vault {vault.name};"
            " no file was written: run again, and report a bug if it persists"
        )
    key = RegistrationKey(
        subscription_id=vault.subscription_id,
        resource_group=vault.resource_group,
        vault_name=vault.name,
        resource_id=number,
        location=vault.location,
        management_cert=pair.pfx if pair else "".join(properties["certificate"].split()),
        aad_authority=properties["aadAuthority"],
        aad_tenant_id=properties["aadTenantId"],
        service_principal_client_id=properties["servicePrincipalClientId"],
        aad_vault_audience=properties.get("aadAudience")
        or f"https://RecoveryServiceVault/{vault.location}/{vault.name}/{number}",
        arm_management_endpoint=properties["azureManagementEndpointAudience"],
        private_endpoint_state=vault.private_endpoint_state,
        channel_integrity_key=channel_key.text if channel_key else "",
        site_id=site.id,
        site_name=site.name,
    )
    if certificate_of(key) is None:
        raise RemoteFailure(
            f"properties.certificate of the service's answer to the request for a key of vault {vault.name} is"
            f" {_describe_certificate(key.management_cert)}; no file was written: run again, or create the pair on this"
            f" machine (certificate: {CLIENT_MADE}), and report a bug if it persists"
        )
    _require_readable(key)
    return key


def _require_answer(vault: Vault, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of the answer. They are secret, so messages contain only their names and authType.

    Raises RemoteFailure.
    """
    given = answer.get("properties")
    properties: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    answered = f"the service's answer to the request for a key of vault {vault.name}"
    kind = properties.get("authType")
    if kind == _ACS:
        raise RemoteFailure(
            f"{answered} describes the sign-in of the retired Access Control Service (authType {_ACS}): such a key"
            " cannot register servers; create a new vault, or ask Azure support to move this one to Entra ID"
        )
    word = str(kind) if isinstance(kind, str) and _WORD.fullmatch(kind) else "unreadable" if kind else "not given"
    missing = [name for name in _NEEDED if not _usable(name, properties.get(name))]
    if missing:
        raise RemoteFailure(
            f"{answered} lacks properties.{', properties.'.join(missing)} (authType {word});"
            " run again, and report a bug if it persists"
        )
    if kind != _AAD:
        raise RemoteFailure(
            f"{answered} describes an unknown sign-in (authType {word}, expected {_AAD});"
            " no file was written: check for a newer version of this collection"
        )
    audience = properties.get("aadAudience")
    if audience is not None and not isinstance(audience, str):
        raise RemoteFailure(f"{answered} has a properties.aadAudience that is not text; report a bug if it persists")
    return properties


def _usable(name: str, value: Any) -> bool:
    if name == "resourceId":
        return isinstance(value, (int, str)) and _NUMBER.fullmatch(str(value)) is not None
    return isinstance(value, str) and bool(value.strip())


def _require_readable(key: RegistrationKey) -> None:
    """Check that the rendered key parses to the same key, so that no value breaks the format of the file.

    Raises RemoteFailure.
    """
    try:
        same = parse(render(key)) == key
    except NotAKey:
        same = False
    if not same:
        raise RemoteFailure(
            f"the service's answer to the request for a key of vault {key.vault_name} has a value that a key file"
            " cannot contain; no file was written: run again, and report a bug if it persists"
        )


def _describe_certificate(text: str) -> str:
    """Describe an unusable certificate without its content."""
    from cryptography import x509

    try:
        x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return "not a PFX with a private key"
    return "a public certificate instead of a PFX with a private key"


def validity_note(certificate: KeyCertificate, hours: int, now: datetime) -> str | None:
    """Return a warning when the certificate is valid for longer or shorter than requested, or None.

    The certificate determines the validity of the key, not the request.
    """
    validity = certificate.not_after - now
    if abs(validity - timedelta(hours=hours)) <= _SLACK:
        return None
    return (
        f"a key of {hours} hours was requested, but its certificate expires at {timestamp(certificate.not_after)},"
        f" in {validity / timedelta(hours=1):.0f} hours; it cannot be revoked, so remove the file after use"
    )


def _presence(state: KeyState, desired: DesiredKey, now: datetime) -> list[Change | None]:
    belongs_to_vault = state.vault.id if state.vault else _planned_vault(desired)
    stored = state.stored
    site_name = desired.site if state.site is None else state.site.name or None
    channel = _channel_change(state, desired)
    if stored is None:
        reason = f"create a key for vault {desired.vault_name}, valid for {desired.validity_hours} hours"
        expected = {
            "path": desired.path,
            "exists": True,
            "expires": UNKNOWN,
            "kind": desired.kind,
            "mode": MODE,
            "site_name": site_name,
            "vault_id": belongs_to_vault,
            "vault_name": desired.vault_name,
        }
        return [*creation(reason, expected), channel]
    tighter = Change("mode", stored.mode, MODE, "restrict the key to its owner") if stored.mode != MODE else None
    problem = key_problem(stored, state.vault, now, timedelta(hours=desired.renewal_margin_hours), state.site)
    if problem is None and desired.channel_integrity_key:
        problem = channel_key_problem(stored.key, state.channel_key)
    if problem is None:
        return [tighter]
    shown = key_result(desired.path, stored)
    reason = f"create a new key for vault {desired.vault_name}: {problem}"
    return [
        Change("expires", shown["expires"], UNKNOWN, reason),
        *(
            Change(name, shown[name], after, reason)
            for name, after in (
                ("kind", desired.kind),
                ("site_name", site_name),
                ("vault_id", belongs_to_vault),
                ("vault_name", desired.vault_name),
            )
            if shown[name] != after and not same_name(shown[name], after)
        ),
        tighter,
        channel,
    ]


def _planned_vault(desired: DesiredKey) -> str:
    if not desired.subscription_id:
        return UNKNOWN
    return vault_id(desired.subscription_id, desired.resource_group, desired.vault_name)


def _channel_change(state: KeyState, desired: DesiredKey) -> Change | None:
    if not desired.channel_integrity_key or state.channel_key is not None:
        return None
    return Change(
        "channel_integrity_key", False, True, f"create a channel integrity key for vault {desired.vault_name}"
    )


def _absence(state: KeyState) -> list[Change | None]:
    if state.stored is None:
        return []
    before = key_result("", state.stored)
    reason = "remove the key"
    names = ("expires", "kind", "mode", "site_name", "vault_id", "vault_name")
    removed = [Change(name, before[name], None, reason) for name in names if before[name] is not None]
    return [Change("exists", True, False, reason), *removed]
