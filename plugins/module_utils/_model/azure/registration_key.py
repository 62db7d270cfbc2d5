# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the vault registration key: the file, the certificate in it, and when a new one is needed.

The form is that of the portal's files for Site Recovery: a data contract `RSVaultAsrCreds` whose reader skips what does
not stand in its order. All of it is a secret: whoever has it can register servers until the certificate expires.
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
from ..common.names import require_vault_name, same_name
from ..common.plan import UNKNOWN, Change, Plan, creation
from .channel_key import ChannelKey
from .hyperv_site import NO_SITE, Site
from .key_pair import Pair, is_echo
from .vault import Vault

SUFFIX = ".VaultCredentials"
MODE = "0600"
#: The portal asks for five days; whether the service grants more is not documented.
LONGEST_VALIDITY = 120
VMM_KEY = "vmm"
SITE_KEY = "hyperv_site"
SERVICE_MADE = "service"
CLIENT_MADE = "client"
#: How the service says which sign-in it describes: that of Entra ID, or the one that was retired with its service.
_AAD = "AzureActiveDirectory"
_ACS = "AccessControlService"
#: Fields of the service's answer that the file can't do without.
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
#: How much the life of a new certificate may differ from what was asked for without a word.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key file on disk; without a certificate it is damaged."""

    key: RegistrationKey
    certificate: KeyCertificate | None
    mode: str


@dataclass(frozen=True, slots=True)
class KeyState:
    """What one look told: the vault (None: there is none yet), the file, and whether a half-written one is there.

    `site` is the Hyper-V site that the key is for (None: the vault has none of that name yet), `channel_key` the
    vault's (None: there is none, or nobody asked).
    """

    vault: Vault | None
    stored: StoredKey | None
    leftover: bool = False
    site: Site | None = NO_SITE
    channel_key: ChannelKey | None = None


@dataclass(frozen=True, slots=True)
class DesiredKey:
    """The key as the playbook wants it."""

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
        """Checked offline. Raises InvalidInput."""
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
            raise InvalidInput("path", "no path has a NUL character", "write it without")
        if not self.path.startswith("/"):
            raise InvalidInput("path", f"'{self.path}' is not absolute", "write the whole path of the file")
        if not self.path.endswith(SUFFIX) or self.path.endswith("/" + SUFFIX):
            raise InvalidInput(
                "path",
                f"'{self.path}' does not end in <name>{SUFFIX}, which the Provider's setup asks for",
                "rename it",
            )

    def _require_hours(self) -> None:
        if not 1 <= self.validity_hours <= LONGEST_VALIDITY:
            raise InvalidInput(
                "validity_hours",
                f"a key lives 1 to {LONGEST_VALIDITY} hours",
                f"{self.validity_hours} does not fit, choose another number",
            )
        if not 0 <= self.renewal_margin_hours < self.validity_hours:
            raise InvalidInput(
                "renewal_margin_hours",
                f"{self.renewal_margin_hours} is not below validity_hours ({self.validity_hours}) and at least 0",
                "give another number, or every run would make a new key",
            )

    def _require_kind(self) -> None:
        if self.kind == SITE_KEY and not (self.site or "").strip():
            raise InvalidInput("site", f"a key of kind {SITE_KEY} is for one site", "give the site's name")
        if self.kind != SITE_KEY and self.site is not None:
            raise InvalidInput("site", f"a key of kind {self.kind} names no site", f"give kind {SITE_KEY}, or no site")


def require_own(stored: StoredKey | None, desired: DesiredKey, path: str, now: datetime) -> None:
    """A key of another vault that still lives is somebody's: it is neither replaced nor removed. Raises Refused."""
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
        f"path: {path} holds a key of {key.vault_id} that lasts until {timestamp(stored.certificate.not_after)}, which"
        " is left alone; remove it, or give another path"
    )


def plan_key(state: KeyState, desired: DesiredKey, now: datetime) -> Plan:
    """Decide whether a key is made, kept or removed."""
    changes = _presence(state, desired, now) if desired.present else _absence(state)
    leftover = (
        Change("leftover", True, False, "remove what an interrupted run left beside the key")
        if state.leftover
        else None
    )
    return Plan.of([*changes, leftover])


def makes_key(plan: Plan) -> bool:
    """Whether the plan asks the service for a certificate."""
    return any(change.path == "expires" and change.after == UNKNOWN for change in plan.changes)


