# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that a user starts from: every secret encrypted, TLS verified, only options that the roles have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._variables.specs import is_secret

from .test_contracts import ROLES, flattened, options

PASSWORD = b"example"


@pytest.fixture
def inventory(collection_root: Path) -> Path:
    return collection_root / "docs" / "examples" / "inventory"


def variables(inventory: Path) -> dict[str, Any]:
    """All plain variables of all groups."""
    files = [path for path in sorted(inventory.rglob("group_vars/**/*.yml")) if path.name != "secrets.yml"]
    return {name: value for path in files for name, value in yaml.safe_load(path.read_text()).items()}


def test_the_secrets_are_encrypted_and_are_exactly_those_that_are_used(inventory: Path) -> None:
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(PASSWORD))])
    encrypted = (inventory / "group_vars" / "all" / "secrets.yml").read_bytes()
    assert encrypted.startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    secrets = yaml.safe_load(vault.decrypt(encrypted))
    used = set(re.findall(r"\bvault_\w+", str(variables(inventory))))
    assert secrets == dict.fromkeys(used, "replace-me")


def test_every_hidden_option_comes_from_the_encrypted_file(collection_root: Path, inventory: Path) -> None:
    given = flattened_values(variables(inventory))
    hidden = {
        name
        for role in ROLES
        for name, option in flattened(options(collection_root, role)).items()
        if is_secret(name.rpartition(".")[2], option) and name in given
    }
    assert hidden >= {"azure_target_secret", "vmm_server_proxy.password", "hyperv_host_proxy.password"}
    for name in (*hidden, "ansible_password"):
        assert re.fullmatch(r"\{\{ vault_\w+ \}\}", given[name]), name


def test_the_roles_know_every_variable(collection_root: Path, inventory: Path) -> None:
    known = {name for role in ROLES for name in flattened(options(collection_root, role))}
    asked = {name for name in flattened_values(variables(inventory)) if not name.startswith("ansible_")}
    # Tags have names of the user's own.
    assert {name for name in asked if not name.startswith("azure_target_vault_tags.")} <= known


def test_the_machines_are_reached_with_their_certificates_checked(inventory: Path) -> None:
    connection = {name: value for name, value in variables(inventory).items() if name.startswith("ansible_")}
    assert connection["ansible_winrm_scheme"] == "https"
    assert connection["ansible_winrm_server_cert_validation"] == "validate"
    assert connection["ansible_winrm_transport"] == "kerberos"


def test_the_readme_has_the_password_and_every_file(inventory: Path) -> None:
    readme = (inventory / "README.md").read_text()
    assert f"`{PASSWORD.decode()}`" in readme
    for path in inventory.rglob("*.yml"):
        assert f"`{path.relative_to(inventory)}`" in readme


def flattened_values(values: dict[str, Any]) -> dict[str, Any]:
    """Values and those inside dictionaries by dotted name."""
    found = {}
    for name, value in values.items():
        found[name] = value
        if isinstance(value, dict):
            found.update({f"{name}.{part}": inner for part, inner in flattened_values(value).items()})
    return found


def test_the_page_of_the_inventory_plugin_shows_the_same_connection(collection_root: Path, inventory: Path) -> None:
    page = (collection_root / "docs" / "inventory.md").read_text()
    shown = {
        found[1]: yaml.safe_load(found[2])
        for found in re.finditer(r"```yaml\n *# inventory/(\S+)\n(.*?)```", page, re.DOTALL)
    }
    assert shown["group_vars/windows.yml"] == yaml.safe_load((inventory / "group_vars" / "windows.yml").read_text())
    groups = shown["10-hosts.yml"]["windows"]["children"]
    example = yaml.safe_load((inventory / "hosts.yml").read_text())["windows"]["children"]
    assert groups.keys() == example.keys()
    assert groups["vmm_servers"] == example["vmm_servers"]


def test_the_documentation_uses_one_placeholder_domain(collection_root: Path) -> None:
    """The machines of the lab have their own domain, lab.example, as in the output of the demo."""
    files = [
        *(collection_root / "docs").rglob("*.md"),
        *(collection_root / "docs" / "examples").rglob("*.yml"),
        *(collection_root / "plugins" / "modules").glob("*.py"),
        *(collection_root / "plugins" / "inventory").glob("*.py"),
        *(collection_root / "roles").rglob("*.md"),
        collection_root / "README.md",
    ]
    other = re.compile(r"[\w.-]*\b(contoso|fabrikam|corp)\.\w+|[\w.-]+\.example\b(?!\.)", re.IGNORECASE)
    found = {f"{path.name}: {name[0]}" for path in files for name in other.finditer(path.read_text())}
    assert {name for name in found if not name.endswith("lab.example")} == set()
