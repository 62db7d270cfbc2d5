# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key: its file to the letter, when a new one is made, and that nothing else is touched (S4)."""

from __future__ import annotations

import base64
import os
import signal
import stat
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure import registration_key as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.hyperv_site import NO_SITE, Site
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.registration_key import (
    DesiredKey,
    KeyState,
    StoredKey,
    certificate_name,
    key_from_answer,
    key_result,
    life_note,
    makes_key,
    plan_key,
    unfit,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import (
    KeyCertificate,
    NotAKey,
    RegistrationKey,
    certificate_of,
    parse,
    render,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN, apply_changes
from ansible_collections.siterecovery.hyperv.plugins.module_utils._services.azure.registration_key import KeyFile
from tests.unit.plugins.module_utils.nouns import SUBSCRIPTION, options_of, short
from tests.unit.plugins.module_utils.test_vault import VAULT

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
PATH = "/home/ansible/vault-dr.VaultCredentials"
NAMESPACE = "http://schemas.datacontract.org/2004/07/Microsoft.Azure.Portal.RecoveryServices.Models.Common"
# The portal's file for VMM: order and names of the elements are those that its reader wants.
FILE = f"""<?xml version="1.0" encoding="utf-8"?>
<RSVaultAsrCreds xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="{NAMESPACE}">
  <VaultDetails>
    <SubscriptionId>{SUBSCRIPTION}</SubscriptionId>
    <ResourceGroup>rg-dr</ResourceGroup>
    <ResourceName>vault-dr</ResourceName>
    <ResourceId>6066914184940990001</ResourceId>
    <Location>westeurope</Location>
    <ResourceType>Vaults</ResourceType>
    <ProviderNamespace>Microsoft.RecoveryServices</ProviderNamespace>
  </VaultDetails>
  <ManagementCert>BASE64-OF-PFX</ManagementCert>
  <Version>2.0</Version>
  <AadDetails>
    <AadAuthority>https://login.windows.net</AadAuthority>
    <AadTenantId>99999999-0000-0000-0000-000000000001</AadTenantId>
    <ServicePrincipalClientId>99999999-0000-0000-0000-000000000002</ServicePrincipalClientId>
    <AadVaultAudience>https://RecoveryServiceVault/westeurope/vault-dr/6066914184940990001</AadVaultAudience>
    <ArmManagementEndpoint>https://pod01-id1.weu.backup.windowsazure.com/restapi/</ArmManagementEndpoint>
  </AadDetails>
  <ChannelIntegrityKey></ChannelIntegrityKey>
  <SiteId></SiteId>
  <SiteName></SiteName>
  <PrivateEndpointStateForSiteRecovery>None</PrivateEndpointStateForSiteRecovery>
</RSVaultAsrCreds>
"""
KEY = RegistrationKey(
    subscription_id=SUBSCRIPTION,
    resource_group="rg-dr",
    vault_name="vault-dr",
    resource_id="6066914184940990001",
    location="westeurope",
    management_cert="BASE64-OF-PFX",
    aad_authority="https://login.windows.net",
    aad_tenant_id="99999999-0000-0000-0000-000000000001",
    service_principal_client_id="99999999-0000-0000-0000-000000000002",
    aad_vault_audience="https://RecoveryServiceVault/westeurope/vault-dr/6066914184940990001",
    arm_management_endpoint="https://pod01-id1.weu.backup.windowsazure.com/restapi/",
)
GOOD = StoredKey(KEY, KeyCertificate(NOW - 100 * HOUR, NOW + 100 * HOUR), "0600")


def desired(**given: Any) -> DesiredKey:
    return DesiredKey.from_options(
        options_of("vault_registration_key", **{"vault_name": "vault-dr", "path": PATH, **given})
    )


# The file -------------------------------------------------------------------------------------------------------------


def test_the_file_is_the_portals_to_the_letter() -> None:
    assert render(KEY).decode() == FILE
    assert parse(FILE.encode()) == KEY


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Z"]), min_size=1)


@given(st.lists(TEXTS, min_size=len(fields(RegistrationKey)), max_size=len(fields(RegistrationKey))))
def test_what_was_rendered_is_read_again(values: list[str]) -> None:
    key = RegistrationKey(*values)
    assert parse(render(key)) == key


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "").replace("  ", ""),
        lambda text: text.replace("<SiteId></SiteId>", "<SiteId/>"),
        lambda text: text.replace("  <Version>", "  <Newer>x</Newer><Version>"),
    ],
    ids=["byte order mark", "Windows line ends", "one line", "short empty element", "unknown element"],
)
def test_other_spellings_of_the_same_file_are_read(change: Callable[[str], str]) -> None:
    assert parse(change(FILE).encode()) == KEY


