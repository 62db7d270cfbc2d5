# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab for tests: in a process of its own, through its control endpoint, or through Ansible."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lab as package
from lab.lab import Lab

EXTENSIONS = Path(package.__path__[0]).parent


def wait_until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except ConnectionRefusedError:
        return False
    return True


class Started:
    """`python -m lab up` in a process of its own."""

    def __init__(self, *arguments: str, before: str = "") -> None:
        command = [sys.executable, "-m", "lab", "up", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(EXTENSIONS)}
        # With `before`, a shell is the parent of the lab.
        words = ["sh", "-c", f'{before} "$@" & echo $! >&2; wait', "sh", *command] if before else command
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        self.words: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.words.append(line.strip())
            if line.strip().startswith("directory"):
                break
        self.directory = Path(self.words[-1].split()[-1])
        # Azure, the proxy, three machines, and the control endpoint, whose address is in its file.
        access = (self.directory / "control.json").read_text()
        self.ports = {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", "\n".join([*self.words, access]))}
        assert len(self.ports) == 6

    def left(self) -> list[object]:
        """Return what remains of the lab."""
        directory = [self.directory] if self.directory.exists() else []
        return [*directory, *(port for port in self.ports if listens(port))]

    def finish(self, seconds: float = 15.0) -> int:
        status = self.process.wait(seconds)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return status


def control(lab: Path, *arguments: str, expect: int = 0) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "lab", *arguments, "--directory", str(lab)],
        env={**os.environ, "PYTHONPATH": str(EXTENSIONS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else done.stderr


def call_control(lab: Lab, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    access = json.loads((lab.directory / "control.json").read_text())
    request = urllib.request.Request(
        access["url"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token or access['token']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, json.load(exc)


def run_ansible(lab: Lab, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        **lab.environment,
        "ANSIBLE_HOME": str(lab.directory / ".private/ansible"),
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        [sys.executable, "-m", "ansible", program, "-i", str(lab.inventory), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
