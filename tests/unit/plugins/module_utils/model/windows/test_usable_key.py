# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key is checked before anything starts, and each defect has its own message (P5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import parse, render
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.names import ResourceId
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.registration import DesiredRegistration
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.usable_key import require_usable_key
from tests.unit.plugins.module_utils.model.windows.keys import SUBSCRIPTION, VAULT_ID, key_file

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
PATH = "/keys/a.VaultCredentials"
DESIRED = DesiredRegistration(VAULT_ID, ResourceId.parse(VAULT_ID))
FOREIGN = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.RecoveryServices/vaults/{}"
CREATE = "create a new one (siterecovery.hyperv.vault_registration_key)"
NO_PAIR = f"key_path: the key in {PATH} is damaged: it has no certificate with a private key; {CREATE}"


def valid_key(**changed: object) -> bytes:
    return key_file(now=NOW, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        valid_key(),
        b"\xef\xbb\xbf" + valid_key(),
        valid_key(vault="VAULT-asr", group="RG-ASR"),
        valid_key(hours=1 / 60),
    ],
    ids=["fresh", "with a byte order mark", "in another case", "for another minute"],
)
def test_a_valid_key_is_sent_unchanged(content: bytes) -> None:
    key = require_usable_key(content, PATH, DESIRED, NOW)
    assert key.content.encode() == content
    assert "ManagementCert" not in repr(key)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (valid_key(hours=0), f"key_path: the key in {PATH} expired at 2026-03-01 12:00 UTC; {CREATE}"),
        (valid_key(hours=-24), f"key_path: the key in {PATH} expired at 2026-02-28 12:00 UTC; {CREATE}"),
        (
            valid_key(begins=2),
            f"key_path: the key in {PATH} is not valid before 2026-03-01 14:00 UTC; check the clock of the controller",
        ),
        *(
            (
                valid_key(**{part: value}),
                f"key_path: the key in {PATH} belongs to {FOREIGN.format(*ids)}, not to {VAULT_ID}; create a key"
                " of the right vault",
            )
            for part, value, ids in (
                ("vault", "other", (SUBSCRIPTION, "rg-asr", "other")),
                ("group", "other", (SUBSCRIPTION, "other", "vault-asr")),
                ("subscription", "other", ("other", "rg-asr", "vault-asr")),
            )
        ),
        (
            valid_key(site="Berlin"),
            f"key_path: the key in {PATH} is for the Hyper-V site Berlin, and VMM rejects such keys; create a key"
            " without a site",
        ),
        (valid_key(certificate="%%%"), NO_PAIR),
        (valid_key(certificate=""), NO_PAIR),
        (valid_key(certificate="TVo="), NO_PAIR),
        (valid_key(private=False), NO_PAIR),
        *(
            (
                valid_key().replace(part, b""),
                f"key_path: the key in {PATH} is damaged: {name} is missing, or is where the Provider's setup does not"
                f" look for it; {CREATE}",
            )
            for part, name in (
                (b"https://login.windows.net", "AadAuthority"),
                (b"https://pod01-id1.weu.backup.windowsazure.com/restapi/", "ArmManagementEndpoint"),
            )
        ),
        *(
            (content, f"key_path: {PATH} is not a valid Site Recovery key ({why}); {CREATE}")
            for content, why in (
                (b"", "it is not XML"),
                (b"hello", "it is not XML"),
                (valid_key()[:-20], "it is not XML"),
                (b"\xff\xfe", "it is not UTF-8 text"),
                (b"<a/>", "its root element is not RSVaultAsrCreds"),
                (b" " * 300_000, "it is too large"),
                (b"<!DOCTYPE a>" + valid_key(), "it declares a document type"),
                (b"<RSBackupVaultAADCreds/>", "it is a vault credential for Azure Backup"),
                (
                    valid_key().replace(b"RSVaultAsrCreds", b"RSBackupVaultAADCreds"),
                    "it is a vault credential for Azure Backup",
                ),
                (
                    valid_key().replace(b"RSVaultAsrCreds", b"ASRVaultCreds"),
                    "it is for a sign-in service that was retired in 2018",
                ),
            )
        ),
    ],
)
def test_each_defect_has_its_own_message(content: bytes, line: str) -> None:
    with pytest.raises(Refused) as refused:
        require_usable_key(content, PATH, DESIRED, NOW)
    assert refused.value.message == line
    assert refused.value.__cause__ is None


