# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the demo as the README describes it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.cells import make_cell
from tests.tools.environments import Unavailable
from tests.tools.paths import ROOT
from tests.tools.run import with_lab

# Only a run that hangs takes longer, also on a loaded machine. It is shorter than the timeout of pytest.
DEADLINE = 840


def start(
    collections: Path, folder: Path, *arguments: str, python: str | Path = sys.executable
) -> subprocess.Popen[str]:
    """Start the demo in a new process group, with its own folder for temporary files."""
    return subprocess.Popen(
        [python, "-m", "lab.demo", *arguments],
        env={**os.environ, **with_lab(collections), "TMPDIR": str(folder), "HOME": str(folder)},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def output(collections_path: Path, folder: Path) -> str:
    with start(collections_path, folder) as process:
        text = process.communicate(timeout=DEADLINE)[0]
    assert process.returncode == 0, text
    return text


def test_it_names_the_engine_that_answers(output: str) -> None:
    assert "Scripts are answered by python" in output


def test_the_readme_shows_this_output(output: str) -> None:
    """Numbers, such as times and ports, differ in every run."""

    def rows(text: str) -> list[str]:
        return [re.sub(r"\d+", "0", " ".join(line.split())) for line in text.splitlines() if line.strip()]

    readme = (ROOT / "README.md").read_text()
    excerpt = readme.split("<!-- demo:begin -->")[1].split("```text\n")[1].split("```")[0]
    table = excerpt.split("PLAY [Report]\n")[1].split("(the rows of hv02")[0]
    assert [row for row in rows(table) if row not in rows(output)] == []


def test_the_first_run_sets_everything_up(output: str) -> None:
    changed, azure, windows = _run(output, "first")
    assert changed > 0
    assert azure > 0
    assert windows > 0


def test_machines_are_protected_and_a_failover_is_tested(output: str) -> None:
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert any(line.startswith("N3 2 ready (") for line in lines)
    assert any(line.startswith("Azure N4 machine web01: never tested test the failover of web01") for line in lines)


def test_the_second_run_changes_nothing(output: str) -> None:
    assert _run(output, "second") == (0, 0, 0)
    assert "changed=0, not one write anywhere" in output.splitlines()[-1]


def test_it_prints_no_warning(output: str) -> None:
    assert "[WARNING]" not in output
    warnings = [line for line in output.splitlines() if re.search(r" warning  |with a warning", line)]
    # A warning about the size of the cache is expected.
    assert [line for line in warnings if "cache" not in line and "H3" not in line] == []
    assert "an account that does not exist yet" not in output


def test_it_leaves_nothing_behind(output: str, folder: Path) -> None:
    assert [path.name for path in folder.iterdir()] == []


def test_it_runs_with_every_lower_bound_that_is_declared(tmp_path: Path) -> None:
    try:
        cell = make_cell("lowest")
    except Unavailable as reason:
        pytest.skip(str(reason))
    with start(cell.collections_path, tmp_path, "--time-scale", "0.005", python=cell.python) as process:
        text = process.communicate(timeout=DEADLINE)[0]
    assert process.returncode == 0, text


def _run(output: str, which: str) -> tuple[int, int, int]:
    found = re.search(rf"{which} run: [\d.]+ s, changed=(\d+); writes: (\d+) in Azure, (\d+) on Windows", output)
    assert found, output
    return int(found[1]), int(found[2]), int(found[3])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_interrupted_it_leaves_nothing_behind(number: signal.Signals, collections_path: Path, tmp_path: Path) -> None:
    with start(collections_path, tmp_path) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("TASK"):
                break
        # Signal the entire process group, as a terminal does.
        os.killpg(process.pid, number)
        process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert _gone(tmp_path)


def _gone(folder: Path) -> bool:
    """Tell whether the folder is empty soon. Workers of the playbook may end a moment after their parent."""
    end = time.monotonic() + 10
    while list(folder.iterdir()) and time.monotonic() < end:
        time.sleep(0.1)
    return not list(folder.iterdir())
