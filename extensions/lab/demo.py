# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab.demo`: sets up a new lab, protects its machines and tests a failover; a second run changes nothing."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NoReturn

import yaml

from .lab import Lab

SITE, PROTECT, DRILL = (f"siterecovery.hyperv.{name}" for name in ("site", "protect", "drill"))
#: The speed of protections, as a part of that of the setup: a first copy takes hours on a real system.
_FASTER = 0.1
WRITES = {"azure": "in Azure", "windows": "on Windows machines"}
RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s+unreachable=(?P<unreachable>\d+)\s+failed=(?P<failed>\d+)"
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
Engine = Literal["python", "pwsh"]
ANSWERS = {
    "python": "Python functions, one for each script (no PowerShell is needed)",
    "pwsh": "PowerShell itself, which executes what Ansible sends on imitated Windows commands",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one run of the playbook."""

    exit_status: int
    seconds: float
    changed: int
    writes: dict[str, int]

    @property
    def written(self) -> str:
        return ", ".join(f"{self.writes[side]} {where}" for side, where in WRITES.items())


def say(text: str) -> None:
    print(text, flush=True)


def variables(lab: Lab, scratch: Path) -> dict[str, str]:
    """Return the lab's variables and the caller's environment without its Azure and Ansible settings."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AZURE_", "ANSIBLE_")) and name != "PYTHONPATH"
    }
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": collections_path(),
        "ANSIBLE_HOME": str(scratch / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(scratch / "temporary"),
        "ANSIBLE_REMOTE_TEMP": str(scratch / "remote"),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_FORCE_COLOR": "true" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else "false",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }
    return {**inherited, **settings, **lab.environment}


def collections_path() -> str:
    """Return the path of this collection, followed by the paths in the caller's settings."""
    parents = Path(__file__).resolve().parents
    found = [str(parent.parent) for parent in parents if parent.name == "ansible_collections"]
    named = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
    return os.pathsep.join([*found, *([named] if named else [])])


def wanted(lab: Lab) -> dict[str, Any]:
    """Return the variables of the protection, which the inventory of a lab leaves to its user."""
    drill = {"name": "vnet-drill", "address_prefixes": ["10.60.0.0/16"]}
    subnet = {"name": "default", "address_prefix": "10.60.1.0/24"}
    group = {"cloud": "Gold", "policy": "policy-5min", "network": "vnet-dr"}
    return {
        "azure_target_virtual_networks": [*lab.document["azure"]["virtual_networks"], {**drill, "subnets": [subnet]}],
        "replication_network_mappings": [{"vm_network": "VM Network", "azure_network": "vnet-dr"}],
        "replication_policies": [{"name": "policy-5min", "copy_frequency": 300, "clouds": ["Gold", "Silver"]}],
        "protection_groups": [
            {**group, "name": "web", "include": [{"tags": ["production"]}]},
            {**group, "name": "application", "include": [{"names": ["app*"]}]},
        ],
        "drill_machines": ["web01"],
        "drill_network": "vnet-drill",
        "drill_network_resource_group": lab.document["azure"]["resource_group"],
    }


def run_all(lab: Lab, scratch: Path, scale: float) -> Outcome:
    """Run the playbooks in their order, and add their outcomes. A playbook that fails is the last one."""
    total = Outcome(0, 0.0, 0, dict.fromkeys(WRITES, 0))
    for playbook in (SITE, PROTECT, DRILL):
        say(f"\n--- {playbook} ---")
        lab.context.clock.scale = scale if playbook == SITE else scale * _FASTER
        done = run(lab, scratch, playbook)
        writes = {side: total.writes[side] + done.writes[side] for side in WRITES}
        total = Outcome(done.exit_status, total.seconds + done.seconds, total.changed + done.changed, writes)
        if done.exit_status:
            break
    return total


def run(lab: Lab, scratch: Path, playbook: str) -> Outcome:
    """Run the playbook, print its output line by line, and count the changes it reports and the writes in the lab."""
    lab.context.journal.clear()
    started = time.monotonic()
    given = scratch / "demo.yml"
    given.write_text(yaml.safe_dump(wanted(lab)), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", "-i", str(lab.inventory), "-e", f"@{given}", playbook]
    changed = 0
    # Long paths are shown relative to the collections folder.
    installed = collections_path().partition(os.pathsep)[0] + "/ansible_collections/"
    with subprocess.Popen(
        command,
        env=variables(lab, scratch),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            for line in process.stdout or ():
                sys.stdout.write(line.replace(installed, ""))
                sys.stdout.flush()
                recap = RECAP.match(COLOUR.sub("", line))
                changed += int(recap["changed"]) if recap else 0
        except BaseException:
            # After an interruption the playbook must end before the lab does.
            process.terminate()
            raise
    entries = lab.context.journal.entries
    writes = {side: sum(entry.side == side for entry in entries) for side in WRITES}
    return Outcome(process.returncode, time.monotonic() - started, changed, writes)


def show(engine: Engine, scale: float) -> int:
    """Run the demo; return 0 only if the first run succeeded and the second one changed nothing."""
    started = time.monotonic()
    lab = Lab.load("small", engine=engine, time_scale=scale)
    with lab, tempfile.TemporaryDirectory(prefix="demo-") as scratch:
        say(f"The lab is up after {time.monotonic() - started:.1f} s.")
        say(f"Scripts are answered by {engine}: {ANSWERS[engine]}.")
        say(f"Machines: {', '.join(sorted(lab.machines))}. Inventory: {lab.inventory}")
        say("\n=== first run: the setup from nothing, the protection of machines, and the test of a failover ===")
        first = run_all(lab, Path(scratch), scale)
        if first.exit_status:
            say(f"\nThe first run failed (exit status {first.exit_status}) after {first.seconds:.1f} s.")
            return 1
        say(f"=== first run: {first.seconds:.1f} s, changed={first.changed}; writes: {first.written} ===")
        say("\n=== second run: the same, on what the first one left ===")
        second = run_all(lab, Path(scratch), scale)
        say(f"=== second run: {second.seconds:.1f} s, changed={second.changed}; writes: {second.written} ===\n")
    say(f"Scripts were answered by {engine}. First run {first.seconds:.1f} s, second run {second.seconds:.1f} s.")
    if second.exit_status or second.changed or sum(second.writes.values()):
        say("The second run should have changed nothing, and did not keep to it: see above.")
        return 1
    say("The second run found everything done: changed=0, not one write anywhere.")
    return 0


def stop(signum: int, _frame: FrameType | None) -> NoReturn:
    """End as after an interruption by the user, so that every open resource is closed."""
    raise SystemExit(128 + signum)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.demo", description=__doc__)
    parser.add_argument(
        "--engine",
        choices=sorted(ANSWERS),
        default="python",
        help="engine that answers the scripts (default: %(default)s)",
    )
    parser.add_argument(
        "--time-scale", type=float, default=0.02, help="1 is the speed of real systems (default: %(default)s)"
    )
    arguments = parser.parse_args()
    if arguments.engine == "pwsh" and not shutil.which("pwsh"):
        parser.error("pwsh is not on PATH: install PowerShell 7, or use the engine python")
    # A job in the background ignores these signals, but its playbook does not, so set the handlers in any case.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    sys.exit(show(arguments.engine, arguments.time_scale))


if __name__ == "__main__":
    main()
