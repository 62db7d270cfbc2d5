# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The index of Resource Manager: which api-versions, resource types and namespaces exist beyond what the lab simulates.

`make index` reads it from the wheels of all SDKs that the collection permits, and of the Azure CLI.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

# The namespaces whose types the index lists completely; of others it has what some SDKs use.
_COMPLETE = {"microsoft.network", "microsoft.recoveryservices", "microsoft.storage"}
_FILE = Path(__file__).with_name("index.json")


@cache
def _index() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


def versions(family: str, *published: str) -> tuple[str, ...]:
    """Return the api-versions that released clients send, and those that are published or recorded besides."""
    return tuple(sorted({*_index()["versions"].get(family, ()), *published}))


@cache
def _types() -> dict[str, dict[str, frozenset[str]]]:
    return {
        namespace.casefold(): {kind.casefold(): frozenset(methods.split()) for kind, methods in found.items()}
        for namespace, found in _index()["types"].items()
    }


@cache
def _namespaces() -> frozenset[str]:
    return frozenset(name.casefold() for name in _index()["namespaces"].split())


def is_namespace(name: str) -> bool:
    """Tell whether a resource provider has this name."""
    return name.casefold() in _namespaces()


def methods(namespace: str, kind: str) -> frozenset[str] | None:
    """Return the methods of a resource type or action; None if there is no such type, and empty if that is unknown."""
    name = namespace.casefold()
    return _types().get(name, {}).get(kind.casefold(), None if name in _COMPLETE else frozenset())