def key_result(path: str, stored: StoredKey | None) -> dict[str, Any]:
    """The view of a key that may be shown: never its content."""
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


def unfit(
    stored: StoredKey,
    vault: Vault | None,
    now: datetime,
    margin: timedelta,
    site: Site | None = NO_SITE,
) -> str | None:
    """Why the file on disk will not do, or None when it is still good. Its channel key is judged for itself."""
    key, certificate = stored.key, stored.certificate
    if vault is None:
        return "the vault that the file names does not exist"
    if not belongs_to(key, vault):
        return f"the file belongs to {key.vault_id} in {key.location}"
    lacking = [name for name, value in needed(key).items() if not value]
    if lacking:
        return f"the file lacks {', '.join(lacking)}, or has it where the Provider's setup does not look"
    if site is None:
        return "the vault has no such Hyper-V site"
    if not site_of(key).is_same(site.id, site.name):
        return f"the file is for {_whom(site_of(key))}, not for {_whom(site)}"
    if (key.private_endpoint_state or "None") != vault.private_endpoint_state:
        return f"the vault's private endpoint state is {vault.private_endpoint_state} now"
    if certificate is None:
        return "the certificate in the file can't be read, or lacks its private key"
    if certificate.not_before > now:
        return f"the certificate in the file is valid only from {timestamp(certificate.not_before)}"
    if certificate.not_after <= now + margin:
        verb = "expired" if certificate.not_after <= now else "expires"
        return f"the key {verb} at {timestamp(certificate.not_after)}"
    return None


def _whom(site: Site) -> str:
    return "VMM servers" if site == NO_SITE else f"Hyper-V site {site.name} ({site.id or 'without an id'})"


def site_of(key: RegistrationKey) -> Site:
    """The Hyper-V site in the key; `NO_SITE` in the key of a VMM server."""
    return Site(key.site_id, key.site_name)


def belongs_to(key: RegistrationKey, vault: Vault) -> bool:
    """Whether the key names this vault. Its `resource_id` cannot be compared: Azure shows it only with a new key."""
    return (
        same_name(key.subscription_id, vault.subscription_id)
        and same_name(key.resource_group, vault.resource_group)
        and same_name(key.vault_name, vault.name)
        and same_name(key.location, vault.location)
    )


def unfit_channel(key: RegistrationKey, channel_key: ChannelKey | None) -> str | None:
    """Why the file's channel integrity key will not do, for those who want one in it."""
    if not key.channel_integrity_key:
        return "the file has no channel integrity key"
    if channel_key is None or key.channel_integrity_key != channel_key.text:
        return "the file's channel integrity key is not the vault's"
    return None


def certificate_name(vault_name: str, now: datetime) -> str:
    """The name becomes the subject of the certificate that the service makes, so it is an X.500 name."""
    day = now.astimezone(timezone.utc)
    return f"CN=CB_{vault_name}-{day.month}-{day.day}-{day.year}-vaultcredentials"


def certificate_request(validity_hours: int) -> dict[str, Any]:
    """The body that lets the service make the key pair, as the portal sends it."""
    return {"certificateCreateOptions": {"validityInHours": validity_hours}}


def key_from_answer(
    vault: Vault,
    answer: Mapping[str, Any],
    *,
    pair: Pair | None = None,
    site: Site = NO_SITE,
    channel_key: ChannelKey | None = None,
) -> RegistrationKey:
    """The key that the service's answer and the vault make up. Raises RemoteFailure that names what is missing.

    With a `pair` of the client the answer only repeats its public half; without one it brings the service's own.
    """
    properties = _require_answer(vault, answer)
    number = str(properties["resourceId"])
    if pair is not None and not is_echo(pair, properties):
        raise RemoteFailure(
            f"the service answered about another certificate than the one that was sent for vault {vault.name};"
            " no file was written: run again, and report it if it stays"
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
            f" {_instead(key.management_cert)}; no file was written: run again, or have the pair made here"
            f" (certificate: {CLIENT_MADE}), and report it if it stays"
        )
    _require_readable(key)
    return key