def test_all_messages_differ() -> None:
    kinds = [
        valid_key(hours=-1),
        valid_key(begins=1),
        valid_key(vault="o"),
        valid_key(site="s"),
        valid_key(private=False),
        b"",
    ]
    lines = set()
    for content in kinds:
        with pytest.raises(Refused) as refused:
            require_usable_key(content, PATH, DESIRED, NOW)
        lines.add(refused.value.message)
    assert len(lines) == len(kinds)


def test_messages_contain_nothing_of_the_key() -> None:
    secret = b"canary".hex()
    broken = valid_key().replace(b"</ManagementCert>", secret.encode())
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
def test_a_key_of_the_former_tenant(tenant: str | None, fits: bool) -> None:
    wanted = replace(DESIRED, tenant_id=tenant)
    if fits:
        assert require_usable_key(valid_key(), PATH, wanted, NOW)
        return
    with pytest.raises(Refused) as refused:
        require_usable_key(valid_key(), PATH, wanted, NOW)
    assert refused.value.message == (
        f"key_path: the key in {PATH} names the tenant 99999999-0000-0000-0000-000000000001, but the vault now"
        f" belongs to {tenant}; {CREATE}"
    )


@pytest.mark.parametrize(("hours", "fits"), [(0, True), (-0.9, True), (119.9, True), (-1.1, False), (120, False)])
def test_the_validity_is_compared_with_the_servers_clock_too(hours: float, fits: bool) -> None:
    server_now = NOW + timedelta(hours=hours)
    if fits:
        assert require_usable_key(valid_key(), PATH, DESIRED, NOW, server_now)
        return
    with pytest.raises(Refused) as refused:
        require_usable_key(valid_key(), PATH, DESIRED, NOW, server_now)
    assert refused.value.message == (
        f"the server's clock shows {server_now:%Y-%m-%d %H:%M} UTC, but the key in {PATH} is valid from"
        " 2026-03-01 11:00 to 2026-03-06 12:00 UTC; correct the server's time and time zone, then run again"
    )


@pytest.mark.parametrize(
    ("name", "part", "address"),
    [
        ("AadAuthority", "aad_authority", "https://evil.example"),
        ("AadAuthority", "aad_authority", "http://login.windows.net"),
        ("ArmManagementEndpoint", "arm_management_endpoint", "https://evil.example/restapi/"),
        ("ArmManagementEndpoint", "arm_management_endpoint", "https://backup.windowsazure.com.evil.example/restapi/"),
        ("ArmManagementEndpoint", "arm_management_endpoint", "https://backup.windowsazure.com@evil.example/restapi/"),
    ],
)
def test_a_key_that_leads_elsewhere_is_refused(name: str, part: str, address: str) -> None:
    content = render(replace(parse(valid_key()), **{part: address}))
    with pytest.raises(Refused, match=rf"key_path: {name} of the key in {PATH} is .*, which is not an https address"):
        require_usable_key(content, PATH, DESIRED, NOW)


def test_the_addresses_of_every_cloud_are_accepted() -> None:
    for authority, endpoint in (
        ("https://login.microsoftonline.us", "https://pod01-id1.ugv.backup.windowsazure.us/restapi/"),
        ("https://login.chinacloudapi.cn/", "https://pod01-id1.bjb.backup.windowsazure.cn/restapi/"),
    ):
        key = replace(parse(valid_key()), aad_authority=authority, arm_management_endpoint=endpoint)
        assert require_usable_key(render(key), PATH, DESIRED, NOW)
