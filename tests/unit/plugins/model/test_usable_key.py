# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key is judged before anything is begun: each thing that can be wrong with it has its own words (P5)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.names import ResourceId
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.registration import (
    DesiredRegistration,
    require_usable_key,
)
from tests.unit.plugins.model.keys import SUBSCRIPTION, VAULT_ID, key_file

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
PATH = "/keys/a.VaultCredentials"
DESIRED = DesiredRegistration(VAULT_ID, ResourceId.parse(VAULT_ID))
FOREIGN = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.RecoveryServices/vaults/{}"
MAKE = "make a new one (siterecovery.hyperv.vault_key)"
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
            (content, f"key_path: {PATH} is damaged or no Site Recovery key ({why}); {MAKE}")
            for content, why in (
                (b"", "it is no XML"),
                (b"hello", "it is no XML"),
                (whole()[:-20], "it is no XML"),
                (b"\xff\xfe", "it is no UTF-8 text"),
                (b"<a/>", "its root element is not RSVaultAsrCreds"),
                (b" " * 300_000, "it is too large"),
                (b"<!DOCTYPE a>" + whole(), "it declares a document type"),
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