def _require_answer(vault: Vault, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer's properties. What they hold is a secret, so names are told and no values but that of authType."""
    given = answer.get("properties")
    properties: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    told = f"the service's answer to the request for a key of vault {vault.name}"
    kind = properties.get("authType")
    if kind == _ACS:
        raise RemoteFailure(
            f"{told} describes the sign-in of the Access Control Service (authType {_ACS}), which was retired: such a"
            " key registers nobody; make a new vault, or ask Azure's support to move this one to Entra ID"
        )
    word = str(kind) if isinstance(kind, str) and _WORD.fullmatch(kind) else "unreadable" if kind else "not given"
    missing = [name for name in _NEEDED if not _usable(name, properties.get(name))]
    if missing:
        raise RemoteFailure(
            f"{told} lacks properties.{', properties.'.join(missing)} (authType {word});"
            " run again, and report it if it stays"
        )
    if kind != _AAD:
        raise RemoteFailure(
            f"{told} describes a sign-in that is not known here (authType {word}, expected {_AAD});"
            " no file was written: look for a newer version of this collection"
        )
    audience = properties.get("aadAudience")
    if audience is not None and not isinstance(audience, str):
        raise RemoteFailure(f"{told} has a properties.aadAudience that is no text; report it if it stays")
    return properties


def _usable(name: str, value: Any) -> bool:
    if name == "resourceId":
        return isinstance(value, (int, str)) and _NUMBER.fullmatch(str(value)) is not None
    return isinstance(value, str) and bool(value.strip())


def _require_readable(key: RegistrationKey) -> None:
    """What was written must be read again as the same: nothing of an answer may change the form of the file."""
    try:
        same = parse(render(key)) == key
    except NotAKey:
        same = False
    if not same:
        raise RemoteFailure(
            f"the service's answer to the request for a key of vault {key.vault_name} has a value that can't stand in"
            " a key file; no file was written: run again, and report it if it stays"
        )


def _instead(text: str) -> str:
    """What a certificate that will not do is; never its content."""
    from cryptography import x509

    try:
        x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return "no PFX with a private key"
    return "a public certificate and no PFX with a private key"


def life_note(certificate: KeyCertificate, hours: int, now: datetime) -> str | None:
    """What to warn of when the certificate lives longer or shorter than asked for: it decides, not the request."""
    life = certificate.not_after - now
    if abs(life - timedelta(hours=hours)) <= _SLACK:
        return None
    return (
        f"asked for was a key of {hours} hours, but its certificate ends at {timestamp(certificate.not_after)},"
        f" in {life / timedelta(hours=1):.0f} hours; it can't be revoked, so remove the file after use"
    )


def _presence(state: KeyState, desired: DesiredKey, now: datetime) -> list[Change | None]:
    vault_id = state.vault.id if state.vault else UNKNOWN
    stored = state.stored
    site_name = desired.site if state.site is None else state.site.name or None
    channel = _channel_change(state, desired)
    if stored is None:
        reason = f"make a key for vault {desired.vault_name}, valid for {desired.validity_hours} hours"
        made = {
            "path": desired.path,
            "exists": True,
            "expires": UNKNOWN,
            "kind": desired.kind,
            "mode": MODE,
            "site_name": site_name,
            "vault_id": vault_id,
            "vault_name": desired.vault_name,
        }
        return [*creation(reason, made), channel]
    tighter = Change("mode", stored.mode, MODE, "let only the owner read the key") if stored.mode != MODE else None
    problem = unfit(stored, state.vault, now, timedelta(hours=desired.renewal_margin_hours), state.site)
    if problem is None and desired.channel_integrity_key:
        problem = unfit_channel(stored.key, state.channel_key)
    if problem is None:
        return [tighter]
    shown = key_result(desired.path, stored)
    reason = f"make a new key for vault {desired.vault_name}: {problem}"
    return [
        Change("expires", shown["expires"], UNKNOWN, reason),
        *(
            Change(name, shown[name], after, reason)
            for name, after in (
                ("kind", desired.kind),
                ("site_name", site_name),
                ("vault_id", vault_id),
                ("vault_name", desired.vault_name),
            )
            if shown[name] != after and not same_name(shown[name], after)
        ),
        tighter,
        channel,
    ]


def _channel_change(state: KeyState, desired: DesiredKey) -> Change | None:
    if not desired.channel_integrity_key or state.channel_key is not None:
        return None
    return Change("channel_integrity_key", False, True, f"give vault {desired.vault_name} a channel integrity key")


def _absence(state: KeyState) -> list[Change | None]:
    if state.stored is None:
        return []
    before = key_result("", state.stored)
    reason = "remove the key"
    names = ("expires", "kind", "mode", "site_name", "vault_id", "vault_name")
    gone = [Change(name, before[name], None, reason) for name in names if before[name] is not None]
    return [Change("exists", True, False, reason), *gone]
