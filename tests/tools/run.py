# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make calls: each command gets its environment and the collection first, then becomes the thing itself."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

from . import collection, environments
from .paths import ROOT, say

# The ways of pytest into `tests`: how many processes share the work.
JOBS = min(2, os.cpu_count() or 1)


def become(python: Path, *arguments: str, environment: dict[str, str] | None = None) -> NoReturn:
    """Replace this process, so that signals and the exit status are those of the thing itself."""
    sys.stdout.flush()
    os.execve(python, [str(python), *arguments], {**os.environ, **(environment or {})})


def surroundings(collections: Path) -> dict[str, str]:
    """What tells Ansible and the tests which collection it is about. The lab is left out: a user has none."""
    return {"ANSIBLE_COLLECTIONS_PATH": str(collections), "SITERECOVERY_COLLECTIONS": str(collections)}


def extensions(collections: Path) -> Path:
    """The folder from which Python imports the lab as `lab`."""
    return collection.inside(collections) / "extensions"


def with_lab(collections: Path) -> dict[str, str]:
    """The same for a program that starts the lab itself."""
    return {**surroundings(collections), "PYTHONPATH": str(extensions(collections))}


def demo(arguments: argparse.Namespace) -> NoReturn:
    started = time.monotonic()
    python = environments.ensure("main")
    collections = collection.install()
    say(f"environment and collection: ready after {time.monotonic() - started:.1f} s; the demo begins")
    become(python, "-m", "lab.demo", "--engine", arguments.engine, *arguments.rest, environment=with_lab(collections))


def test(arguments: argparse.Namespace) -> NoReturn:
    python = environments.ensure("main")
    collections = collection.link() if arguments.link else collection.install()
    # Which tests stay together is said in tests/conftest.py; in their own order the long ones come first.
    workers = [] if arguments.jobs == 1 else ["-n", str(arguments.jobs), "--dist=loadscope", "--no-loadscope-reorder"]
    os.chdir(ROOT)
    become(python, "-m", "pytest", *workers, *arguments.rest, environment=surroundings(collections))


def tidy(arguments: argparse.Namespace) -> NoReturn:
    """Mend and format: what is named, or everything."""
    paths = arguments.rest or ["."]
    python = environments.ensure("gates")
    os.chdir(ROOT)
    os.spawnv(os.P_WAIT, python, [str(python), "-m", "ruff", "check", "--fix", "--quiet", *paths])
    become(python, "-m", "ruff", "format", *paths)


def bench(arguments: argparse.Namespace) -> NoReturn:
    python = environments.ensure("main")
    os.chdir(ROOT)
    become(python, "-m", "tests.bench", *arguments.rest, environment=with_lab(collection.install()))


def bind(arguments: argparse.Namespace) -> NoReturn:
    """Compare every script with its emulator in PowerShell, then renew bindings.json in the checkout."""
    python = environments.ensure("main")
    os.chdir(ROOT)
    become(python, "-m", "tests.lab.emulators.bind", *arguments.rest, environment=with_lab(collection.link()))


def acceptance(arguments: argparse.Namespace) -> NoReturn:
    if not arguments.inventory:
        raise SystemExit("INVENTORY is needed: make acceptance INVENTORY=path/to/inventory")
    python = environments.ensure("main")
    os.chdir(ROOT)
    options = ["--inventory", arguments.inventory]
    options += ["--consent", arguments.consent] if arguments.consent else []
    become(python, "-m", "tests.acceptance", *options, *arguments.rest, environment=surroundings(collection.install()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.run", description=__doc__)
    commands = parser.add_subparsers(required=True)

    one = commands.add_parser("demo", help="site.yml over the lab, twice")
    one.add_argument("--engine", choices=["python", "pwsh"], default="python")
    one.set_defaults(call=demo)

    one = commands.add_parser("test", help="pytest")
    one.add_argument("--link", action="store_true", help="against the checkout in place of the built collection")
    one.add_argument("--jobs", type=int, default=JOBS, help="processes (default: %(default)s)")
    one.set_defaults(call=test)

    one = commands.add_parser("format", help="ruff format, and what ruff can mend")
    one.set_defaults(call=tidy)

    one = commands.add_parser("bench", help="what a run that finds nothing to do costs")
    one.set_defaults(call=bench)

    one = commands.add_parser("bind", help="compare the emulators with the scripts and renew their bindings")
    one.set_defaults(call=bind)

    one = commands.add_parser("acceptance", help="the scenarios against a real subscription")
    one.add_argument("--inventory", default="")
    one.add_argument("--consent", choices=["changes"])
    one.set_defaults(call=acceptance)

    arguments, rest = parser.parse_known_args()
    arguments.rest = [item for item in rest if item != "--"]
    arguments.call(arguments)


if __name__ == "__main__":
    main()
