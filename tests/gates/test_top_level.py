# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The top level of the checkout contains only parts of the collection and files that tools need there."""

from __future__ import annotations

import pytest

from tests.tools.paths import ROOT

ALLOWED = {
    ".ansible-lint": "settings of ansible-lint",
    ".ci": "CI",
    ".github": "workflow and templates of the forge",
    ".gitignore": "generated files",
    ".yamllint": "settings of yamllint",
    "CODE_OF_CONDUCT.md": "how we work together",
    "CONTRIBUTING.md": "how to work on the collection",
    "LICENSE": "the license",
    "Makefile": "the commands of the README",
    "README.md": "introduction",
    "SECURITY.md": "how to report a vulnerability",
    "changelogs": "fragments and the changelog",
    "docs": "guides",
    "extensions": "the lab, and the pattern for the automation platform",
    "galaxy.yml": "the collection",
    "meta": "the collection's requirements",
    "playbooks": "the collection's playbooks",
    "plugins": "the collection's plugins",
    "pyproject.toml": "settings of the Python tools",
    "requirements.txt": "Python packages for the controller",
    "roles": "the collection's roles",
    "tests": "tests",
}
# Files that tools create; never committed.
PASSING = {".git", ".work", ".ansible", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}
AT_RELEASE = {"CHANGELOG.md"}


def test_top_level_holds_only_what_is_listed() -> None:
    unknown = {path.name for path in ROOT.iterdir()} - ALLOWED.keys() - PASSING - AT_RELEASE
    assert not unknown, "not in the list of this test: move it to its folder"


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_every_listed_file_exists(name: str) -> None:
    assert (ROOT / name).exists()
