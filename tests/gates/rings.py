# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule of the rings: who may import whom. Pure functions over source text, so that the rule can be tested."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

SDK = ("azure", "msal", "cryptography", "requests")
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


MODEL = "module_utils/_model"
AZURE = "module_utils/_azure"
AZURE_NOUNS = "module_utils/_services"
WINDOWS = "plugin_utils/_windows"
WINDOWS_NOUNS = "plugin_utils/_services"
AZURE_FRONT = "module_utils/_module.py"
WINDOWS_FRONT = "plugin_utils/_action.py"
REVEALING_FRONT = "plugin_utils/_revealing.py"

# The first entry that a path lies in is its ring. Windows nouns never call Azure: no entry of theirs lists it.
RINGS = {
    MODEL: Ring((MODEL,), sdk=("cryptography",), touches=False),
    AZURE: Ring((MODEL, AZURE), ansible=True, sdk=SDK),
    AZURE_NOUNS: Ring((MODEL, AZURE, AZURE_NOUNS), sdk=SDK),
    AZURE_FRONT: Ring((MODEL, AZURE, AZURE_NOUNS), ansible=True),
    WINDOWS: Ring((MODEL, WINDOWS)),
    WINDOWS_NOUNS: Ring((MODEL, WINDOWS, WINDOWS_NOUNS)),
    WINDOWS_FRONT: Ring((MODEL, WINDOWS, WINDOWS_NOUNS), ansible=True),
    REVEALING_FRONT: Ring((MODEL,), ansible=True),
    "modules": Ring((MODEL, AZURE_NOUNS, AZURE_FRONT), ansible=True),
    "action": Ring((MODEL, WINDOWS, WINDOWS_NOUNS, WINDOWS_FRONT, REVEALING_FRONT), ansible=True),
    "filter": Ring((MODEL,), ansible=True),
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
    if _is(name, ("ansible",)):
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
