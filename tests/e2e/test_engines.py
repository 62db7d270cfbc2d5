# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run site.yml with the real PowerShell, which executes the scripts that Ansible sends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.playbook import SITE


# Each script starts a PowerShell of its own: about seven minutes of one core.
@pytest.mark.timeout(3600)
@pytest.mark.needs("pwsh")
def test_site_ends_in_the_same_state_with_pwsh_and_python(main_cell: Cell, make_lab: MakeLab) -> None:
    def run(engine: str) -> tuple[dict[str, Any], int]:
        lab = make_lab(engine=engine)
        controller = controller_of(main_cell, lab)
        first = controller.run(SITE)
        assert first.returncode == 0, first.output
        second = controller.run(SITE)
        assert second.returncode == 0, second.output
        return lab.snapshot(), second.changed

    assert run("pwsh") == run("python")
