# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what protecting many machines costs: one task for all of them, next to one task per machine.

Each run begins with unprotected machines and ends when all are ready. A second run finds nothing to do. Tasks for
single machines are measured for a few of them, because they wait one after the other; calls and processor time are
printed per machine, so they can be compared.

The processor time and the memory are those of ansible-playbook and its processes. The lab scales the times of the
service, but the collection waits in real seconds between its calls. A scale of 1 shows the calls per minute of a real
vault.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from lab.context import NO_LAG
from lab.lab import Lab
from tests.bench.calls import calls, shown
from tests.bench.comparison import COMPILED
from tests.bench.fleet import cost
from tests.e2e.cells import main_cell
from tests.lab.arm.replicas import CLOUD, POLICY, machine, seed_cloud
from tests.support.playbook import Controller

GROUP, VAULT = "rg-bench", "vault-bench"
_LOGIN = ("subscription_id", "tenant", "client_id", "secret", "cloud_environment", "ca_bundle")
_HEADER = (
    "tasks               machines  parallel  seconds  cpu s per machine  MB   calls per machine  per minute  calls\n"
    "------------------  --------  --------  -------  -----------------  ---  -----------------  ----------  -----"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the part `protection`."""
    parser.add_argument("--machines", type=int, default=500, help="machines of `protection` (default: %(default)s)")
    parser.add_argument("--single", type=int, default=20, help="machines with a task each (default: %(default)s)")
    parser.add_argument("--parallel", type=int, default=10, help="jobs at once in `protection` (default: %(default)s)")
    parser.add_argument("--scale", type=float, default=0.01, help="of the lab's time (default: %(default)s)")


def protection(machines: int, single: int, parallel: int, scale: float) -> None:
    """Print a line for each kind of run."""
    print(_HEADER, flush=True)
    with _lab(machines, scale) as lab:
        names = _names(machines)
        for title in ("one task", "one task, again"):
            print(_measured(lab, title, [names], parallel), flush=True)
    if single:
        with _lab(single, scale) as lab:
            print(_measured(lab, "a task per machine", [[name] for name in _names(single)], parallel), flush=True)


@contextmanager
def _lab(machines: int, scale: float) -> Iterator[Lab]:
    """Start a lab with a vault whose cloud has a policy, and with machines that replicate nowhere."""
    with Lab.load("small", engine="python", time_scale=scale) as lab:
        # Replicas of Azure lag for seconds, and not for a number of reads, which would last for several long pauses.
        lab.context.lag = NO_LAG
        seed_cloud(lab, GROUP, VAULT, [machine(number, name) for number, name in enumerate(_names(machines), 1)])
        yield lab


def _names(count: int) -> list[str]:
    return [f"vm{number:04d}" for number in range(1, count + 1)]


def _measured(lab: Lab, title: str, tasks: Sequence[Sequence[str]], parallel: int) -> str:
    controller = Controller(main_cell(), lab.inventory, {**lab.environment, **COMPILED})
    lab.journal.clear()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        playbook = Path(folder) / "bench.yml"
        playbook.write_text(yaml.safe_dump([_play(tasks, parallel)]), encoding="utf-8")
        started = time.monotonic()
        spent = cost(controller, Path(folder), playbook)
        seconds = time.monotonic() - started
    found, count = calls(lab.journal), sum(len(names) for names in tasks)
    total = sum(found.values())
    return (
        f"{title:18}  {count:8}  {parallel:8}  {seconds:7.0f}  {spent.seconds / count:17.2f}  {spent.memory:3}"
        f"  {total / count:17.1f}  {total / seconds * 60:10.0f}  {shown(found)}"
    )


def _play(tasks: Sequence[Sequence[str]], parallel: int) -> dict[str, Any]:
    options = {
        "vault_name": VAULT,
        "resource_group": GROUP,
        "cloud": CLOUD.name,
        "policy": POLICY,
        "parallel": parallel,
        "wait_timeout": 86400,
    }
    # Templates, so that the file does not contain the secret.
    login = {name: f"{{{{ azure_target_{name} }}}}" for name in _LOGIN}
    return {
        "name": "Bench",
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/siterecovery.hyperv.azure": login},
        "tasks": [
            {
                "name": f"Protect {len(names)} machines",
                "siterecovery.hyperv.protected_vm": {**options, "machines": [{"name": name} for name in names]},
            }
            for names in tasks
        ],
    }
