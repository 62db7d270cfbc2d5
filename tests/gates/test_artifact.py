# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built collection contains everything that it needs, and no development files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.gates.conftest import MODULES, ansible, documentation
from tests.tools import collection
from tests.tools.paths import ROOT

PUBLIC = {
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "changelogs",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
}
PUBLIC |= {"roles", "FILES.json", "MANIFEST.json", "CHANGELOG.md"}
WHOLE = 3 * 1024 * 1024


@pytest.fixture(scope="session")
def archive(collections_path: Path) -> Path:
    """Return the artifact of the collection under test. Build it if the tests run against the checkout."""
    found = list(collections_path.glob("*.tar.gz"))
    return found[0] if found else next(collection.install().glob("*.tar.gz"))


@pytest.fixture(scope="session")
def members(archive: Path) -> set[str]:
    with tarfile.open(archive) as opened:
        return {member.name for member in opened.getmembers() if member.isfile()}


def test_it_holds_every_source_file(members: set[str]) -> None:
    sources = {path.relative_to(ROOT).as_posix() for path in collection.sources()} - {"galaxy.yml"}
    assert sources - members == set()


def test_nothing_else_is_in_it(members: set[str]) -> None:
    assert {name.partition("/")[0] for name in members} - PUBLIC == set()
    assert not [name for name in members if name.endswith((".pyc", ".tar.gz", ".VaultCredentials"))]


def test_it_is_small(archive: Path) -> None:
    assert archive.stat().st_size < WHOLE


def test_its_dependencies_are_the_declared_ones(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        manifest = json.load(opened.extractfile("MANIFEST.json") or pytest.fail("MANIFEST.json is not a file"))
    assert manifest["collection_info"]["dependencies"] == {"ansible.windows": ">=2.4.0"}


@pytest.fixture(scope="session")
def without_lab(archive: Path, collections_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a collections folder with the artifact, from which the lab was deleted."""
    copy = tmp_path_factory.mktemp("without-lab")
    target = collection.inside(copy)
    with tarfile.open(archive) as opened:
        opened.extractall(target, filter="data")
    shutil.rmtree(target / "extensions" / "lab")
    windows = Path(collection.COLLECTIONS, "ansible", "windows")
    (copy / windows).parent.mkdir()
    (copy / windows).symlink_to((collections_path / windows).resolve())
    return copy


def test_documentation_needs_no_lab(without_lab: Path, tmp_path: Path) -> None:
    assert sorted(documentation(without_lab, tmp_path)) == MODULES


@pytest.mark.parametrize(
    ("kind", "folder", "pattern"),
    [
        ("module", "plugins/modules", "*.py"),
        ("filter", "plugins/filter", "*.yml"),
        ("inventory", "plugins/inventory", "*.py"),
        ("role", "roles", "*"),
    ],
)
def test_everything_is_listed_without_the_lab(
    kind: str, folder: str, pattern: str, without_lab: Path, tmp_path: Path
) -> None:
    done = ansible(without_lab, tmp_path, "doc", "--list", "--json", "--type", kind, "siterecovery.hyperv")
    assert done.returncode == 0, done.stderr
    expected = {path.stem for path in (ROOT / folder).glob(pattern)}
    assert {name.removeprefix("siterecovery.hyperv.") for name in json.loads(done.stdout)} == expected


def test_bad_input_gets_its_line_without_the_lab(without_lab: Path, tmp_path: Path) -> None:
    login = f"subscription_id={uuid4()} tenant={uuid4()} client_id={uuid4()} secret=x"
    options = f"name=1vault resource_group=rg-dr location=westeurope {login}"
    call = ["adhoc", "localhost", "-c", "local", "-m", "siterecovery.hyperv.vault", "-a", options, "--check"]
    done = ansible(without_lab, tmp_path, *call, "-e", f"ansible_python_interpreter={sys.executable}")
    assert done.returncode == 2, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.partition("=>")[2])
    assert found["msg"].startswith("name must have 2 to 50 letters, digits and hyphens")
    assert "\n" not in found["msg"]
    assert found["error"]["kind"] == "invalid_input"


def test_every_plugin_loads_without_the_lab(without_lab: Path, tmp_path: Path) -> None:
    plugins = collection.inside(without_lab) / "plugins"
    names = [".".join(path.relative_to(without_lab).with_suffix("").parts) for path in plugins.rglob("*.py")]
    program = (
        "import importlib, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "for name in sys.argv[2:]: importlib.import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(without_lab), *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert names
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("playbook", ["site", "preflight"])
def test_a_playbook_needs_no_lab(playbook: str, without_lab: Path, tmp_path: Path) -> None:
    done = ansible(without_lab, tmp_path, "playbook", "--syntax-check", f"siterecovery.hyperv.{playbook}")
    assert done.returncode == 0, done.stdout + done.stderr
