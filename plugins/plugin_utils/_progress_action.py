# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the front end of modules that wait for jobs: it shows the progress that the module reports."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ansible import constants
from ansible.plugins.action.normal import ActionModule as Normal
from ansible.utils.display import Display

from ..module_utils._model.common.progress_file import VARIABLE, last_report
from ._progress import ProgressLines

_PAUSE = 1.0


class ProgressAction(Normal):  # type: ignore[misc]
    """Runs the module of the same name. A module on another machine, or in the background, shows nothing."""

    #: Id of the step, which begins each line.
    STEP: ClassVar[str]

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, and show its progress."""
        if self._task.check_mode or self._task.async_val or self._connection.transport != "local":
            plain: dict[str, Any] = super().run(tmp, task_vars)
            return plain
        with tempfile.TemporaryDirectory(prefix="progress-", dir=constants.DEFAULT_LOCAL_TMP) as folder:
            file = Path(folder, "lines")
            self._task.environment = [*(self._task.environment or ()), {VARIABLE: str(file)}]
            with _watched(file, self.STEP):
                result: dict[str, Any] = super().run(tmp, task_vars)
        return result


@contextmanager
def _watched(file: Path, step: str) -> Iterator[None]:
    """Show the reports in a file, in a thread, because the module keeps this one busy."""
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(file, step, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _watch(file: Path, step: str, ended: threading.Event) -> None:
    lines, started = ProgressLines(Display().display), time.monotonic()
    while True:
        last = ended.wait(_PAUSE)
        found = last_report(file.read_text(encoding="utf-8")) if file.exists() else []
        if found:
            lines.show([f"{step} {line}" for line in found], time.monotonic() - started)
        if last:
            return
