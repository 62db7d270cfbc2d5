# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of the lab for the Windows nouns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.emulators.internet import Internet
from tests.unit.plugins.module_utils.model.windows.keys import key_file
from tests.unit.plugins.plugin_utils.harness import ScriptHarness

MakeHarness = Callable[..., ScriptHarness]


@pytest.fixture(scope="session")
def internet() -> Iterator[Internet]:
    """Provide public names, and a proxy with one login, for the program of the Provider."""
    started = Internet()
    yield started
    started.close()


@pytest.fixture
def harness(internet: Internet) -> MakeHarness:
    """Build a machine from an entry of a lab's description, and prepare it."""

    def made(entry: dict[str, Any], prepare: Any = None) -> ScriptHarness:
        return ScriptHarness(internet, entry, prepare)

    return made


@pytest.fixture
def key(tmp_path: Path) -> str:
    """Write a usable registration key and return its path."""
    path = tmp_path / "vault-asr.VaultCredentials"
    path.write_bytes(key_file())
    return str(path)
