# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vault and its key file for tests of the module vault_registration_key."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import pkcs12

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.key_file import (
    RegistrationKey,
    parse,
    render,
)
from lab.arm.records import Vault
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

CANARY = base64.b64encode(b"canary of a certificate").decode()
READ = "GET vaults/vault-dr"


class Keys:
    """A vault, and the file in which its key is kept."""

    def __init__(self, subscription: Subscription, path: Path) -> None:
        self.subscription = subscription
        self.path = path
        self.vault: Vault = subscription.state.seed_vault(GROUP, "vault-dr", "westeurope")

    def run(self, *, check: bool = False, **changed: Any) -> Ended:
        options = {"vault_name": "vault-dr", "resource_group": GROUP, "path": str(self.path)}
        ended = self.subscription.run("vault_registration_key", check=check, **{**options, **changed})
        if self.path.is_file() and not self.path.is_symlink():
            secret = self.key.management_cert
            assert not secret or secret[:60] not in json.dumps(ended.result)
        return ended

    @property
    def key(self) -> RegistrationKey:
        return parse(self.path.read_bytes())

    @property
    def others(self) -> list[str]:
        return [entry.name for entry in self.path.parent.iterdir() if entry != self.path]

    @property
    def writes(self) -> list[str]:
        return self.subscription.writes

    def change(self, **values: Any) -> None:
        self.path.write_bytes(render(replace(self.key, **values)))


@pytest.fixture
def keys(subscription: Subscription, tmp_path: Path) -> Keys:
    return Keys(subscription, tmp_path / "keys" / "vault-dr.VaultCredentials")


def thumbprint(key: RegistrationKey) -> str:
    _, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(key.management_cert), None)
    assert certificate is not None
    return certificate.fingerprint(SHA1()).hex().upper()
