# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-playbook as a user does, and read its output."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.cells import Cell

SITE = "siterecovery.hyperv.site"
PREFLIGHT = "siterecovery.hyperv.preflight"
PLAYBOOKS = ("preflight", "target", "vmm_servers", "hyperv_hosts", "report", "site")
_CALLBACKS = Path(__file__).parent / "callback"
_DEADLINE = 900
# Without bytecode, each Azure module compiles the SDK again, which takes longer than its work.
_NOT_INHERITED = ("ANSIBLE_", "AZURE_", "PYTEST_", "PYTHONDONTWRITEBYTECODE")


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a controller with its workers. Each worker has a session of its own and would finish its task."""
    # A stopped controller starts no other worker.
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGSTOP)
    for pid in (*_descendants(process.pid), process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _descendants(pid: int) -> list[int]:
    """Return all processes that a process and its children have started."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in listed.splitlines()]
    found: list[int] = []
    new = {str(pid)}
    while new:
        new = {child for child, parent in pairs if parent in new}
        found += map(int, new)
    return found


@dataclass(frozen=True, slots=True)
class Task:
    """One finished task on one host."""

    status: str
    play: str
    host: str
    name: str
    action: str
    seconds: float
    result: Mapping[str, Any]

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run of ansible-playbook."""

    returncode: int
    output: str
    tasks: tuple[Task, ...]
    recap: Mapping[str, Mapping[str, int]]
    record: str = field(repr=False, default="")

    @property
    def changed(self) -> int:
        return sum(host["changed"] for host in self.recap.values())

    def failures(self) -> list[Task]:
        return [task for task in self.tasks if task.status in ("failed", "unreachable")]

    def of(self, action: str) -> list[Task]:
        """Return the tasks of one module of the collection that ran."""
        return [
            task for task in self.tasks if task.action == f"siterecovery.hyperv.{action}" and task.status != "skipped"
        ]

    def evidence(self) -> dict[str, set[str]]:
        """Return the steps for which a task returned evidence, by host."""
        found: dict[str, set[str]] = {}
        for task in self.tasks:
            for entry in task.result.get("evidence") or []:
                found.setdefault(task.host, set()).add(entry["step"])
        return found


def one_line_failure(run: Run, host: str, *words: str) -> Task:
    """Return the only failure of a host. Its message must be one line with the words."""
    (task,) = (task for task in run.failures() if task.host == host)
    message = str(task.result["msg"])
    assert "\n" not in message.strip()
    for word in words:
        assert word in message, message
    return task


@dataclass(frozen=True, slots=True)
class Controller:
    """Run ansible-playbook in a cell of the matrix, with an inventory and environment variables."""

    cell: Cell
    inventory: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        playbook: str | Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Run:
        """Run to the end, in `folder` or in a temporary one. The caller checks the exit status."""
        with nullcontext(folder) if folder else _temporary() as place:
            done = subprocess.run(
                self.command(playbook, *arguments),
                env=self.variables(place, environment),
                cwd=place,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                timeout=_DEADLINE,
                check=False,
            )
            return _read(done.returncode, done.stdout, place / "record.jsonl")

    def start(self, playbook: str | Path, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start in a session of its own. `kill` ends it with its workers."""
        with (folder / "output.txt").open("wb") as output:
            return subprocess.Popen(
                self.command(playbook, *arguments),
                env=self.variables(folder, None),
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def command(self, playbook: str | Path, *arguments: str) -> list[str]:
        return [*self.cell.ansible_playbook, "-i", str(self.inventory), str(playbook), *arguments]

    def variables(self, folder: Path, more: Mapping[str, str] | None) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        return {
            **inherited,
            "ANSIBLE_COLLECTIONS_PATH": str(self.cell.collections_path),
            "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_LOCAL_TEMP": str(folder / "ansible"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
            "ANSIBLE_RETRY_FILES_ENABLED": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "RECORD_FILE": str(folder / "record.jsonl"),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LC_ALL": "C.UTF-8",
            **self.environment,
            **(more or {}),
        }


@contextmanager
def _temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="playbook-") as folder:
        yield Path(folder)


def _read(returncode: int, output: str, record: Path) -> Run:
    text = record.read_text(encoding="utf-8") if record.exists() else ""
    entries = [json.loads(line) for line in text.splitlines()]
    recap: dict[str, dict[str, int]] = next((entry["recap"] for entry in reversed(entries) if "recap" in entry), {})
    tasks = tuple(
        Task(
            entry["status"],
            entry["play"],
            entry["host"],
            entry["task"],
            entry["action"],
            entry["seconds"],
            entry["result"],
        )
        for entry in entries
        if "recap" not in entry
    )
    return Run(returncode, output, tasks, recap, text)
