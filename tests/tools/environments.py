# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create virtual environments from lock files below .work, and keep them until their lock file changes."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .paths import ROOT, WORK, locked, say
from .programs import Command, answer, finished

LOCKS = ROOT / "tests" / "environments"
Version = tuple[int, int]


class Unavailable(Exception):
    """An environment cannot be created on this machine. The text gives the reason in one line."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A lock file and the interpreters that it supports, the preferred one first."""

    name: str
    about: str
    pythons: tuple[Version, ...]
    # A large environment that only one command needs. It is created only by name.
    rare: bool = False


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment("main", "ansible-core 2.19, newest SDKs, test tools", ((3, 11), (3, 12), (3, 13))),
        Environment("newest", "newest ansible-core, newest SDKs, test tools", ((3, 14), (3, 13), (3, 12))),
        Environment(
            "azcollection", "ansible-core 2.19, the SDKs that azure.azcollection pins", ((3, 11), (3, 12), (3, 13))
        ),
        Environment("lowest", "every lower bound that collection and lab declare", ((3, 10), (3, 11))),
        Environment("gates", "linters and documentation tools", ((3, 11), (3, 12), (3, 13))),
        Environment("awx", "tools that build and run an execution environment", ((3, 11), (3, 12), (3, 13)), rare=True),
        Environment(
            "neighbour",
            "ansible-core 2.19, everything that azure.azcollection requires",
            ((3, 11), (3, 12), (3, 13)),
            rare=True,
        ),
    )
}


def environment(name: str) -> Environment:
    """Return the named environment. Without an older interpreter, `newest` replaces `main`."""
    chosen = ENVIRONMENTS[name]
    if name == "main" and not any(interpreter(version) for version in chosen.pythons):
        return ENVIRONMENTS["newest"]
    return chosen


def _candidates(version: Version) -> Iterator[Path]:
    name = f"python{version[0]}.{version[1]}"
    if sys.version_info[:2] == version:
        yield Path(sys.base_prefix) / "bin" / name
        yield Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version[0]}.{version[1]}.*/bin/{name}"), reverse=True)
    found = shutil.which(name)
    if found:
        yield Path(found)


@cache
def interpreter(version: Version) -> Path | None:
    """Return an interpreter that can create virtual environments. Each is tried, because a pyenv shim may not work."""
    probe = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != {version!r})"
    for candidate in _candidates(version):
        if candidate.exists() and finished([candidate, "-c", probe]).returncode == 0:
            return candidate
    return None


def base_python(wanted: Environment) -> Path:
    for version in wanted.pythons:
        found = interpreter(version)
        if found:
            return found
    names = ", ".join(f"{major}.{minor}" for major, minor in wanted.pythons)
    raise Unavailable(f"no Python {names} with venv found for environment {wanted.name}")


def folder(wanted: Environment, base: Path) -> Path:
    content = (LOCKS / f"{wanted.name}.txt").read_bytes() + str(base).encode()
    return WORK / "environments" / f"{wanted.name}-{hashlib.sha256(content).hexdigest()[:8]}"


def _create(base: Path, target: Path, requirements: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    answer([base, "-m", "venv", target], f"making the environment {target}")
    python = target / "bin" / "python"
    # PIP_USER would install packages outside of the environment. All other settings of pip are respected.
    command: Command = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--no-compile",
        "--requirement",
        requirements,
    ]
    answer(command, f"pip install of {requirements.name}", env={**os.environ, "PIP_USER": "0"})
    return python


def ensure(name: str) -> Path:
    """Return the interpreter of the named environment, and create it if necessary.

    Raises Unavailable without an interpreter for it.
    """
    wanted = environment(name)
    base = base_python(wanted)
    target = folder(wanted, base)
    complete = target / "complete"
    with locked(f"environment-{wanted.name}"):
        if not complete.exists():
            started = time.monotonic()
            say(f"environment {wanted.name}: installing {wanted.about} with {base.name} ...")
            _create(base, target, LOCKS / f"{wanted.name}.txt")
            complete.touch()
            say(f"environment {wanted.name}: ready after {time.monotonic() - started:.0f} s")
    return target / "bin" / "python"


HEADER = """\
# Made by `make lock` from {name}.in with Python {version}: what the environment "{name}" installs.
# {about}
"""


def lock(name: str) -> None:
    """Resolve NAME.in and write the result into NAME.txt."""
    wanted = ENVIRONMENTS[name]
    base = base_python(wanted)
    with tempfile.TemporaryDirectory() as scratch:
        python = _create(base, Path(scratch) / "environment", LOCKS / f"{name}.in")
        frozen = answer([python, "-m", "pip", "freeze"], "pip freeze") + "\n"
        version = answer([python, "--version"], "the new interpreter").removeprefix("Python ")
    if re.search(r"@ |^-e", frozen, re.MULTILINE):
        raise SystemExit(f"{name}.in resolved to a package that is not a release of an index:\n{frozen}")
    text = HEADER.format(name=name, version=version, about=wanted.about[0].upper() + wanted.about[1:]) + frozen
    (LOCKS / f"{name}.txt").write_text(text)
    say(f"{name}.txt: {len(frozen.splitlines())} packages")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.environments", description=__doc__)
    parser.add_argument(
        "action",
        choices=["ensure", "lock"],
        help="create an environment and print its interpreter, or renew its lock file",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(ENVIRONMENTS)}; all but rare ones when none is given"
    )
    arguments = parser.parse_args()
    missing = False
    usual = [name for name, wanted in ENVIRONMENTS.items() if not wanted.rare]
    for name in arguments.names or usual:
        if arguments.action == "lock":
            lock(name)
            continue
        try:
            print(ensure(name))
        except Unavailable as reason:
            say(f"not made: {reason}")
            missing = True
    sys.exit(missing)


if __name__ == "__main__":
    main()
