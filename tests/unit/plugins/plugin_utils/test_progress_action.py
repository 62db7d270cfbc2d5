# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of a module: written by the module, shown by the action plugin in front of it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from ansible import constants

from ansible_collections.siterecovery.hyperv.plugins.action import protected_vm
from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure.progress import report_to
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.progress_file import (
    VARIABLE,
    last_report,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils import _progress_action as action

COPYING, READY = ["1 copying"], ["1 ready"]


class Harness:
    """Run the plugin over a module that reports what the test says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.displayed: list[str] = []
        monkeypatch.setattr(action, "_PAUSE", 0.01)
        monkeypatch.setattr(action, "Display", lambda: SimpleNamespace(display=self.displayed.append))
        monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(folder))

    def run(self, *reports: list[str], transport: str = "local", **changed: Any) -> dict[str, str]:
        """Return the environment of the module."""
        task = mock.MagicMock(args={}, environment=[{"PROXY": "x"}], check_mode=False, async_val=0)
        task.configure_mock(**changed)
        plugin = protected_vm.ActionModule(task, *(mock.MagicMock() for _ in range(5)))
        plugin._connection.transport = transport
        seen: dict[str, str] = {}

        def module(**_given: Any) -> dict[str, Any]:
            for entry in task.environment:
                seen.update(entry)
            report = report_to(seen)
            for number, lines in enumerate(reports, 1):
                report(lines)
                self.wait(number)
            return {"changed": True}

        with mock.patch.object(plugin, "_execute_module", module):
            result = plugin.run(task_vars={})
        assert result["changed"]
        return seen

    def wait(self, shown: int) -> None:
        end = time.monotonic() + 0.5
        while len(self.displayed) < shown and time.monotonic() < end:
            time.sleep(0.01)


def test_each_report_of_the_module_is_displayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(tmp_path, monkeypatch)
    seen = harness.run(COPYING, COPYING, READY)
    assert seen["PROXY"] == "x"
    assert [line.rpartition(" (")[0] for line in harness.displayed] == ["N3 1 copying", "N3 1 ready"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changed", [{"transport": "ssh"}, {"check_mode": True}, {"async_val": 60}], ids=lambda one: next(iter(one))
)
def test_nothing_is_displayed_where_the_module_cannot_report(
    changed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness(tmp_path, monkeypatch)
    assert VARIABLE not in harness.run(**changed)
    assert harness.displayed == []


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    report = report_to({VARIABLE: str(tmp_path / "none" / "lines")})
    report(COPYING)
    report(READY)
    report_to({})(COPYING)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "lines"), [("", []), ('["a"]\n', ["a"]), ('["a"]\n["b"', ["a"]), ('["a"]\n["b", "c"]\n', ["b", "c"])]
)
def test_only_complete_reports_are_read(text: str, lines: list[str]) -> None:
    assert last_report(text) == lines