def test_a_file_from_before_private_endpoints_is_read() -> None:
    text = FILE.replace("  <PrivateEndpointStateForSiteRecovery>None</PrivateEndpointStateForSiteRecovery>\n", "")
    assert parse(text.encode()) == replace(KEY, private_endpoint_state=None)


@pytest.mark.parametrize(
    ("name", "behind"),
    [
        ("ResourceId", "<ProviderNamespace>"),
        ("ResourceId", "</VaultDetails>"),
        ("AadAuthority", "<ArmManagementEndpoint>"),
        ("AadAuthority", "<SiteName>"),
    ],
)
def test_a_value_that_the_reader_would_not_find_is_not_found(name: str, behind: str) -> None:
    """Its reader looks forward only: what stands behind its place is skipped without a word."""
    lines = FILE.splitlines()
    (line,) = (line for line in lines if f"<{name}>" in line)
    lines.remove(line)
    (place,) = (number for number, other in enumerate(lines) if behind in other)
    lines.insert(place + 1, line)
    assert f"lacks {name}," in str(unfit(replace(GOOD, key=parse("\n".join(lines).encode())), VAULT, NOW, HOUR))


@pytest.mark.parametrize(
    ("why", "content"),
    [
        ("no XML", b""),
        ("no XML", b"secret-canary"),
        ("no XML", FILE[:400].encode()),
        ("no UTF-8", FILE.encode("utf-16")),
        ("document type", FILE.replace("?>", '?><!DOCTYPE a [<!ENTITY b "c">]>').encode()),
        ("for Azure Backup", FILE.replace("RSVaultAsrCreds", "RSBackupVaultAADCreds").encode()),
        ("retired in 2018", FILE.replace("RSVaultAsrCreds", "ASRVaultCreds").encode()),
        ("root element", FILE.replace(f' xmlns="{NAMESPACE}"', "").encode()),
        ("names no vault", FILE.replace("vault-dr</ResourceName>", "</ResourceName>").encode()),
        ("too large", FILE.encode() + b" " * 2**20),
    ],
)
def test_what_is_no_key_is_told_without_its_content(why: str, content: bytes) -> None:
    with pytest.raises(NotAKey, match=why) as caught:
        parse(content)
    assert "canary" not in str(caught.value)


# The certificate ------------------------------------------------------------------------------------------------------


def make_pfx(password: str | None = None, with_key: bool = True, with_certificate: bool = True) -> str:
    """A PKCS #12 file in base64, valid for 120 hours from NOW."""
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vault-dr")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(pair.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + 120 * HOUR)
        .sign(pair, SHA256())
    )
    content = pkcs12.serialize_key_and_certificates(
        None,
        pair if with_key else None,
        certificate if with_certificate else None,
        None,
        BestAvailableEncryption(password.encode()) if password else NoEncryption(),
    )
    return base64.b64encode(content).decode()


@pytest.fixture(scope="module")
def good_pfx() -> str:
    return make_pfx()


def test_the_certificate_tells_how_long_the_key_lives(good_pfx: str) -> None:
    assert certificate_of(replace(KEY, management_cert=good_pfx)) == KeyCertificate(NOW, NOW + 120 * HOUR)


