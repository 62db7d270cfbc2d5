# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point inward only, and the rule that says so can fail."""

from __future__ import annotations

import ast

import pytest

from tests.gates.rings import imports, violations
from tests.tools.paths import ROOT

PLUGINS = ROOT / "plugins"
FILES = sorted(path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*.py"))


@pytest.mark.parametrize("path", FILES)
def test_imports_point_inward(path: str) -> None:
    assert violations(path, (PLUGINS / path).read_text()) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("module_utils/_model/vault.py", "import ansible.module_utils.basic"),
        ("module_utils/_model/vault.py", "from .._azure import clients"),
        ("module_utils/_model/vault.py", "from .._azure.clients import Azure"),
        ("module_utils/_model/vault.py", "import subprocess"),
        ("module_utils/_model/vault.py", "def key():\n    import azure.core"),
        ("module_utils/_model/vault_key.py", "import cryptography"),
        ("module_utils/_azure/clients.py", "import azure.identity"),
        ("module_utils/_azure/clients.py", "from .._services.vault import Vault"),
        ("module_utils/_services/vault.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("module_utils/_services/vault.py", "from .._module import run_resource_module"),
        ("module_utils/_services/vault.py", "from ...plugin_utils._windows.session import Session"),
        ("plugin_utils/_services/provider.py", "from ...module_utils._azure.clients import Azure"),
        ("plugin_utils/_services/provider.py", "from ...module_utils._services.vault import Vault"),
        ("plugin_utils/_windows/session.py", "from ansible.plugins.action import ActionBase"),
        ("modules/vault.py", "from ..module_utils._azure.clients import Azure"),
        (
            "modules/vault.py",
            "from ansible_collections.siterecovery.hyperv.plugins.module_utils._module import run_resource_module",
        ),
        ("action/provider.py", "from ..module_utils._module import run_resource_module"),
        ("action/provider.py", "import winrm"),
        ("lookup/vault.py", ""),
    ],
)
def test_an_outward_import_is_found(path: str, source: str) -> None:
    assert violations(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("module_utils/_model/vault_key.py", "def key():\n    from cryptography import x509"),
        ("module_utils/_model/vault.py", "from .plan import Plan"),
        (
            "module_utils/_azure/clients.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import azure.core",
        ),
        ("module_utils/_services/vault.py", "from .._azure.clients import Azure\nfrom .._model.plan import Plan"),
        ("plugin_utils/_services/provider.py", "from ...module_utils._model.plan import Plan"),
        ("modules/vault.py", "from ..module_utils._services.vault import build"),
        ("action/provider.py", "from ..plugin_utils._action import ResourceAction"),
    ],
)
def test_an_inward_import_is_allowed(path: str, source: str) -> None:
    assert violations(path, source) == []


@pytest.mark.parametrize("path", FILES)
def test_nothing_is_imported_by_a_string(path: str) -> None:
    """The module builder finds only imports that it can read."""
    source = (PLUGINS / path).read_text()
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert "__import__" not in names
    assert not any(item.name == "importlib" for item in imports(path, source))


def test_plugins_are_namespace_packages() -> None:
    assert list(PLUGINS.rglob("__init__.py")) == []


LAB = ROOT / "extensions" / "lab"
LAB_FILES = sorted(path.relative_to(LAB).as_posix() for path in LAB.rglob("*.py"))


@pytest.mark.parametrize("path", LAB_FILES)
def test_the_estate_imports_nothing_from_the_collection(path: str) -> None:
    """What imitates the world knows no desired state: it imports relatively and never leaves its folder."""
    depth = path.count("/") + 1
    for node in ast.walk(ast.parse((LAB / path).read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level <= depth, f"line {node.lineno} leaves extensions/lab"
            names = [] if node.level else [node.module or ""]
        roots = {name.partition(".")[0] for name in names}
        assert not roots & {"ansible_collections", "ansible", "plugins", "lab"}, f"line {getattr(node, 'lineno', 0)}"
