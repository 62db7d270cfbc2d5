# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule of the rings: who may import whom. Pure functions over source text, so that the rule can be tested."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

SDK = ("azure", "msal", "cryptography", "requests")
# Ansible comes with the last two.
ANSIBLE = ("ansible", "jinja2", "yaml")
# What reaches beyond the process; the model decides and touches nothing.
TOUCHING = ("http", "requests", "shutil", "socket", "ssl", "subprocess", "urllib.request")
COLLECTION = "ansible_collections"


@dataclass(frozen=True, slots=True)
class Ring:
    """A part of the tree: what it may import of the collection, and whether it may know Ansible and the SDK."""

    inner: tuple[str, ...]
    ansible: bool = False
    sdk: tuple[str, ...] = ()
    touches: bool = True


COMMON = "module_utils/_model/common"
AZURE_MODEL = "module_utils/_model/azure"
WINDOWS_MODEL = "module_utils/_model/windows"
AZURE = "module_utils/_azure"
AZURE_SERVICES = "module_utils/_services/azure"
WINDOWS = "plugin_utils/_windows"
WINDOWS_SERVICES = "plugin_utils/_services/windows"
AZURE_FRONT = "module_utils/_module.py"
WINDOWS_FRONT = "plugin_utils/_action.py"
NO_LOG_FRONT = "plugin_utils/_no_log_guard.py"
REMOTE_TASK = "plugin_utils/_remote_task.py"
VARIABLES = "plugin_utils/_variables"
PROGRESS = "plugin_utils/_progress.py"
REPORT = "plugin_utils/_report"