@pytest.mark.parametrize(
    "make",
    [
        lambda _good: "",
        lambda _good: "BASE64-OF-PFX",
        lambda _good: base64.b64encode(b"no certificate").decode(),
        lambda good: good[: len(good) // 2],
        lambda good: base64.b64encode(good.encode()).decode(),
        lambda _good: make_pfx(password="secret"),
        lambda _good: make_pfx(with_key=False),
        lambda _good: make_pfx(with_certificate=False),
    ],
    ids=["empty", "no base64", "no PFX", "cut", "encoded twice", "with a password", "no private key", "no certificate"],
)
def test_a_damaged_certificate_is_none(make: Callable[[str], str], good_pfx: str) -> None:
    assert certificate_of(replace(KEY, management_cert=make(good_pfx))) is None


def test_a_private_key_of_another_certificate_is_damage(good_pfx: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load = pkcs12.load_key_and_certificates
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    monkeypatch.setattr(pkcs12, "load_key_and_certificates", lambda *given: (foreign, *load(*given)[1:]))
    assert certificate_of(replace(KEY, management_cert=good_pfx)) is None


@pytest.mark.parametrize(
    ("now", "name"),
    [
        (NOW, "CN=CB_vault-dr-3-1-2026-vaultcredentials"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=timezone(-HOUR)), "CN=CB_vault-dr-1-1-2027-vaultcredentials"),
    ],
)
def test_the_certificate_is_named_by_the_day_in_utc(now: datetime, name: str) -> None:
    assert certificate_name("vault-dr", now) == name


# From the service's answer --------------------------------------------------------------------------------------------


def answer(pfx: str, **changed: Any) -> dict[str, Any]:
    return {
        "properties": {
            "authType": "AzureActiveDirectory",
            "certificate": pfx,
            "resourceId": 6066914184940990001,
            "aadAuthority": KEY.aad_authority,
            "aadTenantId": KEY.aad_tenant_id,
            "servicePrincipalClientId": KEY.service_principal_client_id,
            "azureManagementEndpointAudience": KEY.arm_management_endpoint,
            "aadAudience": "api://x/RecoveryServiceVault/a/b/1",
            **changed,
        }
    }


def test_a_key_from_the_services_answer(good_pfx: str) -> None:
    made = key_from_answer(replace(VAULT, private_endpoint_state="Enabled"), answer(good_pfx))
    assert made == replace(
        KEY,
        management_cert=good_pfx,
        aad_vault_audience="api://x/RecoveryServiceVault/a/b/1",
        private_endpoint_state="Enabled",
    )
    assert key_from_answer(VAULT, answer(good_pfx, aadAudience=None)).aad_vault_audience == KEY.aad_vault_audience


@pytest.mark.parametrize(
    ("told", "changed"),
    [
        *(
            (f"lacks properties.{name} \\(authType AzureActiveDirectory\\)", {name: None})
            for name in ("certificate", "resourceId", "aadAuthority", "aadTenantId", "servicePrincipalClientId")
        ),
        ("lacks properties.azureManagementEndpointAudience", {"azureManagementEndpointAudience": ""}),
        ("is no PFX with a private key; no file was written", {"certificate": base64.b64encode(b"canary").decode()}),
    ],
)
def test_an_answer_that_makes_no_key(told: str, changed: dict[str, Any], good_pfx: str) -> None:
    with pytest.raises(RemoteFailure, match=told) as caught:
        key_from_answer(VAULT, answer(good_pfx, **changed))
    assert good_pfx not in str(caught.value)


def test_an_answer_without_properties_makes_no_key() -> None:
    with pytest.raises(RemoteFailure, match=r"authType not given"):
        key_from_answer(VAULT, {})


# Options and plan -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("path", {"path": "vault-dr.VaultCredentials"}),
        ("path", {"path": "/tmp/vault-dr.xml"}),
        ("path", {"path": "/tmp/vault-dr.vaultcredentials"}),
        ("path", {"path": "/tmp/.VaultCredentials"}),
        ("path", {"path": "/tmp/a\0b.VaultCredentials"}),
        ("validity_hours", {"validity_hours": 0}),
        ("validity_hours", {"validity_hours": 121}),
        ("renewal_margin_hours", {"renewal_margin_hours": -1}),
        ("renewal_margin_hours", {"renewal_margin_hours": 120}),
        ("renewal_margin_hours", {"renewal_margin_hours": 4, "validity_hours": 4}),
        ("vault_name", {"vault_name": "vault_dr"}),
        ("site", {"kind": "hyperv_site"}),
        ("site", {"kind": "hyperv_site", "site": " "}),
        ("site", {"site": "branch"}),
        ("site", {"site": ""}),
    ],
)
def test_refused_before_any_call(option: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=rf"^{option}: .*; "):
        desired(**given)


