# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run commands of the Azure CLI and tasks of azure.azcollection, both as released, and print a table of the results."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from lab.context import NO_LAG
from lab.lab import Lab
from tests.bench.client_commands import COMMANDS, TASKS, Command, Task
from tests.bench.comparison import theirs
from tests.support.playbook import Task as Finished
from tests.tools.environments import interpreter
from tests.tools.paths import WORK, locked, say
from tests.tools.programs import answer

RELEASE = "azure-cli==2.91.0"
_PYTHON = (3, 12)
RIGHT, WRONG, MISSING = "right", "WRONG", "not simulated"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table."""

    command: str
    result: str
    status: str

    def line(self) -> str:
        return f"| `{self.command}` | {self.result} | {self.status} |"


def clients(here: Lab) -> int:
    """Print the table and the number of each status. Return the exit status: 1 if a result is wrong."""
    # A client that does not wait for its own writes fails by chance on Azure as well. The bench is about the answers.
    here.context.lag = NO_LAG
    # Contributor cannot write locks.
    here.azure.give_role("Owner")
    rows = []
    print("| command or task | result | status |\n| --- | --- | --- |")
    for row in chain(azure_cli(here), azcollection(here)):
        print(row.line(), flush=True)
        rows.append(row)
    counted = Counter(row.status for row in rows)
    print("\n" + ", ".join(f"{counted[name]} {name}" for name in (RIGHT, MISSING, WRONG)))
    return int(counted[WRONG] > 0)


def status_of(*, failed: bool, text: str, refused: str, as_expected: bool) -> str:
    """Evaluate one result. `text` is the error; `as_expected` tells whether the shown value is the right one."""
    if failed and "NotSimulatedByLab" in text:
        return MISSING
    if failed or refused:
        return RIGHT if failed and refused and refused in text else WRONG
    return RIGHT if as_expected else WRONG


def shown(text: str) -> str:
    """Return the last line of an error, short enough for a table."""
    last = (text.strip().splitlines() or [""])[-1]
    return " ".join(last.replace("|", "/").split())[:160]


# Azure CLI ------------------------------------------------------------------------------------------------------------


def azure_cli(here: Lab) -> Iterator[Row]:
    """Register the lab as a cloud, sign in, and run the commands."""
    az = _azure_cli()
    with tempfile.TemporaryDirectory(prefix="bench-az-") as folder:
        environment = _environment(here, Path(folder))
        login = here.context.login
        identity = ["--username", login.client_id, "--tenant", login.tenant, "--password", login.secret]
        yield _run(az, Command("cloud register --name Lab"), environment, _cloud(here))
        yield _run(az, Command("cloud set --name Lab"), environment)
        yield _run(az, Command("login --service-principal"), environment, identity)
        for command in COMMANDS:
            yield _run(az, command, environment)


def _run(az: Path, command: Command, environment: dict[str, str], hidden: list[str] | None = None) -> Row:
    """Run a command; `hidden` are arguments that the table leaves out."""
    wanted = ["--query", command.query, "--output", "tsv"] if command.query or command.shows else ["--output", "none"]
    if not command.query:
        wanted = [word for word in wanted if word not in ("--query", "")]
    done = subprocess.run(
        [az, *shlex.split(command.text), *(hidden or []), *wanted],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    found = done.stdout.strip()
    compared = bool(command.query or command.shows)
    judged = status_of(
        failed=done.returncode != 0,
        text=done.stderr,
        refused=command.refused,
        as_expected=not compared or found == command.shows,
    )
    good = f"`{found}`" if compared and found else "ok"
    return Row(f"az {command.text}", good if not done.returncode else _error(done.stderr, judged), judged)


def _error(text: str, judged: str) -> str:
    if judged == WRONG:
        return shown(text)
    return "501 `NotSimulatedByLab`" if judged == MISSING else "refused"


def _cloud(here: Lab) -> list[str]:
    address = here.arm_url
    return [
        *("--endpoint-resource-manager", f"{address}/"),
        *("--endpoint-active-directory", address),
        *("--endpoint-active-directory-resource-id", "https://management.core.windows.net/"),
        *("--endpoint-active-directory-graph-resource-id", f"{address}/graph"),
        *("--endpoint-management", "https://management.core.windows.net/"),
        *("--suffix-storage-endpoint", "core.windows.net"),
    ]


def _environment(here: Lab, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        **here.environment,
        "AZURE_CONFIG_DIR": str(folder),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
        "REQUESTS_CA_BUNDLE": str(here.authority_path),
    }


def _azure_cli() -> Path:
    """Return the program of the pinned release, in an environment of its own."""
    target = WORK / "clients" / RELEASE
    with locked("clients"):
        if not (target / "complete").exists():
            base = interpreter(_PYTHON)
            if base is None:
                raise SystemExit("the Azure CLI needs Python 3.12 with venv")
            say(f"{RELEASE}: installing ...")
            shutil.rmtree(target, ignore_errors=True)
            answer([base, "-m", "venv", target], "the environment of the Azure CLI")
            answer(
                [target / "bin" / "python", "-m", "pip", "install", "--quiet", RELEASE], "pip install of the Azure CLI"
            )
            (target / "complete").touch()
    return target / "bin" / "az"


# azure.azcollection ---------------------------------------------------------------------------------------------------


def azcollection(here: Lab) -> Iterator[Row]:
    """Run the tasks in one playbook, which continues after a failed task."""
    side = theirs(here)
    play = {
        "name": "Clients",
        "hosts": "localhost",
        "gather_facts": False,
        "ignore_errors": True,
        "module_defaults": {"group/azure.azcollection.all": side.login},
        "tasks": [
            {"name": f"Task {number}", f"azure.azcollection.{task.module}": task.options}
            for number, task in enumerate(TASKS)
        ],
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "clients.yml"
        file.write_text(yaml.safe_dump([play]), encoding="utf-8")
        run = side.controller.run(file)
    found = {task.name: task for task in run.tasks}
    if len(found) < len(TASKS):
        say(run.output)
    for number, task in enumerate(TASKS):
        yield _task_row(task, found.get(f"Task {number}"))


def _task_row(task: Task, done: Finished | None) -> Row:
    words = " ".join(f"{name}={_short(value)}" for name, value in task.options.items())
    title = f"{task.module}: {words}"
    if done is None:
        return Row(title, "did not run", WRONG)
    failed = done.status != "ok"
    text = f"{done.result.get('msg', '')} {done.result.get('module_stderr', '')}"
    good = done.changed == task.changed
    if task.returns is not None and not failed:
        good = good and _at(done.result, task.returns[0]) == task.returns[1]
    judged = status_of(failed=failed, text=text, refused=task.refused, as_expected=good)
    return Row(title, _error(text, judged) if failed else "changed" if done.changed else "ok", judged)


def _short(value: Any) -> str:
    return (
        value if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True, width=1000).split("\n")[0]
    )


def _at(result: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        try:
            result = result[part]
        except (KeyError, IndexError, TypeError):
            return None
    return result
