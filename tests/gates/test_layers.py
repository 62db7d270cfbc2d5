# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers import only inner layers, and the check can fail."""

from __future__ import annotations

import ast

import pytest

from tests.gates.layers import cycles, imports, violations
from tests.tools.paths import ROOT

PLUGINS = ROOT / "plugins"
FILES = sorted(path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*.py"))


@pytest.mark.parametrize("path", FILES)
def test_imports_point_inward(path: str) -> None:
    assert violations(path, (PLUGINS / path).read_text()) == []


COMMON, AZURE, WINDOWS = (f"module_utils/_model/{wing}" for wing in ("common", "azure", "windows"))
AZURE_SERVICES, WINDOWS_SERVICES = "module_utils/_services/azure", "plugin_utils/_services/windows"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (f"{AZURE}/vault.py", "import ansible.module_utils.basic"),
        (f"{AZURE}/vault.py", "from ..._azure import clients"),
        (f"{AZURE}/vault.py", "from ..._azure.clients import Azure"),
        (f"{AZURE}/vault.py", "from ..windows.proxy import Proxy"),
        (f"{AZURE}/vault.py", "import subprocess"),
        (f"{AZURE}/vault.py", "def key():\n    import azure.core"),
        (f"{AZURE}/key_pair.py", "import cryptography"),
        (f"{WINDOWS}/proxy.py", "from ..azure.vault import Vault"),
        (f"{COMMON}/plan.py", "from ..azure.vault import Vault"),
        (f"{COMMON}/plan.py", "from ..windows.proxy import Proxy"),
        ("module_utils/_azure/clients.py", "import azure.identity"),
        ("module_utils/_azure/clients.py", "from .._services.azure.vault import Vault"),
        (f"{AZURE_SERVICES}/vault.py", "from ansible.module_utils.basic import AnsibleModule"),
        (f"{AZURE_SERVICES}/vault.py", "from ..._module import run_resource_module"),
        (f"{AZURE_SERVICES}/vault.py", "from ..._model.windows.proxy import Proxy"),
        (f"{AZURE_SERVICES}/vault.py", "from ....plugin_utils._windows.session import Session"),
        (f"{WINDOWS_SERVICES}/provider.py", "from ....module_utils._azure.clients import Azure"),
        (f"{WINDOWS_SERVICES}/provider.py", "from ....module_utils._services.azure.vault import Vault"),
        (f"{WINDOWS_SERVICES}/provider.py", "from ....module_utils._model.azure.vault import Vault"),
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
        (f"{AZURE}/key_pair.py", "def key():\n    from cryptography import x509"),
        (f"{AZURE}/vault.py", "from ..common.plan import Plan\nfrom .vault_settings import SETTINGS"),
        (f"{COMMON}/plan.py", "from .errors import InvalidInput"),
        (
            "module_utils/_azure/clients.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import azure.core",
        ),
        (
            f"{AZURE_SERVICES}/vault.py",
            "from ..._azure.clients import Azure\nfrom ..._model.common.plan import Plan",
        ),
        (f"{WINDOWS_SERVICES}/provider.py", "from ....module_utils._model.common.plan import Plan"),
        ("modules/vault.py", "from ..module_utils._services.azure.vault import build"),
        ("action/provider.py", "from ..plugin_utils._action import ResourceAction"),
    ],
)
def test_an_inward_import_is_allowed(path: str, source: str) -> None:
    assert violations(path, source) == []


@pytest.mark.parametrize(
    "source",
    [
        "from .b import first",
        "from . import b",
        "def late():\n    from .b import first",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .b import first",
    ],
)
def test_a_cycle_is_found_wherever_the_import_is_written(source: str) -> None:
    sources = {
        "x/a.py": source,
        "x/b.py": "from .c import second",
        "x/c.py": "from .a import third",
        "x/d.py": "from .a import z",
    }
    assert cycles(sources, root="pkg") == [["x/a.py", "x/b.py", "x/c.py"]]
    assert cycles({**sources, "x/c.py": ""}, root="pkg") == []


def test_the_plugins_have_no_cycle() -> None:
    assert cycles({path: (PLUGINS / path).read_text() for path in FILES}, root="plugins") == []


@pytest.mark.parametrize("path", FILES)
def test_no_module_is_imported_by_a_string(path: str) -> None:
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
def test_the_lab_imports_nothing_from_the_collection(path: str) -> None:
    """The lab does not depend on the code under test: every import is relative and stays in the folder of the lab."""
    depth = path.count("/") + 1
    for node in ast.walk(ast.parse((LAB / path).read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level <= depth, f"line {node.lineno} leaves extensions/lab"
            names = [] if node.level else [node.module or ""]
        roots = {name.partition(".")[0] for name in names}
        assert not roots & {"ansible_collections", "ansible", "plugins", "lab"}, f"line {getattr(node, 'lineno', 0)}"


def test_the_lab_has_no_cycle() -> None:
    assert cycles({path: (LAB / path).read_text() for path in LAB_FILES}, root="lab") == []