def test_the_shortest_and_the_longest_life_are_taken() -> None:
    assert desired(validity_hours=1, renewal_margin_hours=0).validity_hours == 1
    assert desired(validity_hours=120, renewal_margin_hours=119).renewal_margin_hours == 119


UNFIT = [
    ("no vault", GOOD, None, "does not exist"),
    (
        "another subscription",
        replace(GOOD, key=replace(KEY, subscription_id="s2")),
        VAULT,
        "belongs to /subscriptions/s2",
    ),
    ("another group", replace(GOOD, key=replace(KEY, resource_group="rg-2")), VAULT, "belongs to"),
    ("another vault", replace(GOOD, key=replace(KEY, vault_name="v2")), VAULT, "belongs to"),
    ("another region", replace(GOOD, key=replace(KEY, location="northeurope")), VAULT, "in northeurope"),
    (
        "a site's key",
        replace(GOOD, key=replace(KEY, site_id="id", site_name="Site1")),
        VAULT,
        "Hyper-V site Site1 (id)",
    ),
    ("a site without an id", replace(GOOD, key=replace(KEY, site_name="S")), VAULT, "Hyper-V site S (without an id)"),
    ("endpoint state", GOOD, replace(VAULT, private_endpoint_state="Enabled"), "private endpoint state is Enabled now"),
    ("lacks a value", replace(GOOD, key=replace(KEY, aad_tenant_id="")), VAULT, "lacks AadTenantId"),
    ("lacks its number", replace(GOOD, key=replace(KEY, resource_id="")), VAULT, "lacks ResourceId"),
    ("damaged", replace(GOOD, certificate=None), VAULT, "can't be read"),
    (
        "not yet valid",
        replace(GOOD, certificate=KeyCertificate(NOW + HOUR, NOW + 100 * HOUR)),
        VAULT,
        "only from 2026-03-01T10:30:00Z",
    ),
    (
        "expired",
        replace(GOOD, certificate=KeyCertificate(NOW - 2 * HOUR, NOW)),
        VAULT,
        "expired at 2026-03-01T09:30:00Z",
    ),
    ("in the margin", replace(GOOD, certificate=KeyCertificate(NOW, NOW + 24 * HOUR)), VAULT, "expires at"),
]


@pytest.mark.parametrize(("name", "stored", "vault", "told"), UNFIT, ids=[row[0] for row in UNFIT])
def test_a_key_that_will_not_do_is_made_anew(name: str, stored: StoredKey, vault: Any, told: str) -> None:
    assert told in str(unfit(stored, vault, NOW, 24 * HOUR))
    plan = plan_key(KeyState(vault, stored), desired(), NOW)
    assert makes_key(plan)
    assert told in plan.describe()
    shown = apply_changes(key_result(PATH, stored), plan.changes)
    expected = {"path": PATH, "exists": True, "expires": UNKNOWN, "mode": "0600", "vault_name": "vault-dr"}
    assert {key: shown[key] for key in expected} == expected


SITE = Site("id-1", "branch")
SITE_KEY = replace(GOOD, key=replace(KEY, site_id="ID-1", site_name="Branch"))


@pytest.mark.parametrize(
    ("stored", "site", "told"),
    [
        (SITE_KEY, SITE, None),
        (SITE_KEY, NO_SITE, "is for Hyper-V site Branch (ID-1), not for VMM servers"),
        (SITE_KEY, Site("id-2", "branch"), "not for Hyper-V site branch (id-2)"),
        (SITE_KEY, Site("id-1", "other"), "not for Hyper-V site other (id-1)"),
        (SITE_KEY, None, "the vault has no such Hyper-V site"),
        (GOOD, SITE, "is for VMM servers, not for Hyper-V site branch (id-1)"),
    ],
)
def test_a_key_is_for_one_site(stored: StoredKey, site: Site | None, told: str | None) -> None:
    problem = unfit(stored, VAULT, NOW, HOUR, site)
    assert problem is None if told is None else told in str(problem)


def test_the_file_for_a_site_differs_in_nothing_else() -> None:
    text = FILE.replace("<SiteId></SiteId>", "<SiteId>id-1</SiteId>").replace("<SiteName></", "<SiteName>branch</")
    assert render(replace(KEY, site_id="id-1", site_name="branch")).decode() == text


