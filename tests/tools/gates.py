# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the gates: checks that do not execute the collection. All are clean without a list of exceptions."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import collection, environments
from .paths import ROOT, WORK, say
from .programs import Command, answer, finished, passes

GATES_FOLDER = WORK / "gates"
# Files that are not in the artifact, but that the linters check.
DEVELOPMENT = (".ansible-lint", ".ci", ".github", ".gitignore", ".yamllint", "Makefile", "pyproject.toml", "tests")
PSLINT = "ansible-test sanity pslint: it downloads its analyzer from a gallery; the tests parse the scripts instead"

# ansible-test downloads the bootstrap script of pip from a project host, unless its cache contains one. The pip of the
# interpreter replaces it and takes the requirements from the configured index.
BOOTSTRAP = "import ensurepip\n\nensurepip.bootstrap()\n"
# ansible-test prints the output of pip. These lines are removed from the output of a failed run.
PIP_SAYS = (
    "Collecting",
    "Downloading",
    "Installing",
    "Looking",
    "Processing",
    "Successfully",
    "Using cached",
    "━",
    "Running",
)
BOOTSTRAP_VERSION = (
    "import sys, types; from ansible_test._internal.python_requirements import get_venv_packages; "
    "print(get_venv_packages(types.SimpleNamespace(version='%d.%d' % sys.version_info[:2]))['pip'])"
)


def tree(also: tuple[str, ...] = DEVELOPMENT) -> Path:
    """Copy the artifact's files and those in `also` into a collections folder, next to ansible.windows."""
    collections = GATES_FOLDER / "collections"
    target = collection.inside(collections)
    shutil.rmtree(collections, ignore_errors=True)
    for source in collection.sources(also=also):
        copy = target / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    # The playbooks call modules of these collections.
    controller = collection.controller() / collection.COLLECTIONS / "awx" / "awx"
    for neighbour, source in (("ansible/windows", collection.windows()), ("awx/awx", controller)):
        link = collections / collection.COLLECTIONS / neighbour
        link.parent.mkdir()
        link.symlink_to(source)
    return target


def surroundings(**more: str) -> dict[str, str]:
    """Return an environment without user settings, colors, pwsh, and access to the git folder of the checkout."""
    home = GATES_FOLDER / "home"
    home.mkdir(parents=True, exist_ok=True)
    tools = environments.ensure("gates").parent
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(tools), *filter(_keeps, os.environ["PATH"].split(os.pathsep))]),
        "HOME": str(home),
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(GATES_FOLDER / "collections"),
        "ANSIBLE_NOCOLOR": "1",
        "NO_COLOR": "1",
        "GIT_CEILING_DIRECTORIES": str(WORK),
        **more,
    }


def _keeps(folder: str) -> bool:
    """Tell whether a folder stays on the PATH. With pwsh, ansible-test needs modules from a gallery; see PSLINT."""
    return not Path(folder, "pwsh").exists() or Path(folder, "sh").exists()


def tool(name: str) -> Path:
    return environments.ensure("gates").with_name(name)


def ruff() -> bool:
    checked = passes([tool("ruff"), "check", "--quiet", "."])
    return passes([tool("ruff"), "format", "--check", "--quiet", "."]) and checked


def types() -> bool:
    """Check types. The link tree gives the plugins their real name; their imports are in the environment "main"."""
    path = os.pathsep.join([str(collection.link()), str(ROOT / "extensions"), str(ROOT)])
    packages = ("ansible_collections.siterecovery.hyperv.plugins", "lab", "tests")
    command: Command = [
        environments.ensure("main"),
        "-m",
        "mypy",
        "--strict",
        *(f"--package={name}" for name in packages),
    ]
    return passes(command, env={**os.environ, "MYPYPATH": path})


def lint() -> bool:
    return _of_ansible("ansible-lint", "--offline", "--profile", "production", "--nocolor")


def docs() -> bool:
    references = ["--validate-collection-refs", "all", "--check-extra-docs-refs"]
    return _of_ansible("antsibull-docs", "lint-collection-docs", "--plugin-docs", *references, "--skip-rstcheck", ".")


def changelog() -> bool:
    return _of_ansible("antsibull-changelog", "lint")


def _of_ansible(name: str, *arguments: str) -> bool:
    return passes([tool(name), *arguments], cwd=tree(), env=surroundings())


def sanity() -> bool:
    """Run the sanity tests on the artifact, as a certification does. ruff and mypy check the tests, which it lacks."""
    target = tree(also=())
    exceptions = sorted(ROOT.glob("tests/sanity/ignore*.txt"))
    if exceptions:
        say(f"sanity: {exceptions[0].name} exists, but exceptions are not accepted")
        return False
    # Declares the Python versions of the modules. Without it, all versions of the remote side of ansible-core apply.
    (target / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "config.yml", target / "tests")
    # Otherwise ansible-test finds the git folder of the checkout, which ignores the tree.
    env = surroundings(ANSIBLE_TEST_CONTENT_ROOT=str(target))
    _bring_bootstrap(Path(env["HOME"]))
    version = answer([tool("python"), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], "python")
    options = ["--python", version, "--skip-test", "pslint", "--color", "no", "--truncate", "0"]
    done = finished([tool("ansible-test"), "sanity", *options], cwd=target, env=env)
    if done.returncode:
        say(
            "\n".join(
                line for line in (done.stdout + done.stderr).splitlines() if not line.lstrip().startswith(PIP_SAYS)
            )
        )
    return done.returncode == 0


def _bring_bootstrap(home: Path) -> None:
    pip = answer([tool("python"), "-c", BOOTSTRAP_VERSION], "reading the version of pip from ansible-test")
    script = home / ".ansible" / "test" / "cache" / f"get_pip_{pip.replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(BOOTSTRAP)


GATES: dict[str, Callable[[], bool]] = {
    "ruff": ruff,
    "types": types,
    "lint": lint,
    "docs": docs,
    "changelog": changelog,
    "sanity": sanity,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.gates", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="GATE", help=f"of {', '.join(GATES)}; all when none is given")
    names = parser.parse_args().names or list(GATES)
    lines = []
    clean = True
    for name in names:
        say(f"--- {name}")
        started = time.monotonic()
        passed = GATES[name]()
        clean = clean and passed
        lines.append(f"gate {name}: {'clean' if passed else 'NOT CLEAN'}, {time.monotonic() - started:.1f} s")
    print("\n".join(lines))
    if "sanity" in names:
        print(f"not run: 1 ({PSLINT})")
    sys.exit(not clean)


if __name__ == "__main__":
    main()
