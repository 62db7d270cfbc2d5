# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what a site run without changes costs the controller for each Hyper-V host, next to three win_ping tasks.

Goals: the processor time per host is at most 1.3 times that of the three tasks, the fixed part is at most 8 s, and
calls to Azure and memory do not grow with the hosts. They are measured and printed, not enforced.

The processor time is that of ansible-playbook and all its processes, so a busy machine changes it little. The fixed
part is a run that is limited to localhost and the VMM server.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.context import digest
from lab.lab import Lab
from lab.windows.agent import AgentProxy
from tests.bench.calls import calls, shown
from tests.bench.comparison import COMPILED
from tests.e2e.cells import main_cell
from tests.support.playbook import SITE, Controller

GOAL, FIXED_GOAL = 1.3, 8.0
SERVER = "localhost,vmm01"
# Hosts with a fault are part of a fleet, and are left out.
OPTIONS = ("-e", "site_unready_hosts=accept")
# The first run does not stop at a host that fails. The second one finishes what the first one has left.
_ALL_WAVES = ("-e", "site_max_fail_percentage=100")
_FIRST_RUNS = 2
_SCALE = 0.01
_HEADER = (
    "hosts  forks  connection  fixed s  per host s  pings s  ratio  MB  executions per host  calls to Azure\n"
    "-----  -----  ----------  -------  ----------  -------  -----  --  -------------------  --------------"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """The processor time of a run in seconds, and the largest memory of one of its processes in MB."""

    seconds: float
    memory: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the part `fleet`."""
    parser.add_argument("--sizes", type=_numbers, default=[100, 200], help="hosts of `fleet` (default: 100,200)")
    parser.add_argument("--forks", type=_numbers, default=[20], help="forks of `fleet` (default: 20)")
    parser.add_argument(
        "--connections", type=lambda text: text.split(","), default=["winrm"], help="of `fleet`: winrm, psrp or both"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the differences in `fleet` (default: %(default)s)")


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def fleet(sizes: list[int], forks: list[int], connections: list[str], seed: int) -> None:
    """Print a line for each size, number of forks and connection."""
    print(_HEADER, flush=True)
    for size in sizes:
        with Lab.load("fleet", engine="python", time_scale=_SCALE, hosts=size, seed=seed) as lab:
            _set_proxies(lab)
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                for line in _lines(lab, Path(folder), size, forks, connections):
                    print(line, flush=True)


def _set_proxies(lab: Lab) -> None:
    """Set the proxy of every agent, as an earlier run has done, because a first run of a large fleet takes long."""
    proxy = lab.context.proxy
    for machine in lab.machines.values():
        if machine.agent is not None:
            machine.agent.proxy = AgentProxy(
                True, f"http://{proxy.name}", proxy.port, proxy.username, digest(proxy.password)
            )


def _lines(lab: Lab, folder: Path, size: int, forks: list[int], connections: list[str]) -> Iterator[str]:
    controller = Controller(main_cell(), lab.inventory, {**lab.environment, **COMPILED})
    pings = folder / "pings.yml"
    pings.write_text(yaml.safe_dump(_pings()), encoding="utf-8")
    # The first runs set up what is missing. The others find nothing to do, and a host that still fails ends the bench.
    for _run in range(_FIRST_RUNS):
        cost(controller, folder, SITE, *OPTIONS, *_ALL_WAVES, "--forks", str(max(forks)), must_pass=False)
    for connection in connections:
        ways = _over(connection, lab, folder)
        for number in forks:
            more = (*ways, "--forks", str(number))
            fixed = cost(controller, folder, SITE, *OPTIONS, *more, "--limit", SERVER)
            one = cost(controller, folder, pings, *more, "--limit", "hyperv_hosts[0]")
            every = cost(controller, folder, pings, *more)
            lab.journal.clear()
            run = cost(controller, folder, SITE, *OPTIONS, *more)
            of_run, of_pings = (run.seconds - fixed.seconds) / size, (every.seconds - one.seconds) / max(1, size - 1)
            executions = lab.journal.counts["script:observe"] / (size + 1)
            # The machines call the storage accounts, not the controller.
            azure = {kind: count for kind, count in calls(lab.journal).items() if kind != "blob GET"}
            yield (
                f"{size:5}  {number:5}  {connection:10}  {fixed.seconds:7.1f}  {of_run:10.3f}  {of_pings:7.3f}"
                f"  {of_run / of_pings:5.2f}  {run.memory:2}  {executions:19.2f}  {shown(azure)}"
            )


def _pings() -> list[dict[str, Any]]:
    tasks = [{"name": f"Ping {number}", "ansible.windows.win_ping": {}} for number in (1, 2, 3)]
    return [{"name": "Pings", "hosts": "hyperv_hosts", "gather_facts": False, "tasks": tasks}]


def _over(connection: str, lab: Lab, folder: Path) -> tuple[str, ...]:
    if connection == "winrm":
        return ()
    file = folder / "psrp.yml"
    variables = {
        "ansible_connection": "psrp",
        "ansible_psrp_auth": "ntlm",
        "ansible_psrp_ca_cert": str(lab.authority_path),
        "ansible_psrp_ignore_proxy": True,
    }
    # The variables of a host outrank those of its group in the inventory of the lab.
    hosts = dict.fromkeys(lab.machines, variables)
    file.write_text(yaml.safe_dump({"windows": {"hosts": hosts}}), encoding="utf-8")
    return ("-i", str(file))


def cost(controller: Controller, folder: Path, playbook: str | Path, *arguments: str, must_pass: bool = True) -> Cost:
    """Run to the end. Raises SystemExit with the output of a failed run."""
    output = folder / "output.txt"
    environment = controller.variables(folder, None)
    # The record of all results belongs to the tests.
    environment.pop("ANSIBLE_CALLBACKS_ENABLED")
    with output.open("wb") as stream:
        process = subprocess.Popen(
            controller.command(playbook, *arguments),
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        _process, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and must_pass:
        raise SystemExit(output.read_text(encoding="utf-8")[-5000:])
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)
