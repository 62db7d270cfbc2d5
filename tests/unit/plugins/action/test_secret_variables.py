# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets among the variables: encrypted ones, ones of the wrong type, and ones at the wrong place."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext

from tests.unit.plugins.action.validation import AZURE, PROXY, SECRET, lines, loaded, run


@pytest.fixture
def vault_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the vault secret that ansible-playbook reads from --vault-password-file."""
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext([("default", VaultSecret(b"right"))]))


def inline(password: bytes) -> dict[str, Any]:
    secret = VaultSecret(password)
    cipher = VaultLib([("default", secret)]).encrypt(SECRET, secret).decode()
    indented = "\n".join(f"  {line}" for line in cipher.splitlines())
    return loaded(f"azure_target_secret: !vault |\n{indented}\nazure_target_client_id: !vault |\n{indented}\n")


@pytest.mark.usefixtures("vault_password")
def test_a_separately_encrypted_value_is_never_returned() -> None:
    result = run({**AZURE, **inline(b"right")}, roles=["azure_target"])
    assert result["checks"] == []
    assert not {"azure_target_secret", "azure_target_client_id"} & result["values"].keys()
    assert SECRET not in str(result)


@pytest.mark.usefixtures("vault_password")
def test_a_value_that_cannot_be_decrypted_is_one_line() -> None:
    found = lines(["azure_target"], inline(b"wrong"))
    assert [line.partition(";")[0] for line in found] == [
        "T1 azure_target_client_id: cannot be decrypted",
        "T1 azure_target_secret: cannot be decrypted",
    ]


@pytest.mark.parametrize("value", ["[S3cret]", "{S3cret: 1}", "007", "1.50", "yes"])
def test_a_secret_that_is_not_text_is_refused_without_its_value(value: str) -> None:
    variables = loaded(f"azure_target_secret: {value}")
    assert "T1 azure_target_secret must be text; put it in quotes" in lines(["azure_target"], variables)
    variables = loaded(
        f"vmm_server_proxy: {{mode: custom, address: http://proxy, port: 1, username: u, password: {value}}}"
    )
    (found,) = lines(["vmm_server"], variables)
    assert found == "P6c vmm_server_proxy.password must be text; put it in quotes"


def test_a_value_of_the_wrong_type_is_not_reported_as_missing() -> None:
    (found,) = lines(["vmm_server"], loaded("vmm_server_proxy: {mode: custom, address: http://proxy, port: many}"))
    assert found == "P6c vmm_server_proxy.port must be a whole number, not 'many'; write digits"


def test_a_secret_at_the_wrong_place_is_hidden() -> None:
    variables = loaded(
        PROXY.replace("http://proxy", f"http://svc:{SECRET.replace(' ', '')}@proxy").replace(" of the ", "ofthe")
    )
    (found,) = lines(["vmm_server"], variables)
    assert found.startswith("P6c vmm_server_proxy.address must not contain a login")
    assert "S3cret" not in found
