# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure runs without changes: seconds per Azure module, calls and remote executions per site run.

Goals: at most 0.35 s over ansible.builtin.ping and 1.3 times a bare script with the same reads; one remote execution
per capability and host; at most one GET per Azure resource. A goal is measured and printed, not enforced.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from lab.lab import Lab
from tests.bench.bare import SCRIPTS
from tests.bench.clients import clients
from tests.bench.comparison import COMPILED, ROUNDS, compare
from tests.bench.fleet import add_arguments, fleet
from tests.bench.fuzz import fuzz
from tests.bench.growth import growth
from tests.bench.protection import add_arguments as add_protection_arguments
from tests.bench.protection import protection
from tests.bench.windows import windows
from tests.e2e.cells import main_cell
from tests.support.playbook import SITE, Controller, Run

PARTS = ("modules", "site", "windows", "comparison", "growth")
# They run only by name: the first installs the Azure CLI and all SDKs of azure.azcollection, the second is a test, and
# the others take long.
RARE = ("clients", "fuzz", "fleet", "protection")
REPEATS = 7
_BARE = Path(__file__).with_name("bare.py")
_SCALE = 0.01


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS + RARE)}; none: all but {' and '.join(RARE)}"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of `comparison` (default: %(default)s)")
    add_arguments(parser)
    add_protection_arguments(parser)
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    if unknown := set(parts) - set(PARTS + RARE):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    if {"modules", "site"} & set(parts):
        with lab() as here:
            controller = Controller(main_cell(), here.inventory, {**here.environment, **COMPILED})
            _must_pass(controller.run(SITE))
            if "modules" in parts:
                modules(controller, _variables(controller))
            if "site" in parts:
                site(controller, here)
    if "windows" in parts:
        with lab() as here:
            windows(here)
    if "comparison" in parts:
        with lab() as here, lab() as there:
            compare(here, there, arguments.rounds)
    if "growth" in parts:
        with lab() as here:
            growth(here)
    if "fleet" in parts:
        fleet(arguments.sizes, arguments.forks, arguments.connections, arguments.seed)
    if "protection" in parts:
        protection(arguments.machines, arguments.single, arguments.parallel, arguments.scale)
    failed = 0
    if "clients" in parts:
        with lab() as here:
            failed |= clients(here)
    if "fuzz" in parts:
        with lab() as here:
            failed |= fuzz(here)
    return failed


@contextmanager
def lab() -> Iterator[Lab]:
    started = Lab.load("small", engine="python", time_scale=_SCALE)
    started.start()
    try:
        yield started
    finally:
        started.stop()


def modules(controller: Controller, variables: dict[str, Any]) -> None:
    """Print the table of seconds."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "bench.yml"
        file.write_text(_playbook(variables), encoding="utf-8")
        run = _must_pass(controller.run(file))
    ping = _median(run, "ansible.builtin.ping")
    print(f"ansible.builtin.ping                {ping:6.2f} s")
    print("module             module   over ping   bare script   module / bare")
    for name in SCRIPTS:
        seconds, bare = _median(run, f"siterecovery.hyperv.{name}"), _bare(name, controller, variables)
        print(f"{name:18} {seconds:6.2f} s   {seconds - ping:6.2f} s     {bare:6.2f} s       {seconds / bare:6.2f}")


def site(controller: Controller, here: Lab) -> None:
    """Print the calls and executions of a site run without changes."""
    here.context.journal.clear()
    started = time.monotonic()
    run = _must_pass(controller.run(SITE))
    print(f"site run without changes: {time.monotonic() - started:.1f} s, changed={run.changed}")
    for kind, count in sorted(here.context.journal.counts.items()):
        print(f"  {kind:40} {count}")


def _variables(controller: Controller) -> dict[str, Any]:
    """Return the variables of localhost as Ansible resolves them."""
    command = [str(controller.cell.python), "-m", "ansible", "inventory", "-i", str(controller.inventory)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        done = subprocess.run(
            [*command, "--host", "localhost", "--yaml"],
            env=controller.variables(Path(folder), {"RECORD_FILE": os.devnull}),
            stdout=subprocess.PIPE,
            check=True,
        )
    loaded: dict[str, Any] = yaml.safe_load(done.stdout)
    return loaded


def _playbook(variables: dict[str, Any]) -> str:
    vault = {
        "vault_name": variables["azure_target_vault_name"],
        "resource_group": variables["azure_target_resource_group"],
    }
    group, place = variables["azure_target_resource_group"], variables["azure_target_location"]
    account, network = variables["azure_target_storage_accounts"][0], variables["azure_target_virtual_networks"][0]
    options = {
        "vault": {"name": vault["vault_name"], "resource_group": group, "location": place},
        "vault_info": {"resource_group": group},
        "storage_account": {"resource_group": group, "location": place, **account},
        "virtual_network": {"resource_group": group, "location": place, **network},
        "target_info": vault,
        "vmm_server_info": {**vault, "names": ["vmm01.lab.example"]},
    }
    tasks: list[dict[str, Any]] = [{"name": "Ping", "ansible.builtin.ping": {}}]
    tasks += [{"name": name, f"siterecovery.hyperv.{name}": given} for name, given in options.items()]
    # Templates, so that the file does not contain the secret.
    login = {
        name: f"{{{{ azure_target_{name} }}}}"
        for name in ("subscription_id", "tenant", "client_id", "secret", "cloud_environment", "ca_bundle")
    }
    play = {
        "name": "Bench",
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/siterecovery.hyperv.azure": login},
        "tasks": tasks * REPEATS,
    }
    return yaml.safe_dump([play])


def _median(run: Run, action: str) -> float:
    return statistics.median(task.seconds for task in run.tasks if task.action == action)


def _bare(name: str, controller: Controller, variables: dict[str, Any]) -> float:
    environment = {
        **os.environ,
        **controller.environment,
        "AZURE_SUBSCRIPTION_ID": variables["azure_target_subscription_id"],
        "AZURE_TENANT_ID": variables["azure_target_tenant"],
        "AZURE_CLIENT_ID": variables["azure_target_client_id"],
        "AZURE_CLIENT_SECRET": variables["azure_target_secret"],
        "AZURE_CLOUD_ENVIRONMENT": variables["azure_target_cloud_environment"],
        "REQUESTS_CA_BUNDLE": variables["azure_target_ca_bundle"],
        "BENCH_ACCOUNT": variables["azure_target_storage_accounts"][0]["name"],
        "BENCH_NETWORK": variables["azure_target_virtual_networks"][0]["name"],
    }
    seconds = []
    for _repeat in range(REPEATS):
        started = time.monotonic()
        subprocess.run([str(controller.cell.python), str(_BARE), name], env=environment, check=True)
        seconds.append(time.monotonic() - started)
    return statistics.median(seconds)


def _must_pass(run: Run) -> Run:
    if run.returncode:
        raise SystemExit(run.output)
    return run


if __name__ == "__main__":
    sys.exit(main())
