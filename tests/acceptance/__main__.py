# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the scenarios against an inventory of real servers and a real subscription.

Scenarios that only read always run. Scenarios that change something run only with `--consent changes`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.e2e.cells import main_cell
from tests.support.playbook import Controller
from tests.support.scenarios import load


def main() -> int:
    parser = argparse.ArgumentParser(prog="make acceptance", description=__doc__)
    parser.add_argument("--inventory", required=True, type=Path)
    parser.add_argument("--consent", choices=["changes"], help="also run the scenarios that change something")
    parser.add_argument("arguments", nargs="*", help="additional arguments of ansible-playbook, after --")
    options = parser.parse_args()
    if not options.inventory.exists():
        parser.error(f"INVENTORY: {options.inventory} does not exist")
    # The login is in the environment and home folder of the user, so both are kept.
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("AZURE_", "ANSIBLE_")) and name != "ANSIBLE_COLLECTIONS_PATH"
    }
    controller = Controller(main_cell(), options.inventory.resolve(), {**kept, "HOME": os.environ.get("HOME", "/")})
    failed = left_out = 0
    for scenario in load():
        if scenario.changes and options.consent != "changes":
            print(f"left out  {scenario.name}: it changes servers and Azure; set CONSENT=changes to run it")
            left_out += 1
            continue
        started = time.monotonic()
        run = scenario.run(controller, *options.arguments)
        wrong = scenario.verdict(run)
        said = f"{scenario.name} ({time.monotonic() - started:.0f} s)"
        print(f"FAILED    {said}: {wrong}" if wrong else f"passed    {said}")
        if wrong:
            print(run.output)
            failed += 1
    print(f"{failed} failed, {left_out} left out")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
