# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario files, which run on the lab in the tests, and on real systems in `make acceptance`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.support.playbook import Controller, Run

FOLDER = Path(__file__).parents[1] / "scenarios"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One playbook run and what its recap must show."""

    name: str
    playbook: Path
    arguments: tuple[str, ...]
    changes: bool
    changed: int | None

    def run(self, controller: Controller, *more: str) -> Run:
        return controller.run(self.playbook, *self.arguments, *more)

    def problem(self, run: Run) -> str | None:
        """Describe the problem of a run of this scenario in one line, or return None."""
        if run.returncode:
            failures = "; ".join(f"{task.host}: {task.result.get('msg', task.status)}" for task in run.failures())
            return f"ansible-playbook ended with {run.returncode}: {failures or run.output.strip().splitlines()[-1]}"
        if self.changed is not None and "--check" not in self.arguments and run.changed != self.changed:
            return f"{run.changed} changes, expected {self.changed}"
        return None


def load() -> list[Scenario]:
    entries = yaml.safe_load((FOLDER / "scenarios.yml").read_text(encoding="utf-8"))
    return [
        Scenario(
            entry["name"],
            FOLDER / entry["playbook"],
            tuple(entry.get("arguments", ())),
            entry["changes"],
            entry.get("changed"),
        )
        for entry in entries
    ]
