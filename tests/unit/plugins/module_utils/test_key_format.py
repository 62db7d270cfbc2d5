# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The format of the key file, and the certificate in it (S4)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.azure.registration_key import (
    certificate_name,
    key_problem,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import (
    KeyCertificate,
    NotAKey,
    RegistrationKey,
    certificate_of,
    parse,
    render,
)
from tests.unit.plugins.module_utils.registration_keys import (
    FILE,
    GOOD,
    HOUR,
    KEY,
    NAMESPACE,
    NOW,
    good_pfx,
    make_pfx,
)
from tests.unit.plugins.module_utils.vaults import VAULT

__all__ = ["good_pfx"]


# The file -------------------------------------------------------------------------------------------------------------


def test_the_file_equals_that_of_the_portal() -> None:
    assert render(KEY).decode() == FILE
    assert parse(FILE.encode()) == KEY


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Z"]), min_size=1)


@given(st.lists(TEXTS, min_size=len(fields(RegistrationKey)), max_size=len(fields(RegistrationKey))))
def test_a_rendered_file_is_parsed_to_the_same_key(values: list[str]) -> None:
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
def test_other_forms_of_the_same_file_are_parsed(change: Callable[[str], str]) -> None:
    assert parse(change(FILE).encode()) == KEY


def test_a_file_without_private_endpoints_is_parsed() -> None:
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
def test_a_value_out_of_order_is_not_found(name: str, behind: str) -> None:
    """The reader only looks forward, and silently skips elements behind their place."""
    lines = FILE.splitlines()
    (line,) = (line for line in lines if f"<{name}>" in line)
    lines.remove(line)
    (place,) = (number for number, other in enumerate(lines) if behind in other)
    lines.insert(place + 1, line)
    assert f"lacks {name}," in str(key_problem(replace(GOOD, key=parse("\n".join(lines).encode())), VAULT, NOW, HOUR))


@pytest.mark.parametrize(
    ("why", "content"),
    [
        ("not XML", b""),
        ("not XML", b"secret-canary"),
        ("not XML", FILE[:400].encode()),
        ("not UTF-8", FILE.encode("utf-16")),
        ("the encoding utf-7 instead of utf-8", FILE.replace('encoding="utf-8"', "encoding='utf-7'").encode()),
        ("the encoding UTF-16", FILE.replace('encoding="utf-8"', 'encoding = "UTF-16"').encode()),
        ("document type", FILE.replace("?>", '?><!DOCTYPE a [<!ENTITY b "c">]>').encode()),
        ("for Azure Backup", FILE.replace("RSVaultAsrCreds", "RSBackupVaultAADCreds").encode()),
        ("retired in 2018", FILE.replace("RSVaultAsrCreds", "ASRVaultCreds").encode()),
        ("root element", FILE.replace(f' xmlns="{NAMESPACE}"', "").encode()),
        ("names no vault", FILE.replace("vault-dr</ResourceName>", "</ResourceName>").encode()),
        ("too large", FILE.encode() + b" " * 2**20),
    ],
)
def test_the_reason_for_another_file_does_not_contain_its_content(why: str, content: bytes) -> None:
    with pytest.raises(NotAKey, match=why) as caught:
        parse(content)
    assert "canary" not in str(caught.value)


# The certificate ------------------------------------------------------------------------------------------------------


def test_the_certificate_determines_the_validity(good_pfx: str) -> None:
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


def test_a_private_key_of_another_certificate_is_not_accepted(good_pfx: str, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_the_name_of_the_certificate_has_the_date_in_utc(now: datetime, name: str) -> None:
    assert certificate_name("vault-dr", now) == name
