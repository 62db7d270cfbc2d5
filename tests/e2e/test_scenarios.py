# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the acceptance scenarios on the lab."""

from __future__ import annotations

from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.support.scenarios import load


def test_every_scenario_passes_in_its_order(main_cell: Cell, make_lab: MakeLab) -> None:
    lab = make_lab()
    controller = controller_of(main_cell, lab)
    for scenario in load():
        lab.context.journal.clear()
        run = scenario.run(controller)
        assert scenario.problem(run) is None, run.output
        if not scenario.changes:
            assert lab.context.journal.entries == [], scenario.name