@pytest.mark.parametrize(
    ("hours", "told"),
    [(120.9, False), (119.1, False), (121.1, True), (240, True), (48, True)],
)
def test_a_life_that_was_not_asked_for_is_told(hours: float, told: bool) -> None:
    note = life_note(KeyCertificate(NOW, NOW + hours * HOUR), 120, NOW)
    assert (note is not None) is told


@pytest.mark.parametrize(
    "stored",
    [
        GOOD,
        replace(GOOD, certificate=KeyCertificate(NOW, NOW + 24 * HOUR + timedelta(seconds=1))),
        replace(GOOD, key=replace(KEY, vault_name="VAULT-dr", resource_group="RG-DR", private_endpoint_state=None)),
    ],
    ids=["fresh", "just outside of the margin", "another case"],
)
def test_a_good_key_is_kept(stored: StoredKey) -> None:
    assert unfit(stored, VAULT, NOW, 24 * HOUR) is None
    assert not plan_key(KeyState(VAULT, stored), desired(), NOW).changed


@pytest.mark.parametrize(
    ("name", "state", "given", "expected"),
    [
        (
            "none there",
            KeyState(VAULT, None),
            {},
            {
                "path": PATH,
                "exists": True,
                "expires": UNKNOWN,
                "kind": "vmm",
                "mode": "0600",
                "site_name": None,
                "vault_id": VAULT.id,
                "vault_name": "vault-dr",
            },
        ),
        (
            "none there, no vault yet",
            KeyState(None, None),
            {},
            {
                "path": PATH,
                "exists": True,
                "expires": UNKNOWN,
                "kind": "vmm",
                "mode": "0600",
                "site_name": None,
                "vault_id": UNKNOWN,
                "vault_name": "vault-dr",
            },
        ),
        ("mode", KeyState(VAULT, replace(GOOD, mode="0644")), {}, {"mode": "0600"}),
        ("leftover", KeyState(VAULT, GOOD, leftover=True), {}, {"leftover": False}),
        ("absent already", KeyState(None, None), {"state": "absent"}, {}),
        ("absent, leftover", KeyState(None, None, leftover=True), {"state": "absent"}, {"leftover": False}),
        (
            "to be removed",
            KeyState(None, GOOD),
            {"state": "absent"},
            {"exists": False, "expires": None, "kind": None, "mode": None, "vault_id": None, "vault_name": None},
        ),
    ],
)
def test_plan(name: str, state: KeyState, given: dict[str, Any], expected: dict[str, Any]) -> None:
    plan = plan_key(state, desired(**given), NOW)
    assert short(plan) == expected
    assert makes_key(plan) == ("expires" in expected and given == {})


def test_no_content_is_shown() -> None:
    secret = replace(KEY, management_cert="canary", channel_integrity_key="canary")
    stored = replace(GOOD, key=secret)
    told = [repr(stored), key_result(PATH, stored), plan_key(KeyState(None, stored), desired(), NOW)]
    assert "canary" not in repr(told)


# The file on disk -----------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "vault-dr.VaultCredentials"


def test_a_file_is_secret_and_whole(path: Path) -> None:
    old = os.umask(0)
    try:
        KeyFile(str(path)).write(FILE.encode())
    finally:
        os.umask(old)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    stored = KeyFile(str(path)).read()
    assert stored == StoredKey(KEY, None, "0600")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_write_that_fails_leaves_the_old_key_and_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = KeyFile(str(path))
    file.write(FILE.encode())

    def full(_descriptor: int) -> None:
        # A reader sees the old key until the new one is whole; nobody else can read the new one on the way.
        part = path.parent / f".{path.name}.part"
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
        assert path.read_text() == FILE
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refused, match=rf"^path: could not write {path} \(No space left on device\); "):
        file.write(b"new")
    assert path.read_text() == FILE
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_what_a_killed_run_left_is_found_replaced_and_removed(path: Path) -> None:
    file = KeyFile(str(path))
    path.parent.mkdir()
    part = path.parent / f".{path.name}.part"
    part.write_text("half")
    assert file.has_leftover()
    file.write(FILE.encode())
    assert not file.has_leftover()
    part.symlink_to(path)
    file.remove_leftover()
    assert not part.is_symlink()
    assert path.read_text() == FILE


