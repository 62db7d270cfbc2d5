# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check which layer of the plugins imports which. The functions take source text, so that tests can break the rule."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

SDK = ("azure", "msal", "cryptography", "requests")
# Ansible depends on jinja2 and yaml, and jinja2 on markupsafe.
ANSIBLE = ("ansible", "jinja2", "markupsafe", "yaml")
# Modules that reach outside the process. The model decides and must not use them.
EXTERNAL = ("http", "requests", "shutil", "socket", "ssl", "subprocess", "urllib.request")
COLLECTION = "ansible_collections"


@dataclass(frozen=True, slots=True)
class Layer:
    """The parts of the collection that a layer may import, and whether it may import Ansible and the SDK."""

    inner: tuple[str, ...]
    ansible: bool = False
    sdk: tuple[str, ...] = ()
    external: bool = True


COMMON = "module_utils/_model/common"
AZURE_MODEL = "module_utils/_model/azure"
WINDOWS_MODEL = "module_utils/_model/windows"
AZURE = "module_utils/_azure"
AZURE_SERVICES = "module_utils/_services/azure"
WINDOWS = "plugin_utils/_windows"
WINDOWS_SERVICES = "plugin_utils/_services/windows"
BUNDLE_SERVICES = "plugin_utils/_services/bundle"
LOCAL_FRONT = "plugin_utils/_local_action.py"
AZURE_FRONT = "module_utils/_module.py"
WINDOWS_FRONT = "plugin_utils/_action.py"
NO_LOG_FRONT = "plugin_utils/_no_log_guard.py"
REMOTE_TASK = "plugin_utils/_remote_task.py"
VARIABLES = "plugin_utils/_variables"
PROGRESS = "plugin_utils/_progress.py"
PROGRESS_FRONT = "plugin_utils/_progress_action.py"
REPORT = "plugin_utils/_report"
CONTROLLER = "plugin_utils/_controller"

# The first entry that a path is in is its layer. A wing imports of the model only itself and `common`, so nothing on
# the Windows side can call Azure.
LAYERS = {
    COMMON: Layer((COMMON,), sdk=("cryptography",), external=False),
    AZURE_MODEL: Layer((COMMON, AZURE_MODEL), sdk=("cryptography",), external=False),
    WINDOWS_MODEL: Layer((COMMON, WINDOWS_MODEL), external=False),
    AZURE: Layer((COMMON, AZURE_MODEL, AZURE), ansible=True, sdk=SDK),
    AZURE_SERVICES: Layer((COMMON, AZURE_MODEL, AZURE, AZURE_SERVICES), sdk=SDK),
    AZURE_FRONT: Layer((COMMON, AZURE_MODEL, AZURE, AZURE_SERVICES), ansible=True),
    PROGRESS: Layer((COMMON,)),
    PROGRESS_FRONT: Layer((COMMON, PROGRESS), ansible=True),
    WINDOWS: Layer((COMMON, WINDOWS_MODEL, PROGRESS, WINDOWS)),
    WINDOWS_SERVICES: Layer((COMMON, WINDOWS_MODEL, PROGRESS, WINDOWS, WINDOWS_SERVICES)),
    # It works on files of the controller and reads certificates in installers.
    BUNDLE_SERVICES: Layer((COMMON, WINDOWS_MODEL, BUNDLE_SERVICES), sdk=("cryptography",)),
    LOCAL_FRONT: Layer((COMMON,), ansible=True),
    WINDOWS_FRONT: Layer((COMMON, WINDOWS_MODEL, WINDOWS, WINDOWS_SERVICES), ansible=True),
    NO_LOG_FRONT: Layer((COMMON,), ansible=True),
    REMOTE_TASK: Layer((COMMON, WINDOWS_FRONT), ansible=True),
    # The variables of a login are read as the modules read them.
    VARIABLES: Layer((COMMON, AZURE_MODEL, WINDOWS_MODEL, AZURE, AZURE_FRONT, VARIABLES), ansible=True),
    REPORT: Layer((COMMON, REPORT), ansible=True),
    # The data of AWX: no machine and no Azure.
    CONTROLLER: Layer((CONTROLLER,), external=False),
    "modules": Layer((COMMON, AZURE_MODEL, AZURE_SERVICES, AZURE_FRONT), ansible=True),
    "action": Layer(
        (
            COMMON,
            AZURE_MODEL,
            WINDOWS_MODEL,
            WINDOWS,
            WINDOWS_SERVICES,
            WINDOWS_FRONT,
            BUNDLE_SERVICES,
            LOCAL_FRONT,
            NO_LOG_FRONT,
            VARIABLES,
            PROGRESS,
            PROGRESS_FRONT,
            REPORT,
        ),
        ansible=True,
    ),
    "inventory": Layer((COMMON, WINDOWS_MODEL, REMOTE_TASK), ansible=True),
    "filter": Layer((COMMON, AZURE_MODEL, WINDOWS_MODEL, VARIABLES, CONTROLLER), ansible=True),
    "doc_fragments": Layer(()),
}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module with its resolved name. A deferred import runs only when its function runs."""

    name: str
    relative: bool
    deferred: bool
    line: int


def imports(path: str, source: str) -> Iterator[Import]:
    """Yield every import of a file below plugins/. `path` is relative to plugins/."""
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
    # The first level of a relative import is the folder of the file.
    folders = PurePosixPath("plugins", path).parts[: -node.level]
    base = [*folders, *(node.module or "").split(".")] if node.module else [*folders]
    names = [base] if node.module else [[*base, alias.name] for alias in node.names]
    for parts in names:
        yield Import("/".join(parts[1:]), True, deferred, node.lineno)


def _only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def layer_of(path: str) -> Layer | None:
    return next((layer for part, layer in LAYERS.items() if _is_in(path, part)), None)


def _is_in(path: str, part: str) -> bool:
    return f"{path.removesuffix('.py')}/".startswith(f"{part.removesuffix('.py')}/")


def _is(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def violations(path: str, source: str) -> list[str]:
    """Report the wrong imports of one file below plugins/, one line each."""
    layer = layer_of(path)
    if layer is None:
        return [f"{path}: belongs to no layer"]
    return [f"{path}:{item.line}: {wrong}" for item in imports(path, source) if (wrong := _wrong(item, layer))]


def _wrong(item: Import, layer: Layer) -> str | None:
    name = item.name
    if item.relative:
        inward = any(_is_in(name, part) for part in layer.inner)
        return None if inward else f"imports {name}, which belongs to an outer layer"
    if _is(name, (COLLECTION,)):
        return f"imports {name} absolutely; inside the collection imports are relative"
    if _is(name, ANSIBLE):
        return None if layer.ansible else f"imports {name}; this layer must not import Ansible"
    if _is(name, SDK) and not _is(name, layer.sdk):
        return f"imports {name}; this layer must not import the SDK"
    if _is(name, SDK):
        return None if item.deferred else f"imports {name} when it is loaded; import the SDK inside functions"
    if not layer.external and _is(name, EXTERNAL):
        return f"imports {name}; the model must not reach outside the process"
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return f"imports {name}, which is not part of the collection, of Python or of a declared dependency"
    return None


def cycles(sources: Mapping[str, str], *, root: str) -> list[list[str]]:
    """Return every group of files that import each other, directly or through others, sorted.

    `sources` maps paths relative to `root` to source text. Relative imports count everywhere: at the top of a file,
    inside a function, or for types only.
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
    """Find strongly connected components with Tarjan's algorithm."""
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
