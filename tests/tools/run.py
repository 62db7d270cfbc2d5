# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the commands of the Makefile: prepare environment and collection, then execute the program."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

from . import collection, environments
from .paths import ROOT, say

# Number of pytest processes.
JOBS = min(2, os.cpu_count() or 1)


def become(python: Path, *arguments: str, environment: dict[str, str] | None = None) -> NoReturn:
    """Replace this process, so that signals and exit status are those of the program."""
    sys.stdout.flush()
    os.execve(python, [str(python), *arguments], {**os.environ, **(environment or {})})


def surroundings(collections: Path) -> dict[str, str]:
    """Return the variables that select the collection. The lab is not among them, because users have none."""
    return {"ANSIBLE_COLLECTIONS_PATH": str(collections), "SITERECOVERY_COLLECTIONS": str(collections)}


def extensions(collections: Path) -> Path:
    """Return the folder from which Python imports the package `lab`."""
    return collection.inside(collections) / "extensions"


def with_lab(collections: Path) -> dict[str, str]:
    """Return the same variables for a program that starts the lab."""
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
    # tests/e2e/cells.py groups tests that share a setup. In their own order, the long ones come first.
    workers = [] if arguments.jobs == 1 else ["-n", str(arguments.jobs), "--dist=loadscope", "--no-loadscope-reorder"]
    os.chdir(ROOT)
    become(python, "-m", "pytest", *workers, *arguments.rest, environment=surroundings(collections))


def tidy(arguments: argparse.Namespace) -> NoReturn:
    """Apply safe fixes and format the named paths, or all."""
    paths = arguments.rest or ["."]
    python = environments.ensure("gates")
    os.chdir(ROOT)
    os.spawnv(os.P_WAIT, python, [str(python), "-m", "ruff", "check", "--fix", "--quiet", *paths])
    become(python, "-m", "ruff", "format", *paths)


def pages(arguments: argparse.Namespace) -> NoReturn:
    """Write the generated pages. This needs a YAML library, which the interpreter of make may lack."""
    python = environments.ensure("main")
    os.chdir(ROOT)
    become(python, "-B", "-m", "tests.tools.pages", *arguments.rest)


def index(arguments: argparse.Namespace) -> NoReturn:
    """Write the index of Resource Manager, with the package installer of an environment."""
    python = environments.ensure("main")
    os.chdir(ROOT)
    become(python, "-B", "-m", "tests.tools.index", *arguments.rest)


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
        raise SystemExit("INVENTORY is required: make acceptance INVENTORY=path/to/inventory")
    python = environments.ensure("main")
    os.chdir(ROOT)
    options = ["--inventory", arguments.inventory]
    options += ["--consent", arguments.consent] if arguments.consent else []
    become(python, "-m", "tests.acceptance", *options, *arguments.rest, environment=surroundings(collection.install()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.run", description=__doc__)
    commands = parser.add_subparsers(required=True)

    one = commands.add_parser("demo", help="run site.yml in the lab, twice")
    one.add_argument("--engine", choices=["python", "pwsh"], default="python")
    one.set_defaults(call=demo)

    one = commands.add_parser("test", help="run pytest")
    one.add_argument("--link", action="store_true", help="test the checkout instead of the built collection")
    one.add_argument("--jobs", type=int, default=JOBS, help="number of processes (default: %(default)s)")
    one.set_defaults(call=test)

    one = commands.add_parser("format", help="format with ruff and apply safe fixes")
    one.set_defaults(call=tidy)

    one = commands.add_parser("pages", help="write the generated pages of docs/")
    one.set_defaults(call=pages)

    one = commands.add_parser("index", help="write the index of api-versions and resource types")
    one.set_defaults(call=index)

    one = commands.add_parser("bench", help="measure runs without changes")
    one.set_defaults(call=bench)

    one = commands.add_parser("bind", help="compare the emulators with the scripts and renew their bindings")
    one.set_defaults(call=bind)

    one = commands.add_parser("acceptance", help="run the scenarios against real servers")
    one.add_argument("--inventory", default="")
    one.add_argument("--consent", choices=["changes"])
    one.set_defaults(call=acceptance)

    arguments, rest = parser.parse_known_args()
    arguments.rest = [item for item in rest if item != "--"]
    arguments.call(arguments)


if __name__ == "__main__":
    main()
