# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkout's top level holds what the collection is made of and what tools need, and nothing else."""

from __future__ import annotations

import pytest

from tests.tools.paths import ROOT

ALLOWED = {
    ".ansible-lint": "settings of ansible-lint",
    ".ci": "what runs on a submission",
    ".github": "workflow and templates of the forge",
    ".gitignore": "what is made, not kept",
    ".yamllint": "settings of yamllint",
    "CODE_OF_CONDUCT.md": "how we work together",
    "CONTRIBUTING.md": "how to work on the collection",
    "LICENSE": "the license",
    "Makefile": "the commands of the README",
    "README.md": "the front door",
    "SECURITY.md": "how to report a vulnerability",
    "changelogs": "fragments and what is made of them",
    "docs": "guides",
    "extensions": "the lab",
    "galaxy.yml": "the collection",
    "meta": "the collection's requirements",
    "playbooks": "the collection's playbooks",
    "plugins": "the collection's plugins",
    "pyproject.toml": "settings of the Python tools",
    "requirements.txt": "what the collection imports on the controller",
    "roles": "the collection's roles",
    "tests": "the proof",
}
# What tools make in passing; never committed.
PASSING = {".git", ".work", ".ansible", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}
AT_RELEASE = {"CHANGELOG.md"}


def test_top_level_holds_only_what_is_listed() -> None:
    strangers = {path.name for path in ROOT.iterdir()} - ALLOWED.keys() - PASSING - AT_RELEASE
    assert not strangers, "not on the list in this test: put it where it belongs"


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_what_is_listed_is_there(name: str) -> None:
    assert (ROOT / name).exists()