def test_mode_and_removal(path: Path) -> None:
    file = KeyFile(str(path))
    assert file.read() is None
    file.write(FILE.encode())
    path.chmod(0o644)
    file.restrict()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    file.remove()
    assert not path.exists()


def _link(path: Path) -> None:
    path.symlink_to(path.parent)


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _foreign(path: Path) -> None:
    path.write_text("somebody's canary")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (_link, "is a link"),
        (_dangling, "is a link"),
        (_folder, "is no plain file"),
        (_pipe, "is no plain file"),
        (_foreign, "holds something else than a Site Recovery key"),
    ],
)
def test_what_is_no_key_is_refused_and_left_alone(place: Callable[[Path], None], told: str, path: Path) -> None:
    path.parent.mkdir()
    place(path)
    before = os.lstat(path)
    kept = before.st_ino, before.st_mode, before.st_mtime_ns
    with pytest.raises(Refused, match=rf"^path: .*{told}.* left alone.*; remove it, or give another path$") as caught:
        KeyFile(str(path)).read()
    after = os.lstat(path)
    # It may have been read, which changes when it was last read.
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == kept
    assert "canary" not in str(caught.value)


def _killed_in(path: Path, content: bytes) -> int:
    """How a process ends that writes the key and is killed when all of it is written but has not got its name yet."""
    child = os.fork()
    if child == 0:
        os.fsync = lambda _descriptor: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        try:
            KeyFile(str(path)).write(content)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_killed_write_leaves_one_closed_file_that_the_next_run_removes(path: Path) -> None:
    file = KeyFile(str(path))
    file.write(FILE.encode())
    assert _killed_in(path, b"canary") == -signal.SIGKILL
    part = path.parent / f".{path.name}.part"
    assert {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()} == {
        path.name: 0o600,
        part.name: 0o600,
    }
    assert path.read_text() == FILE
    file.write(FILE.encode())
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_mode_is_exact_whatever_the_umask(path: Path) -> None:
    old = os.umask(0o277)
    try:
        KeyFile(str(path)).write(FILE.encode())
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_folders_are_made_closed_all_the_way(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "vault-dr.VaultCredentials"
    old = os.umask(0)
    try:
        KeyFile(str(path)).write(FILE.encode())
    finally:
        os.umask(old)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]


def test_a_file_of_another_user_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = KeyFile(str(path))
    file.write(FILE.encode())
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(Refused, match="a file of another user"):
        file.read()


def test_a_file_that_was_swapped_while_it_was_opened_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = KeyFile(str(path))
    file.write(FILE.encode())
    opened = os.open

    def swapped(*given: Any) -> int:
        os.link(path, path.with_suffix(".copy"))
        return opened(*given)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(Refused, match=r"a file with 2 names \(hard links\)"):
        file.read()


@pytest.mark.parametrize(("mode", "told"), [(0o777, "0777"), (0o702, "0702"), (0o1777, None), (0o775, None)])
def test_a_folder_is_judged_by_who_can_swap_the_key(mode: int, told: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    # A folder that is still to be made is as safe as the one that it comes to lie in.
    for path in (folder / "a.VaultCredentials", folder / "new" / "newer" / "a.VaultCredentials"):
        if told is None:
            KeyFile(str(path)).require_safe_folder()
        else:
            with pytest.raises(Refused, match=rf"folder {folder} is writable for everybody \({told}\)"):
                KeyFile(str(path)).require_safe_folder()


def test_a_folder_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = os.stat(path.parent.parent)
    foreign = os.stat_result((*found[:4], 4711, *found[5:]))
    monkeypatch.setattr(os, "stat", lambda *_given, **_more: foreign)
    with pytest.raises(Refused, match="belongs to another user, who could swap the key"):
        KeyFile(str(path)).require_safe_folder()


def test_a_large_file_is_not_read_to_its_end(path: Path) -> None:
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(Refused, match="it is too large"):
        KeyFile(str(path)).read()


def test_a_folder_that_is_a_file_is_told(path: Path) -> None:
    path.parent.write_text("")
    assert KeyFile(str(path)).read() is None
    with pytest.raises(Refused, match=r"^path: could not write .* \(.*\); correct the path"):
        KeyFile(str(path)).write(b"")


def test_the_suffix_is_the_one_that_the_provider_asks_for() -> None:
    assert model.SUFFIX == ".VaultCredentials"
