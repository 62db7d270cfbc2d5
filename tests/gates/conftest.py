# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the gates: the documentation as ansible-doc shows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tools import collection
from tests.tools.paths import ROOT

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


def ansible(collections: Path, scratch: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of Ansible's programs in an empty home folder, with only this collections folder."""
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOME": str(scratch / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(scratch / "temporary"),
        "HOME": str(scratch),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "ansible", *arguments],
        env=environment,
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def documentation(collections: Path, scratch: Path) -> dict[str, Any]:
    """Return the documentation of every module by its name, with fragments merged."""
    names = [f"{'.'.join(collection.NAME)}.{name}" for name in MODULES]
    done = ansible(collections, scratch, "doc", "--type", "module", "--json", *names)
    assert done.returncode == 0, done.stderr
    documents: dict[str, Any] = json.loads(done.stdout)
    return {name.rpartition(".")[2]: document for name, document in documents.items()}


@pytest.fixture(scope="session")
def docs(collections_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return documentation(collections_path, tmp_path_factory.mktemp("docs"))
