# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key is judged before anything is begun: each thing that can be wrong with it has its own words (P5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.names import ResourceId
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.registration import (
    DesiredRegistration,
    require_usable_key,
)
from tests.unit.plugins.model.keys import SUBSCRIPTION, VAULT_ID, key_file

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
PATH = "/keys/a.VaultCredentials"
DESIRED = DesiredRegistration(VAULT_ID, ResourceId.parse(VAULT_ID))
FOREIGN = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.RecoveryServices/vaults/{}"
MAKE = "make a new one (siterecovery.hyperv.vault_registration_key)"
NO_PAIR = f"key_path: the key in {PATH} is damaged: it holds no certificate with a private key; make a new one"


def whole(**changed: object) -> bytes:
    return key_file(now=NOW, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        whole(),
        b"\xef\xbb\xbf" + whole(),
        whole(vault="VAULT-asr", group="RG-ASR"),
        whole(hours=1 / 60),
    ],
    ids=["fresh", "with a byte order mark", "in other letters", "for one more minute"],
)
def test_a_good_key_is_sent_as_it_is(content: bytes) -> None:
    key = require_usable_key(content, PATH, DESIRED, NOW)
    assert key.content.encode() == content
    assert "ManagementCert" not in repr(key)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (whole(hours=0), f"key_path: the key in {PATH} expired at 2026-03-01 12:00 UTC; {MAKE}"),
        (whole(hours=-24), f"key_path: the key in {PATH} expired at 2026-02-28 12:00 UTC; {MAKE}"),
        (
            whole(begins=2),
            f"key_path: the key in {PATH} is not valid before 2026-03-01 14:00 UTC; check this machine's clock",
        ),
        *(
            (
                whole(**{part: value}),
                f"key_path: the key in {PATH} belongs to {FOREIGN.format(*ids)}, asked for was {VAULT_ID}; make a key"
                " of the right vault",
            )
            for part, value, ids in (
                ("vault", "other", (SUBSCRIPTION, "rg-asr", "other")),
                ("group", "other", (SUBSCRIPTION, "other", "vault-asr")),
                ("subscription", "other", ("other", "rg-asr", "vault-asr")),
            )
        ),
        (
            whole(site="Berlin"),
            f"key_path: the key in {PATH} is one for the Hyper-V site Berlin, which VMM refuses; make one without"
            " a site",
        ),
        (whole(certificate="%%%"), NO_PAIR),
        (whole(certificate=""), NO_PAIR),
        (whole(certificate="TVo="), NO_PAIR),
        (whole(private=False), NO_PAIR),
        *(
            (
                whole().replace(part, b""),
                f"key_path: the key in {PATH} is damaged: it lacks {name}, or has it where the Provider's setup does"
                " not look; make a new one",
            )
            for part, name in (
                (b"https://login.windows.net", "AadAuthority"),
                (b"https://pod01-id1.weu.backup.windowsazure.com/restapi/", "ArmManagementEndpoint"),
            )
        ),
        *(
            (content, f"key_path: {PATH} is damaged or no Site Recovery key ({why}); {MAKE}")
            for content, why in (
                (b"", "it is not XML"),
                (b"hello", "it is not XML"),
                (whole()[:-20], "it is not XML"),
                (b"\xff\xfe", "it is not UTF-8 text"),
                (b"<a/>", "its root element is not RSVaultAsrCreds"),
                (b" " * 300_000, "it is too large"),
                (b"<!DOCTYPE a>" + whole(), "it declares a document type"),
                (b"<RSBackupVaultAADCreds/>", "it is a vault credential for Azure Backup"),
                (
                    whole().replace(b"RSVaultAsrCreds", b"RSBackupVaultAADCreds"),
                    "it is a vault credential for Azure Backup",
                ),
                (
                    whole().replace(b"RSVaultAsrCreds", b"ASRVaultCreds"),
                    "it is for a sign-in service that was retired in 2018",
                ),
            )
        ),
    ],
)
def test_a_bad_key_is_refused_in_its_own_words(content: bytes, line: str) -> None:
    with pytest.raises(Refused) as refused:
        require_usable_key(content, PATH, DESIRED, NOW)
    assert refused.value.message == line
    assert refused.value.__cause__ is None


def test_all_words_differ() -> None:
    kinds = [whole(hours=-1), whole(begins=1), whole(vault="o"), whole(site="s"), whole(private=False), b""]
    lines = set()
    for content in kinds:
        with pytest.raises(Refused) as refused:
            require_usable_key(content, PATH, DESIRED, NOW)
        lines.add(refused.value.message)
    assert len(lines) == len(kinds)


def test_no_word_of_a_key_is_told() -> None:
    secret = b"canary".hex()
    broken = whole().replace(b"</ManagementCert>", secret.encode())
    with pytest.raises(Refused) as refused:
        require_usable_key(broken, PATH, DESIRED, NOW - timedelta(days=1))
    assert secret not in f"{refused.value!r} {refused.value.details}"


@pytest.mark.parametrize(
    ("tenant", "fits"),
    [
        (None, True),
        ("99999999-0000-0000-0000-000000000001", True),
        ("99999999-0000-0000-0000-00000000000F", False),
    ],
)
def test_a_key_of_the_tenant_that_the_vault_was_moved_from(tenant: str | None, fits: bool) -> None:
    wish = replace(DESIRED, tenant_id=tenant)
    if fits:
        assert require_usable_key(whole(), PATH, wish, NOW)
        return
    with pytest.raises(Refused) as refused:
        require_usable_key(whole(), PATH, wish, NOW)
    assert refused.value.message == (
        f"key_path: the key in {PATH} is one of the tenant 99999999-0000-0000-0000-000000000001, the vault belongs to"
        f" {tenant} now; make a new one"
    )


@pytest.mark.parametrize(("hours", "fits"), [(0, True), (-0.9, True), (119.9, True), (-1.1, False), (120, False)])
def test_a_key_is_judged_by_the_servers_clock_too(hours: float, fits: bool) -> None:
    server_now = NOW + timedelta(hours=hours)
    if fits:
        assert require_usable_key(whole(), PATH, DESIRED, NOW, server_now)
        return
    with pytest.raises(Refused) as refused:
        require_usable_key(whole(), PATH, DESIRED, NOW, server_now)
    assert refused.value.message == (
        f"the server's clock shows {server_now:%Y-%m-%d %H:%M} UTC, and the key in {PATH} is valid from"
        " 2026-03-01 11:00 to 2026-03-06 12:00 UTC; correct the server's time and time zone, then run again"
    )
