# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill a controller during a run. The next run ends in the same state as an undisturbed one."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.context import Entry
from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.playbook import SITE, kill

_DEADLINE = 600.0

#: The controller is killed after the first write whose journal entry contains these words in lower case.
POINTS = {
    "vault being created": ("put", "/vaults/"),
    "account being created": ("put", "/storageaccounts/"),
    "network being created": ("put", "/virtualnetworks/"),
    "key made": ("/certificates/",),
    "provider being installed": ("setupdr",),
    "server being registered": ("drconfigurator",),
    "clouds published": ("vmm.cloud",),
    "agent being installed": ("marsagentinstaller",),
    "agent's proxy set": ("agent.proxy",),
}


@pytest.fixture(scope="module")
def undisturbed(main_cell: Cell, make_shared_lab: MakeLab) -> dict[str, Any]:
    """Return the state after an undisturbed run."""
    lab = make_shared_lab()
    run = controller_of(main_cell, lab).run(SITE)
    assert run.returncode == 0, run.output
    return lab.snapshot()


@pytest.mark.parametrize("words", POINTS.values(), ids=POINTS)
def test_rerun_after_a_kill_ends_in_the_same_state(
    words: tuple[str, ...], lab: Lab, main_cell: Cell, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    controller = controller_of(main_cell, lab)
    process = controller.start(SITE, tmp_path)
    try:
        wait_for(lambda: mentions(lab.context.journal.entries, words) or process.poll() is not None)
    finally:
        # The controller may have ended by itself; the assertion below detects that.
        kill(process)
    assert process.returncode == -signal.SIGKILL, (tmp_path / "output.txt").read_text()
    rerun = controller.run(SITE)
    assert rerun.returncode == 0, rerun.output
    assert lab.snapshot() == undisturbed
    assert not list(lab.directory.rglob("*.VaultCredentials"))


def mentions(entries: list[Entry], words: tuple[str, ...]) -> bool:
    return any(
        all(word in json.dumps([entry.target, entry.verb, entry.detail], default=str).lower() for word in words)
        for entry in list(entries)
    )


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "the point was never reached"
        time.sleep(0.02)