# The first entry that a path is in is its layer. A wing imports of the model only itself and `common`, so nothing on
# the Windows side can call Azure.
RINGS = {
    COMMON: Ring((COMMON,), sdk=("cryptography",), touches=False),
    AZURE_MODEL: Ring((COMMON, AZURE_MODEL), sdk=("cryptography",), touches=False),
    WINDOWS_MODEL: Ring((COMMON, WINDOWS_MODEL), touches=False),
    AZURE: Ring((COMMON, AZURE_MODEL, AZURE), ansible=True, sdk=SDK),
    AZURE_SERVICES: Ring((COMMON, AZURE_MODEL, AZURE, AZURE_SERVICES), sdk=SDK),
    AZURE_FRONT: Ring((COMMON, AZURE_MODEL, AZURE, AZURE_SERVICES), ansible=True),
    PROGRESS: Ring((COMMON,)),
    WINDOWS: Ring((COMMON, WINDOWS_MODEL, PROGRESS, WINDOWS)),
    WINDOWS_SERVICES: Ring((COMMON, WINDOWS_MODEL, WINDOWS, WINDOWS_SERVICES)),
    WINDOWS_FRONT: Ring((COMMON, WINDOWS_MODEL, WINDOWS, WINDOWS_SERVICES), ansible=True),
    NO_LOG_FRONT: Ring((COMMON,), ansible=True),
    REMOTE_TASK: Ring((COMMON, WINDOWS_FRONT), ansible=True),
    VARIABLES: Ring((COMMON, AZURE_MODEL, WINDOWS_MODEL, VARIABLES), ansible=True),
    REPORT: Ring((COMMON, REPORT)),
    "modules": Ring((COMMON, AZURE_MODEL, AZURE_SERVICES, AZURE_FRONT), ansible=True),
    "action": Ring(
        (
            COMMON,
            AZURE_MODEL,
            WINDOWS_MODEL,
            WINDOWS,
            WINDOWS_SERVICES,
            WINDOWS_FRONT,
            NO_LOG_FRONT,
            VARIABLES,
            PROGRESS,
            REPORT,
        ),
        ansible=True,
    ),
    "inventory": Ring((COMMON, WINDOWS_MODEL, REMOTE_TASK), ansible=True),
    "filter": Ring((COMMON, AZURE_MODEL, VARIABLES), ansible=True),
    "doc_fragments": Ring(()),
}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module: relative names are resolved, `deferred` ones run only when a function does."""

    name: str
    relative: bool
    deferred: bool
    line: int


def imports(path: str, source: str) -> Iterator[Import]:
    """Every import of a file below plugins/; `path` is relative to plugins/."""
    yield from _walk(PurePosixPath(path), ast.parse(source), deferred=False)


def _walk(path: PurePosixPath, node: ast.AST, *, deferred: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, False, deferred, child.lineno)
        elif isinstance(child, ast.ImportFrom):
            yield from _from(path, child, deferred)
        else:
            later = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or _only_for_types(child)
            yield from _walk(path, child, deferred=deferred or later)


def _from(path: PurePosixPath, node: ast.ImportFrom, deferred: bool) -> Iterator[Import]:
    if not node.level:
        yield Import(node.module or "", False, deferred, node.lineno)
        return
    # plugins/ is the collection's `plugins`: one level up from a file is its own folder.
    folders = PurePosixPath("plugins", path).parts[: -node.level]
    base = [*folders, *(node.module or "").split(".")] if node.module else [*folders]
    names = [base] if node.module else [[*base, alias.name] for alias in node.names]
    for parts in names:
        yield Import("/".join(parts[1:]), True, deferred, node.lineno)


def _only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def ring_of(path: str) -> Ring | None:
    return next((ring for part, ring in RINGS.items() if _lies_in(path, part)), None)


def _lies_in(path: str, part: str) -> bool:
    return f"{path.removesuffix('.py')}/".startswith(f"{part.removesuffix('.py')}/")


def _is(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def violations(path: str, source: str) -> list[str]:
    """What is wrong with the imports of one file below plugins/, one line each."""
    ring = ring_of(path)
    if ring is None:
        return [f"{path}: lies in no ring"]
    return [f"{path}:{item.line}: {wrong}" for item in imports(path, source) if (wrong := _wrong(item, ring))]


def _wrong(item: Import, ring: Ring) -> str | None:
    name = item.name
    if item.relative:
        return None if any(_lies_in(name, part) for part in ring.inner) else f"imports {name}, which lies further out"
    if _is(name, (COLLECTION,)):
        return f"imports {name} absolutely; inside the collection imports are relative"
    if _is(name, ANSIBLE):
        return None if ring.ansible else f"imports {name}: this ring does not know Ansible"
    if _is(name, SDK) and not _is(name, ring.sdk):
        return f"imports {name}: this ring does not know the SDK"
    if _is(name, SDK):
        return None if item.deferred else f"imports {name} when it is loaded; SDK imports stand inside functions"
    if not ring.touches and _is(name, TOUCHING):
        return f"imports {name}: the model touches nothing"
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return f"imports {name}, which is neither of the collection nor of Python nor a declared dependency"
    return None


def circles(sources: Mapping[str, str], *, root: str) -> list[list[str]]:
    """Every group of files that import each other, directly or through others, sorted.

    `sources` maps paths relative to `root` to source text; relative imports are followed wherever they are written:
    at the top of a file, inside a function or for types only.
    """
    graph = {path: sorted(_targets(path, source, set(sources), root)) for path, source in sources.items()}
    return sorted(sorted(group) for group in _strongly_connected(graph) if len(group) > 1)


def _targets(path: str, source: str, known: set[str], root: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        folders = PurePosixPath(root, path).parts[: -node.level]
        base = "/".join([*folders, *(node.module or "").split(".")] if node.module else folders)
        base = base.removeprefix(root).removeprefix("/")
        for name in node.names:
            for candidate in (f"{base}/{name.name}.py", f"{base}.py", f"{base}/__init__.py"):
                if candidate.removeprefix("/") in known and candidate.removeprefix("/") != path:
                    yield candidate.removeprefix("/")
                    break


def _strongly_connected(graph: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Tarjan's algorithm."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(node: str) -> Iterator[list[str]]:
        number[node] = low[node] = len(number)
        stack.append(node)
        for following in graph[node]:
            if following not in number:
                yield from visit(following)
                low[node] = min(low[node], low[following])
            elif following in stack:
                low[node] = min(low[node], number[following])
        if low[node] == number[node]:
            start = stack.index(node)
            yield stack[start:]
            del stack[start:]

    for node in graph:
        if node not in number:
            yield from visit(node)
