# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that no file of the tree can contain, and texts that every file must contain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools import collection
from tests.tools.gates import DEVELOPMENT
from tests.tools.paths import ROOT

# Joined here, so that this file does not contain them.
MACHINE_PATHS = ("/wo" + "rk/", "/ro" + "ot/", "/tmp/" + "dev")
REGISTRY_HOSTS = ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "deb.debian" + ".org", "index-" + "url")
DOCUMENT_ENDINGS = (".md", ".txt", ".in", ".json", "LICENSE", ".gitignore", ".xml", ".csv")
VAULTED = b"$ANSIBLE_VAULT"
LICENSE = "SPDX-License-Identifier: GPL-3.0-or-later"


def files() -> list[Path]:
    return [path for path in collection.sources(also=DEVELOPMENT) if b"\0" not in path.read_bytes()]


FILES = files()


def lines_with(pattern: str, paths: list[Path]) -> list[str]:
    expression = re.compile(pattern, re.IGNORECASE)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in paths
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if expression.search(line)
    ]


@pytest.mark.parametrize("pattern", MACHINE_PATHS)
def test_no_path_of_a_developers_machine(pattern: str) -> None:
    assert lines_with(pattern, FILES) == []


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_no_address_of_a_package_registry(host: str) -> None:
    """The package index is configured on the machine, not in the repository."""
    assert lines_with(re.escape(host), FILES) == []


def test_only_ci_knows_what_may_lie_beside_the_checkout() -> None:
    assert lines_with(r"\.\./sha" + "red", [path for path in FILES if path.parent.name != ".ci"]) == []


def test_no_private_key_is_kept() -> None:
    assert lines_with("BEGIN [A-Z ]*PRIVATE " + "KEY-", FILES) == []


@pytest.mark.parametrize("folder", ["plugins", "roles", "playbooks", "meta"])
def test_the_collection_does_not_know_the_lab(folder: str) -> None:
    """The collection uses the lab only by public means: cloud endpoints, CA bundle, inventory, login."""
    within = [path for path in FILES if path.relative_to(ROOT).parts[0] == folder]
    assert lines_with(r"\blab\b|\bestate\b|extensions/", within) == []


def _has_code(path: Path) -> bool:
    content = path.read_bytes()
    return bool(content.strip()) and not content.startswith(VAULTED)


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if not path.name.endswith(DOCUMENT_ENDINGS) and _has_code(path)],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_code_names_its_license(path: Path) -> None:
    """Changelog fragments and the files of the changelog tool are documents; all other executed files are code."""
    if path.relative_to(ROOT).parts[0] == "changelogs" and path.name != "config.yaml":
        return
    assert LICENSE in "\n".join(path.read_text().splitlines()[:5])


PRIVATE = [path for path in FILES if path.relative_to(ROOT).parts[0] == "plugins" and path.suffix == ".py"]
PRIVATE = [path for path in PRIVATE if any(part.startswith("_") for part in path.relative_to(ROOT).parts)]


@pytest.mark.parametrize("path", PRIVATE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_private_file_says_so_in_its_first_line(path: Path) -> None:
    docstring = next(line for line in path.read_text().splitlines() if line.startswith('"""'))
    assert "private" in docstring.lower()
